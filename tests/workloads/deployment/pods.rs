//! Pods: what they are made from, how they are named, how a set counts them, which of them go.

use std::collections::BTreeSet;

use bindery::{DeleteOptions, Kind, Pod, PodPhase, Propagation};

use crate::deployment::world::{LONE, WEB, World};

/// `WL-10`, `WL-13`.
#[test]
fn a_deployment_makes_a_replica_set_and_that_makes_pods() {
    let world = World::with(&[WEB]);
    let sets = world.sets();
    let [set] = &sets[..] else { panic!("one set") };
    let hash = set.metadata.labels.get("pod-template-hash").unwrap();
    assert_eq!(set.metadata.name, format!("web-{hash}").as_str());
    assert!(hash.chars().all(|letter| "bcdfghjklmnpqrstvwxz2456789".contains(letter)));
    assert_eq!(set.spec.selector.as_ref().unwrap().match_labels.get("pod-template-hash"), Some(hash));
    assert_eq!(set.metadata.controller().unwrap().name, "web");
    let annotation = |name: &str| set.metadata.annotations.get(name).unwrap().to_string();
    assert_eq!(annotation("deployment.kubernetes.io/revision"), "1");
    assert_eq!(annotation("deployment.kubernetes.io/desired-replicas"), "3");
    assert_eq!(annotation("deployment.kubernetes.io/max-replicas"), "4");

    let pods = world.pods();
    assert_eq!(pods.len(), 3);
    for pod in &pods {
        let suffix = pod.metadata.name.strip_prefix(&format!("{}-", set.metadata.name)).unwrap();
        assert_eq!(suffix.len(), 5);
        assert!(suffix.chars().all(|letter| "bcdfghjklmnpqrstvwxz2456789".contains(letter)));
        assert_eq!(pod.metadata.generate_name, format!("{}-", set.metadata.name).as_str());
        let owner = pod.metadata.controller().unwrap();
        assert_eq!((&owner.name, &owner.uid), (&set.metadata.name, &set.metadata.uid));
        assert_eq!(owner.block_owner_deletion, Some(true));
        assert_eq!(pod.metadata.labels.get("pod-template-hash"), Some(hash));
    }
    let said = world.said(&Kind::Deployment.named("web"));
    assert_eq!(said, [format!("Normal ScalingReplicaSet Scaled up replica set {} from 0 to 3", set.metadata.name)]);
    let said = world.said(&Kind::ReplicaSet.named(&*set.metadata.name));
    let expected: Vec<String> =
        pods.iter().map(|pod| format!("Normal SuccessfulCreate Created pod: {}", pod.metadata.name)).collect();
    assert_eq!(said, expected);
}

/// `WL-10`: all pods name the same claim, which nobody owns and which outlives the Deployment.
#[test]
fn all_pods_share_the_claims_of_the_template_and_these_stay() {
    let claim = "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: shared}
spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
";
    let mut world = World::running(&[claim, WEB]);
    for pod in world.pods() {
        let claims: Vec<String> = pod.claim_keys().map(|key| key.to_string()).collect();
        assert_eq!(claims, ["default/shared"]);
    }
    assert!(world.cluster.claim("shared").unwrap().metadata.owner_references.is_empty());
    world.cluster.delete(&Kind::Deployment.named("web")).unwrap();
    world.run();
    assert_eq!((world.sets().len(), world.pods().len()), (0, 0));
    assert!(!world.cluster.claim("shared").unwrap().metadata.is_deleting());
    world.cluster.delete(&Kind::PersistentVolumeClaim.named("shared")).unwrap();
    world.cluster.apply_yaml(WEB).unwrap();
    world.run();
    assert_eq!((world.pods().len(), world.cluster.count(Kind::PersistentVolumeClaim)), (3, 0));
}

/// `WL-10`: in the foreground the pods go before the sets, and these before the deployment; nothing is made anew.
#[test]
fn a_deployment_that_is_deleted_in_the_foreground_goes_last() {
    let mut world = World::running(&[WEB]);
    let foreground = DeleteOptions::default().propagation(Propagation::Foreground);
    world.cluster.delete_with(&Kind::Deployment.named("web"), &foreground).unwrap();
    world.settle();
    assert_eq!((world.sets().len(), world.pods().len()), (1, 3));
    assert!(world.pods().iter().all(|pod| pod.metadata.is_deleting()));
    assert_eq!(world.web().status.terminating_replicas, Some(3));
    world.change(r#"{"paused": true}"#);
    assert_eq!(world.condition("Progressing").unwrap().1, "NewReplicaSetAvailable");
    world.run();
    assert_eq!((world.sets().len(), world.pods().len()), (0, 0));
    assert!(world.cluster.deployment("web").is_none());
}

/// `WL-10`.
#[test]
fn a_pod_has_labels_annotations_and_finalizers_of_the_template() {
    let world = World::with(&[LONE]);
    for pod in world.pods() {
        assert_eq!(pod.metadata.labels.get("tier").unwrap(), "back");
        assert_eq!(pod.metadata.annotations.get("note").unwrap(), "hello");
        assert!(pod.metadata.has_finalizer("example.com/hold"));
    }
}

/// `ND-9`: names depend on the set, not on what else happens, and none comes twice.
#[test]
fn names_are_stable_and_never_come_twice() {
    let names = World::with(&[LONE]).pod_names();
    assert_eq!(names, World::with(&[LONE]).pod_names());
    let mut world = World::with(&[LONE]);
    let mut seen: BTreeSet<String> = names.into_iter().collect();
    for _ in 0..20 {
        let name = world.pod_names().remove(0);
        world.cluster.remove(&Kind::Pod.named(&*name)).unwrap();
        world.settle();
        seen.extend(world.pod_names());
    }
    assert_eq!(seen.len(), 23);
}

/// `WL-13`: what a set counts.
#[test]
fn the_status_of_a_set_counts_its_pods() {
    let mut world = World::with(&[LONE]);
    let names = world.pod_names();
    world.start(&names[0]);
    world.start(&names[1]);
    world.settle();
    world.patch(&Kind::Pod.named(&*names[1]), r#"{"metadata": {"labels": {"tier": null}}}"#);
    world.cluster.delete(&Kind::Pod.named(&*names[0])).unwrap();
    world.settle();
    let status = &world.cluster.replica_set("lone").unwrap().status;
    let counts = (status.replicas, status.fully_labeled_replicas, status.ready_replicas, status.available_replicas);
    assert_eq!(counts, (3, 2, 1, 1));
    assert_eq!((status.terminating_replicas, status.observed_generation), (Some(1), 1));
}

/// `WL-13`: a pod that has ended is replaced and stays.
#[test]
fn a_pod_that_failed_is_replaced_and_left_alone() {
    let mut world = World::running(&[LONE]);
    let name = world.pod_names().remove(0);
    let mut pod = world.pod(&name);
    pod.status.phase = PodPhase::Failed;
    world.cluster.replace_status(&Kind::Pod.named(&*name), pod).unwrap();
    world.settle();
    assert_eq!(world.pods().len(), 4);
    assert_eq!(world.cluster.replica_set("lone").unwrap().status.replicas, 3);
}

/// Scales `lone` to a size and returns who went.
fn gone(world: &mut World, size: usize) -> Vec<String> {
    let before: BTreeSet<String> = world.living();
    world.patch(&Kind::ReplicaSet.named("lone"), &format!(r#"{{"spec": {{"replicas": {size}}}}}"#));
    world.settle();
    before.difference(&world.living()).cloned().collect()
}

impl World {
    fn living(&self) -> BTreeSet<String> {
        let pods = self.pods().into_iter().filter(|pod| !pod.metadata.is_deleting());
        pods.map(|pod: Pod| pod.metadata.name.to_string()).collect()
    }
}

/// `ND-19`.
#[test]
fn unassigned_pods_go_first_then_pending_then_unready_ones() {
    let mut world = World::with(&[LONE]);
    gone(&mut world, 4);
    let names = world.pod_names();
    world.start(&names[0]);
    world.start(&names[1]);
    world.set_ready(&names[1], false);
    world.cluster.bind(&Kind::Pod.named(&*names[2]), "node").unwrap();
    world.settle();
    for (size, name) in [(3, &names[3]), (2, &names[2]), (1, &names[1]), (0, &names[0])] {
        assert_eq!(gone(&mut world, size), std::slice::from_ref(name));
    }
}

/// `ND-19`.
#[test]
fn of_equal_pods_the_youngest_goes_and_of_one_age_the_last_by_name() {
    let mut world = World::running(&[LONE]);
    world.advance(10);
    let old = world.living();
    gone(&mut world, 4);
    world.run();
    let young: Vec<String> = world.living().difference(&old).cloned().collect();
    assert_eq!(gone(&mut world, 3), young);
    assert_eq!(gone(&mut world, 2), [old.last().unwrap().clone()]);
}

/// `ND-19`: the rank of the real controller has a price before the age.
#[test]
fn a_pod_that_costs_less_goes_before_an_older_one() {
    let mut world = World::running(&[LONE]);
    let first = world.living().first().unwrap().clone();
    let cost = |cost: &str| {
        format!(r#"{{"metadata": {{"annotations": {{"controller.kubernetes.io/pod-deletion-cost": "{cost}"}}}}}}"#)
    };
    world.patch(&Kind::Pod.named(&*first), &cost("-1"));
    assert_eq!(gone(&mut world, 2), [first]);
    // Not an integer in its plain form: it counts as nothing.
    let first = world.living().first().unwrap().clone();
    world.patch(&Kind::Pod.named(&*first), &cost("+1"));
    assert_ne!(gone(&mut world, 1), [first]);
}

/// `WL-13`: the text of a pod that a set deletes.
#[test]
fn a_set_says_which_pod_it_deleted() {
    let mut world = World::running(&[LONE]);
    let gone = gone(&mut world, 2);
    let said = world.said(&Kind::ReplicaSet.named("lone"));
    assert_eq!(said.last().unwrap(), &format!("Normal SuccessfulDelete Deleted pod: {}", gone[0]));
}

/// `WL-13`: ready is not yet available.
#[test]
fn a_pod_becomes_available_when_it_has_been_ready_long_enough() {
    let mut world = World::with(&[LONE]);
    world.patch(&Kind::ReplicaSet.named("lone"), r#"{"spec": {"minReadySeconds": 30}}"#);
    let names = world.pod_names();
    world.start(&names[0]);
    world.advance(10);
    world.start(&names[1]);
    let available = |world: &World| world.cluster.replica_set("lone").unwrap().status.available_replicas;
    for (seconds, expected) in [(0, 0), (19, 0), (1, 1), (9, 1), (1, 2)] {
        world.advance(seconds);
        assert_eq!(available(&world), expected);
    }
    assert_eq!(world.cluster.replica_set("lone").unwrap().status.ready_replicas, 2);
}

/// `WL-13`: what counts is since when a pod is ready, not when its set heard of it.
#[test]
fn a_pod_that_was_ready_before_anybody_heard_is_available_earlier() {
    let mut world = World::with(&[LONE]);
    world.patch(&Kind::ReplicaSet.named("lone"), r#"{"spec": {"minReadySeconds": 30, "replicas": 1}}"#);
    world.settle();
    let name = world.living().first().unwrap().clone();
    world.start(&name);
    let ready = world.pod(&name);
    world.set_ready(&name, false);
    world.advance(10);
    world
        .cluster
        .replace_status(&Kind::Pod.named(&*name), Pod { metadata: world.pod(&name).metadata, ..ready })
        .unwrap();
    let available = |world: &World| world.cluster.replica_set("lone").unwrap().status.available_replicas;
    world.advance(19);
    assert_eq!(available(&world), 0);
    world.advance(1);
    assert_eq!(available(&world), 1);
}
