//! Small worlds of nodes, volumes, claims and pods.

use std::time::Duration;

use bindery::parts::{
    ClaimTemplate, ClaimVolumeSource, Container, EphemeralVolumeSource, PodSpec, PodVolume, PodVolumeSource,
    TopologySelectorLabelRequirement, TopologySelectorTerm,
};
use bindery::{
    AccessMode, BindingMode, Cluster, Config, Controller, CsiProvisioner, Json, Kind, Node, Object, ObjectKey,
    ObjectMeta, PersistentVolume, PersistentVolumeClaim, Pod, PodPhase, StorageClass, Text, VolumeNodeAffinity,
    WriteRecord,
};

pub(crate) const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
pub(crate) const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";
pub(crate) const HOSTNAME: &str = "kubernetes.io/hostname";
pub(crate) const NO_VOLUME: &str = "node(s) didn't find available persistent volumes to bind";
pub(crate) const WRONG_NODE: &str = "node(s) didn't match PersistentVolume's node affinity";

/// A value of the model from JSON.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(json: serde_json::Value) -> T {
    serde_json::from_value(json).unwrap()
}

pub(crate) fn node(name: &str) -> Node {
    Node { metadata: ObjectMeta::named(name), ..Node::default() }.labelled(HOSTNAME, name)
}

/// A volume of the class `local`.
pub(crate) fn volume(name: &str, size: &str) -> PersistentVolume {
    PersistentVolume::new(name, size.parse().unwrap(), [AccessMode::ReadWriteOnce]).with_class("local")
}

/// A claim of the namespace `default`, of a class.
pub(crate) fn claim(name: &str, size: &str, class: &str) -> PersistentVolumeClaim {
    let claim = PersistentVolumeClaim::new("default", name, size.parse().unwrap(), [AccessMode::ReadWriteOnce]);
    claim.with_class(class)
}

/// A class that waits for pods.
pub(crate) fn delayed(name: &str, provisioner: &str) -> StorageClass {
    StorageClass::new(name, provisioner).with_binding_mode(BindingMode::WaitForFirstConsumer)
}

/// The class `local`, of which volumes are made by hand.
pub(crate) fn local() -> StorageClass {
    delayed("local", "kubernetes.io/no-provisioner")
}

/// The class `csi`, of which a driver makes volumes.
pub(crate) fn csi() -> StorageClass {
    delayed("csi", "csi.example.com")
}

/// A pod of the namespace `default` that mounts the claims of these names.
pub(crate) fn pod(name: &str, claims: &[&str]) -> Pod {
    let mut metadata = ObjectMeta::named(name);
    metadata.namespace = "default".into();
    let volumes = claims.iter().map(|claim| PodVolume {
        name: format!("of-{claim}").into(),
        sources: PodVolumeSource::PersistentVolumeClaim(ClaimVolumeSource {
            claim_name: (*claim).into(),
            ..ClaimVolumeSource::default()
        })
        .into(),
        ..PodVolume::default()
    });
    let container = Container { name: "main".into(), image: "nginx".into(), ..Container::default() };
    let spec = PodSpec { volumes: volumes.collect(), containers: [container].into(), ..PodSpec::default() };
    Pod { metadata, spec: spec.into(), ..Pod::default() }
}

/// What objects get in these tests.
pub(crate) trait Labelled: Sized {
    fn labelled(self, key: &str, value: &str) -> Self;
}

impl<T: bindery::Resource> Labelled for T {
    fn labelled(mut self, key: &str, value: &str) -> Self {
        let labels = self.metadata().labels.with(key, value);
        self.metadata_mut().labels = labels;
        self
    }
}

pub(crate) trait VolumeParts {
    /// Usable where a label of the node has this value.
    fn only_where(self, label: &str, value: &str) -> Self;
}

impl VolumeParts for PersistentVolume {
    fn only_where(mut self, label: &str, value: &str) -> Self {
        let requirement = serde_json::json!({"key": label, "operator": "In", "values": [value]});
        let terms = serde_json::json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}});
        self.spec.node_affinity = Some(from_json::<VolumeNodeAffinity>(terms).into());
        self
    }
}

pub(crate) trait ClassParts {
    fn only_in(self, label: &str, value: &str) -> Self;
}

impl ClassParts for StorageClass {
    fn only_in(mut self, label: &str, value: &str) -> Self {
        let values = [Text::from(value)].into();
        let requirement = TopologySelectorLabelRequirement { key: label.into(), values, ..Default::default() };
        let term =
            TopologySelectorTerm { match_label_expressions: [requirement].into(), ..TopologySelectorTerm::default() };
        self.allowed_topologies = [term].into();
        self
    }
}

pub(crate) trait PodParts {
    /// Runs on nodes with this label only.
    fn only_on(self, label: &str, value: &str) -> Self;
    fn on(self, node: &str) -> Self;
    fn with_priority(self, priority: i32) -> Self;
    fn with_affinity(self, terms: serde_json::Value) -> Self;
    fn with_ephemeral(self, volume: &str, claim: PersistentVolumeClaim) -> Self;
    fn with_source(self, key: &str, source: serde_json::Value) -> Self;
    fn gated(self) -> Self;
}

impl PodParts for Pod {
    fn only_on(mut self, label: &str, value: &str) -> Self {
        self.spec.node_selector = self.spec.node_selector.with(label, value);
        self
    }

    fn on(mut self, node: &str) -> Self {
        self.spec.node_name = node.into();
        self
    }

    fn with_priority(mut self, priority: i32) -> Self {
        self.spec.priority = Some(priority);
        self
    }

    fn with_affinity(mut self, terms: serde_json::Value) -> Self {
        let required =
            serde_json::json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}});
        self.spec.affinity = from_json::<Json>(serde_json::json!({"nodeAffinity": required}));
        self
    }

    fn with_ephemeral(mut self, volume: &str, claim: PersistentVolumeClaim) -> Self {
        let template = ClaimTemplate { spec: claim.spec, ..ClaimTemplate::default() };
        let source = EphemeralVolumeSource { volume_claim_template: Some(template), ..Default::default() };
        let sources = PodVolumeSource::Ephemeral(source).into();
        self.spec.volumes = self.spec.volumes.with(PodVolume { name: volume.into(), sources, ..PodVolume::default() });
        self
    }

    fn with_source(mut self, key: &str, source: serde_json::Value) -> Self {
        self.spec.volumes = self.spec.volumes.with(from_json(serde_json::json!({"name": "disk", key: source})));
        self
    }

    fn gated(mut self) -> Self {
        self.spec.extras.scheduling_gates = from_json(serde_json::json!([{"name": "example.com/wait"}]));
        self
    }
}

/// An empty cluster with the driver `csi.example.com`.
pub(crate) fn empty() -> Cluster {
    with_driver(CsiProvisioner::new("csi.example.com"))
}

pub(crate) fn with_driver(driver: CsiProvisioner) -> Cluster {
    let mut config = Config::default();
    config.drivers = vec![Box::new(driver)];
    Cluster::new(config)
}

/// A cluster in which nothing happens by itself but the syncs of volumes and claims, and the scheduler's.
pub(crate) fn bare() -> Cluster {
    let mut config = Config::default();
    config.controllers = bindery::Controllers::PERSISTENT_VOLUMES.with(Controller::Scheduler);
    Cluster::new(config)
}

/// The cluster with these objects, settled.
pub(crate) fn with(mut cluster: Cluster, objects: impl IntoIterator<Item = Object>) -> Cluster {
    for object in objects {
        cluster.create(object).unwrap();
    }
    cluster.settle().unwrap();
    cluster
}

pub(crate) fn world(objects: impl IntoIterator<Item = Object>) -> Cluster {
    with(empty(), objects)
}

pub(crate) fn node_of<'c>(cluster: &'c Cluster, pod: &str) -> &'c str {
    cluster.pod(pod).unwrap().spec.node_name.as_str()
}

/// What the condition says of a pod that has no node.
pub(crate) fn complaint(cluster: &Cluster, pod: &str) -> String {
    let pod = cluster.pod(pod).unwrap();
    assert_eq!(pod.spec.node_name, "", "the pod has a node");
    pod.condition("PodScheduled").map(|condition| condition.message.to_string()).unwrap_or_default()
}

pub(crate) fn volume_of<'c>(cluster: &'c Cluster, claim: &str) -> &'c str {
    cluster.claim(claim).unwrap().spec.volume_name.as_str()
}

/// The events of a pod, without those of kubelets.
pub(crate) fn events(cluster: &Cluster, pod: &str) -> Vec<String> {
    let key = Kind::Pod.named(format!("default/{pod}"));
    let records = cluster.events().into_iter();
    let mine =
        records.filter(|record| record.event.object == key && record.event.source.as_str() == "default-scheduler");
    mine.map(|record| record.event.to_string()).collect()
}

/// What the scheduler wrote since an entry of the journal.
pub(crate) fn scheduler_writes(cluster: &Cluster, since: usize) -> Vec<String> {
    let writes = cluster.journal().since(since).filter_map(bindery::JournalEntry::write);
    let mine = writes.filter(|write| write.actor.as_str() == "default-scheduler");
    mine.map(|write: &WriteRecord| format!("{} {}", write.rule, write.object().unwrap().metadata().name)).collect()
}

pub(crate) fn pod_key(name: &str) -> ObjectKey {
    Kind::Pod.named(format!("default/{name}"))
}

/// Ends a pod.
pub(crate) fn finish(cluster: &mut Cluster, name: &str, phase: PodPhase) {
    let mut pod = cluster.pod(name).unwrap().clone();
    pod.status.phase = phase;
    cluster.replace_status(&pod_key(name), pod).unwrap();
    cluster.settle().unwrap();
}

pub(crate) fn patch(cluster: &mut Cluster, key: &ObjectKey, patch: serde_json::Value) {
    cluster.patch(key, &from_json::<Json>(patch)).unwrap();
}

pub(crate) fn wait(cluster: &mut Cluster, seconds: u64) {
    cluster.advance(Duration::from_secs(seconds)).unwrap();
}
