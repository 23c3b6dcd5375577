//! Writes of controllers, and who is told of a write.

use std::sync::Arc;
use std::time::Duration;

use crate::api::ApiError;
use crate::cluster::timers::ticks;
use crate::cluster::work::{Origin, Worker};
use crate::cluster::{Cause, Cluster, Config, JournalEntry, WriteRecord, faults};
use crate::controllers::{Caching, Emission};
use crate::model::id::{Id, ObjectId};
use crate::model::kind::Object;
use crate::store::{Actor, Change, Context, Verb, Write};

impl Cluster {
    /// Carries out a controller's write, unless a fault refuses it. `synced` is what the controller looks at, which is
    /// mostly what it writes.
    pub(super) fn perform(
        &mut self,
        write: Write,
        actor: Actor,
        synced: ObjectId,
        rule: &'static str,
        caching: Caching,
    ) -> Result<Object, ApiError> {
        let refused = self.refusal(&write).or_else(|| faults::answer(&mut self.faults, &write));
        if let Some(error) = refused.or_else(|| self.planned_refusal(&write, rule)) {
            // Whatever was refused is tried again, at the latest by the next resync.
            self.work.resync_due = true;
            return Err(error);
        }
        let verb = write.verb();
        let sent = match (&write, caching) {
            (Write::Update(object), Caching::Sent) => Some(object.clone()),
            _ => None,
        };
        let change = self.store.apply(write, Some(synced), &self.context()).inspect_err(|error| {
            // The copy was out of date. The watch has brought, or is about to bring, the newer one.
            self.work.resync_due |= error.is_conflict();
        })?;
        self.record(verb, actor, rule, &change);
        let id = change.id;
        let object = change.object().cloned();
        let cached = match caching {
            Caching::Stored => change.after,
            Caching::Sent => sent,
            Caching::Nothing => None,
        };
        if let Some(object) = cached {
            self.remember(id, &object);
        }
        object.ok_or_else(without_effect)
    }

    pub(super) fn context(&self) -> Context {
        let Config { namespace, rules, admission, .. } = &*self.config;
        Context { now: self.time(), namespace: namespace.clone(), rules: *rules, admission: *admission }
    }

    /// Stores a copy in the volume controller's own cache.
    pub(super) fn remember(&mut self, id: ObjectId, object: &Object) {
        match object {
            Object::PersistentVolume(volume) => drop(self.see_volume(Id::from_number(id.number), Some(volume))),
            Object::PersistentVolumeClaim(claim) => drop(self.see_claim(Id::from_number(id.number), Some(claim))),
            _ => {}
        }
    }

    /// Records a write and tells the controllers of it.
    pub(super) fn record(&mut self, verb: Verb, actor: Actor, rule: &'static str, change: &Change) {
        if !change.is_effective() {
            return;
        }
        if self.stale.is_some() {
            self.miss(&actor);
        }
        self.journalize(verb, actor, rule, change);
        self.index_for_scheduler(change);
        self.notify(change.id, change.before.as_ref(), change.after.as_ref());
        self.catch_up_in_time();
        self.meet_occasions(verb, rule, change);
    }

    /// Writes a write down, of which the controllers are not told.
    pub(super) fn journalize(&mut self, verb: Verb, actor: Actor, rule: &'static str, change: &Change) {
        if self.config.journal {
            let (before, after) = (change.before.clone(), change.after.clone());
            let cause = self.journal.cause(Cause { actor, rule, verb });
            self.journal.push(JournalEntry::Write(WriteRecord { time: self.now, cause, before, after }));
        }
    }

    /// Emits an event. One that a resync merely repeats is not counted here: time counts it.
    pub(super) fn emit(&mut self, emission: Emission, origin: &mut Origin) {
        if self.loose {
            return;
        }
        let source = origin.actor();
        let standing = if origin.by_resync { self.recorder.standing(origin, &emission, &source) } else { None };
        let number = standing.unwrap_or_else(|| {
            let number = self.recorder.record(emission, source, self.now);
            if self.config.journal
                && let Some(event) = self.recorder.event(number)
            {
                self.journal.push(JournalEntry::Event { time: self.now, event: Arc::clone(event) });
            }
            number
        });
        origin.events.push(number);
    }

    /// Notes what a sync emitted, now that it has ended. Only volumes and claims are looked at again by a resync.
    pub(super) fn stand(&mut self, origin: Origin) {
        if self.loose || !matches!(origin.worker, Worker::Volumes | Worker::Claims) {
            return;
        }
        let (now, period) = (self.now, self.config.resync_period);
        self.recorder.stand(origin, || resyncs(now, period));
    }

    /// How many periodic resyncs there were, and when the last one was.
    pub(super) fn resyncs(&self) -> (u64, Duration) {
        resyncs(self.now, self.config.resync_period)
    }
}

fn resyncs(now: Duration, period: Duration) -> (u64, Duration) {
    let resyncs = ticks(now, period);
    (resyncs, u32::try_from(resyncs).map_or(now, |resyncs| period.saturating_mul(resyncs)))
}

/// Every write has an object before or after it.
pub(super) fn without_effect() -> ApiError {
    ApiError::Server { message: "a write had no effect".to_owned() }
}
