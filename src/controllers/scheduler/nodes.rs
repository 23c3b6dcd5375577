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
    /// Whether there is such a node. Pods may be on one that is not, or not any more.
    exists: bool,
    pods: BTreeSet<u32>,
}

/// Nodes by name, and by the number of pods on them.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeIndex {
    nodes: Arc<BTreeMap<Text, Arc<Entry>>>,
    order: Arc<BTreeSet<(usize, Text)>>,
}

impl NodeIndex {
    /// Notes that a node exists, or that it does not.
    pub(super) fn set_node(&mut self, name: &Text, exists: bool) {
        self.change(name, |entry| entry.exists = exists);
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
        let before = (entry.exists, entry.pods.len());
        change(entry);
        let after = (entry.exists, entry.pods.len());
        if after == (false, 0) {
            nodes.remove(name);
        }
        if before == after {
            return;
        }
        let order = Arc::make_mut(&mut self.order);
        if before.0 {
            order.remove(&(before.1, name.clone()));
        }
        if after.0 {
            order.insert((after.1, name.clone()));
        }
    }

    /// The names of all nodes in the order in which they are tried.
    pub(super) fn in_order(&self, choice: NodeChoice) -> Box<dyn Iterator<Item = &Text> + '_> {
        match choice {
            NodeChoice::FewestPods => Box::new(self.order.iter().map(|(_, name)| name)),
            NodeChoice::Name => Box::new(self.nodes.iter().filter(|(_, entry)| entry.exists).map(|(name, _)| name)),
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
