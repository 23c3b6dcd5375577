//! The conditions of a deployment, and what each of them says.
//!
//! Follows `pkg/controller/deployment/util/deployment_util.go`, `SetDeploymentCondition` in particular.

use crate::model::deployment::{Deployment, DeploymentCondition, DeploymentStatus};
use crate::model::list::List;
use crate::model::time::Timestamp;

pub(super) const PROGRESSING: &str = "Progressing";
pub(super) const AVAILABLE: &str = "Available";
pub(super) const NEW_SET_AVAILABLE: &str = "NewReplicaSetAvailable";
pub(super) const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";

/// What is known of the progress of a deployment. The text is the name of the ReplicaSet that it is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Progress<'t> {
    /// A ReplicaSet was made.
    Created(&'t str),
    /// There was one.
    Found(&'t str),
    /// None could be made; the text is the whole message.
    NotCreated(&'t str),
    /// Who comes further; the text is the whole subject.
    Moving(&'t str),
    /// All pods are there.
    Done(&'t str),
    /// Nothing has moved for too long.
    TimedOut(&'t str),
    /// Somebody paused it.
    Paused,
    /// It goes on.
    Resumed,
}

impl Progress<'_> {
    fn condition(self, now: Timestamp) -> DeploymentCondition {
        let (status, reason, message) = match self {
            Self::Created(name) => ("True", "NewReplicaSetCreated", format!("Created new replica set {name:?}")),
            Self::Found(name) => ("True", "FoundNewReplicaSet", format!("Found new replica set {name:?}")),
            Self::NotCreated(message) => ("False", "ReplicaSetCreateError", message.to_owned()),
            Self::Moving(who) => ("True", "ReplicaSetUpdated", format!("{who} is progressing.")),
            Self::Done(who) => ("True", NEW_SET_AVAILABLE, format!("{who} has successfully progressed.")),
            Self::TimedOut(who) => ("False", TIMED_OUT, format!("{who} has timed out progressing.")),
            Self::Paused => ("Unknown", PAUSED, "Deployment is paused".to_owned()),
            Self::Resumed => ("Unknown", "DeploymentResumed", "Deployment is resumed".to_owned()),
        };
        condition(PROGRESSING, status, reason, &message, now)
    }

    /// The status with this condition.
    pub(super) fn noted(self, status: &DeploymentStatus, now: Timestamp) -> DeploymentStatus {
        let mut status = status.clone();
        status.conditions = with(&status.conditions, self.condition(now));
        status
    }

    /// The conditions with this one anew: its time of writing is now even where it says what it said.
    pub(super) fn renewed(self, conditions: &List<DeploymentCondition>, now: Timestamp) -> List<DeploymentCondition> {
        let mut new = self.condition(now);
        if let Some(held) = find(conditions, PROGRESSING).filter(|held| held.status == "True") {
            new.last_transition_time = held.last_transition_time;
        }
        without(conditions, PROGRESSING).with(new)
    }
}

/// A condition that was written and has changed now.
pub(super) fn condition(
    r#type: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: Timestamp,
) -> DeploymentCondition {
    DeploymentCondition {
        r#type: r#type.into(),
        status: status.into(),
        last_update_time: Some(now),
        last_transition_time: Some(now),
        reason: reason.into(),
        message: message.into(),
        ..DeploymentCondition::default()
    }
}

pub(super) fn find<'c>(conditions: &'c [DeploymentCondition], r#type: &str) -> Option<&'c DeploymentCondition> {
    conditions.iter().find(|condition| condition.r#type == *r#type)
}

/// Sets a condition. One of the same status and reason stays as it is, whatever it says; the time of the last
/// transition changes with the status only.
pub(super) fn with(
    conditions: &List<DeploymentCondition>,
    mut condition: DeploymentCondition,
) -> List<DeploymentCondition> {
    let held = find(conditions, &condition.r#type).filter(|held| held.status == condition.status);
    if held.is_some_and(|held| held.reason == condition.reason) {
        return conditions.clone();
    }
    if let Some(held) = held {
        condition.last_transition_time = held.last_transition_time;
    }
    without(conditions, &condition.r#type).with(condition)
}

pub(super) fn without(conditions: &List<DeploymentCondition>, r#type: &str) -> List<DeploymentCondition> {
    if find(conditions, r#type).is_none() {
        return conditions.clone();
    }
    conditions.iter().filter(|condition| condition.r#type != *r#type).cloned().collect()
}

/// Whether a deployment must make progress in time.
pub(super) fn has_deadline(deployment: &Deployment) -> bool {
    deployment.spec.progress_deadline_seconds.is_some_and(|seconds| seconds != i32::MAX)
}

/// Whether there is a condition of its progress.
pub(super) fn is_progress_known(deployment: &Deployment) -> bool {
    find(&deployment.status.conditions, PROGRESSING).is_some()
}

/// The status of a deployment that was paused or goes on since it was last looked at.
pub(super) fn paused_status(deployment: &Deployment, now: Timestamp) -> Option<DeploymentStatus> {
    let reason = find(&deployment.status.conditions, PROGRESSING).map(|held| held.reason.as_str());
    if !has_deadline(deployment) || reason == Some(TIMED_OUT) {
        return None;
    }
    let progress = match (deployment.spec.paused, reason == Some(PAUSED)) {
        (true, false) => Progress::Paused,
        (false, true) => Progress::Resumed,
        (true, true) | (false, false) => return None,
    };
    Some(progress.noted(&deployment.status, now))
}
