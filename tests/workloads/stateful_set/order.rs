//! In which order pods come and go (`STS-22` to `STS-33`).

use bindery::{Kind, PodPhase};

use super::world::{PARALLEL, World, web};

/// STS-22, STS-25, STSPVC-1: one pod after the other, its claim before it.
#[test]
fn each_pod_waits_for_the_one_before() {
    let mut world = World::new();
    world.hold(&["web-1"]);
    world.apply(&web(3, ""));
    world.run();
    assert_eq!(world.actions(0), ["create data-web-0", "create web-0", "create data-web-1", "create web-1"]);
    world.release(&["web-1"]);
    world.run();
    assert_eq!(world.pods(), ["web-0", "web-1", "web-2"]);
}

/// STS-25, STS-26, STS-32: a lost pod is made again although higher ones run, and nobody else is touched.
#[test]
fn a_gap_is_filled_and_higher_pods_run_on() {
    let mut world = World::running(&web(3, ""));
    let uid = |world: &World, name: &str| world.cluster.pod(name).unwrap().metadata.uid.clone();
    let (lost, kept) = (uid(&world, "web-1"), uid(&world, "web-2"));
    world.hold(&["web-0"]);
    world.run();
    assert_eq!(world.pods().len(), 3);
    world.cluster.remove(&Kind::Pod.named("web-1")).unwrap();
    world.run();
    assert_eq!(world.pods(), ["web-0", "web-2"], "web-0 is not ready");
    let mark = world.mark();
    world.release(&["web-0"]);
    world.run();
    assert_eq!(world.actions(mark), ["create web-1"], "the claim is there");
    assert!(uid(&world, "web-1") != lost && uid(&world, "web-2") == kept);
}

/// STS-22, ND-6: in parallel all pods come in one pass, and go in one, from the highest.
#[test]
fn in_parallel_nobody_waits() {
    let mut world = World::new();
    world.hold(&["web-0", "web-1", "web-2"]);
    world.apply(&web(3, PARALLEL));
    world.cluster.settle().unwrap();
    assert_eq!(world.pods(), ["web-0", "web-1", "web-2"]);
    let mark = world.mark();
    world.scale(1);
    world.cluster.settle().unwrap();
    assert_eq!(world.actions(mark), ["delete web-2", "delete web-1"]);
}

/// STS-22, STSPVC-11: an error ends the work after its batch; batches are of one, two, four pods.
#[test]
fn an_error_ends_a_parallel_pass_after_its_batch() {
    for (slot, made) in [(0, vec![]), (1, vec![0, 2]), (2, vec![0, 1]), (4, vec![0, 1, 2, 3, 5, 6])] {
        let mut world = World::new();
        world.restore(&format!(
            "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: data-web-{slot}, finalizers: \
             [example.com/hold], deletionTimestamp: '2024-01-01T00:00:00Z'}}, spec: {{}}}}"
        ));
        world.apply(&web(9, PARALLEL));
        world.run();
        let made: Vec<String> = made.iter().map(|ordinal: &u32| format!("web-{ordinal}")).collect();
        assert_eq!(world.pods(), made, "the claim of slot {slot} is being deleted");
    }
}

/// STS-24: a pod that ended is deleted and made again, however it ended.
#[test]
fn a_pod_that_ended_is_replaced() {
    for phase in [PodPhase::Failed, PodPhase::Succeeded] {
        let mut world = World::running(&web(2, ""));
        let mark = world.mark();
        world.end("web-0", phase);
        world.run();
        assert_eq!(world.actions(mark), ["delete web-0", "create web-0"]);
        let deleted = "Normal SuccessfulDelete Delete Pod web-0 in StatefulSet web successful";
        assert_eq!(world.events(mark)[0], deleted);
    }
}

/// STS-11, STS-28: from the highest ordinal, each when the one before is gone; STS-31: all of them with no replicas.
#[test]
fn scaling_down_removes_one_pod_after_the_other() {
    let mut world = World::running(&web(3, ""));
    world.scale(0);
    world.run();
    assert_eq!(world.pods(), ["-web-2", "web-0", "web-1"], "web-1 waits until web-2 is gone");
    world.finish_stopping();
    world.run();
    assert_eq!(world.pods(), ["-web-1", "web-0"]);
    world.run_through();
    assert!(world.pods().is_empty());
    assert_eq!(world.claims(), ["data-web-0", "data-web-1", "data-web-2"]);
    assert_eq!(world.names(Kind::ControllerRevision).len(), 1);
}

/// STS-26, STS-27, STS-28: nothing goes while a pod that stays is unwell; of those that go the first that is unwell may.
#[test]
fn scaling_down_waits_for_pods_that_are_unwell() {
    for (unwell, removed) in [
        (vec!["web-4"], vec!["delete web-4", "delete web-3", "delete web-2"]),
        (vec!["web-3", "web-4"], vec![]),
        (vec!["web-0"], vec![]),
    ] {
        let mut world = World::running(&web(5, ""));
        world.hold(&unwell);
        world.run();
        let mark = world.mark();
        world.scale(2);
        world.run_through();
        assert_eq!(world.actions(mark), removed, "{unwell:?} are not ready");
    }
}

/// STS-27: an unready pod does not go before a lower one that is unready too, until that one is well.
#[test]
fn the_lowest_unwell_pod_is_the_first_that_may_go() {
    let mut world = World::running(&web(5, ""));
    world.hold(&["web-3", "web-4"]);
    world.scale(2);
    world.run();
    world.release(&["web-3"]);
    let mark = world.mark();
    world.run_through();
    assert_eq!(world.actions(mark), ["delete web-4", "delete web-3", "delete web-2"]);
}

/// STS-29, STS-33: a pod that stops is awaited, also when it is wanted again, in either mode.
#[test]
fn a_pod_that_stops_is_never_replaced_before_it_is_gone() {
    for mode in ["", PARALLEL] {
        let mut world = World::running(&web(3, mode));
        world.delete(Kind::Pod, "web-1");
        let mark = world.mark();
        world.advance(3600);
        world.run();
        assert_eq!(world.actions(mark), Vec::<String>::new());
        world.finish_stopping();
        world.run();
        assert_eq!(world.actions(mark), ["create web-1"]);
        world.scale(2);
        world.run();
        world.scale(3);
        world.run();
        assert_eq!(world.pods(), ["-web-2", "web-0", "web-1"]);
        world.run_through();
        assert_eq!(world.pods(), ["web-0", "web-1", "web-2"]);
    }
}

/// STS-30: slots of the new window are filled first, then the pods outside of it go.
#[test]
fn another_first_ordinal_moves_the_window() {
    let mut world = World::running(&web(2, ""));
    let mark = world.mark();
    world.patch(r#"{"spec": {"ordinals": {"start": 4}}}"#);
    world.run_through();
    let actions =
        ["create data-web-4", "create web-4", "create data-web-5", "create web-5", "delete web-1", "delete web-0"];
    assert_eq!(world.actions(mark), actions);
    assert_eq!(world.claims(), ["data-web-0", "data-web-1", "data-web-4", "data-web-5"]);
}

/// STS-23, ND-10: the next pod comes when the one before has been ready for as long as the set asks for.
#[test]
fn availability_takes_time() {
    let mut world = World::running(&web(2, "  minReadySeconds: 30\n"));
    let status = |world: &World| (world.set().status.ready_replicas, world.set().status.available_replicas);
    assert_eq!((world.pods(), status(&world)), (vec!["web-0".to_owned()], (1, 0)));
    world.advance(29);
    assert_eq!(world.pods().len(), 1);
    world.advance(1);
    assert_eq!((world.pods().len(), status(&world)), (2, (1, 1)), "the set looks again by itself");
    world.run();
    world.advance(30);
    assert_eq!(status(&world), (2, 2));
}

/// STS-23, STS-28: a pod that is ready and not yet available holds up a scale-down.
#[test]
fn a_pod_that_is_not_available_holds_up_a_scale_down() {
    let mut world = World::running(&web(1, "  minReadySeconds: 30\n"));
    world.advance(30);
    world.scale(3);
    world.run();
    world.advance(30);
    world.run();
    let mark = world.mark();
    world.hold(&["web-0"]);
    world.run();
    world.release(&["web-0"]);
    world.run();
    world.scale(1);
    world.run();
    assert_eq!(world.actions(mark), Vec::<String>::new());
    world.advance(30);
    assert_eq!(world.actions(mark), ["delete web-2"]);
}
