//! The controller of ReplicaSets: so many pods of one template, whichever they are (`WL-10`, `WL-13`).
//!
//! Follows `syncReplicaSet` and `manageReplicas` of `pkg/controller/replicaset/replica_set.go`. Of the pods that a pass
//! makes or deletes its own status says nothing yet; the change of a pod begins the next pass, which sees them.

mod pods;
mod rank;
mod status;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::api::ApiError;
use crate::controllers::ownership::{Claiming, fresh};
use crate::controllers::replica_set::pods::{Creation, is_active, is_terminating};
use crate::controllers::replica_set::rank::deletions;
use crate::controllers::replica_set::status::{availability_check, new_status};
use crate::controllers::turn::{Emission, EventType, Resumed, Turn, World};
use crate::model::kind::{Kind, Object};
use crate::model::pod::Pod;
use crate::model::replica_set::ReplicaSet;
use crate::model::selector::Predicate;
use crate::store::{DeleteOptions, Write};

/// How many pods a pass makes or deletes at most.
const BURST: usize = 500;

/// A pass over a set.
#[derive(Clone, Debug)]
pub(crate) struct ReplicaSetSync {
    set: Arc<ReplicaSet>,
    /// The pods that it manages and that neither ended nor are being deleted, as they were when it looked.
    pods: Vec<Arc<Pod>>,
    /// How many more are being deleted.
    terminating: usize,
    /// Why pods could not be made or deleted.
    error: Option<String>,
    step: Step,
}

#[derive(Clone, Debug)]
enum Step {
    Claim(Claiming<Pod>),
    Create(Creation),
    Delete(VecDeque<Arc<Pod>>),
    Status { retried: bool },
}

impl ReplicaSetSync {
    /// Begins a pass.
    pub(crate) fn start(set: &Arc<ReplicaSet>, world: &World<'_>) -> Turn<Self> {
        // A selector that makes no predicate cannot be helped by trying again.
        let Ok(predicate) = Predicate::of(set.spec.selector.as_deref()) else {
            return Turn::done();
        };
        let claiming = Claiming::start(&**set, &predicate, world, is_active);
        let managed = world.store.managed::<Pod>(&set.metadata.uid);
        let terminating = managed.filter(|pod| is_terminating(pod) && predicate.matches(&pod.metadata.labels)).count();
        let step = Step::Claim(claiming);
        Self { set: Arc::clone(set), pods: Vec::new(), terminating, error: None, step }.go_on(world)
    }

    /// Goes on with the result of a write.
    pub(crate) fn resume(mut self, resumed: Resumed, world: &World<'_>) -> Turn<Self> {
        let mut event = None;
        match &mut self.step {
            Step::Claim(claiming) => claiming.took(resumed),
            Step::Create(creation) => event = creation.took(resumed, &self.set),
            Step::Delete(pods) => {
                if let Some(pod) = pods.pop_front() {
                    event = self.note_deletion(&pod, resumed);
                }
            }
            Step::Status { retried } => {
                let retried = *retried;
                return self.end(resumed, retried, world);
            }
        }
        let turn = self.go_on(world);
        match event {
            Some(event) => turn.emitting(event),
            None => turn,
        }
    }

    /// Asks for the next write.
    fn go_on(mut self, world: &World<'_>) -> Turn<Self> {
        loop {
            let write = match &mut self.step {
                Step::Claim(claiming) => claiming.next(world),
                Step::Create(creation) => creation.next(&self.set, world),
                Step::Delete(pods) => {
                    pods.front().map(|pod| Write::delete(Kind::Pod.named(pod.key()), DeleteOptions::default()))
                }
                Step::Status { .. } => return self.report(world),
            };
            if let Some(write) = write {
                return Turn::write(write, "WL-10", self);
            }
            self.step = match self.step {
                Step::Claim(claiming) => match claiming.finish() {
                    Err(error) => return Turn::failed(error.message),
                    Ok(pods) => {
                        self.pods = pods;
                        manage(&self.set, &self.pods)
                    }
                },
                Step::Create(creation) => {
                    self.error = creation.error();
                    Step::Status { retried: false }
                }
                Step::Delete(_) | Step::Status { .. } => Step::Status { retried: false },
            };
        }
    }

    fn note_deletion(&mut self, pod: &Pod, resumed: Resumed) -> Option<Emission> {
        let set = &*self.set;
        match resumed {
            Resumed::Written(Err(ApiError::NotFound { .. })) => None,
            Resumed::Written(Err(error)) => {
                let message = format!("Error deleting: {error}");
                self.error.get_or_insert_with(|| format!("unable to delete pods: {error}"));
                Some(Emission::on(set, EventType::Warning, "FailedDelete", message))
            }
            _ => {
                let message = format!("Deleted pod: {}", pod.metadata.name);
                Some(Emission::on(set, EventType::Normal, "SuccessfulDelete", message))
            }
        }
    }

    /// Writes the status, if it differs.
    fn report(self, world: &World<'_>) -> Turn<Self> {
        if let Some(status) = new_status(&self.set, &self.pods, self.terminating, self.error.as_deref(), world) {
            let set = ReplicaSet { status: status.into(), ..(*self.set).clone() };
            return Turn::write(Write::UpdateStatus(Object::from(set)), "WL-13", self);
        }
        let set = Arc::clone(&self.set);
        self.finish(&set, world)
    }

    /// Ends when the status was written. A conflict is tried again once, with the newest copy.
    fn end(mut self, resumed: Resumed, retried: bool, world: &World<'_>) -> Turn<Self> {
        match resumed.replica_set() {
            Ok(set) => self.finish(&set, world),
            Err(_) if !retried && fresh(&self.set, world).is_some() => {
                self.set = fresh(&self.set, world).unwrap_or(self.set);
                self.step = Step::Status { retried: true };
                self.report(world)
            }
            Err(error) => Turn::failed(error.message),
        }
    }

    /// Comes back when a pod that is ready has been so for long enough.
    fn finish(self, set: &ReplicaSet, world: &World<'_>) -> Turn<Self> {
        if let Some(error) = self.error {
            return Turn::failed(error);
        }
        let seconds = set.spec.min_ready_seconds;
        if seconds <= 0 || set.status.ready_replicas == set.status.available_replicas {
            return Turn::done();
        }
        let all = Duration::from_secs(u64::from(seconds.unsigned_abs()));
        let checks = self.pods.iter().filter_map(|pod| availability_check(pod, seconds, world));
        Turn::done().waking(checks.min().unwrap_or(all))
    }
}

/// Makes the pods that are missing, or deletes those that are too many. A set that is being deleted does neither.
fn manage(set: &ReplicaSet, pods: &[Arc<Pod>]) -> Step {
    let wanted = usize::try_from(set.spec.replicas.unwrap_or(1)).unwrap_or_default();
    if set.metadata.is_deleting() || pods.len() == wanted {
        Step::Status { retried: false }
    } else if pods.len() < wanted {
        Step::Create(Creation::new((wanted - pods.len()).min(BURST)))
    } else {
        Step::Delete(deletions(pods, (pods.len() - wanted).min(BURST)).into())
    }
}
