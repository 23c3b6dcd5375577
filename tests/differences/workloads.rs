//! Controllers of workloads, the scheduler and kubelets.

use std::time::Duration;

use bindery::{Cluster, Kind, PodPhase};

use crate::{add, node, patch, pod, settled};

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
