//! When the claims of a set go (`STSPVC-20` to `STSPVC-25`).

use bindery::{DeleteOptions, Kind, Propagation};

use super::world::{PARALLEL, World, retention, web};

const SET: &[&str] = &["StatefulSet/web"];
const NONE: &[&str] = &[];

/// STSPVC-20, STSPVC-21: who owns the claims of pods that stay, and of pods that go, from before the first has gone.
#[test]
fn owners_follow_the_policy() {
    let table = [
        ("Retain", "Retain", NONE, [NONE, NONE]),
        ("Delete", "Retain", SET, [SET, SET]),
        ("Retain", "Delete", NONE, [&["Pod/web-1"], &["Pod/web-2"]]),
        ("Delete", "Delete", SET, [&["Pod/web-1"], &["Pod/web-2"]]),
    ];
    for (deleted, scaled, kept, condemned) in table {
        let mut world = World::running(&web(3, &retention(deleted, scaled)));
        for claim in ["data-web-0", "data-web-1", "data-web-2"] {
            assert_eq!(world.owners(claim), kept, "{deleted} {scaled}");
        }
        world.scale(1);
        world.run();
        assert_eq!(world.pods(), ["-web-2", "web-0", "web-1"]);
        assert_eq!(world.owners("data-web-0"), kept);
        assert_eq!([world.owners("data-web-1"), world.owners("data-web-2")], condemned, "{deleted} {scaled}");
    }
}

/// STSPVC-22: which claims are left when the set is deleted, and when it is scaled down.
#[test]
fn claims_go_with_their_owners() {
    let all = ["data-web-0", "data-web-1", "data-web-2"];
    for (deleted, scaled, after_scaling, after_deletion) in [
        ("Retain", "Retain", &all[..], &all[..]),
        ("Delete", "Retain", &all[..], &all[..0]),
        ("Retain", "Delete", &all[..1], &all[..1]),
        ("Delete", "Delete", &all[..1], &all[..0]),
    ] {
        let mut world = World::running(&web(3, &retention(deleted, scaled)));
        world.scale(1);
        world.run_through();
        assert_eq!(world.claims(), after_scaling, "{deleted} {scaled}");
        world.delete(Kind::StatefulSet, "web");
        world.run_through();
        assert_eq!(world.claims(), after_deletion, "{deleted} {scaled}");
    }
}

/// STSPVC-22: a pod that is deleted and stays in range keeps its claim under any policy.
#[test]
fn deleting_a_pod_by_hand_deletes_no_claim() {
    let mut world = World::running(&web(2, &retention("Delete", "Delete")));
    let uid = world.cluster.claim("data-web-1").unwrap().metadata.uid.clone();
    world.delete(Kind::Pod, "web-1");
    world.run_through();
    assert_eq!(world.cluster.claim("data-web-1").unwrap().metadata.uid, uid);
}

/// STS-34, STSPVC-22: with orphans everything survives without its owner.
#[test]
fn orphaned_claims_survive() {
    let mut world = World::running(&web(2, &retention("Delete", "Delete")));
    let options = DeleteOptions::default().propagation(Propagation::Orphan);
    world.cluster.delete_with(&Kind::StatefulSet.named("web"), &options).unwrap();
    world.run_through();
    assert_eq!((world.pods(), world.claims().len()), (vec!["web-0".to_owned(), "web-1".to_owned()], 2));
    assert!(world.owners("data-web-0").is_empty());
    assert_eq!(world.names(Kind::ControllerRevision).len(), 1);
}

/// PROT-15: a claim that goes with its set waits for the pod, one that goes with its pod is marked only afterwards.
#[test]
fn protection_delays_what_goes_with_the_set() {
    let mut world = World::running(&web(2, &retention("Delete", "Delete")));
    world.scale(1);
    world.run();
    assert_eq!(
        (world.pods(), world.claims()),
        (vec!["-web-1".to_owned(), "web-0".to_owned()], vec!["data-web-0".to_owned(), "data-web-1".to_owned()],)
    );
    world.run_through();
    world.delete(Kind::StatefulSet, "web");
    world.run();
    assert_eq!((world.pods(), world.claims()), (vec!["-web-0".to_owned()], vec!["-data-web-0".to_owned()]));
    world.run_through();
    assert!(world.claims().is_empty());
}

/// STSPVC-23, STSPVC-21: another policy counts for pods that exist; the pod is written along, with an event.
#[test]
fn another_policy_counts_for_pods_that_exist() {
    let mut world = World::running(&web(3, ""));
    world.scale(1);
    world.run_through();
    let mark = world.mark();
    world.patch(r#"{"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}}"#);
    world.run();
    assert_eq!((world.owners("data-web-0"), world.owners("data-web-1")), (vec!["StatefulSet/web".to_owned()], vec![]));
    assert_eq!(world.events(mark), ["Normal SuccessfulUpdate Update Pod web-0 in StatefulSet web successful"]);
    world.patch(r#"{"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain"}}}"#);
    world.run();
    assert!(world.owners("data-web-0").is_empty());
}

/// STSPVC-21: a pod that is not healthy keeps the owners of its claims until it is, where pods are made in order.
#[test]
fn owners_change_when_the_pod_is_healthy() {
    for (mode, owners) in [("", NONE), (PARALLEL, SET)] {
        let mut world = World::running(&web(1, mode));
        world.hold(&["web-0"]);
        world.patch(r#"{"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}}"#);
        world.run();
        assert_eq!(world.owners("data-web-0"), owners);
    }
}

/// STSPVC-24: claims of pods that are wanted again lose the reference to them; that of a pod that stops already does
/// only where nobody waits.
#[test]
fn scaling_up_midway_takes_claims_back() {
    for (mode, kept) in [("", false), (PARALLEL, true)] {
        let mut world = World::running(&web(3, &(mode.to_owned() + &retention("Retain", "Delete"))));
        let uid = world.cluster.claim("data-web-2").unwrap().metadata.uid.clone();
        world.scale(1);
        world.run();
        assert_eq!(world.owners("data-web-1"), ["Pod/web-1"]);
        world.scale(3);
        world.run();
        let owners: &[&str] = if kept { NONE } else { &["Pod/web-2"] };
        assert_eq!(world.owners("data-web-2"), owners);
        world.run_through();
        assert_eq!(world.pods(), ["web-0", "web-1", "web-2"]);
        assert_eq!(world.cluster.claim("data-web-2").unwrap().metadata.uid == uid, kept);
    }
}

/// STSPVC-25, ND-11: a claim that belongs to an earlier pod holds up the next, silently, until it is collected.
#[test]
fn a_stale_claim_is_awaited_in_silence() {
    let mut world = World::new();
    world.restore(
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-web-0, finalizers: [example.com/hold], \
         ownerReferences: [{apiVersion: v1, kind: Pod, name: web-0, uid: gone, controller: true}]}, spec: {}}",
    );
    world.apply(&web(2, &retention("Retain", "Delete")));
    world.run();
    assert_eq!((world.claims(), world.pods()), (vec!["-data-web-0".to_owned()], vec![]));
    assert!(world.events(0).is_empty(), "not even that it is being deleted");
    world.cluster.remove(&Kind::PersistentVolumeClaim.named("data-web-0")).unwrap();
    world.run();
    assert_eq!(world.pods(), ["web-0", "web-1"]);
}
