//! Which volume a claim gets: rules with reasons, a total order of candidates, and an index that finds the first
//! candidate without looking at the others.
//!
//! Follows `findByClaim` and `FindMatchingVolume` of Kubernetes 1.36 (`MATCH-*`, `SAT-*`). Matching asks whether the
//! list of reasons against a volume is empty; explaining collects it; so they cannot disagree.

mod demand;
mod equals;
mod index;
mod labels;
mod places;
mod ranks;
mod rules;
mod snapshot;
mod tournament;
mod waiting;

pub use crate::matching::rules::Mismatch;

pub(crate) use crate::matching::demand::Demand;
pub(crate) use crate::matching::equals::equals;
pub(crate) use crate::matching::index::{Chosen, VolumeIndex};
pub(crate) use crate::matching::places::{Candidates, PlaceIndex};
#[cfg(feature = "explore")]
pub(crate) use crate::matching::rules::POSSIBLE;
pub(crate) use crate::matching::rules::{
    DESIGNATED, FREE, REQUESTED, RESERVED, Rule, SCHEDULED, mismatches, misplaced, misplacement,
};
pub(crate) use crate::matching::waiting::WaitingIndex;
