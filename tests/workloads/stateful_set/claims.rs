//! The claims of a set's pods (`STSPVC-1` to `STSPVC-15`).

use bindery::{Fault, Kind, Verb};

use super::world::{PARALLEL, World, web};

const TWO: &str =
    "  - metadata: {name: log}\n    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n";

/// A claim that is being deleted and does not go.
fn stuck(name: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: {name}, finalizers: [example.com/hold], \
         deletionTimestamp: '2024-01-01T00:00:00Z'}}, spec: {{}}}}"
    )
}

fn refuse(kind: Kind, message: &str) -> Fault {
    Fault::ServerError { verb: Verb::Create, kind, message: message.into() }
}

/// STSPVC-2, STSPVC-3, STSPVC-4: a copy of the template with the selector's labels over its own, admitted as any other.
#[test]
fn a_claim_is_a_copy_of_its_template() {
    let manifest = web(1, "")
        .replace("labels: {disk: fast}", "labels: {disk: fast, app: x}, annotations: {a: b}, namespace: other");
    let mut world = World::new();
    world.apply(
        "{apiVersion: storage.k8s.io/v1, kind: StorageClass, provisioner: example.com/p, metadata: {name: standard, \
         annotations: {storageclass.kubernetes.io/is-default-class: 'true'}}}",
    );
    world.apply(&manifest);
    world.run();
    let claim = world.cluster.claim("default/data-web-0").unwrap();
    assert_eq!(claim.metadata.labels, [("app", "web"), ("disk", "fast")].into());
    assert_eq!(claim.metadata.annotations.get("a").unwrap(), "b");
    assert!(claim.metadata.owner_references.is_empty());
    assert_eq!(claim.metadata.finalizers.to_vec(), ["kubernetes.io/pvc-protection"]);
    assert_eq!(claim.spec.storage_class_name.as_deref(), Some("standard"));
    assert_eq!(claim.spec.volume_mode.as_str(), "Filesystem");
}

/// STSPVC-1, STSPVC-12, STSPVC-13: every template is tried; two errors are joined, and the pod is not made.
#[test]
fn all_claims_are_tried_before_the_pod_waits() {
    let mut world = World::new();
    world.cluster.inject(refuse(Kind::PersistentVolumeClaim, "no"));
    world.cluster.inject(refuse(Kind::PersistentVolumeClaim, "never"));
    world.apply(&web(1, TWO));
    assert!(!world.pass());
    let refused = |claim: &str, error: &str| {
        format!("Warning FailedCreate Create Claim {claim} for Pod web-0 in StatefulSet web failed error: {error}")
    };
    let errors = "[failed to create PVC data-web-0: no, failed to create PVC log-web-0: never]";
    let pod = format!("Warning FailedCreate Create Pod web-0 in StatefulSet web failed error: {errors}");
    assert_eq!(world.events(0), [refused("data-web-0", "no"), refused("log-web-0", "never"), pod]);
    assert!(world.pass());
    assert_eq!(world.pods(), ["web-0"]);
    let created = |what: &str| format!("Normal SuccessfulCreate Create {what}");
    assert_eq!(
        world.events(0)[3..],
        [
            created("Claim data-web-0 Pod web-0 in StatefulSet web success"),
            created("Claim log-web-0 Pod web-0 in StatefulSet web success"),
            created("Pod web-0 in StatefulSet web successful"),
        ]
    );
}

/// STSPVC-12: a claim that somebody else made meanwhile fails the pass without an event of its own.
#[test]
fn a_claim_that_exists_by_then_is_an_error_without_an_event() {
    let mut world = World::new();
    world.cluster.inject(Fault::AlreadyExists { kind: Kind::PersistentVolumeClaim });
    world.apply(&web(1, ""));
    assert!(!world.pass());
    let error = "failed to create PVC data-web-0: persistentvolumeclaims \"data-web-0\" already exists";
    let pod = format!("Warning FailedCreate Create Pod web-0 in StatefulSet web failed error: {error}");
    assert_eq!(world.events(0), [pod]);
}

/// STS-14: a refused pod gives an event, one whose name is taken does not.
#[test]
fn a_refused_pod_gives_an_event() {
    for (fault, events) in [(refuse(Kind::Pod, "no"), 2), (Fault::AlreadyExists { kind: Kind::Pod }, 1)] {
        let mut world = World::new();
        world.cluster.inject(fault);
        world.apply(&web(1, ""));
        assert!(!world.pass());
        assert_eq!(world.events(0).len(), events, "{:?}", world.events(0));
        assert_eq!(world.claims(), ["data-web-0"]);
    }
}

/// STSPVC-8: a claim of a pod that waits is made again, that of a pod that runs is not.
#[test]
fn only_pending_pods_get_missing_claims() {
    let mut world = World::new();
    world.hold(&["web-1"]);
    world.apply(&web(2, ""));
    world.run();
    world.cluster.remove(&Kind::PersistentVolumeClaim.named("data-web-0")).unwrap();
    world.cluster.remove(&Kind::PersistentVolumeClaim.named("data-web-1")).unwrap();
    world.run();
    assert_eq!(world.claims(), ["data-web-1"]);
}

/// STSPVC-9, STSPVC-10: a claim of the right name is used as it is, without an event.
#[test]
fn a_claim_that_is_there_is_used() {
    let mut world = World::new();
    world.apply(
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-web-0, labels: {mine: x}}, \
         spec: {accessModes: [ReadOnlyMany], storageClassName: gold, resources: {requests: {storage: 7Gi}}}}",
    );
    world.apply(&web(1, ""));
    let before = world.cluster.claim("data-web-0").unwrap().spec.clone();
    world.run();
    assert_eq!(world.pods(), ["web-0"]);
    let claim = world.cluster.claim("data-web-0").unwrap();
    assert_eq!((&claim.spec, claim.metadata.labels.len()), (&before, 1));
    assert_eq!(world.events(0).len(), 1, "only the pod's");
}

/// STS-20, STSPVC-11, ND-10, ND-11: a claim that is being deleted holds its pod up, which is tried again and again;
/// when it is gone a fresh one comes at once.
#[test]
fn a_claim_that_goes_is_awaited() {
    let mut world = World::new();
    world.restore(&stuck("data-web-0"));
    world.apply(&web(1, ""));
    world.run();
    let failed =
        "Warning FailedCreate Create Pod web-0 in StatefulSet web failed error: pvc data-web-0 is being deleted";
    assert!(world.pods().is_empty());
    assert!(world.events(0).iter().all(|event| event == failed) && !world.events(0).is_empty());
    let mark = world.mark();
    world.advance(1);
    // After 5, 10, 20, ... milliseconds.
    assert!((6..=8).contains(&world.events(mark).len()), "{}", world.events(mark).len());
    world.cluster.remove(&Kind::PersistentVolumeClaim.named("data-web-0")).unwrap();
    world.cluster.settle().unwrap();
    assert_eq!((world.pods(), world.claims()), (vec!["web-0".to_owned()], vec!["data-web-0".to_owned()]));
}

/// STSPVC-11, STSPVC-13: for a pod that exists and waits the same is an error without an event; several are joined.
#[test]
fn a_waiting_pod_whose_claim_goes_gives_no_event() {
    let mut world = World::new();
    world.hold(&["web-0"]);
    world.apply(&web(2, TWO).replace("replicas: 2", "replicas: 2\n  podManagementPolicy: Parallel"));
    world.run();
    for name in ["data-web-0", "log-web-0"] {
        world.cluster.remove(&Kind::PersistentVolumeClaim.named(name)).unwrap();
        world.restore(&stuck(name));
    }
    let mark = world.mark();
    world.run();
    let error = world.cluster.sync(&Kind::StatefulSet.named("default/web")).unwrap_err();
    assert_eq!(error.to_string(), "[pvc data-web-0 is being deleted, pvc log-web-0 is being deleted]");
    assert!(world.events(mark).is_empty());
}

/// STSPVC-14: of two templates with one name the later counts.
#[test]
fn the_later_template_of_one_name_counts() {
    let again =
        "  - metadata: {name: data}\n    spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 2Gi}}}\n";
    let world = World::running(&web(1, again));
    assert_eq!(world.claims(), ["data-web-0"]);
    let modes = serde_json::to_string(&world.cluster.claim("data-web-0").unwrap().spec.access_modes).unwrap();
    assert_eq!(modes, r#"["ReadWriteMany"]"#);
    assert_eq!(world.cluster.pod("web-0").unwrap().spec.volumes.len(), 1);
}

/// STSPVC-5, STSPVC-15: the pod refers to its claim by name only, bound or not.
#[test]
fn a_claim_need_not_be_bound() {
    let mut world = World::new();
    world.apply(
        "{apiVersion: storage.k8s.io/v1, kind: StorageClass, provisioner: kubernetes.io/no-provisioner, \
         volumeBindingMode: WaitForFirstConsumer, metadata: {name: local}}",
    );
    world.apply(
        &web(2, PARALLEL)
            .replace("accessModes: [ReadWriteOnce]", "storageClassName: local, accessModes: [ReadWriteOnce]"),
    );
    world.cluster.settle().unwrap();
    assert_eq!(world.pods(), ["web-0", "web-1"]);
    assert!(world.cluster.claims().all(|claim| claim.spec.volume_name.is_empty()));
}
