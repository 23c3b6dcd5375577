//! What one pass leaves to the next, so that a healthy set costs little however many pods it has.

use std::sync::Arc;

use crate::controllers::stateful_set::roster::Settled;
use crate::model::controller_revision::ControllerRevision;
use crate::model::metadata::Uid;
use crate::model::shared::Shared;
use crate::model::stateful_set::{StatefulSet, StatefulSetSpec};

/// What a pass found out that the next one need not find out again, as long as the set, its newest revision, and the
/// pods and claims of the settled slots are the same.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SetMemory {
    pub(super) uid: Uid,
    pub(super) spec: Shared<StatefulSetSpec>,
    pub(super) newest: Arc<ControllerRevision>,
    pub(super) settled: Settled,
}

impl SetMemory {
    /// Forgets what it knows of an ordinal and all above it.
    pub(crate) fn forget_from(&mut self, ordinal: i64) {
        let first = self.spec.ordinals.as_ref().map_or(0, |ordinals| i64::from(ordinals.start));
        let slots = u32::try_from(ordinal - first).unwrap_or_default();
        self.settled.slots = self.settled.slots.min(slots);
    }

    /// Whether it was made for this set with this template, partition and all.
    pub(super) fn fits(&self, set: &StatefulSet) -> bool {
        self.uid == set.metadata.uid && self.spec.same(&set.spec)
    }
}
