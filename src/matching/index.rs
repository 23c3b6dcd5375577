//! Finds the volume for a claim without looking at the others.
//!
//! Free volumes stand in groups that agree in class, volume mode, attributes class and access modes, ordered by
//! [`Rank`]; volumes that name a claim stand under that claim. A look-up visits the sets of access modes in their
//! order (`MATCH-3`, `MATCH-4`), and in each the reserved volumes before the free ones (`MATCH-7`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::matching::demand::Demand;
use crate::matching::rules::{FREE, RESERVED, mismatches};
use crate::model::access_modes::ModeSet;
use crate::model::id::{Id, Sequence};
use crate::model::quantity::Quantity;
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumeMode, VolumePhase};

type VolumeId = Id<PersistentVolume>;

/// What free volumes of a group agree in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Group {
    class: Text,
    attributes_class: Text,
    volume_mode: VolumeMode,
    modes: ModeSet,
}

impl Group {
    fn of(volume: &PersistentVolume) -> Self {
        Self {
            class: Text::from(volume.class_name()),
            attributes_class: Text::from(volume.attributes_class()),
            volume_mode: volume.spec.volume_mode.clone(),
            modes: volume.spec.access_modes.set(),
        }
    }
}

/// The order of candidates in a group: the smallest first (`MATCH-6`), of equal ones the one created first (`DET-2`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) capacity: Quantity,
    /// Unique, so that no two candidates tie.
    pub(super) created: Sequence,
    pub(super) volume: VolumeId,
}

/// The volumes that the controller knows of, in the order in which claims get them.
#[derive(Clone, Debug, Default)]
pub(crate) struct VolumeIndex {
    /// How many volumes there are of each set of access modes, free or not (`MATCH-12`).
    counts: [usize; 16],
    free: FxHashMap<Group, Arc<BTreeSet<Rank>>>,
    reserved: FxHashMap<ClaimKey, BTreeMap<Sequence, VolumeId>>,
}

/// Whether a volume may be given to any claim.
pub(super) fn is_free(volume: &PersistentVolume) -> bool {
    volume.spec.claim_ref.is_none() && volume.status.phase == VolumePhase::Available && !volume.metadata.is_deleting()
}

impl VolumeIndex {
    /// Adds a volume. Cost: logarithmic in the size of its group.
    pub(crate) fn insert(&mut self, id: VolumeId, created: Sequence, volume: &PersistentVolume) {
        self.counts[volume.spec.access_modes.set().index()] += 1;
        if let Some(reference) = &volume.spec.claim_ref {
            let key = ClaimKey::new(&reference.namespace, &reference.name);
            self.reserved.entry(key).or_default().insert(created, id);
        } else if is_free(volume) {
            let rank = Rank { capacity: volume.capacity(), created, volume: id };
            Arc::make_mut(self.free.entry(Group::of(volume)).or_default()).insert(rank);
        }
    }

    /// Takes out a volume, given as it was when it was added. Cost: logarithmic in the size of its group.
    pub(crate) fn remove(&mut self, id: VolumeId, created: Sequence, volume: &PersistentVolume) {
        self.counts[volume.spec.access_modes.set().index()] -= 1;
        if let Some(reference) = &volume.spec.claim_ref {
            let key = ClaimKey::new(&reference.namespace, &reference.name);
            if let Some(volumes) = self.reserved.get_mut(&key) {
                volumes.remove(&created);
                if volumes.is_empty() {
                    self.reserved.remove(&key);
                }
            }
        } else if is_free(volume) {
            let group = Group::of(volume);
            if let Some(ranks) = self.free.get_mut(&group) {
                Arc::make_mut(ranks).remove(&Rank { capacity: volume.capacity(), created, volume: id });
                if ranks.is_empty() {
                    self.free.remove(&group);
                }
            }
        }
    }

    /// Whether any volume has all access modes that the claim asks for, whatever else is wrong with it.
    pub(crate) fn has_candidate_set(&self, demand_modes: ModeSet, strange: bool) -> bool {
        !strange && ModeSet::all().any(|modes| modes.contains_all(demand_modes) && self.counts[modes.index()] > 0)
    }

    /// The volume that the claim gets, if there is one (`MATCH-1` to `MATCH-11`). `volume` gives the volume of a
    /// number as it was added.
    ///
    /// Cost: logarithmic in the number of volumes; with a selector, linear in the free volumes of the right class
    /// and size that it does not choose.
    pub(crate) fn find<'v>(
        &self,
        demand: &Demand<'_>,
        volume: impl Fn(VolumeId) -> Option<&'v PersistentVolume>,
    ) -> Option<VolumeId> {
        let claim = demand.claim;
        if claim.spec.access_modes.has_strange() {
            return None;
        }
        let requested = claim.spec.access_modes.set();
        let reserved = self.reserved.get(&claim.key());
        let sets = ModeSet::all().filter(|modes| modes.contains_all(requested) && self.counts[modes.index()] > 0);
        sets.into_iter().find_map(|modes| {
            let designated = reserved.into_iter().flat_map(BTreeMap::values).copied().find(|id| {
                volume(*id).is_some_and(|volume| {
                    volume.spec.access_modes.set() == modes && mismatches(volume, demand, RESERVED).next().is_none()
                })
            });
            designated.or_else(|| if demand.delayed { None } else { self.find_free(demand, modes, &volume) })
        })
    }

    fn find_free<'v>(
        &self,
        demand: &Demand<'_>,
        modes: ModeSet,
        volume: impl Fn(VolumeId) -> Option<&'v PersistentVolume>,
    ) -> Option<VolumeId> {
        let claim = demand.claim;
        let group = Group {
            class: Text::from(claim.class_name()),
            attributes_class: Text::from(claim.attributes_class()),
            volume_mode: claim.spec.volume_mode.clone(),
            modes,
        };
        let smallest =
            Rank { capacity: demand.request.clone(), created: Sequence::default(), volume: Id::from_number(0) };
        let suits =
            |rank: &&Rank| volume(rank.volume).is_some_and(|volume| mismatches(volume, demand, FREE).next().is_none());
        self.free.get(&group)?.range(smallest..).find(suits).map(|rank| rank.volume)
    }
}
