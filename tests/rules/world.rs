//! Objects for the tests, and ways to look at what became of them.
//!
//! Objects are built as they would stand in a dump of a cluster, with uids, and restored. What the model has no
//! setter for is set by the traits of this module.

use std::time::Duration;

use bindery::volume_source::HostPathVolumeSource;
use bindery::{
    AccessMode, AccessModes, Action, ApiError, BindingMode, ClaimPhase, Cluster, Config, Event, JournalEntry, Json,
    Kind, Manifest, Object, ObjectKey, ObjectReference, PersistentVolume, PersistentVolumeClaim, Plugin, Pod, Quantity,
    Reader, ReclaimPolicy, Resource, ResourceVersion, StorageClass, Text, VolumeMode, VolumePhase, VolumeSource,
    WriteRecord,
};

pub(crate) use AccessMode::{
    ReadOnlyMany as ROX, ReadWriteMany as RWX, ReadWriteOnce as RWO, ReadWriteOncePod as RWOP,
};

pub(crate) const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
pub(crate) const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
pub(crate) const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
pub(crate) const MIGRATED_TO: &str = "pv.kubernetes.io/migrated-to";
pub(crate) const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
pub(crate) const STORAGE_PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
pub(crate) const BETA_STORAGE_PROVISIONER: &str = "volume.beta.kubernetes.io/storage-provisioner";
pub(crate) const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
pub(crate) const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";
pub(crate) const PV_CONTROLLER: &str = "kubernetes.io/pv-controller";
pub(crate) const PV_PROTECTION: &str = "kubernetes.io/pv-protection";
pub(crate) const PVC_PROTECTION: &str = "kubernetes.io/pvc-protection";

/// The event of a claim that nothing fits and that names no class.
pub(crate) const NO_VOLUME: &str =
    "Normal FailedBinding no persistent volumes available for this claim and no storage class is set";

pub(crate) fn quantity(text: &str) -> Quantity {
    text.parse().expect("a quantity")
}

/// A free volume of a dump: `Available`, `ReadWriteOnce`, `Retain`, no class, of NFS.
pub(crate) fn volume(name: &str, size: &str) -> PersistentVolume {
    PersistentVolume::new(name, quantity(size), [RWO]).with_uid(&format!("uid-{name}")).in_phase(VolumePhase::Available)
}

/// A pending claim of a dump in the namespace `default`: `ReadWriteOnce`, says nothing of a class.
pub(crate) fn claim(name: &str, size: &str) -> PersistentVolumeClaim {
    PersistentVolumeClaim::new("default", name, quantity(size), [RWO]).with_uid(&format!("uid-{name}"))
}

/// A volume as a user creates it: `ReadWriteOnce`, of NFS.
pub(crate) fn new_volume(name: &str, size: &str) -> PersistentVolume {
    PersistentVolume::new(name, quantity(size), [RWO])
}

/// A claim of 1Gi as a user creates it.
pub(crate) fn sent(name: &str) -> PersistentVolumeClaim {
    PersistentVolumeClaim::new("default", name, quantity("1Gi"), [RWO])
}

/// A claim and a volume as a binding leaves them.
pub(crate) fn bound(volume: PersistentVolume, claim: PersistentVolumeClaim) -> (Object, Object) {
    let volume = volume.bound_to(&claim).annotated(BOUND_BY_CONTROLLER, "yes").in_phase(VolumePhase::Bound);
    let claim = claim.bound_once(&volume).annotated(BOUND_BY_CONTROLLER, "yes");
    (volume.into(), claim.into())
}

/// A class of an external provisioner, bound at once.
pub(crate) fn class(name: &str) -> StorageClass {
    StorageClass::new(name, "example.com/disk")
}

/// A class of an external provisioner that waits for a pod.
pub(crate) fn delayed_class(name: &str) -> StorageClass {
    class(name).with_binding_mode(BindingMode::WaitForFirstConsumer)
}

/// A pod of the namespace `default` that mounts the claims of these names.
pub(crate) fn pod(name: &str, claims: &[&str]) -> Pod {
    let volumes =
        claims.iter().map(|claim| format!("{{name: {claim}, persistentVolumeClaim: {{claimName: {claim}}}}}"));
    let volumes: Vec<String> = volumes.collect();
    let text = format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: default}}, \
         spec: {{containers: [{{name: main, image: busybox}}], volumes: [{}]}}}}",
        volumes.join(", ")
    );
    let Object::Pod(pod) = object(&text) else { panic!("{text} is no pod") };
    (*pod).clone()
}

/// The only object of a text in YAML.
pub(crate) fn object(text: &str) -> Object {
    let Manifest { mut documents, .. } = Reader::new().read(text).expect("a manifest");
    assert_eq!(documents.len(), 1, "one object is expected");
    documents.remove(0).object
}

/// What any object may carry.
pub(crate) trait Metadata: Resource {
    fn annotated(mut self, key: &str, value: &str) -> Self {
        let annotations = self.metadata().annotations.with(key, value);
        self.metadata_mut().annotations = annotations;
        self
    }

    fn with_uid(mut self, uid: &str) -> Self {
        self.metadata_mut().uid = uid.into();
        self
    }

    fn at_version(mut self, version: u64) -> Self {
        self.metadata_mut().resource_version = ResourceVersion(version);
        self
    }

    fn with_finalizer(mut self, finalizer: &str) -> Self {
        let finalizers = self.metadata().finalizers.with(Text::from(finalizer));
        self.metadata_mut().finalizers = finalizers;
        self
    }

    /// Deletion was requested; a finalizer that nobody removes holds the object.
    fn terminating(mut self) -> Self {
        self.metadata_mut().deletion_timestamp = Some("2024-01-01T00:00:00Z".parse().expect("a time"));
        self.with_finalizer("example.com/hold")
    }
}

impl<T: Resource> Metadata for T {}

/// What the setters of the model leave out for volumes.
pub(crate) trait VolumeState: Sized {
    fn in_phase(self, phase: VolumePhase) -> Self;
    /// The full reference to a claim, uid included.
    fn bound_to(self, claim: &PersistentVolumeClaim) -> Self;
    fn with_modes(self, modes: impl Into<AccessModes>) -> Self;
    fn block(self) -> Self;
    fn with_attributes_class(self, class: &str) -> Self;
}

impl VolumeState for PersistentVolume {
    fn in_phase(mut self, phase: VolumePhase) -> Self {
        self.status.phase = phase;
        self
    }

    fn bound_to(mut self, claim: &PersistentVolumeClaim) -> Self {
        let metadata = &claim.metadata;
        let reference = ObjectReference::to_claim(&metadata.namespace, &metadata.name);
        self.spec.claim_ref = Some(ObjectReference { uid: metadata.uid.clone(), ..reference }.into());
        self
    }

    fn with_modes(mut self, modes: impl Into<AccessModes>) -> Self {
        self.spec.access_modes = modes.into();
        self
    }

    fn block(mut self) -> Self {
        self.spec.volume_mode = VolumeMode::Block;
        self
    }

    fn with_attributes_class(mut self, class: &str) -> Self {
        self.spec.volume_attributes_class_name = Some(class.into());
        self
    }
}

/// What the setters of the model leave out for claims.
pub(crate) trait ClaimState: Sized {
    fn in_phase(self, phase: ClaimPhase) -> Self;
    /// Bound to the volume and marked so, as `kubectl get` shows it.
    fn bound_once(self, volume: &PersistentVolume) -> Self;
    fn asking_for(self, modes: impl Into<AccessModes>) -> Self;
    fn for_block(self) -> Self;
    fn asking_for_attributes(self, class: &str) -> Self;
}

impl ClaimState for PersistentVolumeClaim {
    fn in_phase(mut self, phase: ClaimPhase) -> Self {
        self.status.phase = phase;
        self
    }

    fn bound_once(mut self, volume: &PersistentVolume) -> Self {
        self.spec.volume_name = volume.metadata.name.clone();
        self.status.phase = ClaimPhase::Bound;
        self.status.capacity = volume.spec.capacity.clone();
        self.status.access_modes = volume.spec.access_modes.clone();
        self.annotated(BIND_COMPLETED, "yes")
    }

    fn asking_for(mut self, modes: impl Into<AccessModes>) -> Self {
        self.spec.access_modes = modes.into();
        self
    }

    fn for_block(mut self) -> Self {
        self.spec.volume_mode = VolumeMode::Block;
        self
    }

    fn asking_for_attributes(mut self, class: &str) -> Self {
        self.spec.volume_attributes_class_name = Some(class.into());
        self
    }
}

/// A stock cluster that holds these objects as they are.
pub(crate) fn restored(objects: impl IntoIterator<Item = Object>) -> Cluster {
    restored_into(Cluster::default(), objects)
}

pub(crate) fn restored_into(mut cluster: Cluster, objects: impl IntoIterator<Item = Object>) -> Cluster {
    for object in objects {
        cluster.restore(object).expect("no two objects have one name");
    }
    cluster
}

pub(crate) fn pv(name: &str) -> ObjectKey {
    Kind::PersistentVolume.named(name)
}

/// A claim of the namespace `default`.
pub(crate) fn pvc(name: &str) -> ObjectKey {
    Kind::PersistentVolumeClaim.named(format!("default/{name}"))
}

pub(crate) fn json(text: &str) -> Json {
    serde_json::from_str(text).expect("JSON")
}

/// Changes an object as a user does, by a merge patch in JSON.
pub(crate) fn patch(cluster: &mut Cluster, key: &ObjectKey, text: &str) -> Result<(), ApiError> {
    cluster.patch(key, &json(text)).map(|_| ())
}

/// Runs everything that is queued, and no resync.
pub(crate) fn run_queues(cluster: &mut Cluster) {
    while let Some(action) = cluster.enabled().into_iter().find(|action| action.object().is_some()) {
        assert!(cluster.take(&action), "what is enabled can be taken");
    }
}

/// Takes steps until an operation is about to go on, which its word tells: `provisions`, `deletes` or `recycles`.
pub(crate) fn step_to(cluster: &mut Cluster, operation: &str) -> Action {
    loop {
        let found = cluster.enabled().into_iter().find(|action| action.to_string().contains(operation));
        if let Some(action) = found {
            return action;
        }
        cluster.step().expect("the operation is going to be started");
    }
}

/// A stock cluster with one plugin in the place of the stock ones.
pub(crate) fn with_plugin(plugin: Plugin) -> Cluster {
    let mut config = Config::default();
    config.plugins = vec![plugin];
    Cluster::new(config)
}

/// A volume whose claim is gone.
pub(crate) fn released(policy: ReclaimPolicy) -> PersistentVolume {
    let released = volume("pv", "5Gi").with_reclaim_policy(policy).bound_to(&claim("gone", "1Gi"));
    released.in_phase(VolumePhase::Released)
}

/// A directory of a node.
pub(crate) fn host_path(path: &str) -> VolumeSource {
    VolumeSource::from(HostPathVolumeSource { path: path.into(), ..HostPathVolumeSource::default() })
}

/// Lets time pass.
pub(crate) fn wait(cluster: &mut Cluster, duration: Duration) {
    cluster.advance(duration).expect("the cluster becomes quiet");
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The writes since an entry of the journal.
pub(crate) fn writes(cluster: &Cluster, since: usize) -> Vec<&WriteRecord> {
    cluster.journal().since(since).filter_map(JournalEntry::write).collect()
}

/// The rules by which was written since an entry of the journal, in order.
pub(crate) fn rules(cluster: &Cluster, since: usize) -> Vec<&'static str> {
    writes(cluster, since).iter().map(|record| record.rule).collect()
}

/// The events that an object got, in order, as `TYPE REASON MESSAGE`.
pub(crate) fn emitted(cluster: &Cluster, key: &ObjectKey) -> Vec<String> {
    let events = cluster.journal().iter().filter_map(JournalEntry::event);
    events.filter(|event| event.object == *key).map(Event::to_string).collect()
}

/// How often the event of a reason was emitted.
pub(crate) fn count(cluster: &Cluster, reason: &str) -> u64 {
    cluster.events().iter().filter(|record| record.event.reason == reason).map(|record| record.count).sum()
}

pub(crate) fn volume_phase(cluster: &Cluster, name: &str) -> VolumePhase {
    cluster.volume(name).expect("the volume is there").status.phase.clone()
}

pub(crate) fn claim_phase(cluster: &Cluster, name: &str) -> ClaimPhase {
    cluster.claim(name).expect("the claim is there").status.phase.clone()
}

/// The volume that a claim names; empty for none.
pub(crate) fn volume_of(cluster: &Cluster, name: &str) -> String {
    cluster.claim(name).expect("the claim is there").spec.volume_name.to_string()
}

/// Whether an annotation stands on the object, whatever its value.
pub(crate) fn has_annotation(object: &impl Resource, key: &str) -> bool {
    object.metadata().annotations.contains_key(key)
}
