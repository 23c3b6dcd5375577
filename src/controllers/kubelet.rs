//! The kubelets: they start the pods of their nodes when the volumes are there, and stop those that are deleted
//! (`WL-3` to `WL-5`).
//!
//! A container never fails of itself, and starts and stops in no time. Whoever wants it otherwise holds a pod.

use std::sync::Arc;
use std::time::Duration;

use crate::controllers::obstacle::{Obstacle, obstacle};
use crate::controllers::pod_status::{closed_gates, failed, rejected, running, set_ready, stopped, waiting};
use crate::controllers::scheduler::matches_affinity;
use crate::controllers::turn::{Caching, Effects, Emission, EventType, Resumed, Turn};
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::pod::{Pod, PodPhase};
use crate::model::text::Text;
use crate::model::time::Timestamp;
use crate::store::{DeleteOptions, Store, Write};

/// How long a kubelet waits for volumes before it says so, and between two times (`ATTACH-4`).
pub(crate) const MOUNT_TIMEOUT: Duration = Duration::from_secs(123);

const DEADLINE_EXCEEDED: &str = "DeadlineExceeded";

/// How a test keeps a kubelet from acting on a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Hold {
    /// The pod does not start, and is not ready if it runs.
    Readiness,
    /// The pod does not stop.
    Termination,
}

/// What a kubelet sees besides the objects.
pub(crate) struct Surroundings<'k> {
    pub(crate) store: &'k Store,
    pub(crate) now: Timestamp,
    /// Whether the pod is kept from becoming ready, and from stopping.
    pub(crate) held: (bool, bool),
    /// How many addresses pods have had.
    pub(crate) addresses: u32,
    /// How long the pod has waited to start.
    pub(crate) waited: Duration,
    /// What was said last of why it waits, and how long ago.
    pub(crate) told: Option<(&'k [Text], Duration)>,
}

/// A look at a pod that waits until its status is written or its object is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KubeletSync;

impl KubeletSync {
    /// Looks at a pod that is assigned to a healthy node.
    pub(crate) fn start(pod: &Arc<Pod>, around: &Surroundings<'_>) -> Turn<Self> {
        let (unready, unstoppable) = around.held;
        if pod.metadata.is_deleting() {
            return if unstoppable { Turn::done() } else { Self::stop(pod, around.now) };
        }
        if !is_admitted(pod, around.store) {
            return Self::reject(pod, around.now);
        }
        if !unstoppable && time_left(pod, around.now) == Some(Duration::ZERO) {
            let message = "Pod was active on the node longer than the specified deadline";
            let event = Emission::on(&**pod, EventType::Normal, DEADLINE_EXCEEDED, message);
            let new = failed(pod, DEADLINE_EXCEEDED, message, around.now);
            return Self::turn_to(pod, new, Effects::default()).emitting(event);
        }
        match pod.status.phase {
            PodPhase::Pending if unready => Self::turn_to(pod, waiting(pod, None, around.now), Effects::default()),
            PodPhase::Pending => match obstacle(pod, around.store) {
                Some(obstacle) => {
                    let new = waiting(pod, Some(&obstacle), around.now);
                    Self::turn_to(pod, new, complain(pod, obstacle, around))
                }
                None => {
                    Self::turn_to(pod, running(pod, next_address(around.addresses), around.now), Effects::default())
                }
            },
            PodPhase::Running if pod.is_ready() == unready || (pod.is_ready() && !closed_gates(pod).is_empty()) => {
                let mut new = (**pod).clone();
                set_ready(&mut new, !unready, around.now);
                Self::turn_to(pod, new, Effects::default())
            }
            PodPhase::Running | PodPhase::Succeeded | PodPhase::Failed | PodPhase::Unknown => Turn::done(),
        }
    }

    /// Ends with the result of the write.
    pub(crate) fn resume(resumed: Resumed) -> Turn<Self> {
        match resumed {
            Resumed::Written(Err(error)) => Turn::failed(error.to_string()),
            _ => Turn::done(),
        }
    }

    /// Turns a pod away. Its controller makes another one at once, for ever, so that one of a controller waits a second.
    fn reject(pod: &Arc<Pod>, now: Timestamp) -> Turn<Self> {
        let created = pod.metadata.creation_timestamp.map_or(i64::MIN, Timestamp::unix_seconds);
        let is_young = pod.metadata.controller().is_some() && created >= now.unix_seconds();
        if is_young {
            return Turn::done().waking(Duration::from_secs(1));
        }
        let why = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector";
        let event = Emission::on(&**pod, EventType::Warning, "NodeAffinity", why);
        Self::turn_to(pod, rejected(pod, "NodeAffinity", why, now), Effects::default()).emitting(event)
    }

    /// Stops a pod: its object goes at once, unless finalizers hold it, which then shows that nothing runs any more.
    fn stop(pod: &Arc<Pod>, now: Timestamp) -> Turn<Self> {
        if !pod.metadata.finalizers.is_empty() && !pod.status.phase.is_final() {
            return Self::turn_to(pod, stopped(pod, now), Effects::default());
        }
        let options = DeleteOptions::default().grace_period(0).uid(pod.metadata.uid.clone());
        let write = Write::delete(ObjectKey { kind: Kind::Pod, key: pod.key() }, options);
        Turn::write(write, "WL-5", Self).caching(Caching::Nothing)
    }

    /// Writes the status of a pod, if it is a new one.
    fn turn_to(pod: &Arc<Pod>, new: Pod, effects: Effects) -> Turn<Self> {
        if new.status == pod.status {
            return Turn::done().with(effects);
        }
        Turn::write(Write::UpdateStatus(Object::from(new)), "WL-3", Self).caching(Caching::Nothing).with(effects)
    }
}

/// The address of the next pod, where pods have had so many: one that no pod has had.
pub(crate) fn next_address(addresses: u32) -> Text {
    let number = addresses + 1;
    format!("10.{}.{}.{}", 244 + number / 62_500 % 12, number / 250 % 250, 1 + number % 250).into()
}

/// Whether a kubelet takes a pod up that it has not seen before: one that was put on the node by name may ask for others.
fn is_admitted(pod: &Pod, store: &Store) -> bool {
    let is_new = pod.status.phase == PodPhase::Pending && pod.status.start_time.is_none();
    !is_new || store.nodes.named(&pod.spec.node_name).is_none_or(|node| matches_affinity(pod, node))
}

/// How long a pod that its kubelet has taken up may still be active, where it says how long.
pub(crate) fn time_left(pod: &Pod, now: Timestamp) -> Option<Duration> {
    let is_active = matches!(pod.status.phase, PodPhase::Pending | PodPhase::Running) && !pod.metadata.is_deleting();
    let (seconds, start) = (pod.spec.active_deadline_seconds?, pod.status.start_time.filter(|_| is_active)?);
    let left = start.unix_seconds().saturating_add(seconds).saturating_sub(now.unix_seconds());
    Some(Duration::from_secs(u64::try_from(left).unwrap_or_default()))
}

/// Says why a pod does not start: at once where something is wrong, after a while where volumes are merely awaited,
/// and again every two minutes. What was said of late is not repeated.
fn complain(pod: &Arc<Pod>, obstacle: Obstacle, around: &Surroundings<'_>) -> Effects {
    let complaints = match obstacle {
        Obstacle::Volumes(failed) => failed,
        Obstacle::Container(_, why) => vec![("Failed", format!("Error: {why}"))],
        Obstacle::Awaited(message) if around.waited >= MOUNT_TIMEOUT => vec![("FailedMount", message)],
        Obstacle::Awaited(_) => {
            let wake = Some(MOUNT_TIMEOUT.saturating_sub(around.waited));
            return Effects { wake, ..Effects::default() };
        }
    };
    let left = around
        .told
        .filter(|(told, _)| told.iter().map(Text::as_str).eq(complaints.iter().map(|(_, message)| message.as_str())))
        .map_or(Duration::ZERO, |(_, ago)| MOUNT_TIMEOUT.saturating_sub(ago));
    if !left.is_zero() {
        return Effects { wake: Some(left), ..Effects::default() };
    }
    let events = complaints.into_iter();
    let events = events.map(|(reason, message)| Emission::on(&**pod, EventType::Warning, reason, message));
    Effects { events: events.collect(), wake: Some(MOUNT_TIMEOUT), ..Effects::default() }
}
