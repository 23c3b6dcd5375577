//! Operations that run beside the syncs, and their back-off (`OP-*`).

use std::time::Duration;

use bindery::{Behaviour, Cluster, Config, Plugin, ReclaimPolicy, Sources, VolumePhase};

use crate::world::{
    Metadata, claim, class, count, patch, pv, pvc, released, restored, restored_into, rules, seconds, step_to, volume,
    volume_phase, wait, with_plugin,
};

fn deleting(behaviour: Behaviour) -> Plugin {
    Plugin::new("example.com/disk", Sources::All).deletes(behaviour)
}

fn in_use() -> Behaviour {
    Behaviour::InUse("mounted".into())
}

/// A cluster whose plugin deletes like this, with a volume to delete.
fn cluster(behaviour: Behaviour) -> Cluster {
    restored_into(with_plugin(deleting(behaviour)), [released(ReclaimPolicy::Delete).into()])
}

/// OP-1, DET-5: the sync that starts an operation succeeds without it; the operation is a step of its own, after it.
#[test]
fn an_operation_runs_after_the_sync_that_started_it() {
    let mut cluster = cluster(Behaviour::Succeed);
    let before = cluster.journal().len();
    let action = step_to(&mut cluster, "deletes");
    assert_eq!(action.object(), Some(&pv("pv")));
    assert!(cluster.volume("pv").is_some());
    assert!(!rules(&cluster, before).contains(&"DELETE-10"));
    assert_eq!(cluster.enabled().first(), Some(&action), "it comes before what waits in the queues");
    assert!(cluster.take(&action));
    assert!(rules(&cluster, before).contains(&"DELETE-10"));
}

/// OP-2: while an operation runs, another of its name is not started.
#[test]
fn an_operation_that_runs_is_not_started_twice() {
    let slow_once = Behaviour::Sequence(vec![Behaviour::Hang], Box::new(Behaviour::Succeed));
    let mut cluster = cluster(slow_once);
    for _ in 0..3 {
        wait(&mut cluster, seconds(60));
        patch(&mut cluster, &pv("pv"), r#"{"metadata": {"labels": {"a": "b"}}}"#).unwrap();
        cluster.sync(&pv("pv")).unwrap();
        assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Released, "a second call would have deleted it");
    }
}

/// OP-2, OP-1: an operation that takes its time lets everything else go on, and ends then.
#[test]
fn an_operation_takes_its_time() {
    let slow = Behaviour::After(seconds(40), Box::new(Behaviour::Succeed));
    let mut cluster = cluster(slow);
    cluster.restore(claim("data", "1Gi")).unwrap();
    wait(&mut cluster, Duration::from_millis(39_999));
    assert!(cluster.volume("pv").is_some());
    cluster.restore(volume("free", "1Gi")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(volume_phase(&cluster, "free"), VolumePhase::Bound);
    wait(&mut cluster, Duration::from_millis(1));
    assert!(cluster.volume("pv").is_none());
}

/// OP-3: a failure is followed by 500 ms of silence, doubled each time and never more than 122 s.
#[test]
fn back_off_doubles_up_to_two_minutes() {
    let mut config = Config::default();
    config.plugins = vec![deleting(in_use())];
    // A resync each second shows the back-off to the second.
    config.resync_period = seconds(1);
    let mut cluster = restored_into(Cluster::new(config), [released(ReclaimPolicy::Delete).into()]);
    cluster.settle().unwrap();
    let mut tries = vec![0];
    for second in 1..=500 {
        let before = count(&cluster, "VolumeDelete");
        wait(&mut cluster, seconds(1));
        if count(&cluster, "VolumeDelete") > before {
            tries.push(second);
        }
    }
    // Failed at 0, 1, 3, ...: silent for 0.5, 1, 2, 4, ... seconds, then the first resync strictly later.
    assert_eq!(tries, [0, 1, 3, 6, 11, 20, 37, 70, 135, 258, 381]);
}

/// OP-3: exactly at the end of the back-off it is still too early.
#[test]
fn the_end_of_the_back_off_is_too_early() {
    let mut config = Config::default();
    let once = Behaviour::Sequence(vec![Behaviour::Fail("busy".into())], Box::new(Behaviour::Succeed));
    config.plugins = vec![deleting(once)];
    config.resync_period = Duration::from_millis(500);
    let mut cluster = restored_into(Cluster::new(config), [released(ReclaimPolicy::Delete).into()]);
    wait(&mut cluster, Duration::from_millis(500));
    cluster.sync(&pv("pv")).unwrap();
    assert!(!cluster.volume("pv").unwrap().metadata.is_deleting(), "nobody was asked to delete it");
    wait(&mut cluster, Duration::from_millis(1));
    cluster.sync(&pv("pv")).unwrap();
    cluster.settle().unwrap();
    assert!(cluster.volume("pv").is_none());
}

/// OP-3, OP-4, EVENT-2: with the stock resync an operation is asked for every 15 s, and only what runs is counted.
#[test]
fn a_request_that_was_dropped_is_neither_queued_nor_counted() {
    let mut cluster = cluster(in_use());
    let mut tries = Vec::new();
    cluster.settle().unwrap();
    assert_eq!(count(&cluster, "VolumeDelete"), 1);
    for tick in 1..=24 {
        let before = count(&cluster, "VolumeDelete");
        wait(&mut cluster, seconds(15));
        if count(&cluster, "VolumeDelete") > before {
            tries.push(15 * tick);
        }
    }
    // Silent for 0.5, 1, 2, 4, 8, 16, 32, 64 and 122 seconds.
    assert_eq!(tries, [15, 30, 45, 60, 75, 105, 150, 225, 360]);
    assert_eq!(count(&cluster, "VolumeDelete"), 10);
}

/// OP-3: a run without an error erases the history.
#[test]
fn a_run_without_an_error_erases_the_history() {
    let fail = || Behaviour::InUse("mounted".into());
    let script = Behaviour::Sequence(vec![fail(), fail(), fail(), Behaviour::Succeed], Box::new(fail()));
    let mut config = Config::default();
    config.plugins = vec![deleting(script)];
    config.resync_period = seconds(1);
    let held = released(ReclaimPolicy::Delete).with_finalizer("example.com/hold");
    let mut cluster = restored_into(Cluster::new(config), [held.into()]);
    // Failures at 0, 1 and 3; success at 6, after which the volume is terminating and the plugin is asked again.
    wait(&mut cluster, seconds(6));
    assert!(cluster.volume("pv").unwrap().metadata.is_deleting());
    let before = count(&cluster, "VolumeDelete");
    assert_eq!(before, 4, "it failed again at once, for the first time");
    wait(&mut cluster, seconds(1));
    assert_eq!(count(&cluster, "VolumeDelete"), before + 1, "and waits for half a second only");
}

/// OP-3: the history belongs to the volume and survives a binding in between.
#[test]
fn the_history_survives_a_binding_in_between() {
    let once = Behaviour::Sequence(vec![Behaviour::Fail("busy".into())], Box::new(Behaviour::Succeed));
    let mut cluster = cluster(once);
    cluster.settle().unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Failed);
    patch(&mut cluster, &pv("pv"), r#"{"spec": {"claimRef": null}}"#).unwrap();
    cluster.create(claim("next", "1Gi")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Bound);
    cluster.delete(&pvc("next")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Released, "no time has passed since the failure");
    wait(&mut cluster, seconds(15));
    assert!(cluster.volume("pv").is_none());
}

/// OP-3: a new volume of the same name has a history of its own.
#[test]
fn a_new_volume_of_the_name_has_no_history() {
    let once = Behaviour::Sequence(vec![Behaviour::Fail("busy".into())], Box::new(Behaviour::Succeed));
    let mut cluster = cluster(once);
    cluster.settle().unwrap();
    cluster.remove(&pv("pv")).unwrap();
    cluster.restore(released(ReclaimPolicy::Delete).with_uid("another")).unwrap();
    cluster.settle().unwrap();
    assert!(cluster.volume("pv").is_none());
}

/// OP-5: recycling never counts as failed, so that it is tried at every sync.
#[test]
fn recycling_has_no_back_off() {
    let fails = |message: &str| Behaviour::Fail(message.into());
    let script = Behaviour::Sequence(vec![fails("one"), fails("two"), fails("three")], Box::new(Behaviour::Succeed));
    let plugin = Plugin::new("example.com/disk", Sources::All).recycles(script);
    let mut cluster = restored_into(with_plugin(plugin), [released(ReclaimPolicy::Recycle).into()]);
    for _ in 0..3 {
        cluster.sync(&pv("pv")).unwrap();
        assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Failed);
    }
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Available);
}

/// OP-4, OP-1: asking an external provisioner is no failure, and is asked for again by every sync.
#[test]
fn an_external_provisioner_is_waited_for_at_every_sync() {
    let mut cluster = restored([class("gold").into(), claim("data", "1Gi").with_class("gold").into()]);
    cluster.settle().unwrap();
    let settled = count(&cluster, "ExternalProvisioning");
    wait(&mut cluster, seconds(45));
    assert_eq!(count(&cluster, "ExternalProvisioning"), settled + 3);
}
