//! Clusters with a driver, and what is asked of them.

use std::time::Duration;

use bindery::{
    AccessMode, BindingMode, Cluster, Config, Driver, Json, Kind, Node, ObjectMeta, PersistentVolumeClaim,
    ReclaimPolicy, StorageClass, StringMap,
};

pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A cluster with one driver and a class `fast` of it.
pub(crate) fn cluster_with(driver: impl Driver + 'static) -> Cluster {
    let name = driver.name().to_owned();
    let mut config = Config::default();
    config.drivers.push(Box::new(driver));
    let mut cluster = Cluster::new(config);
    cluster.create(StorageClass::new("fast", name)).expect("a class");
    cluster
}

/// A class of a driver with parameters.
pub(crate) fn class(name: &str, driver: &str, parameters: &[(&str, &str)]) -> StorageClass {
    let mut class = StorageClass::new(name, driver);
    class.parameters = parameters.iter().copied().collect();
    class
}

/// A class that waits for a pod.
pub(crate) fn delayed(name: &str, driver: &str) -> StorageClass {
    StorageClass::new(name, driver).with_binding_mode(BindingMode::WaitForFirstConsumer)
}

pub(crate) fn retained(mut class: StorageClass) -> StorageClass {
    class.reclaim_policy = Some(ReclaimPolicy::Retain);
    class
}

/// A claim of class `fast`.
pub(crate) fn claim(name: &str) -> PersistentVolumeClaim {
    claim_of(name, "fast")
}

pub(crate) fn claim_of(name: &str, class: &str) -> PersistentVolumeClaim {
    let size = "5Gi".parse().expect("a quantity");
    PersistentVolumeClaim::new("default", name, size, [AccessMode::ReadWriteOnce]).with_class(class)
}

pub(crate) fn node(name: &str, labels: &[(&str, &str)]) -> Node {
    let mut metadata = ObjectMeta::named(name);
    metadata.labels = labels.iter().copied().collect::<StringMap>();
    Node { metadata, ..Node::default() }
}

/// Selects a node for a claim, as the scheduler does.
pub(crate) fn select(cluster: &mut Cluster, claim: &str, node: &str) {
    let patch = format!(r#"{{"metadata":{{"annotations":{{"volume.kubernetes.io/selected-node":"{node}"}}}}}}"#);
    let patch: Json = serde_json::from_str(&patch).expect("JSON");
    cluster.patch(&Kind::PersistentVolumeClaim.named(claim), &patch).expect("a patch");
}

/// The name of the volume of a claim; empty where it has none.
pub(crate) fn volume_of(cluster: &Cluster, claim: &str) -> String {
    cluster.claim(claim).expect("a claim").spec.volume_name.to_string()
}

/// The events of a reason: source, type and message.
pub(crate) fn events(cluster: &Cluster, reason: &str) -> Vec<String> {
    let events = cluster.events().into_iter().map(|record| record.event).filter(|event| event.reason == reason);
    events.map(|event| format!("{} {} {}", event.source.as_str(), event.event_type.as_str(), event.message)).collect()
}

/// The times at which an event of a reason was emitted.
pub(crate) fn times(cluster: &Cluster, reason: &str) -> Vec<Duration> {
    let events = cluster.journal().iter().filter_map(|entry| match entry {
        bindery::JournalEntry::Event { time, event } if event.reason == reason => Some(*time),
        _ => None,
    });
    events.collect()
}

pub(crate) fn seconds(numbers: &[u64]) -> Vec<Duration> {
    numbers.iter().copied().map(Duration::from_secs).collect()
}

/// The lines in logs.
pub(crate) fn logs(cluster: &Cluster) -> Vec<String> {
    cluster.journal().iter().filter_map(|entry| entry.log()).map(|record| record.message.to_string()).collect()
}

/// What happened to files, without time and actor.
pub(crate) fn changes(cluster: &Cluster) -> Vec<String> {
    let records = cluster.journal().iter().filter_map(|entry| entry.contents());
    records.map(|record| format!("{}: {}", record.location, record.change)).collect()
}

/// The journal as text; two runs agree when these do.
pub(crate) fn journal(cluster: &Cluster) -> String {
    serde_json::to_string(&cluster.journal().iter().collect::<Vec<_>>()).expect("JSON")
}
