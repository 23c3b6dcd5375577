//! Objects for the tests, and ways to look at what became of them.

use std::time::Duration;

use bindery::{ApiError, Cluster, DeleteOptions, JournalEntry, Json, Kind, ObjectKey, Verb, WriteRecord};

/// A cluster that holds these objects and has come to rest.
pub(crate) fn settled(manifest: &str) -> Cluster {
    let mut cluster = Cluster::default();
    add(&mut cluster, manifest);
    cluster
}

/// Adds objects and lets the cluster come to rest.
pub(crate) fn add(cluster: &mut Cluster, manifest: &str) {
    cluster.apply_yaml(manifest).unwrap();
    cluster.settle().unwrap();
}

/// Documents of a manifest, one after the other.
pub(crate) fn documents<T: AsRef<str>>(documents: impl IntoIterator<Item = T>) -> String {
    documents
        .into_iter()
        .flat_map(|document| ["---\n".to_owned(), document.as_ref().to_owned(), "\n".to_owned()])
        .collect()
}

pub(crate) fn node(name: &str) -> String {
    format!("{{apiVersion: v1, kind: Node, metadata: {{name: {name}}}}}")
}

/// A pod on a node with a container `c`; `volumes` are entries of a flow sequence, all mounted below `/mnt`.
pub(crate) fn pod(name: &str, node: &str, volumes: &[(&str, &str)]) -> String {
    let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
    let mounts: Vec<String> =
        volumes.iter().map(|(volume, _)| format!("{{name: {volume}, mountPath: /mnt/{volume}}}")).collect();
    let volumes: Vec<String> = volumes.iter().map(|(volume, source)| format!("{{name: {volume}, {source}}}")).collect();
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: {namespace}}}, spec: {{nodeName: '{node}', \
         containers: [{{name: c, image: nginx, volumeMounts: [{}]}}], volumes: [{}]}}}}",
        mounts.join(", "),
        volumes.join(", ")
    )
}

/// The source of a pod's volume that names a claim.
pub(crate) fn of_claim(claim: &str) -> String {
    format!("persistentVolumeClaim: {{claimName: {claim}}}")
}

/// A pod on a node that mounts a claim as `data`.
pub(crate) fn user(name: &str, node: &str, claim: &str) -> String {
    pod(name, node, &[("data", &of_claim(claim))])
}

/// A volume without a class that is meant for a claim, and the claim; `source` is an entry of a flow mapping.
pub(crate) fn bound(claim: &str, modes: &str, source: &str) -> String {
    let (namespace, name) = claim.split_once('/').unwrap_or(("default", claim));
    documents([
        format!(
            "{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: pv-{name}}}, spec: {{capacity: {{storage: 5Gi}}, \
             accessModes: [{modes}], {source}, claimRef: {{namespace: {namespace}, name: {name}}}}}}}"
        ),
        format!(
            "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: {name}, namespace: {namespace}}}, \
             spec: {{storageClassName: '', accessModes: [{}], resources: {{requests: {{storage: 1Gi}}}}}}}}",
            modes.split(',').next().unwrap()
        ),
    ])
}

/// The source of a volume of a CSI driver.
pub(crate) fn csi(handle: &str) -> String {
    format!("csi: {{driver: disk.example.com, volumeHandle: {handle}}}")
}

pub(crate) const NFS: &str = "nfs: {server: nfs.example.com, path: /exports/data}";

/// A key of the namespace `default`.
pub(crate) fn key(kind: Kind, name: &str) -> ObjectKey {
    kind.named(if kind.is_namespaced() && !name.contains('/') { format!("default/{name}") } else { name.to_owned() })
}

pub(crate) fn exists(cluster: &Cluster, kind: Kind, name: &str) -> bool {
    cluster.get(&key(kind, name)).is_some()
}

pub(crate) fn delete(cluster: &mut Cluster, kind: Kind, name: &str) {
    cluster.delete(&key(kind, name)).unwrap();
    cluster.settle().unwrap();
}

pub(crate) fn delete_with(cluster: &mut Cluster, kind: Kind, name: &str, options: &DeleteOptions) {
    cluster.delete_with(&key(kind, name), options).unwrap();
    cluster.settle().unwrap();
}

/// Changes an object by a merge patch in JSON, and lets the cluster come to rest.
pub(crate) fn patch(cluster: &mut Cluster, kind: Kind, name: &str, patch: &str) -> Result<(), ApiError> {
    let patch: Json = serde_json::from_str(patch).unwrap();
    let patched = cluster.patch(&key(kind, name), &patch).map(drop);
    cluster.settle().unwrap();
    patched
}

pub(crate) fn wait(cluster: &mut Cluster, seconds: u64) {
    cluster.advance(Duration::from_secs(seconds)).unwrap();
}

/// What was emitted about an object, in order and with repetitions, as `TYPE REASON MESSAGE`.
pub(crate) fn emitted(cluster: &Cluster, kind: Kind, name: &str) -> Vec<String> {
    let events = cluster.journal().iter().filter_map(JournalEntry::event);
    events.filter(|event| event.object == key(kind, name)).map(ToString::to_string).collect()
}

/// When something was emitted about a pod, in seconds.
pub(crate) fn times(cluster: &Cluster, pod: &str, reason: &str) -> Vec<u64> {
    let times = cluster.journal().iter().filter_map(|entry| match entry {
        JournalEntry::Event { time, event } if event.object == key(Kind::Pod, pod) && event.reason == reason => {
            Some(time.as_secs())
        }
        _ => None,
    });
    times.collect()
}

/// The writes of a verb and a kind, in order.
pub(crate) fn writes(cluster: &Cluster, verb: Verb, kind: Kind) -> Vec<&WriteRecord> {
    let writes = cluster.journal().iter().filter_map(JournalEntry::write);
    let of_kind = |record: &&WriteRecord| {
        record.verb == verb
            && record.before.as_ref().or(record.after.as_ref()).is_some_and(|object| object.kind() == kind)
    };
    writes.filter(of_kind).collect()
}

pub(crate) fn phase(cluster: &Cluster, pod: &str) -> String {
    cluster.pod(pod).unwrap().status.phase.to_string()
}

/// The volumes that are attached to a node.
pub(crate) fn attached(cluster: &Cluster, node: &str) -> Vec<String> {
    cluster.node(node).unwrap().status.volumes_attached.iter().map(|volume| volume.name.to_string()).collect()
}

/// The reason for which the first container of a pod waits.
pub(crate) fn waits_for(cluster: &Cluster, pod: &str) -> Option<String> {
    let Json::List(statuses) = &cluster.pod(pod).unwrap().status.container_statuses else {
        return None;
    };
    Some(statuses.first()?.get("state")?.get("waiting")?.get("reason")?.as_str()?.to_owned())
}

/// A volume and its claim as `bound` writes them, for devices.
pub(crate) fn of_blocks(bound: &str) -> String {
    bound
        .replace("spec: {capacity", "spec: {volumeMode: Block, capacity")
        .replace("spec: {storageClassName", "spec: {volumeMode: Block, storageClassName")
}

/// A pod on a node that has a claim as a device `data`.
pub(crate) fn device_user(name: &str, node: &str, claim: &str) -> String {
    user(name, node, claim).replace(
        "volumeMounts: [{name: data, mountPath: /mnt/data}]",
        "volumeDevices: [{name: data, devicePath: /dev/xvda}]",
    )
}

/// The events of the kubelet about a pod that does not start.
pub(crate) fn complaints(cluster: &Cluster, pod: &str) -> Vec<String> {
    let mut events = emitted(cluster, Kind::Pod, pod);
    events.retain(|event| event.starts_with("Warning Failed"));
    events
}
