//! Volumes that are deleted or edited while they are bound.

use bindery::{ClaimPhase, Cluster, VolumePhase};

use crate::world::{
    BIND_COMPLETED, BOUND_BY_CONTROLLER, Metadata, claim_phase, emitted, has_annotation, new_volume, patch, pv, pvc,
    rules, seconds, sent, volume_phase, wait,
};

/// A stock cluster with a bound pair.
fn bound_pair() -> Cluster {
    let mut cluster = Cluster::default();
    cluster.create(new_volume("pv", "5Gi").reserved_for("default", "data")).unwrap();
    cluster.create(sent("data")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
    cluster
}

/// SCEN-18, NEIGH-1: a bound volume that is deleted waits for its claim, and then goes.
#[test]
fn a_bound_volume_that_is_deleted_waits_for_its_claim() {
    let mut cluster = bound_pair();
    cluster.delete(&pv("pv")).unwrap();
    wait(&mut cluster, seconds(60));
    assert!(cluster.volume("pv").unwrap().metadata.is_deleting());
    assert_eq!((volume_phase(&cluster, "pv"), claim_phase(&cluster, "data")), (VolumePhase::Bound, ClaimPhase::Bound));
    let before = cluster.journal().len();
    cluster.delete(&pvc("data")).unwrap();
    cluster.settle().unwrap();
    assert!(cluster.volume("pv").is_none());
    assert!(rules(&cluster, before).contains(&"VOL-6"), "it was released first");
}

/// SCEN-19, CLAIM-21, CLAIM-25: a volume that vanishes leaves a lost claim, which is bound again when it is back.
#[test]
fn a_lost_claim_is_bound_again_when_its_volume_is_back() {
    let mut cluster = bound_pair();
    cluster.remove(&pv("pv")).unwrap();
    cluster.settle().unwrap();
    let lost = cluster.claim("data").unwrap();
    assert_eq!((&lost.status.phase, lost.spec.volume_name.as_str()), (&ClaimPhase::Lost, "pv"));
    assert!(lost.status.capacity.is_empty() && lost.status.access_modes.is_empty());
    let event = "Warning ClaimLost Bound claim has lost its PersistentVolume. Data on the volume is lost!";
    assert_eq!(emitted(&cluster, &pvc("data")), [event]);
    cluster.create(new_volume("pv", "5Gi")).unwrap();
    cluster.settle().unwrap();
    assert_eq!((claim_phase(&cluster, "data"), volume_phase(&cluster, "pv")), (ClaimPhase::Bound, VolumePhase::Bound));
}

/// SCEN-20, VOL-2, CLAIM-22: a volume that loses its reference is available until its claim takes it again, and is now
/// marked as bound by the controller.
#[test]
fn a_volume_that_loses_its_reference_is_taken_again() {
    let mut cluster = bound_pair();
    assert!(!has_annotation(cluster.volume("pv").unwrap(), BOUND_BY_CONTROLLER), "it was reserved");
    let before = cluster.journal().len();
    patch(&mut cluster, &pv("pv"), r#"{"spec": {"claimRef": null}}"#).unwrap();
    cluster.settle().unwrap();
    assert_eq!(rules(&cluster, before), ["", "VOL-2", "BIND-1", "BIND-2"]);
    assert_eq!((claim_phase(&cluster, "data"), volume_phase(&cluster, "pv")), (ClaimPhase::Bound, VolumePhase::Bound));
    assert!(has_annotation(cluster.volume("pv").unwrap(), BOUND_BY_CONTROLLER));
}

/// SCEN-21, VOL-3, CLAIM-24: a volume that loses only the uid is available, and its claim is lost.
#[test]
fn a_volume_that_loses_only_the_uid_loses_its_claim() {
    let mut cluster = bound_pair();
    patch(&mut cluster, &pv("pv"), r#"{"spec": {"claimRef": {"uid": null}}}"#).unwrap();
    cluster.settle().unwrap();
    assert_eq!(
        (claim_phase(&cluster, "data"), volume_phase(&cluster, "pv")),
        (ClaimPhase::Lost, VolumePhase::Available)
    );
    let event = "Warning ClaimMisbound Two claims are bound to the same volume, this one is bound incorrectly";
    assert_eq!(emitted(&cluster, &pvc("data")), [event]);
}

/// SCEN-29, CLAIM-20: a claim that was copied with the mark of a binding and without its volume is lost at once.
#[test]
fn a_claim_that_is_created_as_bound_to_nothing_is_lost() {
    let mut cluster = Cluster::default();
    cluster.create(new_volume("pv", "5Gi")).unwrap();
    cluster.create(sent("data").annotated(BIND_COMPLETED, "yes")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(
        (claim_phase(&cluster, "data"), volume_phase(&cluster, "pv")),
        (ClaimPhase::Lost, VolumePhase::Available)
    );
    let event = "Warning ClaimLost Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
    assert_eq!(emitted(&cluster, &pvc("data")), [event]);
}
