//! The pods of a set in their places: slots, and those that have none any more (`STS-11`, `STS-50`).

use std::cmp::Reverse;
use std::sync::Arc;

use crate::controllers::stateful_set::identity::revision_of;
use crate::controllers::stateful_set::plan::{is_running_and_ready, range_of};
use crate::controllers::stateful_set::settled::Settled;
use crate::model::pod::Pod;
use crate::model::stateful_set::{StatefulSet, member_name};
use crate::model::text::Text;
use crate::model::time::Timestamp;

/// The members of a set in their places.
#[derive(Clone, Debug, Default)]
pub(super) struct Roster {
    /// Pods of slots that were not settled when the pass began, in the order of the slots.
    slots: Vec<(u32, Arc<Pod>)>,
    /// Pods outside of the range, from the highest ordinal.
    condemned: Vec<(i64, Arc<Pod>)>,
    /// Pods that need nothing; they are nowhere else.
    pub(super) settled: Settled,
    /// The condemned pod that may go although it is not well: it is the first that is not (`STS-27`).
    pub(super) excused: Option<u32>,
}

/// How many pods there are of which kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) replicas: i32,
    pub(super) ready: i32,
    pub(super) available: i32,
    pub(super) current: i32,
    pub(super) updated: i32,
}

impl Roster {
    /// Puts the pods that were listed into their places. A pod whose name gives no ordinal has none.
    pub(super) fn place(set: &StatefulSet, pods: &[Arc<Pod>], settled: Settled, now: Timestamp) -> Self {
        let range = range_of(set);
        let mut slots: Vec<(u32, bool, &Arc<Pod>)> = Vec::new();
        let mut condemned = Vec::new();
        for pod in pods {
            let Some(member) = member_name(&pod.metadata.name) else {
                continue;
            };
            let Some(ordinal) = member.ordinal.map(i64::from) else {
                continue;
            };
            match u32::try_from(ordinal - range.start) {
                Ok(slot) if range.contains(&ordinal) => slots.push((slot, member.is_canonical, pod)),
                Ok(_) | Err(_) => condemned.push((ordinal, Arc::clone(pod))),
            }
        }
        // ND-18: of two names with one ordinal the canonical one has the slot.
        slots.sort_by_key(|(slot, canonical, pod)| (*slot, !canonical, pod.metadata.name.clone()));
        slots.dedup_by_key(|(slot, ..)| *slot);
        let slots = slots.into_iter().map(|(slot, _, pod)| (slot, Arc::clone(pod))).collect();
        condemned.sort_by_key(|(ordinal, pod)| (Reverse(*ordinal), pod.metadata.name.clone()));
        let unwell = |(_, pod): &(i64, Arc<Pod>)| {
            !pod.is_available(set.spec.min_ready_seconds, now) || pod.metadata.is_deleting()
        };
        let excused = condemned.iter().rposition(unwell).and_then(|place| u32::try_from(place).ok());
        Self { slots, condemned, settled, excused }
    }

    /// The pod in a slot that was not settled.
    pub(super) fn slot(&self, slot: u32) -> Option<&Arc<Pod>> {
        let found = self.slots.binary_search_by_key(&slot, |(slot, _)| *slot).ok()?;
        Some(&self.slots[found].1)
    }

    /// A condemned pod with its ordinal.
    pub(super) fn condemned(&self, place: u32) -> (i64, Option<Arc<Pod>>) {
        let found = self.condemned.get(place as usize);
        found.map_or((-1, None), |(ordinal, pod)| (*ordinal, Some(Arc::clone(pod))))
    }

    /// How many pods are condemned.
    pub(super) fn condemned_count(&self) -> u32 {
        u32::try_from(self.condemned.len()).unwrap_or(u32::MAX)
    }

    /// The pods that have a place, but for those that are settled.
    pub(super) fn placed(&self) -> impl Iterator<Item = &Arc<Pod>> {
        self.slots.iter().map(|(_, pod)| pod).chain(self.condemned.iter().map(|(_, pod)| pod))
    }
}

impl Counts {
    /// Counts settled pods and others (`STS-50`).
    pub(super) fn of<'p>(
        set: &StatefulSet,
        settled: &Settled,
        pods: impl Iterator<Item = &'p Arc<Pod>>,
        (current, update): (&Text, &Text),
        now: Timestamp,
    ) -> Self {
        let mut counts = Self::default();
        for run in settled.runs() {
            let number = i32::try_from(run.ordinals.end - run.ordinals.start).unwrap_or(i32::MAX);
            counts.replicas += number;
            counts.ready += number;
            counts.available += number;
            counts.current += if run.revision == *current { number } else { 0 };
            counts.updated += if run.revision == *update { number } else { 0 };
        }
        for pod in pods {
            let ready = is_running_and_ready(pod);
            counts.replicas += 1;
            counts.ready += i32::from(ready);
            counts.available += i32::from(ready && pod.is_available(set.spec.min_ready_seconds, now));
            if !pod.metadata.is_deleting() {
                let revision = revision_of(pod);
                counts.current += i32::from(revision == *current);
                counts.updated += i32::from(revision == *update);
            }
        }
        counts
    }
}

/// The revisions that pods were built from.
pub(super) fn revisions<'p>(
    settled: &'p Settled,
    pods: impl Iterator<Item = &'p Arc<Pod>>,
) -> impl Iterator<Item = Text> {
    let settled = settled.runs().iter().map(|run| run.revision.clone());
    settled.chain(pods.map(|pod| revision_of(pod)))
}
