//! Who is told of a write: the queues that a change concerns, in the order in which the controllers take their turns
//! (`ND-15`).

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::cluster::config::Controller;
use crate::cluster::work::Worker;
use crate::controllers::{
    OrphanSync, collection_order, is_collectable, is_protection_due, needs_expansion, needs_provisioner, quota_status,
};
use crate::model::id::{Id, ObjectId};
use crate::model::kind::{Object, ObjectKey};
use crate::model::names::FOREGROUND_DELETION_FINALIZER;
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::text::Text;
use crate::store::Store;

impl Cluster {
    /// Puts what a change concerns into the queues (`RUN-4`, `RUN-5`, `PROT-8`).
    pub(super) fn notify(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>) {
        self.work.resync_due = true;
        let Some(object) = after.or(before) else {
            return;
        };
        self.mark_dependents(before, after);
        if self.runs(Controller::GarbageCollection) {
            self.notify_collector(id, before, after);
        }
        if self.runs(Controller::Protection) {
            self.notify_protection(id, object);
        }
        let worker = match object {
            Object::PersistentVolume(_) => Some(Worker::Volumes),
            Object::PersistentVolumeClaim(_) => Some(Worker::Claims),
            _ => None,
        };
        if let Some(worker) = worker.filter(|_| self.runs(Controller::PersistentVolumes)) {
            self.look_at(worker, id);
        }
        let grows = matches!(after, Some(Object::PersistentVolumeClaim(claim)) if needs_expansion(claim));
        // Where nothing uses storage, nobody else cares for it.
        if worker.is_none() || grows || self.has_workloads() {
            self.notify_workloads(id, before, after, grows);
        }
    }

    /// Whether there is anything that uses storage, counts it or makes it.
    fn has_workloads(&self) -> bool {
        let Store { pods, sets, quotas, .. } = &self.store;
        pods.len() > 0 || sets.len() > 0 || quotas.len() > 0 || !self.drivers.is_empty()
    }

    /// Puts what a change concerns into the queues of those who run workloads, and make and grow volumes for them.
    fn notify_workloads(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>, grows: bool) {
        if self.runs(Controller::EphemeralVolumes) {
            self.notify_ephemeral(id, before, after);
        }
        if self.runs(Controller::Expansion) && grows {
            self.work.enqueue(Worker::Expand, id, false);
        }
        if self.runs(Controller::ExternalProvisioning) {
            self.notify_provisioners(id, after);
        }
        if self.runs(Controller::StatefulSets) {
            self.notify_sets(id, before, after);
        }
        if let Some(object) = after.or(before).filter(|_| self.runs(Controller::Quotas)) {
            self.notify_quotas(object);
        }
        self.notify_replicas(id, before, after);
        self.notify_scheduler(id, before, after);
        self.notify_nodes(id, before, after);
    }

    /// The quotas of the namespace, of which the usage may be another one.
    fn notify_quotas(&mut self, object: &Object) {
        if self.store.quotas.len() == 0 {
            return;
        }
        let outdated = self
            .store
            .quotas_in(&object.metadata().namespace)
            .filter(|quota| quota_status(quota, &self.store).is_some());
        let keys: Vec<ObjectKey> = outdated.map(|quota| Object::ResourceQuota(Arc::clone(quota)).reference()).collect();
        for key in keys {
            if let Some(id) = self.store.object_id(&key) {
                self.work.enqueue(Worker::Quotas, id, false);
            }
        }
    }

    /// An object that lost an owner, the dependents of one that goes, and an owner that waits for its dependents.
    fn notify_collector(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>) {
        let owned = |object: &Object| !object.metadata().owner_references.is_empty();
        let alive = after.is_some_and(|after| !after.metadata().is_deleting());
        if alive && ![before, after].into_iter().flatten().any(owned) {
            return;
        }
        if let Some(before) = before.filter(|_| after.is_none()) {
            self.collect_dependents(before);
        }
        let waits = |object: &Object| {
            object.metadata().is_deleting() && object.metadata().has_finalizer(FOREGROUND_DELETION_FINALIZER)
        };
        if let Some(after) = after {
            // Who orphans its dependents is looked at once, and again only where that fails.
            let orphans = OrphanSync::concerns(after) && !before.is_some_and(OrphanSync::concerns);
            if waits(after) {
                self.collect_dependents(after);
            }
            if waits(after) || orphans || is_collectable(after, &self.store) {
                self.work.enqueue(Worker::Collect, id, false);
            }
        }
        let kept_owners = before
            .zip(after)
            .is_some_and(|(before, after)| before.metadata().owner_references == after.metadata().owner_references);
        for object in [before.filter(|_| !kept_owners), after].into_iter().flatten() {
            for reference in &object.metadata().owner_references {
                if let Ok(Some(owner)) = self.store.owner(reference, &object.metadata().namespace)
                    && waits(&owner)
                    && let Some(id) = self.store.object_id(&owner.reference())
                {
                    self.work.enqueue(Worker::Collect, id, false);
                }
            }
        }
    }

    fn collect_dependents(&mut self, owner: &Object) {
        for dependent in collection_order(&self.store, &owner.metadata().uid) {
            self.work.enqueue(Worker::Collect, dependent, false);
        }
    }

    /// A new pod, and the pods that wait for a claim of the name of one that is gone; updates of pods are ignored
    /// (`EPH-2`).
    fn notify_ephemeral(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>) {
        match (before, after) {
            (None, Some(Object::Pod(pod))) if pod.has_ephemeral_volumes() => {
                self.work.enqueue(Worker::Ephemeral, id, false);
            }
            (Some(Object::PersistentVolumeClaim(claim)), None) => {
                let key = claim.key();
                let users = self.store.pods_of_claim(&key).filter(|pod| pod.has_ephemeral_volumes());
                let mut users: Vec<NamespacedName> = users.map(|pod| pod.key()).collect();
                users.sort();
                for id in users.iter().filter_map(|pod| self.store.pods.id(pod)).collect::<Vec<_>>() {
                    self.work.enqueue(Worker::Ephemeral, id, false);
                }
            }
            _ => {}
        }
    }

    /// A claim that waits for a driver, or asks for more than it has, and a volume that its driver has something to do
    /// for (`NEIGH-6`, `NEIGH-7`, `RESIZE-5`).
    fn notify_provisioners(&mut self, id: ObjectId, after: Option<&Object>) {
        match after {
            Some(Object::PersistentVolumeClaim(claim))
                if claim.spec.volume_name.is_empty() && self.drivers.for_claim(claim).is_some() =>
            {
                self.work.enqueue(Worker::Provision, id, false);
            }
            Some(Object::PersistentVolumeClaim(claim)) if needs_expansion(claim) => {
                self.work.enqueue(Worker::Resize, id, false);
            }
            Some(Object::PersistentVolume(volume)) => {
                let driver = self.drivers.for_volume(volume);
                if driver.is_some_and(|driver| needs_provisioner(volume, self.drivers.sidecar(driver))) {
                    self.work.enqueue(Worker::Delete, id, false);
                }
            }
            _ => {}
        }
    }

    fn notify_protection(&mut self, id: ObjectId, object: &Object) {
        match object {
            Object::PersistentVolume(_) if is_protection_due(object, &self.store) => {
                self.work.enqueue(Worker::ProtectVolumes, id, false);
            }
            Object::PersistentVolumeClaim(_) if is_protection_due(object, &self.store) => {
                self.work.enqueue(Worker::ProtectClaims, id, false);
            }
            Object::Pod(pod) => {
                for claim in pod.claim_keys() {
                    if let Some(id) = self.store.claims.id(&claim) {
                        self.work.enqueue(Worker::ProtectClaims, id, false);
                    }
                }
            }
            _ => {}
        }
    }

    /// Puts a key into the queue of a worker.
    pub(super) fn enqueue(&mut self, worker: Worker, key: impl Into<ObjectId>, by_resync: bool) {
        let key = key.into();
        if worker == Worker::Schedule {
            self.scheduler.push(Id::from_number(key.number), &self.store);
        }
        match worker {
            Worker::Volumes | Worker::Claims if !by_resync => self.look_at(worker, key),
            _ => self.work.enqueue(worker, key, by_resync),
        }
    }

    pub(super) fn enqueue_claim(&mut self, key: &NamespacedName) {
        if let Some(id) = self.store.claims.id(key) {
            self.look_at(Worker::Claims, id.into());
        }
    }

    pub(super) fn enqueue_volume(&mut self, name: &Text) {
        if let Some(id) = self.store.volumes.id_of("", name) {
            self.look_at(Worker::Volumes, id.into());
        }
    }
}

/// The claims that a change concerns, each once: the one that a claim is, or the one that a volume named and names.
pub(super) fn claims_behind(before: Option<&Object>, after: Option<&Object>) -> impl Iterator<Item = ClaimKey> {
    let [before, after] = [before, after].map(|object| match object? {
        Object::PersistentVolumeClaim(claim) => Some(claim.key()),
        Object::PersistentVolume(volume) => volume.spec.claim_ref.as_ref().map(|reference| reference.key()),
        _ => None,
    });
    before.filter(|before| Some(before) != after.as_ref()).into_iter().chain(after)
}
