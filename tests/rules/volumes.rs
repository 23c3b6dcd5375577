//! What the sync of a volume does (`VOL-*`, `UNBIND-*`, `RECLAIM-*`).

use bindery::{
    ClaimPhase, Config, Controller, Fault, Kind, ObjectReference, PersistentVolume, ReclaimPolicy, Verb, VolumePhase,
};

use crate::world::{
    BOUND_BY_CONTROLLER, ClaimState, MIGRATED_TO, Metadata, PROVISIONED_BY, PV_CONTROLLER, VolumeState, bound, claim,
    claim_phase, emitted, has_annotation, host_path, patch, pv, pvc, released, restored, restored_into, rules,
    run_queues, seconds, step_to, volume, volume_of, volume_phase, wait,
};

const PHASES: [VolumePhase; 5] =
    [VolumePhase::Pending, VolumePhase::Available, VolumePhase::Bound, VolumePhase::Released, VolumePhase::Failed];

/// The reference of a volume.
fn reference(volume: &PersistentVolume) -> ObjectReference {
    (**volume.spec.claim_ref.as_ref().expect("a reference")).clone()
}

/// VOL-1: migration and finalizers come before everything else.
#[test]
fn annotations_and_finalizers_are_brought_up_to_date_first() {
    let odd = volume("pv", "5Gi").annotated(PROVISIONED_BY, "kubernetes.io/aws-ebs").in_phase(VolumePhase::Pending);
    let mut cluster = restored([odd.into()]);
    let before = cluster.journal().len();
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(rules(&cluster, before), ["MIG-4", "VOL-2"]);
}

/// VOL-2: without a reference a volume is available, whatever it was.
#[test]
fn a_volume_without_a_reference_becomes_available() {
    for phase in PHASES {
        let mut cluster = restored([volume("pv", "5Gi").in_phase(phase).into()]);
        cluster.sync(&pv("pv")).unwrap();
        assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Available);
    }
}

/// VOL-3, RUN-5: with a reference by name it is available too, and the claim is not looked at.
#[test]
fn a_volume_that_is_reserved_by_name_becomes_available() {
    for phase in PHASES {
        let reserved = volume("pv", "5Gi").in_phase(phase).reserved_for("default", "data");
        let mut cluster = restored([claim("data", "1Gi").into()]);
        cluster.settle().unwrap();
        cluster.restore(reserved).unwrap();
        run_queues(&mut cluster);
        assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Available);
        assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Pending);
    }
}

/// VOL-4, CACHE-4: a claim that the cache lacks is looked for in the API, unless the volume is released or failed.
#[test]
fn the_claim_is_looked_for_in_the_api_only_before_a_release() {
    let phase_of = |phase: VolumePhase| {
        let asking = claim("data", "1Gi").with_volume("pv");
        let mut cluster = restored([volume("pv", "5Gi").bound_to(&asking).in_phase(phase).into()]);
        cluster.restore_unseen(asking).unwrap();
        cluster.sync(&pv("pv")).unwrap();
        volume_phase(&cluster, "pv")
    };
    assert_eq!(phase_of(VolumePhase::Pending), VolumePhase::Bound);
    assert_eq!(phase_of(VolumePhase::Available), VolumePhase::Bound);
    assert_eq!(phase_of(VolumePhase::Released), VolumePhase::Released);
    assert_eq!(phase_of(VolumePhase::Failed), VolumePhase::Failed);
}

/// VOL-4: before the API is asked, the watch cache is, and that may still show a claim that is gone.
#[test]
fn a_claim_that_is_gone_is_found_in_a_watch_cache_that_is_behind() {
    let phase_with = |is_behind: bool| {
        let asking = claim("data", "1Gi").with_volume("pv");
        let mut cluster = restored([volume("pv", "5Gi").bound_to(&asking).in_phase(VolumePhase::Available).into()]);
        cluster.restore_unseen(asking).unwrap();
        if is_behind {
            cluster.fall_behind(Controller::PersistentVolumes);
        }
        cluster.remove(&pvc("data")).unwrap();
        cluster.sync(&pv("pv")).unwrap();
        volume_phase(&cluster, "pv")
    };
    assert_eq!(phase_with(true), VolumePhase::Bound);
    assert_eq!(phase_with(false), VolumePhase::Released);
}

/// VOL-5: a cached claim of another uid is looked up in the API, in every phase.
#[test]
fn a_claim_of_another_uid_is_looked_up_in_the_api() {
    for phase in PHASES {
        let (former, current) = (claim("data", "1Gi").with_uid("former"), claim("data", "1Gi").with_volume("pv"));
        let mut cluster = restored([former.into(), volume("pv", "5Gi").bound_to(&current).in_phase(phase).into()]);
        cluster.remove(&pvc("data")).unwrap();
        cluster.restore_unseen(current).unwrap();
        cluster.sync(&pv("pv")).unwrap();
        assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Bound, "the API has the claim that is meant");
    }
    let other = claim("data", "1Gi").with_uid("other");
    let mut cluster = restored([other.into(), volume("pv", "5Gi").bound_to(&claim("data", "1Gi")).into()]);
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Released, "the API has another claim as well");
}

/// VOL-6, VOL-13: without its claim a volume is released in silence and keeps its reference; failed stays failed.
#[test]
fn a_volume_whose_claim_is_gone_is_released() {
    let former = claim("data", "1Gi");
    for phase in PHASES {
        let expected = if phase == VolumePhase::Failed { VolumePhase::Failed } else { VolumePhase::Released };
        let mut cluster = restored([volume("pv", "5Gi").bound_to(&former).in_phase(phase).into()]);
        cluster.sync(&pv("pv")).unwrap();
        let pv = cluster.volume("pv").unwrap();
        assert_eq!(pv.status.phase, expected);
        assert_eq!(reference(pv).uid, "uid-data");
        assert!(cluster.events().is_empty());
    }
}

/// VOL-7: a provisioned volume of the wrong mode is told of on both sides, at every sync.
#[test]
fn a_volume_of_the_wrong_mode_is_told_of_on_both_sides() {
    let asking = claim("data", "1Gi").for_block();
    let odd = volume("pv", "5Gi").bound_to(&asking).in_phase(VolumePhase::Pending);
    let mut cluster = restored([odd.into(), asking.into()]);
    cluster.sync(&pv("pv")).unwrap();
    let on_volume = "Warning VolumeMismatch Cannot bind PersistentVolume to requested PersistentVolumeClaim \
                     \"data\" due to incompatible volumeMode.";
    let on_claim = "Warning VolumeMismatch Cannot bind PersistentVolume \"pv\" to requested PersistentVolumeClaim \
                    due to incompatible volumeMode.";
    assert_eq!(emitted(&cluster, &pv("pv")), [on_volume]);
    assert_eq!(emitted(&cluster, &pvc("data")), [on_claim]);
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Pending);
}

/// VOL-8, PROV-22: the claim that a volume points at is queued, and the phase of the volume stays.
#[test]
fn a_volume_queues_the_claim_that_does_not_name_it_yet() {
    for mark in [false, true] {
        let asking = claim("data", "1Gi");
        let provisioned = volume("pv", "5Gi").bound_to(&asking).in_phase(VolumePhase::Pending);
        let provisioned = if mark { provisioned.annotated(BOUND_BY_CONTROLLER, "yes") } else { provisioned };
        let mut cluster = restored([asking.into()]);
        cluster.settle().unwrap();
        cluster.restore(provisioned).unwrap();
        let before = cluster.journal().len();
        cluster.sync(&pv("pv")).unwrap();
        assert!(rules(&cluster, before).is_empty(), "the phase stays");
        let queued = cluster.enabled().iter().any(|action| action.object() == Some(&pvc("data")));
        assert!(queued, "the claim is queued");
        run_queues(&mut cluster);
        assert_eq!(volume_of(&cluster, "data"), "pv");
    }
}

/// VOL-9, VOL-13: a volume that its claim names is bound, whatever it was and whatever the claim says else.
#[test]
fn a_volume_that_its_claim_names_becomes_bound() {
    for phase in PHASES {
        let asking = claim("data", "1Gi").with_volume("pv").in_phase(ClaimPhase::Lost);
        let mut cluster = restored([volume("pv", "5Gi").bound_to(&asking).in_phase(phase).into(), asking.into()]);
        cluster.sync(&pv("pv")).unwrap();
        assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Bound);
    }
}

/// A volume of which the claim names another one.
fn left_behind(policy: ReclaimPolicy) -> (PersistentVolume, bindery::PersistentVolumeClaim) {
    let asking = claim("data", "1Gi").with_volume("other");
    (volume("pv", "5Gi").with_reclaim_policy(policy).bound_to(&asking).in_phase(VolumePhase::Pending), asking)
}

/// VOL-10: a provisioned volume with policy Delete that lost its claim to another is released and reclaimed.
#[test]
fn a_provisioned_volume_that_lost_to_another_is_released() {
    let (pv_left, asking) = left_behind(ReclaimPolicy::Delete);
    let provisioned = pv_left.annotated(PROVISIONED_BY, "");
    for phase in PHASES {
        let mut cluster = restored([provisioned.clone().in_phase(phase.clone()).into(), asking.clone().into()]);
        cluster.sync(&pv("pv")).unwrap();
        let failed = "error getting deleter volume plugin for volume \"pv\": no deletable volume plugin matched";
        let found = cluster.volume("pv").unwrap();
        assert_eq!(found.status.phase, VolumePhase::Failed, "it went on to be deleted, which NFS cannot be");
        assert_eq!(found.status.message.as_str(), if phase == VolumePhase::Failed { "" } else { failed });
    }
}

/// VOL-11, UNBIND-1, UNBIND-2, SCEN-26: a volume that a controller bound is freed.
#[test]
fn a_volume_that_a_controller_bound_elsewhere_is_freed() {
    let (pv_left, asking) = left_behind(ReclaimPolicy::Retain);
    let marked = pv_left.annotated(BOUND_BY_CONTROLLER, "yes").in_phase(VolumePhase::Failed);
    let mut marked = marked;
    marked.status.message = "an old failure".into();
    let mut cluster = restored([marked.into(), asking.clone().into()]);
    let before = cluster.journal().len();
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(rules(&cluster, before), ["UNBIND-1", "UNBIND-2"]);
    let freed = cluster.volume("pv").unwrap();
    assert_eq!((&freed.status.phase, freed.status.message.as_str()), (&VolumePhase::Available, ""));
    assert!(freed.spec.claim_ref.is_none());
    assert!(freed.metadata.annotations.is_absent(), "the map of annotations goes with its last key");
    assert_eq!(cluster.claim("data").unwrap().spec, asking.spec, "the claim is not touched");
}

/// UNBIND-1, UNBIND-3: a volume that a user reserved keeps the reference, without the uid.
#[test]
fn a_volume_that_a_user_reserved_stays_reserved() {
    let (mut pv_left, asking) = left_behind(ReclaimPolicy::Retain);
    if let Some(reference) = &mut pv_left.spec.claim_ref {
        reference.resource_version = "17".into();
    }
    let mut cluster = restored([pv_left.annotated("example.com/note", "mine").into(), asking.into()]);
    cluster.sync(&pv("pv")).unwrap();
    let freed = cluster.volume("pv").unwrap();
    let reference = reference(freed);
    assert_eq!(freed.status.phase, VolumePhase::Available);
    assert_eq!((reference.namespace.as_str(), reference.name.as_str()), ("default", "data"));
    assert!(reference.uid.is_empty());
    assert_eq!((reference.resource_version.as_str(), reference.kind.as_str()), ("17", "PersistentVolumeClaim"));
    assert!(has_annotation(freed, "example.com/note"));
}

/// VOL-11: a provisioned volume is freed too, unless its policy is Delete.
#[test]
fn a_provisioned_volume_that_is_retained_is_freed() {
    let (pv_left, asking) = left_behind(ReclaimPolicy::Retain);
    let provisioned = pv_left.annotated(PROVISIONED_BY, "example.com/disk").annotated(BOUND_BY_CONTROLLER, "yes");
    let mut cluster = restored([provisioned.into(), asking.into()]);
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Available);
    let (pv_left, asking) = left_behind(ReclaimPolicy::Delete);
    let mut cluster = restored([pv_left.into(), asking.into()]);
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Available, "not provisioned, so that Delete does not matter");
}

/// VOL-12: the deletion of a volume does not matter for its phase.
#[test]
fn a_terminating_volume_is_bound_and_released_like_any_other() {
    let asking = claim("data", "1Gi").with_volume("pv");
    let terminating = volume("pv", "5Gi").bound_to(&asking).terminating();
    let mut cluster = restored([terminating.clone().into(), asking.into()]);
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Bound);
    let mut cluster = restored([terminating.into()]);
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Released);
    let mut cluster = restored([volume("pv", "5Gi").in_phase(VolumePhase::Failed).terminating().into()]);
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Available);
}

/// RECLAIM-1: a migrated volume is left to its driver, whatever its policy.
#[test]
fn a_migrated_volume_is_left_to_its_driver() {
    for policy in [ReclaimPolicy::Delete, ReclaimPolicy::Recycle, ReclaimPolicy::Other("Burn".into())] {
        let migrated = released(policy).annotated(MIGRATED_TO, "ebs.csi.aws.com");
        let mut cluster = restored([migrated.into()]);
        cluster.sync(&pv("pv")).unwrap();
        assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Released);
    }
    let mut cluster = restored([released(ReclaimPolicy::Recycle).annotated(MIGRATED_TO, "").into()]);
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Available, "an empty annotation is none");
}

/// RECLAIM-2: a retained volume stays released, with its reference.
#[test]
fn a_retained_volume_stays_released() {
    let mut cluster = restored([released(ReclaimPolicy::Retain).into()]);
    wait(&mut cluster, seconds(3600));
    let pv = cluster.volume("pv").unwrap();
    assert_eq!(pv.status.phase, VolumePhase::Released);
    assert_eq!(reference(pv).uid, "uid-gone");
}

/// RECLAIM-3, RECLAIM-4: a volume is recycled or deleted by its policy.
#[test]
fn a_volume_is_recycled_or_deleted_by_its_policy() {
    let mut cluster = restored([released(ReclaimPolicy::Recycle).into()]);
    cluster.settle().unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Available);
    let mut cluster = restored([released(ReclaimPolicy::Delete).with_source(host_path("/tmp/data")).into()]);
    cluster.settle().unwrap();
    assert!(cluster.volume("pv").is_none());
}

/// RECLAIM-5: a policy that is none fails the volume, once.
#[test]
fn an_unknown_policy_fails_the_volume() {
    let text = "Volume has unrecognized PersistentVolumeReclaimPolicy";
    let mut cluster = restored([released(ReclaimPolicy::Other("Burn".into())).into()]);
    cluster.settle().unwrap();
    let found = cluster.volume("pv").unwrap();
    assert_eq!((&found.status.phase, found.status.message.as_str()), (&VolumePhase::Failed, text));
    assert_eq!(emitted(&cluster, &pv("pv")), [format!("Warning VolumeUnknownReclaimPolicy {text}")]);
}

/// RECLAIM-6, RECLAIM-8: the policy is read at every sync, so that an edit of a released volume counts.
#[test]
fn the_policy_counts_as_it_is_now() {
    let retained = released(ReclaimPolicy::Retain).with_source(host_path("/tmp/data"));
    let mut cluster = restored([retained.into()]);
    cluster.settle().unwrap();
    patch(&mut cluster, &pv("pv"), r#"{"spec": {"persistentVolumeReclaimPolicy": "Delete"}}"#).unwrap();
    cluster.settle().unwrap();
    assert!(cluster.volume("pv").is_none());

    let mut cluster = restored([released(ReclaimPolicy::Delete).into()]);
    cluster.settle().unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Failed, "NFS cannot be deleted");
    patch(&mut cluster, &pv("pv"), r#"{"spec": {"persistentVolumeReclaimPolicy": "Retain"}}"#).unwrap();
    wait(&mut cluster, seconds(60));
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Failed);
    patch(&mut cluster, &pv("pv"), r#"{"spec": {"persistentVolumeReclaimPolicy": "Recycle"}}"#).unwrap();
    cluster.settle().unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Available, "a failed volume is reclaimed again as well");
}

/// RELEASED-1, RELEASED-2, RELEASED-3, RECYCLE-2: what the operation finds when it looks again.
#[test]
fn an_operation_looks_again_whether_the_volume_is_released() {
    let recycled = |edit: &dyn Fn(&mut bindery::Cluster)| {
        let mut cluster = restored([released(ReclaimPolicy::Recycle).into()]);
        let action = step_to(&mut cluster, "recycles");
        edit(&mut cluster);
        let before = cluster.journal().len();
        assert!(cluster.take(&action));
        !rules(&cluster, before).is_empty()
    };
    assert!(recycled(&|_| {}));
    let edit = |text: &'static str| move |cluster: &mut bindery::Cluster| patch(cluster, &pv("pv"), text).unwrap();
    assert!(!recycled(&edit(r#"{"spec": {"claimRef": null}}"#)), "RELEASED-1: no reference");
    assert!(!recycled(&edit(r#"{"spec": {"claimRef": {"uid": ""}}}"#)), "RELEASED-1: no uid");
    let back = |uid: &'static str, volume: &'static str| {
        move |cluster: &mut bindery::Cluster| {
            cluster.restore(claim("gone", "1Gi").with_uid(uid).with_volume(volume)).unwrap();
        }
    };
    assert!(recycled(&back("uid-new", "")), "RELEASED-2: another uid");
    assert!(!recycled(&back("uid-gone", "")), "RELEASED-3: it names no volume");
    assert!(!recycled(&back("uid-gone", "pv")), "RELEASED-3: it names this volume");
    assert!(recycled(&back("uid-gone", "other")), "RELEASED-3: it names another volume");
    let unseen = |cluster: &mut bindery::Cluster| {
        cluster.restore_unseen(claim("gone", "1Gi").with_volume("pv")).unwrap();
    };
    assert!(recycled(&unseen), "RELEASED-2: only the own cache counts");
}

/// RECLAIM-2: what is never reclaimed keeps its finalizers and annotations too.
#[test]
fn a_released_volume_that_is_retained_is_written_once() {
    let (pv_bound, _) = bound(volume("pv", "5Gi"), claim("data", "1Gi"));
    let mut cluster = restored_into(bindery::Cluster::new(Config::verbatim()), [pv_bound]);
    let before = cluster.journal().len();
    cluster.inject(Fault::Conflict { verb: Verb::UpdateStatus, kind: Kind::PersistentVolume });
    cluster.settle().unwrap();
    let by_volume_controller: Vec<_> = rules(&cluster, before).into_iter().filter(|rule| *rule != "PROT-2").collect();
    assert_eq!(by_volume_controller, ["VOL-6"]);
    assert!(!cluster.volume("pv").unwrap().metadata.has_finalizer(PV_CONTROLLER));
}
