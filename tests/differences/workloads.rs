//! Controllers of workloads, the scheduler and kubelets.

use std::time::Duration;

use bindery::{Cluster, Hold, JournalEntry, Kind, Object, PodPhase};

use crate::{add, claim, node, patch, pod, settled, volume};

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: nginx}]}
";

#[test]
fn a_deployment_that_fails_is_tried_for_ever() {
    // Kubernetes drops it after fifteen retries, and comes back to it when something changes.
    let mut cluster = settled(
        "{apiVersion: v1, kind: ResourceQuota, metadata: {name: none}, spec: {hard: {count/replicasets.apps: '0'}}}",
    );
    add(&mut cluster, DEPLOYMENT);
    cluster.advance(Duration::from_hours(10)).unwrap();
    assert_eq!(cluster.count(Kind::ReplicaSet), 0);
    // The quota concerns no Deployment, and no change of it wakes one.
    patch(&mut cluster, Kind::ResourceQuota, "none", r#"{"spec": {"hard": {"count/replicasets.apps": "9"}}}"#);
    assert_eq!(cluster.count(Kind::ReplicaSet), 0);
    cluster.advance(Duration::from_hours(1)).unwrap();
    assert_eq!(cluster.count(Kind::ReplicaSet), 1);
}

#[test]
fn the_annotation_that_asks_for_an_old_template_is_carried_and_not_obeyed() {
    // Kubernetes would go back to the template of the revision and remove the annotation.
    let mut cluster = settled(&(node("n1") + "---" + DEPLOYMENT));
    let image = r#"{"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "nginx:2"}]}}}}"#;
    patch(&mut cluster, Kind::Deployment, "web", image);
    let back = r#"{"metadata": {"annotations": {"deprecated.deployment.rollback.to": "1"}}}"#;
    patch(&mut cluster, Kind::Deployment, "web", back);
    let deployment = cluster.get(&Kind::Deployment.named("default/web")).unwrap();
    let annotations = &deployment.metadata().annotations;
    assert_eq!(annotations.get("deprecated.deployment.rollback.to").unwrap(), "1");
    assert_eq!(annotations.get("deployment.kubernetes.io/revision").unwrap(), "2");
    let json = serde_json::to_value(&deployment).unwrap();
    assert_eq!(json["spec"]["template"]["spec"]["containers"][0]["image"], "nginx:2");
}

#[test]
fn all_nodes_count_however_many_there_are() {
    // Kubernetes looks at a part of the nodes where there are more than a hundred.
    let mut cluster = Cluster::default();
    for number in 0..150 {
        cluster.apply_yaml(&node(&format!("n{number:03}"))).unwrap();
        if number != 149 {
            cluster.apply_yaml(&pod(&format!("busy-{number}"), &format!("n{number:03}"), "")).unwrap();
        }
    }
    cluster.settle().unwrap();
    add(&mut cluster, &pod("web", "", ""));
    assert_eq!(cluster.pod("web").unwrap().spec.node_name, "n149");
}

#[test]
fn a_kubelet_waits_for_volumes_that_no_container_mounts() {
    // A real one waits for those that are mounted.
    let volumes = "volumes: [{name: cfg, configMap: {name: absent}}]";
    let mut cluster = settled(&(node("n1") + &pod("web", "n1", volumes)));
    assert_eq!(cluster.pod("web").unwrap().status.phase, PodPhase::Pending);
    add(&mut cluster, "{apiVersion: v1, kind: ConfigMap, metadata: {name: absent}}");
    assert_eq!(cluster.pod("web").unwrap().status.phase, PodPhase::Running);
}

#[test]
fn a_quota_counts_pods_that_should_have_stopped_long_ago() {
    // Kubernetes stops counting a pod whose grace period is over, at the latest after five minutes.
    let quota = "---\n{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {pods: '1'}}}\n";
    let mut cluster = settled(&(node("n1") + quota + &pod("web", "n1", "")));
    cluster.hold("web", Hold::Termination);
    cluster.delete(&Kind::Pod.named("default/web")).unwrap();
    cluster.advance(Duration::from_hours(1)).unwrap();
    let refused = cluster.apply_yaml(&pod("next", "n1", "")).unwrap_err().to_string();
    assert!(refused.contains("exceeded quota: q"), "{refused}");
}

#[test]
fn pods_on_nodes_that_do_not_exist_use_claims_for_a_single_pod() {
    // The scheduler of Kubernetes sees no pods but those on its nodes.
    let single = |manifest: String| manifest.replace("ReadWriteOnce", "ReadWriteOncePod");
    let of_claim = "volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]";
    let mut cluster =
        settled(&(node("n1") + &single(volume("pv", "Retain", "nfs: {server: s, path: /p}") + &claim("data", "", ""))));
    add(&mut cluster, &pod("web", "ghost", of_claim));
    add(&mut cluster, &pod("next", "", of_claim));
    let next = cluster.pod("next").unwrap();
    assert_eq!(next.spec.node_name, "");
    let why = &next.condition("PodScheduled").unwrap().message;
    assert!(why.contains("ReadWriteOncePod access mode already in-use by another pod"), "{why}");
}

#[test]
fn a_kubelet_takes_up_a_pod_that_does_not_bear_a_taint() {
    // Kubernetes' would reject it, so that it failed before it was deleted.
    let tainted = node("n1").replace("name: n1}", "name: n1}, spec: {taints: [{key: k, effect: NoExecute}]}");
    let cluster = settled(&(tainted + &pod("web", "n1", "")));
    assert!(cluster.pod("web").is_none());
    let writes = cluster.journal().iter().filter_map(JournalEntry::write);
    let pods = writes.filter_map(|record| match &record.after {
        Some(Object::Pod(pod)) => Some(pod.status.phase.clone()),
        _ => None,
    });
    assert!(pods.into_iter().all(|phase| phase != PodPhase::Failed));
}
