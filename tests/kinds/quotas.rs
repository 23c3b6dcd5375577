//! Quotas: what they refuse, and what their status says.

use bindery::{Cluster, Kind, ResourceQuota};

use crate::object;

fn quota(name: &str, hard: &str) -> String {
    format!("{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: {name}}}, spec: {{hard: {{{hard}}}}}}}")
}

fn claim(name: &str, class: &str, size: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: {name}}}, spec: {{accessModes: [ReadWriteOnce], \
         storageClassName: \"{class}\", resources: {{requests: {{storage: {size}}}}}}}}}"
    )
}

fn cluster(quotas: &[(&str, &str)]) -> Cluster {
    let mut cluster = Cluster::default();
    for (name, hard) in quotas {
        cluster.create(object(&quota(name, hard))).unwrap();
    }
    cluster.settle().unwrap();
    cluster
}

fn used(cluster: &Cluster, name: &str) -> Vec<String> {
    let key = Kind::ResourceQuota.named(format!("default/{name}").as_str());
    let bindery::Object::ResourceQuota(quota) = cluster.get(&key).unwrap() else { panic!("{key}") };
    let ResourceQuota { spec, status, .. } = &*quota;
    assert_eq!(status.hard, spec.hard);
    status.used.iter().map(|(name, amount)| format!("{name}={amount}")).collect()
}

fn create(cluster: &mut Cluster, manifest: &str) -> Result<(), String> {
    cluster.create(object(manifest)).map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn storage_beyond_the_quota_is_forbidden() {
    let mut cluster = cluster(&[("q", "requests.storage: 10Gi, persistentvolumeclaims: \"2\"")]);
    create(&mut cluster, &claim("one", "", "8Gi")).unwrap();
    assert_eq!(
        create(&mut cluster, &claim("x", "", "10Gi")).unwrap_err(),
        "persistentvolumeclaims \"x\" is forbidden: exceeded quota: q, requested: requests.storage=10Gi, used: \
         requests.storage=8Gi, limited: requests.storage=10Gi"
    );
    create(&mut cluster, &claim("two", "", "2Gi")).unwrap();
    assert_eq!(
        create(&mut cluster, &claim("x", "", "1Mi")).unwrap_err(),
        "persistentvolumeclaims \"x\" is forbidden: exceeded quota: q, requested: \
         persistentvolumeclaims=1,requests.storage=1Mi, used: persistentvolumeclaims=2,requests.storage=10Gi, limited: \
         persistentvolumeclaims=2,requests.storage=10Gi"
    );
}

#[test]
fn a_quota_can_be_for_a_class() {
    let hard = "gold.storageclass.storage.k8s.io/requests.storage: 5Gi, \
                silver.storageclass.storage.k8s.io/persistentvolumeclaims: \"1\"";
    let mut cluster = cluster(&[("classes", hard)]);
    create(&mut cluster, &claim("plain", "", "100Gi")).unwrap();
    create(&mut cluster, &claim("silver", "silver", "100Gi")).unwrap();
    assert_eq!(
        create(&mut cluster, &claim("gold", "gold", "6Gi")).unwrap_err(),
        "persistentvolumeclaims \"gold\" is forbidden: exceeded quota: classes, requested: \
         gold.storageclass.storage.k8s.io/requests.storage=6Gi, used: gold.storageclass.storage.k8s.io/requests.storage=0, \
         limited: gold.storageclass.storage.k8s.io/requests.storage=5Gi"
    );
    assert_eq!(
        create(&mut cluster, &claim("more", "silver", "1Gi")).unwrap_err(),
        "persistentvolumeclaims \"more\" is forbidden: exceeded quota: classes, requested: \
         silver.storageclass.storage.k8s.io/persistentvolumeclaims=1, used: \
         silver.storageclass.storage.k8s.io/persistentvolumeclaims=1, limited: \
         silver.storageclass.storage.k8s.io/persistentvolumeclaims=1"
    );
}

#[test]
fn of_several_quotas_the_first_by_name_that_is_exceeded_speaks() {
    let quotas =
        [("c", "requests.storage: 1Gi"), ("a", "requests.storage: 100Gi"), ("b", "persistentvolumeclaims: \"0\"")];
    let mut cluster = cluster(&quotas);
    assert_eq!(
        create(&mut cluster, &claim("x", "", "2Gi")).unwrap_err(),
        "persistentvolumeclaims \"x\" is forbidden: exceeded quota: b, requested: persistentvolumeclaims=1, used: \
         persistentvolumeclaims=0, limited: persistentvolumeclaims=0"
    );
}

#[test]
fn the_status_follows_what_is_stored() {
    let hard = "requests.storage: 10Gi, count/persistentvolumeclaims: \"5\", configmaps: \"3\", count/statefulsets.apps: \"1\"";
    let mut cluster = cluster(&[("q", hard)]);
    assert_eq!(
        used(&cluster, "q"),
        ["configmaps=0", "count/persistentvolumeclaims=0", "count/statefulsets.apps=0", "requests.storage=0"]
    );
    create(&mut cluster, &claim("one", "", "3Gi")).unwrap();
    create(&mut cluster, "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}").unwrap();
    cluster.settle().unwrap();
    assert_eq!(
        used(&cluster, "q"),
        ["configmaps=1", "count/persistentvolumeclaims=1", "count/statefulsets.apps=0", "requests.storage=3Gi"]
    );
    cluster.delete(&Kind::PersistentVolumeClaim.named("one")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(
        used(&cluster, "q"),
        ["configmaps=1", "count/persistentvolumeclaims=0", "count/statefulsets.apps=0", "requests.storage=0"]
    );
}

#[test]
fn a_quota_counts_what_was_there_before_it() {
    let mut cluster = Cluster::default();
    create(&mut cluster, &claim("one", "", "3Gi")).unwrap();
    create(&mut cluster, &quota("q", "requests.storage: 4Gi")).unwrap();
    assert!(create(&mut cluster, &claim("two", "", "2Gi")).unwrap_err().contains("used: requests.storage=3Gi"));
    cluster.settle().unwrap();
    assert_eq!(used(&cluster, "q"), ["requests.storage=3Gi"]);
    let raised = object(&quota("q", "requests.storage: 8Gi, pods: \"1\""));
    cluster.replace(&Kind::ResourceQuota.named("q"), raised).unwrap();
    create(&mut cluster, &claim("two", "", "2Gi")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(used(&cluster, "q"), ["pods=0", "requests.storage=5Gi"]);
}

#[test]
fn another_namespace_does_not_count() {
    let mut cluster = cluster(&[("q", "persistentvolumeclaims: \"0\"")]);
    let elsewhere = claim("x", "", "1Gi").replace("name: x", "name: x, namespace: shop");
    create(&mut cluster, &elsewhere).unwrap();
}

#[test]
fn a_claim_grows_within_its_quota_only() {
    let mut cluster = Cluster::default();
    cluster
        .apply_yaml(
            "
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: gold}
provisioner: kubernetes.io/no-provisioner
allowVolumeExpansion: true
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv}
spec: {capacity: {storage: 20Gi}, accessModes: [ReadWriteOnce], storageClassName: gold, hostPath: {path: /data}}
",
        )
        .unwrap();
    create(&mut cluster, &claim("data", "gold", "5Gi")).unwrap();
    create(&mut cluster, &quota("q", "requests.storage: 8Gi")).unwrap();
    cluster.settle().unwrap();
    let grow = |cluster: &mut Cluster, size: &str| {
        let patch = format!("{{\"spec\": {{\"resources\": {{\"requests\": {{\"storage\": \"{size}\"}}}}}}}}");
        let key = Kind::PersistentVolumeClaim.named("data");
        cluster.patch(&key, &serde_json::from_str(&patch).unwrap()).map_err(|error| error.to_string())
    };
    assert_eq!(
        grow(&mut cluster, "9Gi").unwrap_err(),
        "persistentvolumeclaims \"data\" is forbidden: exceeded quota: q, requested: requests.storage=4Gi, used: \
         requests.storage=5Gi, limited: requests.storage=8Gi"
    );
    grow(&mut cluster, "8Gi").unwrap();
    cluster.settle().unwrap();
    assert_eq!(used(&cluster, "q"), ["requests.storage=8Gi"]);
}

#[test]
fn scopes_choose_what_counts() {
    let mut cluster = Cluster::default();
    let scoped = "{apiVersion: v1, kind: ResourceQuota, metadata: {name: fast}, spec: {hard: {persistentvolumeclaims: \"1\"}, \
                  scopeSelector: {matchExpressions: [{scopeName: VolumeAttributesClass, operator: In, values: [fast]}]}}}";
    create(&mut cluster, scoped).unwrap();
    let of_class = |name: &str, class: &str| {
        claim(name, "", "1Gi").replace("resources:", &format!("volumeAttributesClassName: {class}, resources:"))
    };
    create(&mut cluster, &claim("plain", "", "1Gi")).unwrap();
    create(&mut cluster, &of_class("slow", "slow")).unwrap();
    create(&mut cluster, &of_class("one", "fast")).unwrap();
    assert!(create(&mut cluster, &of_class("two", "fast")).unwrap_err().contains("exceeded quota: fast"));
}

#[test]
fn services_count_with_their_ports_and_pods_until_they_end() {
    let hard = "services: \"5\", services.nodeports: \"1\", pods: \"1\", count/pods: \"2\"";
    let mut cluster = cluster(&[("q", hard)]);
    let service = |name: &str, ports: &str| {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, spec: {{type: NodePort, ports: [{ports}]}}}}"
        )
    };
    assert_eq!(
        create(&mut cluster, &service("web", "{name: a, port: 80}, {name: b, port: 81}")).unwrap_err(),
        "services \"web\" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, \
         limited: services.nodeports=1"
    );
    create(&mut cluster, &service("web", "{port: 80}")).unwrap();
    let pod = |name: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{containers: [{{name: c, image: i}}]}}}}"
        )
    };
    create(&mut cluster, &pod("one")).unwrap();
    assert!(
        create(&mut cluster, &pod("two")).unwrap_err().contains("requested: pods=1, used: pods=1, limited: pods=1")
    );
    cluster.settle().unwrap();
    assert_eq!(used(&cluster, "q"), ["count/pods=1", "pods=1", "services=1", "services.nodeports=1"]);
}

#[test]
fn cpu_and_memory_are_not_counted() {
    let mut cluster = cluster(&[("q", "requests.cpu: 1")]);
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: i, resources: {requests: \
               {cpu: 2}}}]}}";
    create(&mut cluster, pod).unwrap();
    cluster.settle().unwrap();
    assert_eq!(used(&cluster, "q"), ["requests.cpu=0"]);
}
