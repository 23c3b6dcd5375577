//! The rules by which a volume suits a claim, each a plain function that says what is wrong.

use std::fmt;

use serde::Serialize;

use crate::matching::demand::Demand;
use crate::model::access_modes::AccessModes;
use crate::model::node::Node;
use crate::model::quantity::Quantity;
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumeMode, VolumePhase};

/// A rule that a volume breaks for a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "rule", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Mismatch {
    /// The volume lacks an access mode that the claim asks for (`MATCH-2`, `SAT-6`).
    AccessModes {
        /// The modes of the volume.
        offered: AccessModes,
        /// The modes that the claim asks for.
        requested: AccessModes,
    },
    /// The volume is bound to another claim, or reserved for one (`MATCH-5` a).
    Claimed {
        /// The other claim; it may have the same name and another uid.
        by: ClaimKey,
    },
    /// The volume is too small (`MATCH-5` b, `SAT-2`).
    TooSmall {
        /// Its capacity.
        capacity: Quantity,
        /// What the claim asks for.
        requested: Quantity,
    },
    /// One is a file system, the other a block device (`MATCH-5` c, `SAT-5`).
    VolumeMode {
        /// The mode of the volume.
        offered: VolumeMode,
        /// The mode that the claim asks for.
        requested: VolumeMode,
    },
    /// The attributes classes differ (`MATCH-5` d, `SAT-4`).
    AttributesClass {
        /// That of the volume, empty for none.
        offered: Text,
        /// That of the claim, empty for none.
        requested: Text,
    },
    /// The volume is being deleted (`MATCH-5` e, `SAT-1`).
    Deleting,
    /// The claim waits for a pod, and the volume is not reserved for it (`MATCH-5` g).
    Delayed,
    /// The volume is not `Available` (`MATCH-5` h).
    Phase {
        /// The phase that it is in.
        phase: VolumePhase,
    },
    /// The claim's selector does not choose the volume (`MATCH-5` i).
    Selector {
        /// The requirements that the volume's labels do not meet, as Kubernetes prints them.
        unmet: Vec<String>,
    },
    /// The classes differ (`MATCH-5` j, `SAT-3`).
    Class {
        /// That of the volume, empty for none.
        offered: Text,
        /// That of the claim, empty for none.
        requested: Text,
    },
    /// The volume cannot be used on the node (`SCHED-20`).
    NodeAffinity {
        /// The node.
        node: Text,
    },
}

/// A rule: what is wrong with the volume for the claim, if anything is.
pub(crate) type Rule = fn(&PersistentVolume, &Demand<'_>) -> Option<Mismatch>;

/// What a volume must satisfy that is reserved for the claim (`MATCH-9`).
pub(crate) const RESERVED: &[Rule] = &[access_modes, claimed, capacity, volume_mode, attributes_class, deleting];

/// What a volume must satisfy that is free (`MATCH-5`).
pub(crate) const FREE: &[Rule] =
    &[access_modes, claimed, capacity, volume_mode, attributes_class, deleting, delayed, phase, selector, class];

/// What stays as it is, and must be satisfied before a free volume can ever be given to the claim.
#[cfg(feature = "explore")]
pub(crate) const POSSIBLE: &[Rule] = &[access_modes, capacity, volume_mode, selector, class];

/// What a free volume must satisfy that the claim names (`SAT-1` to `SAT-6`, in this order).
pub(crate) const REQUESTED: &[Rule] = &[deleting, whole_bytes, class, attributes_class, volume_mode, access_modes];

/// What a volume must satisfy that names the claim before the scheduler takes it; its phase, its labels and its access
/// modes are not looked at (`SCHED-23`).
pub(crate) const DESIGNATED: &[Rule] = &[class, claimed, capacity, volume_mode, attributes_class, deleting];

/// What a free volume must satisfy before the scheduler takes it (`SCHED-23`).
pub(crate) const SCHEDULED: &[Rule] =
    &[claimed, capacity, volume_mode, attributes_class, deleting, phase, selector, class, access_modes];

/// Every rule that the volume breaks, in the order of the rules; nothing means that it suits. Lazy: asking whether
/// there is any stops at the first.
pub(crate) fn mismatches<'a>(
    volume: &'a PersistentVolume,
    demand: &'a Demand<'_>,
    rules: &'a [Rule],
) -> impl Iterator<Item = Mismatch> + 'a {
    rules.iter().filter_map(move |rule| rule(volume, demand))
}

/// Why the volume cannot be used on the node (`SCHED-20`). An affinity that cannot be evaluated holds for no node.
pub(crate) fn misplaced(volume: &PersistentVolume, node: &Node) -> Option<Mismatch> {
    let affinity = volume.spec.node_affinity.as_ref()?;
    let allowed = affinity.allows(&node.metadata.labels).unwrap_or(false);
    (!allowed).then(|| Mismatch::NodeAffinity { node: node.metadata.name.clone() })
}

/// The same in the words of Kubernetes: that no term holds, or what is wrong with the terms.
pub(crate) fn misplacement(volume: &PersistentVolume, node: &Node) -> Option<String> {
    match volume.spec.node_affinity.as_ref()?.allows(&node.metadata.labels) {
        Ok(true) => None,
        Ok(false) => Some("no matching NodeSelectorTerms".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

fn access_modes(volume: &PersistentVolume, demand: &Demand<'_>) -> Option<Mismatch> {
    let (offered, requested) = (&volume.spec.access_modes, &demand.claim.spec.access_modes);
    let satisfied = requested.satisfied_by(offered);
    (!satisfied).then(|| Mismatch::AccessModes { offered: offered.clone(), requested: requested.clone() })
}

fn claimed(volume: &PersistentVolume, demand: &Demand<'_>) -> Option<Mismatch> {
    let reference = volume.spec.claim_ref.as_ref().filter(|reference| !demand.claim.is_designated_by(reference))?;
    Some(Mismatch::Claimed { by: ClaimKey::new(&reference.namespace, &reference.name) })
}

fn capacity(volume: &PersistentVolume, demand: &Demand<'_>) -> Option<Mismatch> {
    let capacity = volume.capacity();
    (capacity < demand.request).then(|| Mismatch::TooSmall { capacity, requested: demand.request.clone() })
}

/// The same in whole bytes, with the overflow that Kubernetes has there (`HELP-10`).
fn whole_bytes(volume: &PersistentVolume, demand: &Demand<'_>) -> Option<Mismatch> {
    let capacity = volume.capacity();
    let too_small = capacity.overflowing_value() < demand.request.overflowing_value();
    too_small.then(|| Mismatch::TooSmall { capacity, requested: demand.request.clone() })
}

fn volume_mode(volume: &PersistentVolume, demand: &Demand<'_>) -> Option<Mismatch> {
    let (offered, requested) = (&volume.spec.volume_mode, &demand.claim.spec.volume_mode);
    (offered != requested).then(|| Mismatch::VolumeMode { offered: offered.clone(), requested: requested.clone() })
}

fn attributes_class(volume: &PersistentVolume, demand: &Demand<'_>) -> Option<Mismatch> {
    let (offered, requested) = (volume.attributes_class(), demand.claim.attributes_class());
    (offered != requested)
        .then(|| Mismatch::AttributesClass { offered: Text::from(offered), requested: Text::from(requested) })
}

fn deleting(volume: &PersistentVolume, _: &Demand<'_>) -> Option<Mismatch> {
    volume.metadata.is_deleting().then_some(Mismatch::Deleting)
}

fn delayed(_: &PersistentVolume, demand: &Demand<'_>) -> Option<Mismatch> {
    demand.delayed.then_some(Mismatch::Delayed)
}

fn phase(volume: &PersistentVolume, _: &Demand<'_>) -> Option<Mismatch> {
    let phase = &volume.status.phase;
    (*phase != VolumePhase::Available).then(|| Mismatch::Phase { phase: phase.clone() })
}

fn selector(volume: &PersistentVolume, demand: &Demand<'_>) -> Option<Mismatch> {
    let labels = &volume.metadata.labels;
    let predicate = demand.predicate.as_ref().filter(|predicate| !predicate.matches(labels))?;
    let unmet = predicate.requirements().iter().filter(|requirement| !requirement.holds(labels));
    Some(Mismatch::Selector { unmet: unmet.map(ToString::to_string).collect() })
}

fn class(volume: &PersistentVolume, demand: &Demand<'_>) -> Option<Mismatch> {
    let (offered, requested) = (volume.class_name(), demand.claim.class_name());
    (offered != requested).then(|| Mismatch::Class { offered: Text::from(offered), requested: Text::from(requested) })
}

impl Mismatch {
    /// The reason that a `VolumeMismatch` event gives (`SAT-1` to `SAT-6`); `None` for what that check does not look
    /// at.
    pub(crate) fn event_reason(&self, volume: &str) -> Option<String> {
        Some(match self {
            Self::Deleting => format!("the volume is marked for deletion {volume:?}"),
            Self::TooSmall { .. } => "requested PV is too small".to_owned(),
            Self::Class { .. } => "storageClassName does not match".to_owned(),
            Self::AttributesClass { .. } => "volumeAttributesClassName does not match".to_owned(),
            Self::VolumeMode { .. } => "incompatible volumeMode".to_owned(),
            Self::AccessModes { .. } => "incompatible accessMode".to_owned(),
            Self::Claimed { .. }
            | Self::Delayed
            | Self::Phase { .. }
            | Self::Selector { .. }
            | Self::NodeAffinity { .. } => return None,
        })
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |class: &Text| if class.is_empty() { "no class".to_owned() } else { format!("class {class:?}") };
        match self {
            Self::AccessModes { offered, requested } => {
                write!(f, "offers {}, the claim asks for {}", offered.set(), requested.set())
            }
            Self::Claimed { by } => write!(f, "is claimed by {by}"),
            Self::TooSmall { capacity, requested } => write!(f, "has {capacity}, the claim asks for {requested}"),
            Self::VolumeMode { offered, requested } => {
                write!(f, "has volumeMode {offered}, the claim asks for {requested}")
            }
            Self::AttributesClass { offered, requested } => {
                write!(f, "has attributes {}, the claim asks for {}", named(offered), named(requested))
            }
            Self::Deleting => f.write_str("is being deleted"),
            Self::Delayed => f.write_str("is not looked at before a pod is scheduled"),
            Self::Phase { phase } => write!(f, "is {phase}"),
            Self::Selector { unmet } => write!(f, "lacks the labels {}", unmet.join(",")),
            Self::Class { offered, requested } => {
                write!(f, "has {}, the claim asks for {}", named(offered), named(requested))
            }
            Self::NodeAffinity { node } => write!(f, "cannot be used on node {node}"),
        }
    }
}
