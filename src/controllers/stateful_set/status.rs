//! What the status of a set says (`STS-48`, `STS-50`).

use std::sync::Arc;

use crate::api::ApiError;
use crate::controllers::stateful_set::plan::Plan;
use crate::controllers::stateful_set::roster::Counts;
use crate::controllers::stateful_set::work::Asked;
use crate::controllers::turn::World;
use crate::model::kind::Object;
use crate::model::reference::NamespacedName;
use crate::model::stateful_set::{StatefulSet, StatefulSetStatus, UpdateStrategyType};
use crate::model::text::Text;
use crate::store::Write;

/// How often a status is written when the set changes meanwhile.
const TRIES: u32 = 5;

/// The status of a set as a pass computes it.
pub(super) fn status_of(plan: &Plan, counts: Counts, collisions: i32) -> StatefulSetStatus {
    StatefulSetStatus {
        observed_generation: plan.set.metadata.generation,
        replicas: counts.replicas,
        ready_replicas: counts.ready,
        current_replicas: counts.current,
        updated_replicas: counts.updated,
        available_replicas: counts.available,
        current_revision: plan.current.metadata.name.clone(),
        update_revision: plan.update.metadata.name.clone(),
        collision_count: Some(collisions),
        ..StatefulSetStatus::default()
    }
}

/// Completes an update when every pod is at the update revision and ready (`STS-48`).
fn complete(set: &StatefulSet, status: &mut StatefulSetStatus) {
    let wanted = set.spec.replicas.unwrap_or(1);
    let rolls = set.spec.update_strategy.r#type == Some(UpdateStrategyType::RollingUpdate);
    if rolls && [status.updated_replicas, status.ready_replicas, status.replicas] == [wanted; 3] {
        status.current_replicas = status.updated_replicas;
        status.current_revision = status.update_revision.clone();
    }
}

/// Whether a status says something that the stored one does not.
fn differs(status: &StatefulSetStatus, stored: &StatefulSetStatus) -> bool {
    let counts = |status: &StatefulSetStatus| {
        let StatefulSetStatus { replicas, ready_replicas, available_replicas, .. } = *status;
        [replicas, ready_replicas, available_replicas, status.current_replicas, status.updated_replicas]
    };
    status.observed_generation > stored.observed_generation
        || counts(status) != counts(stored)
        || status.current_revision != stored.current_revision
        || status.update_revision != stored.update_revision
}

/// The write of a status, tried again where the set changes meanwhile.
#[derive(Clone, Debug)]
pub(super) struct Report {
    status: StatefulSetStatus,
    /// The set that the status is written to; none when nothing is left to be written.
    set: Option<Arc<StatefulSet>>,
    tries: u32,
    pub(super) error: Option<Text>,
}

impl Report {
    pub(super) fn new(set: &Arc<StatefulSet>, mut status: StatefulSetStatus) -> Self {
        complete(set, &mut status);
        let set = differs(&status, &set.status).then(|| Arc::clone(set));
        Self { status, set, tries: 0, error: None }
    }

    /// The write, if there is one.
    pub(super) fn next(&mut self) -> Option<Asked> {
        let mut set = (**self.set.as_ref()?).clone();
        set.status = self.status.clone().into();
        Some((Write::UpdateStatus(Object::StatefulSet(Arc::new(set))), "STS-50"))
    }

    pub(super) fn took(&mut self, result: Result<Object, ApiError>, world: &World<'_>) {
        let set = self.set.take();
        self.tries += 1;
        match result {
            Ok(_) => {}
            Err(error) if error.is_conflict() && self.tries < TRIES => {
                let key = set.as_ref().map(|set| NamespacedName::new(&set.metadata.namespace, &set.metadata.name));
                let fresh = key.and_then(|key| world.store.sets.find(&key).cloned());
                self.set = fresh.or(set);
            }
            Err(error) => self.error = Some(error.to_string().into()),
        }
    }

    /// Whether a pod is ready and not yet available, so that time alone changes something (`STS-23`).
    pub(super) fn awaits_availability(&self) -> bool {
        self.status.ready_replicas != self.status.available_replicas
    }
}
