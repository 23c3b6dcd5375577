//! One pod after the other: what a set in order may do, by what it saw when its pass began (`STS-21` to `STS-28`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bindery::{Actor, Config, Object, Pod, PodPhase, StatefulSet, Verb, WriteRecord};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::watch::Watcher;

/// What a set saw when a pass over it began.
pub(crate) struct Pass {
    pub(crate) set: Arc<StatefulSet>,
    /// Its pods by ordinal.
    pods: BTreeMap<i32, Arc<Pod>>,
}

/// The ordinal of a pod of a set by its name.
pub(crate) fn ordinal_of(set: &StatefulSet, pod: &str) -> Option<i32> {
    pod.strip_prefix(set.metadata.name.as_str())?.strip_prefix('-')?.parse().ok()
}

/// The ordinals that a set wants.
pub(crate) fn range_of(set: &StatefulSet) -> std::ops::Range<i32> {
    let start = set.spec.ordinals.as_ref().map_or(0, |ordinals| ordinals.start);
    start..start + set.spec.replicas.unwrap_or(1)
}

/// Whether a pod runs, is ready for as long as the set asks, and stays (`STS-23`).
pub(crate) fn is_healthy(set: &StatefulSet, pod: &Pod, now: Duration) -> bool {
    let now = Config::default().start.unix_seconds() + i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let since = pod.condition("Ready").and_then(|condition| condition.last_transition_time);
    let long = since.is_some_and(|since| since.unix_seconds() + i64::from(set.spec.min_ready_seconds) <= now);
    pod.status.phase == PodPhase::Running && pod.is_ready() && !pod.metadata.is_deleting() && long
}

impl Watcher {
    /// What a pass over a set that began now would see.
    pub(crate) fn pass(&self, set: &Arc<StatefulSet>) -> Pass {
        let numbered = |pod: &Arc<Pod>| Some((ordinal_of(set, &pod.metadata.name)?, Arc::clone(pod)));
        Pass { set: Arc::clone(set), pods: self.pods().filter_map(numbered).collect() }
    }

    pub(crate) fn check_order(&mut self, write: &WriteRecord) -> TestCaseResult {
        if write.actor != Actor::StatefulSetController {
            return Ok(());
        }
        let Some(Object::Pod(pod)) = write.object() else {
            return Ok(());
        };
        let Some(owner) = pod.metadata.owner_references.iter().find(|owner| owner.kind == "StatefulSet") else {
            return Ok(());
        };
        let current = || self.sets().find(|set| set.metadata.uid == owner.uid);
        let fresh;
        let pass = match self.passes.get(&owner.uid) {
            Some(pass) => pass,
            None => match current() {
                Some(set) => {
                    fresh = self.pass(set);
                    &fresh
                }
                None => return Ok(()),
            },
        };
        let (set, pods) = (&pass.set, &pass.pods);
        let ordered = set.spec.pod_management_policy.as_ref().is_none_or(|policy| policy.as_str() == "OrderedReady");
        let Some(ordinal) = ordinal_of(set, &pod.metadata.name) else {
            return Err(TestCaseError::fail(format!("{write} is none of its pods")));
        };
        let range = range_of(set);
        let healthy = |number: &i32| pods.get(number).is_some_and(|pod| is_healthy(set, pod, write.time));
        let what = match (write.verb, write.rule) {
            (Verb::Create, _) => {
                prop_assert!(range.contains(&ordinal), "{} is out of {:?}", write, range);
                prop_assert!(!ordered || (range.start..ordinal).all(|n| healthy(&n)), "{} out of turn", write);
                "created"
            }
            (Verb::Delete, "STS-28") => {
                prop_assert!(!range.contains(&ordinal), "{} is in {:?}", write, range);
                let higher = pods.keys().any(|number| *number > ordinal && !range.contains(number));
                prop_assert!(!ordered || !higher, "{} before a higher one", write);
                prop_assert!(!ordered || range.clone().all(|n| healthy(&n)), "{} while one is unhealthy", write);
                "scaled down"
            }
            (Verb::Delete, "STS-45") => {
                let partition = set.spec.update_strategy.rolling_update.as_ref().and_then(|it| it.partition);
                let first = range.start + partition.unwrap_or(0);
                prop_assert!((first..range.end).contains(&ordinal), "{} below the partition", write);
                prop_assert!((ordinal + 1..range.end).all(|n| healthy(&n)), "{} before a higher one", write);
                prop_assert!(!ordered || range.clone().all(|n| healthy(&n)), "{} while one is unhealthy", write);
                "updated"
            }
            _ => return Ok(()),
        };
        if ordered {
            self.judge(what);
        }
        Ok(())
    }
}
