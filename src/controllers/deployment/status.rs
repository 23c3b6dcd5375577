//! The status of a deployment, its progress, and when that is looked at again.
//!
//! Follows `pkg/controller/deployment/progress.go` and `calculateStatus` of `sync.go`.

use std::time::Duration;

use crate::controllers::deployment::conditions::{
    AVAILABLE, NEW_SET_AVAILABLE, PROGRESSING, Progress, TIMED_OUT, condition, find, has_deadline, with, without,
};
use crate::controllers::deployment::limits::Limits;
use crate::controllers::deployment::replica_sets::ReplicaSets;
use crate::controllers::turn::World;
use crate::model::deployment::{Deployment, DeploymentCondition, DeploymentStatus};
use crate::model::replica_set::ReplicaSetStatus;
use crate::model::time::Timestamp;

const REPLICA_FAILURE: &str = "ReplicaFailure";

/// The status that follows from the ReplicaSets, with the condition `Available`.
pub(super) fn plain_status(deployment: &Deployment, sets: &ReplicaSets, now: Timestamp) -> DeploymentStatus {
    let sum = |field: fn(&ReplicaSetStatus) -> i32| sets.seen.iter().map(|set| field(&set.status)).sum::<i32>();
    let available = sum(|status| status.available_replicas);
    let minimum = available >= Limits::of(deployment).fewest_available();
    let (holds, reason, message) = if minimum {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    let old = &deployment.status;
    DeploymentStatus {
        observed_generation: deployment.metadata.generation,
        replicas: sum(|status| status.replicas),
        updated_replicas: sets.newest().map_or(0, |new| new.status.replicas),
        ready_replicas: sum(|status| status.ready_replicas),
        available_replicas: available,
        unavailable_replicas: (sets.total_size() - available).max(0),
        terminating_replicas: terminating(sets),
        conditions: with(&old.conditions, condition(AVAILABLE, holds, reason, message, now)),
        ..(**old).clone()
    }
}

/// How many pods are being deleted; unknown where a ReplicaSet does not say.
fn terminating(sets: &ReplicaSets) -> Option<i32> {
    let known = sets.seen.iter().filter(|set| {
        let status = &set.status;
        status.observed_generation != 0 || status.terminating_replicas.is_some()
    });
    known.map(|set| set.status.terminating_replicas).sum()
}

/// The status of a rollout: with its progress, and with the failure of a ReplicaSet if there is one.
pub(super) fn rollout_status(deployment: &Deployment, sets: &ReplicaSets, now: Timestamp) -> DeploymentStatus {
    let mut status = plain_status(deployment, sets, now);
    if has_deadline(deployment) {
        note_progress(&mut status, deployment, sets, now);
    } else {
        status.conditions = without(&status.conditions, PROGRESSING);
    }
    status.conditions = match failure(sets) {
        Some(failure) => with(&status.conditions, failure),
        None => without(&status.conditions, REPLICA_FAILURE),
    };
    status
}

fn note_progress(status: &mut DeploymentStatus, deployment: &Deployment, sets: &ReplicaSets, now: Timestamp) {
    let held = find(&deployment.status.conditions, PROGRESSING);
    let was_done = held.is_some_and(|held| held.reason == NEW_SET_AVAILABLE);
    if was_done && status.replicas == status.updated_replicas {
        return;
    }
    let who = match sets.newest() {
        Some(new) => format!("ReplicaSet {:?}", new.metadata.name),
        None => format!("Deployment {:?}", deployment.metadata.name),
    };
    if is_complete(deployment, status) {
        *status = Progress::Done(&who).noted(status, now);
    } else if is_moving(&deployment.status, status) {
        status.conditions = Progress::Moving(&who).renewed(&status.conditions, now);
    } else if is_timed_out(deployment, now) {
        *status = Progress::TimedOut(&who).noted(status, now);
    }
}

/// Whether all pods are of the new template and available.
pub(super) fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let wanted = Limits::of(deployment).replicas;
    status.updated_replicas == wanted
        && status.replicas == wanted
        && status.available_replicas == wanted
        && status.observed_generation >= deployment.metadata.generation
}

/// Whether there are more new, ready or available pods, or fewer old ones.
fn is_moving(before: &DeploymentStatus, after: &DeploymentStatus) -> bool {
    let old = |status: &DeploymentStatus| status.replicas - status.updated_replicas;
    after.updated_replicas > before.updated_replicas
        || old(after) < old(before)
        || after.ready_replicas > before.ready_replicas
        || after.available_replicas > before.available_replicas
}

/// The second at which a deployment has made no progress for too long, if nothing moves until then.
fn deadline(deployment: &Deployment, progress: &DeploymentCondition) -> Option<i64> {
    let seconds = deployment.spec.progress_deadline_seconds.filter(|_| has_deadline(deployment))?;
    Some(progress.last_update_time?.unix_seconds().saturating_add(i64::from(seconds)))
}

fn is_timed_out(deployment: &Deployment, now: Timestamp) -> bool {
    let Some(progress) = find(&deployment.status.conditions, PROGRESSING) else {
        return false;
    };
    match progress.reason.as_str() {
        NEW_SET_AVAILABLE => false,
        TIMED_OUT => true,
        _ => deadline(deployment, progress).is_some_and(|deadline| deadline < now.unix_seconds()),
    }
}

/// After how long a rollout that stands still is looked at again: a second after its deadline.
pub(super) fn next_check(deployment: &Deployment, status: &DeploymentStatus, world: &World<'_>) -> Option<Duration> {
    let progress = find(&deployment.status.conditions, PROGRESSING)?;
    if is_complete(deployment, status) || progress.reason == TIMED_OUT {
        return None;
    }
    let whole = deadline(deployment, progress)?.saturating_sub(world.time.unix_seconds()).saturating_add(1);
    let whole = Duration::from_secs(u64::try_from(whole.max(1)).ok()?);
    // Timestamps are whole seconds, virtual time is finer.
    Some(whole.saturating_sub(Duration::from_nanos(world.now.subsec_nanos().into())))
}

/// The failure of the newest ReplicaSet, or else of any.
fn failure(sets: &ReplicaSets) -> Option<DeploymentCondition> {
    let sets = sets.newest().into_iter().chain(&sets.seen);
    let mut failures = sets.flat_map(|set| set.status.conditions.iter());
    failures.find(|failure| failure.r#type == REPLICA_FAILURE).map(|failure| DeploymentCondition {
        r#type: failure.r#type.clone(),
        status: failure.status.clone(),
        last_update_time: failure.last_transition_time,
        last_transition_time: failure.last_transition_time,
        reason: failure.reason.clone(),
        message: failure.message.clone(),
        ..DeploymentCondition::default()
    })
}
