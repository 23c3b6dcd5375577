//! Small worlds.

use bindery::{
    AccessMode, Cluster, Config, Controller, Controllers, Kind, ObjectKey, PersistentVolume, PersistentVolumeClaim,
};

/// The controllers that volumes and claims concern.
const CONTROLLERS: Controllers = Controllers::NONE.with(Controller::PersistentVolumes).with(Controller::Protection);

/// A volume of 5Gi.
pub(crate) fn volume(name: &str) -> PersistentVolume {
    PersistentVolume::new(name, "5Gi".parse().expect("a quantity"), [AccessMode::ReadWriteOnce])
}

/// A claim for 5Gi.
pub(crate) fn claim(name: &str) -> PersistentVolumeClaim {
    PersistentVolumeClaim::new("default", name, "5Gi".parse().expect("a quantity"), [AccessMode::ReadWriteOnce])
}

/// A cluster with these, in which nothing has happened yet.
pub(crate) fn cluster<const V: usize, const C: usize>(
    volumes: [PersistentVolume; V],
    claims: [PersistentVolumeClaim; C],
) -> Cluster {
    let mut config = Config::default();
    config.controllers = CONTROLLERS;
    let mut cluster = Cluster::new(config);
    for volume in volumes {
        cluster.create(volume).expect("a valid volume");
    }
    for claim in claims {
        cluster.create(claim).expect("a valid claim");
    }
    cluster
}

/// A volume of a size.
pub(crate) fn volume_of(name: &str, size: &str) -> PersistentVolume {
    PersistentVolume::new(name, size.parse().expect("a quantity"), [AccessMode::ReadWriteOnce])
}

/// A claim for a size.
pub(crate) fn claim_of(name: &str, size: &str) -> PersistentVolumeClaim {
    PersistentVolumeClaim::new("default", name, size.parse().expect("a quantity"), [AccessMode::ReadWriteOnce])
}

/// The name of a claim.
pub(crate) fn claim_key(name: &str) -> ObjectKey {
    Kind::PersistentVolumeClaim.named(format!("default/{name}").as_str())
}

/// A cluster with these that has come to rest, with a file in each volume.
pub(crate) fn quiet<const V: usize, const C: usize>(
    volumes: [PersistentVolume; V],
    claims: [PersistentVolumeClaim; C],
) -> Cluster {
    let mut cluster = cluster(volumes, claims);
    cluster.settle().expect("a quiet cluster");
    let names: Vec<String> = cluster.volumes().map(|volume| volume.metadata.name.to_string()).collect();
    for name in names {
        cluster.write_file(name.as_str(), "file", "text").expect("a place for files");
    }
    cluster
}

/// A cluster in which these controllers run, with these objects, in which nothing has happened yet.
pub(crate) fn with<const V: usize, const C: usize>(
    controllers: Controllers,
    objects: &[&str],
    volumes: [PersistentVolume; V],
    claims: [PersistentVolumeClaim; C],
) -> Cluster {
    let mut config = Config::default();
    config.controllers = controllers;
    let mut cluster = Cluster::new(config);
    for object in objects {
        cluster.apply_yaml(object).expect("a valid object");
    }
    for volume in volumes {
        cluster.create(volume).expect("a valid volume");
    }
    for claim in claims {
        cluster.create(claim).expect("a valid claim");
    }
    cluster
}

/// The cluster, come to rest.
pub(crate) fn scaled(cluster: &Cluster) -> Cluster {
    let mut cluster = cluster.fork();
    cluster.settle().expect("a quiet cluster");
    cluster
}

/// A node.
pub(crate) fn node(name: &str) -> String {
    format!("{{apiVersion: v1, kind: Node, metadata: {{name: {name}, labels: {{kubernetes.io/hostname: {name}}}}}}}")
}

/// A class of which the volumes are bound when a pod is scheduled.
pub(crate) fn delayed() -> String {
    "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: local}, \
     provisioner: kubernetes.io/no-provisioner, volumeBindingMode: WaitForFirstConsumer}"
        .to_owned()
}

/// A volume on a node.
pub(crate) fn local_volume(name: &str, node: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: {name}}}, spec: {{capacity: {{storage: 5Gi}}, \
         accessModes: [ReadWriteOnce], storageClassName: local, local: {{path: /mnt/{name}}}, nodeAffinity: \
         {{required: {{nodeSelectorTerms: [{{matchExpressions: [{{key: kubernetes.io/hostname, operator: In, values: \
         [{node}]}}]}}]}}}}}}}}"
    )
}

/// A pod that uses a claim.
pub(crate) fn pod(name: &str, claim: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{containers: [{{name: c, image: i}}], volumes: \
         [{{name: data, persistentVolumeClaim: {{claimName: {claim}}}}}]}}}}"
    )
}

/// A set of which the claims go when it is scaled down.
pub(crate) fn set(replicas: u32) -> String {
    format!(
        "{{apiVersion: apps/v1, kind: StatefulSet, metadata: {{name: db}}, spec: {{replicas: {replicas}, serviceName: db, \
         persistentVolumeClaimRetentionPolicy: {{whenScaled: Delete, whenDeleted: Retain}}, selector: {{matchLabels: \
         {{app: db}}}}, template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: c, image: i}}]}}}}, \
         volumeClaimTemplates: [{{metadata: {{name: data}}, spec: {{accessModes: [ReadWriteOnce], resources: {{requests: \
         {{storage: 1Gi}}}}}}}}]}}}}"
    )
}
