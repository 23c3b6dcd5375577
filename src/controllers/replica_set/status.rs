//! The status of a set, and when a pod that is ready becomes available.
//!
//! Follows `pkg/controller/replicaset/replica_set_utils.go`.

use std::sync::Arc;
use std::time::Duration;

use crate::controllers::turn::World;
use crate::model::list::List;
use crate::model::pod::Pod;
use crate::model::replica_set::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};
use crate::model::time::Timestamp;

pub(super) const REPLICA_FAILURE: &str = "ReplicaFailure";

/// The status of a set with these pods; nothing where it says that already.
pub(super) fn new_status(
    set: &ReplicaSet,
    pods: &[Arc<Pod>],
    terminating: usize,
    error: Option<&str>,
    world: &World<'_>,
) -> Option<ReplicaSetStatus> {
    let labels = &set.spec.template.metadata.labels;
    let is_labeled = |pod: &Pod| labels.iter().all(|(key, value)| pod.metadata.labels.get(key) == Some(value));
    let seconds = set.spec.min_ready_seconds;
    let count = |counts: &dyn Fn(&Pod) -> bool| number(pods.iter().filter(|pod| counts(pod)).count());
    let status = ReplicaSetStatus {
        replicas: number(pods.len()),
        fully_labeled_replicas: count(&is_labeled),
        ready_replicas: count(&Pod::is_ready),
        available_replicas: count(&|pod| pod.is_available(seconds, world.time)),
        terminating_replicas: Some(number(terminating)),
        observed_generation: set.metadata.generation,
        conditions: conditions(set, pods.len(), error, world.time),
        ..(*set.status).clone()
    };
    (status != *set.status).then_some(status)
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The conditions, with a failure as long as there is one. A failure that lasts keeps its first words.
fn conditions(set: &ReplicaSet, pods: usize, error: Option<&str>, now: Timestamp) -> List<ReplicaSetCondition> {
    let held = &set.status.conditions;
    let failed = held.iter().any(|condition| condition.r#type == REPLICA_FAILURE);
    match error {
        Some(error) if !failed => {
            let wanted = usize::try_from(set.spec.replicas.unwrap_or(1)).unwrap_or_default();
            let reason = if pods < wanted { "FailedCreate" } else { "FailedDelete" };
            held.with(ReplicaSetCondition {
                r#type: REPLICA_FAILURE.into(),
                status: "True".into(),
                last_transition_time: Some(now),
                reason: reason.into(),
                message: error.into(),
                ..ReplicaSetCondition::default()
            })
        }
        None if failed => held.iter().filter(|condition| condition.r#type != REPLICA_FAILURE).cloned().collect(),
        Some(_) | None => held.clone(),
    }
}

/// How long it takes until a pod has been ready for so many seconds, if it is ready and has not been so long.
pub(super) fn availability_check(pod: &Pod, seconds: i32, world: &World<'_>) -> Option<Duration> {
    let ready = pod.condition("Ready").filter(|_| pod.is_ready())?;
    let available = ready.last_transition_time?.unix_seconds().saturating_add(i64::from(seconds));
    let whole = u64::try_from(available.saturating_sub(world.time.unix_seconds())).ok().filter(|rest| *rest > 0)?;
    // Timestamps are whole seconds, virtual time is finer.
    Some(Duration::from_secs(whole).saturating_sub(Duration::from_nanos(world.now.subsec_nanos().into())))
}
