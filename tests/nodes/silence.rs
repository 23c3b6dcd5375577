//! Nodes that fall silent, are tainted or deleted, and what becomes of their pods.

use bindery::{Cluster, Kind};

use crate::world::{
    add, bound, csi, delete, documents, emitted, key, node, patch, phase, pod, settled, times, user, wait,
};

/// A node with a pod that runs on it, silent from now on.
fn silent(pod: &str) -> Cluster {
    let mut cluster = settled(&documents([&node("n1"), pod]));
    cluster.fail_node("n1").unwrap();
    cluster
}

fn web() -> String {
    pod("web", "n1", &[])
}

/// A pod with tolerations, in flow style.
fn tolerating(name: &str, tolerations: &str) -> String {
    pod(name, "n1", &[]).replace("spec: {", &format!("spec: {{tolerations: [{tolerations}], "))
}

fn condition(cluster: &Cluster, name: &str) -> (String, String, String) {
    let node = cluster.node("n1").unwrap();
    let condition = node.condition(name).unwrap();
    (condition.status.to_string(), condition.reason.to_string(), condition.message.to_string())
}

fn taints(cluster: &Cluster) -> Vec<String> {
    let taints = &cluster.node("n1").unwrap().spec.taints;
    taints.iter().map(|taint| format!("{}:{}", taint.key, taint.effect)).collect()
}

fn is_terminating(cluster: &Cluster, pod: &str) -> bool {
    cluster.pod(pod).unwrap().metadata.is_deleting()
}

#[test]
fn a_kubelet_keeps_its_node_ready() {
    // WL-7
    let cluster = settled(&node("n1"));
    let ready = |status: &str, reason: &str, message: &str| (status.to_owned(), reason.to_owned(), message.to_owned());
    assert_eq!(condition(&cluster, "Ready"), ready("True", "KubeletReady", "kubelet is posting ready status"));
    assert_eq!(
        condition(&cluster, "MemoryPressure"),
        ready("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available")
    );
}

#[test]
fn after_fifty_seconds_the_node_is_marked_and_its_pods_are_not_ready() {
    // STS-33
    let mut cluster = silent(&web());
    let heard = cluster.time();
    wait(&mut cluster, 49);
    assert!(cluster.pod("web").unwrap().is_ready());
    assert!(taints(&cluster).is_empty());
    wait(&mut cluster, 1);
    let unknown =
        ("Unknown".to_owned(), "NodeStatusUnknown".to_owned(), "Kubelet stopped posting node status.".to_owned());
    for name in ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"] {
        assert_eq!(condition(&cluster, name), unknown, "{name}");
    }
    let ready = cluster.node("n1").unwrap().condition("Ready").unwrap();
    assert_eq!(ready.last_heartbeat_time, Some(heard));
    assert_eq!(ready.last_transition_time, Some(cluster.time()));
    let unreachable = "node.kubernetes.io/unreachable";
    assert_eq!(taints(&cluster), [format!("{unreachable}:NoSchedule"), format!("{unreachable}:NoExecute")]);
    let pod = cluster.pod("web").unwrap();
    assert!(!pod.is_ready());
    assert_eq!(pod.condition("ContainersReady").unwrap().status, "True", "only the node controller was here");
    assert_eq!(phase(&cluster, "web"), "Running");
    assert_eq!(emitted(&cluster, Kind::Pod, "web").last().unwrap(), "Warning NodeNotReady Node is not ready");
    assert_eq!(emitted(&cluster, Kind::Node, "n1"), ["Normal NodeNotReady Node n1 status is now: NodeNotReady"]);
}

#[test]
fn a_short_silence_changes_nothing() {
    // STS-33
    let mut cluster = silent(&web());
    wait(&mut cluster, 49);
    cluster.heal_node("n1").unwrap();
    let from = cluster.journal().iter().count();
    wait(&mut cluster, 1000);
    assert_eq!(cluster.journal().since(from).count(), 0);
    // The next silence counts from its own beginning.
    cluster.fail_node("n1").unwrap();
    wait(&mut cluster, 49);
    assert!(taints(&cluster).is_empty());
}

#[test]
fn after_five_minutes_more_the_pods_are_deleted_and_stay() {
    // STS-33
    let mut cluster = silent(&web());
    wait(&mut cluster, 349);
    assert!(!is_terminating(&cluster, "web"));
    wait(&mut cluster, 1);
    assert!(is_terminating(&cluster, "web"));
    assert_eq!(
        emitted(&cluster, Kind::Pod, "web").last().unwrap(),
        "Normal TaintManagerEviction Marking for deletion Pod default/web"
    );
    let condition = cluster.pod("web").unwrap().condition("DisruptionTarget").unwrap();
    assert_eq!((condition.status.as_str(), condition.reason.as_str()), ("True", "DeletionByTaintManager"));
    assert_eq!(condition.message, "Taint manager: deleting due to NoExecute taint");
    wait(&mut cluster, 100_000);
    assert!(is_terminating(&cluster, "web"), "its kubelet does not stop it");
    cluster.heal_node("n1").unwrap();
    cluster.settle().unwrap();
    assert!(cluster.pod("web").is_none());
}

#[test]
fn a_node_that_answers_again_is_as_it_was() {
    // STS-33, WL-7
    let mut cluster = silent(&web());
    wait(&mut cluster, 200);
    cluster.heal_node("n1").unwrap();
    wait(&mut cluster, 10);
    assert_eq!(condition(&cluster, "Ready").0, "True");
    assert!(taints(&cluster).is_empty());
    assert!(cluster.pod("web").unwrap().is_ready());
    assert_eq!(
        emitted(&cluster, Kind::Pod, "web").last().unwrap(),
        "Normal TaintManagerEviction Cancelling deletion of Pod default/web"
    );
    assert_eq!(
        emitted(&cluster, Kind::Node, "n1").last().unwrap(),
        "Normal NodeReady Node n1 status is now: NodeReady"
    );
    wait(&mut cluster, 10_000);
    assert!(!is_terminating(&cluster, "web"));
}

#[test]
fn taints_of_the_user_survive_a_silence() {
    let mut cluster = silent(&web());
    patch(&mut cluster, Kind::Node, "n1", r#"{"spec": {"taints": [{"key": "gpu", "effect": "NoSchedule"}]}}"#).unwrap();
    wait(&mut cluster, 60);
    assert_eq!(taints(&cluster).len(), 3);
    cluster.heal_node("n1").unwrap();
    cluster.settle().unwrap();
    assert_eq!(taints(&cluster), ["gpu:NoSchedule"]);
}

#[test]
fn a_pod_says_itself_how_long_it_bears_a_silent_node() {
    // STS-33: the least time counts, no time is for ever, and another effect does not matter.
    let key = "key: node.kubernetes.io/unreachable, operator: Exists";
    let cases = [
        ("quick", format!("{{{key}, effect: NoExecute, tolerationSeconds: 30}}"), Some(80)),
        ("never", format!("{{{key}, effect: NoExecute, tolerationSeconds: 0}}"), Some(50)),
        ("ever", format!("{{{key}, effect: NoExecute}}"), None),
        ("all", "{operator: Exists}".to_owned(), None),
        ("other", format!("{{{key}, effect: NoSchedule}}"), Some(350)),
        (
            "equal",
            "{key: node.kubernetes.io/unreachable, operator: Equal, value: x, effect: NoExecute}".to_owned(),
            Some(50),
        ),
    ];
    for (name, tolerations, at) in cases {
        let mut cluster = silent(&tolerating(name, &tolerations));
        wait(&mut cluster, 10_000);
        assert_eq!(times(&cluster, name, "TaintManagerEviction"), at.into_iter().collect::<Vec<_>>(), "{tolerations}");
    }
}

#[test]
fn a_taint_of_the_user_drives_pods_away_that_do_not_bear_it() {
    let mut cluster = settled(&documents([
        node("n1"),
        web(),
        tolerating("tough", "{key: maintenance, operator: Exists}"),
        tolerating("late", "{key: maintenance, operator: Exists, tolerationSeconds: 60}"),
    ]));
    patch(&mut cluster, Kind::Node, "n1", r#"{"spec": {"taints": [{"key": "maintenance", "effect": "NoExecute"}]}}"#)
        .unwrap();
    assert!(cluster.pod("web").is_none(), "its kubelet stops it");
    wait(&mut cluster, 59);
    assert!(cluster.pod("late").is_some());
    wait(&mut cluster, 1);
    assert!(cluster.pod("late").is_none());
    assert!(cluster.pod("tough").is_some());
    // Whoever comes later counts from then on.
    add(&mut cluster, &tolerating("late", "{key: maintenance, operator: Exists, tolerationSeconds: 60}"));
    wait(&mut cluster, 59);
    assert!(cluster.pod("late").is_some());
    patch(&mut cluster, Kind::Node, "n1", r#"{"spec": {"taints": null}}"#).unwrap();
    wait(&mut cluster, 600);
    assert!(cluster.pod("late").is_some());
}

#[test]
fn pods_of_a_deleted_node_are_removed_after_a_while() {
    let claim = bound("data", "ReadWriteOnce", &csi("disk"));
    let mut cluster = settled(&documents([node("n1"), node("n2"), claim, user("web", "n1", "data")]));
    delete(&mut cluster, Kind::Node, "n1");
    delete(&mut cluster, Kind::Pod, "web");
    assert!(is_terminating(&cluster, "web"), "nobody stops it");
    wait(&mut cluster, 39);
    assert!(cluster.pod("web").is_some());
    wait(&mut cluster, 41);
    assert!(cluster.pod("web").is_none());
}

#[test]
fn a_node_that_comes_back_keeps_its_pods() {
    let mut cluster = settled(&documents([node("n1"), web()]));
    delete(&mut cluster, Kind::Node, "n1");
    wait(&mut cluster, 30);
    add(&mut cluster, &node("n1"));
    wait(&mut cluster, 1000);
    assert!(cluster.pod("web").unwrap().is_ready());
}

#[test]
fn nothing_starts_and_nothing_stops_on_a_silent_node() {
    // STS-33
    let mut cluster = silent(&web());
    add(&mut cluster, &pod("late", "n1", &[]));
    delete(&mut cluster, Kind::Pod, "web");
    assert_eq!(phase(&cluster, "late"), "Pending");
    assert!(is_terminating(&cluster, "web"));
    cluster.heal_node("n1").unwrap();
    cluster.settle().unwrap();
    assert_eq!(phase(&cluster, "late"), "Running");
    assert!(cluster.pod("web").is_none());
}

#[test]
fn a_node_of_a_dump_that_was_not_heard_of_stays_silent() {
    let mut cluster = silent(&web());
    wait(&mut cluster, 100);
    let mut restored = Cluster::default();
    for object in [Kind::Node, Kind::Pod].into_iter().flat_map(|kind| cluster.objects(kind)) {
        restored.restore(object).unwrap();
    }
    wait(&mut restored, 299);
    assert_eq!(condition(&restored, "Ready").0, "Unknown");
    assert!(!is_terminating(&restored, "web"));
    wait(&mut restored, 1);
    assert!(is_terminating(&restored, "web"));
    restored.heal_node("n1").unwrap();
    restored.settle().unwrap();
    assert!(restored.get(&key(Kind::Pod, "web")).is_none());
}

#[test]
fn an_unknown_node_cannot_fail() {
    let mut cluster = Cluster::default();
    assert_eq!(cluster.fail_node("n9").unwrap_err().to_string(), "nodes \"n9\" not found");
    assert_eq!(cluster.heal_node("n9").unwrap_err().to_string(), "nodes \"n9\" not found");
}
