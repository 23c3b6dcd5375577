//! The StatefulSet controller: pods with an identity, each with claims of its own (`STS-20` to `STS-50`).
//!
//! One pass looks at a set as it is and does what is next (`STS-21`). It is a value that stops before each of its
//! writes: membership, revisions, slots, condemned pods, rolling update, status, old revisions, in this order.
//! Between two writes it can be looked at, copied, or dropped, as a crash would. It follows
//! `pkg/controller/statefulset` of Kubernetes 1.36 step by step.
//!
//! A pass over a healthy set must not cost more the more pods there are. Which pods need nothing is handed to the next
//! pass as [`SetMemory`], in which each of them stays until it or one of its claims changes. It is a memory and nothing
//! more: a pass without it does the same.

mod claims;
mod deletion;
mod events;
mod history;
mod identity;
mod membership;
mod memory;
mod plan;
mod pod_work;
mod retention;
mod roster;
mod settled;
mod status;
mod work;

pub(crate) use crate::controllers::stateful_set::memory::SetMemory;

use std::sync::Arc;
use std::time::Duration;

use crate::api::ApiError;
use crate::controllers::stateful_set::deletion::{deletion, note_deletion};
use crate::controllers::stateful_set::history::History;
use crate::controllers::stateful_set::membership::Membership;
use crate::controllers::stateful_set::plan::{Plan, range_of, replicas};
use crate::controllers::stateful_set::roster::{Counts, Roster, revisions};
use crate::controllers::stateful_set::settled::Settled;
use crate::controllers::stateful_set::status::{Report, status_of};
use crate::controllers::stateful_set::work::{Asked, Desk, Outcome, Sweep, Task};
use crate::controllers::turn::{Caching, Effects, Emission, Resumed, Turn, World};
use crate::model::controller_revision::ControllerRevision;
use crate::model::field_error::joined;
use crate::model::kind::Object;
use crate::model::pod::Pod;
use crate::model::selector::Predicate;
use crate::model::stateful_set::StatefulSet;
use crate::model::text::Text;

/// What a pass is at. Each of them has a next write, takes its result, and is over when there is none.
#[derive(Clone, Debug)]
enum Stage {
    /// Adoption and release (`STS-14`).
    Membership(Membership),
    /// The revision of the template (`STS-40`).
    History,
    /// The slots, from the first (`STS-24`).
    Slots(Sweep),
    /// The owners of the claims of condemned pods (`STSPVC-21`).
    Release(Sweep),
    /// Condemned pods, from the highest ordinal (`STS-28`).
    Condemned(Sweep),
    /// The rolling update (`STS-45`); the pod that it deletes.
    Update(Option<Text>),
    /// The status (`STS-50`).
    Report(Report),
    /// Revisions that the limit does not allow for, the next at the end.
    Truncate(Vec<Text>),
}

/// A pass that waits for the result of a write.
#[derive(Clone, Debug)]
pub(crate) struct SetSync {
    set: Arc<StatefulSet>,
    stage: Stage,
    /// The pods that are the set's, but for those that are settled.
    pods: Vec<Arc<Pod>>,
    settled: Settled,
    known: Option<Arc<ControllerRevision>>,
    history: Option<History>,
    plan: Option<Box<Plan>>,
    /// How many were deleted for the update: the count that the status subtracts.
    updated: i32,
    errors: Vec<Text>,
    wake: Option<Duration>,
    events: Vec<Emission>,
}

impl SetSync {
    /// Begins a pass over a set, with what an earlier pass has found out.
    pub(crate) fn start(set: &Arc<StatefulSet>, memory: Option<&SetMemory>, world: &World<'_>) -> Turn<Box<Self>> {
        let Ok(predicate) = Predicate::of(set.spec.selector.as_deref()) else {
            // Nothing will be different the next time.
            return Turn::done();
        };
        let memory = memory.filter(|memory| memory.fits(set));
        let mut settled = memory.map(|memory| memory.settled.clone()).unwrap_or_default();
        settled.forget_next(&range_of(set));
        let membership = Membership::new(set, &predicate, &settled, world);
        let pass = Self {
            set: Arc::clone(set),
            stage: Stage::Membership(membership),
            pods: Vec::new(),
            settled,
            known: memory.map(|memory| Arc::clone(&memory.newest)),
            history: None,
            plan: None,
            updated: 0,
            errors: Vec::new(),
            wake: None,
            events: Vec::new(),
        };
        Box::new(pass).go(world)
    }

    /// Goes on with the result of a write.
    pub(crate) fn resume(mut self: Box<Self>, resumed: Resumed, world: &World<'_>) -> Turn<Box<Self>> {
        let Resumed::Written(result) = resumed else {
            return Turn::failed("a pass was resumed without the result of its write");
        };
        self.took(result, world);
        self.go(world)
    }

    fn took(&mut self, result: Result<Object, ApiError>, world: &World<'_>) {
        let Self { stage, history, plan, events, .. } = self;
        let desk = plan.as_deref().map(|plan| Desk { world, plan, events });
        match (stage, history, desk) {
            (Stage::Membership(work), ..) => work.took(result),
            (Stage::History, Some(history), _) => history.took(result, world),
            (Stage::Slots(sweep) | Stage::Release(sweep) | Stage::Condemned(sweep), _, Some(mut desk)) => {
                sweep.took(result, &mut desk);
            }
            (Stage::Update(pod), _, Some(mut desk)) => {
                match pod.take().and_then(|pod| note_deletion(&pod, result, &mut desk)) {
                    None => self.updated = 1,
                    Some(error) => self.errors.push(error),
                }
            }
            (Stage::Report(report), ..) => report.took(result, world),
            (Stage::Truncate(left), ..) => {
                if let Err(error) = result {
                    left.clear();
                    self.errors.push(error.to_string().into());
                }
            }
            (Stage::History | Stage::Slots(_) | Stage::Release(_) | Stage::Condemned(_) | Stage::Update(_), ..) => {}
        }
    }

    /// Goes on to the next write, or to the end.
    fn go(mut self: Box<Self>, world: &World<'_>) -> Turn<Box<Self>> {
        loop {
            if let Some((write, rule)) = self.ask(world) {
                let events = std::mem::take(&mut self.events);
                return Turn::write(write, rule, self).caching(Caching::Nothing).telling(events);
            }
            if !self.move_on(world) {
                return self.end();
            }
        }
    }

    /// The next write of the stage.
    fn ask(&mut self, world: &World<'_>) -> Option<Asked> {
        let Self { set, stage, history, plan, events, .. } = self;
        let desk = plan.as_deref().map(|plan| Desk { world, plan, events });
        match (stage, history, desk) {
            (Stage::Membership(work), ..) => work.next(set, world),
            (Stage::History, Some(history), _) => history.next(set),
            (Stage::Slots(sweep) | Stage::Release(sweep) | Stage::Condemned(sweep), _, Some(mut desk)) => {
                sweep.next(&mut desk)
            }
            (Stage::Update(pod), _, Some(desk)) if self.updated == 0 && self.errors.is_empty() => {
                let name = desk.plan.outdated()?;
                *pod = Some(name.clone());
                Some((deletion(&desk, name), "STS-45"))
            }
            (Stage::Report(report), ..) => report.next(),
            (Stage::Truncate(left), ..) => left.pop().map(|name| history::deletion(set, name)),
            (Stage::History | Stage::Slots(_) | Stage::Release(_) | Stage::Condemned(_) | Stage::Update(_), ..) => None,
        }
    }

    /// On from a stage that is over. Returns whether there is another.
    fn move_on(&mut self, world: &World<'_>) -> bool {
        let stage = std::mem::replace(&mut self.stage, Stage::History);
        self.stage = match stage {
            Stage::Membership(mut work) => {
                if let Some(error) = work.error() {
                    self.errors.push(error.into());
                    self.stage = Stage::Truncate(Vec::new());
                    return false;
                }
                self.pods = std::mem::take(&mut work.pods);
                let revisions = std::mem::take(&mut work.revisions);
                self.history = Some(History::new(&self.set, revisions, self.known.as_ref()));
                Stage::History
            }
            Stage::History => self.place(world),
            Stage::Slots(mut sweep) => {
                self.settle(&mut sweep);
                let next = |plan: &Plan| Stage::Release(Sweep::new(Task::Release, plan.roster.condemned_count()));
                self.after(sweep.outcome(), next)
            }
            Stage::Release(mut sweep) => {
                self.settle(&mut sweep);
                let next = |plan: &Plan| Stage::Condemned(Sweep::new(Task::Remove, plan.roster.condemned_count()));
                self.after(sweep.outcome(), next)
            }
            Stage::Condemned(sweep) => self.after(sweep.outcome(), |_| Stage::Update(None)),
            Stage::Update(_) => self.report(),
            Stage::Report(report) => {
                self.note_report(&report, world);
                self.truncate()
            }
            Stage::Truncate(left) => {
                self.stage = Stage::Truncate(left);
                return false;
            }
        };
        true
    }

    /// Puts the pods into their places (`STS-21`, step 2). Without a revision nothing can be done but to tidy up.
    fn place(&mut self, world: &World<'_>) -> Stage {
        let chosen = self.history.as_ref().and_then(|history| history.chosen(&self.set));
        let Some((current, update)) = chosen else {
            let error = self.history.as_ref().and_then(History::error).cloned();
            self.errors.push(error.unwrap_or_default());
            return self.truncate();
        };
        let roster = Roster::place(&self.set, &self.pods, self.settled.clone(), world.time);
        let plan = Plan { set: Arc::clone(&self.set), now: world.time, current, update, roster };
        self.plan = Some(Box::new(plan));
        if self.set.metadata.is_deleting() {
            return self.report();
        }
        Stage::Slots(Sweep::new(Task::Fill, replicas(&self.set)))
    }

    /// What comes after a row of pods: the next stage, or the status at once.
    fn after(&mut self, outcome: Outcome, next: impl FnOnce(&Plan) -> Stage) -> Stage {
        match (outcome, &self.plan) {
            (Outcome::Done, Some(plan)) => next(plan),
            (Outcome::Failed(errors), _) => {
                self.errors.push(joined(&errors).into());
                self.report()
            }
            (Outcome::Done | Outcome::Stopped, _) => self.report(),
        }
    }

    /// Remembers the pods that a sweep found to need nothing.
    fn settle(&mut self, sweep: &mut Sweep) {
        for (ordinal, revision) in std::mem::take(&mut sweep.settled) {
            self.settled.add(ordinal, revision);
        }
    }

    /// The status over the pods that have a place; of a set that is being deleted, over all of them.
    fn report(&self) -> Stage {
        let (Some(plan), Some(history)) = (&self.plan, &self.history) else {
            return Stage::Truncate(Vec::new());
        };
        let names = (&plan.current.metadata.name, &plan.update.metadata.name);
        let settled = &plan.roster.settled;
        let mut counts = if self.set.metadata.is_deleting() {
            Counts::of(&self.set, settled, self.pods.iter(), names, plan.now)
        } else {
            Counts::of(&self.set, settled, plan.roster.placed(), names, plan.now)
        };
        counts.current -= self.updated;
        Stage::Report(Report::new(&self.set, status_of(plan, counts, history.collisions())))
    }

    /// An error of the status counts where there was none before. A pod that is ready and not yet available is
    /// looked at again when it is (`STS-23`).
    fn note_report(&mut self, report: &Report, world: &World<'_>) {
        match &report.error {
            Some(error) if self.errors.is_empty() => self.errors.push(error.clone()),
            Some(_) | None => {}
        }
        let seconds = u64::try_from(self.set.spec.min_ready_seconds).unwrap_or_default();
        if let Some(plan) = self.plan.as_ref().filter(|_| seconds > 0 && report.awaits_availability()) {
            let next = plan.next_availability(self.pods.iter().map(AsRef::as_ref));
            // Transitions are noted in whole seconds.
            let begun = Duration::from_nanos(u64::from(world.now.subsec_nanos()));
            self.wake = Some(next.unwrap_or(Duration::from_secs(seconds)).saturating_sub(begun));
        }
    }

    fn truncate(&self) -> Stage {
        let live = revisions(&self.settled, self.pods.iter());
        let surplus = self.history.as_ref().map(|history| history.surplus(&self.set, live));
        let mut surplus = surplus.unwrap_or_default();
        surplus.reverse();
        Stage::Truncate(surplus)
    }

    fn end(self: Box<Self>) -> Turn<Box<Self>> {
        let Self { set, settled, history, errors, wake, events, .. } = *self;
        let newest = history.as_ref().and_then(History::newest).cloned();
        let memory = newest.map(|newest| {
            let (uid, spec) = (set.metadata.uid.clone(), set.spec.clone());
            Box::new(SetMemory { uid, spec, newest, settled })
        });
        if errors.is_empty() {
            Turn::done().with(Effects { events, wake, memory, ..Effects::default() })
        } else {
            Turn::failed(joined(&errors)).with(Effects { events, memory, ..Effects::default() })
        }
    }
}
