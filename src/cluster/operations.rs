//! Operations that run beside the syncs, by name, with back-off (`OP-1` to `OP-5`).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::backend::{ContentsChange, Location};
use crate::cluster::work::Origin;
use crate::controllers::{Operation, OperationKind, OperationTask, Resumed};
use crate::model::kind::ObjectKey;
use crate::model::metadata::Uid;
use crate::store::Actor;

/// The name of an operation: what it does, to which object, of which uid.
pub(super) type OperationName = (OperationKind, ObjectKey, Uid);

const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(122);

/// When an operation of a name may run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Backoff {
    failed: Duration,
    wait: Duration,
}

/// What an operation under way waits for.
#[derive(Clone, Debug)]
pub(super) enum Waiting {
    /// Nothing: it can go on with this.
    Ready(Resumed),
    /// A point in time, to go on with this.
    Until(Duration, Resumed),
    /// Something that never comes.
    Forever,
}

/// An operation under way.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) name: OperationName,
    pub(super) task: OperationTask,
    pub(super) waiting: Waiting,
    /// The sync that started it.
    pub(super) origin: Origin,
    /// What happens to files when it goes on.
    pub(super) effect: Option<Effect>,
    /// Whether a sync asked for it again meanwhile.
    pub(super) again: bool,
}

/// What a plugin or a driver does to files when it has succeeded.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(super) struct Effect {
    pub(super) location: Location,
    pub(super) change: ContentsChange,
    pub(super) rule: &'static str,
}

/// Operations under way, numbered in the order in which they were started, and the failures of those that ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Operations {
    /// There is mostly none or one, and a tree has room for several: for their places only.
    running: BTreeMap<u64, Box<Running>>,
    names: BTreeMap<OperationName, u64>,
    ready: BTreeSet<u64>,
    wakes: BTreeSet<(Duration, u64)>,
    backoffs: BTreeMap<OperationName, Backoff>,
    started: u64,
    /// What backends are at work at for somebody who has crashed since, and who asked for it.
    left: Vec<(Actor, Effect)>,
}

impl Operations {
    /// Starts an operation unless one of its name runs, or failed too short a time ago (`OP-2`, `OP-3`). Gives the
    /// origin back where it was not started.
    pub(super) fn start(&mut self, operation: Operation, origin: Origin, now: Duration) -> Option<Origin> {
        let name = (operation.kind, operation.object, operation.uid);
        let backing_off = self.backoffs.get(&name).is_some_and(|backoff| now <= backoff.failed + backoff.wait);
        let running = self.names.get(&name).copied();
        if let Some(running) = running.and_then(|number| self.running.get_mut(&number)) {
            running.again = true;
        }
        if backing_off || running.is_some() {
            return Some(origin);
        }
        self.started += 1;
        self.names.insert(name.clone(), self.started);
        let waiting = Waiting::Ready(Resumed::Awake);
        let running = Running { name, task: operation.task, waiting, origin, effect: None, again: false };
        self.put(self.started, running);
        None
    }

    /// Whether an operation of that name is under way.
    pub(super) fn is_running(&self, name: &OperationName) -> bool {
        self.names.contains_key(name)
    }

    /// Drops the operations of an external provisioner, as a restart of it does.
    pub(super) fn drop_of(&mut self, provisioner: &str) {
        self.drop_where(|running| running.origin.provisioner.as_ref().is_some_and(|name| name == provisioner));
    }

    /// Drops the operations of which something is true.
    pub(super) fn drop_where(&mut self, is_its: impl Fn(&Running) -> bool) {
        let its: Vec<u64> = self.running.iter().filter(|(_, running)| is_its(running)).map(|(at, _)| *at).collect();
        for number in its {
            self.ready.remove(&number);
            self.wakes.retain(|(_, other)| *other != number);
            if let Some(running) = self.running.remove(&number) {
                self.names.remove(&running.name);
            }
        }
    }

    /// Leaves what backends are at work at for some operations to themselves: whoever asked for it is about to crash.
    pub(super) fn leave(&mut self, is_its: impl Fn(&Running) -> bool) {
        let its = self.running.values().filter(|running| is_its(running));
        let left: Vec<_> = its.filter_map(|running| Some((running.origin.actor(), running.effect.clone()?))).collect();
        for left in left {
            if !self.left.contains(&left) {
                self.left.push(left);
            }
        }
    }

    /// What backends are at work at for nobody.
    pub(super) fn left(&self) -> &[(Actor, Effect)] {
        &self.left
    }

    /// Takes something that a backend is at work at for nobody.
    pub(super) fn take_left(&mut self, number: usize) -> Option<(Actor, Effect)> {
        (number < self.left.len()).then(|| self.left.remove(number))
    }

    /// Somebody asks for something again that a backend is at work at: it is done once.
    pub(super) fn take_up(&mut self, effect: &Effect) {
        self.left.retain(|(_, left)| left != effect);
    }

    /// Notes how an operation ended that was taken.
    pub(super) fn end(&mut self, name: OperationName, failed: bool, now: Duration) {
        self.names.remove(&name);
        if !failed {
            self.backoffs.remove(&name);
            return;
        }
        let wait = self.backoffs.get(&name).map_or(FIRST_BACKOFF, |backoff| (backoff.wait * 2).min(LONGEST_BACKOFF));
        self.backoffs.insert(name, Backoff { failed: now, wait });
    }

    /// The operations that can go on, in the order in which they were started.
    pub(super) fn ready(&self) -> impl Iterator<Item = u64> {
        self.ready.iter().copied()
    }

    pub(super) fn first_ready(&self) -> Option<u64> {
        self.ready.first().copied()
    }

    pub(super) fn get(&self, number: u64) -> Option<&Running> {
        self.running.get(&number).map(Box::as_ref)
    }

    /// Takes an operation that can go on; it must be put back, or ended.
    pub(super) fn take(&mut self, number: u64) -> Option<Running> {
        if !self.ready.remove(&number) {
            return None;
        }
        self.running.remove(&number).map(|running| *running)
    }

    /// Puts an operation back under its number.
    pub(super) fn put(&mut self, number: u64, running: Running) {
        match &running.waiting {
            Waiting::Ready(_) => {
                self.ready.insert(number);
            }
            Waiting::Until(time, _) => {
                self.wakes.insert((*time, number));
            }
            Waiting::Forever => {}
        }
        self.running.insert(number, Box::new(running));
    }

    /// The next point in time at which an operation goes on.
    pub(super) fn next_wake(&self) -> Option<Duration> {
        self.wakes.first().map(|(time, _)| *time)
    }

    /// Wakes the operations whose time has come.
    pub(super) fn wake(&mut self, now: Duration) {
        while self.next_wake().is_some_and(|time| time <= now) {
            let Some((_, number)) = self.wakes.pop_first() else {
                return;
            };
            if let Some(running) = self.running.get_mut(&number)
                && let Waiting::Until(_, resumed) = &running.waiting
            {
                running.waiting = Waiting::Ready(resumed.clone());
                self.ready.insert(number);
            }
        }
    }

    /// Whether an operation of some kinds is under way, or has failed.
    pub(super) fn know_of(&self, is_its: impl Fn(OperationKind) -> bool) -> bool {
        self.names.keys().chain(self.backoffs.keys()).any(|name| is_its(name.0))
    }

    /// Forgets the failures of operations, as a restart of whoever ran them does.
    pub(super) fn forget_failures(&mut self, is_its: impl Fn(OperationKind) -> bool) {
        self.backoffs.retain(|name, _| !is_its(name.0));
    }

    /// The operations that wait for their time, in the order in which they were started.
    pub(super) fn late(&self) -> impl Iterator<Item = u64> {
        self.running
            .iter()
            .filter(|(_, running)| matches!(running.waiting, Waiting::Until(..)))
            .map(|(number, _)| *number)
    }

    /// Lets an operation go on that waits for its time.
    pub(super) fn hurry(&mut self, number: u64) {
        if let Some(running) = self.running.get_mut(&number)
            && let Waiting::Until(time, resumed) = &running.waiting
        {
            self.wakes.remove(&(*time, number));
            running.waiting = Waiting::Ready(resumed.clone());
            self.ready.insert(number);
        }
    }

    /// What an operation that can go on does, and with what it goes on.
    pub(super) fn resumption(&self, number: u64) -> Option<(&OperationTask, &Resumed)> {
        match self.get(number) {
            Some(Running { task, waiting: Waiting::Ready(resumed), .. }) => Some((task, resumed)),
            Some(_) | None => None,
        }
    }

    /// All operations under way.
    pub(super) fn running(&self) -> impl Iterator<Item = &Running> {
        self.running.values().map(Box::as_ref)
    }

    /// The names of the operations that may not run yet.
    pub(super) fn backing_off(&self, now: Duration) -> impl Iterator<Item = &OperationName> {
        self.backoffs.iter().filter(move |(_, backoff)| now <= backoff.failed + backoff.wait).map(|(name, _)| name)
    }

    /// Whether an operation of that name would be started now (`OP-2`, `OP-3`).
    pub(super) fn would_start(&self, name: &OperationName, now: Duration) -> bool {
        !self.names.contains_key(name) && !self.backing_off(now).any(|held| held == name)
    }

    /// The objects of failed operations that may run again by now.
    pub(super) fn expired(&self, now: Duration) -> impl Iterator<Item = ObjectKey> {
        let expired = self.backoffs.iter().filter(move |(_, backoff)| now > backoff.failed + backoff.wait);
        expired.map(|(name, _)| name.1.clone())
    }

    /// The times after which failed operations may run again.
    pub(super) fn retries(&self) -> impl Iterator<Item = Duration> {
        self.backoffs.values().map(|backoff| backoff.failed + backoff.wait)
    }
}
