//! Drivers that fail, wait and hang: what is said, and when they are asked again.

use std::time::Duration;

use bindery::{Calls, ClaimPhase, CsiProvisioner, Fault, Kind, NfsSubdirProvisioner, StatusCode, Verb};

use crate::build::{
    Outcome, changes, claim, claim_of, cluster_with, delayed, events, node, seconds, select, times, volume_of,
};

fn failing(code: StatusCode, times: Option<u32>) -> CsiProvisioner {
    CsiProvisioner::new("csi.example.com").provisions(Calls::failing(code, "no space", times))
}

fn minutes(number: u64) -> Duration {
    Duration::from_secs(60 * number)
}

/// `--retry-interval-start` is one second and doubles up to `--retry-interval-max`, five minutes.
#[test]
fn a_sidecar_tries_again_after_one_second_doubled() -> Outcome {
    let mut cluster = cluster_with(failing(StatusCode::Internal, None));
    cluster.create(claim("data"))?;
    cluster.settle()?;
    cluster.advance(minutes(20))?;
    let said = "csi.example.com Warning rpc error: code = Internal desc = no space";
    assert_eq!(events(&cluster, "ProvisioningFailed"), [said]);
    let expected = [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811, 1111];
    assert_eq!(times(&cluster, "ProvisioningFailed"), seconds(&expected));
    Ok(())
}

#[test]
fn a_driver_that_fails_twice_succeeds_then() -> Outcome {
    let mut cluster = cluster_with(failing(StatusCode::Internal, Some(2)));
    cluster.create(claim("data"))?;
    cluster.settle()?;
    cluster.advance(minutes(1))?;
    assert_eq!(times(&cluster, "ProvisioningFailed"), seconds(&[0, 1]));
    assert_eq!(times(&cluster, "ProvisioningSucceeded"), seconds(&[3]));
    assert_eq!(cluster.claim("data").ok_or("no claim")?.status.phase, ClaimPhase::Bound);
    Ok(())
}

#[test]
fn nothing_elapses_while_a_cluster_settles() -> Outcome {
    let driver = CsiProvisioner::new("csi.example.com").provisions(Calls::after(Duration::from_secs(3)));
    let mut cluster = cluster_with(driver);
    cluster.create(claim("data"))?;
    cluster.settle()?;
    assert_eq!(volume_of(&cluster, "data"), "");
    cluster.advance(Duration::from_secs(2))?;
    assert_eq!(volume_of(&cluster, "data"), "");
    cluster.advance(Duration::from_secs(1))?;
    assert_eq!(cluster.claim("data").ok_or("no claim")?.status.phase, ClaimPhase::Bound);
    Ok(())
}

/// The sidecar waits ten seconds, then asks again; the driver goes on meanwhile.
#[test]
fn a_slow_driver_is_asked_again_and_again() -> Outcome {
    let driver = CsiProvisioner::new("csi.example.com").provisions(Calls::after(Duration::from_secs(25)));
    let mut cluster = cluster_with(driver);
    cluster.create(claim("data"))?;
    cluster.settle()?;
    cluster.advance(minutes(1))?;
    let said = "csi.example.com Warning rpc error: code = DeadlineExceeded desc = context deadline exceeded";
    assert_eq!(events(&cluster, "ProvisioningFailed"), [said]);
    assert_eq!(times(&cluster, "ProvisioningFailed"), seconds(&[10, 21]));
    assert_eq!(times(&cluster, "ProvisioningSucceeded"), seconds(&[25]));
    Ok(())
}

#[test]
fn a_driver_that_hangs_times_out_for_ever() -> Outcome {
    let mut cluster = cluster_with(CsiProvisioner::new("csi.example.com").provisions(Calls::hanging()));
    cluster.create(claim("data"))?;
    cluster.settle()?;
    cluster.advance(minutes(2))?;
    assert_eq!(times(&cluster, "ProvisioningFailed"), seconds(&[10, 21, 33, 47, 65, 91]));
    // Once it is replaced, it works.
    cluster.set_driver(Box::new(CsiProvisioner::new("csi.example.com")));
    cluster.settle()?;
    assert_eq!(cluster.claim("data").ok_or("no claim")?.status.phase, ClaimPhase::Bound);
    Ok(())
}

/// Storage that was on its way when its claim was deleted is made, released and deleted.
#[test]
fn a_claim_that_goes_while_storage_is_on_its_way_leaves_none_behind() -> Outcome {
    let driver = CsiProvisioner::new("csi.example.com").provisions(Calls::after(Duration::from_secs(25)));
    let mut cluster = cluster_with(driver);
    cluster.create(claim("data"))?;
    cluster.settle()?;
    cluster.advance(Duration::from_secs(15))?;
    cluster.delete(&Kind::PersistentVolumeClaim.named("data"))?;
    cluster.settle()?;
    assert!(cluster.claim("data").is_none());
    cluster.advance(minutes(1))?;
    let created = cluster.journal().iter().filter_map(|entry| entry.write());
    let created = created.filter(|write| write.rule == "NEIGH-6").count();
    assert_eq!((created, cluster.count(Kind::PersistentVolume)), (1, 0));
    Ok(())
}

/// An impossible request is tried again after five minutes at the earliest.
#[test]
fn an_infeasible_request_is_left_alone_for_a_while() -> Outcome {
    let mut cluster = cluster_with(failing(StatusCode::InvalidArgument, None));
    cluster.create(claim("data"))?;
    cluster.settle()?;
    cluster.advance(minutes(9))?;
    let said = "csi.example.com Warning Volume provisioning failed with infeasible error. Retries will be delayed. rpc \
                error: code = InvalidArgument desc = no space";
    assert_eq!(events(&cluster, "ProvisioningFailed"), [said]);
    assert_eq!(times(&cluster, "ProvisioningFailed"), seconds(&[0, 511]));
    Ok(())
}

/// SCHED-45: only a lack of room gives the node back, and only where topology matters.
#[test]
fn a_full_node_is_given_back() -> Outcome {
    for (keys, given_back) in [(vec!["zone"], true), (vec![], false)] {
        let mut cluster = cluster_with(failing(StatusCode::ResourceExhausted, Some(1)).with_topology(keys));
        cluster.create(node("node-1", &[("zone", "a")]))?;
        cluster.create(delayed("late", "csi.example.com"))?;
        cluster.create(claim_of("data", "late"))?;
        cluster.settle()?;
        select(&mut cluster, "data", "node-1");
        cluster.settle()?;
        let claim = cluster.claim("data").ok_or("no claim")?;
        let selected = claim.metadata.annotations.contains_key("volume.kubernetes.io/selected-node");
        assert_eq!(selected, !given_back);
        cluster.advance(minutes(1))?;
        assert_eq!(volume_of(&cluster, "data").is_empty(), given_back);
        select(&mut cluster, "data", "node-1");
        cluster.settle()?;
        assert_eq!(cluster.claim("data").ok_or("no claim")?.status.phase, ClaimPhase::Bound);
    }
    Ok(())
}

/// NEIGH-7: the phase stays, the event says why, and the files stay until it succeeds.
#[test]
fn a_failed_deletion_is_tried_again() -> Outcome {
    let driver = CsiProvisioner::new("csi.example.com");
    let mut cluster = cluster_with(driver.deletes(Calls::failing(StatusCode::FailedPrecondition, "busy", Some(3))));
    cluster.create(claim("data"))?;
    cluster.settle()?;
    let volume = volume_of(&cluster, "data");
    cluster.write_file(&*volume, "x", "1")?;
    cluster.delete(&Kind::PersistentVolumeClaim.named("data"))?;
    cluster.settle()?;
    assert_eq!(cluster.volume(&volume).ok_or("no volume")?.status.phase.as_str(), "Released");
    assert_eq!(changes(&cluster).len(), 1);
    cluster.advance(minutes(1))?;
    let said = "csi.example.com Warning rpc error: code = FailedPrecondition desc = busy";
    assert_eq!(events(&cluster, "VolumeFailedDelete"), [said]);
    assert_eq!(times(&cluster, "VolumeFailedDelete"), seconds(&[0, 1, 3]));
    assert!(cluster.volume(&volume).is_none());
    assert_eq!(changes(&cluster).len(), 2);
    Ok(())
}

/// A provisioner on the library's defaults waits 15 s, doubled up to 1000 s, and gives up after 15 retries until
/// everything is looked at again, every 15 minutes.
#[test]
fn a_provisioner_with_default_options_gives_up() -> Outcome {
    let mut driver = NfsSubdirProvisioner::new("nfs", "10.0.0.1", "/exports");
    driver.provision = Calls::failing(StatusCode::Internal, "disk full", None);
    let mut cluster = cluster_with(driver);
    cluster.create(claim("data"))?;
    cluster.settle()?;
    cluster.advance(Duration::from_mins(200))?;
    let said = "nfs Warning failed to provision volume with StorageClass \"fast\": disk full";
    assert_eq!(events(&cluster, "ProvisioningFailed"), [said]);
    let mut expected = vec![0, 15, 45, 105, 225, 465, 945];
    expected.extend((1..=9).map(|number| 945 + number * 1000 - 40));
    expected.extend([10_800, 11_700]);
    assert_eq!(times(&cluster, "ProvisioningFailed"), seconds(&expected));
    Ok(())
}

/// A provisioner with a driver that never answers is stuck with that claim, and with no other.
#[test]
fn a_provisioner_without_a_time_limit_waits_for_ever() -> Outcome {
    let mut driver = NfsSubdirProvisioner::new("nfs", "10.0.0.1", "/exports");
    driver.provision = Calls::hanging();
    let mut cluster = cluster_with(driver);
    cluster.create(claim("data"))?;
    cluster.settle()?;
    cluster.advance(minutes(600))?;
    assert_eq!(times(&cluster, "Provisioning"), seconds(&[0]));
    assert!(events(&cluster, "ProvisioningFailed").is_empty());
    Ok(())
}

#[test]
fn a_volume_that_cannot_be_saved_is_tried_for_ever_by_a_sidecar() -> Outcome {
    let mut cluster = cluster_with(CsiProvisioner::new("csi.example.com"));
    for _ in 0..3 {
        let message = "etcd is away".into();
        cluster.inject(Fault::ServerError { verb: Verb::Create, kind: Kind::PersistentVolume, message });
    }
    cluster.create(claim("data"))?;
    cluster.settle()?;
    cluster.advance(Duration::from_millis(15))?;
    assert_eq!(cluster.claim("data").ok_or("no claim")?.status.phase, ClaimPhase::Bound);
    assert_eq!(times(&cluster, "ProvisioningSucceeded"), [Duration::from_millis(15)]);
    Ok(())
}

#[test]
fn a_volume_that_cannot_be_saved_is_deleted_by_others() -> Outcome {
    let mut cluster = cluster_with(NfsSubdirProvisioner::new("nfs", "10.0.0.1", "/exports"));
    for _ in 0..5 {
        let message = "etcd is away".into();
        cluster.inject(Fault::ServerError { verb: Verb::Create, kind: Kind::PersistentVolume, message });
    }
    cluster.create(claim("data"))?;
    cluster.settle()?;
    cluster.advance(Duration::from_secs(40))?;
    let failed = events(&cluster, "ProvisioningFailed");
    assert_eq!(failed.len(), 1);
    assert!(failed[0].ends_with("for claim default/data: etcd is away. Deleting the volume."), "{failed:?}");
    cluster.advance(Duration::from_secs(15))?;
    assert_eq!(cluster.claim("data").ok_or("no claim")?.status.phase, ClaimPhase::Bound);
    Ok(())
}

/// PROV-2 for the provisioner: it looks for the class again, without an event of its own.
#[test]
fn a_class_that_is_gone_is_looked_for_again() -> Outcome {
    let driver = failing(StatusCode::Internal, Some(1));
    let mut cluster = cluster_with(driver);
    cluster.create(claim("data"))?;
    cluster.settle()?;
    let class = cluster.class("fast").ok_or("no class")?.clone();
    cluster.delete(&Kind::StorageClass.named("fast"))?;
    cluster.advance(Duration::from_secs(2))?;
    assert_eq!(times(&cluster, "ProvisioningFailed").len(), 2);
    assert_eq!(crate::build::logs(&cluster), ["storageClass \"fast\" not found"]);
    let mut again = bindery::StorageClass::new("fast", class.provisioner);
    again.reclaim_policy = class.reclaim_policy;
    cluster.create(again)?;
    cluster.advance(Duration::from_secs(2))?;
    assert_eq!(cluster.claim("data").ok_or("no claim")?.status.phase, ClaimPhase::Bound);
    Ok(())
}

/// A claim that changes is served at once; that does not make the provisioner try more often afterwards.
#[test]
fn a_change_of_the_claim_adds_one_try() -> Outcome {
    let mut cluster = cluster_with(failing(StatusCode::Internal, None));
    cluster.create(claim("data"))?;
    cluster.settle()?;
    cluster.advance(Duration::from_secs(10))?;
    for number in 0..2 {
        let patch = serde_json::from_str(&format!(r#"{{"metadata":{{"labels":{{"n":"{number}"}}}}}}"#))?;
        cluster.patch(&Kind::PersistentVolumeClaim.named("data"), &patch)?;
        cluster.settle()?;
    }
    cluster.advance(minutes(3))?;
    // After the tries at 10 s the pauses are those after six failures and more; the one at 15 s was due already.
    let own: Vec<Duration> = times(&cluster, "ProvisioningFailed");
    assert_eq!(own, seconds(&[0, 1, 3, 7, 10, 10, 15, 79]));
    Ok(())
}

#[test]
fn without_the_controller_no_driver_is_asked() -> Outcome {
    let mut config = bindery::Config::default();
    config.controllers = bindery::Controllers::ALL.without(bindery::Controller::ExternalProvisioning);
    config.drivers.push(Box::new(CsiProvisioner::new("csi.example.com")));
    let mut cluster = bindery::Cluster::new(config);
    cluster.create(bindery::StorageClass::new("fast", "csi.example.com"))?;
    cluster.create(claim("data"))?;
    cluster.settle()?;
    cluster.set_driver(Box::new(CsiProvisioner::new("csi.example.com")));
    cluster.settle()?;
    assert!(events(&cluster, "Provisioning").is_empty());
    assert_eq!(events(&cluster, "ExternalProvisioning").len(), 1);
    Ok(())
}
