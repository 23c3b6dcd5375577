//! What a resync must look at again, and what it need not.
//!
//! Kubernetes looks at every volume and every claim again and again. Most syncs find nothing to do, and one of an object
//! for which nothing has changed since its last sync can find nothing: it sees what that one saw. So the engine follows
//! what each sync depends on (`VOL-*`, `CLAIM-*`):
//!
//! - a volume: itself, and the claim that it names;
//! - a claim that names a volume: itself, and that volume;
//! - a claim that names none: itself, its class or the default class, the pods that use it, the volumes that name it,
//!   and every free volume that it would choose. Such claims wait in an index that a free volume searches.
//!
//! What changes is marked, and a resync visits what is marked, in the order in which it would come to it anyway.
//! Operations that failed, and volumes that wait to be recycled, are tried by every resync. [`Cluster::resync`] marks
//! everything; where the bookkeeping is right, that changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::backend::Ability;
use crate::cluster::Cluster;
use crate::cluster::config::Controller;
use crate::cluster::marks::Marks;
use crate::cluster::work::Worker;
use crate::controllers::{Observed, is_delayed, volume_name};
use crate::matching::WaitingIndex;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::id::{Id, ObjectId, Sequence};
use crate::model::kind::{Kind, Object};
use crate::model::names::BIND_COMPLETED;
use crate::model::reference::ObjectReference;
use crate::model::shards::Shards;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;

type VolumeId = Id<PersistentVolume>;
type ClaimId = Id<PersistentVolumeClaim>;

/// What the next resync must look at.
#[derive(Clone, Debug, Default)]
pub(super) struct Attention {
    volumes: Marks,
    claims: Marks,
    /// Claims that name no volume, as their last sync left them.
    waiting: WaitingIndex,
    /// Claims that depend on a volume that does not name them, by its name, and the other way round.
    asking: Shards<Text, Arc<BTreeSet<u32>>>,
    asked: Shards<u32, Text>,
}

impl Attention {
    pub(super) fn marks(&self, worker: Worker) -> &Marks {
        if worker == Worker::Volumes { &self.volumes } else { &self.claims }
    }

    pub(super) fn marks_mut(&mut self, worker: Worker) -> &mut Marks {
        if worker == Worker::Volumes { &mut self.volumes } else { &mut self.claims }
    }

    /// The claim that was not marked and must be looked at next because of a free volume.
    pub(super) fn offered(&self, worker: Worker) -> Option<(Sequence, u32)> {
        let (created, claim) = self.waiting.next().filter(|_| worker == Worker::Claims)?;
        Some((created, claim.number()))
    }

    /// The round over the claims has come to this one.
    pub(super) fn pass(&mut self, created: Sequence) {
        self.waiting.pass(created);
    }

    /// The round over the claims has ended.
    pub(super) fn rewind(&mut self) {
        self.waiting.rewind();
    }

    fn is_empty(&self) -> bool {
        self.volumes.is_empty() && self.claims.is_empty() && self.waiting.next().is_none()
    }

    fn ask(&mut self, claim: ClaimId, volume: Text) {
        let mut claims = self.asking.get(&*volume).cloned().unwrap_or_default();
        Arc::make_mut(&mut claims).insert(claim.number());
        self.asking.insert(volume.clone(), claims);
        self.asked.insert(claim.number(), volume);
    }

    /// What is known of a claim is out of date.
    fn forget(&mut self, claim: ClaimId) {
        self.waiting.remove(claim);
        if self.asked.is_empty() {
            return;
        }
        let Some(volume) = self.asked.remove(&claim.number()) else {
            return;
        };
        if let Some(claims) = self.asking.get_mut(&*volume) {
            Arc::make_mut(claims).remove(&claim.number());
            if claims.is_empty() {
                self.asking.remove(&*volume);
            }
        }
    }
}

impl Cluster {
    /// Has the volume controller look at every volume and every claim again, as that of Kubernetes does every fifteen
    /// seconds. In a cluster that is quiet this changes nothing.
    ///
    /// Cost: that of a sync of every volume and claim, at the next [`Cluster::settle`].
    pub fn resync(&mut self) {
        let volumes: Vec<_> = self.store.volumes.in_order().into_iter().map(|(id, _)| id).collect();
        let claims: Vec<_> = self.store.claims.in_order().into_iter().map(|(id, _)| id).collect();
        self.mark_volumes(volumes);
        self.mark_claims(claims);
        self.work.resync_due = true;
    }

    /// Whether a resync is due that could do anything.
    pub(super) fn is_resync_due(&self) -> bool {
        self.work.resync_due
            && self.runs(Controller::PersistentVolumes)
            && !(self.work.attention.is_empty()
                && self.work.recycling.is_empty()
                && self.operations.expired(self.now).next().is_none())
    }

    /// Begins a resync: a round over all volumes, then one over all claims (`RUN-8`, `DET-8`).
    pub(super) fn begin_resync(&mut self) {
        self.work.resync_due = false;
        self.work.begin_rounds(self.store.last_created());
        for worker in [Worker::Volumes, Worker::Claims] {
            for number in self.work.attention.marks_mut(worker).take() {
                self.list(worker, number);
            }
        }
        for number in self.work.recycling.clone() {
            self.list(Worker::Volumes, number);
        }
        let expired: Vec<_> = self.operations.expired(self.now).collect();
        for key in expired {
            match self.store.object_id(&key) {
                Some(ObjectId { kind: Kind::PersistentVolume, number }) => self.list(Worker::Volumes, number),
                Some(ObjectId { kind: Kind::PersistentVolumeClaim, number }) => self.list(Worker::Claims, number),
                Some(_) | None => {}
            }
        }
    }

    /// Has a round look at an object, if it still exists.
    fn list(&mut self, worker: Worker, number: u32) {
        let kind = if worker == Worker::Volumes { Kind::PersistentVolume } else { Kind::PersistentVolumeClaim };
        let id = ObjectId { kind, number };
        if self.store.exists(id) {
            let created = self.created(id);
            self.work.list(worker, id, created);
        }
    }

    /// Puts a volume or a claim into its queue, at the place that it has there if a round is still to come to it.
    pub(super) fn look_at(&mut self, worker: Worker, id: ObjectId) {
        self.forget_foreseen(worker, id);
        let created = self.created(id);
        self.work.enqueue_created(worker, id, created);
    }

    fn created(&self, id: ObjectId) -> Sequence {
        match id.kind {
            Kind::PersistentVolume => self.store.volumes.created(Id::from_number(id.number)),
            _ => self.store.claims.created(Id::from_number(id.number)),
        }
    }

    /// Something has changed that the sync of a volume or a claim depends on.
    pub(super) fn mark(&mut self, worker: Worker, id: ObjectId) {
        if self.loose {
            // Volumes and claims are looked at at any time.
            return;
        }
        self.forget_foreseen(worker, id);
        if self.work.is_queued(worker, id) {
            return;
        }
        let created = self.created(id);
        if self.work.is_to_come(worker, created) && !self.work.is_in_progress(worker, id) {
            self.work.list(worker, id, created);
        } else {
            self.work.attention.marks_mut(worker).insert(id.number);
        }
    }

    fn mark_volumes(&mut self, volumes: Vec<VolumeId>) {
        for id in volumes {
            self.mark(Worker::Volumes, id.into());
        }
    }

    fn mark_claims(&mut self, claims: Vec<ClaimId>) {
        for id in claims {
            self.mark(Worker::Claims, id.into());
        }
    }

    /// A sync, or an operation that it started, could not do what it wanted to.
    pub(super) fn mark_unfinished(&mut self, worker: Worker, id: ObjectId) {
        if matches!(worker, Worker::Volumes | Worker::Claims) {
            self.mark(worker, id);
        }
    }

    /// A sync begins to look at a volume or a claim.
    pub(super) fn unmark(&mut self, worker: Worker, id: ObjectId) {
        if self.loose {
            return;
        }
        self.work.attention.marks_mut(worker).remove(id.number);
    }

    /// Takes a volume into the volume controller's own cache, or out of it, and marks what depends on it.
    pub(super) fn see_volume(&mut self, id: VolumeId, volume: Option<&Arc<PersistentVolume>>) -> Observed {
        let created = self.store.volumes.created(id);
        let change = self.cache.set_volume(id, volume, created);
        if change.observed != Observed::New || self.loose {
            return change.observed;
        }
        let before = change.before.as_deref();
        let after = volume.map(|volume| &**volume);
        let references = [before, after].map(|volume| volume.and_then(|volume| volume.spec.claim_ref.as_deref()));
        if let Some(reference) = references[1] {
            self.mark_referred(reference);
        }
        if let Some(reference) = references[0]
            && !references[1].is_some_and(|new| new.name == reference.name && new.namespace == reference.namespace)
        {
            self.mark_referred(reference);
        }
        if let Some(volume) = after.or(before) {
            self.mark_asking(&volume.metadata.name);
        }
        let attention = &mut self.work.attention;
        if let Some(volume) = before.filter(|volume| volume.is_free()) {
            attention.waiting.withdraw(id, volume);
        }
        if let Some(volume) = after.filter(|volume| volume.is_free()) {
            attention.waiting.offer(id, volume);
        }
        if change.modes_changed {
            let invalid: Vec<ClaimId> = attention.waiting.invalid().collect();
            self.mark_claims(invalid);
        }
        change.observed
    }

    /// Takes a claim into the volume controller's own cache, or out of it, and marks what depends on it.
    pub(super) fn see_claim(&mut self, id: ClaimId, claim: Option<&Arc<PersistentVolumeClaim>>) -> Observed {
        let change = self.cache.set_claim(id, claim);
        if change.observed == Observed::New && !self.loose {
            self.work.attention.forget(id);
            if let Some(claim) = claim.or(change.before.as_ref()) {
                self.mark_reserved(claim);
            }
        }
        change.observed
    }

    /// The volumes that name a claim.
    fn mark_reserved(&mut self, claim: &PersistentVolumeClaim) {
        let metadata = &claim.metadata;
        if let Some((first, others)) = self.cache.reserved_for(&metadata.namespace, &metadata.name) {
            self.mark(Worker::Volumes, first.into());
            self.mark_volumes(others);
        }
    }

    fn mark_referred(&mut self, reference: &ObjectReference) {
        if let Some(id) = self.store.claims.id_of(&reference.namespace, &reference.name) {
            self.mark(Worker::Claims, id.into());
        }
    }

    /// The claims that depend on a volume that does not name them.
    fn mark_asking(&mut self, volume: &Text) {
        if self.work.attention.asking.is_empty() {
            return;
        }
        let claims = self.work.attention.asking.get(&**volume).cloned().unwrap_or_default();
        self.mark_claims(claims.iter().map(|number| Id::from_number(*number)).collect());
    }

    /// Marks what depends on an object that was written, whether the volume controller has seen it yet or not.
    pub(super) fn mark_dependents(&mut self, before: Option<&Object>, after: Option<&Object>) {
        if self.loose {
            return;
        }
        match after.or(before) {
            Some(Object::PersistentVolumeClaim(claim)) => self.mark_reserved(claim),
            Some(Object::PersistentVolume(volume)) if before.is_none() || after.is_none() => {
                self.mark_asking(&volume.metadata.name);
            }
            Some(Object::StorageClass(class)) => {
                let attention = &self.work.attention;
                let mut claims: Vec<ClaimId> = attention.waiting.of_class(&class.metadata.name).collect();
                let is_default = |object: &Object| matches!(object, Object::StorageClass(class) if class.is_default());
                if [before, after].into_iter().flatten().any(is_default) {
                    claims.extend(attention.waiting.of_class(""));
                }
                self.mark_claims(claims);
            }
            Some(Object::Pod(pod)) => {
                for claim in pod.claim_keys() {
                    if let Some(id) = self.store.claims.id(&claim)
                        && self.work.attention.waiting.contains(id)
                    {
                        self.mark(Worker::Claims, id.into());
                    }
                }
            }
            Some(_) | None => {}
        }
    }

    /// Marks an object that was put in and that the volume controller has not been told of.
    pub(super) fn mark_unseen(&mut self, id: ObjectId) {
        match id.kind {
            Kind::PersistentVolume => self.mark(Worker::Volumes, id),
            Kind::PersistentVolumeClaim => self.mark(Worker::Claims, id),
            _ => {}
        }
    }

    /// Notes what a claim waits for, now that its sync has ended.
    pub(super) fn note_waiting(&mut self, id: ClaimId) {
        if self.loose {
            return;
        }
        let Some(claim) = self.cache.claim(id) else {
            return;
        };
        let world = self.world();
        if !claim.spec.volume_name.is_empty() {
            let answers = world.cached_volume(&claim.spec.volume_name).is_some_and(|volume| {
                volume.spec.claim_ref.as_ref().is_some_and(|reference| claim.is_designated_by(reference))
            });
            if !answers {
                let volume = claim.spec.volume_name.clone();
                self.work.attention.ask(id, volume);
            }
            return;
        }
        if claim.metadata.annotations.contains_key(BIND_COMPLETED) {
            return;
        }
        // A volume of the name that a plugin would give to a new one is taken for that one (`PROV-13`).
        let made_by_plugin = world
            .class(claim.class_name())
            .is_some_and(|class| world.plugins.by_name(&class.provisioner, Ability::Provision).is_ok());
        let delayed = is_delayed(claim, &world).unwrap_or(true);
        let claim = Arc::clone(claim);
        let created = self.store.claims.created(id);
        self.work.attention.waiting.insert(id, created, &claim, delayed);
        if made_by_plugin {
            self.work.attention.ask(id, volume_name(&claim));
        }
    }
}
