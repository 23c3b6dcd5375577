//! Retries of what failed, and resyncs (`RUN-7`, `RUN-8`).

use std::time::Duration;

use bindery::{ClaimPhase, Cluster, Config, ReclaimPolicy};

use crate::world::{
    BOUND_BY_CONTROLLER, Metadata, NO_VOLUME, VolumeState, bound, claim, claim_phase, count, emitted, patch, pv, pvc,
    restored, restored_into, rules, run_queues, seconds, volume, wait,
};

/// A claim that a controller promised a volume that has gone to another: each look at it fails with an event.
fn failing() -> Vec<bindery::Object> {
    let asking = claim("failing", "1Gi").with_volume("taken").annotated(BOUND_BY_CONTROLLER, "yes");
    let (taken, owner) = bound(volume("taken", "1Gi"), claim("owner", "1Gi"));
    vec![taken, owner, asking.into()]
}

/// The milliseconds at which the failing claim is tried.
fn tries(cluster: &mut Cluster, milliseconds: u64) -> Vec<u64> {
    let mut tries = Vec::new();
    for millisecond in 1..=milliseconds {
        let before = count(cluster, "FailedBinding");
        wait(cluster, Duration::from_millis(1));
        if count(cluster, "FailedBinding") > before {
            tries.push(millisecond);
        }
    }
    tries
}

/// RUN-7, DET-11: a sync that failed is tried again after 5 ms, doubled for each failure.
#[test]
fn a_sync_that_failed_is_tried_again_after_five_milliseconds_and_then_twice_as_long() {
    let mut cluster = restored(failing());
    cluster.settle().unwrap();
    assert_eq!(count(&cluster, "FailedBinding"), 1);
    assert_eq!(tries(&mut cluster, 700), [5, 15, 35, 75, 155, 315, 635]);
}

/// RUN-7: a key waits once, for the earlier of its times.
#[test]
fn a_key_that_fails_again_while_it_waits_is_tried_once() {
    let mut cluster = restored(failing());
    cluster.settle().unwrap();
    for label in ["a", "b"] {
        patch(&mut cluster, &pvc("failing"), &format!(r#"{{"metadata": {{"labels": {{"{label}": ""}}}}}}"#)).unwrap();
        run_queues(&mut cluster);
    }
    let failed = count(&cluster, "FailedBinding");
    wait(&mut cluster, Duration::from_millis(5));
    assert_eq!(count(&cluster, "FailedBinding"), failed + 1, "due after 5 ms since the first failure");
    wait(&mut cluster, Duration::from_millis(39));
    assert_eq!(count(&cluster, "FailedBinding"), failed + 1, "this was the fourth failure, which waits for 40 ms");
    wait(&mut cluster, Duration::from_millis(1));
    assert_eq!(count(&cluster, "FailedBinding"), failed + 2);
}

/// RUN-7: what a busy cluster does beside it does not lengthen the wait of a key that failed.
#[test]
fn settling_much_else_does_not_lengthen_the_wait() {
    let mut cluster = restored(failing());
    for number in 0..20 {
        cluster.restore(volume(&format!("pv-{number}"), "1Gi")).unwrap();
        cluster.restore(claim(&format!("claim-{number}"), "1Gi")).unwrap();
    }
    cluster.settle().unwrap();
    assert_eq!(tries(&mut cluster, 100), [5, 15, 35, 75]);
}

/// RUN-7, RUN-8: a resync looks at a key that waits as well, and counts as one more failure.
#[test]
fn a_resync_tries_a_failing_key_too() {
    let mut cluster = restored(failing());
    wait(&mut cluster, Duration::from_millis(14_999));
    assert_eq!(count(&cluster, "FailedBinding"), 12, "at 0 and up to 10.235 s");
    wait(&mut cluster, Duration::from_millis(1));
    assert_eq!(count(&cluster, "FailedBinding"), 13, "the resync");
    wait(&mut cluster, Duration::from_millis(5_475));
    assert_eq!(count(&cluster, "FailedBinding"), 14, "at 20.475 s");
    wait(&mut cluster, Duration::from_millis(39_525));
    assert_eq!(count(&cluster, "FailedBinding"), 17, "at 30, 45 and 60 s; the next retry is at 61.435 s");
    wait(&mut cluster, Duration::from_millis(1_435));
    assert_eq!(count(&cluster, "FailedBinding"), 18);
}

/// RUN-7: a success erases the history of a key.
#[test]
fn a_success_erases_the_history_of_a_key() {
    let mut cluster = restored(failing());
    wait(&mut cluster, seconds(3));
    patch(&mut cluster, &pv("taken"), r#"{"spec": {"claimRef": {"name": "failing", "uid": "uid-failing"}}}"#).unwrap();
    cluster.settle().unwrap();
    assert_eq!(claim_phase(&cluster, "failing"), ClaimPhase::Bound);
    let (_, again) = (claim("x", "1Gi"), claim("failing-2", "1Gi").with_volume("taken"));
    cluster.restore(again.annotated(BOUND_BY_CONTROLLER, "yes")).unwrap();
    let before = count(&cluster, "FailedBinding");
    cluster.settle().unwrap();
    wait(&mut cluster, Duration::from_millis(5));
    assert_eq!(count(&cluster, "FailedBinding"), before + 2);
}

/// RUN-7: all retries of a queue share a bucket of a hundred, refilled ten times in a second.
#[test]
fn more_than_a_hundred_retries_have_to_wait_for_the_bucket() {
    let (taken, owner) = bound(volume("taken", "1Gi"), claim("owner", "1Gi"));
    let mut cluster = restored([taken, owner]);
    cluster.settle().unwrap();
    for number in 0..103 {
        let asking = claim(&format!("claim-{number}"), "1Gi").with_volume("taken");
        cluster.restore(asking.annotated(BOUND_BY_CONTROLLER, "yes")).unwrap();
    }
    run_queues(&mut cluster);
    let tries = |cluster: &Cluster, number: usize| {
        let key = pvc(&format!("claim-{number}"));
        cluster.events().iter().find(|record| record.event.object == key).unwrap().count
    };
    wait(&mut cluster, Duration::from_millis(5));
    assert_eq!((tries(&cluster, 99), tries(&cluster, 100), tries(&cluster, 102)), (2, 1, 1));
    wait(&mut cluster, Duration::from_millis(95));
    assert_eq!((tries(&cluster, 100), tries(&cluster, 101)), (2, 1));
    wait(&mut cluster, Duration::from_millis(200));
    assert_eq!((tries(&cluster, 101), tries(&cluster, 102)), (2, 2));
}

/// RUN-8: everything is looked at again every 15 seconds, or as often as is configured.
#[test]
fn a_resync_comes_every_fifteen_seconds() {
    for period in [15, 60] {
        let mut config = Config::default();
        config.resync_period = seconds(period);
        let mut cluster = restored_into(Cluster::new(config), [claim("data", "1Gi").into()]);
        cluster.settle().unwrap();
        let settled = count(&cluster, "FailedBinding");
        wait(&mut cluster, Duration::from_millis(1000 * period - 1));
        assert_eq!(count(&cluster, "FailedBinding"), settled);
        wait(&mut cluster, Duration::from_millis(1));
        assert_eq!(count(&cluster, "FailedBinding"), settled + 1);
        wait(&mut cluster, seconds(10 * period));
        assert_eq!(count(&cluster, "FailedBinding"), settled + 11);
        assert_eq!(emitted(&cluster, &pvc("data")).last().map(String::as_str), Some(NO_VOLUME));
    }
}

/// RUN-8, RECLAIM-6: an idle cluster stays as it is, however much time passes.
#[test]
fn an_idle_cluster_writes_nothing() {
    let (pv_bound, claim_bound) = bound(volume("pv", "5Gi"), claim("data", "1Gi"));
    let left = volume("left", "5Gi").with_reclaim_policy(ReclaimPolicy::Retain).bound_to(&claim("gone", "1Gi"));
    let mut cluster = restored([pv_bound, claim_bound, left.into(), claim("waiting", "9Gi").into()]);
    cluster.settle().unwrap();
    let before = cluster.journal().len();
    wait(&mut cluster, seconds(86_400));
    assert!(rules(&cluster, before).is_empty());
    assert_eq!(cluster.settle().unwrap().steps, 0);
}
