//! Writes to the status subresource (`API-4`): what they change besides the status, kind by kind.

use bindery::{Cluster, Kind, Object, ObjectKey, ResourceVersion};

use crate::{at, cluster, object};

/// An object of each kind with a status, with a status that says something, and where to see that.
const OBJECTS: [(Kind, &str, &str, &str); 10] = [
    (
        Kind::PersistentVolume,
        "spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], nfs: {server: s, path: /p}}",
        "phase: Available",
        "phase",
    ),
    (
        Kind::PersistentVolumeClaim,
        "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}",
        "phase: Lost",
        "phase",
    ),
    (Kind::StatefulSet, "spec: {selector: {matchLabels: {app: a}}, template: TEMPLATE}", "replicas: 2", "replicas"),
    (Kind::Deployment, "spec: {selector: {matchLabels: {app: a}}, template: TEMPLATE}", "replicas: 2", "replicas"),
    (Kind::ReplicaSet, "spec: {selector: {matchLabels: {app: a}}, template: TEMPLATE}", "replicas: 2", "replicas"),
    (Kind::Pod, "spec: {containers: [{name: c, image: i}]}", "phase: Running", "phase"),
    (Kind::Node, "spec: {unschedulable: true}", "nodeInfo: {kubeletVersion: v1.36.0}", "nodeInfo.kubeletVersion"),
    (
        Kind::Service,
        "spec: {type: LoadBalancer, ports: [{port: 80}]}",
        "loadBalancer: {ingress: [{ip: 10.0.0.1}]}",
        "loadBalancer.ingress.0.ip",
    ),
    (Kind::ResourceQuota, "spec: {hard: {pods: '3'}}", "used: {pods: '2'}", "used.pods"),
    (Kind::Namespace, "spec: {}", "phase: Active, conditions: [{type: Odd, status: 'True'}]", "conditions.0.type"),
];

const OWNER: &str = "{apiVersion: v1, kind: Node, name: n1, uid: u}";

fn manifest(kind: Kind, metadata: &str, rest: &str) -> String {
    let version = match kind {
        Kind::StatefulSet | Kind::Deployment | Kind::ReplicaSet => "apps/v1",
        _ => "v1",
    };
    let template = "{metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: i}]}}";
    format!("{{apiVersion: {version}, kind: {kind}, metadata: {{name: x, {metadata}}}, {rest}}}")
        .replace("TEMPLATE", template)
}

/// A cluster with such an object, and its key.
fn stored(kind: Kind, metadata: &str, spec: &str) -> (Cluster, ObjectKey) {
    let mut cluster = cluster();
    cluster.create(object(&manifest(kind, metadata, spec))).unwrap();
    (cluster, if kind.is_namespaced() { kind.named("default/x") } else { kind.named("x") })
}

fn write(cluster: &mut Cluster, key: &ObjectKey, metadata: &str, rest: &str) -> Result<Object, String> {
    let sent = object(&manifest(key.kind, metadata, rest));
    cluster.replace_status(key, sent).map(|accepted| accepted.object).map_err(|error| error.to_string())
}

#[test]
fn a_status_is_written_with_the_metadata_and_nothing_else() {
    for (kind, spec, status, place) in OBJECTS {
        let (mut cluster, key) = stored(kind, "labels: {old: a}, annotations: {old: a}", spec);
        let before = cluster.get(&key).unwrap();
        let metadata = format!(
            "labels: {{new: b}}, annotations: {{new: b}}, finalizers: [example.com/hold], ownerReferences: [{OWNER}]"
        );
        let after = write(&mut cluster, &key, &metadata, &format!("{spec}, status: {{{status}}}")).unwrap();
        assert_ne!(at(&after, &format!("status.{place}")), at(&before, &format!("status.{place}")), "{kind}");
        assert_eq!(at(&after, "spec"), at(&before, "spec"), "{kind}");
        let [new, old] = [&after, &before].map(Object::metadata);
        assert_eq!(
            (&new.uid, new.generation, new.creation_timestamp),
            (&old.uid, old.generation, old.creation_timestamp)
        );
        assert_eq!(
            at(&after, "metadata.annotations"),
            bindery::Json::Map(vec![("new".into(), bindery::Json::String("b".into()))])
        );
        assert_eq!(new.finalizers.to_vec(), ["example.com/hold"], "{kind}");
        // Two kinds keep something.
        assert_eq!(new.labels.contains_key("new"), kind != Kind::Deployment, "{kind}");
        assert_eq!(new.owner_references.len(), usize::from(kind != Kind::Pod), "{kind}");
    }
}

#[test]
fn a_spec_that_is_sent_with_a_status_is_passed_over() {
    for (kind, spec, status, _) in OBJECTS {
        let (mut cluster, key) = stored(kind, "", spec);
        let before = at(&cluster.get(&key).unwrap(), "spec");
        let other = match kind {
            Kind::PersistentVolume => "spec: {capacity: {storage: 9Gi}}",
            Kind::PersistentVolumeClaim => "spec: {volumeName: other}",
            Kind::StatefulSet | Kind::Deployment | Kind::ReplicaSet => "spec: {replicas: 9}",
            Kind::Pod => "spec: {nodeName: other}",
            Kind::Service => "spec: {clusterIP: 10.0.0.9}",
            Kind::ResourceQuota => "spec: {hard: {pods: '9'}}",
            _ => "spec: {}",
        };
        let after = write(&mut cluster, &key, "", &format!("{other}, status: {{{status}}}")).unwrap();
        assert_eq!(at(&after, "spec"), before, "{kind}");
    }
}

#[test]
fn metadata_that_are_wrong_are_refused_with_a_status() {
    for (kind, spec, _, _) in OBJECTS {
        let (mut cluster, key) = stored(kind, "", spec);
        let refused = |cluster: &mut Cluster, metadata: &str| write(cluster, &key, metadata, spec).unwrap_err();
        let label = refused(&mut cluster, "annotations: {'not so!': a}");
        assert!(label.contains("metadata.annotations: Invalid value: \"not so!\""), "{kind}: {label}");
        let finalizer = refused(&mut cluster, "finalizers: [mine]");
        assert!(
            finalizer.contains("name is neither a standard finalizer name nor is it fully qualified"),
            "{finalizer}"
        );
        let uid = refused(&mut cluster, "uid: other");
        let held = cluster.get(&key).unwrap().metadata().uid.clone();
        let precondition = format!("Precondition failed: UID in precondition: other, UID in object meta: {held}");
        assert!(uid.starts_with("Operation cannot be fulfilled on ") && uid.ends_with(&precondition), "{uid}");
        let version = refused(&mut cluster, "resourceVersion: '99'");
        assert!(version.contains("the object has been modified"), "{version}");
        let other = object(&manifest(kind, "", spec).replace("name: x", "name: z"));
        let name = cluster.replace_status(&key, other).unwrap_err().to_string();
        assert_eq!(name, "the name of the object (z) does not match the name on the URL (x)");
        assert_eq!(
            cluster.get(&key).unwrap().metadata().finalizers.len(),
            usize::from(kind.as_str().starts_with("Persistent"))
        );
    }
}

#[test]
fn the_last_finalizer_may_go_with_a_status() {
    // API-8
    let (mut cluster, key) = stored(Kind::Node, "finalizers: [example.com/hold]", "spec: {}");
    cluster.delete(&key).unwrap();
    let refused =
        write(&mut cluster, &key, "finalizers: [example.com/hold, example.com/more]", "spec: {}").unwrap_err();
    assert!(refused.contains("no new finalizers can be added if the object is being deleted"), "{refused}");
    assert!(cluster.get(&key).unwrap().metadata().is_deleting());
    write(&mut cluster, &key, "", "spec: {}").unwrap();
    assert!(cluster.get(&key).is_none());
}

#[test]
fn a_pod_is_not_deleted_or_revived_by_its_status() {
    let spec = "spec: {nodeName: n1, containers: [{name: c, image: i}]}";
    let (mut cluster, key) = stored(Kind::Pod, "", spec);
    let after = write(&mut cluster, &key, "deletionTimestamp: '2024-01-01T00:00:00Z'", spec).unwrap();
    assert!(!after.metadata().is_deleting());
    cluster.delete(&key).unwrap();
    let deleting = cluster.get(&key).unwrap().metadata().clone();
    let after = write(&mut cluster, &key, "", &format!("{spec}, status: {{phase: Failed}}")).unwrap();
    assert_eq!(after.metadata().deletion_timestamp, deleting.deletion_timestamp);
    assert_eq!(after.metadata().deletion_grace_period_seconds, deleting.deletion_grace_period_seconds);
}

#[test]
fn the_class_of_a_pod_is_kept_and_not_changed() {
    let spec = "spec: {containers: [{name: c, image: i}]}";
    let mut cluster = cluster();
    let held = format!("{spec}, status: {{qosClass: Burstable}}");
    let pod = cluster.restore(object(&manifest(Kind::Pod, "namespace: default", &held))).unwrap();
    let key = pod.reference();
    let after = write(&mut cluster, &key, "", &format!("{spec}, status: {{phase: Failed}}")).unwrap();
    assert_eq!(at(&after, "status.qosClass"), at(&pod, "status.qosClass"));
    let error = write(&mut cluster, &key, "", &format!("{spec}, status: {{qosClass: Guaranteed}}")).unwrap_err();
    assert_eq!(error, "Pod \"x\" is invalid: status.qosClass: Invalid value: \"Guaranteed\": field is immutable");
}

#[test]
fn a_namespace_terminates_only_when_it_is_deleted() {
    let (mut cluster, key) = stored(Kind::Namespace, "", "spec: {}");
    let error = write(&mut cluster, &key, "", "spec: {}, status: {phase: Terminating}").unwrap_err();
    assert_eq!(
        error,
        "Namespace \"x\" is invalid: status.Phase: Invalid value: \"Terminating\": may only be 'Active' if \
         `deletionTimestamp` is empty"
    );
}

#[test]
fn kinds_without_a_status_have_none_to_write() {
    let mut cluster = cluster();
    let class = cluster.create(object("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}")).unwrap().object;
    let error = cluster.replace_status(&class.reference(), class).unwrap_err();
    assert_eq!(error.to_string(), "a ConfigMap has no status that can be written");
}

#[test]
fn without_the_rules_of_the_api_metadata_are_taken_as_they_are() {
    let mut config = bindery::Config::default();
    config.controllers = bindery::Controllers::NONE;
    config.rules = bindery::StoreRules::Verbatim;
    let mut cluster = Cluster::new(config);
    let node = object("{apiVersion: v1, kind: Node, metadata: {name: x, uid: u}, spec: {unschedulable: true}}");
    let key = cluster.restore(node).unwrap().reference();
    let mut sent = object("{apiVersion: v1, kind: Node, metadata: {name: x, uid: u, labels: {'not so!': a}}}");
    sent.metadata_mut().resource_version = ResourceVersion::default();
    let after = cluster.replace_status(&key, sent).unwrap().object;
    assert!(after.metadata().labels.contains_key("not so!"));
    assert_eq!(at(&after, "spec.unschedulable"), bindery::Json::Bool(true));
}
