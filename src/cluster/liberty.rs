//! What some real cluster may do next: every order, every tie, every mishap.
//!
//! A stock run takes what has waited longest ([`Cluster::enabled`]). Real queues are filled by watches, by retries with
//! back-off and by resyncs in the order of a map, so that any key that waits may be the next; and because a resync may
//! come at any time, a volume or a claim waits always. What follows from that is a *move*: it is at most one write long,
//! and an end of a sync that can no longer be influenced belongs to the write before it, so that moves differ in what
//! others can see.

use std::cmp::Ordering;

use crate::api::ApiError;
use crate::cluster::Cluster;
use crate::cluster::action::Action;
use crate::cluster::config::Controller;
use crate::cluster::engine::Choice;
use crate::cluster::work::{Sync, SyncTask, Worker};
use crate::controllers::{ClaimSync, Next, OperationTask, Resumed, Turn, VolumeSync};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::id::{Id, ObjectId};
use crate::model::kind::Kind;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::store::Write;

/// What goes wrong with a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mishap {
    /// Its write is refused, because somebody else was faster.
    Conflict,
    /// Its write is refused, because the server has trouble of its own.
    ServerError,
    /// The backend that it asks fails.
    BackendFailure,
    /// The backend that it asks never answers.
    BackendSilence,
}

impl Mishap {
    /// What there is to say of it.
    fn sentence(self) -> &'static str {
        match self {
            Self::Conflict => "the write is refused with a conflict",
            Self::ServerError => "the write is refused with an error of the server",
            Self::BackendFailure => "the backend fails",
            Self::BackendSilence => "the backend never answers",
        }
    }
}

/// Something that may happen next, and what goes wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Move {
    pub(super) choice: Choice,
    pub(super) mishap: Option<Mishap>,
}

impl Move {
    fn plain(choice: Choice) -> Self {
        Self { choice, mishap: None }
    }

    /// The same move with a mishap.
    pub(crate) fn with(self, mishap: Mishap) -> Self {
        Self { mishap: Some(mishap), ..self }
    }

    /// A crash of a controller.
    pub(crate) fn crash(controller: Controller) -> Self {
        Self::plain(Choice::Crash(controller))
    }

    /// A controller sees nothing new from now on.
    pub(crate) fn fall_behind(controller: Controller) -> Self {
        Self::plain(Choice::FallBehind(controller))
    }

    /// A backend ends what it is at work at for a controller that has crashed.
    pub(crate) fn late(number: u8) -> Self {
        Self::plain(Choice::Late(number))
    }

    /// The next point in time at which something is due comes.
    pub(crate) fn elapse() -> Self {
        Self::plain(Choice::Elapse)
    }
}

impl Cluster {
    /// What may happen next where nothing goes wrong, but for looks that plainly change nothing.
    pub(crate) fn moves(&self, found: &mut Vec<Move>) {
        self.weighed_moves(found, |worker, number| self.weigh(worker, number));
    }

    /// The same, where somebody says how many ways there are to look at a volume or a claim that do more than to repeat
    /// events.
    pub(super) fn weighed_moves(&self, found: &mut Vec<Move>, mut weigh: impl FnMut(Worker, u32) -> u8) {
        let retries = !self.retries.is_empty();
        for worker in self.work.active(retries) {
            if self.work.sync(worker).is_some() {
                found.push(Move::plain(Choice::Proceed(worker)));
                continue;
            }
            match worker {
                Worker::Volumes | Worker::Claims => {
                    let kind =
                        if worker == Worker::Volumes { Kind::PersistentVolume } else { Kind::PersistentVolumeClaim };
                    let numbers = if self.runs(Controller::PersistentVolumes) { self.numbers(worker) } else { 0 };
                    for number in (0..numbers).filter_map(|number| u32::try_from(number).ok()) {
                        let key = ObjectId { kind, number };
                        let ties = 0..weigh(worker, number);
                        found.extend(ties.map(|tie| Move::plain(Choice::Look { worker, key, tie })));
                    }
                }
                Worker::Schedule => {
                    if self.work.first(worker).is_some() {
                        self.looks_at_pods(found);
                    }
                }
                _ => {
                    let look = |key| Move::plain(Choice::Look { worker, key, tie: 0 });
                    found.extend(self.work.waiting(worker).map(|queued| look(queued.id)));
                    if retries {
                        found.extend(self.retries.waiting().filter(|(of, _)| *of == worker).map(|(_, key)| look(key)));
                    }
                }
            }
        }
        let going = self.operations.ready().chain(self.operations.late());
        found.extend(going.map(Choice::Conclude).map(Move::plain));
        if self.scheduler.is_stirred() && self.runs(Controller::Scheduler) {
            found.push(Move::plain(Choice::Retry));
        }
        if let Some(stale) = &self.stale {
            for controller in stale.controllers() {
                found.push(Move::plain(Choice::CatchUp(controller)));
                // To see the last write is to see everything.
                if stale.of(controller).is_some_and(|view| view.stores().count() > 2) {
                    found.push(Move::plain(Choice::SeeNext(controller)));
                }
            }
        }
    }

    /// How many numbers of volumes or of claims there may be.
    pub(super) fn numbers(&self, worker: Worker) -> usize {
        let (view, (volumes, claims)) = (self.view(Controller::PersistentVolumes), self.cache.sizes());
        if worker == Worker::Volumes { view.volumes.numbers().max(volumes) } else { view.claims.numbers().max(claims) }
    }

    /// How many ways there are to look at a volume or a claim that do more than to repeat events.
    pub(super) fn weigh(&self, worker: Worker, number: u32) -> u8 {
        if worker == Worker::Volumes {
            u8::from(self.is_worth_a_look(Id::from_number(number)))
        } else {
            u8::try_from(self.looks_at_claim(Id::from_number(number))).unwrap_or(u8::MAX)
        }
    }

    fn is_worth_a_look(&self, id: Id<PersistentVolume>) -> bool {
        let held = self.cache.volume(id);
        match (self.view(Controller::PersistentVolumes).volumes.get(id), held) {
            (None, held) => held.is_some(),
            (Some(_), None) => true,
            (Some(volume), Some(held)) => match held.metadata.resource_version.cmp(&volume.metadata.resource_version) {
                Ordering::Greater => false,
                Ordering::Less => true,
                Ordering::Equal => {
                    let world = self.world_of(Controller::PersistentVolumes);
                    self.is_more_than_talk(&VolumeSync::start(volume, &world))
                }
            },
        }
    }

    /// The attempt for the pod whose turn it is: of the nodes that will do, and of the volumes that suit equally there, any
    /// may be taken.
    fn looks_at_pods(&self, found: &mut Vec<Move>) {
        let worker = Worker::Schedule;
        match self.choice_for_next_pod() {
            None => found.push(Move::plain(Choice::Begin(worker))),
            Some((key, count)) => {
                let ties = (0..count).filter_map(|tie| u8::try_from(tie).ok());
                found.extend(ties.map(|tie| Move::plain(Choice::Look { worker, key, tie })));
            }
        }
    }

    fn looks_at_claim(&self, id: Id<PersistentVolumeClaim>) -> usize {
        let (held, world) = (self.cache.claim(id), self.world_of(Controller::PersistentVolumes));
        match (self.view(Controller::PersistentVolumes).claims.get(id), held) {
            (None, held) => usize::from(held.is_some()),
            (Some(claim), None) => ClaimSync::ties(claim, &world),
            (Some(claim), Some(held)) => match held.metadata.resource_version.cmp(&claim.metadata.resource_version) {
                Ordering::Greater => 0,
                Ordering::Less => ClaimSync::ties(claim, &world),
                Ordering::Equal => {
                    let ties = ClaimSync::ties(claim, &world);
                    let matters = ties > 1 || self.is_more_than_talk(&ClaimSync::start(claim, &world));
                    if matters { ties } else { 0 }
                }
            },
        }
    }

    /// Whether a turn does more than to emit events. An operation that would end at once without having done anything,
    /// such as the deletion of what nobody can delete, is no more than that.
    fn is_more_than_talk<S>(&self, turn: &Turn<S>) -> bool {
        let starts = turn.effects.start.as_ref().is_some_and(|operation| {
            let name = (operation.kind, operation.object.clone(), operation.uid.clone());
            let first = || self.resume(operation.kind, operation.task.clone(), Resumed::Awake).next;
            self.operations.would_start(&name, self.now) && !matches!(first(), Next::End(Ok(())))
        });
        let ends = matches!(turn.next, Next::End(_));
        !ends || starts || turn.effects.wake.is_some()
    }

    /// The controllers that could crash in the middle of something now.
    pub(crate) fn could_crash(&self) -> Vec<Controller> {
        let syncing =
            Worker::ALL.into_iter().filter(|worker| self.work.sync(*worker).is_some()).map(Worker::controller);
        let operating = self.operations.running().map(|running| running.name.0.controller());
        let mut found: Vec<Controller> = syncing.chain(operating).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// How many backends are at work at something for a controller that has crashed.
    pub(crate) fn could_be_late(&self) -> u8 {
        u8::try_from(self.operations.left().len()).unwrap_or(u8::MAX)
    }

    /// Whether anything is due at a later time.
    pub(crate) fn could_elapse(&self) -> bool {
        self.next_timer().is_some()
    }

    /// Makes a move. Returns whether its mishap came to pass, if it has one.
    pub(crate) fn make(&mut self, made: Move) -> bool {
        self.mishap = made.mishap;
        self.carry_out(made.choice);
        self.mishap.take().is_none()
    }

    /// Carries out a choice that a stock run does not know.
    pub(super) fn take_liberty(&mut self, choice: Choice) {
        match choice {
            Choice::Look { worker: Worker::Schedule, tie, .. } => {
                self.tie = usize::from(tie);
                self.carry_out(Choice::Begin(Worker::Schedule));
                self.tie = 0;
            }
            Choice::Look { worker, key, tie } => {
                self.work.remove(worker, key);
                let at_any_time = self.loose && matches!(worker, Worker::Volumes | Worker::Claims);
                if !at_any_time && self.retries.is_waiting(worker, key) {
                    self.retries.no_longer(worker, key);
                }
                self.tie = usize::from(tie);
                let end = self.begin(worker, key, false);
                self.tie = 0;
                self.note_end(worker, Some((key, false)), end);
                self.finish(worker);
            }
            Choice::Proceed(worker) => {
                self.carry_out(Choice::Continue(worker));
                self.finish(worker);
            }
            Choice::Conclude(number) => {
                self.operate_stepwise(number);
                self.finish_operation(number);
            }
            Choice::Elapse => {
                if let Some(time) = self.next_timer() {
                    self.move_to(time);
                }
            }
            Choice::Crash(controller) => self.crash(controller),
            Choice::FallBehind(controller) => self.fall_behind_stepwise(controller),
            Choice::CatchUp(controller) => self.catch_up(controller),
            Choice::SeeNext(controller) => self.see_next(controller),
            Choice::Late(number) => self.end_left(number.into()),
            Choice::Continue(_) | Choice::Operate(_) | Choice::Resync | Choice::Retry | Choice::Begin(_) => {}
        }
    }

    /// Ends the sync of a worker where nothing but its end is left.
    fn finish(&mut self, worker: Worker) {
        let is_over = self.work.sync(worker).is_some_and(|sync| match &sync.task {
            SyncTask::Claim(task) => task.is_over(&sync.resumed),
            SyncTask::Volume(task) => task.is_over(&sync.resumed),
            _ => false,
        });
        if is_over && self.loose && self.work.sync(worker).is_some_and(Sync::has_failed) {
            // Where everything is looked at again at any time, a failure has no consequence, and nobody reads why.
            if let Some(Sync { origin, .. }) = self.work.take_sync(worker).filter(|_| worker == Worker::Volumes) {
                self.work.recycling.remove(&origin.key.number);
            }
        } else if is_over {
            self.carry_out(Choice::Continue(worker));
        }
    }

    /// Ends an operation where nothing but its end is left.
    fn finish_operation(&mut self, number: u64) {
        let is_over = self.operations.resumption(number).is_some_and(|(task, resumed)| match task {
            OperationTask::Delete(task) => task.is_over(),
            OperationTask::Recycle(task) => task.is_over(resumed),
            OperationTask::Provision(_) | OperationTask::ExternalProvision(_) | OperationTask::ExternalDelete(_) => {
                false
            }
        });
        if is_over {
            self.operate(number);
        }
    }

    /// Everything that could happen next in some real cluster where nothing goes wrong: any key that waits, and any
    /// volume or claim, is looked at next, and of volumes that suit a claim equally any is taken. What plainly changes
    /// nothing is left out. Cost: linear in the number of objects.
    ///
    /// ```
    /// use bindery::{AccessMode, Cluster, PersistentVolume, PersistentVolumeClaim};
    ///
    /// let mut cluster = Cluster::default();
    /// for name in ["pv-1", "pv-2"] {
    ///     cluster.create(PersistentVolume::new(name, "10Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
    /// }
    /// cluster.settle()?;
    /// cluster.create(PersistentVolumeClaim::new("default", "data", "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
    /// // The claim may get one or the other: they are equal.
    /// let what: Vec<String> = cluster.possible().iter().map(ToString::to_string).collect();
    /// assert_eq!(what, [
    ///     "persistentvolume-controller looks at PersistentVolumeClaim default/data",
    ///     "persistentvolume-controller looks at PersistentVolumeClaim default/data, and of what suits equally takes no. 2",
    /// ]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn possible(&self) -> Vec<Action> {
        let mut moves = Vec::new();
        self.moves(&mut moves);
        moves.into_iter().map(|made| self.describe_move(made)).collect()
    }

    /// Everything that could go wrong next: writes of what is [possible](Cluster::possible) that are refused, backends
    /// that fail or fall silent, controllers that crash in the middle of something. Cost: a fork for each of them.
    pub fn mishaps(&self) -> Vec<Action> {
        let mut moves = Vec::new();
        self.moves(&mut moves);
        let all = [Mishap::Conflict, Mishap::ServerError, Mishap::BackendFailure, Mishap::BackendSilence];
        let pairs = moves.into_iter().flat_map(|made| all.map(|mishap| made.with(mishap)));
        let refused = pairs.filter(|made| self.fork().make(*made));
        let crashes = self.could_crash().into_iter().map(Move::crash);
        refused.chain(crashes).map(|made| self.describe_move(made)).collect()
    }

    /// What may happen next, or go wrong, under these words: what an [`Action`] prints. Any controller may crash or fall
    /// behind at any time.
    ///
    /// ```
    /// use bindery::Cluster;
    ///
    /// let mut cluster = Cluster::default();
    /// let crash = cluster.action("persistentvolume-controller crashes and starts anew").unwrap();
    /// assert!(cluster.take(&crash));
    /// assert_eq!(cluster.action("persistentvolume-controller goes on holiday"), None);
    /// ```
    pub fn action(&self, text: &str) -> Option<Action> {
        let is_it = |action: &Action| action.to_string() == text;
        let others = || {
            let crashes = Controller::ALL.into_iter().map(Move::crash);
            let lags = Controller::ALL.into_iter().map(Move::fall_behind);
            let late = (0..self.could_be_late()).map(Move::late);
            crashes.chain(lags).chain(late).chain([Move::elapse()]).map(|made| self.describe_move(made)).find(is_it)
        };
        self.possible().into_iter().find(is_it).or_else(others).or_else(|| self.mishaps().into_iter().find(is_it))
    }

    /// Whether a move could happen now.
    pub(super) fn could_make(&self, made: Move) -> bool {
        let mut moves = Vec::new();
        self.moves(&mut moves);
        match made.choice {
            Choice::Elapse => self.could_elapse(),
            Choice::Crash(_) | Choice::FallBehind(_) => true,
            Choice::Late(number) => number < self.could_be_late(),
            _ => moves.contains(&Move::plain(made.choice)) && (made.mishap.is_none() || self.fork().make(made)),
        }
    }

    /// The move in words.
    pub(crate) fn describe_move(&self, made: Move) -> Action {
        let mut action = self.describe(made.choice);
        action.mishap = made.mishap;
        let tie = match made.choice {
            Choice::Look { worker: Worker::Schedule, tie, .. } if tie > 0 => {
                format!(", and of the nodes and volumes that will do takes choice no. {}", tie + 1)
            }
            Choice::Late(number) => {
                let what = self.operations.left().get(usize::from(number));
                what.map(|(_, effect)| format!(": {} {}", effect.location, effect.change)).unwrap_or_default()
            }
            Choice::Look { tie, .. } if tie > 0 => format!(", and of what suits equally takes no. {}", tie + 1),
            _ => String::new(),
        };
        let mishap = made.mishap.map(|mishap| format!("; {}", mishap.sentence())).unwrap_or_default();
        action.aside = Text::from(tie + &mishap);
        action
    }

    /// The answer to a write that a mishap refuses.
    pub(super) fn refusal(&mut self, write: &Write) -> Option<ApiError> {
        let mishap = self.mishap?;
        let (kind, name) = (write.kind(), write.name().clone());
        let error = match mishap {
            Mishap::Conflict => ApiError::Conflict { kind, name },
            Mishap::ServerError => ApiError::Server { message: "the server is unable to answer".to_owned() },
            Mishap::BackendFailure | Mishap::BackendSilence => return None,
        };
        self.mishap = None;
        Some(error)
    }

    /// What a mishap does to a call of a backend: it fails, or it never ends.
    pub(super) fn backend_mishap(&mut self) -> Option<Mishap> {
        self.mishap.take_if(|mishap| matches!(mishap, Mishap::BackendFailure | Mishap::BackendSilence))
    }
}
