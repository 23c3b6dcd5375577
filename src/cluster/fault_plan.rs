//! Fault plans: what goes wrong, and when, as data. Every run with the same plan is the same run.
//!
//! A fault waits for its occasion, a write. Refusals happen to that write; everything else happens right after it, before
//! anybody takes another step.

use std::time::Duration;

use crate::api::ApiError;
use crate::cluster::Cluster;
use crate::cluster::config::Controller;
use crate::cluster::liberty::Mishap;
use crate::model::json::Json;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::text::Text;
use crate::store::{Change, Verb, Write};

/// Which write is meant: one of which everything is true that is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Occasion {
    /// By this rule, such as `BIND-2`.
    pub rule: Option<Text>,
    /// Of this verb.
    pub verb: Option<Verb>,
    /// Of an object of this kind.
    pub kind: Option<Kind>,
    /// Of this object.
    pub object: Option<ObjectKey>,
    /// How many such writes come before it. Those of users count where a rule is not asked for.
    pub after: u32,
}

impl Occasion {
    /// The next write by a rule.
    pub fn rule(rule: impl Into<Text>) -> Self {
        Self { rule: Some(rule.into()), ..Self::default() }
    }

    /// The same, if the write is one of this object.
    #[must_use]
    pub fn of(mut self, object: ObjectKey) -> Self {
        self.object = Some(object);
        self
    }

    /// The same after so many others.
    #[must_use]
    pub fn after(mut self, others: u32) -> Self {
        self.after = others;
        self
    }

    fn fits(&self, rule: &str, verb: Verb, key: &ObjectKey) -> bool {
        let Self { rule: by, verb: of_verb, kind, object, after: _ } = self;
        by.as_ref().is_none_or(|by| by == rule)
            && of_verb.is_none_or(|of_verb| of_verb == verb)
            && kind.is_none_or(|kind| kind == key.kind)
            && object.as_ref().is_none_or(|object| {
                object.kind == key.kind
                    && object.key.name == key.key.name
                    && (object.key.namespace.is_empty() || object.key.namespace == key.key.namespace)
            })
    }
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Upset {
    /// The write is refused, because somebody else was faster. Users are not refused.
    Conflict,
    /// The write is refused: the server has trouble of its own, and says so. Users are not refused.
    ServerError(Text),
    /// The creation is refused, as when the answer to an earlier one was lost. Users are not refused.
    AlreadyExists,
    /// A controller crashes and starts anew.
    Crash(Controller),
    /// A controller sees nothing of what is written next, so many writes long ([`Cluster::fall_behind`]).
    StaleView(Controller, u64),
    /// The next call of a backend fails.
    BackendFailure,
    /// The next call of a backend never ends.
    BackendSilence,
    /// The next call of a backend ends that much later.
    BackendDelay(Duration),
    /// The kubelet of a node falls silent.
    NodeFailure(Text),
    /// A user deletes an object.
    Delete(ObjectKey),
    /// A user changes an object by a JSON merge patch.
    Patch(ObjectKey, Json),
}

/// Something that goes wrong at an occasion.
///
/// ```
/// use bindery::{AccessMode, Cluster, Controller, Occasion, PersistentVolume, PersistentVolumeClaim, PlannedFault, Upset};
///
/// let mut cluster = Cluster::default();
/// cluster.plan_faults([PlannedFault::new(Occasion::rule("BIND-2"), Upset::Crash(Controller::PersistentVolumes))]);
/// cluster.create(PersistentVolume::new("pv-1", "10Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
/// cluster.create(PersistentVolumeClaim::new("default", "data", "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
/// cluster.settle()?;
/// assert_eq!(cluster.planned_faults().count(), 0);
/// assert_eq!(cluster.claim("data").unwrap().status.phase.as_str(), "Bound");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PlannedFault {
    /// When.
    pub at: Occasion,
    /// What.
    pub what: Upset,
}

impl PlannedFault {
    /// Something that goes wrong at an occasion.
    pub fn new(at: Occasion, what: Upset) -> Self {
        Self { at, what }
    }
}

/// What waits for its occasion, and what has had it and is yet to happen.
#[derive(Clone, Debug, Default)]
pub(super) struct FaultPlan {
    waiting: Vec<PlannedFault>,
    due: Vec<Upset>,
    backend: Vec<Upset>,
}

/// What befalls a call of a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BackendUpset {
    Failure,
    Silence,
    Delay(Duration),
}

impl FaultPlan {
    /// Takes the first fault of which this write is the occasion, and counts it for the others.
    fn take(&mut self, rule: &str, verb: Verb, key: &ObjectKey, fits: impl Fn(&Upset) -> bool) -> Option<Upset> {
        let mut found = None;
        for (number, fault) in self.waiting.iter_mut().enumerate() {
            if fits(&fault.what) && fault.at.fits(rule, verb, key) {
                match fault.at.after.checked_sub(1) {
                    Some(after) => fault.at.after = after,
                    None if found.is_none() => found = Some(number),
                    None => {}
                }
            }
        }
        found.map(|number| self.waiting.remove(number).what)
    }
}

fn refuses(upset: &Upset) -> bool {
    matches!(upset, Upset::Conflict | Upset::ServerError(_) | Upset::AlreadyExists)
}

impl Cluster {
    /// Adds faults to those that are planned.
    pub fn plan_faults(&mut self, faults: impl IntoIterator<Item = PlannedFault>) {
        self.plan.waiting.extend(faults);
    }

    /// The faults that have not had their occasion yet.
    pub fn planned_faults(&self) -> impl Iterator<Item = &PlannedFault> {
        self.plan.waiting.iter()
    }

    /// The answer to a controller's write that is refused by the plan.
    pub(super) fn planned_refusal(&mut self, write: &Write, rule: &str) -> Option<ApiError> {
        if self.plan.waiting.is_empty() {
            return None;
        }
        let key = write.key();
        let (kind, name) = (key.kind, key.key.name.clone());
        Some(match self.plan.take(rule, write.verb(), &key, refuses)? {
            Upset::Conflict => ApiError::Conflict { kind, name },
            Upset::AlreadyExists => ApiError::AlreadyExists { kind, name },
            Upset::ServerError(message) => ApiError::Server { message: message.to_string() },
            _ => return None,
        })
    }

    /// Notes what has its occasion in a write that was carried out.
    pub(super) fn meet_occasions(&mut self, verb: Verb, rule: &str, change: &Change) {
        if self.plan.waiting.is_empty() {
            return;
        }
        if let Some(key) = change.object().map(Object::reference) {
            while let Some(upset) = self.plan.take(rule, verb, &key, |upset| !refuses(upset)) {
                self.plan.due.push(upset);
            }
        }
    }

    /// Lets happen what has had its occasion.
    pub(super) fn play_upsets(&mut self) {
        while !self.plan.due.is_empty() {
            match self.plan.due.remove(0) {
                Upset::Crash(controller) => self.crash(controller),
                Upset::StaleView(controller, writes) => self.lag(controller, Some(writes)),
                upset @ (Upset::BackendFailure | Upset::BackendSilence | Upset::BackendDelay(_)) => {
                    self.plan.backend.push(upset);
                }
                // Whether there is such a node or object does not matter: the user has tried.
                Upset::NodeFailure(node) => drop(self.fail_node(&node)),
                Upset::Delete(key) => drop(self.delete(&key)),
                Upset::Patch(key, patch) => drop(self.patch(&key, &patch)),
                Upset::Conflict | Upset::ServerError(_) | Upset::AlreadyExists => {}
            }
        }
    }

    /// What befalls the call of a backend that is being made: by the move, or by the plan.
    pub(super) fn backend_upset(&mut self) -> Option<BackendUpset> {
        match self.backend_mishap() {
            Some(Mishap::BackendFailure) => return Some(BackendUpset::Failure),
            Some(_) => return Some(BackendUpset::Silence),
            None if self.plan.backend.is_empty() => return None,
            None => {}
        }
        Some(match self.plan.backend.remove(0) {
            Upset::BackendSilence => BackendUpset::Silence,
            Upset::BackendDelay(delay) => BackendUpset::Delay(delay),
            _ => BackendUpset::Failure,
        })
    }
}
