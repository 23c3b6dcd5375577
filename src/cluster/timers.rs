//! What happens at points in virtual time: retries of failed syncs (`RUN-7`) and the ticks of the resync (`RUN-8`).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::cluster::work::Worker;
use crate::model::id::ObjectId;

const FIRST_DELAY: Duration = Duration::from_millis(5);
const LONGEST_DELAY: Duration = Duration::from_secs(1000);
/// The bucket that all retries of a queue share: ten per second, a hundred at once.
const BURST: u32 = 100;
const REFILL: Duration = Duration::from_millis(100);

/// What is known of a key that failed.
#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    /// How often in a row.
    count: u32,
    /// When last.
    last: Duration,
}

/// Syncs that failed, and when they are tried again.
#[derive(Clone, Debug, Default)]
pub(super) struct Retries {
    due: BTreeMap<(Duration, u64), (Worker, ObjectId)>,
    /// Where a key stands in `due`: once, at the earliest of its times.
    waiting: BTreeMap<(Worker, ObjectId), (Duration, u64)>,
    failures: BTreeMap<(Worker, ObjectId), Failures>,
    /// When the bucket of a worker is full again.
    full: BTreeMap<Worker, Duration>,
    number: u64,
}

/// Keys to be looked at again at points in time.
#[derive(Clone, Debug, Default)]
pub(super) struct Wakes(BTreeSet<(Duration, Worker, ObjectId)>);

impl Wakes {
    pub(super) fn add(&mut self, time: Duration, worker: Worker, key: ObjectId) {
        self.0.insert((time, worker, key));
    }

    /// Takes back that a key is looked at at a point in time.
    pub(super) fn remove(&mut self, time: Duration, worker: Worker, key: ObjectId) {
        self.0.remove(&(time, worker, key));
    }

    /// The next point in time at which a key is looked at.
    pub(super) fn next(&self) -> Option<Duration> {
        self.0.first().map(|(time, ..)| *time)
    }

    /// Takes a key whose time has come.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<(Worker, ObjectId)> {
        if self.next()? > now {
            return None;
        }
        self.0.pop_first().map(|(_, worker, key)| (worker, key))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Duration, Worker, ObjectId)> {
        self.0.iter().copied()
    }

    /// Forgets the keys of some workers.
    pub(super) fn forget(&mut self, is_its: impl Fn(Worker) -> bool) {
        self.0.retain(|(_, worker, _)| !is_its(*worker));
    }
}

impl Retries {
    /// Whether anything is known of a key that failed.
    pub(super) fn know(&self, worker: Worker, key: ObjectId) -> bool {
        !self.failures.is_empty() && self.failures.contains_key(&(worker, key))
    }

    /// Whether a key waits to be tried again.
    pub(super) fn is_waiting(&self, worker: Worker, key: ObjectId) -> bool {
        !self.waiting.is_empty() && self.waiting.contains_key(&(worker, key))
    }

    /// Whether nothing is known of any key.
    pub(super) fn is_empty(&self) -> bool {
        self.failures.is_empty() && self.waiting.is_empty() && self.full.is_empty()
    }

    /// Notes a success, which clears the history of a key.
    pub(super) fn succeeded(&mut self, worker: Worker, key: ObjectId) {
        self.failures.remove(&(worker, key));
    }

    /// Notes a failure: the key is tried again after five milliseconds doubled for each failure before, or when the
    /// bucket has a token, whichever is later.
    ///
    /// Time stands still while a cluster settles, so that all resyncs at one time are the same one and count once.
    pub(super) fn failed(&mut self, worker: Worker, key: ObjectId, by_resync: bool, now: Duration) {
        let key = (worker, key);
        let failures = self.failures.entry(key).or_default();
        if by_resync && failures.count > 0 && failures.last == now {
            return;
        }
        failures.last = now;
        let doubled = FIRST_DELAY.saturating_mul(2u32.saturating_pow(failures.count));
        failures.count += 1;
        let full = self.full.entry(worker).or_default();
        *full = (*full).max(now) + REFILL;
        let bucket = full.saturating_sub(now).saturating_sub(REFILL * BURST);
        let due = now + doubled.min(LONGEST_DELAY).max(bucket);
        match self.waiting.get(&key) {
            Some((earlier, _)) if *earlier <= due => return,
            Some(later) => drop(self.due.remove(later)),
            None => {}
        }
        self.number += 1;
        self.waiting.insert(key, (due, self.number));
        self.due.insert((due, self.number), key);
    }

    /// The next point in time at which a key is tried again.
    pub(super) fn next(&self) -> Option<Duration> {
        self.due.keys().next().map(|(time, _)| *time)
    }

    /// Takes a key whose time has come.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<(Worker, ObjectId)> {
        let first = self.due.first_entry()?;
        if first.key().0 > now {
            return None;
        }
        let key = first.remove();
        self.waiting.remove(&key);
        Some(key)
    }

    /// The keys that wait to be tried again.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (Worker, ObjectId)> {
        self.waiting.keys().copied()
    }

    /// No longer waits to try a key again, because it is tried now.
    pub(super) fn no_longer(&mut self, worker: Worker, key: ObjectId) {
        if let Some(place) = self.waiting.remove(&(worker, key)) {
            self.due.remove(&place);
        }
    }

    /// Forgets the failures of some workers, as a restart does.
    pub(super) fn forget(&mut self, is_its: impl Fn(Worker) -> bool) {
        self.due.retain(|_, (worker, _)| !is_its(*worker));
        self.waiting.retain(|(worker, _), _| !is_its(*worker));
        self.failures.retain(|(worker, _), _| !is_its(*worker));
        self.full.retain(|worker, _| !is_its(*worker));
    }

    /// The keys of which the last sync failed, of the controller that resyncs.
    pub(super) fn failing(&self) -> impl Iterator<Item = (Worker, ObjectId)> {
        self.failures.keys().copied().filter(|(worker, _)| matches!(worker, Worker::Volumes | Worker::Claims))
    }
}

/// How many ticks of a period have passed.
pub(super) fn ticks(now: Duration, period: Duration) -> u64 {
    let ticks = now.as_nanos() / period.as_nanos().max(1);
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// The first tick after a point in time.
pub(super) fn next_tick(after: Duration, period: Duration) -> Duration {
    let next = ticks(after, period).saturating_add(1);
    u32::try_from(next).map_or(Duration::MAX, |next| period.saturating_mul(next))
}
