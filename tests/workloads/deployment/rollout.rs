//! Rollouts: rolling updates, re-creation, revisions and what is kept of them.

use bindery::{Kind, Pod};

use crate::deployment::world::{WEB, World};

fn web(change: &str) -> String {
    format!("{WEB}  {change}\n")
}

/// `WL-12`: one replica, surge 1, unavailable 0.
#[test]
fn the_new_pod_comes_before_the_old_one_goes() {
    let mut world = World::running(&[&WEB.replace("replicas: 3", "replicas: 1")]);
    let old = world.pod_names().remove(0);
    world.image("web:2");
    assert_eq!((world.pods().len(), world.sizes()), (2, vec![1, 1]));
    assert!(!world.pod(&old).metadata.is_deleting());
    // As long as the new one is not available the old one stays.
    world.advance(500);
    assert!(!world.pod(&old).metadata.is_deleting());
    world.run();
    assert_eq!((world.pods().len(), world.sizes()), (1, vec![0, 1]));
    assert_eq!(world.scalings(), [(0, 0, 1), (1, 0, 1), (0, 1, 0)]);
}

/// `WL-12`: 25 % of ten, up and down.
#[test]
fn a_rolling_update_stays_within_its_bounds_at_every_write() {
    let mut world = World::running(&[&WEB.replace("replicas: 3", "replicas: 10")]);
    world.image("web:2");
    // Three more than ten may be wanted, eight must be available: of ten that are, two go at once.
    assert_eq!(world.scalings()[1..3], [(1, 0, 3), (0, 10, 8)]);
    loop {
        let wanted: i32 = world.sizes().iter().sum();
        let available = world.pods().iter().filter(|pod| pod.is_ready() && !pod.metadata.is_deleting()).count();
        assert!(wanted <= 13 && available >= 8, "{wanted} wanted, {available} available");
        if world.cluster.step().is_some() {
            continue;
        }
        match world.pods().into_iter().find(|pod: &Pod| pod.metadata.is_deleting() || !pod.is_ready()) {
            None => break,
            Some(pod) if pod.metadata.is_deleting() => world.end(&pod.metadata.name),
            Some(pod) => world.start(&pod.metadata.name),
        }
    }
    assert_eq!(world.sizes(), [0, 10]);
    let status = world.web().status.clone();
    assert_eq!((status.replicas, status.updated_replicas, status.available_replicas), (10, 10, 10));
    assert_eq!((status.unavailable_replicas, status.terminating_replicas), (0, Some(0)));
}

/// `WL-12`: where neither surge nor unavailability is possible one pod may be missing.
#[test]
fn shares_that_round_to_nothing_let_one_pod_be_missing() {
    let strategy = "strategy: {rollingUpdate: {maxSurge: 0%, maxUnavailable: 10%}}";
    let mut world = World::running(&[&web(strategy)]);
    world.image("web:2");
    assert_eq!(world.sizes(), [2, 1]);
    world.run();
    assert_eq!(world.sizes(), [0, 3]);
    let expected = [(0, 0, 3), (0, 3, 2), (1, 0, 1), (0, 2, 1), (1, 1, 2), (0, 1, 0), (1, 2, 3)];
    assert_eq!(world.scalings(), expected);
}

/// `WL-12`: pods that are not available go first, without waiting for new ones.
#[test]
fn old_pods_that_do_not_work_go_first() {
    let mut world = World::running(&[WEB]);
    let names = world.pod_names();
    world.set_ready(&names[0], false);
    world.settle();
    world.image("web:2");
    // One too few are available: only the one that does not work goes, as far as the new set has come.
    let deleting = |world: &World| world.pods().iter().filter(|pod| pod.metadata.is_deleting()).count();
    assert_eq!(deleting(&world), 0);
    let new = world.pod_names().pop().unwrap();
    world.start(&new);
    world.settle();
    assert!(world.cluster.pod(&names[0]).is_none_or(|pod| pod.metadata.is_deleting()));
    world.run();
    assert_eq!(world.sizes(), [0, 3]);
}

/// `WL-12`.
#[test]
fn recreate_waits_until_the_last_old_pod_is_gone() {
    let mut world = World::running(&[&web("strategy: {type: Recreate}")]);
    let old = world.pod_names();
    world.image("web:2");
    assert_eq!(world.sizes(), [0]);
    assert!(world.pods().iter().all(|pod| pod.metadata.is_deleting()));
    for name in &old {
        assert_eq!(world.pods().iter().filter(|pod| !pod.metadata.is_deleting()).count(), 0);
        world.end(name);
        world.settle();
    }
    assert_eq!((world.sizes(), world.pods().len()), (vec![0, 3], 3));
    assert_eq!(world.scalings(), [(0, 0, 3), (0, 3, 0), (1, 0, 3)]);
    world.run();
    assert_eq!(world.condition("Progressing").unwrap().1, "NewReplicaSetAvailable");
}

fn revisions(world: &World) -> Vec<String> {
    let sets = world.sets();
    sets.iter()
        .map(|set| set.metadata.annotations.get("deployment.kubernetes.io/revision").unwrap().to_string())
        .collect()
}

/// `WL-13`: each template has a number, and an old one that comes back a new one.
#[test]
fn going_back_uses_the_old_set_under_a_new_revision() {
    let mut world = World::running(&[WEB]);
    world.image("web:2");
    world.run();
    assert_eq!(revisions(&world), ["1", "2"]);
    world.image("web:1");
    world.run();
    assert_eq!((revisions(&world), world.sizes()), (vec!["3".to_owned(), "2".to_owned()], vec![3, 0]));
    let set = &world.sets()[0];
    assert_eq!(set.metadata.annotations.get("deployment.kubernetes.io/revision-history").unwrap(), "1");
    assert_eq!(world.web().metadata.annotations.get("deployment.kubernetes.io/revision").unwrap(), "3");
    world.image("web:2");
    world.image("web:1");
    world.run();
    let set = &world.sets()[0];
    assert_eq!(set.metadata.annotations.get("deployment.kubernetes.io/revision-history").unwrap(), "1,3");
}

/// `WL-13`: annotations go along, but those that are about the deployment itself.
#[test]
fn annotations_of_a_deployment_are_copied_to_its_set() {
    let mut world = World::running(&[WEB]);
    let key = Kind::Deployment.named("web");
    world.patch(&key, r#"{"metadata": {"annotations": {"kubernetes.io/change-cause": "a whim"}}}"#);
    world.settle();
    let set = &world.sets()[0];
    assert_eq!(set.metadata.annotations.get("kubernetes.io/change-cause").unwrap(), "a whim");
    assert!(!set.metadata.annotations.contains_key("kubectl.kubernetes.io/last-applied-configuration"));
    assert_eq!(world.sets().len(), 1);
}

/// `WL-13`.
#[test]
fn old_sets_beyond_the_limit_are_removed_when_a_rollout_is_done() {
    let mut world = World::running(&[&web("revisionHistoryLimit: 2")]);
    for image in ["web:2", "web:3", "web:4"] {
        world.image(image);
        world.run();
    }
    assert_eq!(revisions(&world), ["2", "3", "4"]);
    world.image("web:5");
    assert_eq!(revisions(&world), ["2", "3", "4", "5"]);
    world.run();
    assert_eq!(revisions(&world), ["3", "4", "5"]);
}

/// `WL-13`: which template was wanted last counts, not which is older.
#[test]
fn the_sets_of_the_lowest_revisions_are_removed_first() {
    let mut world = World::running(&[&web("revisionHistoryLimit: 1")]);
    for image in ["web:2", "web:1", "web:3"] {
        world.image(image);
        world.run();
    }
    assert_eq!(revisions(&world), ["3", "4"]);
}

/// `WL-12`: a rollout that changes its mind takes the pods of the half-done one, too.
#[test]
fn a_rollout_in_the_middle_of_another_one_replaces_both() {
    let mut world = World::running(&[WEB]);
    world.image("web:2");
    world.start_some(1);
    world.image("web:3");
    assert!(world.pods().len() >= 3);
    world.run();
    assert_eq!(world.sizes(), [0, 0, 3]);
}

/// Time stands still between the images: names would decide in a real cluster, the order of creation does here.
#[test]
fn of_two_old_sets_the_one_created_first_shrinks_first() {
    let strategy = "strategy: {rollingUpdate: {maxSurge: 2, maxUnavailable: 0}}";
    for number in 0..8 {
        let mut world = World::running(&[&web(strategy).replace("replicas: 3", "replicas: 4")]);
        world.image(&format!("web:a{number}"));
        world.start_some(2);
        assert_eq!(world.sizes(), [2, 4]);
        // What is not available goes first, whosever it is.
        world.image(&format!("web:b{number}"));
        assert_eq!(world.sizes(), [2, 2, 2]);
        world.start_some(2);
        assert_eq!(world.sizes(), [0, 2, 4]);
    }
}

/// `WL-13`: `minReadySeconds` of a deployment is that of its newest set.
#[test]
fn a_rollout_waits_until_pods_are_available() {
    let mut world = World::running(&[&WEB.replace("replicas: 3", "replicas: 1")]);
    world.change(r#"{"minReadySeconds": 20}"#);
    assert_eq!(world.sets()[0].spec.min_ready_seconds, 20);
    world.advance(60);
    world.image("web:2");
    world.run();
    assert_eq!(world.sizes(), [1, 1]);
    world.advance(19);
    assert_eq!(world.sizes(), [1, 1]);
    world.advance(1);
    assert_eq!(world.sizes(), [0, 1]);
}
