//! Pods without a node: what the collector of pods does with them (`gc_controller.go`).

use bindery::{Cluster, Kind, Object, PodPhase, Verb};

use crate::world::{add, delete, documents, node, patch, phase, pod, settled, wait, writes};

const UNPLACED: &str = "{apiVersion: v1, kind: Pod, metadata: {name: free, finalizers: [example.com/hold]}, spec: \
                        {nodeSelector: {no: node}, containers: [{name: c, image: nginx}]}}";

fn is_there(cluster: &Cluster, pod: &str) -> bool {
    cluster.pod(pod).is_some()
}

#[test]
fn a_pod_on_a_node_that_never_was_is_removed_after_a_while() {
    // gcOrphaned: a quarantine of 40 seconds, and a round of the collector every 20.
    let mut cluster = settled(&documents([node("n1"), pod("web", "ghost", &[])]));
    wait(&mut cluster, 59);
    assert_eq!(phase(&cluster, "web"), "Pending");
    wait(&mut cluster, 1);
    assert!(!is_there(&cluster, "web"));
    let written = writes(&cluster, Verb::UpdateStatus, Kind::Pod);
    let Some(Object::Pod(failed)) = &written.last().unwrap().after else { panic!("a pod") };
    assert_eq!(failed.status.phase, PodPhase::Failed);
    let condition = failed.condition("DisruptionTarget").unwrap();
    assert_eq!(condition.reason, "DeletionByPodGC");
    assert_eq!(condition.message, "PodGC: node no longer exists");
}

#[test]
fn the_quarantine_begins_with_the_first_pod() {
    let mut cluster = settled(&documents([node("n1"), node("n2")]));
    delete(&mut cluster, Kind::Node, "n1");
    for name in ["n1", "ghost"] {
        wait(&mut cluster, 1000);
        add(&mut cluster, &pod("web", name, &[]));
        wait(&mut cluster, 50);
        add(&mut cluster, &pod("late", name, &[]));
        assert!(is_there(&cluster, "web"), "{name}");
        wait(&mut cluster, 10);
        assert!(
            !is_there(&cluster, "web") && !is_there(&cluster, "late"),
            "{name}: it is the node that is in quarantine"
        );
        // With its last pod the node is forgotten.
        add(&mut cluster, &pod("web", name, &[]));
        wait(&mut cluster, 59);
        assert!(is_there(&cluster, "web"), "{name}");
        wait(&mut cluster, 1);
        assert!(!is_there(&cluster, "web"), "{name}");
    }
}

#[test]
fn a_node_that_comes_in_time_has_the_pods_that_named_it() {
    let mut cluster = settled(&documents([node("n1"), pod("web", "ghost", &[])]));
    wait(&mut cluster, 30);
    add(&mut cluster, &node("ghost"));
    wait(&mut cluster, 1000);
    assert_eq!(phase(&cluster, "web"), "Running");
}

#[test]
fn a_pod_without_a_node_that_is_to_go_fails_with_the_next_round() {
    // gcUnscheduledTerminating: only a finalizer can hold it.
    let mut cluster = settled(&documents([&node("n1"), UNPLACED]));
    wait(&mut cluster, 1000);
    delete(&mut cluster, Kind::Pod, "free");
    wait(&mut cluster, 19);
    assert_eq!(phase(&cluster, "free"), "Pending");
    wait(&mut cluster, 1);
    assert_eq!(phase(&cluster, "free"), "Failed");
    wait(&mut cluster, 1000);
    assert!(is_there(&cluster, "free"));
    patch(&mut cluster, Kind::Pod, "free", r#"{"metadata": {"finalizers": null}}"#).unwrap();
    assert!(!is_there(&cluster, "free"));
}

#[test]
fn a_cluster_without_nodes_keeps_the_pods_that_name_some() {
    // A dump often has no nodes. With the first one it has all.
    let mut cluster = settled(&documents([pod("web", "n1", &[]), pod("lost", "ghost", &[])]));
    wait(&mut cluster, 1000);
    assert!(is_there(&cluster, "web") && is_there(&cluster, "lost"));
    add(&mut cluster, &node("n1"));
    assert_eq!(phase(&cluster, "web"), "Running");
    wait(&mut cluster, 60);
    assert!(is_there(&cluster, "web") && !is_there(&cluster, "lost"));
}
