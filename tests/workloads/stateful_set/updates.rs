//! How pods get a new template (`STS-41` to `STS-48`).

use bindery::{Kind, PodPhase};

use super::world::{PARALLEL, World, web};

/// STS-45, STS-48: from the highest ordinal, one pod at a time, each when the one before is available again.
#[test]
fn an_update_goes_down_one_pod_at_a_time() {
    for mode in ["", PARALLEL] {
        let mut world = World::running(&web(3, mode));
        world.set_image("nginx:2");
        world.run();
        assert_eq!(world.pods(), ["-web-2", "web-0", "web-1"]);
        world.hold(&["web-2"]);
        world.finish_stopping();
        world.run();
        assert_eq!(world.images(), ["nginx:1", "nginx:1", "nginx:2"], "web-2 is not ready");
        world.release(&["web-2"]);
        let mark = world.mark();
        world.run_through();
        let actions = ["delete web-1", "create web-1", "delete web-0", "create web-0"];
        assert_eq!(world.actions(mark), actions);
        let status = &world.set().status;
        assert_eq!((&status.current_revision, status.current_replicas), (&status.update_revision, 3));
    }
}

/// STS-41, STS-45, STS-48: pods below the partition keep the old template, also when they are made again.
#[test]
fn a_partition_keeps_the_pods_below_it() {
    let mut world = World::running(&web(4, "  updateStrategy: {rollingUpdate: {partition: 2}}\n"));
    world.set_image("nginx:2");
    world.run_through();
    assert_eq!(world.images(), ["nginx:1", "nginx:1", "nginx:2", "nginx:2"]);
    let status = &world.set().status;
    assert_ne!(status.current_revision, status.update_revision);
    assert_eq!((status.current_replicas, status.updated_replicas), (2, 2));
    world.delete(Kind::Pod, "web-0");
    world.delete(Kind::Pod, "web-3");
    world.run_through();
    assert_eq!(world.images(), ["nginx:1", "nginx:1", "nginx:2", "nginx:2"]);
    let mark = world.mark();
    world.patch(r#"{"spec": {"updateStrategy": {"rollingUpdate": {"partition": 9}}}}"#);
    world.run_through();
    assert_eq!(world.actions(mark), Vec::<String>::new());
    world.patch(r#"{"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}}"#);
    world.run_through();
    assert_eq!(world.images(), ["nginx:2"; 4]);
}

/// STS-41: without details of the update, as many of the lowest ordinals as the status counts keep the old template.
#[test]
fn without_details_the_status_decides() {
    let mut world = World::running(&web(3, "  updateStrategy: {type: RollingUpdate}\n"));
    world.hold(&["web-2"]);
    world.run();
    world.set_image("nginx:2");
    world.run();
    world.cluster.remove(&Kind::Pod.named("web-0")).unwrap();
    world.run();
    assert_eq!(world.images(), ["nginx:1"; 3], "three pods of the current revision were counted");
}

/// STS-41: by hand, a pod that is deleted comes back at the update revision.
#[test]
fn by_hand_deleted_pods_come_back_updated() {
    let mut world = World::running(&web(2, "  updateStrategy: {type: OnDelete}\n"));
    world.set_image("nginx:2");
    world.run();
    assert_eq!(world.images(), ["nginx:1", "nginx:1"]);
    world.delete(Kind::Pod, "web-0");
    world.run_through();
    assert_eq!(world.images(), ["nginx:2", "nginx:1"]);
}

/// STS-47: a broken pod blocks the corrected template until somebody deletes it.
#[test]
fn a_broken_update_needs_a_hand() {
    let mut world = World::running(&web(3, ""));
    world.set_image("broken");
    world.run();
    world.hold(&["web-2"]);
    world.run_through();
    world.set_image("nginx:3");
    world.run_through();
    assert_eq!(world.images(), ["nginx:1", "nginx:1", "broken"]);
    world.delete(Kind::Pod, "web-2");
    world.release(&["web-2"]);
    world.run_through();
    assert_eq!(world.images(), ["nginx:3"; 3]);
}

/// STS-45, STS-22: a new template waits for the pods that a scale-up makes, and for those that are unwell.
#[test]
fn scaling_comes_before_updating() {
    let mut world = World::running(&web(2, ""));
    world.patch(
        r#"{"spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "c", "image": "nginx:2"}]}}}}"#,
    );
    let mark = world.mark();
    world.run();
    assert_eq!(world.actions(mark), ["create data-web-2", "create web-2", "delete web-1"]);
}

/// STS-45: in parallel an outdated pod that failed is deleted twice in one pass, with one effect.
#[test]
fn in_parallel_a_failed_pod_is_deleted_twice() {
    let mut world = World::running(&web(1, PARALLEL));
    world.set_image("nginx:2");
    world.end("web-0", PodPhase::Failed);
    let mark = world.mark();
    assert!(world.pass());
    assert_eq!(world.actions(mark), ["delete web-0"]);
    assert_eq!(world.events(mark), ["Normal SuccessfulDelete Delete Pod web-0 in StatefulSet web successful"; 2]);
}
