//! Which nodes a pod may run on by what it says itself: `NodeUnschedulable`,
//! `TaintToleration` and `NodeAffinity` (`SCHED-2`).

use std::collections::BTreeSet;

use crate::controllers::scheduler::demand::Refused;
use crate::controllers::scheduler::reason::{Reason, Rejection};
use crate::controllers::toleration::untolerated;
use crate::model::json::Json;
use crate::model::list::StringMap;
use crate::model::node::{Node, Taint};
use crate::model::node_selector::{NodeSelector, NodeSelectorOperator, NodeSelectorTerm};
use crate::model::pod::Pod;
use crate::model::text::Text;

/// The taint that stands for `spec.unschedulable` of a node.
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// What a pod says of the nodes that it may run on.
pub(crate) struct NodeDemand<'w> {
    selector: &'w StringMap,
    required: Option<NodeSelector>,
    /// The only nodes that its affinity names, if every term of it names some.
    named: Option<BTreeSet<Text>>,
    tolerations: &'w [Json],
    /// Whether it bears nodes that take no new pods.
    tolerates_unschedulable: bool,
}

impl<'w> NodeDemand<'w> {
    /// Reads the pod. Terms that each name nodes that no node can be rule out all of them.
    pub(crate) fn of(pod: &'w Pod) -> Result<Self, Refused> {
        let required = required(&pod.spec.affinity);
        let named = required.as_ref().and_then(named_nodes);
        if named.as_ref().is_some_and(BTreeSet::is_empty) {
            return Err(Reason::AffinityConflict.into());
        }
        let tolerations = pod.spec.extras.tolerations.items();
        let cordon = Taint { key: UNSCHEDULABLE.into(), effect: "NoSchedule".into(), ..Taint::default() };
        let tolerates_unschedulable = untolerated(tolerations, [&cordon]).is_none();
        Ok(Self { selector: &pod.spec.node_selector, required, named, tolerations, tolerates_unschedulable })
    }

    /// Whether every node is as good as any other, but for those that take no pods.
    pub(crate) fn reject(&self, node: &Node) -> Option<Rejection> {
        self.reason(node).map(Rejection::of)
    }

    fn reason(&self, node: &Node) -> Option<Reason> {
        let (name, labels) = (&node.metadata.name, &node.metadata.labels);
        if self.named.as_ref().is_some_and(|named| !named.contains(name)) {
            return Some(Reason::NodeNotNamed);
        }
        if node.spec.unschedulable && !self.tolerates_unschedulable {
            return Some(Reason::NodeUnschedulable);
        }
        if let Some(taint) = untolerated(self.tolerations, &node.spec.taints) {
            return Some(Reason::Taint { key: taint.key.clone() });
        }
        let suits = suits(self.selector, self.required.as_ref(), name, labels);
        (!suits).then_some(Reason::NodeAffinity)
    }
}

/// Whether a node is one of those that a pod asks for by their labels and names.
pub(crate) fn matches_affinity(pod: &Pod, node: &Node) -> bool {
    let required = required(&pod.spec.affinity);
    suits(&pod.spec.node_selector, required.as_ref(), &node.metadata.name, &node.metadata.labels)
}

fn suits(selector: &StringMap, required: Option<&NodeSelector>, name: &Text, labels: &StringMap) -> bool {
    let selected = selector.iter().all(|(key, value)| labels.get(key) == Some(value));
    // An affinity that cannot be evaluated holds for no node.
    let allowed = || required.is_none_or(|required| required.matches(labels, Some(name)).unwrap_or(false));
    selected && allowed()
}

/// The required node affinity of a pod.
fn required(affinity: &Json) -> Option<NodeSelector> {
    affinity.get("nodeAffinity")?.get("requiredDuringSchedulingIgnoredDuringExecution")?.decode::<Option<_>>()?
}

/// The nodes that the terms name, if each of them names some.
fn named_nodes(selector: &NodeSelector) -> Option<BTreeSet<Text>> {
    let terms = &selector.node_selector_terms;
    if terms.is_empty() {
        return None;
    }
    let mut named = BTreeSet::new();
    for term in terms {
        named.extend(nodes_of(term)?);
    }
    Some(named)
}

/// The nodes that all name requirements of a term allow; none where it has no such requirement.
fn nodes_of(term: &NodeSelectorTerm) -> Option<BTreeSet<Text>> {
    let requirements = term.match_fields.iter();
    let names = requirements
        .filter(|requirement| requirement.key == "metadata.name" && requirement.operator == NodeSelectorOperator::In);
    names.map(|requirement| requirement.values.iter().cloned().collect()).reduce(|a: BTreeSet<Text>, b| &a & &b)
}
