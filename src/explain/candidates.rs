//! Volumes weighed against a claim: which rule each breaks first, how many break it, and which miss by least.
//!
//! The rules are those of [`crate::matching`], the same that bind. One pass over the volumes; only the nearest are kept
//! one by one, so that a million volumes make an explanation of a few lines.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::matching::{DESIGNATED, Demand, FREE, Mismatch, RESERVED, Rule, SCHEDULED, mismatches, misplaced};
use crate::model::access_modes::ModeSet;
use crate::model::node::Node;
use crate::model::quantity::Quantity;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumePhase};

/// How many of the nearest volumes are listed one by one.
const LISTED: usize = 10;

/// What a group of volumes has in common: the first rule that they break, and what they have instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "rule", rename_all = "camelCase")]
#[non_exhaustive]
pub enum Objection {
    /// They lack an access mode that the claim asks for.
    AccessModes {
        /// The modes that they have, abbreviated as in `kubectl get`.
        offered: Text,
    },
    /// They are bound to other claims.
    Bound,
    /// Their claims are gone, and they still name them.
    Released,
    /// They name the claim that had this claim's name before, by its uid.
    OldClaim,
    /// They are reserved for other claims.
    Reserved,
    /// They are too small.
    TooSmall {
        /// The largest capacity among those that break no other rule; where there are none, among all of them.
        largest: Quantity,
        /// A volume of that capacity.
        volume: Text,
        /// Whether the largest breaks no other rule.
        otherwise_fits: bool,
    },
    /// They have another volume mode.
    VolumeMode {
        /// The mode.
        offered: Text,
    },
    /// They have another attributes class.
    AttributesClass {
        /// The class, empty for none.
        offered: Text,
    },
    /// They are being deleted.
    Deleting,
    /// They are not looked at before a pod is scheduled.
    Delayed,
    /// They are in a phase in which they are not given away.
    Phase {
        /// The phase.
        phase: Text,
    },
    /// Their labels are not those that the claim selects.
    Selector,
    /// They have another class.
    Class {
        /// The class, empty for none.
        offered: Text,
    },
    /// They cannot be used on the node.
    NodeAffinity,
}

/// Volumes that break the same rule first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VolumeGroup {
    /// What is wrong with them.
    #[serde(flatten)]
    pub objection: Objection,
    /// How many there are.
    pub count: usize,
    /// How many of them break no other rule.
    pub otherwise_fitting: usize,
    /// One of them: that which misses by least.
    pub example: Text,
}

/// A volume and every rule that it breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VolumeReasons {
    /// Its name.
    pub volume: Text,
    /// Its capacity.
    pub capacity: Quantity,
    /// Its phase.
    pub phase: VolumePhase,
    /// Every rule that it breaks, in the order of the rules; none where it fits.
    pub mismatches: Vec<Mismatch>,
}

/// The volumes of a cluster, weighed against a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Candidates {
    /// How many volumes there are.
    pub count: usize,
    /// How many of them fit.
    pub fitting: usize,
    /// The others by the first rule that they break, in the order of the rules.
    pub groups: Vec<VolumeGroup>,
    /// The volumes that miss by least, the nearest first; at most ten.
    pub nearest: Vec<VolumeReasons>,
}

/// How near a volume is: the less, the nearer. Volumes that nothing can repair come last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Nearness {
    hopeless: bool,
    cost: u32,
    count: usize,
    size: Size,
}

/// Of volumes that are large enough the smallest is nearest, of the others the largest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Size {
    Enough(Quantity),
    Short(Reverse<Quantity>),
}

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

/// Where a group stands among the groups, and what tells it from those of the same rule.
type Place<'v> = (u8, u8, &'v str);

/// A group that is being counted.
struct Counted<'v> {
    objection: Heading,
    count: usize,
    otherwise_fitting: usize,
    nearest: (Nearness, &'v PersistentVolume),
    largest: (bool, Quantity, &'v PersistentVolume),
}

/// The rule of a group without what is only known at the end.
#[derive(Clone, Copy)]
enum Heading {
    AccessModes(ModeSet),
    Bound,
    Released,
    OldClaim,
    Reserved,
    TooSmall,
    VolumeMode,
    AttributesClass,
    Deleting,
    Delayed,
    Phase,
    Selector,
    Class,
    NodeAffinity,
}

/// The volumes as they were weighed, with those that an edit may start from.
pub(super) struct Weighed<'v> {
    pub(super) candidates: Candidates,
    /// The nearest volume of each set of rules that volumes break, the nearest first.
    pub(super) repairable: Vec<(&'v PersistentVolume, Vec<Mismatch>)>,
}

/// Weighs volumes against a claim. Cost: linear in the number of volumes.
pub(super) fn weigh<'v>(
    volumes: impl Iterator<Item = &'v PersistentVolume>,
    demand: &Demand<'_>,
    judge: Judge<'_>,
) -> Weighed<'v> {
    let mut candidates = Candidates::default();
    let mut groups: BTreeMap<Place<'v>, Counted<'v>> = BTreeMap::new();
    let mut nearest: Vec<(Nearness, &PersistentVolume)> = Vec::new();
    let mut by_rules: BTreeMap<u16, (Nearness, &PersistentVolume)> = BTreeMap::new();
    for volume in volumes {
        candidates.count += 1;
        let found = judge.objections(volume, demand);
        let near = nearness(volume, demand, &found);
        if nearest.len() < LISTED || nearest.last().is_some_and(|(last, _)| near < *last) {
            let place = nearest.partition_point(|(other, _)| *other <= near);
            nearest.insert(place, (near.clone(), volume));
            nearest.truncate(LISTED);
        }
        let Some(first) = found.first() else {
            candidates.fitting += 1;
            continue;
        };
        if !near.hopeless {
            let rules = found.iter().fold(0, |rules, mismatch| rules | 1 << number(mismatch));
            let held = by_rules.entry(rules).or_insert_with(|| (near.clone(), volume));
            if near < held.0 {
                *held = (near.clone(), volume);
            }
        }
        let (place, heading) = group_of(volume, first, demand);
        let alone = found.len() == 1;
        let group = groups.entry(place).or_insert_with(|| Counted {
            objection: heading,
            count: 0,
            otherwise_fitting: 0,
            nearest: (near.clone(), volume),
            largest: (alone, volume.capacity(), volume),
        });
        group.count += 1;
        group.otherwise_fitting += usize::from(alone);
        if near < group.nearest.0 {
            group.nearest = (near, volume);
        }
        if matches!(heading, Heading::TooSmall) {
            let capacity = volume.capacity();
            if (alone, &capacity) > (group.largest.0, &group.largest.1) {
                group.largest = (alone, capacity, volume);
            }
        }
    }
    candidates.groups = groups.into_values().map(Counted::finish).collect();
    let reasons = |volume: &PersistentVolume| VolumeReasons {
        volume: volume.metadata.name.clone(),
        capacity: volume.capacity(),
        phase: volume.status.phase.clone(),
        mismatches: judge.objections(volume, demand),
    };
    candidates.nearest = nearest.iter().map(|(_, volume)| reasons(volume)).collect();
    let mut repairable: Vec<_> = by_rules.into_values().collect();
    repairable.sort_by(|a, b| a.0.cmp(&b.0));
    let repairable = repairable.into_iter().map(|(_, volume)| (volume, judge.objections(volume, demand))).collect();
    Weighed { candidates, repairable }
}

fn nearness(volume: &PersistentVolume, demand: &Demand<'_>, found: &[Mismatch]) -> Nearness {
    let capacity = volume.capacity();
    let size = if capacity < demand.request { Size::Short(Reverse(capacity)) } else { Size::Enough(capacity) };
    let costs = found.iter().map(|mismatch| cost(volume, mismatch));
    let (hopeless, cost) =
        costs.fold((false, 0), |(hopeless, sum), cost| (hopeless || cost.is_none(), sum + cost.unwrap_or_default()));
    Nearness { hopeless, cost, count: found.len(), size }
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
        Mismatch::Deleting | Mismatch::NodeAffinity { .. } => None,
    }
}

/// The number of a rule, for sets of them.
fn number(mismatch: &Mismatch) -> u8 {
    match mismatch {
        Mismatch::AccessModes { .. } => 0,
        Mismatch::Claimed { .. } => 1,
        Mismatch::TooSmall { .. } => 2,
        Mismatch::VolumeMode { .. } => 3,
        Mismatch::AttributesClass { .. } => 4,
        Mismatch::Deleting => 5,
        Mismatch::Delayed => 6,
        Mismatch::Phase { .. } => 7,
        Mismatch::Selector { .. } => 8,
        Mismatch::Class { .. } => 9,
        Mismatch::NodeAffinity { .. } => 10,
    }
}

/// The group of a volume by the first rule that it breaks.
fn group_of<'v>(volume: &'v PersistentVolume, first: &Mismatch, demand: &Demand<'_>) -> (Place<'v>, Heading) {
    let rule = number(first);
    match first {
        Mismatch::AccessModes { offered, .. } => {
            let modes = offered.set();
            let index = u8::try_from(modes.index()).unwrap_or(u8::MAX);
            ((rule, index, ""), Heading::AccessModes(modes))
        }
        Mismatch::Claimed { .. } => {
            let reference = volume.spec.claim_ref.as_ref();
            let same_name = reference.is_some_and(|reference| {
                let metadata = &demand.claim.metadata;
                reference.name == metadata.name && reference.namespace == metadata.namespace
            });
            match (&volume.status.phase, same_name) {
                (_, true) => ((rule, 0, ""), Heading::OldClaim),
                (VolumePhase::Released | VolumePhase::Failed, _) => ((rule, 1, ""), Heading::Released),
                (VolumePhase::Bound, _) => ((rule, 3, ""), Heading::Bound),
                (VolumePhase::Pending | VolumePhase::Available | VolumePhase::Other(_), _) => {
                    ((rule, 2, ""), Heading::Reserved)
                }
            }
        }
        Mismatch::TooSmall { .. } => ((rule, 0, ""), Heading::TooSmall),
        Mismatch::VolumeMode { .. } => ((rule, 0, volume.spec.volume_mode.as_str()), Heading::VolumeMode),
        Mismatch::AttributesClass { .. } => ((rule, 0, volume.attributes_class()), Heading::AttributesClass),
        Mismatch::Deleting => ((rule, 0, ""), Heading::Deleting),
        Mismatch::Delayed => ((rule, 0, ""), Heading::Delayed),
        Mismatch::Phase { .. } => ((rule, 0, volume.status.phase.as_str()), Heading::Phase),
        Mismatch::Selector { .. } => ((rule, 0, ""), Heading::Selector),
        Mismatch::Class { .. } => ((rule, 0, volume.class_name()), Heading::Class),
        Mismatch::NodeAffinity { .. } => ((rule, 0, ""), Heading::NodeAffinity),
    }
}

impl Counted<'_> {
    fn finish(self) -> VolumeGroup {
        let example = self.nearest.1;
        let objection = match self.objection {
            Heading::AccessModes(modes) => Objection::AccessModes { offered: modes.to_string().into() },
            Heading::Bound => Objection::Bound,
            Heading::Released => Objection::Released,
            Heading::OldClaim => Objection::OldClaim,
            Heading::Reserved => Objection::Reserved,
            Heading::TooSmall => {
                let (otherwise_fits, largest, volume) = self.largest;
                Objection::TooSmall { largest, volume: volume.metadata.name.clone(), otherwise_fits }
            }
            Heading::VolumeMode => Objection::VolumeMode { offered: example.spec.volume_mode.as_str().into() },
            Heading::AttributesClass => Objection::AttributesClass { offered: example.attributes_class().into() },
            Heading::Deleting => Objection::Deleting,
            Heading::Delayed => Objection::Delayed,
            Heading::Phase => Objection::Phase { phase: example.status.phase.as_str().into() },
            Heading::Selector => Objection::Selector,
            Heading::Class => Objection::Class { offered: example.class_name().into() },
            Heading::NodeAffinity => Objection::NodeAffinity,
        };
        VolumeGroup {
            objection,
            count: self.count,
            otherwise_fitting: self.otherwise_fitting,
            example: example.metadata.name.clone(),
        }
    }
}
