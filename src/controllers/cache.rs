//! The volume controller's own cache of volumes and claims (`CACHE-1` to `CACHE-4`).
//!
//! It holds the newest copy that the controller has seen: its own writes at once, those of others when it comes to
//! sync the object. Matching looks here and nowhere else, so the index of volumes is part of it.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::matching::{Demand, VolumeIndex, equals};
use crate::model::arena::Arena;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::id::{Id, Sequence};
use crate::model::metadata::ObjectMeta;
use crate::model::shared::Shared;
use crate::model::volume::PersistentVolume;

#[derive(Clone, Debug)]
struct CachedVolume {
    volume: Arc<PersistentVolume>,
    created: Sequence,
}

/// What the volume controller knows.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    volumes: Shared<Arena<Option<CachedVolume>>>,
    claims: Shared<Arena<Option<Arc<PersistentVolumeClaim>>>>,
    /// Finds the volume for a claim quickly. In small worlds that are copied for every step, making the copies would cost
    /// more than looking at all volumes.
    index: Option<VolumeIndex>,
}

impl Default for Cache {
    fn default() -> Self {
        Self { index: Some(VolumeIndex::default()), ..Self::without_index() }
    }
}

/// How a copy that the watch brings compares to what the cache held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Observed {
    /// It was newer, and is cached now; or the object is gone.
    New,
    /// It was the same.
    Known,
    /// It was older, and is ignored (`CACHE-1`).
    Outdated,
}

impl Observed {
    /// Compares the versions as integers (`CACHE-1`); that an object is gone is always news.
    fn of(held: Option<&ObjectMeta>, brought: Option<&ObjectMeta>) -> Self {
        match (held, brought) {
            (None, None) => Self::Known,
            (None, Some(_)) | (Some(_), None) => Self::New,
            (Some(held), Some(brought)) => match brought.resource_version.cmp(&held.resource_version) {
                Ordering::Greater => Self::New,
                Ordering::Equal => Self::Known,
                Ordering::Less => Self::Outdated,
            },
        }
    }
}

/// What a copy has changed in the cache.
pub(crate) struct CacheChange<T> {
    pub(crate) observed: Observed,
    /// The copy that was replaced.
    pub(crate) before: Option<Arc<T>>,
    /// Whether there are volumes with these access modes now and were none before, or the other way round.
    pub(crate) modes_changed: bool,
}

impl Cache {
    /// A cache in which every look-up looks at all volumes.
    pub(crate) fn without_index() -> Self {
        Self { volumes: Shared::default(), claims: Shared::default(), index: None }
    }

    /// How many numbers of volumes and of claims there may be.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        (self.volumes.len(), self.claims.len())
    }

    pub(crate) fn volume(&self, id: Id<PersistentVolume>) -> Option<&Arc<PersistentVolume>> {
        self.volumes.get(id.index())?.as_ref().map(|cached| &cached.volume)
    }

    pub(crate) fn claim(&self, id: Id<PersistentVolumeClaim>) -> Option<&Arc<PersistentVolumeClaim>> {
        self.claims.get(id.index())?.as_ref()
    }

    /// Takes in a volume unless a newer copy is here, or forgets it.
    pub(crate) fn set_volume(
        &mut self,
        id: Id<PersistentVolume>,
        volume: Option<&Arc<PersistentVolume>>,
        created: Sequence,
    ) -> CacheChange<PersistentVolume> {
        while self.volumes.len() <= id.index() {
            self.volumes.push(None);
        }
        let held = self.volume(id).map(|held| &held.metadata);
        let observed = Observed::of(held, volume.map(|volume| &volume.metadata));
        let mut change = CacheChange { observed, before: None, modes_changed: false };
        if observed == Observed::New
            && let Some(slot) = self.volumes.get_mut(id.index())
        {
            let new = volume.map(|volume| CachedVolume { volume: Arc::clone(volume), created });
            let old = std::mem::replace(slot, new);
            let stays = |old: &CachedVolume| {
                old.created == created && volume.is_some_and(|volume| VolumeIndex::stand_alike(&old.volume, volume))
            };
            if let Some(index) = self.index.as_mut().filter(|_| !old.as_ref().is_some_and(stays)) {
                let gone = old.as_ref().is_some_and(|old| index.remove(id, old.created, &old.volume));
                let new = volume.is_some_and(|volume| index.insert(id, created, volume));
                change.modes_changed = gone || new;
            }
            change.before = old.map(|old| old.volume);
        }
        change
    }

    /// Puts a volume in, or takes it out, whatever was there. Nothing is found by an index then.
    pub(crate) fn put_volume(
        &mut self,
        id: Id<PersistentVolume>,
        volume: Option<&Arc<PersistentVolume>>,
        created: Sequence,
    ) {
        self.index = None;
        while self.volumes.len() <= id.index() {
            self.volumes.push(None);
        }
        if let Some(slot) = self.volumes.get_mut(id.index()) {
            *slot = volume.map(|volume| CachedVolume { volume: Arc::clone(volume), created });
        }
    }

    /// Puts a claim in, or takes it out, whatever was there.
    pub(crate) fn put_claim(&mut self, id: Id<PersistentVolumeClaim>, claim: Option<&Arc<PersistentVolumeClaim>>) {
        while self.claims.len() <= id.index() {
            self.claims.push(None);
        }
        if let Some(slot) = self.claims.get_mut(id.index()) {
            *slot = claim.cloned();
        }
    }

    /// Takes in a claim unless a newer copy is here, or forgets it.
    pub(crate) fn set_claim(
        &mut self,
        id: Id<PersistentVolumeClaim>,
        claim: Option<&Arc<PersistentVolumeClaim>>,
    ) -> CacheChange<PersistentVolumeClaim> {
        while self.claims.len() <= id.index() {
            self.claims.push(None);
        }
        let held = self.claim(id).map(|held| &held.metadata);
        let observed = Observed::of(held, claim.map(|claim| &claim.metadata));
        let mut change = CacheChange { observed, before: None, modes_changed: false };
        if observed == Observed::New
            && let Some(slot) = self.claims.get_mut(id.index())
        {
            change.before = std::mem::replace(slot, claim.cloned());
        }
        change
    }

    /// The volumes that may name a claim: all that do, and perhaps others. The first, and the rest.
    pub(crate) fn reserved_for(
        &self,
        namespace: &str,
        name: &str,
    ) -> Option<(Id<PersistentVolume>, Vec<Id<PersistentVolume>>)> {
        self.index.as_ref()?.reserved_for(namespace, name)
    }

    /// The volume that a claim gets, if there is one; of several that suit it equally the one with the number `tie`.
    pub(crate) fn find(&self, demand: &Demand<'_>, tie: usize) -> Option<&Arc<PersistentVolume>> {
        let volume = |id| self.volume(id).map(|volume| &**volume);
        match &self.index {
            Some(index) if tie == 0 => self.volume(index.find(demand, volume)?.volume),
            Some(_) | None => self.volume(*self.equals(demand).get(tie)?),
        }
    }

    /// All volumes that a claim may get, because Kubernetes takes any of them: the one of the documented order first.
    /// Cost: linear in the number of volumes.
    pub(crate) fn equals(&self, demand: &Demand<'_>) -> Vec<Id<PersistentVolume>> {
        let volumes = self.volumes.iter().zip(0..);
        equals(
            demand,
            volumes.filter_map(|(cached, number)| {
                let cached = cached.as_ref()?;
                Some((Id::from_number(number), cached.created, &*cached.volume))
            }),
        )
    }

    /// Whether any volume has the access modes that a claim asks for (`MATCH-12`).
    pub(crate) fn has_candidate_set(&self, claim: &PersistentVolumeClaim) -> bool {
        let modes = &claim.spec.access_modes;
        if let Some(index) = &self.index {
            return index.has_candidate_set(modes.set(), modes.has_strange());
        }
        let fits = |cached: &CachedVolume| cached.volume.spec.access_modes.set().contains_all(modes.set());
        !modes.has_strange() && self.volumes.iter().flatten().any(fits)
    }
}
