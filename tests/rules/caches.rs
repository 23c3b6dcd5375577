//! What the controller has seen, and what it has not (`CACHE-*`).

use bindery::{ClaimPhase, ReclaimPolicy, VolumePhase};

use crate::world::{
    Metadata, SELECTED_NODE, VolumeState, bound, claim, claim_phase, class, count, delayed_class, emitted, host_path,
    patch, pv, pvc, released, restored, run_queues, volume, volume_of, volume_phase, writes,
};

/// CACHE-1: a copy that is older than the one that was seen last is passed over, and the sync succeeds.
#[test]
fn an_older_copy_is_passed_over() {
    let seen = volume("pv", "5Gi").at_version(50).in_phase(VolumePhase::Pending);
    let mut cluster = restored([seen.clone().into()]);
    cluster.remove(&pv("pv")).unwrap();
    cluster.restore_unseen(seen.at_version(49)).unwrap();
    let before = cluster.journal().len();
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(cluster.journal().len(), before);
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Pending);
}

/// CACHE-1: versions are numbers, and an equal one is looked at: else a resync would do nothing.
#[test]
fn a_copy_that_is_as_old_or_newer_is_looked_at() {
    for newer in [99, 100] {
        let seen = volume("pv", "5Gi").at_version(99).in_phase(VolumePhase::Pending);
        let mut cluster = restored([seen.clone().into()]);
        cluster.remove(&pv("pv")).unwrap();
        cluster.restore_unseen(seen.at_version(newer)).unwrap();
        cluster.sync(&pv("pv")).unwrap();
        assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Available);
    }
}

/// CACHE-2: a version that is no number cannot come into the cluster.
#[test]
fn a_version_is_a_number() {
    let text = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, resourceVersion: newest}}";
    let error = bindery::Cluster::default().restore_yaml(text).unwrap_err().to_string();
    assert!(error.contains("newest"), "{error}");
}

/// CACHE-3: a volume that was just deleted is still known until its deletion is processed.
#[test]
fn a_volume_that_was_deleted_is_known_until_that_is_processed() {
    let left = released(ReclaimPolicy::Delete).with_source(host_path("/tmp/data"));
    let mut cluster = restored([left.into(), claim("data", "1Gi").with_volume("pv").into()]);
    cluster.sync(&pv("pv")).unwrap();
    assert!(cluster.volume("pv").is_none());
    cluster.sync(&pvc("data")).unwrap();
    let taken = "Warning FailedBinding volume \"pv\" already bound to a different claim.";
    assert_eq!(emitted(&cluster, &pvc("data")), [taken], "the copy in the cache still has its claim");
    run_queues(&mut cluster);
    let before = cluster.journal().len();
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(cluster.journal().len(), before, "now the volume is unknown, which is silent");
}

/// CACHE-3: the writes of a sync are seen by the next one before the watch brings them.
#[test]
fn a_sync_sees_what_the_last_one_wrote() {
    let mut cluster = restored([volume("pv", "5Gi").into(), claim("data", "1Gi").into()]);
    cluster.sync(&pvc("data")).unwrap();
    cluster.restore(claim("named", "1Gi").with_volume("pv")).unwrap();
    cluster.sync(&pvc("named")).unwrap();
    assert_eq!(count(&cluster, "FailedBinding"), 1, "the reference is in the cache");
}

/// CACHE-3, DEFAULT-8: the default class is not seen before the watch brings it.
#[test]
fn the_default_class_is_not_seen_at_once() {
    let asking = claim("data", "1Gi");
    let points = volume("pv", "9Gi").with_class("other").bound_to(&asking).in_phase(VolumePhase::Pending);
    let mut cluster = restored([class("gold").as_default().into(), asking.into()]);
    cluster.sync(&pvc("data")).unwrap();
    let version = cluster.claim("data").unwrap().metadata.resource_version;
    assert_eq!(writes(&cluster, 0).last().unwrap().rule, "DEFAULT-6");
    cluster.restore(points).unwrap();
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(cluster.claim("data").unwrap().metadata.resource_version, version, "the volume only queues the claim");
    run_queues(&mut cluster);
    assert_eq!(volume_of(&cluster, "data"), "pv");
}

/// CACHE-4: other objects are seen as the cache has them, the object itself as the watch has it.
#[test]
fn a_counterpart_is_seen_only_once_it_was_looked_at() {
    let mut cluster = restored([claim("data", "1Gi").into(), claim("named", "1Gi").with_volume("pv").into()]);
    cluster.restore_unseen(volume("pv", "5Gi")).unwrap();
    cluster.sync(&pvc("data")).unwrap();
    cluster.sync(&pvc("named")).unwrap();
    assert_eq!((volume_of(&cluster, "data").as_str(), claim_phase(&cluster, "named")), ("", ClaimPhase::Pending));
    cluster.sync(&pv("pv")).unwrap();
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(volume_of(&cluster, "data"), "pv");
}

/// CACHE-4: classes and pods are seen as they are, without anybody having looked at them.
#[test]
fn classes_and_pods_are_seen_at_once() {
    let asking = claim("data", "1Gi").with_class("delayed");
    let mut cluster = restored([asking.into()]);
    cluster.restore_unseen(delayed_class("delayed")).unwrap();
    cluster.restore_unseen(crate::world::pod("web", &["data"])).unwrap();
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(emitted(&cluster, &pvc("data")), ["Normal WaitForPodScheduled waiting for pod web to be scheduled"]);
    assert!(!cluster.claim("data").unwrap().metadata.annotations.contains_key(SELECTED_NODE));
}

/// CACHE-5: a write that changes nothing has no version, no entry in the journal and wakes nobody.
#[test]
fn a_write_that_changes_nothing_is_none() {
    let (pv_bound, claim_bound) = bound(volume("pv", "5Gi"), claim("data", "1Gi"));
    let mut cluster = restored([pv_bound, claim_bound]);
    cluster.settle().unwrap();
    let (version, before) = (cluster.volume("pv").unwrap().metadata.resource_version, cluster.journal().len());
    let same = cluster.volume("pv").unwrap().clone();
    cluster.replace(&pv("pv"), same).unwrap();
    patch(&mut cluster, &pv("pv"), r#"{"spec": {"persistentVolumeReclaimPolicy": "Retain"}}"#).unwrap();
    assert_eq!(cluster.volume("pv").unwrap().metadata.resource_version, version);
    assert_eq!(cluster.journal().len(), before);
    assert!(cluster.enabled().is_empty());
}
