//! Adoption and release: whose a pod or a ReplicaSet is follows from labels, as long as nobody else manages it.

use bindery::{Actor, DeleteOptions, Fault, Kind, Propagation, Verb};

use crate::deployment::world::{LONE, WEB, World};

const STRAY: &str = "
apiVersion: v1
kind: Pod
metadata: {name: stray, labels: {app: lone}}
spec: {containers: [{name: lone, image: 'lone:1'}]}
";

/// `WL-13`.
#[test]
fn a_set_adopts_a_pod_that_it_selects_and_nobody_manages() {
    let world = World::with(&[STRAY, LONE]);
    assert_eq!(world.pod("stray").metadata.controller().unwrap().name, "lone");
    assert_eq!(world.pods().len(), 3);
    // Also one that comes later, which is then one too many: it has no node and the last name.
    let mut world = World::running(&[LONE]);
    world.cluster.apply_yaml(STRAY).unwrap();
    world.settle();
    assert!(world.cluster.pod("stray").is_none());
    let adopted = world.writes().into_iter().any(|(actor, object)| {
        actor == Actor::ReplicaSetController
            && object.metadata().name == "stray"
            && object.metadata().controller().is_some()
    });
    assert!(adopted);
}

/// `WL-13`.
#[test]
fn a_set_releases_a_pod_that_it_no_longer_selects() {
    let mut world = World::running(&[LONE]);
    let name = world.pod_names().remove(0);
    world.patch(&Kind::Pod.named(&*name), r#"{"metadata": {"labels": {"app": "other"}}}"#);
    world.settle();
    assert!(world.pod(&name).metadata.owner_references.is_empty());
    assert_eq!(world.pods().len(), 4);
    // Back among its own it is adopted again, and the youngest goes.
    world.patch(&Kind::Pod.named(&*name), r#"{"metadata": {"labels": {"app": "lone"}}}"#);
    world.run();
    assert_eq!(world.pod(&name).metadata.controller().unwrap().name, "lone");
    assert_eq!(world.cluster.replica_set("lone").unwrap().status.replicas, 3);
}

/// `WL-13`.
#[test]
fn a_pod_that_somebody_manages_is_left_alone() {
    let managed = STRAY.replace(
        "labels: {app: lone}}",
        "labels: {app: lone}, ownerReferences: [{apiVersion: example.com/v1, kind: Boss, name: b, uid: u, controller: true}]}",
    );
    let world = World::with(&[&managed, LONE]);
    assert_eq!(world.pod("stray").metadata.controller().unwrap().name, "b");
    assert_eq!(world.pods().len(), 4);
}

/// `WL-13`.
#[test]
fn orphans_of_a_deployment_are_taken_over_by_the_next_one() {
    let mut world = World::running(&[WEB]);
    let (sets, pods) = (world.sets(), world.pod_names());
    let orphan = DeleteOptions::default().propagation(Propagation::Orphan);
    world.cluster.delete_with(&Kind::Deployment.named("web"), &orphan).unwrap();
    world.run();
    assert!(world.sets()[0].metadata.owner_references.is_empty());
    world.cluster.apply_yaml(WEB).unwrap();
    world.run();
    assert_eq!(world.pod_names(), pods);
    assert_eq!(world.sets().len(), 1);
    assert_eq!(world.sets()[0].metadata.name, sets[0].metadata.name);
    assert_eq!(world.sets()[0].metadata.controller().unwrap().uid, world.web().metadata.uid);
    assert_eq!(world.web().status.available_replicas, 3);
}

/// `WL-13`: a selector without any label that must have a value still finds what it selects.
#[test]
fn a_selector_of_expressions_adopts_too() {
    let lone = LONE.replace("{matchLabels: {app: lone}}", "{matchExpressions: [{key: app, operator: Exists}]}");
    let mut world = World::with(&[STRAY, &lone]);
    assert_eq!(world.pod("stray").metadata.controller().unwrap().name, "lone");
    world.patch(&Kind::Pod.named("stray"), r#"{"metadata": {"labels": {"app": null}}}"#);
    world.settle();
    assert!(world.pod("stray").metadata.owner_references.is_empty());
    world.patch(&Kind::Pod.named("stray"), r#"{"metadata": {"labels": {"app": "x"}}}"#);
    world.settle();
    // It is adopted, and of four pods without a node the last by name goes.
    assert_eq!(world.pods().len(), 3);
}

/// `WL-13`: a set that cannot take what it selects makes nothing in its place.
#[test]
fn a_refused_adoption_ends_the_pass() {
    let mut world = World::empty();
    world.cluster.apply_yaml(STRAY).unwrap();
    world.cluster.inject(Fault::Conflict { verb: Verb::Update, kind: Kind::Pod });
    world.cluster.apply_yaml(LONE).unwrap();
    world.settle();
    assert_eq!(world.pod_names(), ["stray"]);
    world.advance(1);
    assert_eq!(world.pods().len(), 3);
    assert_eq!(world.pod("stray").metadata.controller().unwrap().name, "lone");
}
