//! What goes wrong: refused pods, names that are taken, hashes that collide.

use bindery::{Fault, JournalEntry, Kind, Verb};

use crate::deployment::world::{LONE, WEB, World};

fn refusal() -> Fault {
    Fault::ServerError { verb: Verb::Create, kind: Kind::Pod, message: "no room".into() }
}

/// `WL-13`: batches of one, two, four. The write of the failure wakes the set, which tries again at once; then it backs
/// off.
#[test]
fn a_refused_pod_ends_the_pass_with_its_batch() {
    let mut world = World::empty();
    world.cluster.inject(refusal());
    world.cluster.inject(refusal());
    world.cluster.apply_yaml(LONE).unwrap();
    world.settle();
    assert_eq!(world.pods().len(), 0);
    let failure = world.failure("lone").unwrap();
    assert_eq!((failure.r#type.as_str(), failure.status.as_str()), ("ReplicaFailure", "True"));
    assert_eq!((failure.reason.as_str(), failure.message.as_str()), ("FailedCreate", "no room"));
    assert_eq!(world.said(&Kind::ReplicaSet.named("lone")), ["Warning FailedCreate Error creating: no room"]);
    assert_eq!(world.cluster.events()[0].count, 2);
    world.advance(1);
    assert_eq!(world.pods().len(), 3);
    assert_eq!(world.failure("lone"), None);
}

/// `WL-13`: of the second batch of two the first is refused; the other one is made, a third batch is not.
#[test]
fn a_batch_is_finished_before_the_pass_ends() {
    let mut world = World::empty();
    world.cluster.apply_yaml(&LONE.replace("replicas: 3", "replicas: 7")).unwrap();
    while world.pods().is_empty() {
        world.cluster.step().unwrap();
    }
    world.cluster.inject(refusal());
    while world.failure("lone").is_none() {
        world.cluster.step().unwrap();
    }
    assert_eq!(world.pods().len(), 2);
    world.settle();
    assert_eq!(world.pods().len(), 7);
}

/// `WL-12`: a failure of the set is one of the deployment.
#[test]
fn a_deployment_tells_of_the_failure_of_its_set() {
    let mut world = World::empty();
    world.cluster.inject(refusal());
    world.cluster.inject(refusal());
    world.cluster.apply_yaml(WEB).unwrap();
    world.settle();
    assert_eq!(world.condition("ReplicaFailure"), Some(("True".to_owned(), "FailedCreate".to_owned())));
    world.advance(1);
    assert_eq!(world.condition("ReplicaFailure"), None);
}

/// `ND-9`: as the server does for a generated name.
#[test]
fn a_name_that_is_taken_is_passed_over_without_a_word() {
    let expected = World::with(&[LONE]).pod_names();
    let mut world = World::empty();
    world.cluster.inject(Fault::AlreadyExists { kind: Kind::Pod });
    world.cluster.apply_yaml(LONE).unwrap();
    world.settle();
    let names = world.pod_names();
    assert_eq!(names[..2], expected[1..]);
    assert_eq!(names.len(), 3);
    assert!(world.said(&Kind::ReplicaSet.named("lone")).iter().all(|text| text.starts_with("Normal")));
}

/// `WL-13`: a set of another owner has the name.
#[test]
fn a_collision_of_hashes_makes_another_name() {
    let name = World::with(&[WEB]).sets().remove(0).metadata.name.clone();
    let stranger = LONE.replace("name: lone}\n", &format!("name: {name}}}\n")).replace("replicas: 3", "replicas: 0");
    assert!(stranger.contains(name.as_str()));
    let mut world = World::with(&[&stranger, WEB]);
    world.run();
    assert_eq!(world.web().status.collision_count, Some(1));
    assert_eq!(world.web().status.available_replicas, 3);
    assert_eq!(world.sets().len(), 2);
    assert_ne!(world.sets()[1].metadata.name, name);
    // The count is part of the hash, so that nothing else is made from now on.
    world.advance(3600);
    assert_eq!(world.sets().len(), 2);
}

/// `WL-13`.
#[test]
fn a_set_that_cannot_be_made_is_told_and_tried_again() {
    let mut world = World::empty();
    let message = "etcd is down".into();
    world.cluster.inject(Fault::ServerError { verb: Verb::Create, kind: Kind::ReplicaSet, message });
    world.cluster.apply_yaml(WEB).unwrap();
    // Frozen time: the write of the condition wakes the deployment, which tries again.
    world.settle();
    let said = world.said(&Kind::Deployment.named("web"));
    assert!(said[0].starts_with("Warning ReplicaSetCreateError Failed to create new replica set \"web-"), "{said:?}");
    assert!(said[0].ends_with("\": etcd is down"), "{said:?}");
    assert_eq!(world.sets().len(), 1);
    assert_eq!(world.condition("Progressing").unwrap().0, "True");
}

/// Every conflict and every error at any write is made good.
#[test]
fn a_rollout_survives_a_fault_at_any_write() {
    let kinds = [Kind::Deployment, Kind::ReplicaSet, Kind::Pod];
    let verbs = [Verb::Create, Verb::Update, Verb::UpdateStatus, Verb::Delete];
    for (kind, verb) in kinds.into_iter().flat_map(|kind| verbs.map(|verb| (kind, verb))) {
        for fault in [Fault::Conflict { verb, kind }, Fault::ServerError { verb, kind, message: "busy".into() }] {
            let mut world = World::running(&[WEB]);
            world.cluster.inject(fault);
            world.image("web:2");
            for _ in 0..10 {
                world.run();
                world.advance(1);
            }
            let web = world.web();
            assert_eq!((web.status.updated_replicas, web.status.available_replicas), (3, 3), "{verb:?} {kind}");
            assert_eq!(world.sizes(), [0, 3], "{verb:?} {kind}");
        }
    }
}

/// Each step writes at most once (design, "One write at a time").
#[test]
fn each_step_writes_at_most_once() {
    let mut world = World::empty();
    world.cluster.apply_yaml(WEB).unwrap();
    let writes =
        |world: &World| world.cluster.journal().iter().filter(|entry| matches!(entry, JournalEntry::Write(_))).count();
    let mut before = writes(&world);
    while world.cluster.step().is_some() {
        let after = writes(&world);
        assert!(after <= before + 1);
        before = after;
    }
}

/// The same input gives the same journal, byte for byte.
#[test]
fn two_runs_are_alike() {
    let run = || {
        let mut world = World::running(&[WEB, LONE]);
        world.image("web:2");
        world.run();
        world.change(r#"{"replicas": 5}"#);
        world.run();
        format!("{:?}", world.cluster.journal().iter().collect::<Vec<_>>())
    };
    assert_eq!(run(), run());
}

/// A set of many pods costs a few steps for each of them, however they come.
#[test]
fn the_work_is_proportional_to_the_pods() {
    let steps = |replicas: usize| {
        let mut world = World::empty();
        world.cluster.apply_yaml(&WEB.replace("replicas: 3", &format!("replicas: {replicas}"))).unwrap();
        world.cluster.settle().unwrap().steps
    };
    let (few, many) = (steps(200), steps(2000));
    assert!(many < 12 * few, "{few} steps for 200 pods, {many} for 2000");
}

/// Whichever order the controllers take, and wherever a user meddles, a deployment comes to the same end.
#[test]
fn every_order_leads_to_the_same_end() {
    for seed in 0..40_u64 {
        let mut chance = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut draw = move |below: usize| {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(chance >> 33).unwrap() % below
        };
        let mut world = World::empty();
        world.cluster.apply_yaml(WEB).unwrap();
        for step in 0..300 {
            let enabled = world.cluster.enabled();
            if !enabled.is_empty() {
                let action = enabled[draw(enabled.len())].clone();
                assert!(world.cluster.take(&action));
            }
            match step {
                60 => world.patch_web(r#"{"spec": {"replicas": 5}}"#),
                120 => world.patch_web(r#"{"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}}"#),
                180 => world.patch_web(r#"{"spec": {"replicas": 2}}"#),
                _ => {}
            }
            let pods = world.pods();
            if let Some(pod) = pods.get(draw(pods.len() * 4 + 1)) {
                match (pod.metadata.is_deleting(), pod.is_ready()) {
                    (true, _) => world.end(&pod.metadata.name),
                    (false, ready) if draw(20) == 0 => world.set_ready(&pod.metadata.name, !ready),
                    (false, true) => {}
                    (false, false) => world.start(&pod.metadata.name),
                }
            }
        }
        world.run();
        world.advance(1);
        let status = world.web().status.clone();
        assert_eq!((status.replicas, status.updated_replicas, status.available_replicas), (2, 2, 2), "seed {seed}");
        assert_eq!((world.sizes(), world.pods().len()), (vec![0, 2], 2), "seed {seed}");
        assert_eq!(world.condition("Progressing").unwrap().1, "NewReplicaSetAvailable", "seed {seed}");
    }
}
