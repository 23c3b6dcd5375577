//! Objects, and how they are written.

use bindery::{Actor, Cluster, Kind, Quantity, QuantityError, Verb};

use crate::{claim, delete, patch, pod, settled, volume};

#[test]
fn of_volumes_of_the_same_looks_the_one_that_came_in_first_is_older_whatever_it_says() {
    let [first, second] = [("z", "2024-01-01T00:00:00Z"), ("a", "2020-01-01T00:00:00Z")].map(|(name, time)| {
        let metadata = format!("metadata: {{name: {name}, creationTimestamp: '{time}', uid: {name}}}");
        volume(name, "Retain", "nfs: {server: s, path: /p}").replace(&format!("metadata: {{name: {name}}}"), &metadata)
    });
    let mut cluster = Cluster::default();
    cluster.restore_yaml(&(first + &second)).unwrap();
    cluster.apply_yaml(&claim("data", "", "")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(cluster.claim("data").unwrap().spec.volume_name, "z");
}

#[test]
fn quantities_of_more_than_ten_thousand_places_are_refused() {
    // Kubernetes takes digits without end, and exponents as far as they do not overflow.
    let digits = |count: usize| "9".repeat(count).parse::<Quantity>();
    assert!(digits(10_000).is_ok());
    assert_eq!(digits(10_001), Err(QuantityError::Range));
    assert!("1e10000".parse::<Quantity>().is_ok());
    assert_eq!("1e10001".parse::<Quantity>(), Err(QuantityError::Range));
}

#[test]
fn managed_fields_are_carried_and_never_written() {
    let managed = "[{manager: helm, operation: Update, apiVersion: v1, time: '2024-01-01T00:00:00Z', fieldsType: FieldsV1, \
                   fieldsV1: {'f:spec': {}}}]";
    let mut cluster = Cluster::default();
    let dump = volume("held", "Retain", "nfs: {server: s, path: /p}")
        .replace("name: held", &format!("name: held, managedFields: {managed}"));
    cluster.restore_yaml(&dump).unwrap();
    cluster.apply_yaml(&claim("data", "", "")).unwrap();
    cluster.settle().unwrap();
    let fields = |key| serde_json::to_value(cluster.get(&key).unwrap()).unwrap()["metadata"]["managedFields"].clone();
    let held = fields(Kind::PersistentVolume.named("held"));
    assert_eq!((held[0]["manager"].as_str(), held.as_array().map(Vec::len)), (Some("helm"), Some(1)));
    assert_eq!(cluster.claim("data").unwrap().spec.volume_name, "held", "somebody wrote to both");
    assert!(fields(Kind::PersistentVolumeClaim.named("default/data")).is_null());
}

#[test]
fn updates_of_controllers_are_not_validated_again() {
    // The API server would refuse each write to such a volume until its label is corrected.
    let odd =
        volume("odd", "Retain", "nfs: {server: s, path: /p}").replace("name: odd", "name: odd, labels: {a: 'not so!'}");
    assert!(Cluster::default().apply_yaml(&odd).is_err());
    let mut cluster = Cluster::default();
    cluster.restore_yaml(&odd).unwrap();
    cluster.apply_yaml(&claim("data", "", "")).unwrap();
    cluster.settle().unwrap();
    let written = cluster.journal().iter().filter_map(|entry| entry.write());
    let binding = written.filter(|write| write.actor == Actor::PersistentVolumeController && write.rule == "BIND-1");
    assert_eq!(binding.map(|write| write.verb).collect::<Vec<_>>(), [Verb::Update]);
    assert_eq!(cluster.claim("data").unwrap().spec.volume_name, "odd");
}

#[test]
fn a_namespace_need_not_exist() {
    let cluster = settled(&claim("data", "", "").replace("name: data", "name: data, namespace: nowhere"));
    assert!(cluster.claim("nowhere/data").is_some() && cluster.count(Kind::Namespace) == 0);
}

#[test]
fn services_have_one_ipv4_address() {
    // A cluster with two ranges would give an address of each family to such a Service.
    let cluster = settled(
        "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ipFamilyPolicy: PreferDualStack, ports: [{port: 80}]}}",
    );
    let service = serde_json::to_value(cluster.get(&Kind::Service.named("default/web")).unwrap()).unwrap();
    assert_eq!(service["spec"]["clusterIPs"], serde_json::json!(["10.96.1.1"]));
    assert_eq!(service["spec"]["ipFamilies"], serde_json::json!(["IPv4"]));
}

#[test]
fn parts_of_a_pod_that_nothing_here_reads_are_checked_for_their_shape_only() {
    let add = |fields: &str| Cluster::default().apply_yaml(&pod("web", "", fields));
    // Kubernetes asks for an address.
    assert!(add("hostAliases: [{ip: nonsense}]").is_ok());
    let error = add("hostAliases: nonsense").unwrap_err().to_string();
    assert!(error.contains("spec.hostAliases"), "{error}");
}

#[test]
fn pods_get_no_defaults_for_resources_of_their_own() {
    // Kubernetes sets the requests of a pod to its limits where it has no requests.
    let mut cluster = settled(&pod("web", "", "resources: {limits: {cpu: '1'}}"));
    let spec = |cluster: &Cluster| serde_json::to_value(cluster.pod("web").unwrap()).unwrap()["spec"].clone();
    assert_eq!(spec(&cluster)["resources"], serde_json::json!({"limits": {"cpu": "1"}}));
    patch(&mut cluster, Kind::Pod, "web", r#"{"metadata": {"labels": {"a": "b"}}}"#);
    assert!(spec(&cluster)["resources"]["requests"].is_null());
    delete(&mut cluster, Kind::Pod, "web");
}
