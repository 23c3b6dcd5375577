//! Looks that are foreseen to come to nothing.
//!
//! A sync that binds puts its claim and its volume back into the queues, because it writes to them, and among a million
//! both are far away in memory when their turn comes. So what they would come to is found out when the sync ends and both
//! are at hand: where it is nothing, and nothing has changed when their turn comes, they end there.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::cluster::work::{Origin, Worker};
use crate::controllers::{ClaimSync, VolumeSync};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::id::{Id, ObjectId};

impl Cluster {
    /// A sync has written to a claim, so that its key and that of its volume wait. Notes where looking at them would come to
    /// nothing.
    pub(super) fn foresee(&mut self, claim: Id<PersistentVolumeClaim>) {
        if self.loose || self.stale.is_some() {
            return;
        }
        let world = self.world();
        let seen = self.store.claims.get(claim).zip(self.cache.claim(claim));
        let Some((stored, _)) = seen.filter(|(stored, cached)| Arc::ptr_eq(stored, cached)) else {
            return;
        };
        let claim_rests = ClaimSync::start(stored, &world).is_idle();
        let volume = self.store.volumes.id_of("", &stored.spec.volume_name).filter(|id| {
            let seen = self.store.volumes.get(*id).zip(self.cache.volume(*id));
            seen.is_some_and(|(stored, cached)| {
                Arc::ptr_eq(stored, cached) && VolumeSync::start(stored, &world).is_idle()
            })
        });
        let attention = &mut self.work.attention;
        if claim_rests {
            attention.marks_mut(Worker::Claims).foresee(claim.number());
        }
        if let Some(volume) = volume {
            attention.marks_mut(Worker::Volumes).foresee(volume.number());
        }
    }

    /// Whether a sync need not be taken, because it would come to nothing.
    pub(super) fn is_foreseen(&self, worker: Worker, id: ObjectId) -> bool {
        self.stale.is_none() && self.work.attention.marks(worker).foresees(id.number)
    }

    /// Something has changed since.
    pub(super) fn forget_foreseen(&mut self, worker: Worker, id: ObjectId) {
        if self.work.attention.marks(worker).foresees(id.number) {
            self.work.attention.marks_mut(worker).forget(id.number);
        }
    }

    /// The sync of a volume or a claim that comes to nothing.
    pub(super) fn pass_over(&mut self, origin: Origin) {
        let Origin { worker, key, .. } = origin;
        self.unmark(worker, key);
        if worker == Worker::Volumes {
            self.work.recycling.remove(&key.number);
        }
        self.stand(origin);
    }

    /// Forgets all that is foreseen, which changes nothing but the time that the next looks take.
    #[cfg(all(test, feature = "testing"))]
    pub(crate) fn forget_all_foreseen(&mut self) {
        let (volumes, claims) = (self.store.volumes.in_order(), self.store.claims.in_order());
        let volumes = volumes.into_iter().map(|(id, _)| (Worker::Volumes, id.number()));
        let claims = claims.into_iter().map(|(id, _)| (Worker::Claims, id.number()));
        for (worker, number) in volumes.chain(claims).collect::<Vec<_>>() {
            self.work.attention.marks_mut(worker).forget(number);
        }
    }
}
