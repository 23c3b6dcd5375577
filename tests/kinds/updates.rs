//! What an update may change, and what it counts as.

use bindery::{Cluster, Kind, Object, ObjectKey};

use crate::{cluster, object};

const TEMPLATE: &str = "{metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: i}]}}";

fn workload(kind: &str, annotation: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: a, annotations: {{note: \"{annotation}\"}}}}, spec: \
         {{selector: {{matchLabels: {{app: a}}}}, template: {TEMPLATE}{spec}}}}}"
    )
}

fn replace(cluster: &mut Cluster, key: &ObjectKey, manifest: &str) -> Result<Object, String> {
    cluster.replace(key, object(manifest)).map(|accepted| accepted.object).map_err(|error| error.to_string())
}

#[test]
fn a_generation_counts_specs_and_for_deployments_annotations() {
    for (kind, name, counts_annotations) in
        [(Kind::Deployment, "Deployment", true), (Kind::ReplicaSet, "ReplicaSet", false)]
    {
        let (mut cluster, key) = (cluster(), kind.named("a"));
        cluster.create(object(&workload(name, "", ""))).unwrap();
        let same = replace(&mut cluster, &key, &workload(name, "", "")).unwrap();
        assert_eq!(same.metadata().generation, 1);
        let scaled = replace(&mut cluster, &key, &workload(name, "", ", replicas: 3")).unwrap();
        assert_eq!(scaled.metadata().generation, 2);
        let noted = replace(&mut cluster, &key, &workload(name, "x", ", replicas: 3")).unwrap();
        assert_eq!(noted.metadata().generation, if counts_annotations { 3 } else { 2 });
    }
}

#[test]
fn a_selector_does_not_change() {
    for (kind, name) in [(Kind::Deployment, "Deployment"), (Kind::ReplicaSet, "ReplicaSet")] {
        let mut cluster = cluster();
        cluster.create(object(&workload(name, "", ""))).unwrap();
        let other = workload(name, "", "").replace("app: a", "app: b");
        assert_eq!(
            replace(&mut cluster, &kind.named("a"), &other).unwrap_err(),
            format!(
                "{name}.apps \"a\" is invalid: spec.selector: Invalid value: {{\"matchLabels\":{{\"app\":\"b\"}}}}: field is \
                 immutable"
            )
        );
    }
}

#[test]
fn a_status_is_kept_by_an_update_and_checked_when_it_is_written() {
    let (mut cluster, key) = (cluster(), Kind::Deployment.named("a"));
    cluster.create(object(&workload("Deployment", "", ""))).unwrap();
    let status = |status: &str| {
        workload("Deployment", "", "").replace("spec: {selector", &format!("status: {{{status}}}, spec: {{selector"))
    };
    cluster.replace_status(&key, object(&status("replicas: 2, readyReplicas: 1"))).unwrap();
    let Object::Deployment(stored) = replace(&mut cluster, &key, &status("replicas: 9")).unwrap() else { panic!() };
    assert_eq!((stored.status.replicas, stored.status.ready_replicas), (2, 1));
    let error = cluster.replace_status(&key, object(&status("replicas: 1, availableReplicas: 2"))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Deployment.apps \"a\" is invalid: [status.availableReplicas: Invalid value: 2: cannot be greater than \
         status.replicas, status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas]"
    );
}

#[test]
fn what_is_immutable_stays() {
    let cases = [
        (
            Kind::ConfigMap,
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, immutable: true, data: {k: v}}",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: w}}",
            "ConfigMap \"a\" is invalid: [immutable: Forbidden: field is immutable when `immutable` is set, data: Forbidden: \
             field is immutable when `immutable` is set]",
        ),
        (
            Kind::Secret,
            "{apiVersion: v1, kind: Secret, metadata: {name: a}, immutable: true, stringData: {k: v}}",
            "{apiVersion: v1, kind: Secret, metadata: {name: a}, immutable: true, stringData: {k: w}}",
            "Secret \"a\" is invalid: data: Forbidden: field is immutable when `immutable` is set",
        ),
        (
            Kind::Secret,
            "{apiVersion: v1, kind: Secret, metadata: {name: a}}",
            "{apiVersion: v1, kind: Secret, metadata: {name: a}, type: other}",
            "Secret \"a\" is invalid: type: Invalid value: \"other\": field is immutable",
        ),
        (
            Kind::ControllerRevision,
            "{apiVersion: apps/v1, kind: ControllerRevision, metadata: {name: a}, data: {a: 1}, revision: 1}",
            "{apiVersion: apps/v1, kind: ControllerRevision, metadata: {name: a}, data: {a: 2}, revision: 1}",
            "ControllerRevision.apps \"a\" is invalid: data: Invalid value: {\"a\":2}: field is immutable",
        ),
        (
            Kind::ResourceQuota,
            "{apiVersion: v1, kind: ResourceQuota, metadata: {name: a}, spec: {hard: {pods: 1}, scopes: [Terminating]}}",
            "{apiVersion: v1, kind: ResourceQuota, metadata: {name: a}, spec: {hard: {pods: 1}}}",
            "ResourceQuota \"a\" is invalid: spec.scopes: Invalid value: null: field is immutable",
        ),
        (
            Kind::CsiDriver,
            "{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: a}, spec: {}}",
            "{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: a}, spec: {attachRequired: false}}",
            "CSIDriver.storage.k8s.io \"a\" is invalid: spec.attachedRequired: Invalid value: false: field is immutable",
        ),
        (
            Kind::CsiNode,
            "{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: a}, spec: {drivers: [{name: d, nodeID: x, topologyKeys: [k]}]}}",
            "{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: a}, spec: {drivers: [{name: d, nodeID: z, topologyKeys: [k]}]}}",
            "CSINode.storage.k8s.io \"a\" is invalid: spec.drivers: Invalid value: \
             {\"Name\":\"d\",\"NodeID\":\"z\",\"TopologyKeys\":[\"k\"],\"Allocatable\":null}: field is immutable",
        ),
        (
            Kind::CsiStorageCapacity,
            "{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: a}, storageClassName: gold}",
            "{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: a}, storageClassName: silver}",
            "CSIStorageCapacity.storage.k8s.io \"a\" is invalid: storageClassName: Invalid value: \"silver\": field is immutable",
        ),
    ];
    for (kind, first, second, text) in cases {
        let mut cluster = cluster();
        cluster.create(object(first)).unwrap();
        assert_eq!(replace(&mut cluster, &kind.named("a"), second).unwrap_err(), text);
    }
}

#[test]
fn a_node_may_get_more_or_fewer_volumes_of_a_driver() {
    let manifest = "{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: a}, spec: {drivers: [{name: d, nodeID: x, \
                    topologyKeys: [], allocatable: {count: 4}}]}}";
    let mut cluster = cluster();
    cluster.create(object(manifest)).unwrap();
    let fewer = manifest.replace("count: 4", "count: 2");
    let Object::CsiNode(node) = replace(&mut cluster, &Kind::CsiNode.named("a"), &fewer).unwrap() else { panic!() };
    assert_eq!(node.driver("d").unwrap().allocatable.as_ref().unwrap().count, Some(2));
}

#[test]
fn a_deleted_namespace_leaves_its_objects() {
    let mut cluster = cluster();
    cluster.create(object("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}")).unwrap();
    cluster.create(object("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: shop}}")).unwrap();
    cluster.delete(&Kind::Namespace.named("shop")).unwrap();
    assert_eq!((cluster.count(Kind::Namespace), cluster.count(Kind::ConfigMap)), (0, 1));
}
