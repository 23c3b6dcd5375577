//! What is said of a pod: the condition and the events.

use bindery::{Kind, Object};

use crate::scheduler::world::{
    Labelled, PodParts, claim, complaint, events, local, node, node_of, pod, pod_key, volume, wait, with, world,
};

/// SCHED-47: a pod that gets its node is told so.
#[test]
fn an_assigned_pod_is_told_its_node() {
    let cluster = world([node("n1").into(), pod("web", &[]).into()]);
    assert_eq!(events(&cluster, "web"), ["Normal Scheduled Successfully assigned default/web to n1"]);
    let web = cluster.pod("web").unwrap();
    assert_eq!(web.condition("PodScheduled").unwrap().status, "True");
}

/// SCHED-60: reasons are counted over all nodes and sorted as texts, counts included.
#[test]
fn reasons_are_sorted_as_texts() {
    let mut nodes: Vec<Object> = (0..10).map(|index| node(&format!("n{index}")).into()).collect();
    for name in ["x1", "x2"] {
        let mut cordoned = node(name).labelled("disk", "ssd");
        cordoned.spec.unschedulable = true;
        nodes.push(cordoned.into());
    }
    let cluster = with(world(nodes), [pod("web", &[]).only_on("disk", "ssd").into()]);
    let text =
        "0/12 nodes are available: 10 node(s) didn't match Pod's node affinity/selector, 2 node(s) were unschedulable.";
    assert_eq!(complaint(&cluster, "web"), text);
}

/// SCHED-61: the condition of a pod that no node will do for, and its phase.
#[test]
fn a_rejected_pod_has_a_condition() {
    let cluster = world([node("n1").into(), pod("web", &["none"]).into()]);
    let web = cluster.pod("web").unwrap();
    let condition = web.condition("PodScheduled").unwrap();
    assert_eq!([&*condition.status, &*condition.reason], ["False", "Unschedulable"]);
    assert_eq!(condition.last_transition_time, Some(cluster.time()));
    assert_eq!(web.status.phase, bindery::PodPhase::Pending);
    let said = format!("Warning FailedScheduling {}", condition.message);
    assert_eq!(events(&cluster, "web"), [said]);
}

/// SCHED-61: an event is cut at 1024 bytes, the condition is not.
#[test]
fn a_long_message_is_cut_in_the_event_only() {
    let name = "a".repeat(1100);
    let mut cluster = world([node("n1").into()]);
    cluster.restore(pod("web", &[&name])).unwrap();
    cluster.settle().unwrap();
    assert!(complaint(&cluster, "web").len() > 1100);
    let [event] = &events(&cluster, "web")[..] else { panic!("one event is expected") };
    let message = event.strip_prefix("Warning FailedScheduling ").unwrap();
    assert_eq!((message.len(), message.ends_with("aaa ...")), (1024, true));
}

/// SCHED-62: nothing is said of preemption, which is not simulated.
#[test]
fn the_text_ends_before_the_part_about_preemption() {
    let cluster = world([node("n1").into(), pod("web", &["none"]).into()]);
    assert!(complaint(&cluster, "web").ends_with("\"none\" not found."));
}

/// ND-16, SCHED-63: a text that stays the same is said once, however often the pod is tried.
#[test]
fn the_same_text_is_said_once() {
    let objects =
        [node("n1").into(), local().into(), claim("data", "1Gi", "local").into(), pod("web", &["data"]).into()];
    let mut cluster = world(objects);
    for index in 0..3 {
        let elsewhere = volume(&format!("pv-{index}"), "500Mi");
        cluster = with(cluster, [elsewhere.into()]);
    }
    wait(&mut cluster, 60);
    assert_eq!(events(&cluster, "web").len(), 1);
    assert_eq!(cluster.events().iter().find(|record| record.event.reason == "FailedScheduling").unwrap().count, 1);
    cluster = with(cluster, [node("n2").into()]);
    assert_eq!(events(&cluster, "web").len(), 2, "two nodes make another text");
}

/// SCHED-61: the time of the last transition stays while the condition stays false.
#[test]
fn a_new_message_is_no_new_transition() {
    let mut cluster = world([node("n1").into(), pod("web", &["none"]).into()]);
    let start = cluster.time();
    wait(&mut cluster, 30);
    cluster = with(cluster, [node("n2").into()]);
    let web = cluster.pod("web").unwrap();
    let condition = web.condition("PodScheduled").unwrap();
    assert!(condition.message.starts_with("0/2"));
    assert_eq!(condition.last_transition_time, Some(start));
}

/// An attempt on request says everything and is made once.
#[test]
fn a_single_attempt_reports_what_it_did() {
    let mut config = bindery::Config::default();
    config.controllers = bindery::Controllers::PERSISTENT_VOLUMES;
    let objects = [node("n1").into(), local().into(), volume("pv", "1Gi").into(), claim("data", "1Gi", "local").into()];
    let mut cluster = with(bindery::Cluster::new(config), objects);
    cluster = with(cluster, [pod("web", &["data"]).into()]);
    assert_eq!(node_of(&cluster, "web"), "", "the scheduler does not run");
    let attempt = cluster.schedule(&pod_key("web")).unwrap();
    assert_eq!(attempt.verdict.node.as_deref(), Some("n1"));
    assert_eq!(attempt.end, bindery::scheduling::AttemptEnd::Waiting);
    assert_eq!(attempt.reservations.len(), 1);
    cluster.settle().unwrap();
    assert_eq!(node_of(&cluster, "web"), "n1", "it goes on by itself when the claim is bound");
    assert!(cluster.schedule(&pod_key("web")).is_err(), "it has a node");
    assert!(cluster.schedule(&Kind::Pod.named("default/none")).is_err());
}
