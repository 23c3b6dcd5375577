//! Shows where the simulator differs from Kubernetes, as the guide lists it, and checks that the guide names a test for
//! each difference. Those that belong to a topic stand with its tests; here are the others.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]

mod guide;
mod objects;
mod storage;
mod workloads;

use bindery::{Cluster, Json, Kind};

/// Applies manifests and lets the cluster come to rest.
fn add(cluster: &mut Cluster, manifest: &str) {
    cluster.apply_yaml(manifest).expect("a good manifest");
    cluster.settle().expect("it comes to rest");
}

/// A cluster that holds what the manifests say.
fn settled(manifest: &str) -> Cluster {
    let mut cluster = Cluster::default();
    add(&mut cluster, manifest);
    cluster
}

fn patch(cluster: &mut Cluster, kind: Kind, name: &str, patch: &str) {
    let patch: Json = serde_json::from_str(patch).expect("JSON");
    cluster.patch(&kind.named(name), &patch).expect("a patch");
    cluster.settle().expect("it comes to rest");
}

fn delete(cluster: &mut Cluster, kind: Kind, name: &str) {
    cluster.delete(&kind.named(name)).expect("an object");
    cluster.settle().expect("it comes to rest");
}

fn node(name: &str) -> String {
    format!("---\n{{apiVersion: v1, kind: Node, metadata: {{name: {name}}}}}\n")
}

/// A pod on a node, with the rest of its spec.
fn pod(name: &str, node: &str, rest: &str) -> String {
    format!(
        "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{nodeName: '{node}', \
         containers: [{{name: c, image: nginx}}], {rest}}}}}\n"
    )
}

/// A volume without class; `source` is an entry of a flow mapping.
fn volume(name: &str, policy: &str, source: &str) -> String {
    format!(
        "---\n{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: {name}}}, spec: {{capacity: {{storage: 5Gi}}, \
         accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: {policy}, {source}}}}}\n"
    )
}

/// A claim of a class, with the rest of its spec.
fn claim(name: &str, class: &str, rest: &str) -> String {
    format!(
        "---\n{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: {name}}}, spec: {{storageClassName: '{class}', \
         accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}, {rest}}}}}\n"
    )
}

/// A class; `rest` are entries of a flow mapping.
fn class(name: &str, provisioner: &str, rest: &str) -> String {
    format!(
        "---\n{{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {{name: {name}}}, provisioner: {provisioner}, {rest}}}\n"
    )
}
