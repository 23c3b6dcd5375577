//! One attempt to put a pod on a node: the choice, the writes for its claims one by one, the wait until they are bound,
//! the assignment (`SCHED-40` to `SCHED-47`).
//!
//! The sync ends where the pod has to wait; what it waits for is remembered, and the next sync of the pod looks after
//! it. Nothing that was written is taken back (`SCHED-44`).

use std::sync::Arc;

use crate::controllers::binding::volume_for;
use crate::controllers::scheduler::binding::Plan;
use crate::controllers::scheduler::state::Scheduled;
use crate::controllers::scheduler::verdict::{Extent, judge, options};
use crate::controllers::scheduler::wait::{Progress, Waiting};
use crate::controllers::turn::{Caching, Emission, EventType, Resumed, Turn, World};
use crate::model::id::Id;
use crate::model::json::Json;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::names::SELECTED_NODE;
use crate::model::pod::{Pod, PodCondition};
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::text::Text;
use crate::store::Write;

/// The condition of a pod that says whether it has a node.
const POD_SCHEDULED: &str = "PodScheduled";
/// The plugins reject the pod.
const UNSCHEDULABLE: &str = "Unschedulable";
/// Something went wrong.
const SCHEDULER_ERROR: &str = "SchedulerError";
/// How many bytes of a message an event takes, and how a longer one ends (`SCHED-61`).
const NOTE_LIMIT: usize = 1024;
const ELLIPSIS: &str = " ...";

/// A write that the scheduler makes for a pod before it puts the pod on a node (`SCHED-41`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reservation {
    /// A volume is given to a claim.
    Volume {
        /// The volume.
        volume: Text,
        /// The claim.
        claim: ClaimKey,
    },
    /// A volume shall be made for a claim, for the node.
    Claim {
        /// The claim.
        claim: ClaimKey,
        /// The node.
        node: Text,
    },
}

/// A sync of a pod that waits for the result of a write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ScheduleSync {
    /// A volume or a claim was written.
    Reserving(Box<Reserving>),
    /// The pod was assigned to a node.
    Binding { pod: Id<Pod>, node: Text },
    /// The condition was written.
    Reported,
}

/// The writes for the claims of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reserving {
    pod: Id<Pod>,
    plan: Plan,
    /// How many were carried out.
    done: usize,
    waiting: Waiting,
}

impl ScheduleSync {
    /// Looks at a pod: ends or goes on with its wait, or makes an attempt.
    pub(crate) fn start(id: Id<Pod>, world: &World<'_>) -> Turn<Self> {
        let waiting = world.scheduler.waiting(id);
        let Some(key) = world.store.pods.key(id) else {
            return dropped();
        };
        let pod = world.store.pods.get(id);
        let gone = |waiting: &&Waiting| pod.is_none_or(|pod| pod.metadata.uid != waiting.uid);
        if let Some(waiting) = waiting.filter(gone)
            && let Progress::Failed(cause) = waiting.check(key, world)
        {
            let event = Emission {
                object: ObjectKey { kind: Kind::Pod, key: key.clone() },
                uid: waiting.uid.clone(),
                event_type: EventType::Warning,
                reason: "FailedScheduling",
                message: truncated(&binding_failed(&cause)).into(),
            };
            let turn = pod.map_or_else(dropped, |pod| attempt(id, pod, world));
            return turn.emitting(event);
        }
        match (pod.filter(|pod| is_schedulable(pod)), waiting) {
            (None, _) => dropped(),
            (Some(pod), Some(waiting)) => look_after(id, pod, waiting, key, world),
            (Some(pod), None) => attempt(id, pod, world),
        }
    }

    /// Goes on with the result of a write.
    pub(crate) fn resume(self, resumed: Resumed, world: &World<'_>) -> Turn<Self> {
        match self {
            Self::Reserving(reserving) => reserving.resume(resumed, world),
            Self::Binding { pod, node } => match resumed.object() {
                Ok(Object::Pod(pod)) => {
                    let (namespace, name) = (&pod.metadata.namespace, &pod.metadata.name);
                    let message = format!("Successfully assigned {namespace}/{name} to {node}");
                    dropped().emitting(Emission::on(&*pod, EventType::Normal, "Scheduled", message))
                }
                Ok(_) => dropped(),
                Err(error) => failed(pod, &format!("running Bind plugin \"DefaultBinder\": {error}"), world),
            },
            // Whether the condition could be written does not matter.
            Self::Reported => Turn::done(),
        }
    }

    /// What was just written for a claim.
    pub(crate) fn reservation(&self) -> Option<Reservation> {
        match self {
            Self::Reserving(reserving) => reserving.current(),
            Self::Binding { .. } | Self::Reported => None,
        }
    }
}

fn dropped() -> Turn<ScheduleSync> {
    Turn::done().scheduling(Scheduled::Dropped)
}

/// Whether the scheduler has anything to do with a pod (`SCHED-1`).
pub(crate) fn is_schedulable(pod: &Pod) -> bool {
    let gated = match &pod.spec.extras.scheduling_gates {
        Json::List(gates) => !gates.is_empty(),
        _ => false,
    };
    pod.spec.node_name.is_empty() && !pod.status.phase.is_final() && !gated
}

/// Looks whether the claims of a pod are bound (`SCHED-41`).
fn look_after(
    id: Id<Pod>,
    pod: &Arc<Pod>,
    waiting: &Waiting,
    key: &NamespacedName,
    world: &World<'_>,
) -> Turn<ScheduleSync> {
    match waiting.check(key, world) {
        Progress::Waits => Turn::done(),
        Progress::Done => bind(id, pod, &waiting.node),
        Progress::Failed(cause) => failed(id, &binding_failed(&cause), world),
    }
}

fn binding_failed(cause: &str) -> String {
    format!("running PreBind plugin \"VolumeBinding\": binding volumes: {cause}")
}

fn attempt(id: Id<Pod>, pod: &Arc<Pod>, world: &World<'_>) -> Turn<ScheduleSync> {
    if pod.metadata.is_deleting() {
        let message = format!("skip schedule deleting pod: {}/{}", pod.metadata.namespace, pod.metadata.name);
        return dropped().emitting(Emission::on(&**pod, EventType::Warning, "FailedScheduling", message));
    }
    let (verdict, plan) = match judge(pod, Extent::FirstFit, world) {
        Ok(judged) => judged,
        Err(error) => return failed(id, &error.message, world),
    };
    let other = if world.tie == 0 { None } else { options(pod, world).into_iter().nth(world.tie) };
    let (node, plan) = match other {
        Some((node, plan)) => (Some(node), plan),
        None => (verdict.node.clone(), plan),
    };
    let Some(node) = node else {
        return report(id, UNSCHEDULABLE, &verdict.to_string(), world).scheduling(Scheduled::Rejected);
    };
    if plan == Plan::default() {
        return bind(id, pod, &node);
    }
    let waiting = Waiting {
        uid: pod.metadata.uid.clone(),
        node,
        matches: Vec::new(),
        provisions: Vec::new(),
        deadline: world.now.saturating_add(world.settings.bind_timeout),
    };
    Box::new(Reserving { pod: id, plan, done: 0, waiting }).go(world)
}

fn bind(id: Id<Pod>, pod: &Pod, node: &Text) -> Turn<ScheduleSync> {
    let key = NamespacedName::new(&pod.metadata.namespace, &pod.metadata.name);
    let write = Write::bind(ObjectKey { kind: Kind::Pod, key }, node.clone());
    let then = ScheduleSync::Binding { pod: id, node: node.clone() };
    Turn::write(write, "SCHED-47", then).caching(Caching::Nothing)
}

/// An attempt that something went wrong in (`SCHED-42`).
fn failed(id: Id<Pod>, message: &str, world: &World<'_>) -> Turn<ScheduleSync> {
    report(id, SCHEDULER_ERROR, message, world).scheduling(Scheduled::Failed)
}

/// Says why a pod is on no node, unless that was the last word on it anyway (`SCHED-61`, `ND-16`).
fn report(id: Id<Pod>, reason: &str, message: &str, world: &World<'_>) -> Turn<ScheduleSync> {
    let Some(pod) = world.store.pods.get(id) else {
        return Turn::done();
    };
    let said = pod.condition(POD_SCHEDULED).is_some_and(|condition| {
        condition.status == "False" && condition.reason == reason && condition.message == message
    });
    if said {
        return Turn::done();
    }
    let mut condition = PodCondition::new(POD_SCHEDULED, false);
    condition.reason = reason.into();
    condition.message = message.into();
    condition.observed_generation = pod.metadata.generation;
    let mut new = (**pod).clone();
    new.set_condition(condition, world.time);
    let event = Emission::on(&**pod, EventType::Warning, "FailedScheduling", truncated(message));
    let write = Write::UpdateStatus(Object::Pod(Arc::new(new)));
    Turn::write(write, "SCHED-61", ScheduleSync::Reported).caching(Caching::Nothing).emitting(event)
}

/// A message that fits an event (`SCHED-61`).
fn truncated(message: &str) -> String {
    if message.len() <= NOTE_LIMIT {
        return message.to_owned();
    }
    let end = message.floor_char_boundary(NOTE_LIMIT - ELLIPSIS.len());
    format!("{}{ELLIPSIS}", &message[..end])
}

impl Reserving {
    /// The write that comes next, or that came last, before it is counted.
    fn current(&self) -> Option<Reservation> {
        let volumes = self
            .plan
            .matches
            .iter()
            .map(|(volume, claim)| Reservation::Volume { volume: volume.metadata.name.clone(), claim: claim.key() });
        let node = &self.waiting.node;
        let claims =
            self.plan.provisions.iter().map(|claim| Reservation::Claim { claim: claim.key(), node: node.clone() });
        volumes.chain(claims).nth(self.done)
    }

    /// The object as it is written next. One that is as it should be is written as well (`SCHED-41`).
    fn object(&self) -> Option<(Object, &'static str)> {
        if let Some((volume, claim)) = self.plan.matches.get(self.done) {
            let reserved = volume_for(volume, claim).unwrap_or_else(|| Arc::clone(volume));
            return Some((Object::PersistentVolume(reserved), "SCHED-40"));
        }
        let claim = self.plan.provisions.get(self.done - self.plan.matches.len())?;
        let mut claim = (**claim).clone();
        claim.metadata.annotations = claim.metadata.annotations.with(SELECTED_NODE, self.waiting.node.clone());
        Some((Object::PersistentVolumeClaim(Arc::new(claim)), "SCHED-41"))
    }

    /// Asks for the next write, or ends where all are done.
    fn go(self: Box<Self>, world: &World<'_>) -> Turn<ScheduleSync> {
        match self.object() {
            None => wait(self.pod, self.waiting, world),
            Some((object, rule)) => {
                let then = ScheduleSync::Reserving(self);
                Turn::write(Write::Update(object), rule, then).caching(Caching::Nothing)
            }
        }
    }

    fn resume(mut self: Box<Self>, resumed: Resumed, world: &World<'_>) -> Turn<ScheduleSync> {
        let version = match resumed.object() {
            Ok(object) => object.metadata().resource_version,
            Err(error) => {
                return failed(self.pod, &format!("running PreBind plugin \"VolumeBinding\": {error}"), world);
            }
        };
        match self.current() {
            Some(Reservation::Volume { volume, claim }) => self.waiting.matches.push((volume, version, claim)),
            Some(Reservation::Claim { claim, .. }) => self.waiting.provisions.push((claim, version)),
            None => {}
        }
        self.done += 1;
        self.go(world)
    }
}

/// Everything is written. The claims may be bound already; else the pod waits (`SCHED-41`).
fn wait(id: Id<Pod>, waiting: Waiting, world: &World<'_>) -> Turn<ScheduleSync> {
    let Some((pod, key)) = world.store.pods.get(id).zip(world.store.pods.key(id)) else {
        return dropped();
    };
    match waiting.check(key, world) {
        Progress::Done => bind(id, pod, &waiting.node),
        Progress::Failed(cause) => failed(id, &binding_failed(&cause), world),
        Progress::Waits => {
            Turn::done().waking(world.settings.bind_timeout).scheduling(Scheduled::Waits(Box::new(waiting)))
        }
    }
}
