//! What a pass goes by: the set, its revisions, and its pods as they were when the pass began (`STS-21`).
//!
//! What a pass creates or deletes changes nothing here, so that all its steps look at the same pods.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::controllers::stateful_set::history::template_of;
use crate::controllers::stateful_set::identity::{new_pod, pod_name, revision_of};
use crate::controllers::stateful_set::roster::Roster;
use crate::model::controller_revision::ControllerRevision;
use crate::model::pod::{Pod, PodPhase};
use crate::model::stateful_set::{PodManagementPolicy, StatefulSet, UpdateStrategyType};
use crate::model::text::Text;
use crate::model::time::Timestamp;

/// What a pass goes by.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) set: Arc<StatefulSet>,
    pub(super) now: Timestamp,
    pub(super) current: Arc<ControllerRevision>,
    pub(super) update: Arc<ControllerRevision>,
    pub(super) roster: Roster,
}

impl Plan {
    /// The ordinal of a slot (`STS-11`).
    pub(super) fn ordinal(&self, slot: u32) -> i64 {
        first_ordinal(&self.set) + i64::from(slot)
    }

    pub(super) fn is_parallel(&self) -> bool {
        self.set.spec.pod_management_policy == Some(PodManagementPolicy::Parallel)
    }

    /// The first slot that an update may change; none where pods are only replaced by hand.
    fn first_updated(&self) -> Option<u32> {
        let strategy = &self.set.spec.update_strategy;
        if strategy.r#type == Some(UpdateStrategyType::OnDelete) {
            return None;
        }
        let partition = strategy.rolling_update.as_ref().map(|rolling| rolling.partition.unwrap_or_default());
        Some(partition.map_or(0, |partition| u32::try_from(partition).unwrap_or_default()))
    }

    /// The revision from which the pod of an ordinal is built (`STS-41`).
    pub(super) fn revision_for(&self, ordinal: i64) -> &Arc<ControllerRevision> {
        let strategy = &self.set.spec.update_strategy;
        let rolls = strategy.r#type == Some(UpdateStrategyType::RollingUpdate);
        let kept = match &strategy.rolling_update {
            Some(rolling) => rolling.partition.unwrap_or_default(),
            None if rolls => self.set.status.current_replicas,
            None => 0,
        };
        if ordinal < first_ordinal(&self.set) + i64::from(kept) { &self.current } else { &self.update }
    }

    /// The pod of an ordinal, as it is created.
    pub(super) fn new_pod(&self, ordinal: i64) -> Pod {
        let revision = self.revision_for(ordinal);
        let template = if revision.metadata.name == self.update.metadata.name {
            self.set.spec.template.clone()
        } else {
            template_of(revision).unwrap_or_else(|| self.set.spec.template.clone())
        };
        new_pod(&self.set, &template, &revision.metadata.name, ordinal)
    }

    /// The revision of the pod in a slot that is not settled, or of the one that belongs there.
    fn revision_at(&self, slot: u32) -> Text {
        match self.roster.slot(slot) {
            Some(pod) => revision_of(pod),
            None => self.revision_for(self.ordinal(slot)).metadata.name.clone(),
        }
    }

    /// Whether a pod has been ready for long enough (`STS-23`).
    pub(super) fn is_available(&self, pod: &Pod) -> bool {
        pod.is_available(self.set.spec.min_ready_seconds, self.now)
    }

    /// Whether a pod runs, is ready, available and not about to go.
    pub(super) fn is_healthy(&self, pod: &Pod) -> bool {
        is_running_and_ready(pod) && self.is_available(pod) && !pod.metadata.is_deleting()
    }

    /// Whether a condemned pod has to wait until the others are well; the first that is unwell has not (`STS-28`).
    pub(super) fn waits_for_others(&self, pod: &Pod, place: u32) -> bool {
        let well = is_running_and_ready(pod) && self.is_available(pod);
        !self.is_parallel() && !well && self.roster.excused != Some(place)
    }

    /// The pod that a rolling update deletes now: the highest that is outdated, unless one above it is unavailable
    /// (`STS-45`).
    pub(super) fn outdated(&self) -> Option<Text> {
        let lowest = self.first_updated()?;
        let update = &self.update.metadata.name;
        let mut left = replicas(&self.set);
        while left > lowest {
            let slot = left - 1;
            let name = || pod_name(&self.set, self.ordinal(slot));
            if let Some(run) = self.roster.settled.run_at(self.ordinal(slot)) {
                if run.revision != *update {
                    return Some(name());
                }
                left = u32::try_from(run.ordinals.start - self.ordinal(0)).unwrap_or_default();
                continue;
            }
            let pod = self.roster.slot(slot);
            let terminating = pod.is_some_and(|pod| pod.metadata.is_deleting());
            if self.revision_at(slot) != *update && !terminating {
                return Some(pod.map_or_else(name, |pod| pod.metadata.name.clone()));
            }
            if terminating || !pod.is_some_and(|pod| self.is_available(pod)) {
                return None;
            }
            left = slot;
        }
        None
    }

    /// The first slot from a given one on that is not settled.
    pub(super) fn next_unsettled(&self, slot: u32) -> u32 {
        let mut slot = slot;
        // Runs of two revisions may be neighbours.
        while let Some(run) = self.roster.settled.run_at(self.ordinal(slot)) {
            slot = u32::try_from(run.ordinals.end - self.ordinal(0)).unwrap_or(u32::MAX);
        }
        slot
    }

    /// When the next pod becomes available, if one waits for nothing but time (`STS-23`).
    pub(super) fn next_availability<'p>(&self, pods: impl Iterator<Item = &'p Pod>) -> Option<Duration> {
        let left = |pod: &Pod| {
            let since = pod.condition("Ready").filter(|_| pod.is_ready())?.last_transition_time?;
            let left = since.unix_seconds() + i64::from(self.set.spec.min_ready_seconds) - self.now.unix_seconds();
            u64::try_from(left).ok().filter(|left| *left > 0)
        };
        pods.filter_map(left).min().map(Duration::from_secs)
    }
}

/// The ordinal of the first slot.
fn first_ordinal(set: &StatefulSet) -> i64 {
    set.spec.ordinals.as_ref().map_or(0, |ordinals| i64::from(ordinals.start))
}

/// The ordinals of the slots (`STS-11`).
pub(super) fn range_of(set: &StatefulSet) -> Range<i64> {
    let first = first_ordinal(set);
    first..first + i64::from(replicas(set))
}

/// How many slots a set has.
pub(super) fn replicas(set: &StatefulSet) -> u32 {
    set.spec.replicas.map_or(1, |replicas| u32::try_from(replicas).unwrap_or_default())
}

pub(super) fn is_running_and_ready(pod: &Pod) -> bool {
    pod.status.phase == PodPhase::Running && pod.is_ready()
}
