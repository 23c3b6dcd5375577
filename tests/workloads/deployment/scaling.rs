//! Scaling and pausing.

use bindery::Kind;

use crate::deployment::world::{WEB, World};

/// `WL-13`: outside of a rollout one write does it, and it is no new revision.
#[test]
fn scaling_changes_the_size_of_the_newest_set() {
    let mut world = World::running(&[WEB]);
    world.change(r#"{"replicas": 5}"#);
    world.run();
    world.change(r#"{"replicas": 1}"#);
    world.run();
    assert_eq!((world.sizes(), world.pods().len()), (vec![1], 1));
    assert_eq!(world.scalings(), [(0, 0, 3), (0, 3, 5), (0, 5, 1)]);
    let annotation = |name: &str| world.sets()[0].metadata.annotations.get(name).unwrap().to_string();
    assert_eq!(annotation("deployment.kubernetes.io/desired-replicas"), "1");
    assert_eq!(annotation("deployment.kubernetes.io/max-replicas"), "2");
    assert_eq!(world.web().metadata.annotations.get("deployment.kubernetes.io/revision").unwrap(), "1");
}

/// `WL-13`: the example of Kubernetes' own documentation: 10 replicas, surge 3, unavailable 2, an image that does not
/// come; then 15 replicas. Three of the five go to the old set, two to the new one.
#[test]
fn in_the_middle_of_a_rollout_each_set_gets_its_share() {
    let ten = WEB.replace("replicas: 3", "replicas: 10");
    let strategy = "  strategy: {rollingUpdate: {maxSurge: 3, maxUnavailable: 2}}\n";
    let mut world = World::running(&[&format!("{ten}{strategy}")]);
    world.image("web:no-such-image");
    assert_eq!(world.sizes(), [8, 5]);
    world.change(r#"{"replicas": 15}"#);
    assert_eq!(world.sizes(), [11, 7]);
    // And back: what was given is taken, from the larger one first.
    world.change(r#"{"replicas": 10}"#);
    assert_eq!(world.sizes(), [8, 5]);
    world.change(r#"{"replicas": 0}"#);
    assert_eq!(world.sizes(), [0, 0]);
}

/// `WL-13`.
#[test]
fn a_paused_deployment_scales_but_does_not_roll() {
    let mut world = World::running(&[WEB]);
    world.change(r#"{"paused": true}"#);
    assert_eq!(world.condition("Progressing"), Some(("Unknown".to_owned(), "DeploymentPaused".to_owned())));
    world.image("web:2");
    world.run();
    assert_eq!(world.sizes(), [3]);
    world.change(r#"{"replicas": 4}"#);
    world.run();
    assert_eq!(world.sizes(), [4]);
    world.change(r#"{"paused": false}"#);
    assert_eq!(world.condition("Progressing").unwrap().1, "ReplicaSetUpdated");
    world.run();
    assert_eq!(world.sizes(), [0, 4]);
    assert_eq!(world.condition("Progressing").unwrap().1, "NewReplicaSetAvailable");
}

/// `WL-13`: nothing is made for a deployment that is paused from its first day.
#[test]
fn a_deployment_that_begins_paused_makes_nothing() {
    let mut world = World::running(&[&format!("{WEB}  paused: true\n")]);
    assert_eq!((world.sets().len(), world.pods().len()), (0, 0));
    assert_eq!(world.web().status.observed_generation, 1);
    world.change(r#"{"paused": false}"#);
    world.run();
    assert_eq!(world.pods().len(), 3);
}

/// `WL-13`: a pod that somebody deletes comes back under another name.
#[test]
fn a_deleted_pod_is_replaced() {
    let mut world = World::running(&[WEB]);
    let name = world.pod_names().remove(0);
    world.cluster.delete(&Kind::Pod.named(&*name)).unwrap();
    world.settle();
    // The replacement does not wait for the end of the old one.
    assert_eq!(world.pods().len(), 4);
    world.run();
    assert_eq!(world.pods().len(), 3);
    assert!(!world.pod_names().contains(&name));
}

/// `WL-13`: a size that somebody gives to the set itself does not last.
#[test]
fn the_size_of_a_set_follows_its_deployment() {
    let mut world = World::running(&[WEB]);
    let set = world.sets()[0].metadata.name.to_string();
    world.patch(&Kind::ReplicaSet.named(&*set), r#"{"spec": {"replicas": 7}}"#);
    world.run();
    assert_eq!((world.sizes(), world.pods().len()), (vec![3], 3));
}

/// A deployment with three sets of two pods each, in the middle of two rollouts.
fn three_of_two() -> World {
    let strategy = "  strategy: {rollingUpdate: {maxSurge: 2, maxUnavailable: 0}}\n";
    let mut world = World::running(&[&format!("{}{strategy}", WEB.replace("replicas: 3", "replicas: 4"))]);
    world.image("web:2");
    world.start_some(2);
    world.image("web:3");
    assert_eq!(world.sizes(), [2, 2, 2]);
    world
}

/// `WL-13`: what rounding leaves over goes to the newest of equal sets, and is taken from the oldest.
#[test]
fn what_rounding_leaves_over_goes_to_the_first() {
    let mut world = three_of_two();
    world.change(r#"{"replicas": 5}"#);
    assert_eq!(world.sizes(), [2, 2, 3]);
    // All of them know of it, so that the rollout goes on.
    world.run();
    assert_eq!(world.sizes(), [0, 0, 5]);
    let mut world = three_of_two();
    world.change(r#"{"replicas": 3}"#);
    assert_eq!(world.sizes()[0], 1);
    world.run();
    assert_eq!(world.sizes(), [0, 0, 3]);
}

/// `WL-13`: old sets are also removed while a deployment stands still, but none that has pods.
#[test]
fn a_paused_deployment_removes_old_sets_without_pods() {
    let mut world = World::running(&[WEB]);
    world.image("web:2");
    world.run();
    world.image("web:3");
    world.change(r#"{"paused": true}"#);
    let sizes = world.sizes();
    assert_eq!((sizes[0], sizes.len()), (0, 3));
    world.change(r#"{"revisionHistoryLimit": 0}"#);
    assert_eq!(world.sizes(), sizes[1..]);
}
