//! Nodes that answer and nodes that do not (`STS-33`, `WL-7`).
//!
//! A kubelet that runs keeps its node `Ready`. When it falls silent, the node lifecycle controller marks the node after
//! a while, makes its pods unready, and after some minutes more has them deleted; they stay, terminating, until the
//! kubelet answers again or somebody removes them.

use std::sync::Arc;
use std::time::Duration;

use crate::controllers::turn::{Caching, Effects, Emission, EventType, Next, Resumed, Turn};
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::node::{Node, NodeCondition, Taint};
use crate::model::pod::{Pod, PodCondition};
use crate::model::time::Timestamp;
use crate::store::{DeleteOptions, Store, Write};

/// How long a node may be silent (`--node-monitor-grace-period`).
const GRACE_PERIOD: Duration = Duration::from_secs(50);
/// How long pods tolerate that their node does not answer (`DefaultTolerationSeconds`).
const TOLERATION: Duration = Duration::from_mins(5);
/// The taint of a node that does not answer, with both of its effects.
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// A look at a node that waits until a write is carried out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NodeSync {
    node: Arc<Node>,
    /// Since when the node is silent.
    silent: Option<Duration>,
}

impl NodeSync {
    /// Looks at a node. `silent` says how long its kubelet has said nothing, if it does not run.
    pub(crate) fn start(node: &Arc<Node>, silent: Option<Duration>, store: &Store, now: Timestamp) -> Turn<Self> {
        Self { node: Arc::clone(node), silent }.look(store, now)
    }

    /// Goes on when a write was carried out.
    pub(crate) fn resume(self, resumed: Resumed, store: &Store, now: Timestamp) -> Turn<Self> {
        match resumed {
            Resumed::Written(Err(error)) => Turn::failed(error.to_string()),
            Resumed::Written(Ok(Object::Node(node))) => Self { node, ..self }.look(store, now),
            _ => self.look(store, now),
        }
    }

    fn look(self, store: &Store, now: Timestamp) -> Turn<Self> {
        match self.silent {
            None => self.answer(now),
            Some(silent) if silent < GRACE_PERIOD => Self::wait(GRACE_PERIOD.saturating_sub(silent)),
            Some(silent) => self.give_up(silent, store, now),
        }
    }

    fn wait(time: Duration) -> Turn<Self> {
        Turn { effects: Effects { wake: Some(time), ..Effects::default() }, next: Next::End(Ok(())) }
    }

    /// The kubelet says that it is well, and what was put on its node goes.
    fn answer(self, now: Timestamp) -> Turn<Self> {
        if !has_status(&self.node, "True") {
            let new = with_condition(&self.node, "True", "KubeletReady", "kubelet is posting ready status", now);
            return self.write(Write::UpdateStatus(Object::from(new)), "WL-7");
        }
        if is_tainted(&self.node) {
            let mut new = (*self.node).clone();
            let kept = new.spec.taints.iter().filter(|taint| taint.key != UNREACHABLE);
            new.spec.taints = kept.cloned().collect::<Vec<_>>().into();
            return self.write(Write::Update(Object::from(new)), "WL-7");
        }
        Turn::done()
    }

    /// Marks the node and its pods, and deletes the pods when their time is over.
    fn give_up(self, silent: Duration, store: &Store, now: Timestamp) -> Turn<Self> {
        if !has_status(&self.node, "Unknown") {
            let message = "Kubelet stopped posting node status.";
            let new = with_condition(&self.node, "Unknown", "NodeStatusUnknown", message, now);
            return self.write(Write::UpdateStatus(Object::from(new)), "STS-33");
        }
        if !is_tainted(&self.node) {
            let mut new = (*self.node).clone();
            let mut taints = new.spec.taints.to_vec();
            let taint = |effect: &str| Taint {
                key: UNREACHABLE.into(),
                effect: effect.into(),
                time_added: Some(now),
                ..Taint::default()
            };
            taints.extend([taint("NoSchedule"), taint("NoExecute")]);
            new.spec.taints = taints.into();
            return self.write(Write::Update(Object::from(new)), "STS-33");
        }
        let mut pods: Vec<&Arc<Pod>> = store.pods_on(&self.node.metadata.name).collect();
        pods.sort_by_key(|pod| pod.key());
        if let Some(pod) = pods.iter().find(|pod| pod.is_ready()) {
            let mut new = (***pod).clone();
            new.set_condition(PodCondition::new("Ready", false), now);
            return self.write(Write::UpdateStatus(Object::from(new)), "STS-33");
        }
        let left = (GRACE_PERIOD + TOLERATION).saturating_sub(silent);
        match pods.iter().find(|pod| !pod.metadata.is_deleting()) {
            None => Turn::done(),
            Some(_) if !left.is_zero() => Self::wait(left),
            Some(pod) => {
                let message = format!("Marking for deletion Pod {}", pod.key());
                let event = Emission::on(&***pod, EventType::Normal, "TaintManagerEviction", message);
                let options = DeleteOptions::default().uid(pod.metadata.uid.clone());
                let write = Write::Delete(ObjectKey { kind: Kind::Pod, key: pod.key() }, options);
                self.write(write, "STS-33").emitting(event)
            }
        }
    }

    fn write(self, write: Write, rule: &'static str) -> Turn<Self> {
        Turn::write(write, rule, self).caching(Caching::Nothing)
    }
}

fn has_status(node: &Node, status: &str) -> bool {
    node.condition("Ready").is_some_and(|condition| condition.status == status)
}

fn is_tainted(node: &Node) -> bool {
    node.spec.taints.iter().any(|taint| taint.key == UNREACHABLE)
}

fn with_condition(node: &Node, status: &str, reason: &str, message: &str, now: Timestamp) -> Node {
    let mut new = node.clone();
    let others = node.status.conditions.iter().filter(|condition| condition.r#type != "Ready");
    let mut conditions: Vec<NodeCondition> = others.cloned().collect();
    conditions.push(NodeCondition {
        r#type: "Ready".into(),
        status: status.into(),
        last_heartbeat_time: Some(now),
        last_transition_time: Some(now),
        reason: reason.into(),
        message: message.into(),
        ..NodeCondition::default()
    });
    new.status.conditions = conditions.into();
    new
}
