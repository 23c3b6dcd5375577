//! Weighs volumes against a claim.
//!
//! The rules are those of [`crate::matching`], the same that bind. They read a few properties of a volume, and are asked
//! once for all volumes that agree in these; so a million volumes are weighed in the time that it takes to look at each
//! of them once. Only the nearest are kept one by one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::explain::candidates::{Candidates, Objection, VolumeGroup, VolumeReasons};
use crate::matching::{DESIGNATED, Demand, FREE, Mismatch, RESERVED, Rule, SCHEDULED, mismatches, misplaced};
use crate::model::access_modes::ModeSet;
use crate::model::names::STORAGE;
use crate::model::node::Node;
use crate::model::quantity::Quantity;
use crate::model::volume::{PersistentVolume, VolumePhase};

/// How many of the nearest volumes are listed one by one.
const LISTED: usize = 10;

/// Which rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judge<'n> {
    /// Those of the volume controller.
    Controller,
    /// Those of the scheduler, on any of these nodes; where there are none, wherever it may be.
    Scheduler(&'n [&'n Node]),
}

impl Judge<'_> {
    fn rules(self, designated: bool) -> &'static [Rule] {
        match (self, designated) {
            (Self::Controller, false) => FREE,
            (Self::Controller, true) => RESERVED,
            (Self::Scheduler(_), false) => SCHEDULED,
            (Self::Scheduler(_), true) => DESIGNATED,
        }
    }

    /// Whether the volume breaks no rule but that of the size.
    pub(super) fn allows_but_for_size(self, volume: &PersistentVolume, demand: &Demand<'_>) -> bool {
        let reference = volume.spec.claim_ref.as_ref();
        let designated = reference.is_some_and(|reference| demand.claim.is_designated_by(reference));
        let mut found = mismatches(volume, demand, self.rules(designated));
        found.all(|mismatch| matches!(mismatch, Mismatch::TooSmall { .. })) && !self.is_misplaced(volume)
    }

    fn is_misplaced(self, volume: &PersistentVolume) -> bool {
        let Self::Scheduler(nodes) = self else {
            return false;
        };
        !nodes.is_empty() && misplaced_everywhere(volume, nodes).is_some()
    }

    /// Every rule that the volume breaks.
    pub(super) fn objections(self, volume: &PersistentVolume, demand: &Demand<'_>) -> Vec<Mismatch> {
        let reference = volume.spec.claim_ref.as_ref();
        let designated = reference.is_some_and(|reference| demand.claim.is_designated_by(reference));
        let mut found: Vec<Mismatch> = mismatches(volume, demand, self.rules(designated)).collect();
        if let Self::Scheduler(nodes) = self
            && !nodes.is_empty()
            && let Some(misplaced) = misplaced_everywhere(volume, nodes)
        {
            found.push(misplaced);
        }
        found
    }
}

fn misplaced_everywhere(volume: &PersistentVolume, nodes: &[&Node]) -> Option<Mismatch> {
    let mut first = None;
    for node in nodes {
        let why = misplaced(volume, node)?;
        first.get_or_insert(why);
    }
    first
}

/// What the rules read of a volume. Volumes that agree in it break the same rules.
#[derive(PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is what one rule reads")]
struct Signature<'v> {
    class: &'v str,
    attributes_class: &'v str,
    volume_mode: &'v str,
    modes: ModeSet,
    phase: &'v str,
    holder: Holder,
    short: bool,
    selected: bool,
    deleting: bool,
    misplaced: bool,
}

/// Whom a volume names, as seen by the claim.
#[derive(PartialEq, Eq, Hash)]
enum Holder {
    Nobody,
    This,
    /// A claim of the same name and with another uid.
    Namesake,
    Other,
}

impl<'v> Signature<'v> {
    fn of(volume: &'v PersistentVolume, demand: &Demand<'_>, judge: Judge<'_>) -> Self {
        let metadata = &demand.claim.metadata;
        let holder = match volume.spec.claim_ref.as_ref() {
            None => Holder::Nobody,
            Some(reference) if demand.claim.is_designated_by(reference) => Holder::This,
            Some(reference) if reference.name == metadata.name && reference.namespace == metadata.namespace => {
                Holder::Namesake
            }
            Some(_) => Holder::Other,
        };
        let nodes = if let Judge::Scheduler(nodes) = judge { nodes } else { &[] };
        Self {
            class: volume.class_name(),
            attributes_class: volume.attributes_class(),
            volume_mode: volume.spec.volume_mode.as_str(),
            modes: volume.spec.access_modes.set(),
            phase: volume.status.phase.as_str(),
            holder,
            short: is_short(volume, demand),
            selected: demand.predicate.as_ref().is_none_or(|selected| selected.matches(&volume.metadata.labels)),
            deleting: volume.metadata.is_deleting(),
            misplaced: !nodes.is_empty() && misplaced_everywhere(volume, nodes).is_some(),
        }
    }
}

/// Whether a volume has less than the claim asks for.
fn is_short(volume: &PersistentVolume, demand: &Demand<'_>) -> bool {
    volume.spec.capacity.get(STORAGE).map_or_else(|| demand.request.is_positive(), |held| *held < demand.request)
}

/// Volumes that break the same rules.
struct Alike<'v> {
    found: Vec<Mismatch>,
    near: Nearness,
    count: usize,
    /// Whether they are too small, so that the largest is nearest and not the smallest.
    short: bool,
    /// The nearest of them, the nearest first; of equal ones those created first.
    nearest: Vec<&'v PersistentVolume>,
}

impl<'v> Alike<'v> {
    fn new(volume: &PersistentVolume, demand: &Demand<'_>, judge: Judge<'_>) -> Self {
        let found = judge.objections(volume, demand);
        let near = nearness(volume, &found);
        Self { found, near, count: 0, short: is_short(volume, demand), nearest: Vec::new() }
    }

    fn is_nearer(&self, one: &PersistentVolume, other: &PersistentVolume) -> bool {
        let (one, other) = (one.spec.capacity.get(STORAGE), other.spec.capacity.get(STORAGE));
        if self.short { one > other } else { one < other }
    }

    fn add(&mut self, volume: &'v PersistentVolume) {
        self.count += 1;
        if self.nearest.len() == LISTED && !self.nearest.last().is_some_and(|last| self.is_nearer(volume, last)) {
            return;
        }
        let place = self.nearest.partition_point(|held| !self.is_nearer(volume, held));
        self.nearest.insert(place, volume);
        self.nearest.truncate(LISTED);
    }
}

/// How near volumes are: the less, the nearer. Those that nothing can repair come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Nearness {
    hopeless: bool,
    cost: u32,
    count: usize,
}

/// The volumes as they were weighed, with those that an edit may start from.
pub(super) struct Weighed<'v> {
    pub(super) candidates: Candidates,
    /// The nearest volume of each set of rules that volumes break, the nearest first.
    pub(super) repairable: Vec<(&'v PersistentVolume, Vec<Mismatch>)>,
}

/// Weighs volumes against a claim. The rules are asked once for all volumes that agree in what they read.
///
/// Cost: linear in the number of volumes.
pub(super) fn weigh<'v>(
    volumes: impl Iterator<Item = &'v PersistentVolume>,
    demand: &Demand<'_>,
    judge: Judge<'_>,
) -> Weighed<'v> {
    let mut numbers: FxHashMap<Signature<'v>, usize> = FxHashMap::default();
    let mut kinds: Vec<Alike<'v>> = Vec::new();
    for volume in volumes {
        let number = *numbers.entry(Signature::of(volume, demand, judge)).or_insert_with(|| {
            kinds.push(Alike::new(volume, demand, judge));
            kinds.len() - 1
        });
        kinds[number].add(volume);
    }
    let reasons = |volume: &PersistentVolume| VolumeReasons {
        volume: volume.metadata.name.clone(),
        capacity: volume.capacity(),
        phase: volume.status.phase.clone(),
        mismatches: judge.objections(volume, demand),
    };
    let mut nearest: Vec<(Nearness, Size, &PersistentVolume)> = Vec::new();
    for kind in &kinds {
        nearest.extend(kind.nearest.iter().map(|volume| (kind.near, kind.size(volume), *volume)));
    }
    // Stable, so that of equal volumes the one of the kind that was met first comes first.
    nearest.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    nearest.truncate(LISTED);
    let mut repairable: Vec<&Alike<'_>> =
        kinds.iter().filter(|kind| !kind.near.hopeless && !kind.found.is_empty()).collect();
    repairable.sort_by_key(|kind| kind.near);
    let starts = repairable.into_iter().filter_map(|kind| {
        let volume = *kind.nearest.first()?;
        Some((volume, judge.objections(volume, demand)))
    });
    let candidates = Candidates {
        count: kinds.iter().map(|kind| kind.count).sum(),
        fitting: kinds.iter().filter(|kind| kind.found.is_empty()).map(|kind| kind.count).sum(),
        groups: groups(&kinds, demand),
        nearest: nearest.into_iter().map(|(.., volume)| reasons(volume)).collect(),
    };
    Weighed { candidates, repairable: starts.collect() }
}

/// Of volumes that are large enough the smallest is nearest, of the others the largest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Size {
    Enough(Quantity),
    Short(Reverse<Quantity>),
}

impl Alike<'_> {
    fn size(&self, volume: &PersistentVolume) -> Size {
        if self.short { Size::Short(Reverse(volume.capacity())) } else { Size::Enough(volume.capacity()) }
    }
}

/// Puts together the volumes that break the same rule first.
fn groups<'v>(kinds: &[Alike<'v>], demand: &Demand<'_>) -> Vec<VolumeGroup> {
    let mut groups: BTreeMap<Place<'v>, Vec<&Alike<'v>>> = BTreeMap::new();
    for kind in kinds {
        if let (Some(first), Some(volume)) = (kind.found.first(), kind.nearest.first()) {
            groups.entry(place_of(volume, first, demand)).or_default().push(kind);
        }
    }
    groups.into_values().filter_map(|kinds| group(&kinds, demand)).collect()
}

fn group(kinds: &[&Alike<'_>], demand: &Demand<'_>) -> Option<VolumeGroup> {
    let nearest = kinds.iter().min_by_key(|kind| kind.near)?;
    let example = nearest.nearest.first()?;
    let alone = |kind: &&&Alike<'_>| kind.found.len() == 1;
    // The largest of those that break no other rule, or else of all.
    let largest = |kind: &&&Alike<'_>| kind.nearest.first().map(|volume| (alone(kind), volume.capacity()));
    let largest = kinds.iter().filter_map(|kind| Some((largest(&kind)?, *kind.nearest.first()?)));
    let ((otherwise_fits, capacity), volume) =
        largest.reduce(|held, next| if next.0 > held.0 { next } else { held })?;
    Some(VolumeGroup {
        objection: objection(example, nearest.found.first()?, demand, || Objection::TooSmall {
            largest: capacity.clone(),
            volume: volume.metadata.name.clone(),
            otherwise_fits,
        }),
        count: kinds.iter().map(|kind| kind.count).sum(),
        otherwise_fitting: kinds.iter().filter(alone).map(|kind| kind.count).sum(),
        example: example.metadata.name.clone(),
    })
}

fn nearness(volume: &PersistentVolume, found: &[Mismatch]) -> Nearness {
    let costs = found.iter().map(|mismatch| cost(volume, mismatch));
    let (hopeless, cost) =
        costs.fold((false, 0), |(hopeless, sum), cost| (hopeless || cost.is_none(), sum + cost.unwrap_or_default()));
    Nearness { hopeless, cost, count: found.len() }
}

/// How much it takes to repair what is wrong; nothing where no edit can.
fn cost(volume: &PersistentVolume, mismatch: &Mismatch) -> Option<u32> {
    match mismatch {
        Mismatch::Claimed { .. } => (volume.status.phase != VolumePhase::Bound).then_some(3),
        Mismatch::Selector { .. } => Some(1),
        Mismatch::Phase { .. } => Some(0),
        Mismatch::Delayed => Some(2),
        Mismatch::Class { .. } | Mismatch::TooSmall { .. } => Some(3),
        Mismatch::AttributesClass { .. } | Mismatch::AccessModes { .. } => Some(4),
        Mismatch::VolumeMode { .. } => Some(5),
        Mismatch::NodeAffinity { .. } => Some(6),
        Mismatch::Deleting => None,
    }
}

/// Where a group stands among the groups: by rule, and by what tells it from others of the same rule.
type Place<'v> = (u8, u8, &'v str);

fn place_of<'v>(volume: &'v PersistentVolume, first: &Mismatch, demand: &Demand<'_>) -> Place<'v> {
    match first {
        Mismatch::AccessModes { offered, .. } => (0, u8::try_from(offered.set().index()).unwrap_or(u8::MAX), ""),
        Mismatch::Claimed { .. } => match claimed(volume, demand) {
            Objection::OldClaim => (1, 0, ""),
            Objection::Released => (1, 1, ""),
            Objection::Reserved => (1, 2, ""),
            _ => (1, 3, ""),
        },
        Mismatch::TooSmall { .. } => (2, 0, ""),
        Mismatch::VolumeMode { .. } => (3, 0, volume.spec.volume_mode.as_str()),
        Mismatch::AttributesClass { .. } => (4, 0, volume.attributes_class()),
        Mismatch::Deleting => (5, 0, ""),
        Mismatch::Delayed => (6, 0, ""),
        Mismatch::Phase { .. } => (7, 0, volume.status.phase.as_str()),
        Mismatch::Selector { .. } => (8, 0, ""),
        Mismatch::Class { .. } => (9, 0, volume.class_name()),
        Mismatch::NodeAffinity { .. } => (10, 0, ""),
    }
}

/// Whose a volume is that is not this claim's.
fn claimed(volume: &PersistentVolume, demand: &Demand<'_>) -> Objection {
    let metadata = &demand.claim.metadata;
    let same_name = volume
        .spec
        .claim_ref
        .as_ref()
        .is_some_and(|reference| reference.name == metadata.name && reference.namespace == metadata.namespace);
    match (&volume.status.phase, same_name) {
        (_, true) => Objection::OldClaim,
        (VolumePhase::Released | VolumePhase::Failed, _) => Objection::Released,
        (VolumePhase::Bound, _) => Objection::Bound,
        (VolumePhase::Pending | VolumePhase::Available | VolumePhase::Other(_), _) => Objection::Reserved,
    }
}

fn objection(
    example: &PersistentVolume,
    first: &Mismatch,
    demand: &Demand<'_>,
    too_small: impl FnOnce() -> Objection,
) -> Objection {
    match first {
        Mismatch::AccessModes { offered, .. } => Objection::AccessModes { offered: offered.set().to_string().into() },
        Mismatch::Claimed { .. } => claimed(example, demand),
        Mismatch::TooSmall { .. } => too_small(),
        Mismatch::VolumeMode { offered, .. } => Objection::VolumeMode { offered: offered.as_str().into() },
        Mismatch::AttributesClass { offered, .. } => Objection::AttributesClass { offered: offered.clone() },
        Mismatch::Deleting => Objection::Deleting,
        Mismatch::Delayed => Objection::Delayed,
        Mismatch::Phase { phase } => Objection::Phase { phase: phase.as_str().into() },
        Mismatch::Selector { .. } => Objection::Selector,
        Mismatch::Class { offered, .. } => Objection::Class { offered: offered.clone() },
        Mismatch::NodeAffinity { .. } => Objection::NodeAffinity,
    }
}
