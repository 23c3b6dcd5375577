//! What one pass leaves to the next, so that a healthy set costs little however many pods it has.

use std::sync::Arc;

use crate::controllers::stateful_set::settled::Settled;
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
    /// Forgets what it knows of the pod of an ordinal.
    pub(crate) fn forget(&mut self, ordinal: i64) {
        self.settled.forget(ordinal);
    }

    /// Whether it was made for this set with this template, partition and all.
    pub(super) fn fits(&self, set: &StatefulSet) -> bool {
        self.uid == set.metadata.uid && self.spec.same(&set.spec)
    }
}
