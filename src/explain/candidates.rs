//! Volumes weighed against a claim, as data: which rule they break first, how many break it, and which miss by least.

use serde::Serialize;

use crate::matching::Mismatch;
use crate::model::quantity::Quantity;
use crate::model::text::Text;
use crate::model::volume::VolumePhase;

/// What a group of volumes has in common: the first rule that they break, and what they have instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "rule", rename_all = "camelCase", rename_all_fields = "camelCase")]
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
