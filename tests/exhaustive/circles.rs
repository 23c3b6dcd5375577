//! Runs without an end that Kubernetes really has.

use std::time::Duration;

use bindery::explore::{Explorer, Trace};
use bindery::{Calls, Cluster, Config, Controller, Controllers, CsiProvisioner, StatusCode};

use crate::explore;
use crate::world::{claim, pod};

const CONTROLLERS: Controllers =
    Controllers::PERSISTENT_VOLUMES.with(Controller::Scheduler).with(Controller::ExternalProvisioning);

const OBJECTS: &str = "
{apiVersion: v1, kind: Node, metadata: {name: n1, labels: {zone: a}}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: late}, provisioner: csi.example.com,
  volumeBindingMode: WaitForFirstConsumer}
";

/// A pod that can run on one node only, and a driver that has no room where that is.
fn full(times: Option<u32>) -> Cluster {
    let mut config = Config::default();
    config.controllers = CONTROLLERS;
    // So it looks up at the same times as where it tries again, and there are fewer of them.
    config.bind_timeout = Duration::from_secs(10);
    let calls = Calls::failing(StatusCode::ResourceExhausted, "no room", times);
    config.drivers.push(Box::new(CsiProvisioner::new("csi.example.com").with_topology(["zone"]).provisions(calls)));
    let mut cluster = Cluster::new(config);
    cluster.apply_yaml(OBJECTS).expect("valid objects");
    cluster.create(claim("a").with_class("late")).expect("a valid claim");
    cluster.apply_yaml(&pod("p", "a")).expect("a valid pod");
    cluster
}

fn round(trace: &Trace) -> Vec<&str> {
    let circle = trace.circle.expect("a circle");
    trace.steps[circle..].iter().flat_map(|step| &step.writes).map(AsRef::as_ref).collect()
}

/// The scheduler selects the node, the provisioner takes the selection back because there is no room (`SCHED-45`), and
/// so on for as long as the pod exists.
#[test]
fn a_scheduler_and_a_provisioner_that_undo_each_other_go_round_in_a_circle() {
    let world = full(None);
    // The times of later rounds differ until the pauses are as long as they get; there is no need to see them all.
    let found = explore(Explorer::new(&world).waits(u8::MAX).max_depth(26));
    let violation = found.violation("every run becomes quiet").expect("a violation");
    let trace = &violation.trace;
    let circle = trace.circle.expect("a circle");
    assert_eq!(violation.message, format!("a run goes round in a circle of {} steps", trace.len() - circle));
    let writes = round(trace);
    for rule in ["(SCHED-41)", "(SCHED-45)"] {
        assert!(writes.iter().any(|write| write.contains("Claim") && write.ends_with(rule)), "{trace}");
    }
    // Time passes on the way round: the scheduler waits before it tries again.
    let waits = trace.steps[circle..].iter().filter(|step| step.action.contains("until something is due"));
    assert!(waits.count() > 0, "{trace}");
    let end = trace.play(&world).unwrap_or_else(|error| panic!("{error} of\n{trace}"));
    assert_eq!(end.state(), trace.steps[circle - 1].state);
    assert_eq!(end.state(), trace.steps[trace.len() - 1].state);
}

/// A driver that finds room in the end makes the same run end.
#[test]
fn where_room_is_found_in_the_end_there_is_no_circle() {
    let found = explore(Explorer::new(&full(Some(2))).waits(u8::MAX).max_states(20_000));
    assert!(found.complete && found.violations.is_empty(), "{:#?}", found.violations);
}

/// Without time nobody goes round: each waits for the other.
#[test]
fn a_circle_that_takes_time_is_none_without_it() {
    let found = explore(Explorer::new(&full(None)).waits(3));
    assert!(found.complete && found.violations.is_empty(), "{:#?}", found.violations);
}
