//! Operations beside the syncs, and what plugins answer.

use std::sync::Arc;
use std::time::Duration;

use crate::backend::{Answer, Failure, PluginRequest};
use crate::cluster::Cluster;
use crate::cluster::fault_plan::BackendUpset;
use crate::cluster::operations::{Effect, Running, Waiting};
use crate::controllers::{Effects, Next, OperationKind, OperationTask, Request, Resumed, Turn};
use crate::model::id::Id;
use crate::model::text::Text;
use crate::model::volume::ReclaimPolicy;

/// What a backend says that does not work.
const TROUBLE: &str = "the backend does not work";

impl Cluster {
    /// Goes on with an operation, to its next write or pause or to its end.
    pub(super) fn operate(&mut self, number: u64) {
        self.go_on_with(number, false);
    }

    /// Goes on with an operation, also to the call of a backend: while that is at work, others may act. One that waits for
    /// its time need not wait any longer, because nobody knows how long a backend takes.
    pub(super) fn operate_stepwise(&mut self, number: u64) {
        self.operations.hurry(number);
        self.go_on_with(number, true);
    }

    fn go_on_with(&mut self, number: u64, stepwise: bool) {
        let Some(Running { name, task, waiting, mut origin, mut effect, again }) = self.operations.take(number) else {
            return;
        };
        let mut resumed = match waiting {
            Waiting::Ready(resumed) => resumed,
            waiting @ (Waiting::Until(..) | Waiting::Forever) => {
                return self.operations.put(number, Running { name, task, waiting, origin, effect, again });
            }
        };
        let mut task = task;
        loop {
            if let Some(Effect { location, change, rule }) = effect.take() {
                self.change_files(origin.actor(), rule, location, change);
            }
            let Turn { effects, next } = self.resume(name.0, task, resumed);
            let Effects { events, logs, remark, .. } = effects.into_inner().unwrap_or_default();
            for emission in events {
                self.emit(emission, &mut origin);
            }
            for (object, line) in logs {
                self.log(origin.actor(), object, line);
            }
            let waiting = match next {
                Next::End(end) if origin.provisioner.is_some() => {
                    self.operations.end(name.clone(), false, self.now);
                    return self.end_external(&origin, &name, end, remark);
                }
                Next::End(end) => {
                    if end.is_err() {
                        // It backs off (`OP-3`): the resyncs until then repeat nothing, the one that runs it emits anew.
                        origin.events.clear();
                    }
                    self.note_recycling(name.0, origin.key.number);
                    if again {
                        // The sync that found it running would begin it now, at the next resync.
                        self.mark_unfinished(origin.worker, origin.key);
                        self.work.resync_due = true;
                    }
                    self.stand(origin);
                    return self.operations.end(name, end.is_err(), self.now);
                }
                Next::Write { write, rule, caching, then } => {
                    let written = self.perform(write, origin.actor(), origin.key, rule, caching);
                    if written.is_err() {
                        self.mark_unfinished(origin.worker, origin.key);
                    }
                    task = then;
                    Waiting::Ready(Resumed::Written(written))
                }
                Next::Ask { request, then } => {
                    task = then;
                    let is_plugin = matches!(*request, Request::Reclaim { .. } | Request::Provision { .. });
                    let waiting;
                    (waiting, effect) = self.ask(*request);
                    match waiting {
                        // What a plugin answers at once belongs to the same step.
                        Waiting::Ready(answered) if is_plugin && !stepwise => {
                            resumed = answered;
                            continue;
                        }
                        waiting => waiting,
                    }
                }
            };
            return self.operations.put(number, Running { name, task, waiting, origin, effect, again });
        }
    }

    /// Does what an operation asks for. Returns when it goes on, and what a backend is at work at until then.
    fn ask(&mut self, request: Request) -> (Waiting, Option<Effect>) {
        match request {
            Request::Sleep(duration) => (self.after(Some(duration), Resumed::Awake), None),
            Request::Reclaim { plugin, ability, volume } => {
                let (answer, ()) = self
                    .call_plugin(|cluster| (Arc::make_mut(&mut cluster.plugins).reclaim(plugin, ability, &volume), ()));
                let effect = answer.is_success().then(|| self.reclaiming(ability, &volume)).flatten();
                self.take_up(effect.as_ref());
                (self.until(&answer, Resumed::Answered(answer.clone())), effect)
            }
            Request::Provision { plugin, claim, class } => {
                let name = Text::from(format!("pvc-{}", claim.metadata.uid));
                let unique = self.store.version().0;
                let request = PluginRequest { name, claim: &claim, class: &class, unique };
                let (answer, volume) =
                    self.call_plugin(|cluster| Arc::make_mut(&mut cluster.plugins).provision(plugin, &request));
                (self.until(&answer, Resumed::Provisioned(answer.clone(), Box::new(volume))), None)
            }
            Request::Make { driver, name, claim, class } => {
                let (delay, made) =
                    self.call_driver(|cluster| cluster.ask_to_provision(&driver, &name, &claim, &class));
                let effect = made.as_ref().ok().and_then(Effect::of_new);
                (self.after(delay, Resumed::Made(Box::new(made))), effect)
            }
            Request::Remove { driver, volume } => {
                let (delay, fate) = self.call_driver(|cluster| cluster.ask_to_delete(&driver, &volume));
                let effect = fate.as_ref().ok().and_then(|fate| Effect::of_fate(self.location_of(&volume)?, fate));
                self.take_up(effect.as_ref());
                (self.after(delay, Resumed::Removed(fate.map(drop))), effect)
            }
        }
    }

    /// A backend that is at work at the same thing for somebody who has crashed does it once.
    fn take_up(&mut self, effect: Option<&Effect>) {
        if let Some(effect) = effect.filter(|_| !self.operations.left().is_empty()) {
            self.operations.take_up(effect);
        }
    }

    /// Lets a backend end what it is at work at for nobody.
    pub(super) fn end_left(&mut self, number: usize) {
        if let Some((actor, Effect { location, change, rule })) = self.operations.take_left(number) {
            self.change_files(actor, rule, location, change);
        }
    }

    /// Calls a plugin, unless something befalls the call.
    fn call_plugin<T: Default>(&mut self, call: impl FnOnce(&mut Self) -> (Answer, T)) -> (Answer, T) {
        let failed = || Answer::Failed(Text::from(TROUBLE));
        match self.backend_upset() {
            None => call(self),
            Some(BackendUpset::Failure) => (failed(), T::default()),
            Some(BackendUpset::Silence) => (Answer::Pending(None, Box::new(failed())), T::default()),
            Some(BackendUpset::Delay(delay)) => {
                let (answer, made) = call(self);
                (Answer::Pending(Some(delay), Box::new(answer)), made)
            }
        }
    }

    /// Calls a driver, unless something befalls the call. Gives after how long it answers, and what.
    fn call_driver<T>(
        &mut self,
        call: impl FnOnce(&mut Self) -> (Option<Duration>, Result<T, Failure>),
    ) -> (Option<Duration>, Result<T, Failure>) {
        match self.backend_upset() {
            None => call(self),
            Some(BackendUpset::Failure) => (Some(Duration::ZERO), Err(Failure::retry(TROUBLE))),
            Some(BackendUpset::Silence) => (None, Err(Failure::retry(TROUBLE))),
            Some(BackendUpset::Delay(delay)) => {
                let (held, made) = call(self);
                (held.map(|held| held + delay), made)
            }
        }
    }

    pub(super) fn resume(&self, kind: OperationKind, task: OperationTask, resumed: Resumed) -> Turn<OperationTask> {
        let world = if self.stale.is_none() { self.world() } else { self.world_of(kind.controller()) };
        match task {
            OperationTask::Provision(task) => task.resume(resumed, &world).map(OperationTask::Provision),
            OperationTask::Delete(task) => task.resume(resumed, &world).map(OperationTask::Delete),
            OperationTask::Recycle(task) => task.resume(resumed, &world).map(OperationTask::Recycle),
            OperationTask::ExternalProvision(task) => {
                task.resume(resumed, &world).map(OperationTask::ExternalProvision)
            }
            OperationTask::ExternalDelete(task) => task.resume(resumed, &world).map(OperationTask::ExternalDelete),
        }
    }

    /// How long an answer keeps an operation waiting that then goes on with it.
    fn until(&self, answer: &Answer, resumed: Resumed) -> Waiting {
        match answer {
            Answer::Pending(Some(delay), _) => Waiting::Until(self.now + *delay, resumed),
            Answer::Pending(None, _) => Waiting::Forever,
            Answer::Succeeded | Answer::Failed(_) | Answer::Refused(_) | Answer::InUse(_) => Waiting::Ready(resumed),
        }
    }

    /// Notes whether a volume still waits to be recycled after an operation ended.
    fn note_recycling(&mut self, kind: OperationKind, key: u32) {
        if kind != OperationKind::Recycle {
            return;
        }
        let volume = self.store.volumes.get(Id::from_number(key));
        let waits = volume.is_some_and(|volume| {
            volume.spec.persistent_volume_reclaim_policy == ReclaimPolicy::Recycle && volume.status.phase.is_released()
        });
        if waits {
            self.work.recycling.insert(key);
        } else {
            self.work.recycling.remove(&key);
        }
    }
}
