//! Which nodes are looked at because of their pods, and what becomes of pods without a node.

use std::slice;
use std::sync::Arc;

use crate::cluster::Cluster;
use crate::controllers::{NodeSync, NodeView, Turn, remove_orphan, remove_unscheduled};
use crate::model::id::{Id, ObjectId};
use crate::model::kind::Kind;
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::text::Text;
use crate::model::time::Timestamp;

impl Cluster {
    /// The node of a pod that was changed: its volumes, and the pods that shall leave it. A pod of which the node has
    /// never existed, or that has none and is to go, is looked at itself.
    pub(super) fn enqueue_node_of(&mut self, id: ObjectId, pod: &Pod) {
        let name = &pod.spec.node_name;
        if name.is_empty() {
            if pod.metadata.is_deleting() {
                self.enqueue_node(id);
            }
            return;
        }
        self.enqueue_attach(name);
        let leaves = |node: &Node| node.spec.taints.iter().any(|taint| taint.effect == "NoExecute");
        let is_concerned =
            self.nodes.silent.contains_key(name) || self.store.nodes.named(name).is_none_or(|node| leaves(node));
        if is_concerned {
            self.enqueue_node(self.store.nodes.id_of("", name).map_or(id, ObjectId::from));
        }
    }

    pub(super) fn look_at_node(&mut self, key: ObjectId) -> Option<Turn<NodeSync>> {
        let now = self.time();
        let node = self.store.nodes.get(Id::from_number(key.number)).filter(|_| key.kind == Kind::Node).cloned();
        if let Some(node) = node {
            let silent = self.nodes.silent.get(&node.metadata.name).map(|since| self.now.saturating_sub(*since));
            let evictions = &mut self.nodes.evictions;
            let mut view = NodeView { store: &self.store, evictions, silent, now, elapsed: self.now };
            return Some(NodeSync::start(&node, &mut view));
        }
        if key.kind != Kind::Pod {
            let name = self.store.object_key(key)?.key.name;
            let mut pods: Vec<Arc<Pod>> = self.store.pods_on(&name).cloned().collect();
            pods.sort_by_key(|pod| pod.key());
            return self.look_at_orphans(&name, &pods, now);
        }
        let pod = self.store.pods.get(Id::from_number(key.number))?.clone();
        if pod.spec.node_name.is_empty() {
            return Some(remove_unscheduled(&pod, now));
        }
        self.look_at_orphans(&pod.spec.node_name, slice::from_ref(&pod), now)
    }

    /// Pods of a node that does not exist. A cluster that never had a node is taken to have some that are not told.
    fn look_at_orphans(&mut self, node: &Text, pods: &[Arc<Pod>], now: Timestamp) -> Option<Turn<NodeSync>> {
        if pods.is_empty() || self.store.nodes.numbers() == 0 || self.store.nodes.named(node).is_some() {
            return None;
        }
        let gone = self.now.saturating_sub(*self.nodes.gone.entry(node.clone()).or_insert(self.now));
        Some(remove_orphan(pods, gone, now))
    }

    /// The pods that were there before the first node was, and whose node is another one.
    pub(super) fn enqueue_orphans(&mut self) {
        if self.store.nodes.numbers() > 1 {
            return;
        }
        let is_orphan = |pod: &Pod| {
            let node = &pod.spec.node_name;
            !node.is_empty() && self.store.nodes.named(node).is_none()
        };
        let pods = self.store.pods.in_order().into_iter().filter(|(_, pod)| is_orphan(pod));
        for id in pods.map(|(id, _)| id.into()).collect::<Vec<ObjectId>>() {
            self.enqueue_node(id);
        }
    }

    /// A node that does not exist may have no pods any more.
    pub(super) fn forget_orphan(&mut self, node: &Text) {
        if self.nodes.gone.contains_key(node) && self.store.pods_on(node).next().is_none() {
            self.nodes.gone.remove(node);
        }
    }
}
