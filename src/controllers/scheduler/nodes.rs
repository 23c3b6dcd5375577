//! The nodes with the pods on them, in the order in which they are tried (`ND-1`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::text::Text;

/// Which of the nodes that a pod can run on it is put on (`ND-1`). Kubernetes scores them and draws lots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NodeChoice {
    /// The one with the fewest pods, of equal ones the first by name.
    #[default]
    FewestPods,
    /// The first by name.
    Name,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    /// The number of the node, if it exists. Pods may be on one that does not, or not any more.
    node: Option<u32>,
    pods: BTreeSet<u32>,
}

/// Nodes by name, and by the number of pods on them.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeIndex {
    nodes: Arc<BTreeMap<Text, Arc<Entry>>>,
    order: Arc<BTreeSet<(usize, Text, u32)>>,
}

impl NodeIndex {
    /// Notes that a node exists, under a number, or that it does not.
    pub(super) fn set_node(&mut self, name: &Text, node: Option<u32>) {
        self.change(name, |entry| entry.node = node);
    }

    /// Puts a pod on a node.
    pub(super) fn place(&mut self, pod: u32, node: &Text) {
        self.change(node, |entry| {
            entry.pods.insert(pod);
        });
    }

    /// Takes a pod from a node.
    pub(super) fn displace(&mut self, pod: u32, node: &Text) {
        self.change(node, |entry| {
            entry.pods.remove(&pod);
        });
    }

    fn change(&mut self, name: &Text, change: impl FnOnce(&mut Entry)) {
        let nodes = Arc::make_mut(&mut self.nodes);
        let entry = Arc::make_mut(nodes.entry(name.clone()).or_default());
        let before = (entry.node, entry.pods.len());
        change(entry);
        let after = (entry.node, entry.pods.len());
        if after == (None, 0) {
            nodes.remove(name);
        }
        if before == after {
            return;
        }
        let order = Arc::make_mut(&mut self.order);
        if let (Some(node), pods) = before {
            order.remove(&(pods, name.clone(), node));
        }
        if let (Some(node), pods) = after {
            order.insert((pods, name.clone(), node));
        }
    }

    /// The numbers of all nodes in the order in which they are tried.
    pub(super) fn in_order(&self, choice: NodeChoice) -> Box<dyn Iterator<Item = u32> + '_> {
        match choice {
            NodeChoice::FewestPods => Box::new(self.order.iter().map(|(.., node)| *node)),
            NodeChoice::Name => Box::new(self.nodes.values().filter_map(|entry| entry.node)),
        }
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// The numbers of the pods on a node.
    pub(super) fn pods_on(&self, node: &Text) -> impl Iterator<Item = u32> {
        self.nodes.get(node).into_iter().flat_map(|entry| entry.pods.iter().copied())
    }
}
