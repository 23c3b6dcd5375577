//! Who a pod of a set is, and whose it is (`STS-10` to `STS-15`).

use bindery::parts::PodVolumeSource;
use bindery::{Json, Kind, StringMap};

use super::world::{World, web};

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

/// STS-10, STS-12: name, labels, owner and host name are made from the set and the ordinal.
#[test]
fn a_pod_is_built_from_the_template_and_its_ordinal() {
    let world = World::running(&web(2, "  ordinals: {start: 5}\n"));
    assert_eq!(world.pods(), ["web-5", "web-6"]);
    let (set, pod) = (world.set(), world.cluster.pod("web-6").unwrap());
    let expected: StringMap = [
        ("app", "web"),
        ("tier", "db"),
        ("statefulset.kubernetes.io/pod-name", "web-6"),
        ("apps.kubernetes.io/pod-index", "6"),
        ("controller-revision-hash", &set.status.update_revision),
    ]
    .into();
    assert_eq!(pod.metadata.labels, expected);
    assert_eq!((pod.metadata.generate_name.as_str(), pod.metadata.namespace.as_str()), ("web-", "default"));
    assert_eq!((pod.spec.hostname.as_str(), pod.spec.subdomain.as_str()), ("web-6", "web"));
    let owner = &pod.metadata.owner_references[0];
    assert_eq!(
        (owner.api_version.as_str(), owner.kind.as_str(), &owner.uid),
        ("apps/v1", "StatefulSet", &set.metadata.uid)
    );
    assert_eq!((owner.controller, owner.block_owner_deletion), (Some(true), Some(true)));
}

/// STS-13, ND-4: claims stand before the volumes of the template, and take the place of one with the same name.
#[test]
fn claims_become_volumes_in_the_order_of_their_templates() {
    let manifest = web(
        1,
        "  - metadata: {name: a}\n    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n",
    )
    .replace(
        "spec: {containers",
        "spec: {volumes: [{name: tmp, emptyDir: {}}, {name: data, emptyDir: {}}], containers",
    );
    let world = World::running(&manifest);
    let volumes = &world.cluster.pod("web-0").unwrap().spec.volumes;
    let named: Vec<String> = volumes
        .iter()
        .map(|volume| match volume.sources.iter().next() {
            Some(PodVolumeSource::PersistentVolumeClaim(claim)) => format!("{}={}", volume.name, claim.claim_name),
            _ => volume.name.to_string(),
        })
        .collect();
    assert_eq!(named, ["data=data-web-0", "a=a-web-0", "tmp"]);
}

/// STS-11: a pod whose name gives no ordinal is nobody's business.
#[test]
fn a_pod_without_an_ordinal_is_ignored() {
    let mut world = World::running(&web(1, ""));
    let uid = world.set().metadata.uid.clone();
    for name in ["web-x", "web-99999999999"] {
        world.restore(&format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: web}}, ownerReferences: \
             [{{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: {uid}, controller: true}}]}}, spec: {{}}}}"
        ));
    }
    world.run();
    assert_eq!(world.pods(), ["web-0", "web-99999999999", "web-x"]);
    let owners = |name: &str| world.cluster.pod(name).unwrap().metadata.owner_references.len();
    // The one with too large a number has the set as its parent; the other one is released.
    assert_eq!((owners("web-99999999999"), owners("web-x")), (1, 0));
}

/// STS-14: an orphan with the labels and the name of a member is adopted.
#[test]
fn an_orphan_that_fits_is_adopted() {
    let mut world = World::new();
    for (name, labels) in [("web-0", "app: web"), ("web-1", "app: other"), ("other-0", "app: web")] {
        world.apply(&format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{{labels}}}}}, \
             spec: {{containers: [{{name: c, image: x}}]}}}}"
        ));
    }
    world.apply(&web(1, ""));
    world.run();
    let owned = |name: &str| world.cluster.pod(name).unwrap().metadata.controller().is_some();
    assert_eq!((owned("web-0"), owned("web-1"), owned("other-0")), (true, false, false));
}

/// STS-14, STS-20: a pod that stops matching is released, and its slot is in the way of nobody but itself.
#[test]
fn a_pod_that_does_not_match_any_more_is_released() {
    let mut world = World::running(&web(1, ""));
    let mark = world.mark();
    world.cluster.patch(&Kind::Pod.named("web-0"), &json(r#"{"metadata": {"labels": {"app": "mine"}}}"#)).unwrap();
    world.run();
    assert!(world.cluster.pod("web-0").unwrap().metadata.owner_references.is_empty());
    // The name is taken, which gives no event.
    assert!(world.events(mark).is_empty());
    world.cluster.remove(&Kind::Pod.named("web-0")).unwrap();
    world.run();
    assert!(world.cluster.pod("web-0").unwrap().metadata.controller().is_some());
}

/// STS-14: a foreign pod with the name of a member is not touched; its claims are made, without owners.
#[test]
fn a_foreign_pod_keeps_its_name() {
    let mut world = World::new();
    world.restore(
        "{apiVersion: v1, kind: Pod, metadata: {name: web-0, labels: {app: web}, ownerReferences: \
         [{apiVersion: example.com/v1, kind: Thing, name: x, uid: x, controller: true}]}, spec: {}}",
    );
    world.apply(&web(1, "  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}\n"));
    let mark = world.mark();
    world.run();
    assert_eq!(
        world.events(mark),
        ["Normal SuccessfulCreate Create Claim data-web-0 Pod web-0 in StatefulSet web success"]
    );
    assert!(world.owners("data-web-0").is_empty());
    assert_eq!(world.set().status.replicas, 0);
    assert!(!world.pass());
}

/// STS-14, STS-21: a set that is being deleted writes its status and nothing else.
#[test]
fn a_set_that_is_being_deleted_leaves_its_pods_alone() {
    let mut world = World::running(&web(2, "").replace("name: web}", "name: web, finalizers: [example.com/hold]}"));
    world.delete(Kind::StatefulSet, "web");
    world.cluster.remove(&Kind::Pod.named("web-1")).unwrap();
    world.cluster.patch(&Kind::Pod.named("web-0"), &json(r#"{"metadata": {"labels": {"app": "mine"}}}"#)).unwrap();
    let mark = world.mark();
    world.run();
    assert_eq!(world.actions(mark), Vec::<String>::new());
    assert!(world.cluster.pod("web-0").unwrap().metadata.controller().is_some());
    assert_eq!(world.set().status.replicas, 0);
}

/// STS-15: the label with its name is repaired, and with it the label with its index, which alone is not missed.
#[test]
fn identity_is_repaired() {
    let mut world = World::running(&web(1, ""));
    let labels = |world: &World| world.cluster.pod("web-0").unwrap().metadata.labels.len();
    let key = Kind::Pod.named("web-0");
    let mark = world.mark();
    world.cluster.patch(&key, &json(r#"{"metadata": {"labels": {"apps.kubernetes.io/pod-index": null}}}"#)).unwrap();
    world.run();
    assert_eq!((labels(&world), world.events(mark).len()), (4, 0));
    let patch = r#"{"metadata": {"labels": {"statefulset.kubernetes.io/pod-name": "x"}}}"#;
    world.cluster.patch(&key, &json(patch)).unwrap();
    world.run();
    assert_eq!(labels(&world), 5);
    assert_eq!(world.events(mark), ["Normal SuccessfulUpdate Update Pod web-0 in StatefulSet web successful"]);
}

/// STS-15: volumes cannot be changed, so that the repair of an adopted pod without them fails.
#[test]
fn storage_cannot_be_repaired() {
    let mut world = World::new();
    world.apply(
        "{apiVersion: v1, kind: Pod, metadata: {name: web-0, labels: {app: web}}, \
         spec: {containers: [{name: c, image: x}]}}",
    );
    world.apply(&web(2, ""));
    let mark = world.mark();
    world.run();
    let events = world.events(mark);
    let failure = "Warning FailedUpdate Update Pod web-0 in StatefulSet web failed error: Pod \"web-0\" is invalid: \
                   spec: Forbidden: pod updates may not change fields other than";
    assert!(events.iter().any(|event| event.starts_with(failure)), "{events:?}");
    assert_eq!(world.pods(), ["web-0"]);
}

/// STS-10, ND-18: of two pods with one ordinal the one with the plain number has the slot.
#[test]
fn the_canonical_name_has_the_slot() {
    let mut world = World::running(&web(2, ""));
    world.apply(
        "{apiVersion: v1, kind: Pod, metadata: {name: web-01, labels: {app: web}}, \
         spec: {containers: [{name: c, image: x}]}}",
    );
    world.run();
    assert_eq!(world.pods(), ["web-0", "web-01", "web-1"]);
    assert!(world.cluster.pod("web-01").unwrap().metadata.controller().is_some());
    assert_eq!((world.set().status.replicas, world.set().status.ready_replicas), (2, 2));
}
