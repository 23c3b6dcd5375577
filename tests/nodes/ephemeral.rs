//! The claims that are made for generic ephemeral volumes.

use bindery::{Cluster, Fault, Kind, ResourceVersion, Verb};

use crate::world::{add, delete, documents, emitted, key, node, pod, settled, times, wait};

const TEMPLATE: &str =
    "spec: {accessModes: [ReadWriteOnce], storageClassName: slow, resources: {requests: {storage: 1Gi}}}";

fn ephemeral() -> String {
    format!("ephemeral: {{volumeClaimTemplate: {{{TEMPLATE}}}}}")
}

/// A pod with ephemeral volumes of these names that no node suits.
fn user(name: &str, volumes: &[&str]) -> String {
    let source = ephemeral();
    let volumes: Vec<(&str, &str)> = volumes.iter().map(|volume| (*volume, source.as_str())).collect();
    pod(name, "", &volumes).replace("spec: {nodeName", "spec: {nodeSelector: {no: node}, nodeName")
}

/// A claim that somebody else made.
fn foreign(name: &str) -> String {
    format!("{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: {name}}}, {TEMPLATE}}}")
}

fn claims(cluster: &Cluster) -> Vec<String> {
    cluster.claims().map(|claim| claim.metadata.name.to_string()).collect()
}

/// What pods are told about their claims.
fn told(cluster: &Cluster) -> Vec<String> {
    let mut events = emitted(cluster, Kind::Pod, "web");
    events.retain(|event| event.starts_with("Warning FailedBinding"));
    events
}

fn fail_creation(cluster: &mut Cluster, message: &str) {
    let message = message.into();
    cluster.inject(Fault::ServerError { verb: Verb::Create, kind: Kind::PersistentVolumeClaim, message });
}

#[test]
fn a_claim_has_labels_annotations_and_spec_of_the_template_and_the_pod_as_owner() {
    // EPH-1
    let metadata = "metadata: {labels: {app: web}, annotations: {note: mine}}";
    let source = format!("ephemeral: {{volumeClaimTemplate: {{{metadata}, {TEMPLATE}}}}}");
    let cluster = settled(&documents([node("n1"), pod("shop/web", "n1", &[("scratch", &source)])]));
    let claim = cluster.claim("shop/web-scratch").unwrap();
    let pod = cluster.pod("shop/web").unwrap();
    assert_eq!(claim.metadata.labels.get("app").unwrap(), "web");
    assert_eq!(claim.metadata.annotations.get("note").unwrap(), "mine");
    assert_eq!(claim.class_name(), "slow");
    let [owner] = &*claim.metadata.owner_references else { panic!("one owner") };
    assert_eq!((owner.api_version.as_str(), owner.kind.as_str(), owner.name.as_str()), ("v1", "Pod", "web"));
    assert_eq!(owner.uid, pod.metadata.uid);
    assert_eq!((owner.controller, owner.block_owner_deletion), (Some(true), Some(true)));
    assert!(emitted(&cluster, Kind::Pod, "shop/web").iter().all(|event| !event.contains("FailedBinding")), "EPH-4");
}

#[test]
fn a_claim_is_made_before_the_pod_has_a_node() {
    // EPH-2
    assert_eq!(claims(&settled(&user("web", &["a", "b"]))), ["web-a", "web-b"]);
}

#[test]
fn a_claim_that_is_deleted_while_its_pod_exists_is_made_again() {
    // EPH-2, PROT-5: the pod has no node, so nothing keeps the claim.
    let mut cluster = settled(&user("web", &["a"]));
    let first = cluster.claim("web-a").unwrap().metadata.uid.clone();
    delete(&mut cluster, Kind::PersistentVolumeClaim, "web-a");
    assert_ne!(cluster.claim("web-a").unwrap().metadata.uid, first);
}

#[test]
fn a_pod_that_is_being_deleted_gets_no_claim() {
    // EPH-2
    let mut cluster = Cluster::default();
    let held = user("web", &["a"]).replace("name: web,", "name: web, finalizers: [example.com/hold],");
    cluster.apply_yaml(&held).unwrap();
    delete(&mut cluster, Kind::Pod, "web");
    assert!(cluster.pod("web").unwrap().metadata.is_deleting());
    assert!(claims(&cluster).is_empty());
}

#[test]
fn a_claim_of_somebody_else_is_left_alone_and_the_pod_is_told() {
    // EPH-3, EPH-6
    let mut cluster = settled(&foreign("web-a"));
    let version = cluster.claim("web-a").unwrap().metadata.resource_version;
    add(&mut cluster, &user("web", &["a"]));
    assert_eq!(
        told(&cluster)[0],
        "Warning FailedBinding ephemeral volume a: PVC default/web-a was not created for pod default/web (pod is not \
         owner)"
    );
    assert!(cluster.claim("web-a").unwrap().metadata.owner_references.is_empty());
    assert!(version >= ResourceVersion(1));
    // The name is free again.
    delete(&mut cluster, Kind::PersistentVolumeClaim, "web-a");
    assert!(cluster.pod("web").unwrap().controls(&cluster.claim("web-a").unwrap().metadata));
}

#[test]
fn a_claim_of_an_earlier_pod_of_the_name_is_somebody_elses() {
    // EPH-3: the uid is compared.
    let mut cluster = settled(&user("web", &["a"]));
    let owner = cluster.claim("web-a").unwrap().clone();
    cluster.remove(&key(Kind::Pod, "web")).unwrap();
    cluster.remove(&key(Kind::PersistentVolumeClaim, "web-a")).unwrap();
    let mut late = owner;
    late.metadata.owner_references = late
        .metadata
        .owner_references
        .iter()
        .cloned()
        .map(|mut owner| {
            owner.kind = "Other".into();
            owner
        })
        .collect();
    cluster.restore(late).unwrap();
    add(&mut cluster, &user("web", &["a"]));
    assert!(told(&cluster)[0].ends_with("(pod is not owner)"));
}

#[test]
fn the_first_failure_ends_the_attempt() {
    // EPH-2: the volume before it has its claim, the volume after it has none.
    let mut cluster = settled(&foreign("web-b"));
    add(&mut cluster, &user("web", &["a", "b", "c"]));
    assert_eq!(claims(&cluster), ["web-b", "web-a"]);
    wait(&mut cluster, 60);
    assert_eq!(claims(&cluster), ["web-b", "web-a"]);
    delete(&mut cluster, Kind::PersistentVolumeClaim, "web-b");
    assert_eq!(claims(&cluster).len(), 3);
}

#[test]
fn a_creation_that_fails_is_told_and_tried_again() {
    // EPH-4, EPH-2: back-off elapses only when time passes.
    let mut cluster = Cluster::default();
    fail_creation(&mut cluster, "exceeded quota");
    fail_creation(&mut cluster, "exceeded quota");
    add(&mut cluster, &user("web", &["a"]));
    assert!(claims(&cluster).is_empty());
    assert_eq!(told(&cluster)[0], "Warning FailedBinding ephemeral volume a: create PVC web-a: exceeded quota");
    cluster.advance(std::time::Duration::from_millis(5)).unwrap();
    assert_eq!(times(&cluster, "web", "FailedBinding").len(), 2);
    assert!(claims(&cluster).is_empty());
    cluster.advance(std::time::Duration::from_millis(9)).unwrap();
    assert!(claims(&cluster).is_empty());
    cluster.advance(std::time::Duration::from_millis(1)).unwrap();
    assert_eq!(claims(&cluster), ["web-a"]);
}

#[test]
fn the_claim_goes_with_its_pod() {
    // EPH-5, PROT-4: also while the pod is assigned to a node.
    let mut cluster = settled(&documents([node("n1"), pod("web", "n1", &[("a", &ephemeral())])]));
    assert_eq!(claims(&cluster), ["web-a"]);
    delete(&mut cluster, Kind::Pod, "web");
    assert!(claims(&cluster).is_empty());
}

#[test]
fn a_pod_that_shuts_down_does_not_protect_its_claim() {
    // PROT-4: a finalizer holds the pod, nothing runs in it any more.
    let held =
        pod("web", "n1", &[("a", &ephemeral())]).replace("name: web,", "name: web, finalizers: [example.com/hold],");
    let mut cluster = settled(&documents([node("n1"), held]));
    delete(&mut cluster, Kind::PersistentVolumeClaim, "web-a");
    assert!(cluster.claim("web-a").unwrap().metadata.is_deleting());
    delete(&mut cluster, Kind::Pod, "web");
    assert!(cluster.claim("web-a").is_none());
}
