//! What the status of a set says (`STS-8`, `STS-48`, `STS-50`), and what is remembered between passes.

use bindery::{Cluster, Fault, Kind, Verb};

use super::world::{PARALLEL, World, retention, web};

/// Replicas, ready, available, current and updated.
fn counts(world: &World) -> [i32; 5] {
    let status = &world.set().status;
    let (current, updated) = (status.current_replicas, status.updated_replicas);
    [status.replicas, status.ready_replicas, status.available_replicas, current, updated]
}

/// STS-50: terminating pods count as replicas and as ready, and as of no revision.
#[test]
fn the_status_counts_pods() {
    let mut world = World::running(&web(3, ""));
    assert_eq!(counts(&world), [3, 3, 3, 3, 3]);
    let status = world.set().status.clone();
    assert_eq!(status.current_revision, status.update_revision);
    assert_eq!((status.observed_generation, status.collision_count), (1, Some(0)));
    world.hold(&["web-0"]);
    world.delete(Kind::Pod, "web-2");
    world.run();
    assert_eq!(counts(&world), [3, 2, 2, 2, 2]);
    world.scale(4);
    world.run();
    assert_eq!(world.set().status.observed_generation, 2);
}

/// STS-50, STS-21: a pod counts from the pass after the one that made it.
#[test]
fn a_new_pod_counts_from_the_next_pass_on() {
    let mut world = World::new();
    world.apply(&web(1, ""));
    assert!(world.pass());
    assert_eq!((world.pods().len(), counts(&world)), (1, [0; 5]));
    assert!(world.pass());
    assert_eq!(counts(&world), [1, 0, 0, 1, 1]);
}

/// STS-50: a status that says nothing new is not written.
#[test]
fn an_unchanged_status_is_not_written() {
    let mut world = World::running(&web(2, ""));
    let mark = world.mark();
    assert!(world.pass());
    assert_eq!(world.mark(), mark);
}

/// STS-48: with no replicas and no pods an update is complete at once; by hand it never is.
#[test]
fn when_an_update_is_complete() {
    let completed = |more: &str, replicas: u32| {
        let mut world = World::running(&web(replicas, more));
        world.set_image("nginx:2");
        world.run_through();
        for pod in world.pods() {
            world.delete(Kind::Pod, &pod);
            world.run_through();
        }
        assert!(world.images().iter().all(|image| image == "nginx:2"));
        world.set().status.current_revision == world.set().status.update_revision
    };
    assert!(completed("", 0));
    assert!(completed("", 2));
    assert!(!completed("  updateStrategy: {type: OnDelete}\n", 2));
}

/// STS-8, STS-45: a count below zero is refused, and the pass that computed it has failed.
#[test]
fn a_negative_count_is_refused() {
    let mut world = World::running(&web(1, &(PARALLEL.to_owned() + "  updateStrategy: {type: RollingUpdate}\n")));
    world.set_image("nginx:2");
    let key = Kind::StatefulSet.named("default/web");
    world.cluster.remove(&Kind::Pod.named("web-0")).unwrap();
    // The pod is made at the current revision, of which the status still counts one, and deleted in the same pass.
    let error = world.cluster.sync(&key).unwrap_err();
    assert!(error.to_string().contains("status.currentReplicas: Invalid value: -1"), "{error}");
    assert_eq!(counts(&world)[3], 1);
    assert_eq!(world.pods(), Vec::<String>::new());
}

/// STS-50: a status is written again where the set changed meanwhile.
#[test]
fn a_status_survives_conflicts() {
    let mut world = World::new();
    for _ in 0..4 {
        world.cluster.inject(Fault::Conflict { verb: Verb::UpdateStatus, kind: Kind::StatefulSet });
    }
    world.apply(&web(1, ""));
    assert!(world.pass());
    assert_ne!(world.set().status.update_revision, "");
}

/// STS-21: what a pass leaves to the next changes nothing: controllers that start with nothing but the store go on to
/// the same state.
#[test]
fn a_pass_without_a_memory_does_the_same() {
    let mut world = World::running(&web(6, &retention("Delete", "Delete")));
    let steps: [fn(&mut World); 8] = [
        |world| world.set_image("nginx:2"),
        |world| world.scale(4),
        |world| world.patch(r#"{"spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Retain"}}}"#),
        |world| world.cluster.remove(&Kind::Pod.named("web-1")).unwrap(),
        |world| world.patch(r#"{"spec": {"ordinals": {"start": 2}}}"#),
        |world| world.cluster.remove(&Kind::PersistentVolumeClaim.named("data-web-3")).unwrap(),
        |world| world.set_image("nginx:3"),
        |world| world.scale(1),
    ];
    for (number, step) in steps.into_iter().enumerate() {
        let mut fresh = Cluster::new(world.cluster.config().clone());
        fresh.replay(world.cluster.journal()).unwrap();
        let remembering = std::mem::replace(&mut world.cluster, fresh);
        step(&mut world);
        world.run_through();
        let forgetful = std::mem::replace(&mut world.cluster, remembering);
        step(&mut world);
        world.run_through();
        for kind in [Kind::StatefulSet, Kind::Pod, Kind::PersistentVolumeClaim, Kind::ControllerRevision] {
            assert_eq!(world.cluster.objects(kind), forgetful.objects(kind), "step {number}");
        }
    }
}
