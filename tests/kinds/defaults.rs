//! What the API fills in, and what it takes away, when an object is created.

use bindery::{Json, Kind, Reader};

use crate::{at, created};

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

fn check(manifest: &str, expected: &[(&str, &str)]) {
    let object = created(manifest);
    for (path, value) in expected {
        assert_eq!(at(&object, path), json(value), "{path} of {object}");
    }
}

const TEMPLATE: &str = "{metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: i}]}}";

#[test]
fn a_deployment_rolls_by_a_quarter_and_has_no_status() {
    let manifest = format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a, generation: 7}}, spec: {{selector: {{matchLabels: {{app: a}}}}, template: {TEMPLATE}}}, status: {{replicas: 3}}}}"
    );
    let expected = [
        ("metadata.generation", "1"),
        ("spec.replicas", "1"),
        ("spec.revisionHistoryLimit", "10"),
        ("spec.progressDeadlineSeconds", "600"),
        (
            "spec.strategy",
            r#"{"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}, "type": "RollingUpdate"}"#,
        ),
        ("spec.template.spec.restartPolicy", "\"Always\""),
        ("spec.template.spec.containers.0.imagePullPolicy", "\"Always\""),
        ("status", "{}"),
    ];
    check(&manifest, &expected);
    check(
        &manifest.replace("spec: {selector", "spec: {strategy: {type: Recreate}, selector"),
        &[("spec.strategy", r#"{"type": "Recreate"}"#)],
    );
}

#[test]
fn a_replica_set_has_one_pod() {
    let manifest = format!(
        "{{apiVersion: apps/v1, kind: ReplicaSet, metadata: {{name: a}}, spec: {{selector: {{matchLabels: {{app: a}}}}, template: {TEMPLATE}}}}}"
    );
    let status = ("status", r#"{"replicas": 0}"#);
    check(&manifest, &[("spec.replicas", "1"), ("metadata.generation", "1"), status]);
}

#[test]
fn a_service_is_for_the_inside_of_the_cluster() {
    let manifest =
        "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}], sessionAffinity: ClientIP}}";
    let expected = [
        ("spec.type", "\"ClusterIP\""),
        ("spec.ports", r#"[{"port": 80, "protocol": "TCP", "targetPort": 80}]"#),
        ("spec.sessionAffinityConfig", r#"{"clientIP": {"timeoutSeconds": 10800}}"#),
        ("spec.internalTrafficPolicy", "\"Cluster\""),
        ("spec.externalTrafficPolicy", "null"),
        ("status", r#"{"loadBalancer": {}}"#),
    ];
    check(manifest, &expected);
    let balanced = manifest.replace("spec: {", "spec: {type: LoadBalancer, ");
    let expected = [("spec.allocateLoadBalancerNodePorts", "true"), ("spec.externalTrafficPolicy", "\"Cluster\"")];
    check(&balanced, &expected);
}

#[test]
fn the_texts_of_a_secret_go_into_its_data() {
    let manifest = "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {user: YWRtaW4=, password: b2xk}, stringData: {password: s3cret}}";
    let data = ("data", r#"{"password": "czNjcmV0", "user": "YWRtaW4="}"#);
    check(manifest, &[data, ("stringData", "null"), ("type", "\"Opaque\"")]);
}

#[test]
fn a_namespace_is_active_and_carries_its_name() {
    let manifest =
        "{apiVersion: v1, kind: Namespace, metadata: {name: shop, namespace: x}, status: {phase: Terminating}}";
    let expected = [
        ("metadata.labels", r#"{"kubernetes.io/metadata.name": "shop"}"#),
        ("metadata.namespace", "null"),
        ("spec.finalizers", r#"["kubernetes"]"#),
        ("status", r#"{"phase": "Active"}"#),
    ];
    check(manifest, &expected);
}

#[test]
fn a_driver_attaches_and_is_not_told_about_pods() {
    let spec = r#"{"attachRequired": true, "fsGroupPolicy": "ReadWriteOnceWithFSType", "podInfoOnMount": false,
        "requiresRepublish": false, "seLinuxMount": false, "storageCapacity": false, "volumeLifecycleModes": ["Persistent"]}"#;
    let manifest = "{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: a}, spec: {preventPodSchedulingIfMissing: true}}";
    check(manifest, &[("spec", spec)]);
}

#[test]
fn a_quota_has_no_status_and_no_fractions_of_a_thousandth() {
    let manifest = "{apiVersion: v1, kind: ResourceQuota, metadata: {name: a}, spec: {hard: {requests.cpu: 1500u}}, status: {used: {pods: 1}}}";
    check(manifest, &[("spec.hard", r#"{"requests.cpu": "2m"}"#), ("status", "{}")]);
}

#[test]
fn a_node_lets_pods_use_all_that_it_has() {
    let manifest = "{apiVersion: v1, kind: Node, metadata: {name: a}, status: {capacity: {pods: 10}}}";
    check(manifest, &[("status.allocatable", r#"{"pods": "10"}"#)]);
}

#[test]
fn the_volumes_of_a_pod_are_completed() {
    let manifest = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: i}], volumes: [{name: a}, \
                    {name: b, configMap: {name: x}}, {name: c, secret: {secretName: x}}, {name: d, downwardAPI: {items: [{path: p, \
                    fieldRef: {fieldPath: metadata.name}}]}}, {name: e, projected: {sources: [{serviceAccountToken: {path: t}}]}}]}}";
    let expected = [
        ("spec.volumes.0", r#"{"emptyDir": {}, "name": "a"}"#),
        ("spec.volumes.1.configMap", r#"{"defaultMode": 420, "name": "x"}"#),
        ("spec.volumes.2.secret", r#"{"defaultMode": 420, "secretName": "x"}"#),
        ("spec.volumes.3.downwardAPI.items.0.fieldRef", r#"{"apiVersion": "v1", "fieldPath": "metadata.name"}"#),
        ("spec.volumes.4.projected.sources.0.serviceAccountToken", r#"{"expirationSeconds": 3600, "path": "t"}"#),
    ];
    check(manifest, &expected);
}

#[test]
fn kinds_of_another_group_are_somebody_elses() {
    let manifest =
        Reader::new().read("{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: a}}").unwrap();
    assert_eq!(manifest.passed_over["Service"], 1);
    let error = Reader::new().read("{apiVersion: v1, kind: Deployment, metadata: {name: a}}").unwrap_err();
    assert!(error.to_string().contains("no kind \"Deployment\" is registered for version \"v1\""));
    assert_eq!(Kind::find("storage.k8s.io/v1", "CSIDriver"), Some(Kind::CsiDriver));
}
