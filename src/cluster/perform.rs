//! Writes of controllers, and who is told of a write.

use std::sync::Arc;
use std::time::Duration;

use crate::api::ApiError;
use crate::cluster::timers::ticks;
use crate::cluster::work::{Origin, Worker};
use crate::cluster::{Cluster, Config, JournalEntry, WriteRecord, faults};
use crate::controllers::{Caching, Emission, protect_claim, protect_volume};
use crate::model::id::Id;
use crate::model::kind::Object;
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::store::{Actor, Change, Context, Verb, Write};

impl Cluster {
    /// Carries out a controller's write, unless a fault refuses it.
    pub(super) fn perform(
        &mut self,
        write: Write,
        actor: Actor,
        rule: &'static str,
        caching: Caching,
    ) -> Result<Object, ApiError> {
        if let Some(error) = faults::answer(&mut self.faults, &write) {
            // Whatever was refused is tried again, at the latest by the next resync.
            self.work.resync_due = true;
            return Err(error);
        }
        let verb = write.verb();
        let sent = match (&write, caching) {
            (Write::Update(object), Caching::Sent) => Some(object.clone()),
            _ => None,
        };
        let change = self.store.apply(write, &self.context()).inspect_err(|error| {
            // The copy was out of date. The watch has brought, or is about to bring, the newer one.
            self.work.resync_due |= matches!(error, ApiError::Conflict { .. });
        })?;
        self.record(verb, actor, rule, &change);
        let object = change.object().cloned();
        let cached = match caching {
            Caching::Stored => change.after,
            Caching::Sent => sent,
            Caching::Nothing => None,
        };
        if let Some(object) = cached {
            self.remember(&object);
        }
        object.ok_or(ApiError::Server { message: "a write had no effect".to_owned() })
    }

    pub(super) fn context(&self) -> Context {
        let Config { namespace, rules, admission, .. } = &*self.config;
        Context { now: self.time(), namespace: namespace.clone(), rules: *rules, admission: *admission }
    }

    /// Stores a copy in the volume controller's own cache.
    pub(super) fn remember(&mut self, object: &Object) {
        let Some(number) = self.store.number(&object.reference()) else {
            return;
        };
        match object {
            Object::PersistentVolume(volume) => {
                let id = Id::from_number(number);
                self.cache.observe_volume(id, volume, self.store.volumes.created(id));
            }
            Object::PersistentVolumeClaim(claim) => {
                self.cache.observe_claim(Id::from_number(number), claim);
            }
            Object::StorageClass(_)
            | Object::VolumeAttributesClass(_)
            | Object::StatefulSet(_)
            | Object::Pod(_)
            | Object::Node(_) => {}
        }
    }

    /// Records a write and tells the controllers of it.
    pub(super) fn record(&mut self, verb: Verb, actor: Actor, rule: &'static str, change: &Change) {
        if !change.is_effective() {
            return;
        }
        self.journalize(verb, actor, rule, change);
        if let Some(object) = change.object() {
            self.notify(object);
        }
    }

    /// Writes a write down, of which the controllers are not told.
    pub(super) fn journalize(&mut self, verb: Verb, actor: Actor, rule: &'static str, change: &Change) {
        if self.config.journal {
            let (before, after) = (change.before.clone(), change.after.clone());
            self.journal.push(JournalEntry::Write(WriteRecord { time: self.now, actor, rule, verb, before, after }));
        }
    }

    /// Puts what a changed object concerns into the queues (`RUN-4`, `RUN-5`, `PROT-8`).
    pub(super) fn notify(&mut self, object: &Object) {
        self.work.resync_due = true;
        let controllers = self.config.controllers;
        let Some(number) = self.store.number(&object.reference()) else {
            return;
        };
        match object {
            Object::PersistentVolume(volume) => {
                if controllers.protection && protect_volume(volume).is_some() {
                    self.work.enqueue(Worker::ProtectVolumes, number, false);
                }
                if controllers.persistent_volumes {
                    self.work.enqueue(Worker::Volumes, number, false);
                }
            }
            Object::PersistentVolumeClaim(claim) => {
                if controllers.protection && protect_claim(claim, &self.store).is_some() {
                    self.work.enqueue(Worker::ProtectClaims, number, false);
                }
                if controllers.persistent_volumes {
                    self.work.enqueue(Worker::Claims, number, false);
                }
            }
            Object::Pod(pod) if controllers.protection => {
                for claim in pod.claim_keys() {
                    if let Some(id) = self.store.claims.id(&claim) {
                        self.work.enqueue(Worker::ProtectClaims, id.number(), false);
                    }
                }
            }
            Object::Pod(_)
            | Object::StorageClass(_)
            | Object::VolumeAttributesClass(_)
            | Object::StatefulSet(_)
            | Object::Node(_) => {}
        }
    }

    pub(super) fn enqueue_claim(&mut self, key: &NamespacedName) {
        if let Some(id) = self.store.claims.id(key) {
            self.work.enqueue(Worker::Claims, id.number(), false);
        }
    }

    pub(super) fn enqueue_volume(&mut self, name: &Text) {
        let key = NamespacedName { namespace: Text::default(), name: name.clone() };
        if let Some(id) = self.store.volumes.id(&key) {
            self.work.enqueue(Worker::Volumes, id.number(), false);
        }
    }

    /// Emits an event. One that a resync merely repeats is not counted here: time counts it.
    pub(super) fn emit(&mut self, emission: Emission, origin: &mut Origin) {
        let source = Actor::PersistentVolumeController;
        let standing = if origin.by_resync { self.recorder.standing(origin, &emission, source) } else { None };
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

    /// Notes what a sync emitted, now that it has ended.
    pub(super) fn stand(&mut self, origin: Origin) {
        let (resyncs, last) = self.resyncs();
        self.recorder.stand(origin, resyncs, last);
    }

    /// How many periodic resyncs there were, and when the last one was.
    pub(super) fn resyncs(&self) -> (u64, Duration) {
        let period = self.config.resync_period;
        let resyncs = ticks(self.now, period);
        (resyncs, u32::try_from(resyncs).map_or(self.now, |resyncs| period.saturating_mul(resyncs)))
    }
}
