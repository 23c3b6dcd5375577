//! What the plugins say of a pod: `PreFilter` once, `Filter` on each node, and the choice among those that pass (`SCHED-2`,
//! `ND-1`). A pure function of what the scheduler sees; scheduling and explaining both read its result.

use std::fmt;

use crate::controllers::scheduler::binding::{Plan, plan, plans};
use crate::controllers::scheduler::demand::{PodDemand, Refused, pre_filter};
use crate::controllers::scheduler::limits;
use crate::controllers::scheduler::reason::{Reason, Rejection, histogram};
use crate::controllers::scheduler::zone;
use crate::controllers::turn::{SyncError, World};
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::text::Text;

/// What the plugins say of a pod and a node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeVerdict {
    /// The node.
    pub node: Text,
    /// Why the pod cannot be put there; none where it can.
    pub rejection: Option<Rejection>,
}

/// What the plugins say of a pod. Printed, it is what Kubernetes says of a pod that is put nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// Why the pod was not tried on any node.
    pub pre_filter: Option<Rejection>,
    /// The nodes on which it was tried, in the order in which they were.
    pub nodes: Vec<NodeVerdict>,
    /// The node that was chosen.
    pub node: Option<Text>,
    /// How many nodes there are.
    pub node_count: usize,
}

/// On which nodes a pod is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Until one passes.
    FirstFit,
    /// On all of them.
    EveryNode,
}

/// Asks the plugins. Gives what is to be written for the pod on the chosen node, too.
///
/// # Errors
/// [`SyncError`] where a plugin fails, as one does at a selector that makes no predicate.
pub(crate) fn judge(pod: &Pod, extent: Extent, world: &World<'_>) -> Result<(Verdict, Plan), SyncError> {
    let mut verdict = Verdict { node_count: world.scheduler.node_count(), ..Verdict::default() };
    let mut chosen = Plan::default();
    if verdict.node_count == 0 {
        return Ok((verdict, chosen));
    }
    let demand = match pre_filter(pod, world) {
        Ok(demand) => demand,
        Err(Refused::Failed(error)) => return Err(error),
        Err(Refused::Rejected(rejection)) => {
            verdict.pre_filter = Some(rejection);
            return Ok((verdict, chosen));
        }
    };
    let nodes = world.scheduler.nodes_in_order(world.settings.node_choice);
    for node in nodes.filter_map(|id| world.store.nodes.get(id)) {
        let name = &node.metadata.name;
        let rejection = match filter(&demand, node, world) {
            Err(rejection) => Some(rejection),
            Ok(plan) => {
                if verdict.node.is_none() {
                    verdict.node = Some(name.clone());
                    chosen = plan;
                }
                None
            }
        };
        verdict.nodes.push(NodeVerdict { node: name.clone(), rejection });
        if verdict.node.is_some() && extent == Extent::FirstFit {
            break;
        }
    }
    Ok((verdict, chosen))
}

/// Everything that may be done for a pod: each node that will do, with each plan for it. Which it is depends on scores and
/// on chance, which are not simulated. The first is the one of the documented order. None where it waits, or no node will
/// do.
pub(crate) fn options(pod: &Pod, world: &World<'_>) -> Vec<(Text, Plan)> {
    let Ok(demand) = pre_filter(pod, world) else {
        return Vec::new();
    };
    let nodes = world.scheduler.nodes_in_order(world.settings.node_choice);
    let fit = nodes.filter_map(|id| world.store.nodes.get(id)).filter(|node| filter(&demand, node, world).is_ok());
    fit.flat_map(|node| plans(&demand, node, world).into_iter().map(|plan| (node.metadata.name.clone(), plan)))
        .collect()
}

/// Asks the plugins about a node, in their order; the first that rejects it supplies the reasons (`SCHED-2`).
fn filter(demand: &PodDemand<'_>, node: &Node, world: &World<'_>) -> Result<Plan, Rejection> {
    let reject = |rejection: Option<Rejection>| rejection.map_or(Ok(()), Err);
    reject(demand.nodes.reject(node))?;
    let conflict = demand
        .disks
        .iter()
        .find(|disk| world.scheduler.pods_on(&node.metadata.name, world.store).any(|pod| disk.conflicts_with(pod)));
    if let Some(disk) = conflict {
        return Err(Rejection::of(Reason::DiskConflict { volume: disk.volume.clone() }));
    }
    if let Some(claim) = &demand.used {
        return Err(Rejection::of(Reason::ReadWriteOncePod { claim: claim.clone() }));
    }
    reject(limits::reject(&demand.new_volumes, node, world))?;
    let plan = plan(demand, node, world)?;
    reject(zone::reject(&demand.topologies, node))?;
    Ok(plan)
}

impl Verdict {
    /// Whether the pod can be put on a node.
    pub fn is_feasible(&self) -> bool {
        self.node.is_some()
    }
}

impl fmt::Display for Verdict {
    /// The text of a `FailedScheduling` event without the part that preemption adds (`SCHED-60`, `SCHED-62`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons = match (&self.node, &self.pre_filter) {
            (Some(node), _) => return f.write_str(node),
            (None, _) if self.node_count == 0 => return f.write_str("no nodes available to schedule pods"),
            (None, Some(rejection)) => rejection.reasons.iter().map(ToString::to_string).collect(),
            (None, None) => histogram(self.nodes.iter().filter_map(|verdict| verdict.rejection.as_ref())),
        };
        write!(f, "0/{} nodes are available: {}.", self.node_count, reasons.join(", "))
    }
}
