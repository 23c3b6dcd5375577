//! Queues, triggers, retries and caches (`RUN-*`, `CACHE-*`, `HELP-13`).

use bindery::{Action, Actor, ClaimPhase, Cluster, Config, Controllers, Node, ObjectKey, ObjectMeta, VolumePhase};

use crate::world::{
    VolumeState, bound, claim, claim_phase, class, patch, pod, pv, pvc, restored, restored_into, rules, run_queues,
    volume, volume_of, volume_phase,
};

/// The objects that the volume controller has in its queues, in the order in which it would look at them.
fn queued(cluster: &Cluster) -> Vec<ObjectKey> {
    let mut fork = cluster.fork();
    let mut found = Vec::new();
    let start = fork.journal().len();
    while let Some(action) = next_in_queue(&fork) {
        found.extend(action.object().filter(|_| action.actor() == Actor::PersistentVolumeController).cloned());
        assert!(fork.take(&action));
    }
    let mut written = rules(&fork, start);
    // The kubelet of a new node says that it is well.
    written.retain(|rule| *rule != "WL-7");
    assert_eq!(written, [""; 0], "what is queued is expected to change nothing");
    found
}

fn next_in_queue(cluster: &Cluster) -> Option<Action> {
    cluster.enabled().into_iter().find(|action| action.object().is_some())
}

/// RUN-1: at the start every volume is known before the first claim is looked at, in the phase that it is stored in.
#[test]
fn the_first_look_at_a_claim_sees_every_volume_as_it_is_stored() {
    let mut cluster = restored([claim("data", "1Gi").into(), volume("pv", "5Gi").into()]);
    run_queues(&mut cluster);
    assert_eq!(volume_of(&cluster, "data"), "pv", "the claim was queued before the volume, and found it");
    let pending = volume("pv", "5Gi").in_phase(VolumePhase::Pending);
    let mut cluster = restored([claim("data", "1Gi").into(), pending.into()]);
    run_queues(&mut cluster);
    assert_eq!(volume_of(&cluster, "data"), "", "a volume that was never looked at is no candidate");
}

/// RUN-2: a volume and a claim may be looked at side by side, but never two claims, nor one twice.
#[test]
fn each_queue_has_one_worker() {
    let mut config = Config::default();
    config.controllers = Controllers::PERSISTENT_VOLUMES;
    let objects = [claim("first", "1Gi").into(), claim("second", "1Gi").into(), volume("pv", "5Gi").into()];
    let mut cluster = restored_into(Cluster::new(config), objects);
    let begin = |cluster: &Cluster, key: &ObjectKey| {
        let actions = cluster.enabled().into_iter();
        actions.filter(|action| action.object() == Some(key) && action.to_string().contains("looks at")).count()
    };
    let first = next_in_queue(&cluster).unwrap();
    assert_eq!(first.object(), Some(&pvc("first")));
    assert!(cluster.take(&first), "its first write is done, three are to come");
    assert_eq!(begin(&cluster, &pvc("second")), 0, "the worker is busy");
    assert_eq!(begin(&cluster, &pvc("first")), 0, "nor is the same claim begun again");
    assert_eq!(begin(&cluster, &pv("pv")), 1, "the other worker is idle");
}

/// RUN-3: first in, first out, and no key twice.
#[test]
fn keys_are_taken_in_order_and_wait_once() {
    let mut config = Config::default();
    config.controllers = Controllers::PERSISTENT_VOLUMES;
    let claims = ["c", "a", "b"].map(|name| claim(name, "1Gi").into());
    let mut cluster = restored_into(Cluster::new(config), claims);
    patch(&mut cluster, &pvc("c"), r#"{"metadata": {"labels": {"a": "b"}}}"#).unwrap();
    assert_eq!(cluster.enabled().iter().filter(|action| action.object().is_some()).count(), 1, "one for each worker");
    let mut order = Vec::new();
    while let Some(action) = next_in_queue(&cluster) {
        order.extend(action.object().cloned());
        cluster.take(&action);
    }
    assert_eq!(order, [pvc("c"), pvc("a"), pvc("b")]);
}

/// RUN-3: a key that is added while it is looked at is put back when that has ended.
#[test]
fn a_key_that_changes_while_it_is_looked_at_is_looked_at_again() {
    let mut config = Config::default();
    config.controllers = Controllers::PERSISTENT_VOLUMES;
    let mut cluster = restored_into(Cluster::new(config), [volume("pv", "5Gi").into(), claim("data", "1Gi").into()]);
    while volume_phase(&cluster, "pv") != VolumePhase::Bound {
        cluster.step().expect("the claim is going to be bound");
    }
    patch(&mut cluster, &pvc("data"), r#"{"metadata": {"labels": {"a": "b"}}}"#).unwrap();
    run_queues(&mut cluster);
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound, "the conflict was healed without a resync");
}

/// RUN-4: what is added, updated or deleted is queued.
#[test]
fn a_change_of_a_volume_or_a_claim_queues_it() {
    let mut cluster = restored([volume("pv", "5Gi").into(), claim("data", "9Gi").into()]);
    let queued = |cluster: &Cluster| -> Vec<ObjectKey> {
        let actions = cluster.enabled().into_iter();
        let own = actions.filter(|action| action.actor() == Actor::PersistentVolumeController);
        own.filter_map(|action| action.object().cloned()).collect()
    };
    assert_eq!(queued(&cluster), [pv("pv"), pvc("data")], "added");
    cluster.settle().unwrap();
    assert!(cluster.enabled().is_empty());
    for key in [pv("pv"), pvc("data")] {
        patch(&mut cluster, &key, r#"{"metadata": {"labels": {"a": "b"}}}"#).unwrap();
        assert_eq!(queued(&cluster).iter().collect::<Vec<_>>(), [&key], "updated");
        cluster.settle().unwrap();
        cluster.remove(&key).unwrap();
        assert_eq!(queued(&cluster), [key], "deleted");
        cluster.settle().unwrap();
    }
}

/// RUN-4, DET-8: a resync queues the volumes and then the claims, each in the order of creation.
#[test]
fn a_resync_queues_volumes_and_then_claims_in_the_order_of_creation() {
    let mut config = Config::default();
    config.controllers = Controllers::PERSISTENT_VOLUMES;
    let claims = ["z", "y"].map(|name| claim(name, "9Gi").into());
    let mut cluster = restored_into(Cluster::new(config), claims);
    cluster.restore(volume("b", "1Gi")).unwrap();
    cluster.restore(claim("x", "9Gi")).unwrap();
    cluster.restore(volume("a", "1Gi")).unwrap();
    run_queues(&mut cluster);
    assert!(!cluster.enabled().iter().any(|action| action.object().is_none()), "nothing that it looked at has changed");
    cluster.resync();
    let resync = cluster.enabled().into_iter().find(|action| action.object().is_none()).unwrap();
    assert!(cluster.take(&resync));
    assert_eq!(queued(&cluster), [pv("b"), pv("a"), pvc("z"), pvc("y"), pvc("x")]);
}

/// RUN-5: classes, pods and nodes queue no claim; the next resync sees them.
#[test]
fn classes_pods_and_nodes_queue_nothing() {
    let mut config = Config::default();
    config.controllers = Controllers::PERSISTENT_VOLUMES;
    let mut cluster = restored_into(Cluster::new(config), [claim("data", "1Gi").into()]);
    cluster.settle().unwrap();
    cluster.create(class("gold").as_default()).unwrap();
    cluster.create(pod("web", &["data"])).unwrap();
    cluster.create(Node { metadata: ObjectMeta::named("node-1"), ..Node::default() }).unwrap();
    assert_eq!(queued(&cluster), []);
    cluster.settle().unwrap();
    assert_eq!(cluster.claim("data").unwrap().class_name(), "gold");
}

/// RUN-5, SCEN-2: a volume that becomes available, or is reserved, or is named by a claim, queues no claim.
#[test]
fn a_volume_that_appears_queues_no_claim() {
    let named = claim("named", "1Gi").with_volume("named");
    let mut cluster = restored([claim("any", "1Gi").into(), claim("reserved", "1Gi").into(), named.into()]);
    cluster.settle().unwrap();
    let fresh = |name: &str| volume(name, "1Gi").in_phase(VolumePhase::Pending);
    cluster.restore(fresh("any")).unwrap();
    cluster.restore(fresh("reserved").reserved_for("default", "reserved")).unwrap();
    cluster.restore(fresh("named")).unwrap();
    run_queues(&mut cluster);
    for name in ["any", "reserved", "named"] {
        assert_eq!(volume_phase(&cluster, name), VolumePhase::Available);
        assert_eq!(claim_phase(&cluster, name), ClaimPhase::Pending);
    }
    cluster.settle().unwrap();
    for name in ["any", "reserved", "named"] {
        assert_eq!(claim_phase(&cluster, name), ClaimPhase::Bound);
        assert_eq!(volume_of(&cluster, name), name);
    }
}

/// RUN-6: a key of which neither the API nor the cache has an object is passed over.
#[test]
fn a_volume_that_nobody_saw_leaves_no_trace() {
    let mut cluster = restored([claim("data", "9Gi").into()]);
    cluster.settle().unwrap();
    cluster.restore_unseen(volume("pv", "5Gi").reserved_for("default", "data")).unwrap();
    cluster.remove(&pv("pv")).unwrap();
    assert_eq!(queued(&cluster), [pv("pv")], "the claim that it points at is not queued");
}

/// RUN-6, RUN-10, DET-23: a claim that was deleted and made again before anybody looked is seen as updated only.
#[test]
fn a_claim_that_was_made_again_at_once_is_seen_as_updated() {
    let (pv_bound, claim_bound) = bound(volume("pv", "5Gi"), claim("data", "1Gi"));
    let mut cluster = restored([pv_bound, claim_bound]);
    cluster.settle().unwrap();
    cluster.remove(&pvc("data")).unwrap();
    cluster.create(claim("data", "1Gi")).unwrap();
    run_queues(&mut cluster);
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Bound, "nobody was told of the deletion");
    cluster.settle().unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Released, "the resync finds another uid");
}

/// RUN-9: a deleted volume queues the claim that it pointed at, with or without a uid.
#[test]
fn a_deleted_volume_queues_its_claim() {
    for with_uid in [true, false] {
        let asking = claim("data", "9Gi");
        let points = volume("pv", "1Gi").with_modes([]);
        let points = if with_uid { points.bound_to(&asking) } else { points.reserved_for("default", "data") };
        let mut cluster = restored([asking.into(), points.into()]);
        cluster.settle().unwrap();
        cluster.remove(&pv("pv")).unwrap();
        assert_eq!(queued(&cluster), [pv("pv"), pvc("data")]);
    }
    let mut cluster = restored([volume("pv", "1Gi").into(), claim("data", "9Gi").into()]);
    cluster.settle().unwrap();
    cluster.remove(&pv("pv")).unwrap();
    assert_eq!(queued(&cluster), [pv("pv")], "it pointed nowhere");
}

/// RUN-10: a deleted claim queues the volume that it named, and no volume that only pointed at it.
#[test]
fn a_deleted_claim_queues_the_volume_that_it_named() {
    let (pv_bound, claim_bound) = bound(volume("pv", "5Gi"), claim("data", "1Gi"));
    let mut cluster = restored([pv_bound, claim_bound]);
    cluster.settle().unwrap();
    cluster.remove(&pvc("data")).unwrap();
    run_queues(&mut cluster);
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Released);

    let pointed_at = claim("data", "9Gi");
    let points = volume("pv", "5Gi").bound_to(&pointed_at).in_phase(VolumePhase::Pending);
    let mut cluster = restored([points.into(), pointed_at.into()]);
    cluster.settle().unwrap();
    cluster.remove(&pvc("data")).unwrap();
    run_queues(&mut cluster);
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Pending, "it hears of it at the next resync");
    cluster.settle().unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Released);
}

/// HELP-13: the key of a volume is its name, that of a claim has its namespace, and a reference makes the same key.
#[test]
fn keys_are_names_with_the_namespace_where_there_is_one() {
    let volume = volume("pv", "1Gi").reserved_for("shop", "data");
    assert_eq!(bindery::Object::from(volume.clone()).reference().to_string(), "PersistentVolume pv");
    let mut asking = claim("data", "1Gi");
    asking.metadata.namespace = "shop".into();
    assert_eq!(asking.key().to_string(), "shop/data");
    let reference = volume.spec.claim_ref.as_ref().unwrap();
    assert_eq!(asking.key(), bindery::ClaimKey::new(&reference.namespace, &reference.name));
    let mut cluster = restored([claim("data", "1Gi").into(), asking.into(), volume.into()]);
    cluster.settle().unwrap();
    assert_eq!((volume_of(&cluster, "data").as_str(), volume_of(&cluster, "shop/data").as_str()), ("", "pv"));
}
