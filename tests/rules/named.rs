//! What is asked of a volume that a claim names (`SAT-*`).

use bindery::{AccessMode, ClaimPhase, Cluster, PersistentVolume, PersistentVolumeClaim, VolumePhase};

use crate::matching::{chosen, selecting};
use crate::world::{
    BIND_COMPLETED, BOUND_BY_CONTROLLER, ClaimState, Metadata, ROX, RWO, RWX, VolumeState, claim, class, delayed_class,
    emitted, pvc, quantity, restored, volume,
};

/// What is said of a claim that names a free volume: nothing, or why it cannot be bound.
fn objection(volume: PersistentVolume, asking: PersistentVolumeClaim) -> String {
    let name = volume.metadata.name.clone();
    let mut cluster: Cluster = restored([volume.into(), asking.with_volume(&name).into()]);
    cluster.sync(&pvc("data")).unwrap();
    let bound = cluster.claim("data").unwrap().status.phase == ClaimPhase::Bound;
    let events = emitted(&cluster, &pvc("data"));
    assert_eq!(bound, events.is_empty(), "either it is bound, or one event says why not");
    let prefix = format!("Warning VolumeMismatch Cannot bind to requested volume \"{name}\": ");
    events.first().map_or_else(String::new, |event| event.strip_prefix(&prefix).unwrap_or(event).to_owned())
}

/// SAT-1, SAT-2, SAT-3, SAT-4, SAT-5, SAT-6: each failure has its text, and the first in this order is told.
#[test]
fn a_named_volume_is_refused_with_the_first_reason_that_applies() {
    let mut pv = volume("pv", "1Gi").with_modes([ROX]).block().with_attributes_class("gold").with_class("gold");
    pv = pv.terminating();
    let asking = claim("data", "5Gi");
    assert_eq!(objection(pv.clone(), asking.clone()), "the volume is marked for deletion \"pv\"");
    pv.metadata.deletion_timestamp = None;
    assert_eq!(objection(pv.clone(), asking.clone()), "requested PV is too small");
    pv.spec.capacity = [("storage", quantity("5Gi"))].into();
    assert_eq!(objection(pv.clone(), asking.clone()), "storageClassName does not match");
    pv.spec.storage_class_name = "".into();
    assert_eq!(objection(pv.clone(), asking.clone()), "volumeAttributesClassName does not match");
    pv.spec.volume_attributes_class_name = None;
    assert_eq!(objection(pv.clone(), asking.clone()), "incompatible volumeMode");
    pv = pv.clone();
    pv.spec.volume_mode = asking.spec.volume_mode.clone();
    assert_eq!(objection(pv.clone(), asking.clone()), "incompatible accessMode");
    pv.spec.access_modes = [ROX, RWO].into();
    assert_eq!(objection(pv, asking), "");
}

/// SAT-6, HELP-9: modes are compared as they are written, also where they are none.
#[test]
fn a_text_that_is_no_mode_is_compared_as_it_is() {
    let strange = || AccessMode::Other("readWriteOnce".into());
    let pv = volume("pv", "5Gi").with_modes([RWX, strange()]);
    assert_eq!(objection(pv.clone(), claim("data", "1Gi").asking_for([strange()])), "");
    assert_eq!(objection(pv.clone(), claim("data", "1Gi").asking_for([strange(), RWX])), "");
    let other = AccessMode::Other("ReadWriteonce".into());
    assert_eq!(objection(pv.clone(), claim("data", "1Gi").asking_for([other])), "incompatible accessMode");
    assert_eq!(objection(pv, claim("data", "1Gi").asking_for([strange(), RWO])), "incompatible accessMode");
}

/// SAT-7: neither the phase nor the selector is looked at where the claim names the volume.
#[test]
fn a_named_volume_is_bound_in_any_phase_and_against_the_selector() {
    for phase in [VolumePhase::Pending, VolumePhase::Bound, VolumePhase::Released, VolumePhase::Failed] {
        let asking = selecting(r#"{"matchLabels": {"tier": "fast"}}"#);
        assert_eq!(objection(volume("pv", "5Gi").in_phase(phase), asking), "");
    }
}

/// HELP-10, SAT-2: a volume that is named is compared in whole bytes, one that is searched for exactly.
#[test]
fn a_named_volume_is_compared_in_whole_bytes() {
    let (pv, asking) = (volume("pv", "1500m"), claim("data", "1600m"));
    assert_eq!(chosen([pv.clone()], asking.clone()), "");
    assert_eq!(objection(pv, asking), "");
}

/// HELP-10: above what 64 bits hold, whole bytes overflow and exact quantities do not.
#[test]
fn whole_bytes_overflow_as_in_kubernetes() {
    assert_eq!(chosen([volume("pv", "10E")], claim("data", "1Gi")), "pv");
    assert_eq!(objection(volume("pv", "10E"), claim("data", "1Gi")), "requested PV is too small");
    assert_eq!(chosen([volume("pv", "1Gi")], claim("data", "100E")), "");
    assert_eq!(objection(volume("pv", "1Gi"), claim("data", "100E")), "");
}

/// CLAIM-10: the binding mode is not looked at, and the volume gets a full reference.
#[test]
fn a_claim_that_names_its_volume_does_not_wait_for_a_pod() {
    let asking = claim("data", "1Gi").with_class("delayed").with_volume("pv");
    let objects = [delayed_class("delayed").into(), volume("pv", "5Gi").with_class("delayed").into(), asking.into()];
    let mut cluster = restored(objects);
    cluster.restore(class("unused")).unwrap();
    cluster.sync(&pvc("data")).unwrap();
    let pv = cluster.volume("pv").unwrap();
    assert_eq!(pv.spec.claim_ref.as_ref().unwrap().uid, "uid-data");
    assert!(pv.metadata.annotations.contains_key(BOUND_BY_CONTROLLER));
    assert!(cluster.claim("data").unwrap().metadata.annotations.contains_key(BIND_COMPLETED));
}
