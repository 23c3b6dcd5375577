//! The status of a deployment: conditions, progress, the deadline in virtual time.

use std::time::Duration;

use bindery::Kind;

use crate::deployment::world::{WEB, World};

fn known(status: &str, reason: &str) -> (String, String) {
    (status.to_owned(), reason.to_owned())
}

/// `WL-13`.
#[test]
fn conditions_follow_a_rollout() {
    let mut world = World::with(&[WEB]);
    assert_eq!(world.condition("Available").unwrap(), known("False", "MinimumReplicasUnavailable"));
    assert_eq!(world.condition("Progressing").unwrap(), known("True", "ReplicaSetUpdated"));
    let status = world.web().status.clone();
    assert_eq!((status.replicas, status.unavailable_replicas, status.observed_generation), (3, 3, 1));
    world.run();
    assert_eq!(world.condition("Available").unwrap(), known("True", "MinimumReplicasAvailable"));
    assert_eq!(world.condition("Progressing").unwrap(), known("True", "NewReplicaSetAvailable"));
    let set = world.sets()[0].metadata.name.clone();
    let conditions = world.web().status.conditions.clone();
    let messages: Vec<&str> = conditions.iter().map(|condition| condition.message.as_str()).collect();
    let progressed = format!("ReplicaSet \"{set}\" has successfully progressed.");
    assert_eq!(messages, ["Deployment has minimum availability.", &*progressed]);
}

/// `WL-13`: a deployment that is done stays done when a pod fails later.
#[test]
fn a_deployment_that_is_done_does_not_time_out() {
    let mut world = World::running(&[WEB]);
    let name = world.pod_names().remove(0);
    world.set_ready(&name, false);
    world.advance(3600);
    assert_eq!(world.condition("Progressing").unwrap(), known("True", "NewReplicaSetAvailable"));
    assert_eq!(world.condition("Available").unwrap(), known("False", "MinimumReplicasUnavailable"));
}

/// `WL-12`: a rollout that hangs is marked a second after its deadline, and goes on when it can.
#[test]
fn a_rollout_that_hangs_is_marked_as_failed() {
    let mut world = World::running(&[WEB]);
    world.image("web:2");
    world.advance(600);
    assert_eq!(world.condition("Progressing").unwrap(), known("True", "ReplicaSetUpdated"));
    world.advance(1);
    assert_eq!(world.condition("Progressing").unwrap(), known("False", "ProgressDeadlineExceeded"));
    let set = world.sets()[1].metadata.name.clone();
    let conditions = world.web().status.conditions.clone();
    let expected = format!("ReplicaSet \"{set}\" has timed out progressing.");
    assert!(conditions.iter().any(|condition| condition.message == *expected));
    world.run();
    assert_eq!(world.condition("Progressing").unwrap(), known("True", "NewReplicaSetAvailable"));
}

/// `WL-12`: each step forward gives it the whole time again.
#[test]
fn progress_moves_the_deadline() {
    let mut world = World::running(&[&format!("{WEB}  progressDeadlineSeconds: 60\n")]);
    world.image("web:2");
    world.advance(50);
    world.start_some(1);
    world.advance(59);
    assert_eq!(world.condition("Progressing").unwrap(), known("True", "ReplicaSetUpdated"));
    world.advance(2);
    assert_eq!(world.condition("Progressing").unwrap(), known("False", "ProgressDeadlineExceeded"));
}

/// `WL-13`: the largest number stands for no deadline.
#[test]
fn without_a_deadline_nothing_is_said_of_progress() {
    let mut world = World::with(&[&format!("{WEB}  progressDeadlineSeconds: 2147483647\n")]);
    assert_eq!(world.condition("Progressing"), None);
    world.advance(3600);
    assert_eq!(world.condition("Progressing"), None);
    assert_eq!(world.condition("Available").unwrap(), known("False", "MinimumReplicasUnavailable"));
}

/// The design: an idle cluster costs nothing, and its rest is a fixed point.
#[test]
fn a_quiet_deployment_stays_quiet() {
    let mut world = World::running(&[WEB]);
    let writes = world.cluster.journal().len();
    world.cluster.advance(Duration::from_hours(24)).unwrap();
    assert_eq!(world.cluster.journal().len(), writes);
    assert_eq!(world.cluster.settle().unwrap().steps, 0);
}

/// The design: one sync of one key.
#[test]
fn one_sync_of_one_deployment_makes_its_set_only() {
    let mut world = World::empty();
    world.cluster.apply_yaml(WEB).unwrap();
    world.cluster.sync(&Kind::Deployment.named((*"default/web").to_owned())).unwrap();
    assert_eq!((world.sets().len(), world.pods().len()), (1, 0));
    assert_eq!(world.condition("Progressing").unwrap(), known("True", "NewReplicaSetCreated"));
}
