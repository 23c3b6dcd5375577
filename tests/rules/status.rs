//! How the status of claims and volumes is written (`STATUS-*`).

use bindery::parts::{ClaimCondition, ModifyVolumeStatus};
use bindery::{
    Behaviour, ClaimPhase, Cluster, Config, List, PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus,
    Plugin, ReclaimPolicy, ResourceList, Sources, StringMap, VolumePhase,
};

use crate::world::{
    BIND_COMPLETED, ClaimState, Metadata, ROX, RWO, RWX, VolumeState, bound, claim, claim_phase, count, emitted, patch,
    pv, pvc, quantity, restored, restored_into, rules, seconds, volume, volume_phase, wait,
};

const PRE_RESIZE: &str = "volume.alpha.kubernetes.io/pre-resize-capacity";

/// The status that a claim has after one look at it.
fn status(volume: PersistentVolume, asking: PersistentVolumeClaim) -> PersistentVolumeClaimStatus {
    let mut cluster = restored([volume.into(), asking.into()]);
    cluster.sync(&pvc("data")).unwrap();
    cluster.claim("data").unwrap().status.clone()
}

/// A claim that its volume agrees with, in this phase.
fn agreed(phase: ClaimPhase) -> PersistentVolumeClaim {
    claim("data", "1Gi").with_volume("pv").annotated(BIND_COMPLETED, "yes").in_phase(phase)
}

fn its_volume() -> PersistentVolume {
    volume("pv", "5Gi").bound_to(&claim("data", "1Gi")).in_phase(VolumePhase::Bound)
}

/// STATUS-1: a status is written only where something differs.
#[test]
fn a_status_that_is_right_is_not_written() {
    let mut cluster = restored([claim("data", "1Gi").into()]);
    let before = cluster.journal().len();
    cluster.sync(&pvc("data")).unwrap();
    assert!(rules(&cluster, before).is_empty());
    let stale = claim("stale", "1Gi").bound_once(&volume("pv", "5Gi")).with_volume("");
    let mut stale = stale.in_phase(ClaimPhase::Pending);
    stale.metadata.annotations = StringMap::default();
    cluster.restore(stale).unwrap();
    let before = cluster.journal().len();
    cluster.sync(&pvc("stale")).unwrap();
    assert_eq!(rules(&cluster, before), ["CLAIM-8"], "the phase is right and the capacity is not");
}

/// STATUS-2: without a volume, modes, capacity and attributes class go and all else stays.
#[test]
fn a_claim_without_a_volume_keeps_its_conditions() {
    let mut asking = agreed(ClaimPhase::Bound).bound_once(&its_volume());
    asking.status.current_volume_attributes_class_name = Some("gold".into());
    let progress = &mut asking.status.progress;
    progress.conditions = List::from([ClaimCondition { r#type: "Resizing".into(), ..ClaimCondition::default() }]);
    progress.allocated_resources = ResourceList::from([("storage", quantity("9Gi"))]);
    progress.allocated_resource_statuses = StringMap::from([("storage", "NodeResizePending")]);
    progress.modify_volume_status = Some(ModifyVolumeStatus { status: "Pending".into(), ..Default::default() });
    let mut kept = progress.clone();
    kept.current_volume_attributes_class_name = None;
    let mut cluster = restored([asking.into()]);
    cluster.sync(&pvc("data")).unwrap();
    let status = &cluster.claim("data").unwrap().status;
    assert_eq!(status.phase, ClaimPhase::Lost);
    assert!(status.access_modes.is_empty() && status.capacity.is_empty());
    assert_eq!(status.progress, kept);
}

/// STATUS-3: the modes are those of the volume as they are written there, also on a claim that was bound before.
#[test]
fn a_claim_shows_the_modes_of_its_volume_as_they_are_written() {
    let odd = its_volume().with_modes([RWX, RWO, RWX]);
    for phase in [ClaimPhase::Pending, ClaimPhase::Bound] {
        let mut asking = agreed(phase);
        asking.status.access_modes = [RWO, RWX].into();
        let modes: Vec<_> = status(odd.clone(), asking).access_modes.iter().collect();
        assert_eq!(modes, [RWX, RWO, RWX]);
    }
}

/// STATUS-4: the capacity is copied when the phase changes and never afterwards.
#[test]
fn a_bound_claim_keeps_its_capacity_whatever_the_volume_says() {
    let capacity = |phase: ClaimPhase, held: &str| {
        let mut asking = agreed(phase);
        asking.status.access_modes = [RWO].into();
        asking.status.capacity = ResourceList::from([("storage", quantity(held))]);
        status(its_volume(), asking).capacity.get("storage").cloned()
    };
    assert_eq!(capacity(ClaimPhase::Bound, "3Gi"), Some(quantity("3Gi")));
    assert_eq!(capacity(ClaimPhase::Pending, "3Gi"), Some(quantity("5Gi")));
    assert_eq!(capacity(ClaimPhase::Lost, "3Gi"), Some(quantity("5Gi")));
}

/// STATUS-4: the whole map of the volume is copied, and only where the storage differs.
#[test]
fn the_capacity_is_copied_whole_where_the_storage_differs() {
    let mut odd = its_volume();
    odd.spec.capacity = odd.spec.capacity.with("example.com/inodes", quantity("7"));
    let found = status(odd.clone(), agreed(ClaimPhase::Pending)).capacity;
    assert_eq!(found, odd.spec.capacity);
    let mut asking = agreed(ClaimPhase::Pending);
    asking.status.capacity = ResourceList::from([("storage", quantity("5Gi"))]);
    assert_eq!(status(odd, asking).capacity.len(), 1, "the storage was right already");
}

/// STATUS-4: a volume without a capacity fails the last step of a binding.
#[test]
fn a_volume_without_a_capacity_cannot_be_bound_to_the_end() {
    let mut odd = volume("pv", "1Gi").reserved_for("default", "data");
    odd.spec.capacity = ResourceList::default();
    let mut cluster = restored([odd.into(), claim("data", "1Gi").with_volume("pv").into()]);
    let before = cluster.journal().len();
    let error = cluster.sync(&pvc("data")).unwrap_err();
    assert_eq!(error.message, "PersistentVolume \"pv\" is without a storage capacity");
    assert_eq!(rules(&cluster, before), ["BIND-1", "BIND-2", "BIND-3"]);
}

/// STATUS-5: the size before a resize counts for the claim, if it is a quantity.
#[test]
fn the_size_before_a_resize_is_the_capacity_of_the_claim() {
    let capacity = |annotation: &str, phase: ClaimPhase| {
        let mut asking = agreed(phase);
        asking.status.access_modes = [RWO].into();
        asking.status.capacity = ResourceList::from([("storage", quantity("1Gi"))]);
        status(its_volume().annotated(PRE_RESIZE, annotation), asking).capacity.get("storage").cloned()
    };
    assert_eq!(capacity("2Gi", ClaimPhase::Pending), Some(quantity("2Gi")));
    assert_eq!(capacity("two", ClaimPhase::Pending), Some(quantity("5Gi")));
    assert_eq!(capacity("2Gi", ClaimPhase::Bound), Some(quantity("1Gi")), "only when the phase changes");
}

/// STATUS-5: of a claim that has other amounts as well only the storage is replaced.
#[test]
fn the_size_before_a_resize_leaves_other_amounts_alone() {
    let mut asking = agreed(ClaimPhase::Pending);
    asking.status.capacity = ResourceList::from([("storage", quantity("1Gi")), ("tapes", quantity("3"))]);
    let kept = status(its_volume().annotated(PRE_RESIZE, "2Gi"), asking.clone()).capacity;
    assert_eq!(kept, ResourceList::from([("storage", quantity("2Gi")), ("tapes", quantity("3"))]));
    let replaced = status(its_volume(), asking).capacity;
    assert_eq!(replaced, ResourceList::from([("storage", quantity("5Gi"))]));
}

/// STATUS-5, FIELD-8: the size before a resize is checked and rounded as every amount is that is written.
#[test]
fn the_size_before_a_resize_is_checked_by_the_server() {
    let synced = |annotation: &str| {
        let mut cluster = Cluster::default();
        cluster.restore(its_volume().annotated(PRE_RESIZE, annotation)).unwrap();
        cluster.restore(agreed(ClaimPhase::Pending)).unwrap();
        let result = cluster.sync(&pvc("data"));
        (result, cluster.claim("data").unwrap().status.capacity.get("storage").cloned())
    };
    assert_eq!(synced("1n"), (Ok(()), Some(quantity("1m"))));
    let (refused, capacity) = synced("-1Gi");
    let rule = "PersistentVolumeClaim \"data\" is invalid: status.capacity[storage]: Invalid value: -1073741824: must be a \
                valid resource quantity";
    assert_eq!((refused.unwrap_err().message.as_str(), capacity), (rule, None));
}

/// STATUS-6: the attributes class is copied from exactly `Pending` to `Bound`.
#[test]
fn the_attributes_class_is_copied_when_a_pending_claim_is_bound() {
    let class = |volume: PersistentVolume, phase: ClaimPhase| {
        let mut asking = agreed(phase);
        asking.status.current_volume_attributes_class_name = Some("old".into());
        status(volume, asking).current_volume_attributes_class_name.clone()
    };
    assert_eq!(class(its_volume().with_attributes_class("gold"), ClaimPhase::Pending).as_deref(), Some("gold"));
    assert_eq!(class(its_volume(), ClaimPhase::Pending).as_deref(), None);
    assert_eq!(class(its_volume().with_attributes_class("gold"), ClaimPhase::Lost).as_deref(), Some("old"));
    assert_eq!(class(its_volume().with_attributes_class("gold"), ClaimPhase::Bound).as_deref(), Some("old"));
}

/// STATUS-7: a phase that is there already is a reason to write nothing at all, and to say nothing.
#[test]
fn a_lost_claim_is_left_as_it_is() {
    let mut asking = agreed(ClaimPhase::Lost);
    asking.status.access_modes = [ROX].into();
    let mut cluster = restored([asking.into()]);
    let before = cluster.journal().len();
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(cluster.journal().len(), before);
    assert!(!cluster.claim("data").unwrap().status.access_modes.is_empty(), "not even the modes are emptied");
}

/// STATUS-7: the event comes only after the write.
#[test]
fn a_loss_that_could_not_be_written_is_not_told() {
    let mut cluster = restored([agreed(ClaimPhase::Bound).into()]);
    let kind = bindery::Kind::PersistentVolumeClaim;
    cluster.inject(bindery::Fault::Conflict { verb: bindery::Verb::UpdateStatus, kind });
    assert!(cluster.sync(&pvc("data")).is_err());
    assert!(cluster.events().is_empty());
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(emitted(&cluster, &pvc("data")).len(), 1);
}

/// STATUS-8: an event without a guard is emitted at every sync, though nothing changes.
#[test]
fn an_unguarded_event_is_emitted_at_every_sync() {
    let mut cluster = restored([claim("data", "1Gi").into()]);
    for number in 1..4 {
        cluster.sync(&pvc("data")).unwrap();
        assert_eq!(count(&cluster, "FailedBinding"), number);
    }
    let mut cluster = restored([claim("data", "1Gi").into()]);
    cluster.settle().unwrap();
    let settled = count(&cluster, "FailedBinding");
    wait(&mut cluster, seconds(60));
    assert_eq!(count(&cluster, "FailedBinding"), settled + 4, "one for each resync");
}

/// A cluster in which deleting fails with one text after the other.
fn failing(messages: &[&str]) -> Cluster {
    let messages = messages.iter().map(|message| Behaviour::Fail((*message).into())).collect();
    let mut config = Config::default();
    let script = Behaviour::Sequence(messages, Box::new(Behaviour::Succeed));
    config.plugins = vec![Plugin::new("example.com/disk", Sources::All).deletes(script)];
    Cluster::new(config)
}

/// STATUS-9, RECLAIM-7: the message of a failure stays while the phase does, and goes with it.
#[test]
fn a_message_is_written_with_the_phase_and_goes_with_it() {
    let released = volume("pv", "5Gi").with_reclaim_policy(ReclaimPolicy::Delete).bound_to(&claim("gone", "1Gi"));
    let mut cluster = restored_into(failing(&["first", "second"]), [released.into()]);
    cluster.settle().unwrap();
    let message = |cluster: &Cluster| cluster.volume("pv").unwrap().status.message.to_string();
    assert_eq!((volume_phase(&cluster, "pv"), message(&cluster).as_str()), (VolumePhase::Failed, "first"));
    wait(&mut cluster, seconds(15));
    assert_eq!(message(&cluster), "first", "the second failure is not told");
    patch(&mut cluster, &pv("pv"), r#"{"spec": {"claimRef": null}}"#).unwrap();
    cluster.settle().unwrap();
    assert_eq!((volume_phase(&cluster, "pv"), message(&cluster).as_str()), (VolumePhase::Available, ""));
    assert!(cluster.volume("pv").unwrap().status.reason.is_empty());
}

/// STATUS-10: the event of a phase is emitted only when the phase changes.
#[test]
fn a_failure_is_told_once() {
    let released = volume("pv", "5Gi").with_reclaim_policy(ReclaimPolicy::Delete).bound_to(&claim("gone", "1Gi"));
    let mut cluster = restored_into(failing(&["first", "second", "third"]), [released.into()]);
    wait(&mut cluster, seconds(30));
    assert_eq!(emitted(&cluster, &pv("pv")), ["Warning VolumeFailedDelete first"]);
    assert_eq!(count(&cluster, "VolumeFailedDelete"), 1);
}

/// STATUS-1: a binding that is complete is looked at without a write.
#[test]
fn a_complete_binding_settles_without_a_write() {
    let (pv, asking) = bound(volume("pv", "5Gi"), claim("data", "1Gi"));
    let mut cluster = restored([pv, asking]);
    cluster.settle().unwrap();
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
    let before = cluster.journal().len();
    patch(&mut cluster, &pvc("data"), r#"{"metadata": {"labels": {"a": "b"}}}"#).unwrap();
    cluster.settle().unwrap();
    assert_eq!(rules(&cluster, before), [""], "the user's and no other");
}
