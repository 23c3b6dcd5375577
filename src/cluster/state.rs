//! The state of a cluster as one number: what decides about everything that can still happen, and nothing else.
//!
//! In it are: the objects without their resource versions and times; what the volume controller's cache and every sync
//! and operation in progress holds, each copy by whether it is the stored one, or else by what it says; the keys that
//! wait for other controllers than that of volumes, as sets; what the scheduler, the nodes, provisioners and backends
//! remember; the files behind volumes; faults that wait to be played; and what is due, by how long that will take. Not in
//! it are resource versions, times, the journal and events. Two runs that came to the same state have the same number,
//! whatever their order was.
//!
//! A copy is compared with the stored object and with nothing else (`CONFLICT-1`, `CACHE-1`), so that whether it is the
//! newest is all that its version says.

mod objects;

use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::cluster::Cluster;
use crate::cluster::mixer::Mixer;
use crate::cluster::operations::{Running, Waiting};
use crate::cluster::state::objects::{CLAIMS, Pair, VOLUMES, mix_claim, mix_volume};
use crate::cluster::work::{Sync, SyncTask, Worker};
use crate::controllers::{Copies, OperationTask, Resumed};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::id::Id;
use crate::model::kind::{Kind, Object};
use crate::model::metadata::{ObjectMeta, ResourceVersion};
use crate::model::reference::NamespacedName;
use crate::model::time::Timestamp;
use crate::model::volume::PersistentVolume;
use crate::store::Store;

/// The number of a state, with those of the parts of it that change often: whoever works out the number of a state that
/// differs little needs them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StateNumber {
    /// The number.
    pub(crate) whole: u64,
    syncs: u64,
    operations: u64,
    stale: u64,
    queues: u64,
    timers: u64,
    /// Those of the first volumes and claims: of the part of each that changes often, and of all its parts.
    volumes: [u64; KEPT],
    claims: [u64; KEPT],
    whole_volumes: [u64; KEPT],
    whole_claims: [u64; KEPT],
}

#[cfg(feature = "explore")]
impl StateNumber {
    /// The number of everything that decides about what looking at a volume or a claim comes to: all but the others of
    /// its kind, what waits and what is in progress. Nothing where the number of the object itself is not known.
    pub(super) fn deciding(&self, worker: Worker, number: u32) -> Option<u64> {
        let own = if worker == Worker::Volumes { &self.whole_volumes } else { &self.whole_claims };
        let left_out = own.iter().chain([&self.syncs, &self.queues, &self.timers]);
        let mut mixer = Mixer::new(left_out.fold(self.whole, |rest, part| rest.wrapping_sub(*part)));
        (worker, number, own.get(number as usize)?).hash(&mut mixer);
        Some(mixer.finish())
    }
}

/// Of how many volumes and claims the numbers are kept: as many as worlds have that are explored whole.
const KEPT: usize = 4;

/// A cluster and the number of its state, from which that of a cluster that differs little is found quickly.
pub(crate) type Known<'c> = (&'c Cluster, StateNumber);

impl Cluster {
    /// The state as one number, the same on every platform. Resource versions, times, events and the journal do not
    /// count, so that runs in different orders that came to the same are seen to be at the same point. Cost: linear in
    /// the number of objects.
    ///
    /// ```
    /// use bindery::{AccessMode, Cluster, PersistentVolume};
    ///
    /// let volume = |name: &str| PersistentVolume::new(name, "1Gi".parse().unwrap(), [AccessMode::ReadWriteOnce]);
    /// let (mut one, mut other) = (Cluster::default(), Cluster::default());
    /// one.create(volume("a"))?;
    /// one.settle()?;
    /// other.create(volume("a"))?;
    /// other.advance(std::time::Duration::from_secs(60))?;
    /// assert_eq!(one.state(), other.state());
    /// assert_ne!(one.fingerprint(), other.fingerprint());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn state(&self) -> u64 {
        self.state_after(None).whole
    }

    /// The number of the state, worked out from that of an earlier one. Cost: that of what changed since.
    pub(crate) fn state_after(&self, known: Option<Known<'_>>) -> StateNumber {
        let old = known.map(|(cluster, _)| cluster);
        let mut number = known.map_or_else(StateNumber::default, |(_, state)| state);
        self.renew_parts(&mut number, old);
        let mut sum = number.whole;
        let (mut volumes, mut claims) = (number.volumes, number.claims);
        let (mut whole_volumes, mut whole_claims) = (number.whole_volumes, number.whole_claims);
        let swap = |sum: &mut u64, same: bool, part: &dyn Fn(&Self) -> u64| {
            if !same {
                *sum = sum.wrapping_add(part(self)).wrapping_sub(old.map_or(0, part));
            }
        };
        let same_cache = old.is_some_and(|old| self.cache.same(&old.cache));
        if !(same_cache && old.is_some_and(|old| self.store.volumes.same(&old.store.volumes))) {
            let numbers = |cluster: &Self| cluster.store.volumes.numbers().max(cluster.cache.sizes().0);
            let pairs = |number| (self.volume_pair(number), old.map(|old| old.volume_pair(number)));
            let numbers = numbers(self).max(old.map_or(0, numbers));
            sum = sum.wrapping_add(VOLUMES.renew(numbers, pairs, &mut volumes, &mut whole_volumes));
        }
        if !(same_cache && old.is_some_and(|old| self.store.claims.same(&old.store.claims))) {
            let numbers = |cluster: &Self| cluster.store.claims.numbers().max(cluster.cache.sizes().1);
            let pairs = |number| (self.claim_pair(number), old.map(|old| old.claim_pair(number)));
            let numbers = numbers(self).max(old.map_or(0, numbers));
            sum = sum.wrapping_add(CLAIMS.renew(numbers, pairs, &mut claims, &mut whole_claims));
        }
        swap(&mut sum, old.is_some_and(|old| Arc::ptr_eq(&self.plugins, &old.plugins)), &|cluster| {
            mixed(15, &cluster.plugins)
        });
        swap(&mut sum, old.is_some_and(|old| Arc::ptr_eq(&self.drivers, &old.drivers)), &|cluster| {
            of("drivers", &cluster.drivers)
        });
        swap(&mut sum, old.is_some_and(|old| self.contents.same(&old.contents)), &|cluster| {
            mixed(16, &cluster.contents)
        });
        swap(&mut sum, old.is_some_and(|old| self.external.same(&old.external)), &|cluster| {
            of("external", &cluster.external)
        });
        swap(&mut sum, old.is_some_and(|old| self.nodes.same(&old.nodes)), &|cluster| of("nodes", &cluster.nodes));
        swap(&mut sum, old.is_some_and(|old| self.scheduler.same(&old.scheduler)), &|cluster| {
            mixed(17, &cluster.scheduler.remembered())
        });
        swap(&mut sum, old.is_some_and(|old| self.sets.same(&old.sets)), &|cluster| of("sets", &cluster.sets));
        swap(&mut sum, old.is_some_and(|old| old.faults == self.faults), &|cluster| of("faults", &cluster.faults));
        swap(&mut sum, old.is_some_and(|old| self.plan.same(&old.plan)), &|cluster| of("plan", &cluster.plan));
        let same_others = old.is_some_and(|old| self.store.same_others(&old.store));
        for kind in Kind::ALL.iter().filter(|_| !same_others) {
            if !matches!(kind, Kind::PersistentVolume | Kind::PersistentVolumeClaim) {
                let same = old.is_some_and(|old| self.store.same_table(&old.store, *kind));
                swap(&mut sum, same, &|cluster| table_state(&cluster.store, *kind));
            }
        }
        StateNumber { whole: sum, volumes, claims, whole_volumes, whole_claims, ..number }
    }

    /// Brings those parts of the number up to date that change often.
    fn renew_parts(&self, number: &mut StateNumber, old: Option<&Self>) {
        let StateNumber { whole, syncs, operations, stale, queues, timers, .. } = number;
        let mut renew = |part: &mut u64, new: u64| {
            *whole = whole.wrapping_add(new).wrapping_sub(*part);
            *part = new;
        };
        // What is in progress is compared with what is stored, so that it may change although nobody has touched it.
        renew(syncs, self.syncs_state());
        if !old.is_some_and(|old| self.operations.same(&old.operations) && self.operations.running().next().is_none()) {
            renew(operations, self.operations_state());
        }
        if self.stale.is_some() || old.is_none_or(|old| old.stale.is_some()) {
            renew(stale, self.stale_state());
        }
        if !old.is_some_and(|old| self.work.same_queues(&old.work)) {
            renew(queues, self.queues_state());
        }
        if !old.is_some_and(|old| self.now == old.now && self.retries.same(&old.retries) && self.wakes.same(&old.wakes))
        {
            renew(timers, self.timers_state());
        }
    }

    fn volume_pair(&self, number: usize) -> Pair<'_, PersistentVolume> {
        let Ok(number) = u32::try_from(number) else {
            return (None, None);
        };
        (self.store.volumes.get(Id::from_number(number)), self.cache.volume(Id::from_number(number)))
    }

    fn claim_pair(&self, number: usize) -> Pair<'_, PersistentVolumeClaim> {
        let Ok(number) = u32::try_from(number) else {
            return (None, None);
        };
        (self.store.claims.get(Id::from_number(number)), self.cache.claim(Id::from_number(number)))
    }

    fn syncs_state(&self) -> u64 {
        let mut sum = 0u64;
        for sync in self.work.busy().filter_map(|worker| self.work.sync(worker)) {
            let mut mixer = Mixer::new(4);
            self.mix_sync(sync, &mut mixer);
            sum = sum.wrapping_add(mixer.finish());
        }
        sum
    }

    fn mix_sync(&self, sync: &Sync, mixer: &mut Mixer) {
        sync.origin.worker.hash(mixer);
        sync.origin.key.hash(mixer);
        match &sync.task {
            SyncTask::Volume(task) => self.mix_copies(&task.copies().replaced_by(&sync.resumed), mixer),
            SyncTask::Claim(task) => self.mix_copies(&task.copies().replaced_by(&sync.resumed), mixer),
            SyncTask::Ephemeral(task) => of("task", task).hash(mixer),
            SyncTask::Expand(task) => of("task", task).hash(mixer),
            SyncTask::Resize(task) => of("task", task).hash(mixer),
            SyncTask::Orphan(task) => of("task", task).hash(mixer),
            SyncTask::Set(task) => of("task", task).hash(mixer),
            SyncTask::Deployment(task) => of("task", task).hash(mixer),
            SyncTask::ReplicaSet(task) => of("task", task).hash(mixer),
            SyncTask::Node(task) => of("task", task).hash(mixer),
            SyncTask::Attach(task) => of("task", task).hash(mixer),
            SyncTask::Kubelet(task) => of("task", task).hash(mixer),
            SyncTask::Schedule(task) => of("task", task).hash(mixer),
        }
        if !matches!(sync.origin.worker, Worker::Volumes | Worker::Claims) {
            sync.again.hash(mixer);
        }
        self.mix_resumed(&sync.resumed, mixer);
    }

    /// The copies that a task works on: each is the stored object, or an old one that says something else.
    fn mix_copies(&self, copies: &Copies<'_>, mixer: &mut Mixer) {
        copies.stage.hash(mixer);
        for volume in copies.volumes.into_iter().flatten() {
            self.mix_volume_copy(volume, mixer);
        }
        if let Some(claim) = copies.claim {
            self.mix_claim_copy(claim, mixer);
        }
        copies.text.hash(mixer);
    }

    fn mix_volume_copy(&self, volume: &Arc<PersistentVolume>, mixer: &mut Mixer) {
        let metadata = &volume.metadata;
        metadata.name.hash(mixer);
        let key = || NamespacedName::cluster_wide(&metadata.name);
        let is_stored = self.store.volumes.is_newest(volume, key, |stored| same_version(&stored.metadata, metadata));
        is_stored.hash(mixer);
        if !is_stored {
            mix_volume(volume, mixer);
        }
    }

    fn mix_claim_copy(&self, claim: &Arc<PersistentVolumeClaim>, mixer: &mut Mixer) {
        let metadata = &claim.metadata;
        (&metadata.namespace, &metadata.name).hash(mixer);
        let key = || NamespacedName { namespace: metadata.namespace.clone(), name: metadata.name.clone() };
        let is_stored = self.store.claims.is_newest(claim, key, |stored| same_version(&stored.metadata, metadata));
        is_stored.hash(mixer);
        if !is_stored {
            mix_claim(claim, mixer);
        }
    }

    fn mix_resumed(&self, resumed: &Resumed, mixer: &mut Mixer) {
        match resumed {
            Resumed::Awake => 0u8.hash(mixer),
            Resumed::Written(Ok(Object::PersistentVolume(volume))) => self.mix_volume_copy(volume, mixer),
            Resumed::Written(Ok(Object::PersistentVolumeClaim(claim))) => self.mix_claim_copy(claim, mixer),
            other => of("resumed", other).hash(mixer),
        }
    }

    fn operations_state(&self) -> u64 {
        let mut sum = 0u64;
        for running in self.operations.running() {
            let mut mixer = Mixer::new(5);
            self.mix_operation(running, &mut mixer);
            sum = sum.wrapping_add(mixer.finish());
        }
        for name in self.operations.backing_off(self.now) {
            sum = sum.wrapping_add(mixed(18, name));
        }
        for left in self.operations.left() {
            sum = sum.wrapping_add(mixed(19, left));
        }
        sum
    }

    fn mix_operation(&self, running: &Running, mixer: &mut Mixer) {
        let Running { name, task, waiting, origin: _, effect, again: _ } = running;
        name.hash(mixer);
        match task {
            OperationTask::Delete(task) => self.mix_copies(&task.copies(), mixer),
            OperationTask::Recycle(task) => self.mix_copies(&task.copies(), mixer),
            OperationTask::Provision(task) => self.mix_copies(&task.copies(), mixer),
            OperationTask::ExternalProvision(task) => task.hash(mixer),
            OperationTask::ExternalDelete(task) => task.hash(mixer),
        }
        match waiting {
            Waiting::Ready(resumed) => {
                0u8.hash(mixer);
                self.mix_resumed(resumed, mixer);
            }
            Waiting::Until(time, resumed) => {
                time.saturating_sub(self.now).hash(mixer);
                self.mix_resumed(resumed, mixer);
            }
            Waiting::Forever => 1u8.hash(mixer),
        }
        if let Some(effect) = effect {
            effect.hash(mixer);
        }
    }

    /// What controllers see that have fallen behind: each object is the stored one or an old one, and older than what
    /// the cache holds or not.
    fn stale_state(&self) -> u64 {
        let Some(stale) = &self.stale else {
            return 0;
        };
        let mut sum = 0u64;
        for controller in stale.controllers() {
            let Some(view) = stale.of(controller) else {
                continue;
            };
            let mut mixer = Mixer::new(6);
            controller.hash(&mut mixer);
            view.misses_own().hash(&mut mixer);
            for store in view.stores() {
                self.mix_view(store, &mut mixer);
            }
            sum = sum.wrapping_add(mixer.finish());
        }
        sum
    }

    fn mix_view(&self, seen: &Store, mixer: &mut Mixer) {
        for (id, volume) in seen.volumes.in_order() {
            self.mix_volume_copy(volume, mixer);
            let held = self.cache.volume(id).map(|held| held.metadata.resource_version);
            held.map(|held| held.cmp(&volume.metadata.resource_version)).hash(mixer);
        }
        for (id, claim) in seen.claims.in_order() {
            self.mix_claim_copy(claim, mixer);
            let held = self.cache.claim(id).map(|held| held.metadata.resource_version);
            held.map(|held| held.cmp(&claim.metadata.resource_version)).hash(mixer);
        }
        let others = |kind: &&Kind| !matches!(kind, Kind::PersistentVolume | Kind::PersistentVolumeClaim);
        for kind in Kind::ALL.iter().filter(others).filter(|kind| !seen.same_table(&self.store, **kind)) {
            let is_stored = |object: &Object| {
                let stored = self.store.find(&object.reference());
                stored.is_some_and(|stored| same_version(stored.metadata(), object.metadata()))
            };
            let stored: Vec<bool> = seen.list(*kind).iter().map(is_stored).collect();
            if stored.contains(&false) || stored.len() != self.store.count(*kind) {
                (kind, stored, table_state(seen, *kind)).hash(mixer);
            }
        }
    }

    /// The keys that wait, as sets. Volumes and claims wait always.
    fn queues_state(&self) -> u64 {
        let mut sum = 0u64;
        for worker in self.work.wanted().filter(|worker| !matches!(worker, Worker::Volumes | Worker::Claims)) {
            for queued in self.work.waiting(worker) {
                sum = sum.wrapping_add(mixed(7, &(worker, queued.id)));
            }
        }
        sum
    }

    fn timers_state(&self) -> u64 {
        let retries = self.retries.waiting().map(|waiting| mixed(8, &waiting));
        let wakes =
            self.wakes.iter().map(|(time, worker, key)| mixed(9, &(time.saturating_sub(self.now), worker, key)));
        retries.chain(wakes).fold(0, u64::wrapping_add)
    }
}

impl Store {
    /// Whether all objects but volumes and claims are the same as in another store, as far as is seen at a glance.
    fn same_others(&self, other: &Self) -> bool {
        let others = |kind: &&Kind| !matches!(kind, Kind::PersistentVolume | Kind::PersistentVolumeClaim);
        Kind::ALL.iter().filter(others).all(|kind| self.same_table(other, *kind))
    }

    /// Whether the objects of a kind are the same as in another store, as far as is seen at a glance.
    fn same_table(&self, other: &Self, kind: Kind) -> bool {
        match kind {
            Kind::PersistentVolume => self.volumes.same(&other.volumes),
            Kind::PersistentVolumeClaim => self.claims.same(&other.claims),
            Kind::StorageClass => self.classes.same(&other.classes),
            Kind::VolumeAttributesClass => self.attributes_classes.same(&other.attributes_classes),
            Kind::StatefulSet => self.sets.same(&other.sets),
            Kind::Pod => self.pods.same(&other.pods),
            Kind::Node => self.nodes.same(&other.nodes),
            Kind::Deployment => self.deployments.same(&other.deployments),
            Kind::ReplicaSet => self.replica_sets.same(&other.replica_sets),
            Kind::ControllerRevision => self.revisions.same(&other.revisions),
            Kind::Service => self.services.same(&other.services),
            Kind::ConfigMap => self.config_maps.same(&other.config_maps),
            Kind::Secret => self.secrets.same(&other.secrets),
            Kind::ResourceQuota => self.quotas.same(&other.quotas),
            Kind::Namespace => self.namespaces.same(&other.namespaces),
            Kind::CsiDriver => self.csi_drivers.same(&other.csi_drivers),
            Kind::CsiNode => self.csi_nodes.same(&other.csi_nodes),
            Kind::CsiStorageCapacity => self.storage_capacities.same(&other.storage_capacities),
        }
    }
}

/// The objects of a kind, in the order of their creation.
fn table_state(store: &Store, kind: Kind) -> u64 {
    let objects = store.list(kind);
    if objects.is_empty() {
        return 0;
    }
    let mut mixer = Mixer::new(3);
    for mut object in objects {
        let metadata = object.metadata_mut();
        metadata.resource_version = ResourceVersion::default();
        metadata.creation_timestamp = None;
        metadata.deletion_timestamp = metadata.deletion_timestamp.map(|_| Timestamp::from_unix_seconds(0));
        object.hash(&mut mixer);
    }
    mixer.finish()
}

fn same_version(one: &ObjectMeta, other: &ObjectMeta) -> bool {
    one.resource_version == other.resource_version && one.uid == other.uid
}

fn mixed(seed: u64, value: &impl Hash) -> u64 {
    let mut mixer = Mixer::new(seed);
    value.hash(&mut mixer);
    mixer.finish()
}

/// A part that is seldom other than empty, by what is printed of it.
fn of(name: &str, part: &impl Debug) -> u64 {
    let mut mixer = Mixer::new(10);
    mixer.write(name.as_bytes());
    mixer.print(part);
    mixer.finish()
}
