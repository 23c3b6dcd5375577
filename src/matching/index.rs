//! Finds the volume for a claim without looking at the others.
//!
//! Free volumes stand in groups that agree in class, volume mode, attributes class and access modes, ordered by
//! [`Rank`]; volumes that name a claim stand under that claim. A look-up visits the sets of access modes in their
//! order (`MATCH-3`, `MATCH-4`), and in each the reserved volumes before the free ones (`MATCH-7`). A selector walks
//! the volumes that have the labels that it asks for.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;

use indexmap::{Equivalent, IndexMap};
use rustc_hash::FxBuildHasher;

use crate::matching::demand::Demand;
use crate::matching::labels::LateLabels;
use crate::matching::ranks::Ranks;
use crate::matching::rules::{FREE, RESERVED, mismatches};
use crate::model::access_modes::ModeSet;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::id::{Id, Sequence};
use crate::model::list::StringMap;
use crate::model::quantity::Size;
use crate::model::reference::hash_of;
use crate::model::shards::Hashed;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumeMode};

type VolumeId = Id<PersistentVolume>;

/// What a claim and its volume must agree in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sort {
    pub(super) class: Text,
    attributes_class: Text,
    volume_mode: VolumeMode,
}

/// The same, borrowed for a look-up.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct SortOf<'a> {
    class: &'a str,
    attributes_class: &'a str,
    volume_mode: &'a VolumeMode,
}

impl<'a> SortOf<'a> {
    pub(super) fn volume(volume: &'a PersistentVolume) -> Self {
        let volume_mode = &volume.spec.volume_mode;
        Self { class: volume.class_name(), attributes_class: volume.attributes_class(), volume_mode }
    }

    pub(super) fn claim(claim: &'a PersistentVolumeClaim) -> Self {
        let volume_mode = &claim.spec.volume_mode;
        Self { class: claim.class_name(), attributes_class: claim.attributes_class(), volume_mode }
    }

    pub(super) fn to_sort(&self) -> Sort {
        let Self { class, attributes_class, volume_mode } = self;
        Sort {
            class: Text::from(*class),
            attributes_class: Text::from(*attributes_class),
            volume_mode: (*volume_mode).clone(),
        }
    }
}

impl Equivalent<Sort> for SortOf<'_> {
    fn equivalent(&self, sort: &Sort) -> bool {
        *self.class == *sort.class
            && *self.attributes_class == *sort.attributes_class
            && *self.volume_mode == sort.volume_mode
    }
}

/// The order of candidates in a group: the smallest first (`MATCH-6`), of equal ones the one created first (`DET-2`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) capacity: Size,
    /// Unique, so that no two candidates tie.
    pub(super) created: Sequence,
    pub(super) volume: VolumeId,
}

impl Rank {
    pub(super) fn of(id: VolumeId, created: Sequence, volume: &PersistentVolume) -> Self {
        Self { capacity: volume.capacity().size(), created, volume: id }
    }

    /// Not smaller for what comes later; of most ranks it decides alone.
    pub(super) fn key(&self) -> i32 {
        self.capacity.key()
    }

    /// Below every volume that is large enough.
    pub(super) fn smallest(demand: Size) -> Self {
        Self { capacity: demand, created: Sequence::default(), volume: Id::from_number(0) }
    }
}

impl Default for Rank {
    fn default() -> Self {
        Self::smallest(Size::default())
    }
}

/// The free volumes of one sort and one set of access modes.
#[derive(Clone, Debug, Default)]
struct Group {
    ranks: Ranks,
    labels: LateLabels,
}

impl Group {
    fn insert(&mut self, rank: &Rank, labels: &StringMap) {
        self.ranks.insert(rank.clone());
        self.labels.note(rank, labels, true);
    }

    fn remove(&mut self, rank: &Rank, labels: &StringMap) {
        self.ranks.remove(rank);
        self.labels.note(rank, labels, false);
    }
}

/// Volumes that name the same claim, in the order of their creation. Nearly always there is one.
#[derive(Clone, Debug)]
enum Reserved {
    One(Sequence, VolumeId),
    #[expect(clippy::box_collection, reason = "so that one takes two words")]
    Several(Box<BTreeSet<(Sequence, VolumeId)>>),
}

impl Reserved {
    fn insert(&mut self, volume: (Sequence, VolumeId)) {
        match self {
            Self::One(created, first) => *self = Self::Several(BTreeSet::from([(*created, *first), volume]).into()),
            Self::Several(volumes) => drop(volumes.insert(volume)),
        }
    }

    /// Takes a volume out. Returns whether none is left.
    fn remove(&mut self, volume: (Sequence, VolumeId)) -> bool {
        match self {
            Self::One(created, only) => (*created, *only) == volume,
            Self::Several(volumes) => {
                volumes.remove(&volume);
                volumes.is_empty()
            }
        }
    }

    /// The first one, and the rest.
    fn split(&self) -> Option<(VolumeId, Vec<VolumeId>)> {
        match self {
            Self::One(_, volume) => Some((*volume, Vec::new())),
            Self::Several(volumes) => {
                let mut volumes = volumes.iter().map(|(_, volume)| *volume);
                Some((volumes.next()?, volumes.collect()))
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = VolumeId> {
        let (one, several) = match self {
            Self::One(_, volume) => (Some(*volume), None),
            Self::Several(volumes) => (None, Some(volumes.iter().map(|(_, volume)| *volume))),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }
}

/// A volume that a claim gets.
pub(crate) struct Chosen {
    pub(crate) volume: VolumeId,
    /// Where it stands, if it is free.
    pub(crate) place: Option<Place>,
}

/// Where a free volume stands. Good until the index changes.
pub(crate) struct Place {
    sort: usize,
    modes: ModeSet,
    rank: Rank,
}

/// The groups of a sort, at the places of their sets of access modes.
type Groups = [Option<Arc<Group>>; 16];

/// The volumes that the controller knows of, in the order in which claims get them.
#[derive(Clone, Debug, Default)]
pub(crate) struct VolumeIndex {
    /// How many volumes there are of each set of access modes, free or not (`MATCH-12`).
    counts: [usize; 16],
    free: IndexMap<Sort, Groups, FxBuildHasher>,
    /// By the hash of the name of the claim, and by nothing else: two claims that share one see each other's volumes here,
    /// and the rules tell them apart.
    reserved: Hashed<Reserved>,
}

impl VolumeIndex {
    /// Adds a volume. Cost: logarithmic in the size of its group. Returns whether it is the first of its access modes.
    pub(crate) fn insert(&mut self, id: VolumeId, created: Sequence, volume: &PersistentVolume) -> bool {
        let modes = volume.spec.access_modes.set().index();
        self.counts[modes] += 1;
        if let Some(reference) = &volume.spec.claim_ref {
            self.insert_reserved(hash_of(&reference.namespace, &reference.name), (created, id));
        } else if volume.is_free() {
            let sort = SortOf::volume(volume);
            let groups = match self.free.get_index_of(&sort) {
                Some(at) => &mut self.free[at],
                None => self.free.entry(sort.to_sort()).or_default(),
            };
            let group = groups[modes].get_or_insert_default();
            Arc::make_mut(group).insert(&Rank::of(id, created, volume), &volume.metadata.labels);
        }
        self.counts[modes] == 1
    }

    fn insert_reserved(&mut self, hash: u64, volume: (Sequence, VolumeId)) {
        match self.reserved.find_mut(hash, |_| true) {
            Some(reserved) => reserved.insert(volume),
            None => self.reserved.insert_new(hash, Reserved::One(volume.0, volume.1)),
        }
    }

    /// Moves a free volume to where it stands when it names a claim. The same as to take it out and to add it with the
    /// reference, but its class and its size need not be looked up again.
    pub(crate) fn reserve(&mut self, place: &Place, volume: &PersistentVolume, claim: &PersistentVolumeClaim) {
        let Place { sort, modes, rank } = place;
        remove_free(&mut self.free[*sort][modes.index()], rank, &volume.metadata.labels);
        let hash = hash_of(&claim.metadata.namespace, &claim.metadata.name);
        self.insert_reserved(hash, (rank.created, rank.volume));
    }

    /// Whether two versions of a volume stand at the same place, so that neither need be added nor taken out.
    pub(crate) fn stand_alike(one: &PersistentVolume, other: &PersistentVolume) -> bool {
        let (old, new) = (&one.metadata, &other.metadata);
        let same_notes = old.annotations == new.annotations || one.class_name() == other.class_name();
        one.spec.same(&other.spec) && one.is_free() == other.is_free() && old.labels == new.labels && same_notes
    }

    /// Takes out a volume, given as it was when it was added. Cost: logarithmic in the size of its group. Returns
    /// whether it was the last of its access modes.
    pub(crate) fn remove(&mut self, id: VolumeId, created: Sequence, volume: &PersistentVolume) -> bool {
        let modes = volume.spec.access_modes.set().index();
        self.counts[modes] -= 1;
        if let Some(reference) = &volume.spec.claim_ref {
            let hash = hash_of(&reference.namespace, &reference.name);
            if self.reserved.find_mut(hash, |_| true).is_some_and(|reserved| reserved.remove((created, id))) {
                self.reserved.take(hash, |_| true);
            }
        } else if volume.is_free()
            && let Some(groups) = self.free.get_mut(&SortOf::volume(volume))
        {
            remove_free(&mut groups[modes], &Rank::of(id, created, volume), &volume.metadata.labels);
        }
        self.counts[modes] == 0
    }

    /// The volumes that may name a claim: all that do, and perhaps others. The first, and the rest.
    pub(crate) fn reserved_for(&self, namespace: &str, name: &str) -> Option<(VolumeId, Vec<VolumeId>)> {
        self.reserved.find(hash_of(namespace, name), |_| true).and_then(Reserved::split)
    }

    /// Whether any volume has all access modes that the claim asks for, whatever else is wrong with it.
    pub(crate) fn has_candidate_set(&self, demand_modes: ModeSet, strange: bool) -> bool {
        !strange && ModeSet::all().any(|modes| modes.contains_all(demand_modes) && self.counts[modes.index()] > 0)
    }

    /// The volume that the claim gets, if there is one (`MATCH-1` to `MATCH-11`). `volume` gives the volume of a
    /// number as it was added.
    ///
    /// Cost: logarithmic in the number of volumes; with a selector, also a 64th of the volumes of the right class and modes
    /// that its most selective requirement allows and others do not. The first selector that looks at a group has its
    /// volumes sorted by their labels.
    pub(crate) fn find<'v>(
        &self,
        demand: &Demand<'_>,
        volume: impl Fn(VolumeId) -> Option<&'v PersistentVolume>,
    ) -> Option<Chosen> {
        let claim = demand.claim;
        if claim.spec.access_modes.has_strange() {
            return None;
        }
        let requested = claim.spec.access_modes.set();
        let metadata = &claim.metadata;
        let reserved = self.reserved.find(hash_of(&metadata.namespace, &metadata.name), |_| true);
        let free = self.free.get_full(&SortOf::claim(claim)).filter(|_| !demand.delayed);
        let sets = ModeSet::all().filter(|modes| modes.contains_all(requested) && self.counts[modes.index()] > 0);
        sets.into_iter().find_map(|modes| {
            let designated = reserved.into_iter().flat_map(Reserved::iter).find(|id| {
                volume(*id).is_some_and(|volume| {
                    volume.spec.access_modes.set() == modes && mismatches(volume, demand, RESERVED).next().is_none()
                })
            });
            if let Some(volume) = designated {
                return Some(Chosen { volume, place: None });
            }
            let (sort, _, groups) = free?;
            let rank = find_free(groups[modes.index()].as_deref()?, demand, &volume)?;
            Some(Chosen { volume: rank.volume, place: Some(Place { sort, modes, rank }) })
        })
    }
}

/// Takes a volume out of its group, and forgets a group that is empty.
fn remove_free(group: &mut Option<Arc<Group>>, rank: &Rank, labels: &StringMap) {
    if let Some(left) = group.as_mut().map(Arc::make_mut) {
        left.remove(rank, labels);
        if left.ranks.is_empty() {
            *group = None;
        }
    }
}

/// The smallest volume of a group that suits a claim.
fn find_free<'v>(
    group: &Group,
    demand: &Demand<'_>,
    volume: impl Fn(VolumeId) -> Option<&'v PersistentVolume>,
) -> Option<Rank> {
    let smallest = Rank::smallest(demand.request.size());
    let found = match &demand.predicate {
        None => group.ranks.range(&smallest).next().cloned(),
        Some(predicate) => {
            let labels_of = |rank: &Rank| volume(rank.volume).map(|volume| &volume.metadata.labels);
            group.labels.first(predicate, &group.ranks, &smallest, labels_of)
        }
    }?;
    // Every rule is in the place of the volume: its group, its rank, its lists. So it need not be looked at.
    debug_assert!(
        volume(found.volume).is_some_and(|volume| mismatches(volume, demand, FREE).next().is_none()),
        "the index follows the rules"
    );
    Some(found)
}
