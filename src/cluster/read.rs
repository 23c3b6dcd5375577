//! Looking at a cluster.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::cluster::events::EventRecord;
use crate::controllers::{SyncError, find_volume, is_delayed};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::StorageClass;
use crate::model::deployment::Deployment;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::replica_set::ReplicaSet;
use crate::model::stateful_set::StatefulSet;
use crate::model::volume::PersistentVolume;
use crate::store::Stored;

impl Cluster {
    /// A volume by name. Cost: constant.
    pub fn volume(&self, name: &str) -> Option<&PersistentVolume> {
        self.find(&NamespacedName::new("", name))
    }

    /// A claim by `namespace/name`; a name alone is looked for in the default namespace. Cost: constant.
    pub fn claim(&self, name: &str) -> Option<&PersistentVolumeClaim> {
        self.find(&self.namespaced(name))
    }

    /// A storage class by name. Cost: constant.
    pub fn class(&self, name: &str) -> Option<&StorageClass> {
        self.find(&NamespacedName::new("", name))
    }

    /// A StatefulSet by `namespace/name`; a name alone is looked for in the default namespace. Cost: constant.
    pub fn stateful_set(&self, name: &str) -> Option<&StatefulSet> {
        self.find(&self.namespaced(name))
    }

    /// A Deployment by `namespace/name`; a name alone is looked for in the default namespace. Cost: constant.
    pub fn deployment(&self, name: &str) -> Option<&Deployment> {
        self.find(&self.namespaced(name))
    }

    /// A ReplicaSet by `namespace/name`; a name alone is looked for in the default namespace. Cost: constant.
    pub fn replica_set(&self, name: &str) -> Option<&ReplicaSet> {
        self.find(&self.namespaced(name))
    }

    /// A pod by `namespace/name`; a name alone is looked for in the default namespace. Cost: constant.
    pub fn pod(&self, name: &str) -> Option<&Pod> {
        self.find(&self.namespaced(name))
    }

    /// A node by name. Cost: constant.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.find(&NamespacedName::new("", name))
    }

    /// An object of any kind. Cost: constant.
    pub fn get(&self, key: &ObjectKey) -> Option<Object> {
        self.store.find(key)
    }

    /// All objects of a kind in the order of their creation. Cost: n log n.
    pub fn objects(&self, kind: Kind) -> Vec<Object> {
        self.store.list(kind)
    }

    /// All volumes in the order of their creation. Cost: n log n.
    pub fn volumes(&self) -> impl Iterator<Item = &PersistentVolume> {
        self.store.volumes.in_order().into_iter().map(|(_, volume)| &**volume)
    }

    /// All claims in the order of their creation. Cost: n log n.
    pub fn claims(&self) -> impl Iterator<Item = &PersistentVolumeClaim> {
        self.store.claims.in_order().into_iter().map(|(_, claim)| &**claim)
    }

    /// All storage classes in the order of their creation. Cost: n log n.
    pub fn classes(&self) -> impl Iterator<Item = &StorageClass> {
        self.store.classes.in_order().into_iter().map(|(_, class)| &**class)
    }

    /// All pods in the order of their creation. Cost: n log n.
    pub fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.store.pods.in_order().into_iter().map(|(_, pod)| &**pod)
    }

    /// All nodes in the order of their creation. Cost: n log n.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.store.nodes.in_order().into_iter().map(|(_, node)| &**node)
    }

    /// The pods that name a claim, those with a generic ephemeral volume of that claim included (`HELP-12`), in the
    /// order of their names. Cost: linear in the number of those pods.
    pub fn pods_of_claim(&self, claim: &ClaimKey) -> Vec<&Pod> {
        let mut pods: Vec<&Pod> = self.store.pods_of_claim(claim).map(|pod| &**pod).collect();
        pods.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        pods
    }

    /// How many objects of a kind there are. Cost: constant.
    pub fn count(&self, kind: Kind) -> usize {
        self.store.count(kind)
    }

    /// The volume that the volume controller would give to a claim now, by what it has seen; the claim need not exist.
    /// `None` where none fits, or where binding waits for a pod and no volume is reserved for the claim.
    ///
    /// Cost: logarithmic in the number of volumes; with a selector, also a 64th of the free volumes of the right class and
    /// modes that its most selective requirement allows and others do not. See [`VolumePool`](crate::VolumePool) for
    /// choosing without a cluster.
    ///
    /// ```
    /// use bindery::{AccessMode, Cluster, PersistentVolume, PersistentVolumeClaim};
    ///
    /// let mut cluster = Cluster::default();
    /// for (name, size) in [("large", "100Gi"), ("small", "5Gi")] {
    ///     cluster.create(PersistentVolume::new(name, size.parse()?, [AccessMode::ReadWriteOnce]))?;
    /// }
    /// cluster.settle()?;
    /// let claim = PersistentVolumeClaim::new("default", "data", "1Gi".parse()?, [AccessMode::ReadWriteOnce]);
    /// assert_eq!(cluster.find_volume_for(&claim)?.unwrap().metadata.name, "small");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SyncError`] where the claim's selector makes no predicate (`MATCH-12`) or its class has no binding mode
    /// (`HELP-5`).
    pub fn find_volume_for(&self, claim: &PersistentVolumeClaim) -> Result<Option<&PersistentVolume>, SyncError> {
        let world = self.world();
        let delayed = is_delayed(claim, &world)?;
        find_volume(claim, delayed, &world).map(|found| found.map(Arc::as_ref))
    }

    /// All events in the order of their first emission, counted up to now. What a waiting object repeats at every
    /// resync is counted here without having been carried out. Cost: linear in the number of events.
    pub fn events(&self) -> Vec<EventRecord> {
        let (resyncs, last) = self.resyncs();
        self.recorder.records(resyncs, last)
    }

    /// A key from `namespace/name`, or from a name in the default namespace.
    pub(super) fn namespaced(&self, name: &str) -> NamespacedName {
        match name.split_once('/') {
            Some((namespace, name)) => NamespacedName::new(namespace, name),
            None => NamespacedName::new(&self.config.namespace, name),
        }
    }

    fn find<T: Stored>(&self, key: &NamespacedName) -> Option<&T> {
        T::table(&self.store).find(key).map(Arc::as_ref)
    }
}
