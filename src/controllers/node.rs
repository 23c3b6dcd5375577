//! Nodes that answer and nodes that do not (`STS-33`, `WL-7`).
//!
//! A kubelet that runs keeps its node `Ready`. When it falls silent, the node lifecycle controller marks the node after
//! a while and makes its pods unready; what then becomes of the pods is in `eviction`. Each look needs at most one
//! write, after which the node is looked at again.

use std::sync::Arc;
use std::time::Duration;

use crate::controllers::eviction::{Evictions, UNREACHABLE, evict};
use crate::controllers::turn::{Caching, Effects, Emission, EventType, Resumed, Turn};
use crate::model::kind::Object;
use crate::model::node::{Node, NodeCondition, Taint};
use crate::model::pod::{Pod, PodCondition};
use crate::model::time::Timestamp;
use crate::store::{Store, Write};

/// How long a node may be silent (`--node-monitor-grace-period`).
const GRACE_PERIOD: Duration = Duration::from_secs(50);

/// What a kubelet that is well says of its node: type, status, reason and message of each condition.
const POSTED: [(&str, &str, &str, &str); 4] = [
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
];

/// What the controllers of nodes see besides the node.
pub(crate) struct NodeView<'k> {
    pub(crate) store: &'k Store,
    /// What they remember of pods that shall go.
    pub(crate) evictions: &'k mut Evictions,
    /// How long the kubelet has said nothing, if it does not run.
    pub(crate) silent: Option<Duration>,
    pub(crate) now: Timestamp,
    /// The same as the time that has passed since the cluster began.
    pub(crate) elapsed: Duration,
}

/// A look at a node that waits until a write is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NodeSync;

impl NodeSync {
    /// Looks at a node.
    pub(crate) fn start(node: &Arc<Node>, view: &mut NodeView<'_>) -> Turn<Self> {
        let pods = pods_on(node, view.store);
        let mut turn = match view.silent {
            None => answer(node, view.now),
            Some(silent) if silent >= GRACE_PERIOD => give_up(node, &pods, view.now),
            Some(_) => None,
        }
        .unwrap_or_else(|| evict(node, &pods, view));
        if let Some(left) = view.silent.map(|silent| GRACE_PERIOD.saturating_sub(silent)).filter(|left| !left.is_zero())
        {
            turn.effects.wake = Some(turn.effects.wake.map_or(left, |wake| wake.min(left)));
        }
        turn
    }

    /// Ends when a write was carried out. What it changed is looked at again.
    pub(crate) fn resume(resumed: Resumed) -> Turn<Self> {
        match resumed {
            Resumed::Written(Err(error)) => Turn::failed(error.to_string()),
            _ => Turn::done(),
        }
    }

    pub(crate) fn write(write: Write, rule: &'static str) -> Turn<Self> {
        Turn::write(write, rule, Self).caching(Caching::Nothing)
    }

    pub(crate) fn end(effects: Effects) -> Turn<Self> {
        Turn::done().with(effects)
    }
}

/// The pods of a node, by namespace and name.
pub(crate) fn pods_on<'s>(node: &Node, store: &'s Store) -> Vec<&'s Arc<Pod>> {
    let mut pods: Vec<&Arc<Pod>> = store.pods_on(&node.metadata.name).collect();
    pods.sort_by_key(|pod| pod.key());
    pods
}

/// The kubelet says that it is well, and what was put on its node goes.
fn answer(node: &Arc<Node>, now: Timestamp) -> Option<Turn<NodeSync>> {
    if !has_status(node, "True") {
        let turn = NodeSync::write(Write::UpdateStatus(Object::from(well(node, now))), "WL-7");
        let recovers = node.condition("Ready").is_some();
        return Some(if recovers { turn.emitting(status_change(node, "NodeReady")) } else { turn });
    }
    if !is_tainted(node) {
        return None;
    }
    let mut new = (**node).clone();
    let kept = new.spec.taints.iter().filter(|taint| taint.key != UNREACHABLE);
    new.spec.taints = kept.cloned().collect::<Vec<_>>().into();
    Some(NodeSync::write(Write::Update(Object::from(new)), "WL-7"))
}

/// Marks the node and its pods.
fn give_up(node: &Arc<Node>, pods: &[&Arc<Pod>], now: Timestamp) -> Option<Turn<NodeSync>> {
    if !has_status(node, "Unknown") {
        let turn = NodeSync::write(Write::UpdateStatus(Object::from(unheard(node, now))), "STS-33");
        let was_ready = has_status(node, "True");
        return Some(if was_ready { turn.emitting(status_change(node, "NodeNotReady")) } else { turn });
    }
    if let Some(pod) = pods.iter().find(|pod| pod.is_ready()) {
        let mut new = (***pod).clone();
        new.set_condition(PodCondition::new("Ready", false), now);
        let event = Emission::on(&***pod, EventType::Warning, "NodeNotReady", "Node is not ready");
        return Some(NodeSync::write(Write::UpdateStatus(Object::from(new)), "STS-33").emitting(event));
    }
    if is_tainted(node) {
        return None;
    }
    let mut new = (**node).clone();
    let taint = |effect: &str| Taint {
        key: UNREACHABLE.into(),
        effect: effect.into(),
        time_added: Some(now),
        ..Taint::default()
    };
    let taints = node.spec.taints.iter().cloned().chain([taint("NoSchedule"), taint("NoExecute")]);
    new.spec.taints = taints.collect::<Vec<_>>().into();
    Some(NodeSync::write(Write::Update(Object::from(new)), "STS-33"))
}

fn status_change(node: &Arc<Node>, status: &'static str) -> Emission {
    let message = format!("Node {} status is now: {status}", node.metadata.name);
    Emission::on(&**node, EventType::Normal, status, message)
}

pub(crate) fn has_status(node: &Node, status: &str) -> bool {
    node.condition("Ready").is_some_and(|condition| condition.status == status)
}

fn is_tainted(node: &Node) -> bool {
    node.spec.taints.iter().any(|taint| taint.key == UNREACHABLE)
}

/// A node as its kubelet posts it.
fn well(node: &Node, now: Timestamp) -> Node {
    with_conditions(node, |conditions| {
        for (r#type, status, reason, message) in POSTED {
            let condition = condition_of(conditions, r#type);
            if condition.status != status {
                condition.last_transition_time = Some(now);
            }
            condition.status = status.into();
            condition.last_heartbeat_time = Some(now);
            condition.reason = reason.into();
            condition.message = message.into();
        }
    })
}

/// A node of which nothing was heard for too long: every condition that its kubelet posts is unknown.
fn unheard(node: &Node, now: Timestamp) -> Node {
    with_conditions(node, |conditions| {
        for r#type in ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"] {
            let condition = condition_of(conditions, r#type);
            if condition.status == "Unknown" {
                continue;
            }
            let (reason, message) = if condition.status.is_empty() {
                condition.last_heartbeat_time = node.metadata.creation_timestamp;
                ("NodeStatusNeverUpdated", "Kubelet never posted node status.")
            } else {
                ("NodeStatusUnknown", "Kubelet stopped posting node status.")
            };
            condition.status = "Unknown".into();
            condition.last_transition_time = Some(now);
            condition.reason = reason.into();
            condition.message = message.into();
        }
    })
}

fn with_conditions(node: &Node, change: impl FnOnce(&mut Vec<NodeCondition>)) -> Node {
    let mut new = node.clone();
    let mut conditions = node.status.conditions.to_vec();
    change(&mut conditions);
    new.status.conditions = conditions.into();
    new
}

/// The condition of a type, in its place; a new one at the end where there is none.
fn condition_of<'c>(conditions: &'c mut Vec<NodeCondition>, r#type: &str) -> &'c mut NodeCondition {
    let at = conditions.iter().position(|held| held.r#type == r#type).unwrap_or_else(|| {
        conditions.push(NodeCondition { r#type: r#type.into(), ..NodeCondition::default() });
        conditions.len() - 1
    });
    &mut conditions[at]
}
