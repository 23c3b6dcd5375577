//! Volumes that are attached to nodes before pods start, and detached when nothing needs them any more.

use bindery::{Cluster, DeleteOptions, Hold, Kind};

use crate::world::{
    NFS, add, attached, bound, csi, delete, delete_with, documents, emitted, node, of_claim, patch, phase, pod,
    settled, times, user, wait,
};

const DISK: &str = "kubernetes.io/csi/disk.example.com^disk";
const ATTACHED: &str = "Normal SuccessfulAttachVolume AttachVolume.Attach succeeded for volume \"pv-data\" ";
const RWO: &str = "ReadWriteOnce";

/// Two nodes and a claim that is bound to a CSI volume with these modes.
fn two_nodes(modes: &str) -> Cluster {
    settled(&documents([node("n1"), node("n2"), bound("data", modes, &csi("disk"))]))
}

/// What pods were told about attaching.
fn attach_events(cluster: &Cluster, pod: &str) -> Vec<String> {
    let mut events = emitted(cluster, Kind::Pod, pod);
    events.retain(|event| event.contains("AttachVolume"));
    events
}

#[test]
fn a_volume_is_attached_before_its_pod_starts_and_each_pod_is_told() {
    // ATTACH-2, ATTACH-7, WL-3
    let mut cluster = two_nodes(RWO);
    add(&mut cluster, &user("web", "n1", "data"));
    assert_eq!(attached(&cluster, "n1"), [DISK]);
    assert!(attached(&cluster, "n2").is_empty());
    assert_eq!(attach_events(&cluster, "web"), [ATTACHED]);
    assert_eq!(phase(&cluster, "web"), "Running");
}

#[test]
fn pods_on_one_node_share_a_volume() {
    // ATTACH-5, ATTACH-7: it is attached already, so the second pod is not told.
    let mut cluster = two_nodes(RWO);
    add(&mut cluster, &user("web", "n1", "data"));
    add(&mut cluster, &user("job", "n1", "data"));
    assert_eq!(phase(&cluster, "job"), "Running");
    assert!(attach_events(&cluster, "job").is_empty());
    delete(&mut cluster, Kind::Pod, "web");
    assert_eq!(attached(&cluster, "n1"), [DISK]);
    delete(&mut cluster, Kind::Pod, "job");
    assert!(attached(&cluster, "n1").is_empty(), "ATTACH-6");
}

#[test]
fn a_second_node_waits_until_the_first_has_let_the_volume_go() {
    // ATTACH-3, ATTACH-4, ATTACH-6
    let mut cluster = two_nodes(RWO);
    add(&mut cluster, &user("web", "n1", "data"));
    add(&mut cluster, &user("next", "n2", "data"));
    assert_eq!(phase(&cluster, "next"), "Pending");
    let blocked =
        "Warning FailedAttachVolume Multi-Attach error for volume \"pv-data\" Volume is already used by pod(s) web";
    assert_eq!(attach_events(&cluster, "next"), [blocked]);
    // It is said once.
    wait(&mut cluster, 600);
    assert_eq!(attach_events(&cluster, "next"), [blocked]);
    delete(&mut cluster, Kind::Pod, "web");
    assert_eq!(attach_events(&cluster, "next"), [blocked, ATTACHED]);
    assert_eq!(phase(&cluster, "next"), "Running");
    assert_eq!((attached(&cluster, "n1").len(), attached(&cluster, "n2").len()), (0, 1));
    // Detached first, attached then.
    let writes = cluster.journal().iter().filter_map(|entry| entry.write());
    let nodes: Vec<String> = writes
        .filter(|record| record.rule == "ATTACH-2")
        .map(|record| record.after.as_ref().unwrap().metadata().name.to_string())
        .collect();
    assert_eq!(nodes, ["n1", "n1", "n2"]);
}

#[test]
fn a_pod_that_is_being_deleted_keeps_its_volume_while_a_container_runs() {
    // ATTACH-2, WL-6
    let mut cluster = two_nodes(RWO);
    add(&mut cluster, &user("web", "n1", "data"));
    add(&mut cluster, &user("next", "n2", "data"));
    cluster.hold("web", Hold::Termination);
    delete(&mut cluster, Kind::Pod, "web");
    assert_eq!(phase(&cluster, "next"), "Pending");
    cluster.release("web", Hold::Termination);
    cluster.settle().unwrap();
    assert_eq!(phase(&cluster, "next"), "Running");
}

#[test]
fn a_pod_that_has_ended_keeps_nothing_attached() {
    // ATTACH-2, WL-6
    let mut cluster = two_nodes(RWO);
    add(&mut cluster, &user("web", "n1", "data"));
    let mut ended = cluster.pod("web").unwrap().clone();
    ended.status.phase = bindery::PodPhase::Succeeded;
    cluster.replace_status(&Kind::Pod.named("default/web"), ended).unwrap();
    cluster.settle().unwrap();
    assert!(attached(&cluster, "n1").is_empty());
}

#[test]
fn a_pod_that_only_a_finalizer_holds_keeps_nothing_attached() {
    // ATTACH-2: no container runs in it.
    let mut cluster = two_nodes(RWO);
    add(&mut cluster, &user("web", "n1", "data").replace("name: web,", "name: web, finalizers: [example.com/hold],"));
    delete(&mut cluster, Kind::Pod, "web");
    assert!(cluster.pod("web").is_some());
    assert!(attached(&cluster, "n1").is_empty());
}

#[test]
fn holders_of_other_namespaces_are_only_counted() {
    // ATTACH-4: two claims on one disk, as a static volume allows.
    let claims = |name: &str| bound(&format!("{name}/data-{name}"), RWO, &csi("disk"));
    let pod = |namespace: &str, name: &str, node: &str| {
        user(&format!("{namespace}/{name}"), node, &format!("data-{namespace}"))
    };
    let nodes = [node("n1"), node("n2")];
    let texts = |holders: &[(&str, &str)]| {
        let mut cluster = settled(&documents(nodes.iter().cloned().chain([claims("a"), claims("b"), claims("c")])));
        for (namespace, name) in holders {
            add(&mut cluster, &pod(namespace, name, "n1"));
        }
        add(&mut cluster, &pod("a", "next", "n2"));
        let [event] = &*attach_events(&cluster, "a/next") else { panic!("one event") };
        event.replace("Warning FailedAttachVolume Multi-Attach error for volume \"pv-data-a\" ", "")
    };
    assert_eq!(texts(&[("a", "web-2"), ("a", "web-1")]), "Volume is already used by pod(s) web-1, web-2");
    assert_eq!(texts(&[("b", "web"), ("c", "web")]), "Volume is already used by 2 pod(s) in different namespaces");
    assert_eq!(
        texts(&[("a", "web"), ("b", "web")]),
        "Volume is already used by pod(s) web and 1 pod(s) in different namespaces"
    );
}

#[test]
fn the_modes_of_the_volume_count_and_not_those_of_the_claim() {
    // ATTACH-3
    for (modes, phase_of_second) in [
        ("ReadWriteOnce, ReadWriteMany", "Running"),
        ("ReadWriteOnce, ReadOnlyMany", "Running"),
        ("ReadWriteOncePod", "Pending"),
    ] {
        let mut cluster = two_nodes(modes);
        add(&mut cluster, &user("web", "n1", "data"));
        add(&mut cluster, &user("next", "n2", "data"));
        assert_eq!(phase(&cluster, "next"), phase_of_second, "{modes}");
    }
}

#[test]
fn nothing_keeps_two_nodes_from_a_volume_that_is_not_attached() {
    // ATTACH-1, WL-11
    let driver = "{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: disk.example.com}, spec: {attachRequired: false}}";
    for source in [NFS, "hostPath: {path: /data}", &csi("disk")] {
        let mut cluster = settled(&documents([driver, &node("n1"), &node("n2"), &bound("data", RWO, source)]));
        add(&mut cluster, &documents([user("web", "n1", "data"), user("next", "n2", "data")]));
        assert_eq!(
            (phase(&cluster, "web").as_str(), phase(&cluster, "next").as_str()),
            ("Running", "Running"),
            "{source}"
        );
        assert!(attached(&cluster, "n1").is_empty());
    }
}

#[test]
fn a_driver_that_is_installed_later_may_say_that_nothing_is_attached() {
    // ATTACH-1: without its object, attaching is required.
    let mut cluster = two_nodes(RWO);
    add(&mut cluster, &documents([user("web", "n1", "data"), user("next", "n2", "data")]));
    assert_eq!(phase(&cluster, "next"), "Pending");
    add(
        &mut cluster,
        "{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: disk.example.com}, spec: {attachRequired: false}}",
    );
    assert_eq!(phase(&cluster, "next"), "Running");
}

#[test]
fn a_silent_node_keeps_its_volumes_for_six_minutes() {
    // ATTACH-6, ATTACH-4: the pod is gone by force, and nobody says that its volume is unmounted.
    let mut cluster = two_nodes(RWO);
    add(&mut cluster, &user("web", "n1", "data"));
    cluster.fail_node("n1").unwrap();
    wait(&mut cluster, 10);
    delete_with(&mut cluster, Kind::Pod, "web", &DeleteOptions::default().grace_period(0));
    assert_eq!(attached(&cluster, "n1"), [DISK], "its node still counts as ready");
    add(&mut cluster, &user("next", "n2", "data"));
    assert_eq!(
        attach_events(&cluster, "next"),
        [
            "Warning FailedAttachVolume Multi-Attach error for volume \"pv-data\" Volume is already exclusively attached to \
          one node and can't be attached to another"
        ]
    );
    wait(&mut cluster, 359);
    assert_eq!(phase(&cluster, "next"), "Pending");
    wait(&mut cluster, 1);
    assert!(attached(&cluster, "n1").is_empty());
    assert_eq!(phase(&cluster, "next"), "Running");
    assert_eq!(times(&cluster, "next", "SuccessfulAttachVolume"), [370]);
}

#[test]
fn a_node_that_answers_again_lets_its_volumes_go_at_once() {
    // ATTACH-6
    for silence in [20, 200] {
        let mut cluster = two_nodes(RWO);
        add(&mut cluster, &user("web", "n1", "data"));
        cluster.fail_node("n1").unwrap();
        wait(&mut cluster, silence);
        delete_with(&mut cluster, Kind::Pod, "web", &DeleteOptions::default().grace_period(0));
        assert_eq!(attached(&cluster, "n1"), [DISK]);
        cluster.heal_node("n1").unwrap();
        cluster.settle().unwrap();
        assert!(attached(&cluster, "n1").is_empty(), "after {silence} s");
    }
}

#[test]
fn the_wait_begins_anew_when_a_pod_needs_the_volume_again() {
    // ATTACH-6
    let mut cluster = two_nodes(RWO);
    add(&mut cluster, &user("web", "n1", "data"));
    cluster.fail_node("n1").unwrap();
    wait(&mut cluster, 100);
    let force = DeleteOptions::default().grace_period(0);
    delete_with(&mut cluster, Kind::Pod, "web", &force);
    wait(&mut cluster, 100);
    add(&mut cluster, &user("again", "n1", "data"));
    delete_with(&mut cluster, Kind::Pod, "again", &force);
    wait(&mut cluster, 300);
    assert_eq!(attached(&cluster, "n1"), [DISK]);
    wait(&mut cluster, 60);
    assert!(attached(&cluster, "n1").is_empty());
}

#[test]
fn a_node_out_of_service_loses_its_pods_and_their_volumes_at_once() {
    // ATTACH-6
    let mut cluster = two_nodes(RWO);
    add(&mut cluster, &user("web", "n1", "data"));
    cluster.fail_node("n1").unwrap();
    wait(&mut cluster, 60);
    add(&mut cluster, &user("next", "n2", "data"));
    let taint = r#"{"spec": {"taints": [{"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}]}}"#;
    patch(&mut cluster, Kind::Node, "n1", taint).unwrap();
    assert!(cluster.pod("web").is_none());
    assert!(attached(&cluster, "n1").is_empty());
    assert_eq!(phase(&cluster, "next"), "Running");
}

#[test]
fn a_claim_that_is_not_bound_is_not_attached() {
    // ATTACH-2
    let mut cluster = settled(&documents([node("n1"), user("web", "n1", "data")]));
    assert!(attached(&cluster, "n1").is_empty());
    add(&mut cluster, &bound("data", RWO, &csi("disk")));
    assert_eq!(attached(&cluster, "n1"), [DISK]);
    assert_eq!(phase(&cluster, "web"), "Running");
}

#[test]
fn one_pod_may_wait_for_several_volumes() {
    // ATTACH-4
    let mut cluster = two_nodes(RWO);
    add(&mut cluster, &bound("logs", RWO, &csi("logs")));
    add(&mut cluster, &documents([user("web", "n1", "data"), user("log", "n1", "logs")]));
    add(&mut cluster, &pod("next", "n2", &[("l", &of_claim("logs")), ("d", &of_claim("data"))]));
    assert_eq!(attach_events(&cluster, "next").len(), 2);
    wait(&mut cluster, 123);
    let events = emitted(&cluster, Kind::Pod, "next");
    assert_eq!(
        events.last().unwrap(),
        "Warning FailedMount Unable to attach or mount volumes: unmounted volumes=[d l], unattached volumes=[d l], failed \
         to process volumes=[]: context deadline exceeded"
    );
}
