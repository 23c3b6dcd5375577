//! What a sync sees and what it can answer.

use std::sync::Arc;
use std::time::Duration;

use crate::api::ApiError;
use crate::backend::{Ability, Answer, Drivers, Failure, NewVolume, Plugins};
use crate::controllers::cache::Cache;
use crate::controllers::external::{ExternalDelete, ExternalProvision, Remark};
use crate::controllers::scheduler::{NodeChoice, Scheduled, Scheduler};
use crate::controllers::stateful_set::SetMemory;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::StorageClass;
use crate::model::kind::{Object, ObjectKey, Resource};
use crate::model::metadata::Uid;
use crate::model::rare::{Rare, blank};
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::replica_set::ReplicaSet;
use crate::model::text::Text;
use crate::model::time::Timestamp;
use crate::model::volume::PersistentVolume;
use crate::store::{Store, Write, default_class};

/// Whether an event is about something that goes well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// For information.
    Normal,
    /// Something is wrong.
    Warning,
}

impl EventType {
    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// An event that a controller emits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Emission {
    pub(crate) object: ObjectKey,
    pub(crate) uid: Uid,
    pub(crate) event_type: EventType,
    pub(crate) reason: &'static str,
    pub(crate) message: Text,
}

impl Emission {
    pub(crate) fn on<T: Resource>(
        object: &T,
        event_type: EventType,
        reason: &'static str,
        message: impl Into<Text>,
    ) -> Self {
        let metadata = object.metadata();
        let key = NamespacedName { namespace: metadata.namespace.clone(), name: metadata.name.clone() };
        let object = ObjectKey { kind: T::KIND, key };
        Self { object, uid: metadata.uid.clone(), event_type, reason, message: message.into() }
    }
}

/// Why a sync failed; its key is tried again (`RUN-7`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct SyncError {
    /// What went wrong, in Kubernetes' words.
    pub message: String,
}

impl From<ApiError> for SyncError {
    fn from(error: ApiError) -> Self {
        Self { message: error.to_string() }
    }
}

/// What the controllers are set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Whether volumes are made for claims (`PROV-1`).
    pub(crate) dynamic_provisioning: bool,
    /// Whether released volumes are reclaimed.
    pub(crate) reclaim: bool,
    /// Whether the API server sets self links.
    pub(crate) self_links: bool,
    /// Which of several nodes a pod is put on (`ND-1`).
    pub(crate) node_choice: NodeChoice,
    /// How long a pod waits for its claims (`SCHED-41`).
    pub(crate) bind_timeout: Duration,
}

/// What a controller sees.
pub(crate) struct World<'w> {
    /// The watch caches. They do not lag behind the API server unless a fault says so.
    pub(crate) store: &'w Store,
    /// The API server, for what is read live.
    pub(crate) live: &'w Store,
    /// Which of several volumes that suit a claim equally it gets, counted from zero in the documented order (`DET-1`
    /// to `DET-3`).
    pub(crate) tie: usize,
    /// The controller's own cache.
    pub(crate) cache: &'w Cache,
    pub(crate) plugins: &'w Plugins,
    pub(crate) drivers: &'w Drivers,
    pub(crate) settings: &'w Settings,
    /// What the scheduler remembers.
    pub(crate) scheduler: &'w Scheduler,
    /// Virtual time since the start of the cluster, and as the API writes it.
    pub(crate) now: Duration,
    pub(crate) time: Timestamp,
}

impl<'w> World<'w> {
    /// A volume of the own cache, by name.
    pub(crate) fn cached_volume(&self, name: &Text) -> Option<&'w Arc<PersistentVolume>> {
        self.cache.volume(self.store.volumes.id_of("", name)?)
    }

    /// A claim of the own cache.
    pub(crate) fn cached_claim(&self, key: &ClaimKey) -> Option<&'w Arc<PersistentVolumeClaim>> {
        self.cache.claim(self.store.claims.id(key)?)
    }

    pub(crate) fn live_volume(&self, name: &Text) -> Option<&'w Arc<PersistentVolume>> {
        self.live.volumes.named(name)
    }

    pub(crate) fn live_claim(&self, key: &ClaimKey) -> Option<&'w Arc<PersistentVolumeClaim>> {
        self.live.claims.find(key)
    }

    pub(crate) fn class(&self, name: &str) -> Option<&'w Arc<StorageClass>> {
        self.store.classes.named(name)
    }

    pub(crate) fn default_class(&self) -> Option<&'w Arc<StorageClass>> {
        default_class(&self.store.classes)
    }

    /// Names of the pods of a claim (`HELP-12`) that are not terminated, sorted; only those without a node if asked.
    pub(crate) fn pods_of(&self, key: &ClaimKey, only_unscheduled: bool) -> Vec<Text> {
        let pods = self.store.pods_of_claim(key).filter(|pod| !pod.is_terminated());
        let mut names: Vec<Text> = pods
            .filter(|pod| !only_unscheduled || pod.spec.node_name.is_empty())
            .map(|pod| pod.metadata.name.clone())
            .collect();
        names.sort();
        names
    }
}

/// What the own cache keeps of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Caching {
    /// What was stored (`CACHE-3`).
    Stored,
    /// Nothing; the watch brings it (`DEFAULT-8`).
    Nothing,
    /// The copy that was sent, with the version that it was sent with (`CACHE-3`).
    Sent,
}

/// The kinds of operations that run beside the syncs (`OP-1`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum OperationKind {
    Provision,
    Delete,
    Recycle,
    /// An external provisioner makes a volume.
    ExternalProvision,
    /// An external provisioner deletes a volume.
    ExternalDelete,
}

/// An operation that a sync asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Operation {
    pub(crate) kind: OperationKind,
    /// The object that it is for, and the uid that makes its name unique.
    pub(crate) object: ObjectKey,
    pub(crate) uid: Uid,
    pub(crate) task: OperationTask,
}

/// What an operation does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum OperationTask {
    Provision(crate::controllers::provision::ProvisionTask),
    Delete(crate::controllers::reclaim::DeleteTask),
    Recycle(crate::controllers::reclaim::RecycleTask),
    ExternalProvision(ExternalProvision),
    ExternalDelete(ExternalDelete),
}

/// What a turn does besides its write; most do nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Effects {
    pub(crate) events: Vec<Emission>,
    /// Claims to be looked at soon (`VOL-8`).
    pub(crate) enqueue: Vec<ClaimKey>,
    pub(crate) start: Option<Box<Operation>>,
    /// After how long the key shall be looked at again, whatever happens until then.
    pub(crate) wake: Option<Duration>,
    /// What a pass over a set leaves to the next one.
    pub(crate) memory: Option<Box<SetMemory>>,
    /// Lines of the log, with the objects that they are about.
    pub(crate) logs: Vec<(ObjectKey, Text)>,
    /// What an external provisioner remembers.
    pub(crate) remark: Option<Remark>,
    /// How an attempt to schedule a pod ended.
    pub(crate) scheduled: Option<Scheduled>,
}

blank!(Effects);

/// What an operation, and no sync, may ask for besides writes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Request {
    /// A plugin shall reclaim the volume.
    Reclaim { plugin: usize, ability: Ability, volume: Arc<PersistentVolume> },
    /// A plugin shall make a volume.
    Provision { plugin: usize, claim: Arc<PersistentVolumeClaim>, class: Arc<StorageClass> },
    /// An external driver shall make storage for a volume of that name.
    Make { driver: Text, name: Text, claim: Arc<PersistentVolumeClaim>, class: Arc<StorageClass> },
    /// An external driver shall delete what stands behind a volume.
    Remove { driver: Text, volume: Arc<PersistentVolume> },
    /// Nothing for a while.
    Sleep(Duration),
}

/// What a sync or an operation does next. It is handed through several hands for every write, so that what is rare is in
/// boxes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next<S> {
    /// It writes, by a rule; the state goes on with the result.
    Write { write: Write, rule: &'static str, caching: Caching, then: S },
    /// It asks for something; the state goes on with the answer.
    Ask { request: Box<Request>, then: S },
    /// It is over.
    End(Result<(), SyncError>),
}

/// One turn of a sync or an operation: at most one write.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Turn<S> {
    pub(crate) effects: Rare<Effects>,
    pub(crate) next: Next<S>,
}

impl<S> Turn<S> {
    pub(crate) fn done() -> Self {
        Self { effects: Rare::default(), next: Next::End(Ok(())) }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { effects: Rare::default(), next: Next::End(Err(SyncError { message: message.into() })) }
    }

    pub(crate) fn write(write: Write, rule: &'static str, then: S) -> Self {
        Self { effects: Rare::default(), next: Next::Write { write, rule, caching: Caching::Stored, then } }
    }

    pub(crate) fn ask(request: Request, then: S) -> Self {
        Self { effects: Rare::default(), next: Next::Ask { request: Box::new(request), then } }
    }

    /// The same turn with other effects.
    pub(crate) fn with(self, effects: Effects) -> Self {
        Self { effects: effects.into(), ..self }
    }

    /// The same turn with another caching of its write.
    pub(crate) fn caching(mut self, how: Caching) -> Self {
        if let Next::Write { caching, .. } = &mut self.next {
            *caching = how;
        }
        self
    }

    /// The same turn with an event before its write.
    pub(crate) fn emitting(mut self, emission: Emission) -> Self {
        self.effects.events.insert(0, emission);
        self
    }

    /// The same turn with these events.
    pub(crate) fn telling(mut self, events: Vec<Emission>) -> Self {
        if !events.is_empty() {
            self.effects.events = events;
        }
        self
    }

    /// The same turn with a line in the log.
    pub(crate) fn logging<T: Resource>(mut self, object: &T, line: impl Into<Text>) -> Self {
        let metadata = object.metadata();
        let key = NamespacedName { namespace: metadata.namespace.clone(), name: metadata.name.clone() };
        self.effects.logs.push((ObjectKey { kind: T::KIND, key }, line.into()));
        self
    }

    /// The same turn with something for an external provisioner to remember.
    pub(crate) fn remarking(mut self, remark: Remark) -> Self {
        self.effects.remark = Some(remark);
        self
    }

    /// The same turn that also starts an operation.
    pub(crate) fn starting(mut self, operation: Operation) -> Self {
        self.effects.start = Some(Box::new(operation));
        self
    }

    /// The same turn that also wakes the key after a while.
    pub(crate) fn waking(mut self, after: Duration) -> Self {
        self.effects.wake = Some(after);
        self
    }

    /// The same turn with the end of an attempt to schedule a pod.
    pub(crate) fn scheduling(mut self, outcome: Scheduled) -> Self {
        self.effects.scheduled = Some(outcome);
        self
    }

    /// Whether it does nothing, and is the last one.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.next, Next::End(Ok(()))) && !self.effects.is_set()
    }

    /// The same turn of a larger state.
    pub(crate) fn map<T>(self, wrap: impl FnOnce(S) -> T) -> Turn<T> {
        let next = match self.next {
            Next::Write { write, rule, caching, then } => Next::Write { write, rule, caching, then: wrap(then) },
            Next::Ask { request, then } => Next::Ask { request, then: wrap(then) },
            Next::End(result) => Next::End(result),
        };
        Turn { effects: self.effects, next }
    }
}

/// With what a sync or an operation goes on.
#[derive(Clone, Debug)]
pub(crate) enum Resumed {
    /// It begins, or has slept.
    Awake,
    /// Its write was carried out, or refused.
    Written(Result<Object, ApiError>),
    /// The plugin has answered.
    Answered(Answer),
    /// The plugin has answered and made this volume, if it did.
    Provisioned(Answer, Box<PersistentVolume>),
    /// The external driver has made storage, or has failed to.
    Made(Box<Result<NewVolume, Failure>>),
    /// The external driver has deleted storage, or has failed to.
    Removed(Result<(), Failure>),
}

impl Resumed {
    /// The volume that was written.
    pub(crate) fn volume(self) -> Result<Arc<PersistentVolume>, SyncError> {
        self.written()
    }

    /// The ReplicaSet that was written.
    pub(crate) fn replica_set(self) -> Result<Arc<ReplicaSet>, SyncError> {
        self.written()
    }

    /// The claim that was written.
    pub(crate) fn claim(self) -> Result<Arc<PersistentVolumeClaim>, SyncError> {
        self.written()
    }

    /// The object that was written.
    pub(crate) fn object(self) -> Result<Object, SyncError> {
        let Self::Written(result) = self else {
            return Err(SyncError { message: "a sync was resumed without the result of its write".to_owned() });
        };
        result.map_err(SyncError::from)
    }

    fn written<T: Resource>(self) -> Result<Arc<T>, SyncError> {
        let object = self.object()?;
        let other = || SyncError { message: format!("{object} was written, not a {}", T::KIND) };
        T::unwrap(&object).cloned().ok_or_else(other)
    }
}
