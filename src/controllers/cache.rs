//! The volume controller's own cache of volumes and claims (`CACHE-1` to `CACHE-4`).
//!
//! It holds the newest copy that the controller has seen: its own writes at once, those of others when it comes to
//! sync the object. Matching looks here and nowhere else, so the index of volumes is part of it.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::matching::{Demand, VolumeIndex};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::id::{Id, Sequence};
use crate::model::metadata::ObjectMeta;
use crate::model::volume::PersistentVolume;
use crate::store::Arena;

#[derive(Clone, Debug)]
struct CachedVolume {
    volume: Arc<PersistentVolume>,
    created: Sequence,
}

/// What the volume controller knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cache {
    volumes: Arena<Option<CachedVolume>>,
    claims: Arena<Option<Arc<PersistentVolumeClaim>>>,
    index: VolumeIndex,
}

/// How a copy that the watch brings compares to what the cache held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Observed {
    /// It was newer, and is cached now.
    New,
    /// It was the same.
    Known,
    /// It was older, and is ignored (`CACHE-1`).
    Outdated,
}

impl Observed {
    /// Compares the versions as integers (`CACHE-1`).
    fn of(held: Option<&ObjectMeta>, brought: &ObjectMeta) -> Self {
        match held.map(|held| brought.resource_version.cmp(&held.resource_version)) {
            None | Some(Ordering::Greater) => Self::New,
            Some(Ordering::Equal) => Self::Known,
            Some(Ordering::Less) => Self::Outdated,
        }
    }
}

impl Cache {
    pub(crate) fn volume(&self, id: Id<PersistentVolume>) -> Option<&Arc<PersistentVolume>> {
        self.volumes.get(id.index())?.as_ref().map(|cached| &cached.volume)
    }

    pub(crate) fn claim(&self, id: Id<PersistentVolumeClaim>) -> Option<&Arc<PersistentVolumeClaim>> {
        self.claims.get(id.index())?.as_ref()
    }

    /// Takes in a volume unless a newer copy is here.
    pub(crate) fn observe_volume(
        &mut self,
        id: Id<PersistentVolume>,
        volume: &Arc<PersistentVolume>,
        created: Sequence,
    ) -> Observed {
        let observed = Observed::of(self.volume(id).map(|held| &held.metadata), &volume.metadata);
        if observed != Observed::Outdated {
            self.set_volume(id, Some(CachedVolume { volume: Arc::clone(volume), created }));
        }
        observed
    }

    /// Takes in a claim unless a newer copy is here.
    pub(crate) fn observe_claim(
        &mut self,
        id: Id<PersistentVolumeClaim>,
        claim: &Arc<PersistentVolumeClaim>,
    ) -> Observed {
        let observed = Observed::of(self.claim(id).map(|held| &held.metadata), &claim.metadata);
        if observed != Observed::Outdated {
            self.set_claim(id, Some(Arc::clone(claim)));
        }
        observed
    }

    /// Forgets a volume. Returns the last copy.
    pub(crate) fn forget_volume(&mut self, id: Id<PersistentVolume>) -> Option<Arc<PersistentVolume>> {
        self.set_volume(id, None)
    }

    /// Forgets a claim. Returns the last copy.
    pub(crate) fn forget_claim(&mut self, id: Id<PersistentVolumeClaim>) -> Option<Arc<PersistentVolumeClaim>> {
        self.set_claim(id, None)
    }

    fn set_volume(&mut self, id: Id<PersistentVolume>, new: Option<CachedVolume>) -> Option<Arc<PersistentVolume>> {
        while self.volumes.len() <= id.index() {
            self.volumes.push(None);
        }
        let slot = self.volumes.get_mut(id.index())?;
        let old = slot.take();
        if let Some(old) = &old {
            self.index.remove(id, old.created, &old.volume);
        }
        if let Some(new) = new {
            self.index.insert(id, new.created, &new.volume);
            *slot = Some(new);
        }
        old.map(|old| old.volume)
    }

    fn set_claim(
        &mut self,
        id: Id<PersistentVolumeClaim>,
        new: Option<Arc<PersistentVolumeClaim>>,
    ) -> Option<Arc<PersistentVolumeClaim>> {
        while self.claims.len() <= id.index() {
            self.claims.push(None);
        }
        std::mem::replace(self.claims.get_mut(id.index())?, new)
    }

    /// The volume that a claim gets, if there is one.
    pub(crate) fn find(&self, demand: &Demand<'_>) -> Option<&Arc<PersistentVolume>> {
        let volume = |id| self.volume(id).map(|volume| &**volume);
        self.volume(self.index.find(demand, volume)?)
    }

    /// Whether any volume has the access modes that a claim asks for (`MATCH-12`).
    pub(crate) fn has_candidate_set(&self, claim: &PersistentVolumeClaim) -> bool {
        let modes = &claim.spec.access_modes;
        self.index.has_candidate_set(modes.set(), modes.has_strange())
    }
}
