//! The machine that runs the controllers, step by step.
//!
//! The order in which a stock run takes things is the documented one (`DET-4`, `DET-5`, `DET-8`): a sync that has
//! begun is finished first, then the operations that it started, then the key that has waited longest is taken. A resync
//! that is due waits until nothing else is left to do.

use std::time::Duration;

use crate::cluster::Cluster;
use crate::cluster::action::Action;
use crate::cluster::config::Controller;
use crate::cluster::liberty::Move;
use crate::cluster::queue::Queued;
use crate::cluster::sync::End;
use crate::cluster::timers::next_tick;
use crate::cluster::work::Worker;
use crate::controllers::{OperationKind, SyncError};
use crate::model::id::ObjectId;
use crate::model::kind::{Kind, ObjectKey};
use crate::model::text::Text;
use crate::store::Actor;

/// Something that can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Choice {
    /// A sync goes on to its next write or to its end.
    Continue(Worker),
    /// An operation goes on.
    Operate(u64),
    /// Every volume and claim is put into the queues.
    Resync,
    /// The pods that no node would do for are put into the queue.
    Retry,
    /// A worker takes the first key of its queue.
    Begin(Worker),
    /// A worker takes any key; of volumes that suit a claim equally that of a number is taken.
    Look { worker: Worker, key: ObjectId, tie: u8 },
    /// A sync goes on to its next write, and to its end where that was the last one.
    Proceed(Worker),
    /// An operation goes on to its next write, and to its end where that was the last one.
    Conclude(u64),
    /// The next point in time comes at which something is due.
    Elapse,
    /// A controller stops and starts anew.
    Crash(Controller),
    /// A controller sees nothing new.
    FallBehind(Controller),
    /// A controller sees everything again.
    CatchUp(Controller),
    /// A backend ends what it is at work at for a controller that has crashed.
    Late(u8),
    /// A controller that has fallen behind sees the next write.
    SeeNext(Controller),
}

/// What a run to quiet took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settled {
    /// How many steps.
    pub steps: u64,
}

/// A run that was still changing things when its budget ran out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cluster was not quiet after {steps} steps")]
#[non_exhaustive]
pub struct NotQuiet {
    /// The budget.
    pub steps: u64,
}

impl Cluster {
    /// What could happen next, what would happen first in a stock run first.
    pub fn enabled(&self) -> Vec<Action> {
        self.choices().map(|choice| self.describe(choice)).collect()
    }

    /// What could happen next, in the order of a stock run.
    fn choices(&self) -> impl Iterator<Item = Choice> {
        let continuing = self.work.busy().map(Choice::Continue);
        let beginning = std::iter::once(()).flat_map(|()| {
            let mut heads: Vec<(u64, Worker)> = self.work.heads().collect();
            heads.sort_unstable();
            heads.into_iter().map(|(_, worker)| Choice::Begin(worker))
        });
        let looking = std::iter::once(()).flat_map(|()| self.looks());
        continuing.chain(self.operations.ready().map(Choice::Operate)).chain(beginning).chain(looking)
    }

    /// What is done again when nothing else is left to do.
    fn looks(&self) -> impl Iterator<Item = Choice> {
        let retry_due = self.scheduler.is_stirred() && self.runs(Controller::Scheduler);
        self.is_resync_due().then_some(Choice::Resync).into_iter().chain(retry_due.then_some(Choice::Retry))
    }

    /// The first of [`Cluster::choices`].
    fn next_choice(&self) -> Option<Choice> {
        let continuing = self.work.busy().next().map(Choice::Continue);
        continuing
            .or_else(|| self.operations.first_ready().map(Choice::Operate))
            .or_else(|| self.work.heads().min().map(|(_, worker)| Choice::Begin(worker)))
            .or_else(|| self.looks().next())
    }

    pub(super) fn describe(&self, choice: Choice) -> Action {
        let (actor, object, what) = match choice {
            Choice::Continue(worker) | Choice::Proceed(worker) => {
                let key = self.work.sync(worker).and_then(|sync| self.store.object_key(sync.origin.key));
                (worker.actor(), key, "goes on with")
            }
            Choice::Operate(number) | Choice::Conclude(number) => {
                let running = self.operations.get(number);
                let what = match running.map(|running| running.name.0) {
                    Some(OperationKind::Provision | OperationKind::ExternalProvision) => "provisions for",
                    Some(OperationKind::Delete | OperationKind::ExternalDelete) => "deletes",
                    Some(OperationKind::Recycle) => "recycles",
                    None => "operates on",
                };
                let actor = running.map_or(Actor::PersistentVolumeController, |running| running.origin.actor());
                (actor, running.map(|running| running.name.1.clone()), what)
            }
            Choice::Resync => (Actor::PersistentVolumeController, None, "looks at every volume and claim again"),
            Choice::Retry => (Actor::Scheduler, None, "tries every pod again that no node would do for"),
            Choice::Begin(worker) => {
                let first = self.work.first(worker);
                let pod = if worker == Worker::Schedule { self.scheduler.first() } else { None };
                let id = pod.map(ObjectId::from).or_else(|| first.map(|queued| queued.id));
                (worker.actor(), id.and_then(|id| self.store.object_key(id)), "looks at")
            }
            Choice::Look { worker, key, .. } => (worker.actor(), self.store.object_key(key), "looks at"),
            Choice::Elapse => (Actor::User, None, "waits until something is due"),
            Choice::Crash(controller) => (controller.actor(), None, "crashes and starts anew"),
            Choice::FallBehind(controller) => (controller.actor(), None, "sees nothing new from now on"),
            Choice::CatchUp(controller) => (controller.actor(), None, "sees everything again"),
            Choice::SeeNext(controller) => (controller.actor(), None, "sees the next write"),
            Choice::Late(_) => (Actor::User, None, "waits until a backend ends what nobody waits for any more"),
        };
        Action { choice, actor, object, what, mishap: None, aside: Text::default() }
    }

    /// Lets one action happen. Returns whether it was still possible.
    pub fn take(&mut self, action: &Action) -> bool {
        let made = Move { choice: action.choice, mishap: action.mishap };
        let is_stock = action.mishap.is_none() && self.enabled().contains(action);
        if !(is_stock || self.could_make(made) && self.describe_move(made) == *action) {
            return false;
        }
        self.make(made);
        true
    }

    /// Takes one step: at most one write. Returns what happened; nothing where all is quiet.
    pub fn step(&mut self) -> Option<Action> {
        let choice = self.next_choice()?;
        let action = self.describe(choice);
        self.carry_out(choice);
        Some(action)
    }

    /// Runs every controller until nothing changes. Time stands still: delays, back-off and periodic repetitions wait
    /// for [`Cluster::advance`].
    ///
    /// # Errors
    /// [`NotQuiet`] where the budget of the configuration ran out first.
    pub fn settle(&mut self) -> Result<Settled, NotQuiet> {
        self.settle_within(self.config.step_budget)
    }

    /// As [`Cluster::settle`], but with another budget, for somebody who looks up now and then: it can be called again.
    ///
    /// ```
    /// let mut cluster = bindery::Cluster::default();
    /// cluster.apply_yaml("{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {capacity: {storage: 1Gi}, \
    ///     accessModes: [ReadWriteOnce], hostPath: {path: /tmp/a}}}")?;
    /// let mut steps = 0;
    /// while let Err(stopped) = cluster.settle_within(1) {
    ///     steps += stopped.steps;
    /// }
    /// assert!(steps > 1);
    /// # Ok::<(), bindery::ApplyError>(())
    /// ```
    ///
    /// # Errors
    /// [`NotQuiet`] where the budget ran out first.
    pub fn settle_within(&mut self, budget: u64) -> Result<Settled, NotQuiet> {
        let mut steps = 0;
        while let Some(choice) = self.next_choice() {
            if steps == budget {
                return Err(NotQuiet { steps });
            }
            steps += 1;
            self.carry_out(choice);
        }
        Ok(Settled { steps })
    }

    /// Lets virtual time pass, and settles at every point at which something is due.
    ///
    /// # Errors
    /// [`NotQuiet`] where the budget of the configuration ran out at one of them; time stands there.
    pub fn advance(&mut self, duration: Duration) -> Result<Settled, NotQuiet> {
        let end = self.now.saturating_add(duration);
        let mut steps = self.settle()?.steps;
        while let Some(time) = self.next_timer().filter(|time| *time <= end) {
            self.move_to(time);
            steps += self.settle()?.steps;
        }
        self.now = end;
        Ok(Settled { steps })
    }

    /// Lets virtual time pass while nothing acts, for somebody who plays every action by hand. What falls due meanwhile
    /// is possible afterwards.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let mut cluster = bindery::Cluster::default();
    /// cluster.elapse(Duration::from_secs(90));
    /// assert_eq!(cluster.time().to_string(), "2024-01-01T00:01:30Z");
    /// ```
    pub fn elapse(&mut self, duration: Duration) {
        let end = self.now.saturating_add(duration);
        while let Some(time) = self.next_timer().filter(|time| *time <= end) {
            self.move_to(time);
        }
        self.now = end;
    }

    /// Moves the clock to a point in time at which something is due, and makes that possible.
    pub(super) fn move_to(&mut self, time: Duration) {
        if self.next_needed_resync() == Some(time) {
            self.work.resync_due = true;
        } else if self.next_failing_tick() == Some(time) {
            for (worker, key) in self.retries.failing() {
                self.work.enqueue(worker, key, true);
            }
        }
        self.now = time;
        self.operations.wake(time);
        while let Some((worker, key)) = self.retries.take_due(time).or_else(|| self.wakes.take_due(time)) {
            self.enqueue(worker, key, false);
        }
    }

    /// The next point in time at which something is due.
    pub(super) fn next_timer(&self) -> Option<Duration> {
        let (resync, failing) = (self.next_needed_resync(), self.next_failing_tick());
        let times = [self.operations.next_wake(), self.retries.next(), self.wakes.next(), resync, failing];
        times.into_iter().flatten().filter(|time| *time > self.now).min()
    }

    /// The next resync that could do more than repeat events: an operation that failed may run again by then, or a
    /// volume waits to be recycled, which is tried at every resync (`OP-3`, `OP-5`).
    fn next_needed_resync(&self) -> Option<Duration> {
        let period = self.config.resync_period;
        let retries = self.operations.retries().map(|time| next_tick(time, period)).filter(|time| *time > self.now);
        let recycle = (!self.work.recycling.is_empty()).then(|| next_tick(self.now, period));
        retries.chain(recycle).min()
    }

    /// The next resync that looks at a key of which the last sync failed. It looks at others too, but that repeats
    /// events only.
    fn next_failing_tick(&self) -> Option<Duration> {
        self.retries.failing().next().map(|_| next_tick(self.now, self.config.resync_period))
    }

    /// Runs one sync of one object, and the operations that it starts, to their end. Pauses are passed over. Nothing
    /// else runs.
    ///
    /// # Errors
    /// [`SyncError`] where the sync failed, or where there is no such object.
    pub fn sync(&mut self, key: &ObjectKey) -> Result<(), SyncError> {
        let missing = || SyncError { message: format!("there is no {key} that a controller syncs") };
        let worker = match key.kind {
            Kind::PersistentVolume => Worker::Volumes,
            Kind::PersistentVolumeClaim => Worker::Claims,
            Kind::Deployment => Worker::Deployments,
            Kind::ReplicaSet => Worker::ReplicaSets,
            Kind::StatefulSet => Worker::Sets,
            _ => return Err(missing()),
        };
        let id = self.store.object_id(key).ok_or_else(missing)?;
        let mut end = self.begin(worker, id, false);
        while self.work.sync(worker).is_some() {
            end = self.go_on(worker);
        }
        loop {
            while let Some(number) = self.operations.first_ready() {
                self.operate(number);
            }
            match self.operations.next_wake() {
                Some(time) => self.operations.wake(time),
                None => break,
            }
        }
        end.unwrap_or(Ok(()))
    }

    pub(super) fn carry_out(&mut self, choice: Choice) {
        match choice {
            Choice::Resync => self.begin_resync(),
            Choice::Retry => self.retry_rejected(),
            Choice::Operate(number) => self.operate(number),
            Choice::Continue(worker) => {
                let origin = self.work.sync(worker).map(|sync| (sync.origin.key, sync.origin.by_resync));
                let end = self.go_on(worker);
                self.note_end(worker, origin, end);
            }
            Choice::Begin(worker) => {
                let Some(Queued { id, by_resync, .. }) = self.work.pop(worker) else {
                    return;
                };
                // Which pod it is depends on their priorities, not on which was the first to come (`ND-14`).
                let first = if worker == Worker::Schedule { self.scheduler.pop() } else { None };
                let id = first.map_or(id, ObjectId::from);
                // The key that was taken may have been another pod's, so that one is left for which no key waits.
                if worker == Worker::Schedule
                    && self.work.first(worker).is_none()
                    && let Some(next) = self.scheduler.first()
                {
                    self.work.enqueue(worker, next, false);
                }
                let end = self.begin(worker, id, by_resync);
                self.note_end(worker, Some((id, by_resync)), end);
            }
            Choice::Look { .. }
            | Choice::Proceed(_)
            | Choice::Conclude(_)
            | Choice::Elapse
            | Choice::Crash(_)
            | Choice::FallBehind(_)
            | Choice::CatchUp(_)
            | Choice::SeeNext(_)
            | Choice::Late(_) => self.take_liberty(choice),
        }
        if self.operations.first_ready().is_none() {
            self.work.end_idle_rounds();
        }
        self.play_upsets();
    }

    /// `origin` is the key and whether a resync put it into the queue.
    pub(super) fn note_end(&mut self, worker: Worker, origin: Option<(ObjectId, bool)>, end: End) {
        if self.loose && matches!(worker, Worker::Volumes | Worker::Claims) {
            // They are looked at again at any time.
            return;
        }
        match (origin, end) {
            (Some((key, _)), Some(Ok(()))) => {
                // Most keys never fail, and what is known of others stays shared with copies.
                if self.retries.know(worker, key) {
                    self.retries.succeeded(worker, key);
                }
            }
            (Some((key, by_resync)), Some(Err(_))) => self.retries.failed(worker, key, by_resync, self.now),
            (Some(_) | None, _) => {}
        }
    }
}
