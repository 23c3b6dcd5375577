//! The controller of Deployments: one ReplicaSet for each template, and how the pods move from one to the next
//! (`WL-12`, `WL-13`).
//!
//! Follows `syncDeployment` of `pkg/controller/deployment/deployment_controller.go`. A pass ends where it has written to the
//! Deployment itself or to the annotations of its newest ReplicaSet: the original goes on with the copy that it read
//! before, so that its next write of the kind is a conflict and it starts over.

mod conditions;
mod limits;
mod replica_sets;
mod revision;
mod rolling;
mod scaling;
mod status;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::api::ApiError;
use crate::controllers::deployment::conditions::paused_status;
use crate::controllers::deployment::limits::Limits;
use crate::controllers::deployment::replica_sets::ReplicaSets;
use crate::controllers::deployment::revision::{NewSet, updated_annotations, updated_deployment};
use crate::controllers::deployment::scaling::{Scale, is_scaled, proportional};
use crate::controllers::deployment::status::{is_complete, next_check, plain_status, rollout_status};
use crate::controllers::ownership::Claiming;
use crate::controllers::turn::{Emission, EventType, Resumed, SyncError, Turn, World};
use crate::model::deployment::{Deployment, DeploymentStatus, DeploymentStrategyType};
use crate::model::kind::{Kind, Object};
use crate::model::reference::NamespacedName;
use crate::model::replica_set::ReplicaSet;
use crate::model::selector::{LabelSelector, Predicate};
use crate::store::{DeleteOptions, Write};

/// A pass over a deployment.
#[derive(Clone, Debug)]
pub(crate) struct DeploymentSync {
    deployment: Arc<Deployment>,
    sets: ReplicaSets,
    step: Step,
}

/// What is being written.
#[derive(Clone, Debug)]
enum Step {
    /// Owner references.
    Claim(Claiming<ReplicaSet>),
    /// A ReplicaSet for a template that has none.
    Create(Box<NewSet>),
    /// Sizes of ReplicaSets, one after the other.
    Scale { plan: VecDeque<Scale>, then: Then },
    /// Old ReplicaSets that are no longer kept.
    Clean { old: VecDeque<Arc<ReplicaSet>>, report: Report },
    /// Something after which the pass ends, with an error if there was one, and what is said then.
    Last { error: Option<String>, event: Option<Box<Emission>> },
}

/// What comes when ReplicaSets have been scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// The status.
    Report(Report),
    /// Old ReplicaSets are removed, then the status.
    Clean(Report),
    /// The status of a rollout. Where scaling failed, it goes on as if nothing had to be scaled.
    Tolerant,
}

/// Which status is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Report {
    /// That of a deployment that stands still or is scaled.
    Plain,
    /// That of a rollout, with its progress.
    Rollout,
}

impl DeploymentSync {
    /// Begins a pass.
    pub(crate) fn start(deployment: &Arc<Deployment>, world: &World<'_>) -> Turn<Self> {
        let key = &deployment.metadata;
        if deployment.spec.selector.as_deref() == Some(&LabelSelector::default()) {
            let message = "This deployment is selecting all pods. A non-empty selector is required.";
            return Turn::done().emitting(Emission::on(&**deployment, EventType::Warning, "SelectingAll", message));
        }
        let predicate = match Predicate::of(deployment.spec.selector.as_deref()) {
            Ok(predicate) => predicate,
            Err(error) => {
                let name = format!("{}/{}", key.namespace, key.name);
                return Turn::failed(format!("deployment {name} has invalid label selector: {error}"));
            }
        };
        let claiming = Claiming::start(&**deployment, &predicate, world, |_| true);
        let sets = ReplicaSets::default();
        Self { deployment: Arc::clone(deployment), sets, step: Step::Claim(claiming) }.go_on(world)
    }

    /// Goes on with the result of a write.
    pub(crate) fn resume(self, resumed: Resumed, world: &World<'_>) -> Turn<Self> {
        let Self { deployment, sets, step } = self;
        match step {
            Step::Claim(mut claiming) => {
                claiming.took(resumed);
                Self { deployment, sets, step: Step::Claim(claiming) }.go_on(world)
            }
            Step::Create(new) => Self { deployment, sets, step: Step::Create(new) }.created(resumed, world),
            Step::Scale { plan, then } => {
                Self { deployment, sets, step: Step::Scale { plan, then } }.scaled(resumed, world)
            }
            Step::Clean { mut old, report } => match resumed {
                Resumed::Written(Err(error)) if !matches!(error, ApiError::NotFound { .. }) => {
                    Turn::failed(error.to_string())
                }
                _ => {
                    old.pop_front();
                    Self { deployment, sets, step: Step::Clean { old, report } }.go_on(world)
                }
            },
            Step::Last { error, event } => last(resumed, error, event.map(|event| *event)),
        }
    }

    /// Asks for the next write of a step that has several, or begins the next step.
    fn go_on(mut self, world: &World<'_>) -> Turn<Self> {
        loop {
            let write = match &mut self.step {
                Step::Claim(claiming) => claiming.next(world),
                Step::Scale { plan, .. } => self.sets.next_scale(plan, &self.deployment),
                Step::Clean { old, .. } => old.front().map(|set| {
                    let key = Kind::ReplicaSet.named(NamespacedName::new(&set.metadata.namespace, &set.metadata.name));
                    Write::delete(key, DeleteOptions::default())
                }),
                Step::Create(_) | Step::Last { .. } => None,
            };
            if let Some(write) = write {
                return Turn::write(write, "WL-12", self);
            }
            match self.step {
                Step::Claim(claiming) => match claiming.finish() {
                    Err(error) => return Turn::failed(error.message),
                    Ok(sets) => {
                        let sets = ReplicaSets::new(sets, &self.deployment, world);
                        let step = Step::Last { error: None, event: None };
                        return Self { sets, step, ..self }.decide(world);
                    }
                },
                Step::Scale { then: Then::Clean(report), .. } => self.step = self.clean(report),
                Step::Scale { then: Then::Report(report), .. } | Step::Clean { report, .. } => {
                    return self.report(report, world);
                }
                Step::Scale { then: Then::Tolerant, .. } => return self.report(Report::Rollout, world),
                Step::Create(_) | Step::Last { .. } => return Turn::done(),
            }
        }
    }

    /// What a deployment needs, now that its ReplicaSets are known.
    fn decide(self, world: &World<'_>) -> Turn<Self> {
        let deployment = &*self.deployment;
        let (is_deleting, is_paused) = (deployment.metadata.is_deleting(), deployment.spec.paused);
        if !is_deleting && let Some(status) = paused_status(deployment, world.time) {
            return self.write_status(status);
        }
        if let Some(new) = self.sets.newest() {
            if let Some(set) = updated_annotations(deployment, new, self.sets.max_old_revision() + 1) {
                return self.write_last(Write::Update(Object::from(set)));
            }
            if let Some(deployment) = updated_deployment(deployment, new, world.time) {
                return self.write_last(Write::UpdateStatus(Object::from(deployment)));
            }
        }
        if is_deleting {
            return self.report(Report::Plain, world);
        }
        if is_paused || is_scaled(deployment, &self.sets) {
            let plan = proportional(deployment, &self.sets);
            let then = if is_paused { Then::Clean(Report::Plain) } else { Then::Report(Report::Plain) };
            return self.scale(plan, then, world);
        }
        match deployment.spec.strategy.r#type {
            Some(DeploymentStrategyType::Recreate) => self.recreate(world),
            Some(DeploymentStrategyType::RollingUpdate) => self.roll(world),
            None | Some(DeploymentStrategyType::Other(_)) => {
                let strategy = deployment.spec.strategy.r#type.clone().unwrap_or_default();
                Turn::failed(format!("unexpected deployment strategy type: {}", strategy.as_str()))
            }
        }
    }

    /// All old pods go before new ones come.
    fn recreate(self, world: &World<'_>) -> Turn<Self> {
        let old = self.sets.active_old().map(|at| Scale::to(at, 0)).collect::<VecDeque<_>>();
        if !old.is_empty() {
            return self.scale(old, Then::Report(Report::Rollout), world);
        }
        if self.sets.has_old_pods(world.store) {
            return self.report(Report::Rollout, world);
        }
        match self.sets.new {
            None => self.create(),
            Some(new) => {
                let wanted = Limits::of(&self.deployment).replicas;
                self.scale([Scale::to(new, wanted)].into(), Then::Clean(Report::Rollout), world)
            }
        }
    }

    /// New pods come while old ones go (`WL-12`).
    fn roll(self, world: &World<'_>) -> Turn<Self> {
        let Some(new) = self.sets.new else {
            return self.create();
        };
        if let Some(size) = rolling::new_size(&self.deployment, &self.sets) {
            return self.scale([Scale::to(new, size)].into(), Then::Report(Report::Rollout), world);
        }
        let plan = rolling::old_sizes(&self.deployment, &self.sets);
        let then = if plan.is_empty() { Then::Clean(Report::Rollout) } else { Then::Tolerant };
        self.scale(plan, then, world)
    }

    fn scale(mut self, plan: VecDeque<Scale>, then: Then, world: &World<'_>) -> Turn<Self> {
        self.step = Step::Scale { plan, then };
        self.go_on(world)
    }

    /// Takes the result of scaling a ReplicaSet.
    fn scaled(mut self, resumed: Resumed, world: &World<'_>) -> Turn<Self> {
        let Step::Scale { plan, then } = &mut self.step else {
            return Turn::done();
        };
        match resumed.replica_set() {
            Ok(set) => {
                let event = plan.pop_front().and_then(|scale| self.sets.note_scaled(&scale, set, &self.deployment));
                let turn = self.go_on(world);
                match event {
                    Some(event) => turn.emitting(event),
                    None => turn,
                }
            }
            Err(_) if *then == Then::Tolerant => {
                self.step = Step::Scale { plan: VecDeque::new(), then: Then::Clean(Report::Rollout) };
                self.go_on(world)
            }
            Err(error) => Turn::failed(error.message),
        }
    }

    /// Asks for a ReplicaSet of the template.
    fn create(mut self) -> Turn<Self> {
        let new = NewSet::of(&self.deployment, &self.sets);
        let write = Write::Create(Object::from(new.set.clone()));
        self.step = Step::Create(Box::new(new));
        Turn::write(write, "WL-13", self)
    }

    /// Takes the result of making a ReplicaSet: it is noted in the deployment's status.
    fn created(self, resumed: Resumed, world: &World<'_>) -> Turn<Self> {
        let Step::Create(new) = self.step else {
            return Turn::done();
        };
        let mut outcome = match resumed {
            Resumed::Written(Ok(_)) => new.made(&self.deployment, world.time),
            Resumed::Written(Err(error)) => new.refused(&self.deployment, &error, world.time),
            _ => return Turn::done(),
        };
        let event = outcome.event.take();
        let turn = match outcome.deployment {
            Some(deployment) => {
                let last = outcome.event_after.map(Box::new);
                let step = Step::Last { error: outcome.error, event: last };
                let write = Write::UpdateStatus(Object::from(deployment));
                Turn::write(write, "WL-13", Self { deployment: self.deployment, sets: self.sets, step })
            }
            None => match (outcome.error, outcome.event_after) {
                (None, _) => Turn::done(),
                (Some(error), None) => Turn::failed(error),
                (Some(error), Some(event)) => Turn::failed(error).emitting(event),
            },
        };
        match event {
            Some(event) => turn.emitting(event),
            None => turn,
        }
    }

    /// Removes old ReplicaSets beyond the limit, if there is nothing left to roll out.
    fn clean(&self, report: Report) -> Step {
        let deployment = &*self.deployment;
        let is_due = report == Report::Plain || is_complete(deployment, &deployment.status);
        let old = if is_due { self.sets.beyond_limit(deployment) } else { VecDeque::new() };
        Step::Clean { old, report }
    }

    /// Writes the status, if it differs.
    fn report(self, report: Report, world: &World<'_>) -> Turn<Self> {
        let deployment = &*self.deployment;
        let status = match report {
            Report::Plain => plain_status(deployment, &self.sets, world.time),
            Report::Rollout => rollout_status(deployment, &self.sets, world.time),
        };
        if status != *deployment.status {
            return self.write_status(status);
        }
        match next_check(deployment, &status, world).filter(|_| report == Report::Rollout) {
            Some(after) => Turn::done().waking(after),
            None => Turn::done(),
        }
    }

    fn write_status(self, status: DeploymentStatus) -> Turn<Self> {
        let deployment = Deployment { status: status.into(), ..(*self.deployment).clone() };
        self.write_last(Write::UpdateStatus(Object::from(deployment)))
    }

    fn write_last(mut self, write: Write) -> Turn<Self> {
        self.step = Step::Last { error: None, event: None };
        Turn::write(write, "WL-13", self)
    }
}

/// Ends a pass after its last write.
fn last(resumed: Resumed, error: Option<String>, event: Option<Emission>) -> Turn<DeploymentSync> {
    let turn = match (error, resumed) {
        (Some(error), _) => Turn::failed(error),
        (None, Resumed::Written(Err(error))) => Turn::failed(SyncError::from(error).message),
        (None, _) => Turn::done(),
    };
    match event {
        Some(event) => turn.emitting(event),
        None => turn,
    }
}

/// The event of a ReplicaSet that got another size.
fn scaling_event(deployment: &Deployment, name: &str, before: i32, after: i32) -> Emission {
    let way = if before < after { "up" } else { "down" };
    let message = format!("Scaled {way} replica set {name} from {before} to {after}");
    Emission::on(deployment, EventType::Normal, "ScalingReplicaSet", message)
}
