//! Claims that ask for more than they have.

use bindery::{ApiError, Cluster, CsiProvisioner, ExpansionMode, Kind};

use crate::world::{NFS, add, csi, documents, emitted, patch, settled, wait};

const RESIZER: &str = "volume.kubernetes.io/storage-resizer";

/// A claim of 1Gi of a class that can be expanded, bound to a volume of 1Gi.
fn with_claim(source: &str) -> Cluster {
    let class = "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, \
                 provisioner: example.com/manual, allowVolumeExpansion: true}";
    let volume = format!(
        "{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: pv}}, spec: {{storageClassName: fast, \
         capacity: {{storage: 1Gi}}, accessModes: [ReadWriteOnce], {source}}}}}"
    );
    let claim = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: fast, \
                 volumeName: pv, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}";
    settled(&documents([class, &volume, claim]))
}

fn grow(cluster: &mut Cluster, size: &str) -> Result<(), ApiError> {
    let size = format!(r#"{{"spec": {{"resources": {{"requests": {{"storage": "{size}"}}}}}}}}"#);
    patch(cluster, Kind::PersistentVolumeClaim, "data", &size)
}

fn told(cluster: &Cluster) -> Vec<String> {
    let mut events = emitted(cluster, Kind::PersistentVolumeClaim, "data");
    events.retain(|event| event.contains("Expanding"));
    events
}

#[test]
fn the_expansion_of_a_volume_is_left_to_whoever_stands_outside() {
    // RESIZE-4
    for source in [&csi("a"), NFS] {
        let mut cluster = with_claim(source);
        assert!(told(&cluster).is_empty(), "nothing has grown yet");
        grow(&mut cluster, "2Gi").unwrap();
        assert_eq!(told(&cluster)[0], "Normal ExternalExpanding waiting for an external controller to expand this PVC");
        let claim = cluster.claim("data").unwrap();
        assert!(!claim.metadata.annotations.contains_key(RESIZER));
        assert_eq!(claim.status.capacity.get("storage").unwrap().to_string(), "1Gi");
    }
}

#[test]
fn for_a_volume_that_a_driver_took_over_the_resizer_is_noted() {
    // RESIZE-4
    let mut cluster = with_claim("awsElasticBlockStore: {volumeID: vol-1}");
    grow(&mut cluster, "2Gi").unwrap();
    assert_eq!(
        told(&cluster),
        ["Normal ExternalExpanding CSI migration enabled for kubernetes.io/aws-ebs; waiting for external resizer to \
          expand the pvc"; 1]
            .into_iter()
            .cycle()
            .take(told(&cluster).len())
            .collect::<Vec<_>>()
    );
    assert_eq!(cluster.claim("data").unwrap().metadata.annotations.get(RESIZER).unwrap(), "ebs.csi.aws.com");
}

#[test]
fn only_a_bound_claim_of_a_class_that_allows_it_may_grow() {
    // RESIZE-1, RESIZE-2
    let mut cluster = with_claim(NFS);
    add(
        &mut cluster,
        "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: \
                       example.com/manual, allowVolumeExpansion: false}",
    );
    let error = grow(&mut cluster, "2Gi").unwrap_err().to_string();
    assert_eq!(
        error,
        "persistentvolumeclaims \"data\" is forbidden: only dynamically provisioned pvc can be resized and the \
         storageclass that provisions the pvc must support resize"
    );
    assert!(told(&cluster).is_empty());
    let mut cluster = settled(
        "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: fast, \
         accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}",
    );
    assert!(grow(&mut cluster, "2Gi").unwrap_err().to_string().contains("spec is immutable after creation"));
}

/// A claim whose driver answers requests to grow in a way.
fn with_driver(mode: ExpansionMode) -> Cluster {
    let mut cluster = with_claim(&csi("a"));
    cluster.set_driver(driver(mode));
    cluster
}

fn driver(mode: ExpansionMode) -> Box<CsiProvisioner> {
    let mut driver = CsiProvisioner::new("disk.example.com");
    driver.expand = mode;
    Box::new(driver)
}

/// The size of the volume, and what the claim says that it has.
fn sizes(cluster: &Cluster) -> (String, String) {
    let held = &cluster.claim("data").unwrap().status.capacity;
    let volume = &cluster.volume("pv").unwrap().spec.capacity;
    (volume.get("storage").unwrap().to_string(), held.get("storage").unwrap().to_string())
}

fn resized(cluster: &Cluster) -> Vec<String> {
    let mut events = emitted(cluster, Kind::PersistentVolumeClaim, "data");
    events.retain(|event| event.contains("Resize"));
    events
}

#[test]
fn a_driver_that_grows_volumes_does_it_at_once() {
    // RESIZE-7, RESIZE-9
    let mut cluster = with_driver(ExpansionMode::Instant);
    grow(&mut cluster, "3Gi").unwrap();
    assert_eq!(sizes(&cluster), ("3Gi".to_owned(), "3Gi".to_owned()));
    assert_eq!(resized(&cluster), ["Normal VolumeResizeSuccessful ExpandVolume succeeded for volume default/data"]);
    // RESIZE-3: what was reached is not given back.
    let error = grow(&mut cluster, "2Gi").unwrap_err().to_string();
    assert!(error.contains("field can not be less than status.capacity"), "{error}");
}

#[test]
fn a_driver_that_leaves_it_to_others_changes_nothing() {
    // RESIZE-9
    let mut cluster = with_driver(ExpansionMode::External);
    grow(&mut cluster, "3Gi").unwrap();
    wait(&mut cluster, 3600);
    assert_eq!(sizes(&cluster), ("1Gi".to_owned(), "1Gi".to_owned()));
    // One that comes later does it.
    cluster.set_driver(driver(ExpansionMode::Instant));
    cluster.settle().unwrap();
    assert_eq!(sizes(&cluster), ("3Gi".to_owned(), "3Gi".to_owned()));
}

#[test]
fn a_failed_expansion_is_noted_and_tried_again() {
    // RESIZE-5, RESIZE-7
    let mut cluster = with_driver(ExpansionMode::Failing);
    grow(&mut cluster, "3Gi").unwrap();
    assert_eq!(sizes(&cluster), ("1Gi".to_owned(), "1Gi".to_owned()));
    assert!(resized(&cluster)[0].starts_with("Warning VolumeResizeFailed resize volume \"pv\" failed: "));
    let progress = &cluster.claim("data").unwrap().status.progress;
    let [condition] = &*progress.conditions else { panic!("one condition") };
    assert_eq!((condition.r#type.as_str(), condition.status.as_str()), ("ControllerResizeError", "True"));
    assert_eq!(progress.allocated_resources.get("storage").unwrap().to_string(), "3Gi");
    let tries = resized(&cluster).len();
    wait(&mut cluster, 60);
    assert!(resized(&cluster).len() > tries);
    // A smaller request, which is still more than it has.
    grow(&mut cluster, "2Gi").unwrap();
    cluster.set_driver(driver(ExpansionMode::Instant));
    cluster.settle().unwrap();
    assert_eq!(sizes(&cluster), ("2Gi".to_owned(), "2Gi".to_owned()));
    let progress = &cluster.claim("data").unwrap().status.progress;
    assert!(progress.conditions.is_empty() && progress.allocated_resource_statuses.is_empty());
}

#[test]
fn the_volume_of_somebody_else_is_not_expanded() {
    // RESIZE-4: the uid of the reference must be that of the claim.
    let mut cluster = with_claim(NFS);
    let mut volume = cluster.volume("pv").unwrap().clone();
    let mut claim = cluster.claim("data").unwrap().clone();
    cluster.remove(&Kind::PersistentVolume.named("pv")).unwrap();
    cluster.remove(&Kind::PersistentVolumeClaim.named("default/data")).unwrap();
    claim.metadata.uid = "other".into();
    claim.spec.resources.requests = [("storage", "2Gi".parse::<bindery::Quantity>().unwrap())].into();
    volume.status.phase = bindery::VolumePhase::Bound;
    cluster.restore(volume).unwrap();
    cluster.restore(claim).unwrap();
    cluster.settle().unwrap();
    assert!(told(&cluster).is_empty());
}
