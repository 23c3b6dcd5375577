//! A CSI driver behind its sidecar: what it makes, refuses and deletes.

use bindery::{
    ClaimPhase, Cluster, Controller, Controllers, CsiProvisioner, Expansion, Kind, LabelSelector, ReclaimPolicy,
    VolumeMode, VolumePhase, VolumeSource, to_yaml,
};

use crate::build::{
    Outcome, changes, claim, claim_of, class, cluster_with, delayed, events, journal, node, retained, select, volume_of,
};

const FINALIZER: &str = "external-provisioner.volume.kubernetes.io/finalizer";

fn cluster() -> Cluster {
    cluster_with(CsiProvisioner::new("csi.example.com"))
}

/// NEIGH-6: what a provisioned volume looks like, and what is said.
#[test]
fn a_volume_is_made_and_bound() -> Outcome {
    let mut cluster = cluster();
    cluster.create(claim("data"))?;
    cluster.settle()?;
    let claim = cluster.claim("data").ok_or("no claim")?.clone();
    assert_eq!(claim.status.phase, ClaimPhase::Bound);
    let name = format!("pvc-{}", claim.metadata.uid);
    let volume = cluster.volume(&name).ok_or("no volume")?;
    assert_eq!(volume.status.phase, VolumePhase::Bound);
    assert_eq!(volume.capacity().to_string(), "5Gi");
    assert_eq!(volume.class_name(), "fast");
    let annotations: Vec<_> = volume.metadata.annotations.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(
        annotations,
        [
            "pv.kubernetes.io/provisioned-by=csi.example.com",
            "volume.kubernetes.io/provisioner-deletion-secret-name=",
            "volume.kubernetes.io/provisioner-deletion-secret-namespace=",
        ]
    );
    assert_eq!(volume.metadata.finalizers.to_vec(), [FINALIZER, "kubernetes.io/pv-protection"]);
    let reference = volume.spec.claim_ref.as_ref().ok_or("no reference")?;
    assert_eq!((&reference.uid, reference.name.as_str()), (&claim.metadata.uid, "data"));
    assert_eq!(volume.spec.node_affinity, None);
    let said = format!("csi.example.com Normal Successfully provisioned volume {name}");
    assert_eq!(events(&cluster, "ProvisioningSucceeded"), [said]);
    let said = "csi.example.com Normal External provisioner is provisioning volume for claim \"default/data\"";
    assert_eq!(events(&cluster, "Provisioning"), [said]);
    Ok(())
}

/// NEIGH-7: asset, object, finalizer.
#[test]
fn a_released_volume_is_deleted_with_its_files() -> Outcome {
    let mut cluster = cluster();
    cluster.create(claim("data"))?;
    cluster.settle()?;
    let volume = volume_of(&cluster, "data");
    cluster.write_file(&*volume, "x", "1")?;
    let before = cluster.journal().len();
    cluster.delete(&Kind::PersistentVolumeClaim.named("data"))?;
    cluster.settle()?;
    assert!(cluster.volume(&volume).is_none());
    assert_eq!(changes(&cluster)[1..], [format!("csi csi.example.com {volume}: destroyed")]);
    let own: Vec<String> = cluster
        .journal()
        .since(before)
        .filter_map(|entry| entry.write())
        .filter(|write| write.actor.as_str() == "csi.example.com")
        .map(|write| format!("{} {}", write.verb.as_str(), write.rule))
        .collect();
    assert_eq!(own, ["delete NEIGH-7", "update NEIGH-7"]);
    Ok(())
}

#[test]
fn a_volume_with_policy_retain_stays_with_its_files() -> Outcome {
    let mut cluster = cluster();
    cluster.create(retained(class("kept", "csi.example.com", &[])))?;
    cluster.create(claim_of("data", "kept"))?;
    cluster.settle()?;
    let volume = volume_of(&cluster, "data");
    cluster.write_file(&*volume, "x", "1")?;
    cluster.delete(&Kind::PersistentVolumeClaim.named("data"))?;
    cluster.settle()?;
    let left = cluster.volume(&volume).ok_or("no volume")?;
    assert_eq!(left.status.phase, VolumePhase::Released);
    assert_eq!(left.metadata.finalizers.to_vec(), ["kubernetes.io/pv-protection"]);
    assert_eq!(cluster.files(&*volume).ok_or("no files")?.list().len(), 1);
    // The policy is read each time.
    let patch = serde_json::from_str(r#"{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}"#)?;
    cluster.patch(&Kind::PersistentVolume.named(&*volume), &patch)?;
    cluster.settle()?;
    assert!(cluster.volume(&volume).is_none());
    assert!(cluster.contents().list(&bindery::Location::csi("csi.example.com", &*volume)).is_empty());
    Ok(())
}

#[test]
fn the_finalizer_follows_the_policy() -> Outcome {
    let mut cluster = cluster();
    cluster.create(claim("data"))?;
    cluster.settle()?;
    let volume = volume_of(&cluster, "data");
    for (policy, held) in [(ReclaimPolicy::Retain, false), (ReclaimPolicy::Delete, true)] {
        let patch = format!(r#"{{"spec":{{"persistentVolumeReclaimPolicy":"{policy}"}}}}"#);
        cluster.patch(&Kind::PersistentVolume.named(&*volume), &serde_json::from_str(&patch)?)?;
        cluster.settle()?;
        let volume = cluster.volume(&volume).ok_or("no volume")?;
        assert_eq!(volume.metadata.has_finalizer(FINALIZER), held, "{policy}");
    }
    Ok(())
}

#[test]
fn claims_of_others_are_left_alone() -> Outcome {
    let mut cluster = cluster();
    cluster.set_driver(Box::new(CsiProvisioner::new("other.example.com")));
    cluster.create(class("other", "other.example.com", &[]))?;
    cluster.create(class("nobody", "nobody.example.com", &[]))?;
    cluster.create(class("local", "kubernetes.io/no-provisioner", &[]))?;
    for name in ["fast", "other", "nobody", "local"] {
        cluster.create(claim_of(name, name))?;
    }
    cluster.settle()?;
    let mut makers: Vec<String> = events(&cluster, "ProvisioningSucceeded");
    for said in &mut makers {
        said.truncate(17);
    }
    assert_eq!(makers, ["csi.example.com N", "other.example.com"]);
    assert_eq!(volume_of(&cluster, "nobody"), "");
    assert_eq!(volume_of(&cluster, "local"), "");
    Ok(())
}

#[test]
fn a_claim_with_a_selector_is_refused() -> Outcome {
    let mut cluster = cluster();
    let mut claim = claim("data");
    let selector: LabelSelector = serde_json::from_str(r#"{"matchLabels":{"a":"b"}}"#)?;
    claim.spec.selector = Some(selector.into());
    cluster.create(claim)?;
    cluster.settle()?;
    assert_eq!(events(&cluster, "ProvisioningFailed"), ["csi.example.com Warning claim Selector is not supported"]);
    Ok(())
}

#[test]
fn sizes_are_rounded_and_limited() -> Outcome {
    let mut driver = CsiProvisioner::new("csi.example.com");
    driver.round_to = Some("4Gi".parse()?);
    driver.limit = Some("10Gi".parse()?);
    driver.pool = Some("12Gi".parse()?);
    let mut cluster = cluster_with(driver);
    cluster.create(claim("data"))?;
    cluster.settle()?;
    let volume = cluster.volume(&volume_of(&cluster, "data")).ok_or("no volume")?;
    assert_eq!(volume.capacity().to_string(), "8Gi");
    cluster.create(claim("more"))?;
    cluster.settle()?;
    let said = "csi.example.com Warning rpc error: code = ResourceExhausted desc = requested capacity 8Gi exceeds the free 4Gi";
    assert_eq!(events(&cluster, "ProvisioningFailed"), [said]);
    // What is deleted is free again.
    cluster.delete(&Kind::PersistentVolumeClaim.named("data"))?;
    cluster.advance(std::time::Duration::from_secs(1))?;
    assert_eq!(cluster.claim("more").ok_or("no claim")?.status.phase, ClaimPhase::Bound);
    Ok(())
}

#[test]
fn block_devices_have_no_file_system() -> Outcome {
    let mut cluster = cluster();
    cluster.create(class("typed", "csi.example.com", &[("csi.storage.k8s.io/fstype", "xfs")]))?;
    let mut block = claim_of("block", "typed");
    block.spec.volume_mode = VolumeMode::Block;
    cluster.create(block)?;
    cluster.create(claim_of("files", "typed"))?;
    cluster.settle()?;
    for (name, expected) in [("block", ""), ("files", "xfs")] {
        let volume = cluster.volume(&volume_of(&cluster, name)).ok_or("no volume")?;
        let Some(VolumeSource::Csi(source)) = volume.spec.sources.first() else {
            return Err("no CSI volume".into());
        };
        assert_eq!(source.fs_type, expected, "{}", to_yaml(volume));
    }
    Ok(())
}

#[test]
fn a_class_of_delayed_binding_waits_for_a_node() -> Outcome {
    let mut cluster = cluster();
    cluster.create(node("node-1", &[]))?;
    cluster.create(delayed("late", "csi.example.com"))?;
    cluster.create(claim_of("data", "late"))?;
    cluster.settle()?;
    assert!(events(&cluster, "Provisioning").is_empty());
    select(&mut cluster, "data", "node-1");
    cluster.settle()?;
    assert_eq!(cluster.claim("data").ok_or("no claim")?.status.phase, ClaimPhase::Bound);
    Ok(())
}

#[test]
fn unknown_reserved_parameters_are_refused() -> Outcome {
    let mut cluster = cluster();
    cluster.create(class("odd", "csi.example.com", &[("csi.storage.k8s.io/colour", "red")]))?;
    cluster.create(claim_of("data", "odd"))?;
    cluster.settle()?;
    let said = "csi.example.com Warning failed to strip CSI Parameters of prefixed keys: found unknown parameter key \
                \"csi.storage.k8s.io/colour\" with reserved namespace csi.storage.k8s.io/";
    assert_eq!(events(&cluster, "ProvisioningFailed"), [said]);
    Ok(())
}

/// RESIZE-9
#[test]
fn a_driver_says_what_becomes_of_growth() -> Outcome {
    let mut driver = CsiProvisioner::new("csi.example.com");
    driver.expand = bindery::ExpansionMode::Instant;
    driver.limit = Some("10Gi".parse()?);
    let mut cluster = cluster_with(driver);
    cluster.create(claim("data"))?;
    cluster.settle()?;
    let volume = volume_of(&cluster, "data");
    assert_eq!(cluster.request_expansion(&volume, &"8Gi".parse()?), Expansion::Instant);
    let Expansion::Failed(failure) = cluster.request_expansion(&volume, &"11Gi".parse()?) else {
        return Err("it grew".into());
    };
    assert_eq!(failure.message, "rpc error: code = OutOfRange desc = requested capacity 11Gi is larger than 10Gi");
    assert_eq!(cluster.request_expansion("other", &"1Gi".parse()?), Expansion::External);
    Ok(())
}

#[test]
fn two_runs_and_a_replay_agree() -> Outcome {
    let run = || -> Result<Cluster, Box<dyn std::error::Error>> {
        let mut cluster = cluster();
        cluster.create(claim("data"))?;
        cluster.settle()?;
        cluster.write_file(&*volume_of(&cluster, "data"), "x", "1")?;
        cluster.create(claim("more"))?;
        cluster.settle()?;
        Ok(cluster)
    };
    let (first, second) = (run()?, run()?);
    assert_eq!(journal(&first), journal(&second));
    let mut driver = bindery::Config::default();
    driver.drivers.push(Box::new(CsiProvisioner::new("csi.example.com")));
    let mut third = Cluster::new(driver);
    third.replay(first.journal())?;
    assert_eq!(journal(&first), journal(&third));
    third.settle()?;
    assert_eq!(journal(&first), journal(&third));
    assert_eq!(third.files(&*volume_of(&third, "data")).ok_or("no files")?.read("x").ok_or("no file")?, "1");
    Ok(())
}

#[test]
fn a_volume_that_is_still_attached_is_not_deleted() -> Outcome {
    let mut config = bindery::Config::default();
    config.controllers = Controllers::ALL.without(Controller::Attachments).without(Controller::Nodes);
    config.drivers.push(Box::new(CsiProvisioner::new("csi.example.com")));
    let mut cluster = Cluster::new(config);
    cluster.create(class("fast", "csi.example.com", &[]))?;
    cluster.create(claim("data"))?;
    cluster.settle()?;
    let volume = volume_of(&cluster, "data");
    cluster.restore_yaml(&format!(
        "{{apiVersion: v1, kind: Node, metadata: {{name: node-1}}, status: {{volumesAttached: [{{name: \
         kubernetes.io/csi/csi.example.com^{volume}, devicePath: ''}}]}}}}"
    ))?;
    cluster.delete(&Kind::PersistentVolumeClaim.named("data"))?;
    cluster.settle()?;
    let said = format!("csi.example.com Warning persistentvolume {volume} is still attached to node node-1");
    assert_eq!(events(&cluster, "VolumeFailedDelete"), [said]);
    cluster.remove(&Kind::Node.named("node-1"))?;
    cluster.advance(std::time::Duration::from_secs(1))?;
    assert!(cluster.volume(&volume).is_none());
    Ok(())
}
