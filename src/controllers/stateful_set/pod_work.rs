//! The work on one pod: a slot, or a pod that is condemned (`STS-24`, `STS-28`).
//!
//! Follows `processReplica` and `processCondemned` of `pkg/controller/statefulset/stateful_set_control.go` and the
//! methods of `stateful_pod_control.go` that they call. Each of their calls to the API is a write that the work stops
//! before; what comes after it is a [`Stage`].

use std::sync::Arc;

use crate::api::ApiError;
use crate::controllers::stateful_set::claims::{Ensure, are_stale, claim_names};
use crate::controllers::stateful_set::deletion::{deletion, note_deletion};
use crate::controllers::stateful_set::events::{Deed, of_pod};
use crate::controllers::stateful_set::identity::{
    has_identity, has_storage, pod_name, revision_of, set_identity, set_storage,
};
use crate::controllers::stateful_set::plan::Plan;
use crate::controllers::stateful_set::retention::{Retain, matches_policy};
use crate::controllers::stateful_set::work::{Asked, Desk, Task, Verdict};
use crate::model::field_error::joined;
use crate::model::kind::Object;
use crate::model::pod::{Pod, PodPhase};
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::store::Write;

/// How often a repair is tried when the pod changes meanwhile.
const TRIES: u32 = 4;

/// Why claims are looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// The pod is created.
    Create,
    /// The pod waits to run (`STSPVC-8`).
    Pending,
    /// The pod is repaired (`STS-15`).
    Repair,
    /// The pod is condemned.
    Release,
}

/// Where the work is.
#[derive(Clone, Debug)]
enum Stage {
    Begin,
    /// The deletion of the pod was asked for.
    Deleting,
    /// Missing claims are created.
    Claims(Purpose, Ensure),
    /// The creation of the pod was asked for; its claims have these names.
    Creating(Arc<Pod>, Vec<Text>),
    /// Claims get their owners; the pod's creation may have failed before.
    Owners(Purpose, Retain, Option<Text>),
    /// Whether the pod lets the pass go on.
    Gate,
    /// The pod gets back what makes it a member.
    Repair,
    /// The repair of the pod was asked for.
    Repairing,
    Over(Verdict),
}

/// A step: on to another stage, or a write first.
enum Step {
    To(Stage),
    Ask(Asked, Stage),
}

/// The work on one pod.
#[derive(Clone, Debug)]
pub(super) struct Job {
    task: Task,
    place: u32,
    ordinal: i64,
    /// The pod as it was listed, or is being repaired; none in an empty slot.
    pod: Option<Arc<Pod>>,
    stage: Stage,
    /// Whether anything had to be written.
    wrote: bool,
    repaired: bool,
    /// Whether the claims got their owners in this try to repair the pod.
    released: bool,
    tries: u32,
}

impl Job {
    pub(super) fn new(task: Task, place: u32, plan: &Plan) -> Self {
        let (ordinal, pod) = match task {
            Task::Fill => (plan.ordinal(place), plan.roster.slot(place).cloned()),
            Task::Release | Task::Remove => plan.roster.condemned(place),
        };
        Self {
            task,
            place,
            ordinal,
            pod,
            stage: Stage::Begin,
            wrote: false,
            repaired: false,
            released: false,
            tries: 0,
        }
    }

    /// The next write; none when the work is over.
    pub(super) fn next(&mut self, desk: &mut Desk<'_, '_>) -> Option<Asked> {
        loop {
            let step = match std::mem::replace(&mut self.stage, Stage::Gate) {
                Stage::Begin => self.begin(desk),
                Stage::Claims(purpose, mut work) => match work.next(desk) {
                    Some(asked) => Step::Ask(asked, Stage::Claims(purpose, work)),
                    None => self.after_claims(purpose, work, desk),
                },
                Stage::Owners(purpose, mut work, failure) => match work.next(desk) {
                    Some(asked) => Step::Ask(asked, Stage::Owners(purpose, work, failure)),
                    None => self.after_owners(purpose, &work, failure, desk),
                },
                Stage::Gate => self.gate(desk),
                Stage::Repair => self.repair(desk),
                stage @ (Stage::Over(_) | Stage::Deleting | Stage::Creating(..) | Stage::Repairing) => {
                    self.stage = stage;
                    return None;
                }
            };
            match step {
                Step::To(stage) => self.stage = stage,
                Step::Ask(asked, stage) => {
                    self.wrote = true;
                    self.stage = stage;
                    return Some(asked);
                }
            }
        }
    }

    /// Goes on with the result of the write that was asked for.
    pub(super) fn took(&mut self, result: Result<Object, ApiError>, desk: &mut Desk<'_, '_>) {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Gate) {
            Stage::Deleting => Stage::Over(self.deleted(result, desk)),
            Stage::Claims(purpose, mut work) => {
                work.took(result, desk);
                Stage::Claims(purpose, work)
            }
            Stage::Creating(pod, claims) => Self::created(&pod, claims, result),
            Stage::Owners(purpose, mut work, failure) => {
                work.took(result);
                Stage::Owners(purpose, work, failure)
            }
            Stage::Repairing => self.after_repair(result, desk),
            stage @ (Stage::Begin | Stage::Gate | Stage::Repair | Stage::Over(_)) => stage,
        };
    }

    pub(super) fn verdict(&self) -> Verdict {
        match &self.stage {
            Stage::Over(verdict) => verdict.clone(),
            _ => Verdict::GoOn,
        }
    }

    /// The ordinal and the revision of a pod that needed nothing, and will need nothing until it, its claims or its set
    /// change. Condemned pods only wait to go where they go one by one.
    pub(super) fn settled(&self, desk: &Desk<'_, '_>) -> Option<(i64, Text)> {
        let rests = self.task == Task::Fill || self.task == Task::Release && !desk.plan.is_parallel();
        let pod = self.pod.as_ref().filter(|_| rests && !self.wrote && self.verdict() == Verdict::GoOn)?;
        let canonical = has_identity(&desk.plan.set, pod);
        (canonical && desk.plan.is_healthy(pod)).then(|| (self.ordinal, revision_of(pod)))
    }

    fn name(&self, desk: &Desk<'_, '_>) -> Text {
        let pod = self.pod.as_ref().map(|pod| pod.metadata.name.clone());
        pod.unwrap_or_else(|| pod_name(&desk.plan.set, self.ordinal))
    }

    fn begin(&mut self, desk: &Desk<'_, '_>) -> Step {
        let plan = desk.plan;
        let stop = Step::To(Stage::Over(Verdict::Stop));
        match (self.task, &self.pod) {
            (Task::Fill, None) if are_stale(&plan.set, &self.name(desk), self.ordinal, desk.world) => stop,
            (Task::Fill, None) => self.ensure_claims(Purpose::Create, &self.name(desk), desk),
            (Task::Fill, Some(pod)) => match pod.status.phase {
                PodPhase::Failed | PodPhase::Succeeded if pod.metadata.is_deleting() => stop,
                PodPhase::Failed | PodPhase::Succeeded => self.delete("STS-24", desk),
                PodPhase::Pending => self.ensure_claims(Purpose::Pending, &pod.metadata.name, desk),
                PodPhase::Running | PodPhase::Unknown => Step::To(Stage::Gate),
            },
            (Task::Release, Some(pod)) if !matches_policy(&plan.set, pod, self.ordinal, true, desk.world) => {
                let claims = claim_names(&plan.set, self.ordinal);
                Step::To(Stage::Owners(Purpose::Release, Retain::new(pod, claims, true), None))
            }
            (Task::Remove, Some(pod)) if pod.metadata.is_deleting() => stop,
            (Task::Remove, Some(pod)) if plan.waits_for_others(pod, self.place) => stop,
            (Task::Remove, Some(_)) => self.delete("STS-28", desk),
            (Task::Release | Task::Remove, _) => Step::To(Stage::Over(Verdict::GoOn)),
        }
    }

    fn ensure_claims(&self, purpose: Purpose, pod: &Text, desk: &Desk<'_, '_>) -> Step {
        Step::To(Stage::Claims(purpose, Ensure::new(pod, claim_names(&desk.plan.set, self.ordinal))))
    }

    fn delete(&self, rule: &'static str, desk: &Desk<'_, '_>) -> Step {
        Step::Ask((deletion(desk, self.name(desk)), rule), Stage::Deleting)
    }

    /// A pod that is gone already counts as deleted.
    fn deleted(&self, result: Result<Object, ApiError>, desk: &mut Desk<'_, '_>) -> Verdict {
        note_deletion(&self.name(desk), result, desk).map_or(Verdict::Stop, Verdict::Failed)
    }

    fn after_claims(&mut self, purpose: Purpose, work: Ensure, desk: &mut Desk<'_, '_>) -> Step {
        let pod = self.pod.clone();
        if !work.errors.is_empty() {
            let error = Text::from(joined(&work.errors));
            let deed = match purpose {
                Purpose::Create => Some(Deed::Create),
                Purpose::Repair => Some(Deed::Update),
                Purpose::Pending | Purpose::Release => None,
            };
            if let Some(deed) = deed {
                self.report(deed, Err(&error), desk);
            }
            return Step::To(Stage::Over(Verdict::Failed(error)));
        }
        match (purpose, pod) {
            (Purpose::Create, _) => {
                let pod = Arc::new(desk.plan.new_pod(self.ordinal));
                let write = Write::Create(Object::Pod(Arc::clone(&pod)));
                Step::Ask((write, "STS-24"), Stage::Creating(pod, work.claims))
            }
            (Purpose::Pending, Some(pod)) => {
                Step::To(Stage::Owners(purpose, Retain::new(&pod, work.claims, false), None))
            }
            (Purpose::Repair, Some(_)) => Step::To(Stage::Repair),
            (Purpose::Pending | Purpose::Repair | Purpose::Release, _) => Step::To(Stage::Gate),
        }
    }

    /// The pod as it was built has no uid, so that its claims get only the reference to the set here (`STSPVC-21`).
    fn created(pod: &Pod, claims: Vec<Text>, result: Result<Object, ApiError>) -> Stage {
        match result {
            Err(error) if error.is_already_exists() => Stage::Over(Verdict::Failed(error.to_string().into())),
            result => {
                let failure = result.err().map(|error| Text::from(error.to_string()));
                Stage::Owners(Purpose::Create, Retain::new(pod, claims, false), failure)
            }
        }
    }

    fn after_owners(
        &mut self,
        purpose: Purpose,
        work: &Retain,
        failure: Option<Text>,
        desk: &mut Desk<'_, '_>,
    ) -> Step {
        if let Some(error) = work.error() {
            if purpose != Purpose::Release {
                self.report(Deed::Update, Err(&error), desk);
            }
            self.tries += 1;
            if purpose == Purpose::Repair && work.is_conflict() && self.tries < TRIES {
                return Step::To(Stage::Repair);
            }
            return Step::To(Stage::Over(Verdict::Failed(error)));
        }
        match purpose {
            Purpose::Create => {
                self.report(Deed::Create, failure.as_deref().map_or(Ok(()), Err), desk);
                let stop = if desk.plan.is_parallel() { Verdict::GoOn } else { Verdict::Stop };
                Step::To(Stage::Over(failure.map_or(stop, Verdict::Failed)))
            }
            Purpose::Pending => Step::To(Stage::Gate),
            Purpose::Repair => {
                self.repaired = true;
                self.released = true;
                Step::To(Stage::Repair)
            }
            Purpose::Release => Step::To(Stage::Over(Verdict::GoOn)),
        }
    }

    /// Only in order, a pod holds up those after it until it is available; then all its parts must be right.
    fn gate(&self, desk: &Desk<'_, '_>) -> Step {
        let Some(pod) = &self.pod else {
            return Step::To(Stage::Over(Verdict::GoOn));
        };
        let plan = desk.plan;
        if !plan.is_parallel() && !plan.is_healthy(pod) {
            return Step::To(Stage::Over(Verdict::Stop));
        }
        let fits = has_identity(&plan.set, pod)
            && has_storage(&plan.set, pod, self.ordinal)
            && matches_policy(&plan.set, pod, self.ordinal, false, desk.world);
        Step::To(if fits { Stage::Over(Verdict::GoOn) } else { Stage::Repair })
    }

    /// Repairs identity, then storage, then the owners of the claims, and writes the pod (`STS-15`, `STSPVC-21`).
    fn repair(&mut self, desk: &Desk<'_, '_>) -> Step {
        let Some(pod) = &mut self.pod else {
            return Step::To(Stage::Over(Verdict::GoOn));
        };
        let set = &desk.plan.set;
        if !has_identity(set, pod) {
            set_identity(set, Arc::make_mut(pod), self.ordinal);
            self.repaired = true;
        }
        if !has_storage(set, pod, self.ordinal) {
            set_storage(set, Arc::make_mut(pod), self.ordinal);
            self.repaired = true;
            let name = pod.metadata.name.clone();
            return self.ensure_claims(Purpose::Repair, &name, desk);
        }
        if !self.released && !matches_policy(set, pod, self.ordinal, false, desk.world) {
            let claims = claim_names(set, self.ordinal);
            return Step::To(Stage::Owners(Purpose::Repair, Retain::new(pod, claims, false), None));
        }
        if !self.repaired {
            return Step::To(Stage::Over(Verdict::GoOn));
        }
        Step::Ask((Write::Update(Object::Pod(Arc::clone(pod))), "STS-15"), Stage::Repairing)
    }

    fn after_repair(&mut self, result: Result<Object, ApiError>, desk: &mut Desk<'_, '_>) -> Stage {
        self.tries += 1;
        match result {
            Ok(_) => {
                self.report(Deed::Update, Ok(()), desk);
                Stage::Over(Verdict::GoOn)
            }
            Err(error) if error.is_conflict() && self.tries < TRIES => {
                let key = NamespacedName::new(&desk.plan.set.metadata.namespace, self.name(desk));
                self.pod = desk.world.store.pods.find(&key).cloned().or(self.pod.take());
                (self.repaired, self.released) = (false, false);
                Stage::Repair
            }
            Err(error) => {
                let error = Text::from(error.to_string());
                self.report(Deed::Update, Err(&error), desk);
                Stage::Over(Verdict::Failed(error))
            }
        }
    }

    fn report(&self, deed: Deed, result: Result<(), &str>, desk: &mut Desk<'_, '_>) {
        let event = of_pod(&desk.plan.set, deed, &self.name(desk), result);
        desk.events.push(event);
    }
}
