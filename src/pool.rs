//! Volumes without a cluster: which one a claim gets, kept for it and given back.
//!
//! The rules, the order and the index are those of the volume controller. There is nothing else: no writes, no phases that
//! move, no events, and so no cost but that of the choice.

use std::fmt;

use crate::controllers::{is_reserved_for, reserve, unreserve};
use crate::matching::{Chosen, Demand, VolumeIndex};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::id::{Id, Sequence};
use crate::model::selector::SelectorError;
use crate::model::shards::Shards;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumePhase};

type VolumeId = Id<PersistentVolume>;

#[derive(Clone, Debug)]
struct Pooled {
    volume: PersistentVolume,
    created: Sequence,
}

/// Volumes of which claims get one after the other, as Kubernetes' own matcher would choose them.
///
/// For tools that ask "which volume?" a million times and have a cluster of their own: a planner, a binder, a scheduler
/// plugin. Whoever wants to know what becomes of a claim asks a [`Cluster`](crate::Cluster).
///
/// ```
/// use bindery::{AccessMode, PersistentVolume, PersistentVolumeClaim, VolumePool};
///
/// let modes = [AccessMode::ReadWriteOnce];
/// let mut pool = VolumePool::new();
/// for (name, size) in [("large", "100Gi"), ("small", "5Gi")] {
///     pool.insert(PersistentVolume::new(name, size.parse()?, modes.clone()));
/// }
/// let data = PersistentVolumeClaim::new("shop", "data", "1Gi".parse()?, modes.clone());
/// let logs = PersistentVolumeClaim::new("shop", "logs", "1Gi".parse()?, modes);
/// assert_eq!(pool.reserve(&data)?.unwrap().metadata.name, "small");
/// assert_eq!(pool.reserve(&logs)?.unwrap().metadata.name, "large");
///
/// // What is reserved stays so until it is given back.
/// assert_eq!(pool.find(&data)?.unwrap().metadata.name, "small");
/// pool.unreserve("small");
/// pool.remove("large");
/// assert_eq!(pool.find(&logs)?.unwrap().metadata.name, "small");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A pool knows no classes: every claim is matched as one of which the class binds at once. And it only matches
/// (`MATCH-1` to `MATCH-12`): whether a claim has a volume already, or asks for one in `spec.volumeName`, it does not look
/// at.
///
/// Cost of a copy: linear in the number of volumes, of which the larger parts are shared.
#[derive(Clone, Default)]
pub struct VolumePool {
    /// In one piece, in which a reservation costs one miss in memory.
    volumes: Vec<Option<Pooled>>,
    names: Shards<Text, VolumeId>,
    /// Numbers that are used again.
    unused: Vec<VolumeId>,
    index: VolumeIndex,
    len: usize,
    last: Sequence,
}

impl VolumePool {
    /// A pool without volumes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a volume as the volume controller leaves it after its first look: `Available` where it names no claim, or names
    /// one without a uid (`VOL-2`, `VOL-3`). Of equal volumes, the one that was added first is chosen first (`DET-2`).
    ///
    /// Takes out the volume that had the name, and returns it. Cost: logarithmic in the number of volumes.
    pub fn insert(&mut self, mut volume: PersistentVolume) -> Option<PersistentVolume> {
        let before = self.remove(&volume.metadata.name);
        look_at(&mut volume);
        let id = self.unused.pop().unwrap_or_else(|| {
            self.volumes.push(None);
            Id::from_number(u32::try_from(self.volumes.len() - 1).unwrap_or(u32::MAX))
        });
        self.last.0 += 1;
        self.names.insert(volume.metadata.name.clone(), id);
        self.index.insert(id, self.last, &volume);
        if let Some(slot) = self.volumes.get_mut(id.index()) {
            *slot = Some(Pooled { volume, created: self.last });
        }
        self.len += 1;
        before
    }

    /// Takes a volume out, reserved or not. Cost: logarithmic in the number of volumes.
    pub fn remove(&mut self, name: &str) -> Option<PersistentVolume> {
        let id = self.names.remove(name)?;
        let Pooled { volume, created } = self.volumes.get_mut(id.index())?.take()?;
        self.index.remove(id, created, &volume);
        self.unused.push(id);
        self.len -= 1;
        Some(volume)
    }

    /// The volume that a claim gets: the one that is reserved for it, or else the smallest free one that suits it. `None`
    /// where none does.
    ///
    /// Cost: logarithmic in the number of volumes; with a selector, also a 64th of the volumes of the right class and modes
    /// that its most selective requirement allows and others do not. The first selector that comes to the volumes of a class
    /// has them sorted by their labels.
    ///
    /// # Errors
    /// [`SelectorError`] where the claim's selector makes no predicate and there is a volume to try it on (`MATCH-12`).
    pub fn find(&self, claim: &PersistentVolumeClaim) -> Result<Option<&PersistentVolume>, SelectorError> {
        Ok(self.choose(claim)?.and_then(|chosen| self.volume(chosen.volume)))
    }

    /// Chooses like [`find`](Self::find), and lets the volume name the claim, so that no other claim gets it: its
    /// `claimRef` and its annotations are those that binding writes (`BIND-1`). What the claim has reserved already, it
    /// keeps.
    ///
    /// # Errors
    /// As of [`find`](Self::find).
    pub fn reserve(&mut self, claim: &PersistentVolumeClaim) -> Result<Option<&PersistentVolume>, SelectorError> {
        let Some(Chosen { volume: id, place }) = self.choose(claim)? else {
            return Ok(None);
        };
        let Some(Pooled { volume, created }) = self.volumes.get_mut(id.index()).and_then(Option::as_mut) else {
            return Ok(None);
        };
        match place {
            Some(place) => {
                self.index.reserve(&place, volume, claim);
                reserve(volume, claim);
            }
            // A user has written a reference without a uid.
            None if !is_reserved_for(volume, claim) => {
                self.index.remove(id, *created, volume);
                reserve(volume, claim);
                self.index.insert(id, *created, volume);
            }
            None => {}
        }
        Ok(Some(volume))
    }

    /// Gives a volume back. The reference to its claim goes, or its uid alone where a user wrote the reference (`UNBIND-1`),
    /// and the volume is `Available` again. Returns it, or `None` where no volume has the name.
    ///
    /// Cost: logarithmic in the number of volumes.
    pub fn unreserve(&mut self, name: &str) -> Option<&PersistentVolume> {
        let id = *self.names.get(name)?;
        let Pooled { volume, created } = self.volumes.get_mut(id.index())?.as_mut()?;
        self.index.remove(id, *created, volume);
        unreserve(volume);
        look_at(volume);
        self.index.insert(id, *created, volume);
        Some(volume)
    }

    /// A volume by name, as it stands in the pool. Cost: constant.
    pub fn get(&self, name: &str) -> Option<&PersistentVolume> {
        self.volume(*self.names.get(name)?)
    }

    /// All volumes in the order in which they were added. Cost: n log n.
    pub fn iter(&self) -> impl Iterator<Item = &PersistentVolume> {
        let mut found: Vec<&Pooled> = self.volumes.iter().flatten().collect();
        found.sort_unstable_by_key(|pooled| pooled.created);
        found.into_iter().map(|pooled| &pooled.volume)
    }

    /// How many volumes there are, reserved or not.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no volume.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn volume(&self, id: VolumeId) -> Option<&PersistentVolume> {
        self.volumes.get(id.index())?.as_ref().map(|pooled| &pooled.volume)
    }

    fn choose(&self, claim: &PersistentVolumeClaim) -> Result<Option<Chosen>, SelectorError> {
        let modes = &claim.spec.access_modes;
        match Demand::of(claim, false) {
            Ok(demand) => Ok(self.index.find(&demand, |id| self.volume(id))),
            Err(error) if self.index.has_candidate_set(modes.set(), modes.has_strange()) => Err(error),
            Err(_) => Ok(None),
        }
    }
}

/// What the first look of the volume controller makes of a volume (`VOL-2`, `VOL-3`).
fn look_at(volume: &mut PersistentVolume) {
    let vacant = volume.spec.claim_ref.as_ref().is_none_or(|reference| reference.uid.is_empty());
    if vacant && volume.status.phase != VolumePhase::Available {
        volume.status.phase = VolumePhase::Available;
        volume.status.message = Text::default();
    }
}

impl fmt::Debug for VolumePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|volume| &volume.metadata.name)).finish()
    }
}

impl Extend<PersistentVolume> for VolumePool {
    fn extend<I: IntoIterator<Item = PersistentVolume>>(&mut self, volumes: I) {
        for volume in volumes {
            self.insert(volume);
        }
    }
}

impl FromIterator<PersistentVolume> for VolumePool {
    fn from_iter<I: IntoIterator<Item = PersistentVolume>>(volumes: I) -> Self {
        let mut pool = Self::new();
        pool.extend(volumes);
        pool
    }
}
