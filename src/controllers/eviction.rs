//! Pods that must leave their node: because of its taints, because it is out of service, or because it is gone
//! (`STS-33`, `ATTACH-6`).
//!
//! The taint manager requests a deletion, which a silent kubelet does not carry out: such pods stay, terminating, until
//! it answers again. The collector of pods removes them without it only where an administrator has said that the node
//! is off, or where the node is deleted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::controllers::node::{NodeSync, NodeView, has_status};
use crate::controllers::toleration::{is_about_eviction, tolerates};
use crate::controllers::turn::{Effects, Emission, EventType, Turn};
use crate::model::json::Json;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::metadata::Uid;
use crate::model::node::{Node, Taint};
use crate::model::pod::{Pod, PodCondition, PodPhase};
use crate::model::time::Timestamp;
use crate::store::{DeleteOptions, Write};

/// The taint of a node that does not answer.
pub(crate) const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// The taint by which an administrator says that a node is off.
pub(crate) const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";
/// The taints that every pod bears for a while, unless it says how long itself (`DefaultTolerationSeconds`).
const BORNE_BY_DEFAULT: [&str; 2] = ["node.kubernetes.io/not-ready", UNREACHABLE];
const DEFAULT_TOLERATION: Duration = Duration::from_mins(5);
/// How often the collector of pods looks at them.
const COLLECTION_ROUND: Duration = Duration::from_secs(20);
/// How long a pod without a node is left alone: a quarantine of 40 seconds, and a round of the collector.
const ORPHAN_QUARANTINE: Duration = Duration::from_mins(1);

/// Since when pods bear the taints of their nodes; a crash loses it, and the time begins anew.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evictions(BTreeMap<Uid, Duration>);

impl Evictions {
    /// Forgets a pod that is gone.
    pub(crate) fn forget(&mut self, pod: &Uid) {
        self.0.remove(pod);
    }
}

/// How long a pod bears the taints of its node.
enum Bearing {
    ForEver,
    For(Duration),
}

/// Has the first pod deleted whose time is over. `pods` are those of the node.
pub(crate) fn evict(node: &Node, pods: &[&Arc<Pod>], view: &mut NodeView<'_>) -> Turn<NodeSync> {
    let is_off = !has_status(node, "True") && node.spec.taints.iter().any(|taint| taint.key == OUT_OF_SERVICE);
    if let Some(pod) = pods.iter().find(|pod| is_off && pod.metadata.is_deleting() && !is_stuck(pod)) {
        return remove(pod, None, view.now);
    }
    let taints: Vec<&Taint> = node.spec.taints.iter().filter(|taint| taint.effect == "NoExecute").collect();
    let mut effects = Effects::default();
    for pod in pods {
        let uid = &pod.metadata.uid;
        if pod.metadata.is_deleting() {
            view.evictions.forget(uid);
            continue;
        }
        match bearing(pod, &taints) {
            Bearing::ForEver if view.evictions.0.remove(uid).is_some() => {
                let message = format!("Cancelling deletion of Pod {}", pod.key());
                effects.events.push(Emission::on(&***pod, EventType::Normal, "TaintManagerEviction", message));
            }
            Bearing::ForEver => {}
            Bearing::For(time) => {
                let since = *view.evictions.0.entry(uid.clone()).or_insert(view.elapsed);
                let left = since.saturating_add(time).saturating_sub(view.elapsed);
                if left.is_zero() {
                    let mut turn = delete(pod, view.now);
                    effects.events.append(&mut turn.effects.events);
                    turn.effects.events = effects.events;
                    return turn;
                }
                effects.wake = Some(effects.wake.map_or(left, |wake| wake.min(left)));
            }
        }
    }
    NodeSync::end(effects)
}

/// Notes on a pod why it goes, and then has it deleted.
fn delete(pod: &Arc<Pod>, now: Timestamp) -> Turn<NodeSync> {
    let condition = disruption("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");
    if pod.condition(&condition.r#type).is_some_and(|held| held.reason == condition.reason) {
        let options = DeleteOptions::default().uid(pod.metadata.uid.clone());
        return NodeSync::write(Write::delete(ObjectKey { kind: Kind::Pod, key: pod.key() }, options), "STS-33");
    }
    let mut new = (**pod).clone();
    new.set_condition(condition, now);
    let message = format!("Marking for deletion Pod {}", pod.key());
    let event = Emission::on(&**pod, EventType::Normal, "TaintManagerEviction", message);
    NodeSync::write(Write::UpdateStatus(Object::from(new)), "STS-33").emitting(event)
}

/// Removes a pod without asking its kubelet: it fails first, then it is gone.
fn remove(pod: &Arc<Pod>, why: Option<PodCondition>, now: Timestamp) -> Turn<NodeSync> {
    if pod.status.phase.is_final() {
        let options = DeleteOptions::default().grace_period(0).uid(pod.metadata.uid.clone());
        return NodeSync::write(Write::delete(ObjectKey { kind: Kind::Pod, key: pod.key() }, options), "ATTACH-6");
    }
    let mut new = (**pod).clone();
    new.status.phase = PodPhase::Failed;
    if let Some(condition) = why {
        new.set_condition(condition, now);
    }
    NodeSync::write(Write::UpdateStatus(Object::from(new)), "ATTACH-6")
}

/// Removes the first of the pods of a node that does not exist, once that has been known long enough.
pub(crate) fn remove_orphan(pods: &[Arc<Pod>], gone: Duration, now: Timestamp) -> Turn<NodeSync> {
    let left = ORPHAN_QUARANTINE.saturating_sub(gone);
    match pods.iter().find(|pod| !is_stuck(pod)) {
        None => Turn::done(),
        Some(_) if !left.is_zero() => NodeSync::end(Effects { wake: Some(left), ..Effects::default() }),
        Some(pod) => remove(pod, Some(disruption("DeletionByPodGC", "PodGC: node no longer exists")), now),
    }
}

/// Ends a pod without a node that is being deleted and that only finalizers hold, with the next round of the collector.
pub(crate) fn remove_unscheduled(pod: &Arc<Pod>, now: Timestamp) -> Turn<NodeSync> {
    let Some(deleted) = pod.metadata.deletion_timestamp.filter(|_| !is_stuck(pod)) else {
        return Turn::done();
    };
    let passed = u64::try_from(now.unix_seconds().saturating_sub(deleted.unix_seconds())).unwrap_or_default();
    match COLLECTION_ROUND.saturating_sub(Duration::from_secs(passed)) {
        Duration::ZERO => remove(pod, None, now),
        left => NodeSync::end(Effects { wake: Some(left), ..Effects::default() }),
    }
}

/// Whether a pod has ended and only finalizers hold it.
fn is_stuck(pod: &Pod) -> bool {
    pod.status.phase.is_final() && pod.metadata.is_deleting() && pod.metadata.deletion_grace_period_seconds == Some(0)
}

fn disruption(reason: &str, message: &str) -> PodCondition {
    let condition = PodCondition::new("DisruptionTarget", true);
    PodCondition { reason: reason.into(), message: message.into(), ..condition }
}

/// The least time for which a pod bears the taints: none where it does not bear one of them.
fn bearing(pod: &Pod, taints: &[&Taint]) -> Bearing {
    let tolerations = pod.spec.extras.tolerations.items();
    let mut least: Option<Duration> = None;
    for taint in taints {
        let time = match tolerations.iter().find(|toleration| tolerates(toleration, taint)) {
            Some(toleration) => match toleration.get("tolerationSeconds").and_then(Json::as_i64) {
                None => continue,
                Some(seconds) => Duration::from_secs(u64::try_from(seconds).unwrap_or_default()),
            },
            None if bears_by_default(tolerations, taint) => DEFAULT_TOLERATION,
            None => return Bearing::For(Duration::ZERO),
        };
        least = Some(least.map_or(time, |least| least.min(time)));
    }
    least.map_or(Bearing::ForEver, Bearing::For)
}

/// Whether the API server would have given the pod a toleration of this taint: it has none of its own for the key.
fn bears_by_default(tolerations: &[Json], taint: &Taint) -> bool {
    let is_own = |toleration: &Json| is_about_eviction(toleration, &taint.key);
    BORNE_BY_DEFAULT.contains(&taint.key.as_str()) && !tolerations.iter().any(is_own)
}
