//! When a pod is tried again.

use bindery::{CsiDriver, CsiStorageCapacity, Kind, StorageClass};
use serde_json::json;

use crate::scheduler::world::{
    ClassParts, HOSTNAME, Labelled, PodParts, VolumeParts, ZONE, claim, complaint, csi, delayed, events, from_json,
    local, node, node_of, patch, pod, volume, wait, with, world,
};

/// SCHED-63, PROT-5: the claim appears.
#[test]
fn a_claim_that_appears_lets_its_pod_go() {
    let mut cluster =
        world([node("n1").into(), volume("pv", "1Gi").with_class("").into(), pod("web", &["data"]).into()]);
    assert!(complaint(&cluster, "web").contains("not found"));
    cluster = with(cluster, [claim("data", "1Gi", "").into()]);
    assert_eq!(node_of(&cluster, "web"), "n1");
}

/// SCHED-63: a volume appears, and a waiting claim of another pod changes nothing.
#[test]
fn a_volume_that_appears_lets_a_pod_go() {
    let objects =
        [node("n1").into(), local().into(), claim("data", "1Gi", "local").into(), pod("web", &["data"]).into()];
    let mut cluster = world(objects);
    assert!(complaint(&cluster, "web").contains("didn't find available persistent volumes"));
    cluster = with(cluster, [volume("pv", "1Gi").into()]);
    assert_eq!(node_of(&cluster, "web"), "n1");
}

/// SCHED-63: a class appears, or allows other topologies.
#[test]
fn a_class_that_appears_or_changes_lets_a_pod_go() {
    let n1 = node("n1").labelled(ZONE, "b");
    let mut cluster = world([n1.into(), claim("data", "1Gi", "csi").into(), pod("web", &["data"]).into()]);
    assert!(complaint(&cluster, "web").contains("unbound immediate"));
    cluster = with(cluster, [csi().only_in(ZONE, "a").into()]);
    assert!(complaint(&cluster, "web").contains("didn't find available persistent volumes"));
    let mut class: StorageClass = cluster.class("csi").unwrap().clone();
    class.allowed_topologies = csi().only_in(ZONE, "b").allowed_topologies;
    cluster.replace(&Kind::StorageClass.named("csi"), class).unwrap();
    cluster.settle().unwrap();
    assert_eq!(node_of(&cluster, "web"), "n1");
}

/// SCHED-63: a node appears, gets another label, or takes pods again.
#[test]
fn a_node_that_appears_or_changes_lets_a_pod_go() {
    let mut cluster = world([node("n1").into(), pod("web", &[]).only_on("disk", "ssd").into()]);
    assert!(complaint(&cluster, "web").contains("node affinity/selector"));
    patch(&mut cluster, &Kind::Node.named("n1"), json!({"metadata": {"labels": {"disk": "ssd"}}}));
    cluster.settle().unwrap();
    assert_eq!(node_of(&cluster, "web"), "n1");
    cluster = with(cluster, [pod("other", &[]).only_on("disk", "nvme").into()]);
    let mut cordoned = node("n2").labelled("disk", "nvme");
    cordoned.spec.unschedulable = true;
    cluster = with(cluster, [cordoned.into()]);
    assert!(complaint(&cluster, "other").contains("1 node(s) were unschedulable"));
    patch(&mut cluster, &Kind::Node.named("n2"), json!({"spec": {"unschedulable": false}}));
    cluster.settle().unwrap();
    assert_eq!(node_of(&cluster, "other"), "n2");
}

/// SCHED-63: a driver reports more storage.
#[test]
fn storage_that_appears_lets_a_pod_go() {
    let driver: CsiDriver =
        from_json(json!({"metadata": {"name": "csi.example.com"}, "spec": {"storageCapacity": true}}));
    let report: CsiStorageCapacity = from_json(json!({
        "metadata": {"name": "r", "namespace": "kube-system"}, "storageClassName": "csi", "capacity": "9Gi", "nodeTopology": {},
    }));
    let objects = [
        node("n1").into(),
        csi().into(),
        driver.into(),
        claim("data", "1Gi", "csi").into(),
        pod("web", &["data"]).into(),
    ];
    let mut cluster = world(objects);
    assert!(complaint(&cluster, "web").contains("enough free storage"));
    cluster = with(cluster, [report.into()]);
    assert_eq!(node_of(&cluster, "web"), "n1");
}

/// SCHED-45, SCHED-63: an attempt that failed is repeated after a second, then after twice as long, at most ten seconds.
#[test]
fn attempts_that_fail_back_off() {
    let broken = delayed("csi", "broken.example.com");
    let objects = [node("n1").into(), broken.into(), claim("data", "1Gi", "csi").into()];
    let mut cluster = world(objects);
    cluster.create(pod("web", &["data"])).unwrap();
    let key = Kind::PersistentVolumeClaim.named("default/data");
    for delay in [1, 2, 4, 8, 10, 10] {
        cluster.settle().unwrap();
        let selected = || json!({"metadata": {"annotations": {"volume.kubernetes.io/selected-node": null}}});
        patch(&mut cluster, &key, selected());
        cluster.settle().unwrap();
        let annotations = |cluster: &bindery::Cluster| {
            let data = cluster.claim("data").unwrap();
            data.metadata.annotations.contains_key("volume.kubernetes.io/selected-node")
        };
        assert!(!annotations(&cluster), "the node was given back");
        wait(&mut cluster, delay - 1);
        assert!(!annotations(&cluster), "nothing before {delay} seconds have passed");
        wait(&mut cluster, 1);
        assert!(annotations(&cluster), "tried again after {delay} seconds");
    }
    assert_eq!(events(&cluster, "web").len(), 1, "the same text is said once (ND-16)");
}

/// SCHED-45: after a failure another node is as good as before.
#[test]
fn a_failed_attempt_may_end_on_another_node() {
    let broken = delayed("csi", "absent.example.com");
    let objects = [node("n1").into(), node("n2").into(), broken.into(), claim("data", "1Gi", "csi").into()];
    let mut cluster = with(world(objects), [pod("web", &["data"]).into()]);
    let key = Kind::PersistentVolumeClaim.named("default/data");
    patch(&mut cluster, &key, json!({"metadata": {"annotations": {"volume.kubernetes.io/selected-node": null}}}));
    cluster = with(cluster, [pod("busy", &[]).on("n1").into()]);
    wait(&mut cluster, 1);
    let selected =
        cluster.claim("data").unwrap().metadata.annotations.get("volume.kubernetes.io/selected-node").cloned();
    assert_eq!(selected.as_deref(), Some("n2"));
}

/// SCHED-63: pods that are tried again come in their order, and each gets what the one before left.
#[test]
fn rejected_pods_share_what_appears() {
    let claims = ["a", "b"].map(|name| bindery::Object::from(claim(name, "1Gi", "local")));
    let mut cluster = with(world([node("n1").into(), local().into()]), claims);
    cluster = with(cluster, [pod("one", &["a"]).into(), pod("two", &["b"]).with_priority(5).into()]);
    cluster = with(cluster, [volume("pv", "1Gi").only_where(HOSTNAME, "n1").into()]);
    assert_eq!(node_of(&cluster, "two"), "n1", "the higher priority");
    assert_eq!(node_of(&cluster, "one"), "");
    cluster = with(cluster, [volume("second", "1Gi").into()]);
    assert_eq!(node_of(&cluster, "one"), "n1");
}
