//! The NFS subdirectory provisioner: directories, what becomes of them, and the failure of old releases.

use std::time::Duration;

use bindery::{
    Calls, ClaimPhase, Cluster, Kind, Location, NfsSubdirProvisioner, Release, StatusCode, StorageClass, VolumePhase,
};

use crate::build::{
    Outcome, changes, claim, claim_of, class, cluster_with, events, journal, logs, retained, volume_of,
};

fn provisioner() -> NfsSubdirProvisioner {
    NfsSubdirProvisioner::new("gxf-nfs-storage", "10.24.0.1", "/home/nfs/1")
}

fn export(path: &str) -> Location {
    Location::nfs("10.24.0.1", "/home/nfs/1").join(path)
}

/// A cluster in which a claim of a class with these parameters was written to and deleted; and the volume's name.
fn deleted(
    driver: NfsSubdirProvisioner,
    parameters: &[(&str, &str)],
) -> Result<(Cluster, String), Box<dyn std::error::Error>> {
    let mut cluster = cluster_with(driver);
    cluster.create(class("managed", "gxf-nfs-storage", parameters))?;
    cluster.create(claim_of("data", "managed"))?;
    cluster.settle()?;
    let volume = volume_of(&cluster, "data");
    cluster.write_file(&*volume, "SUCCESS5", "")?;
    cluster.delete(&Kind::PersistentVolumeClaim.named("data"))?;
    cluster.settle()?;
    Ok((cluster, volume))
}

#[test]
fn a_directory_is_made_for_each_claim() -> Outcome {
    let mut cluster = cluster_with(provisioner());
    cluster.create(claim("test-claim"))?;
    cluster.settle()?;
    let name = volume_of(&cluster, "test-claim");
    let volume = cluster.volume(&name).ok_or("no volume")?;
    assert_eq!(cluster.location(&name), Some(export(&format!("default-test-claim-{name}"))));
    assert_eq!(volume.metadata.finalizers.to_vec(), ["kubernetes.io/pv-protection"]);
    assert_eq!(volume.metadata.annotations.get("pv.kubernetes.io/provisioned-by").ok_or("no mark")?, "gxf-nfs-storage");
    // The volume is no larger than its claim, whatever the export holds.
    assert_eq!(volume.capacity().to_string(), "5Gi");
    Ok(())
}

#[test]
fn what_becomes_of_a_directory() -> Outcome {
    let cases: [(&[(&str, &str)], &str); 7] = [
        (&[], "archived"),
        (&[("archiveOnDelete", "true")], "archived"),
        (&[("archiveOnDelete", "false")], "destroyed"),
        (&[("onDelete", "delete")], "destroyed"),
        (&[("onDelete", "retain"), ("archiveOnDelete", "false")], "kept"),
        (&[("onDelete", "burn"), ("archiveOnDelete", "0")], "destroyed"),
        (&[("onDelete", "burn"), ("archiveOnDelete", "1")], "archived"),
    ];
    for (parameters, expected) in cases {
        let (cluster, volume) = deleted(provisioner(), parameters)?;
        assert!(cluster.volume(&volume).is_none());
        let directory = format!("default-data-{volume}");
        let left = cluster.contents().list(&Location::nfs("10.24.0.1", "/home/nfs/1"));
        let left: Vec<&str> = left.iter().map(|(path, _)| path.as_str()).collect();
        match expected {
            "archived" => {
                assert_eq!(left, [format!("archived-{directory}/SUCCESS5")]);
                let to = export(&format!("archived-{directory}"));
                assert_eq!(changes(&cluster)[1..], [format!("{}: archived to {to}", export(&directory))]);
            }
            "kept" => assert_eq!(left, [format!("{directory}/SUCCESS5")]),
            _ => assert!(left.is_empty(), "{parameters:?}: {left:?}"),
        }
    }
    Ok(())
}

#[test]
fn a_class_with_policy_retain_keeps_volume_and_directory() -> Outcome {
    let mut cluster = cluster_with(provisioner());
    cluster.create(retained(class("kept", "gxf-nfs-storage", &[("archiveOnDelete", "true")])))?;
    cluster.create(claim_of("data", "kept"))?;
    cluster.settle()?;
    let volume = volume_of(&cluster, "data");
    cluster.write_file(&*volume, "x", "1")?;
    cluster.delete(&Kind::PersistentVolumeClaim.named("data"))?;
    cluster.settle()?;
    assert_eq!(cluster.volume(&volume).ok_or("no volume")?.status.phase, VolumePhase::Released);
    assert_eq!(cluster.files(&*volume).ok_or("no files")?.list().len(), 1);
    Ok(())
}

#[test]
fn a_path_pattern_names_directories() -> Outcome {
    let mut cluster = cluster_with(provisioner());
    let pattern = "${.PVC.namespace}/${.PVC.annotations.nfs.io/storage-path}${.PVC.labels.app}-${.PVC.name}${.PVC.x}";
    cluster.create(class("managed", "gxf-nfs-storage", &[("pathPattern", pattern)]))?;
    let mut claim = claim_of("data", "managed");
    claim.metadata.annotations = claim.metadata.annotations.with("nfs.io/storage-path", "fast/");
    claim.metadata.labels = claim.metadata.labels.with("app", "web");
    cluster.create(claim)?;
    cluster.settle()?;
    assert_eq!(cluster.location(&volume_of(&cluster, "data")), Some(export("default/fast/web-data")));
    Ok(())
}

#[test]
fn an_archive_that_is_in_the_way_stops_the_deletion() -> Outcome {
    let pattern = [("pathPattern", "${.PVC.namespace}/${.PVC.name}")];
    let (mut cluster, _) = deleted(provisioner(), &pattern)?;
    assert!(!cluster.contents().is_empty(&export("archived-data")));
    cluster.create(claim_of("data", "managed"))?;
    cluster.settle()?;
    let volume = volume_of(&cluster, "data");
    cluster.write_file(&*volume, "x", "2")?;
    cluster.delete(&Kind::PersistentVolumeClaim.named("data"))?;
    cluster.settle()?;
    let said =
        "gxf-nfs-storage Warning rename /persistentvolumes/default/data /persistentvolumes/archived-data: file exists";
    assert_eq!(events(&cluster, "VolumeFailedDelete"), [said]);
    assert_eq!(cluster.volume(&volume).ok_or("no volume")?.status.phase, VolumePhase::Released);
    // Somebody clears the way.
    cluster.remove_file(&export("archived-data"), "")?;
    cluster.advance(Duration::from_secs(15))?;
    assert!(cluster.volume(&volume).is_none());
    assert_eq!(cluster.contents().list(&export("archived-data")), [("x".into(), &"2".into())]);
    Ok(())
}

#[test]
fn deletion_needs_the_class() -> Outcome {
    let mut cluster = cluster_with(provisioner());
    cluster.create(claim("data"))?;
    cluster.settle()?;
    cluster.delete(&Kind::StorageClass.named("fast"))?;
    cluster.delete(&Kind::PersistentVolumeClaim.named("data"))?;
    cluster.settle()?;
    let said = "gxf-nfs-storage Warning storageclasses.storage.k8s.io \"fast\" not found";
    assert_eq!(events(&cluster, "VolumeFailedDelete"), [said]);
    Ok(())
}

#[test]
fn a_truth_value_is_read_as_go_reads_it() -> Outcome {
    let (cluster, _) = deleted(provisioner(), &[("archiveOnDelete", "no")])?;
    let said = "gxf-nfs-storage Warning strconv.ParseBool: parsing \"no\": invalid syntax";
    assert_eq!(events(&cluster, "VolumeFailedDelete"), [said]);
    Ok(())
}

#[test]
fn blocks_and_selectors_are_refused() -> Outcome {
    let mut cluster = cluster_with(provisioner());
    let mut block = claim("block");
    block.spec.volume_mode = bindery::VolumeMode::Block;
    cluster.create(block)?;
    let mut choosy = claim("choosy");
    choosy.spec.selector = Some(serde_json::from_str::<bindery::LabelSelector>(r#"{"matchLabels":{"a":"b"}}"#)?.into());
    cluster.create(choosy)?;
    cluster.settle()?;
    let said = [
        "gxf-nfs-storage Warning gxf-nfs-storage does not support block volume provisioning",
        "gxf-nfs-storage Warning failed to provision volume with StorageClass \"fast\": claim Selector is not supported",
    ];
    assert_eq!(events(&cluster, "ProvisioningFailed"), said);
    Ok(())
}

/// The failure of the article. The library of that time writes it into its log and leaves the claim alone; there is
/// no event, because an event refers to its object in the same way.
#[test]
fn an_old_release_fails_for_want_of_self_links() -> Outcome {
    let mut cluster = cluster_with(provisioner().release(Release::new(3, 1, 0)));
    cluster.create(claim("test-claim"))?;
    cluster.settle()?;
    let line = "provision \"default/test-claim\" class \"fast\": unexpected error getting claim reference: selfLink was \
                empty, can't make reference";
    assert_eq!(logs(&cluster), [line]);
    assert_eq!(cluster.claim("test-claim").ok_or("no claim")?.status.phase, ClaimPhase::Pending);
    assert!(events(&cluster, "ProvisioningFailed").is_empty());
    assert!(events(&cluster, "Provisioning").is_empty());
    assert_eq!(events(&cluster, "ExternalProvisioning").len(), 1);
    // It is looked at again every 15 minutes, to no avail.
    cluster.advance(Duration::from_hours(1))?;
    assert_eq!(logs(&cluster).len(), 5);
    // The cure.
    cluster.set_remove_self_link(false);
    cluster.settle()?;
    assert_eq!(cluster.claim("test-claim").ok_or("no claim")?.status.phase, ClaimPhase::Bound);
    Ok(())
}

#[test]
fn the_failure_is_one_of_old_releases_and_new_clusters_only() -> Outcome {
    for (release, remove_self_link) in [(Release::new(3, 1, 0), false), (Release::new(4, 0, 0), true)] {
        let mut config = bindery::Config::default();
        config.remove_self_link = remove_self_link;
        config.drivers.push(Box::new(provisioner().release(release)));
        let mut cluster = Cluster::new(config);
        cluster.create(StorageClass::new("fast", "gxf-nfs-storage"))?;
        cluster.create(claim("test-claim"))?;
        cluster.settle()?;
        assert_eq!(cluster.claim("test-claim").ok_or("no claim")?.status.phase, ClaimPhase::Bound);
        assert!(logs(&cluster).is_empty());
    }
    Ok(())
}

#[test]
fn an_old_release_knows_neither_patterns_nor_on_delete() -> Outcome {
    let mut cluster = cluster_with(provisioner().release(Release::new(3, 1, 0)));
    cluster.set_remove_self_link(false);
    cluster.create(class("managed", "gxf-nfs-storage", &[("pathPattern", "x"), ("onDelete", "delete")]))?;
    cluster.create(claim_of("data", "managed"))?;
    cluster.settle()?;
    let volume = volume_of(&cluster, "data");
    assert_eq!(cluster.location(&volume), Some(export(&format!("default-data-{volume}"))));
    cluster.write_file(&*volume, "x", "1")?;
    cluster.delete(&Kind::PersistentVolumeClaim.named("data"))?;
    cluster.settle()?;
    assert!(!cluster.contents().is_empty(&export(&format!("archived-default-data-{volume}"))));
    Ok(())
}

#[test]
fn archives_survive_a_replay() -> Outcome {
    let (first, volume) = deleted(provisioner(), &[])?;
    let mut config = bindery::Config::default();
    let mut driver = provisioner();
    driver.delete = Calls::failing(StatusCode::Internal, "never asked", None);
    config.drivers.push(Box::new(driver));
    let mut second = Cluster::new(config);
    second.replay(first.journal())?;
    second.settle()?;
    assert_eq!(journal(&first), journal(&second));
    let archive = export(&format!("archived-default-data-{volume}"));
    assert_eq!(second.contents().list(&archive), first.contents().list(&archive));
    assert!(!second.contents().is_empty(&archive));
    Ok(())
}
