//! Events as the API server keeps them: one record for each object, type, reason and message, with a count
//! (`EVENT-2`, `DET-13`).
//!
//! A claim that waits emits its event at every resync, every fifteen seconds. Nobody walks the cluster for that: what
//! an object's last sync emitted is its standing set, a record knows in how many of them it stands and since when, and
//! its count is worked out when it is read.

use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxBuildHasher;

use crate::cluster::work::{Origin, Worker};
use crate::controllers::{Emission, EventType};
use crate::model::arena::Arena;
use crate::model::id::ObjectId;
use crate::model::kind::ObjectKey;
use crate::model::metadata::Uid;
use crate::model::shards::{Hashed, Shards};
use crate::model::text::Text;
use crate::store::Actor;

/// An event, as it is emitted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Event {
    /// The object that it is about.
    pub object: ObjectKey,
    /// The object's uid.
    pub uid: Uid,
    /// Normal or warning.
    pub event_type: EventType,
    /// Why, in one word.
    pub reason: &'static str,
    /// What happened.
    pub message: Text,
    /// Who says so.
    pub source: Actor,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.event_type.as_str(), self.reason, self.message)
    }
}

/// An event and how often it was emitted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventRecord {
    /// The event.
    pub event: Arc<Event>,
    /// Virtual time of its first emission.
    pub first: Duration,
    /// Virtual time of its latest emission.
    pub last: Duration,
    /// How often it was emitted.
    pub count: u64,
}

/// What an object's last sync emitted, and since which resync.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Standing {
    events: Vec<u32>,
    since: u64,
}

/// A record as far as it was counted, and what repeats it.
#[derive(Clone, Debug)]
struct Counted {
    record: EventRecord,
    /// In how many standing sets it is.
    stands: u64,
    /// The sum of the resyncs at which it came into these.
    since: u64,
}

impl Counted {
    /// How often it was repeated by now. `resyncs` is the number of resyncs so far.
    fn repeats(&self, resyncs: u64) -> u64 {
        self.stands * resyncs - self.since
    }

    /// Counts repetitions, the last of which was at the last resync.
    fn repeat(record: &mut EventRecord, repeats: u64, last_resync: Duration) {
        if repeats > 0 {
            record.count += repeats;
            record.last = record.last.max(last_resync);
        }
    }
}

/// All events.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder {
    records: Arena<Counted>,
    /// The numbers of records by the hashes of their events.
    numbers: Hashed<u32>,
    standing: Shards<(Worker, ObjectId), Standing>,
}

impl Recorder {
    /// Records an emission. Returns the number of its record.
    pub(super) fn record(&mut self, emission: Emission, source: Actor, now: Duration) -> u32 {
        let Emission { object, uid, event_type, reason, message } = emission;
        self.count(Event { object, uid, event_type, reason, message, source }, now)
    }

    /// Records an emission of another run.
    pub(super) fn replay(&mut self, event: &Event, time: Duration) {
        self.count(event.clone(), time);
    }

    fn count(&mut self, event: Event, now: Duration) -> u32 {
        let hash = FxBuildHasher.hash_one(&event);
        let is_it = |number: &u32| self.event(*number).is_some_and(|held| **held == event);
        if let Some(number) = self.numbers.find(hash, is_it).copied() {
            if let Some(Counted { record, .. }) = self.records.get_mut(number as usize) {
                record.count += 1;
                record.last = now;
            }
            return number;
        }
        let record = EventRecord { event: Arc::new(event), first: now, last: now, count: 1 };
        let counted = Counted { record, stands: 0, since: 0 };
        let number = u32::try_from(self.records.push(counted)).unwrap_or(u32::MAX);
        self.numbers.insert_new(hash, number);
        number
    }

    pub(super) fn event(&self, number: u32) -> Option<&Arc<Event>> {
        self.records.get(number as usize).map(|counted| &counted.record.event)
    }

    /// The record of an emission, if it is among those that the last sync of the key made.
    pub(super) fn standing(&self, origin: &Origin, emission: &Emission, source: &Actor) -> Option<u32> {
        let numbers = &self.standing.get(&(origin.worker, origin.key))?.events;
        numbers.iter().copied().find(|number| {
            self.event(*number).is_some_and(|event| {
                event.source == *source
                    && event.object == emission.object
                    && event.uid == emission.uid
                    && event.event_type == emission.event_type
                    && event.reason == emission.reason
                    && event.message == emission.message
            })
        })
    }

    /// Sets what the last sync of a key emitted. `resyncs` says how many resyncs there were so far, and when the last one
    /// was; most syncs emit nothing and never did, and do not ask.
    pub(super) fn stand(&mut self, origin: Origin, resyncs: impl FnOnce() -> (u64, Duration)) {
        let Origin { worker, key, events, .. } = origin;
        if events.is_empty() && self.standing.is_empty() {
            return;
        }
        let key = (worker, key);
        let held = self.standing.get(&key);
        if held.is_some_and(|held| held.events == events) || held.is_none() && events.is_empty() {
            return;
        }
        let (resyncs, last_resync) = resyncs();
        if let Some(held) = self.standing.remove(&key) {
            for number in held.events {
                if let Some(counted) = self.records.get_mut(number as usize) {
                    Counted::repeat(&mut counted.record, resyncs - held.since, last_resync);
                    counted.stands -= 1;
                    counted.since -= held.since;
                }
            }
        }
        if events.is_empty() {
            return;
        }
        for number in &events {
            if let Some(counted) = self.records.get_mut(*number as usize) {
                counted.stands += 1;
                counted.since += resyncs;
            }
        }
        self.standing.insert(key, Standing { events, since: resyncs });
    }

    /// All records in the order of their first emission, counted up to now.
    pub(super) fn records(&self, resyncs: u64, last_resync: Duration) -> Vec<EventRecord> {
        let counted = |counted: &Counted| {
            let mut record = counted.record.clone();
            Counted::repeat(&mut record, counted.repeats(resyncs), last_resync);
            record
        };
        self.records.iter().map(counted).collect()
    }
}
