//! Claims of classes.

use bindery::{ClaimPhase, Cluster, StorageClass, VolumePhase};

use crate::world::{
    BETA_STORAGE_PROVISIONER, BOUND_BY_CONTROLLER, ClaimState, Metadata, PROVISIONED_BY, STORAGE_PROVISIONER,
    VolumeState, claim, claim_phase, class, count, emitted, has_annotation, new_volume, pv, pvc, restored, rules,
    run_queues, sent, volume, volume_of, volume_phase,
};

/// SCEN-11: a class that never provisions, without a volume.
#[test]
fn a_class_that_never_provisions_waits_for_a_volume() {
    let mut cluster = Cluster::default();
    cluster.create(StorageClass::new("local", "kubernetes.io/no-provisioner")).unwrap();
    cluster.create(sent("data").with_class("local")).unwrap();
    cluster.settle().unwrap();
    let event = "Warning ProvisioningFailed no volume plugin matched name: kubernetes.io/no-provisioner";
    assert_eq!(emitted(&cluster, &pvc("data")).first().map(String::as_str), Some(event));
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Pending);
    cluster.create(new_volume("pv", "5Gi").with_class("local")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
}

/// SCEN-12, MATCH-15: a class that does not exist is a warning, and no obstacle for a volume of that class.
#[test]
fn a_class_that_does_not_exist_still_matches_volumes() {
    let mut cluster = Cluster::default();
    cluster.create(sent("data").with_class("gone")).unwrap();
    cluster.settle().unwrap();
    let event = "Warning ProvisioningFailed storageclass.storage.k8s.io \"gone\" not found";
    assert_eq!(emitted(&cluster, &pvc("data")).first().map(String::as_str), Some(event));
    cluster.create(new_volume("pv", "5Gi").with_class("gone")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(volume_of(&cluster, "data"), "pv");
}

/// SCEN-13, VOL-8: an external provisioner is asked, and what it makes is bound straight from pending.
#[test]
fn what_an_external_provisioner_makes_is_bound_straight_from_pending() {
    let mut cluster = Cluster::default();
    cluster.create(class("gold")).unwrap();
    cluster.create(sent("data").with_class("gold")).unwrap();
    cluster.settle().unwrap();
    let asking = cluster.claim("data").unwrap().clone();
    assert!(has_annotation(&asking, STORAGE_PROVISIONER) && has_annotation(&asking, BETA_STORAGE_PROVISIONER));
    assert!(count(&cluster, "ExternalProvisioning") > 0);
    let before = cluster.journal().len();
    let made = new_volume("pvc-1", "1Gi").with_class("gold").bound_to(&asking);
    cluster.create(made.annotated(PROVISIONED_BY, "example.com/disk")).unwrap();
    run_queues(&mut cluster);
    assert_eq!((volume_of(&cluster, "data").as_str(), claim_phase(&cluster, "data")), ("pvc-1", ClaimPhase::Bound));
    let phases: Vec<&str> = rules(&cluster, before).into_iter().filter(|rule| rule.starts_with("VOL")).collect();
    assert!(phases.is_empty(), "it was never available: {phases:?}");
    assert!(!has_annotation(cluster.volume("pvc-1").unwrap(), BOUND_BY_CONTROLLER));
}

/// SCEN-27, VOL-7: a provisioned volume of the wrong mode is told of twice at every look, and nothing is bound.
#[test]
fn a_provisioned_volume_of_the_wrong_mode_is_not_bound() {
    let asking = claim("data", "1Gi").with_class("gold").for_block();
    let made = volume("pv", "1Gi").with_class("gold").in_phase(VolumePhase::Pending).bound_to(&asking);
    let mut cluster = restored([class("gold").into(), asking.into(), made.into()]);
    for number in 1..4 {
        cluster.sync(&pv("pv")).unwrap();
        assert_eq!(count(&cluster, "VolumeMismatch"), 2 * number);
    }
    cluster.settle().unwrap();
    assert_eq!(
        (volume_phase(&cluster, "pv"), claim_phase(&cluster, "data")),
        (VolumePhase::Pending, ClaimPhase::Pending)
    );
}
