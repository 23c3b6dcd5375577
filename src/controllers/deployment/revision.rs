//! Revisions: a ReplicaSet for each template, with a number that rises whenever the template becomes the wanted one.
//!
//! Follows `getNewReplicaSet` of `pkg/controller/deployment/sync.go` and `SetNewReplicaSetAnnotations` of
//! `pkg/controller/deployment/util/deployment_util.go`. The hash in the name is that of `spelling` (`ND-9`).

use crate::api::ApiError;
use crate::controllers::deployment::conditions::{Progress, has_deadline, is_progress_known};
use crate::controllers::deployment::limits::Limits;
use crate::controllers::deployment::replica_sets::ReplicaSets;
use crate::controllers::deployment::rolling::first_size;
use crate::controllers::deployment::scaling_event;
use crate::controllers::ownership::controller_reference;
use crate::controllers::spelling::hash;
use crate::controllers::turn::{Emission, EventType};
use crate::model::deployment::Deployment;
use crate::model::list::StringMap;
use crate::model::metadata::{Identity, ObjectMeta, RareMetadata};
use crate::model::names::{
    DESIRED_REPLICAS, LAST_APPLIED, MAX_REPLICAS, POD_TEMPLATE_HASH, REVISION, REVISION_HISTORY, ROLLBACK_TO,
};
use crate::model::replica_set::{ReplicaSet, ReplicaSetSpec};
use crate::model::shared::Shared;
use crate::model::text::Text;
use crate::model::time::Timestamp;

/// Annotations of a deployment that its ReplicaSets do not get.
const OWN: [&str; 6] = [LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS, ROLLBACK_TO];
/// How long the list of former revisions may become.
const LONGEST_HISTORY: usize = 2000;
/// How long a name may be.
const LONGEST_NAME: usize = 253;

/// A ReplicaSet to be made, and how many pods it wants at first.
#[derive(Clone, Debug)]
pub(super) struct NewSet {
    pub(super) set: ReplicaSet,
    size: i32,
    revision: i64,
}

/// What follows from making a ReplicaSet, or from failing to.
#[derive(Default)]
pub(super) struct Outcome {
    /// What is said at once.
    pub(super) event: Option<Emission>,
    /// The deployment with another status.
    pub(super) deployment: Option<Deployment>,
    /// What is said when that was written.
    pub(super) event_after: Option<Emission>,
    /// Why the pass fails.
    pub(super) error: Option<String>,
}

/// The number of a ReplicaSet's template, nothing where there is none; `None` where it cannot be read.
pub(super) fn revision(set: &ReplicaSet) -> Option<i64> {
    set.metadata.annotations.get(REVISION).map_or(Some(0), |text| text.parse().ok())
}

/// The ReplicaSet of the wanted template with the annotations and the `minReadySeconds` that it needs; nothing where it
/// has them.
pub(super) fn updated_annotations(deployment: &Deployment, set: &ReplicaSet, number: i64) -> Option<ReplicaSet> {
    let mut new = set.clone();
    new.metadata.annotations = annotations(deployment, set, number);
    new.spec.min_ready_seconds = deployment.spec.min_ready_seconds;
    let same = new.metadata.annotations == set.metadata.annotations
        && new.spec.min_ready_seconds == set.spec.min_ready_seconds;
    (!same).then_some(new)
}

/// The annotations of a ReplicaSet: those of the deployment, and a revision above that of every other template.
fn annotations(deployment: &Deployment, set: &ReplicaSet, number: i64) -> StringMap {
    let mut annotations = copied(deployment, &set.metadata.annotations);
    let Some(former) = revision(set) else {
        return annotations;
    };
    if former >= number {
        return annotations;
    }
    if let Some(former) = set.metadata.annotations.get(REVISION) {
        let history = annotations.get(REVISION_HISTORY).cloned().unwrap_or_default();
        if let Some(history) = longer_history(&history, former) {
            annotations = annotations.with(REVISION_HISTORY, history);
        }
    }
    annotations.with(REVISION, number.to_string())
}

fn copied(deployment: &Deployment, held: &StringMap) -> StringMap {
    let theirs = deployment.metadata.annotations.iter().filter(|(key, _)| !OWN.contains(&key.as_str()));
    let missing = theirs.filter(|(key, value)| held.get(key) != Some(*value));
    missing.fold(held.clone(), |held, (key, value)| held.with(key, value))
}

/// A list of revisions with one more at its end, without as many of the first as it takes to be short enough.
fn longer_history(history: &str, revision: &str) -> Option<String> {
    if history.is_empty() {
        return Some(revision.to_owned());
    }
    let mut kept = history;
    while kept.len() + revision.len() + 1 > LONGEST_HISTORY {
        kept = kept.split_once(',')?.1;
    }
    Some(format!("{kept},{revision}"))
}

/// The deployment with the revision of its ReplicaSet, and with a condition where it has none of its progress; nothing
/// where it has both.
pub(super) fn updated_deployment(deployment: &Deployment, set: &ReplicaSet, now: Timestamp) -> Option<Deployment> {
    let number = set.metadata.annotations.get(REVISION).cloned().unwrap_or_default();
    let found = has_deadline(deployment) && !is_progress_known(deployment);
    let numbered = deployment.metadata.annotations.get(REVISION) == Some(&number);
    if numbered && !found {
        return None;
    }
    let mut new = deployment.clone();
    new.metadata.annotations = new.metadata.annotations.with(REVISION, number);
    if found {
        new.status = Progress::Found(&set.metadata.name).noted(&deployment.status, now).into();
    }
    Some(new)
}

impl NewSet {
    /// The ReplicaSet that a deployment needs for its template.
    pub(super) fn of(deployment: &Deployment, sets: &ReplicaSets) -> Self {
        let spec = &deployment.spec;
        let hash = Text::from(hash(&*spec.template, deployment.status.collision_count));
        let mut template = spec.template.clone();
        template.metadata.labels = template.metadata.labels.with(POD_TEMPLATE_HASH, &hash);
        let mut selector = spec.selector.clone().unwrap_or_default();
        selector.match_labels = selector.match_labels.with(POD_TEMPLATE_HASH, &hash);
        let prefix = deployment.metadata.name.chars().take(LONGEST_NAME - 1 - hash.len());
        let identity = Identity {
            name: format!("{}-{hash}", prefix.collect::<String>()).into(),
            namespace: deployment.metadata.namespace.clone(),
            labels: template.metadata.labels.clone(),
            rare: RareMetadata {
                owner_references: [controller_reference(deployment)].into(),
                ..RareMetadata::default()
            }
            .into(),
            ..Identity::default()
        };
        let (size, revision) = (first_size(deployment, sets), sets.max_old_revision() + 1);
        let limits = Limits::of(deployment);
        let annotations = copied(deployment, &StringMap::default()).with(REVISION, revision.to_string());
        let annotations = annotations.with(DESIRED_REPLICAS, limits.replicas.to_string());
        let metadata = ObjectMeta {
            annotations: annotations.with(MAX_REPLICAS, limits.most().to_string()),
            identity: Shared::new(identity),
            ..ObjectMeta::default()
        };
        let spec = ReplicaSetSpec {
            replicas: Some(size),
            min_ready_seconds: spec.min_ready_seconds,
            selector: Some(selector),
            template,
            ..ReplicaSetSpec::default()
        };
        let set = ReplicaSet { metadata, spec: spec.into(), ..ReplicaSet::default() };
        Self { set, size, revision }
    }

    /// It was made: the deployment notes its revision.
    pub(super) fn made(&self, deployment: &Deployment, now: Timestamp) -> Outcome {
        let name = &self.set.metadata.name;
        let mut new = deployment.clone();
        new.metadata.annotations = new.metadata.annotations.with(REVISION, self.revision.to_string());
        if has_deadline(deployment) {
            new.status = Progress::Created(name).noted(&deployment.status, now).into();
        }
        Outcome {
            event: (self.size > 0).then(|| scaling_event(deployment, name, 0, self.size)),
            deployment: (new != *deployment).then_some(new),
            ..Outcome::default()
        }
    }

    /// It was not made. Where its name is taken, another one is tried next; anything else is noted.
    pub(super) fn refused(&self, deployment: &Deployment, error: &ApiError, now: Timestamp) -> Outcome {
        let mut new = deployment.clone();
        let error_text = Some(error.to_string());
        if error.is_already_exists() {
            let collisions = new.status.collision_count.unwrap_or_default();
            new.status.collision_count = Some(collisions.saturating_add(1));
            return Outcome { deployment: Some(new), error: error_text, ..Outcome::default() };
        }
        let message = format!("Failed to create new replica set {:?}: {error}", self.set.metadata.name);
        if has_deadline(deployment) {
            new.status = Progress::NotCreated(&message).noted(&deployment.status, now).into();
        }
        Outcome {
            event: None,
            deployment: (new != *deployment).then_some(new),
            event_after: Some(Emission::on(deployment, EventType::Warning, "ReplicaSetCreateError", message)),
            error: error_text,
        }
    }
}
