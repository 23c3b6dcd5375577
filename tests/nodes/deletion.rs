//! Deletion as the API server carries it out: graceful for pods that run, held by finalizers, for one incarnation only.

use bindery::{Cluster, Config, Controllers, DeleteOptions, Hold, Kind, Pod, Propagation};

use crate::world::{add, delete, delete_with, documents, key, node, patch, phase, pod, settled, wait};

/// A cluster with a pod that runs on a node and does not stop before it is released.
fn with_pod() -> Cluster {
    let mut cluster = settled(&documents([node("n1"), pod("web", "n1", &[])]));
    cluster.hold("web", Hold::Termination);
    cluster
}

fn grace(seconds: i64) -> DeleteOptions {
    DeleteOptions::default().grace_period(seconds)
}

/// The grace period of a pod, and the second at which it ends.
fn deadline(pod: &Pod) -> (i64, i64) {
    let end = pod.metadata.deletion_timestamp.unwrap().unix_seconds() - Cluster::default().time().unix_seconds();
    (pod.metadata.deletion_grace_period_seconds.unwrap(), end)
}

#[test]
fn a_pod_that_runs_stays_until_its_kubelet_has_stopped_it() {
    // WL-5
    let mut cluster = with_pod();
    wait(&mut cluster, 100);
    delete(&mut cluster, Kind::Pod, "web");
    assert_eq!(deadline(cluster.pod("web").unwrap()), (30, 130));
    assert_eq!(phase(&cluster, "web"), "Running");
    wait(&mut cluster, 1000);
    assert!(cluster.pod("web").is_some(), "the API server does not remove it when the time is over");
    cluster.release("web", Hold::Termination);
    cluster.settle().unwrap();
    assert!(cluster.pod("web").is_none());
}

#[test]
fn a_pod_without_a_node_is_gone_at_once() {
    // WL-5, PROT-5
    let mut cluster = settled(&pod("web", "", &[]));
    cluster.delete_with(&key(Kind::Pod, "web"), &grace(60)).unwrap();
    assert!(cluster.pod("web").is_none());
}

#[test]
fn a_pod_that_has_ended_is_gone_at_once() {
    // WL-5, STS-24
    for end in ["Succeeded", "Failed"] {
        let mut cluster = with_pod();
        let mut pod = cluster.pod("web").unwrap().clone();
        pod.status.phase = serde_json::from_str(&format!("{end:?}")).unwrap();
        cluster.replace_status(&key(Kind::Pod, "web"), pod).unwrap();
        cluster.delete(&key(Kind::Pod, "web")).unwrap();
        assert!(cluster.pod("web").is_none(), "{end}");
    }
}

#[test]
fn without_a_grace_period_a_pod_is_gone_at_once() {
    // WL-5
    let mut cluster = with_pod();
    cluster.delete_with(&key(Kind::Pod, "web"), &grace(0)).unwrap();
    assert!(cluster.pod("web").is_none());
    let impatient = pod("web", "n1", &[]).replace("spec: {", "spec: {terminationGracePeriodSeconds: 0, ");
    add(&mut cluster, &impatient);
    cluster.delete(&key(Kind::Pod, "web")).unwrap();
    assert!(cluster.pod("web").is_none());
}

#[test]
fn the_request_counts_more_than_the_pod_and_nothing_is_less_than_a_second() {
    // WL-5
    let patient = pod("web", "n1", &[]).replace("spec: {", "spec: {terminationGracePeriodSeconds: 600, ");
    for (options, seconds) in [(DeleteOptions::default(), 600), (grace(5), 5), (grace(-7), 1)] {
        let mut cluster = settled(&documents([node("n1"), patient.clone()]));
        cluster.hold("web", Hold::Termination);
        delete_with(&mut cluster, Kind::Pod, "web", &options);
        assert_eq!(deadline(cluster.pod("web").unwrap()), (seconds, seconds));
    }
}

#[test]
fn a_deletion_under_way_can_be_made_quicker_and_nothing_else() {
    // PROT-10, WL-5: the time counts from the first request.
    let mut cluster = with_pod();
    wait(&mut cluster, 10);
    delete_with(&mut cluster, Kind::Pod, "web", &grace(60));
    wait(&mut cluster, 5);
    let version = cluster.pod("web").unwrap().metadata.resource_version;
    for options in
        [DeleteOptions::default(), grace(60), grace(90), DeleteOptions::default().propagation(Propagation::Foreground)]
    {
        delete_with(&mut cluster, Kind::Pod, "web", &options);
        let pod = cluster.pod("web").unwrap();
        assert_eq!((deadline(pod), pod.metadata.resource_version), ((60, 70), version), "{options:?}");
    }
    delete_with(&mut cluster, Kind::Pod, "web", &grace(20));
    assert_eq!(deadline(cluster.pod("web").unwrap()), (20, 30));
    cluster.delete_with(&key(Kind::Pod, "web"), &grace(0)).unwrap();
    assert!(cluster.pod("web").is_none());
}

#[test]
fn finalizers_hold_a_pod_that_has_stopped() {
    // API-8, WL-6: nothing runs in it any more, and its object says so.
    let mut cluster = settled(&documents([node("n1"), pod("web", "n1", &[])]));
    patch(&mut cluster, Kind::Pod, "web", r#"{"metadata": {"finalizers": ["example.com/hold"]}}"#).unwrap();
    delete(&mut cluster, Kind::Pod, "web");
    let pod = cluster.pod("web").unwrap();
    assert_eq!(pod.metadata.deletion_grace_period_seconds, Some(0));
    assert_eq!(phase(&cluster, "web"), "Succeeded");
    assert!(pod.is_terminated() && !pod.is_ready());
    delete(&mut cluster, Kind::Pod, "web");
    assert!(cluster.pod("web").is_some());
    patch(&mut cluster, Kind::Pod, "web", r#"{"metadata": {"finalizers": null}}"#).unwrap();
    assert!(cluster.pod("web").is_none());
}

#[test]
fn a_pod_that_runs_does_not_go_with_its_last_finalizer() {
    // API-8, WL-5
    let mut cluster = with_pod();
    patch(&mut cluster, Kind::Pod, "web", r#"{"metadata": {"finalizers": ["example.com/hold"]}}"#).unwrap();
    delete(&mut cluster, Kind::Pod, "web");
    patch(&mut cluster, Kind::Pod, "web", r#"{"metadata": {"finalizers": null}}"#).unwrap();
    assert_eq!(deadline(cluster.pod("web").unwrap()).0, 30);
    cluster.release("web", Hold::Termination);
    cluster.settle().unwrap();
    assert!(cluster.pod("web").is_none());
}

#[test]
fn an_object_that_finalizers_hold_is_marked_once() {
    // PROT-10, API-8
    let mut config = Config::default();
    config.controllers = Controllers::NONE;
    let mut cluster = Cluster::new(config);
    add(&mut cluster, "{apiVersion: v1, kind: ConfigMap, metadata: {name: map, finalizers: [example.com/hold]}}");
    delete(&mut cluster, Kind::ConfigMap, "map");
    let marked = cluster.get(&key(Kind::ConfigMap, "map")).unwrap();
    assert_eq!(marked.metadata().deletion_grace_period_seconds, Some(0));
    wait(&mut cluster, 60);
    delete(&mut cluster, Kind::ConfigMap, "map");
    assert_eq!(cluster.get(&key(Kind::ConfigMap, "map")).unwrap(), marked);
}

#[test]
fn how_dependents_go_can_be_changed_while_finalizers_hold_an_object() {
    let mut config = Config::default();
    config.controllers = Controllers::NONE;
    let mut cluster = Cluster::new(config);
    add(&mut cluster, "{apiVersion: v1, kind: ConfigMap, metadata: {name: map, finalizers: [example.com/hold]}}");
    let finalizers = |cluster: &Cluster| {
        let map = cluster.get(&key(Kind::ConfigMap, "map")).unwrap();
        map.metadata().finalizers.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let with = |propagation| DeleteOptions::default().propagation(propagation);
    delete_with(&mut cluster, Kind::ConfigMap, "map", &with(Propagation::Foreground));
    assert_eq!(finalizers(&cluster), ["example.com/hold", "foregroundDeletion"]);
    delete_with(&mut cluster, Kind::ConfigMap, "map", &DeleteOptions::default());
    assert_eq!(finalizers(&cluster), ["example.com/hold", "foregroundDeletion"]);
    delete_with(&mut cluster, Kind::ConfigMap, "map", &with(Propagation::Orphan));
    assert_eq!(finalizers(&cluster), ["example.com/hold", "orphan"]);
    delete_with(&mut cluster, Kind::ConfigMap, "map", &with(Propagation::Background));
    assert_eq!(finalizers(&cluster), ["example.com/hold"]);
}

#[test]
fn a_deletion_meant_for_another_incarnation_is_refused() {
    let mut cluster = with_pod();
    let uid = cluster.pod("web").unwrap().metadata.uid.clone();
    let error = cluster.delete_with(&key(Kind::Pod, "web"), &DeleteOptions::default().uid("other".into())).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "Operation cannot be fulfilled on Pod \"web\": the UID in the precondition (other) does not match the UID in \
             record ({uid}). The object might have been deleted and then recreated"
        )
    );
    assert!(!cluster.pod("web").unwrap().metadata.is_deleting());
    cluster.delete_with(&key(Kind::Pod, "web"), &DeleteOptions::default().uid(uid)).unwrap();
    assert!(cluster.pod("web").unwrap().metadata.is_deleting());
}

#[test]
fn only_a_pod_that_waits_for_a_node_can_be_assigned_to_one() {
    // SCHED-47
    let gated = pod("gated", "", &[]).replace("spec: {", "spec: {schedulingGates: [{name: example.com/wait}], ");
    let unplaced = |name: &str| pod(name, "", &[]).replace("spec: {", "spec: {nodeSelector: {no: node}, ");
    let mut cluster =
        settled(&documents([node("n1"), pod("placed", "n1", &[]), gated, unplaced("free"), unplaced("held")]));
    patch(&mut cluster, Kind::Pod, "held", r#"{"metadata": {"finalizers": ["example.com/hold"]}}"#).unwrap();
    delete(&mut cluster, Kind::Pod, "held");
    let mut refusal = |pod: &str| cluster.bind(&key(Kind::Pod, pod), "n1").unwrap_err().to_string();
    let refused = "Operation cannot be fulfilled on pods/binding";
    assert_eq!(refusal("placed"), format!("{refused} \"placed\": pod placed is already assigned to node \"n1\""));
    assert_eq!(refusal("gated"), format!("{refused} \"gated\": pod gated has non-empty .spec.schedulingGates"));
    assert_eq!(refusal("held"), format!("{refused} \"held\": pod held is being deleted, cannot be assigned to a host"));
    assert_eq!(refusal("absent"), "pods \"absent\" not found");
    cluster.bind(&key(Kind::Pod, "free"), "n1").unwrap();
    let pod = cluster.pod("free").unwrap();
    assert_eq!(pod.spec.node_name, "n1");
    assert_eq!(pod.condition("PodScheduled").unwrap().status, "True");
}
