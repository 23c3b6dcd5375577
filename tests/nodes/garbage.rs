//! The garbage collector: background, foreground and orphan deletion, several owners, circles.

use std::time::Duration;

use bindery::{Actor, Cluster, DeleteOptions, Fault, Kind, Propagation, Uid, Verb};

use crate::world::{add, delete, delete_with, exists, key, node, patch, settled, user, writes};

/// A ConfigMap, the plainest thing that can own and be owned.
fn thing(name: &str, owners: &str, finalizers: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, ownerReferences: [{owners}], finalizers: [{finalizers}]}}}}"
    )
}

fn uid(cluster: &Cluster, kind: Kind, name: &str) -> Uid {
    cluster.get(&key(kind, name)).unwrap().metadata().uid.clone()
}

/// A reference to a ConfigMap of the cluster; `block` where it blocks the deletion of its owner.
fn by(cluster: &Cluster, owner: &str, block: bool) -> String {
    let uid = uid(cluster, Kind::ConfigMap, owner);
    format!("{{apiVersion: v1, kind: ConfigMap, name: {owner}, uid: '{uid}', blockOwnerDeletion: {block}}}")
}

/// A ConfigMap with an owner.
fn owned(cluster: &mut Cluster, name: &str, owner: &str, block: bool) {
    let owner = by(cluster, owner, block);
    add(cluster, &thing(name, &owner, ""));
}

fn has(cluster: &Cluster, name: &str) -> bool {
    exists(cluster, Kind::ConfigMap, name)
}

fn owners(cluster: &Cluster, kind: Kind, name: &str) -> Vec<String> {
    let object = cluster.get(&key(kind, name)).unwrap();
    object.metadata().owner_references.iter().map(|owner| owner.name.to_string()).collect()
}

fn with(propagation: Propagation) -> DeleteOptions {
    DeleteOptions::default().propagation(propagation)
}

/// Who deleted which ConfigMaps, in order.
fn deletions(cluster: &Cluster) -> Vec<(Actor, String)> {
    let gone = writes(cluster, Verb::Delete, Kind::ConfigMap).into_iter().filter(|record| record.after.is_none());
    gone.map(|record| (record.actor.clone(), record.before.as_ref().unwrap().metadata().name.to_string())).collect()
}

#[test]
fn in_the_background_the_owner_goes_first_and_what_it_owned_follows() {
    // STS-34
    let mut cluster = settled(&thing("owner", "", ""));
    owned(&mut cluster, "child", "owner", true);
    owned(&mut cluster, "grandchild", "child", true);
    delete(&mut cluster, Kind::ConfigMap, "owner");
    let collector = |name: &str| (Actor::GarbageCollector, name.to_owned());
    let expected = [(Actor::User, "owner".to_owned()), collector("child"), collector("grandchild")];
    assert_eq!(deletions(&cluster), expected);
}

#[test]
fn in_the_foreground_the_owner_goes_last() {
    // STS-34: each waits for those that block it, generation by generation.
    let mut cluster = settled(&thing("owner", "", ""));
    owned(&mut cluster, "child", "owner", true);
    owned(&mut cluster, "grandchild", "child", true);
    cluster.delete_with(&key(Kind::ConfigMap, "owner"), &with(Propagation::Foreground)).unwrap();
    let owner = cluster.get(&key(Kind::ConfigMap, "owner")).unwrap();
    assert!(owner.metadata().is_deleting() && owner.metadata().has_finalizer("foregroundDeletion"));
    cluster.settle().unwrap();
    let journal = cluster.journal().iter().filter_map(|entry| entry.write());
    let gone = journal.filter(|record| record.after.is_none());
    let gone: Vec<String> = gone.map(|record| record.before.as_ref().unwrap().metadata().name.to_string()).collect();
    assert_eq!(gone, ["grandchild", "child", "owner"]);
}

#[test]
fn a_foreground_deletion_waits_only_for_dependents_that_block_it() {
    // STS-34
    for (block, waits) in [(true, true), (false, false)] {
        let mut cluster = settled(&thing("owner", "", ""));
        let owner = by(&cluster, "owner", block);
        add(&mut cluster, &thing("held", &owner, "example.com/hold"));
        delete_with(&mut cluster, Kind::ConfigMap, "owner", &with(Propagation::Foreground));
        assert_eq!(has(&cluster, "owner"), waits, "blockOwnerDeletion: {block}");
        assert!(cluster.get(&key(Kind::ConfigMap, "held")).unwrap().metadata().is_deleting());
        patch(&mut cluster, Kind::ConfigMap, "held", r#"{"metadata": {"finalizers": null}}"#).unwrap();
        assert!(!has(&cluster, "held") && !has(&cluster, "owner"));
    }
}

#[test]
fn orphans_lose_their_reference_and_stay() {
    // STS-34, STSPVC-22
    let mut cluster = settled(&(thing("owner", "", "") + "\n---\n" + &thing("other", "", "")));
    let both = format!("{}, {}", by(&cluster, "owner", true), by(&cluster, "other", true));
    add(&mut cluster, &thing("shared", &both, ""));
    owned(&mut cluster, "child", "owner", true);
    owned(&mut cluster, "grandchild", "child", true);
    delete_with(&mut cluster, Kind::ConfigMap, "owner", &with(Propagation::Orphan));
    assert!(!has(&cluster, "owner"));
    assert!(owners(&cluster, Kind::ConfigMap, "child").is_empty());
    assert_eq!(owners(&cluster, Kind::ConfigMap, "shared"), ["other"]);
    assert_eq!(owners(&cluster, Kind::ConfigMap, "grandchild"), ["child"]);
}

/// An owner of three that is being orphaned, at the point where the first of them has lost its reference.
fn orphaning() -> Cluster {
    let mut cluster = settled(&thing("owner", "", ""));
    for child in ["a", "b", "c"] {
        owned(&mut cluster, child, "owner", true);
    }
    cluster.delete_with(&key(Kind::ConfigMap, "owner"), &with(Propagation::Orphan)).unwrap();
    while !owners(&cluster, Kind::ConfigMap, "a").is_empty() {
        cluster.step().unwrap();
    }
    assert_eq!(owners(&cluster, Kind::ConfigMap, "b"), ["owner"]);
    cluster
}

#[test]
fn a_reference_that_comes_back_while_others_are_orphaned_is_kept_and_followed() {
    // STSPVC-22: only those that depended on the owner when the work began are orphaned, each once.
    let mut cluster = orphaning();
    let owner = by(&cluster, "owner", true);
    cluster.apply_yaml(&thing("a", &owner, "")).unwrap();
    add(&mut cluster, &thing("late", &owner, ""));
    assert!(!has(&cluster, "owner") && !has(&cluster, "a") && !has(&cluster, "late"));
    assert!(has(&cluster, "b") && has(&cluster, "c"));
}

#[test]
fn a_dependent_that_cannot_be_orphaned_keeps_the_owner_and_no_other_dependent() {
    // STSPVC-22: the others are orphaned, then the work fails and is tried again.
    let mut cluster = orphaning();
    let (verb, kind) = (Verb::Update, Kind::ConfigMap);
    cluster.inject(Fault::ServerError { verb, kind, message: "no".into() });
    cluster.settle().unwrap();
    assert_eq!(owners(&cluster, Kind::ConfigMap, "b"), ["owner"]);
    assert!(owners(&cluster, Kind::ConfigMap, "c").is_empty() && has(&cluster, "owner"));
    cluster.advance(Duration::from_secs(1)).unwrap();
    assert!(owners(&cluster, Kind::ConfigMap, "b").is_empty() && !has(&cluster, "owner"));
}

#[test]
fn the_finalizer_of_an_orphaning_owner_is_tried_four_times() {
    // STSPVC-22: conflicts with other writers do not fail the work at once.
    for (conflicts, goes) in [(3, true), (4, false)] {
        let mut cluster = orphaning();
        while !owners(&cluster, Kind::ConfigMap, "c").is_empty() {
            cluster.step().unwrap();
        }
        for _ in 0..conflicts {
            cluster.inject(Fault::Conflict { verb: Verb::Update, kind: Kind::ConfigMap });
        }
        cluster.settle().unwrap();
        assert_eq!(has(&cluster, "owner"), !goes, "{conflicts} conflicts");
        cluster.advance(Duration::from_secs(1)).unwrap();
        assert!(!has(&cluster, "owner"));
    }
}

#[test]
fn orphaning_minds_who_goes_meanwhile() {
    // STSPVC-22: a dependent that is gone needs nothing, another one of its name is not touched, and an owner that is
    // gone is done with.
    let mut cluster = orphaning();
    cluster.remove(&key(Kind::ConfigMap, "b")).unwrap();
    cluster.remove(&key(Kind::ConfigMap, "c")).unwrap();
    cluster.apply_yaml(&thing("c", "", "")).unwrap();
    cluster.settle().unwrap();
    assert!(has(&cluster, "owner"), "c is not the one that was meant");
    cluster.advance(Duration::from_secs(1)).unwrap();
    assert!(!has(&cluster, "owner") && has(&cluster, "c"));

    let mut cluster = orphaning();
    cluster.remove(&key(Kind::ConfigMap, "owner")).unwrap();
    cluster.settle().unwrap();
    assert!(has(&cluster, "a") && has(&cluster, "b") && has(&cluster, "c"));
    assert!(owners(&cluster, Kind::ConfigMap, "c").is_empty(), "what has begun goes on");
}

#[test]
fn what_has_another_owner_only_loses_the_reference() {
    // STSPVC-22
    let mut cluster = settled(&(thing("one", "", "") + "\n---\n" + &thing("two", "", "")));
    let both = format!("{}, {}", by(&cluster, "one", true), by(&cluster, "two", true));
    add(&mut cluster, &thing("child", &both, ""));
    delete(&mut cluster, Kind::ConfigMap, "one");
    assert_eq!(owners(&cluster, Kind::ConfigMap, "child"), ["two"]);
    delete(&mut cluster, Kind::ConfigMap, "two");
    assert!(!has(&cluster, "child"));
}

#[test]
fn a_foreground_deletion_does_not_wait_for_what_has_another_owner() {
    // STSPVC-22: the reference is taken away, or the owner would never go.
    let mut cluster = settled(&(thing("one", "", "") + "\n---\n" + &thing("two", "", "")));
    let both = format!("{}, {}", by(&cluster, "one", true), by(&cluster, "two", true));
    add(&mut cluster, &thing("child", &both, ""));
    delete_with(&mut cluster, Kind::ConfigMap, "one", &with(Propagation::Foreground));
    assert!(!has(&cluster, "one"));
    assert_eq!(owners(&cluster, Kind::ConfigMap, "child"), ["two"]);
}

#[test]
fn an_owner_made_again_under_its_name_is_another_one() {
    // STSPVC-22: the uid is compared.
    let mut cluster = settled(&thing("owner", "", ""));
    owned(&mut cluster, "child", "owner", true);
    cluster.delete(&key(Kind::ConfigMap, "owner")).unwrap();
    add(&mut cluster, &thing("owner", "", ""));
    assert!(has(&cluster, "owner") && !has(&cluster, "child"));
}

#[test]
fn an_owner_of_a_kind_that_is_not_simulated_is_taken_to_exist() {
    let job = "{apiVersion: batch/v1, kind: Job, name: job, uid: some, blockOwnerDeletion: true}";
    let mut cluster = settled(&thing("owner", "", ""));
    let both = format!("{job}, {}", by(&cluster, "owner", true));
    add(&mut cluster, &(thing("child", job, "") + "\n---\n" + &thing("shared", &both, "")));
    delete(&mut cluster, Kind::ConfigMap, "owner");
    assert_eq!(owners(&cluster, Kind::ConfigMap, "child"), ["job"]);
    assert_eq!(owners(&cluster, Kind::ConfigMap, "shared"), ["job"]);
}

#[test]
fn what_has_no_namespace_is_not_collected_for_an_owner_that_has_one() {
    let volume = "
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv, ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: gone, uid: some}]}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], nfs: {server: s, path: /p}}";
    let cluster = settled(volume);
    assert_eq!(owners(&cluster, Kind::PersistentVolume, "pv"), ["gone"]);
    let cluster = settled(&volume.replace("kind: ConfigMap", "kind: Node"));
    assert!(cluster.volume("pv").is_none(), "a node that does not exist is an owner that is gone");
}

#[test]
fn a_circle_of_owners_goes_in_the_foreground_too() {
    let mut cluster = settled(&thing("a", "", ""));
    owned(&mut cluster, "b", "a", true);
    let owner = by(&cluster, "b", true);
    add(&mut cluster, &thing("a", &owner, ""));
    delete_with(&mut cluster, Kind::ConfigMap, "a", &with(Propagation::Foreground));
    assert!(!has(&cluster, "a") && !has(&cluster, "b"));
}

#[test]
fn what_the_collector_deletes_keeps_the_way_that_its_finalizers_ask_for() {
    let mut cluster = settled(&thing("owner", "", ""));
    let owner = by(&cluster, "owner", true);
    add(&mut cluster, &thing("child", &owner, "orphan"));
    owned(&mut cluster, "grandchild", "child", true);
    delete(&mut cluster, Kind::ConfigMap, "owner");
    assert!(!has(&cluster, "child"));
    assert!(owners(&cluster, Kind::ConfigMap, "grandchild").is_empty());
}

#[test]
fn pods_go_from_the_highest_ordinal_then_claims_then_the_rest() {
    // ND-7
    let mut cluster = settled(&thing("owner", "", ""));
    let owner = by(&cluster, "owner", true);
    add(&mut cluster, &thing("revision", &owner, ""));
    let claim = |name: &str| {
        format!(
            "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: {name}, ownerReferences: [{owner}]}}, \
             spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}}}"
        )
    };
    let pod = |name: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, ownerReferences: [{owner}]}}, \
             spec: {{nodeSelector: {{no: node}}, containers: [{{name: c, image: nginx}}]}}}}"
        )
    };
    for document in [claim("b"), claim("a"), pod("web-2"), pod("web-10"), pod("web-0")] {
        add(&mut cluster, &document);
    }
    let from = cluster.journal().iter().count();
    delete(&mut cluster, Kind::ConfigMap, "owner");
    let writes = cluster.journal().since(from).filter_map(|entry| entry.write());
    let requests = writes.filter(|record| record.verb == Verb::Delete && record.actor == Actor::GarbageCollector);
    let names: Vec<String> =
        requests.map(|record| record.before.as_ref().unwrap().metadata().name.to_string()).collect();
    assert_eq!(names, ["web-10", "web-2", "web-0", "a", "b", "revision"]);
}

/// A pod on a node that owns the claim that it uses.
fn pod_with_its_claim() -> Cluster {
    let claim = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: '', \
                 accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}";
    let mut cluster = settled(&[&node("n1"), claim, &user("web-0", "n1", "data")].join("\n---\n"));
    let uid = uid(&cluster, Kind::Pod, "web-0");
    let owner = format!(
        r#"{{"apiVersion": "v1", "kind": "Pod", "name": "web-0", "uid": "{uid}", "blockOwnerDeletion": true}}"#
    );
    let owners = format!(r#"{{"metadata": {{"ownerReferences": [{owner}]}}}}"#);
    patch(&mut cluster, Kind::PersistentVolumeClaim, "data", &owners).unwrap();
    cluster
}

#[test]
fn the_claim_of_a_pod_goes_with_the_pod() {
    // STSPVC-22, PROT-15: not while the pod is merely terminating.
    let mut cluster = pod_with_its_claim();
    cluster.hold("web-0", bindery::Hold::Termination);
    delete(&mut cluster, Kind::Pod, "web-0");
    assert!(!cluster.claim("data").unwrap().metadata.is_deleting());
    cluster.release("web-0", bindery::Hold::Termination);
    cluster.settle().unwrap();
    assert!(cluster.pod("web-0").is_none() && cluster.claim("data").is_none());
}

#[test]
fn a_pod_deleted_in_the_foreground_and_its_claim_wait_for_each_other() {
    // STSPVC-22, PROT-4: the kubelet stops the pod and takes no finalizer away.
    let mut cluster = pod_with_its_claim();
    delete_with(&mut cluster, Kind::Pod, "web-0", &with(Propagation::Foreground));
    let pod = cluster.pod("web-0").unwrap();
    assert!(pod.metadata.has_finalizer("foregroundDeletion"));
    assert_eq!(pod.metadata.deletion_grace_period_seconds, Some(0));
    assert!(cluster.claim("data").unwrap().metadata.is_deleting());
    patch(&mut cluster, Kind::Pod, "web-0", r#"{"metadata": {"finalizers": null}}"#).unwrap();
    assert!(cluster.pod("web-0").is_none() && cluster.claim("data").is_none());
}
