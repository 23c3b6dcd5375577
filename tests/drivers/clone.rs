//! Claims with a data source.

use bindery::parts::TypedLocalObjectReference;
use bindery::{ClaimPhase, Cluster, CsiProvisioner, PersistentVolumeClaim};

use crate::build::{Outcome, claim, cluster_with, events, volume_of};

fn filled_from(mut claim: PersistentVolumeClaim, group: Option<&str>, kind: &str, name: &str) -> PersistentVolumeClaim {
    let source = TypedLocalObjectReference {
        api_group: group.map(Into::into),
        kind: kind.into(),
        name: name.into(),
        ..TypedLocalObjectReference::default()
    };
    claim.spec.data_source = Some(source.into());
    claim
}

fn cluster(clones: bool) -> Cluster {
    let mut driver = CsiProvisioner::new("csi.example.com");
    driver.clones = clones;
    cluster_with(driver)
}

#[test]
fn a_copy_has_the_files_of_its_source_at_that_time() -> Outcome {
    let mut cluster = cluster(true);
    cluster.create(claim("data"))?;
    cluster.settle()?;
    cluster.write_file(&*volume_of(&cluster, "data"), "x", "1")?;
    cluster.create(filled_from(claim("copy"), None, "PersistentVolumeClaim", "data"))?;
    cluster.settle()?;
    assert_eq!(cluster.claim("copy").ok_or("no claim")?.status.phase, ClaimPhase::Bound);
    cluster.write_file(&*volume_of(&cluster, "data"), "x", "2")?;
    let copy = cluster.files(&*volume_of(&cluster, "copy")).ok_or("no files")?;
    assert_eq!(copy.list(), [("x".into(), &"1".into())]);
    Ok(())
}

#[test]
fn what_cannot_be_copied_is_refused() -> Outcome {
    let cases = [
        (None, "PersistentVolumeClaim", "CSI driver does not support clone operations: controller CLONE_VOLUME"),
        (
            Some("snapshot.storage.k8s.io"),
            "VolumeSnapshot",
            "CSI driver does not support snapshot restore: controller CREATE_DELETE_SNAPSHOT",
        ),
    ];
    for (group, kind, said) in cases {
        let mut cluster = cluster(false);
        cluster.create(filled_from(claim("copy"), group, kind, "data"))?;
        cluster.settle()?;
        let said = format!("csi.example.com Warning {said} capability is not reported");
        assert_eq!(events(&cluster, "ProvisioningFailed"), [said]);
    }
    Ok(())
}

#[test]
fn a_source_that_does_not_exist_is_waited_for() -> Outcome {
    let mut cluster = cluster(true);
    cluster.create(filled_from(claim("copy"), None, "PersistentVolumeClaim", "data"))?;
    cluster.settle()?;
    let said = "csi.example.com Warning error getting handle for DataSource Type PersistentVolumeClaim by Name data: error \
                getting PVC data (namespace \"default\") from api server: persistentvolumeclaim \"data\" not found";
    assert_eq!(events(&cluster, "ProvisioningFailed"), [said]);
    cluster.create(claim("data"))?;
    cluster.advance(std::time::Duration::from_secs(1))?;
    assert_eq!(cluster.claim("copy").ok_or("no claim")?.status.phase, ClaimPhase::Bound);
    Ok(())
}

#[test]
fn other_sources_are_left_to_a_populator() -> Outcome {
    let mut cluster = cluster(true);
    let mut claim = claim("copy");
    claim.spec.data_source_ref = Some(
        serde_json::from_str::<bindery::parts::TypedObjectReference>(
            r#"{"apiGroup":"example.com","kind":"Backup","name":"monday"}"#,
        )?
        .into(),
    );
    cluster.create(claim)?;
    cluster.settle()?;
    assert!(events(&cluster, "ProvisioningFailed").is_empty());
    let said = "csi.example.com Normal Assuming an external populator will provision the volume";
    assert!(events(&cluster, "Provisioning").contains(&said.to_owned()));
    assert_eq!(volume_of(&cluster, "copy"), "");
    Ok(())
}
