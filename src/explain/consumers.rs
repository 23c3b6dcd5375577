//! The pods that use a claim, and why the scheduler puts them nowhere: its side and the claim's side, joined.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cluster::Cluster;
use crate::controllers::{NoVolume, Reason, Rejection};
use crate::explain::candidates::Candidates;
use crate::explain::weigh::{Judge, weigh};
use crate::matching::Demand;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::kind::Kind;
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::text::Text;

/// How many nodes of a group are named.
const NAMED: usize = 3;

/// A pod that uses a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Consumer {
    /// The pod.
    pub pod: NamespacedName,
    /// Its phase.
    pub phase: Text,
    /// The node that it is on, empty for none.
    pub node: Text,
    /// What the scheduler says where it is on none; empty where it could be put on a node.
    pub message: Text,
    /// Why it is tried on no node.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// Nodes that reject it, those with the same reasons together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeGroup>,
}

/// Nodes that reject a pod for the same reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NodeGroup {
    /// How many there are.
    pub count: usize,
    /// The first of them, at most three.
    pub nodes: Vec<Text>,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What the pod's claims find on the first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimOnNode>,
}

/// The volumes of a cluster, weighed against a claim on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClaimOnNode {
    /// The claim.
    pub claim: ClaimKey,
    /// The node.
    pub node: Text,
    /// The volumes.
    pub volumes: Candidates,
}

/// The pods of a claim that are not over. Cost: for each pod without a node linear in the nodes, and linear in the
/// volumes for each way in which nodes reject it for want of one.
pub(super) fn consumers(cluster: &Cluster, claim: &ClaimKey) -> Vec<Consumer> {
    let pods = cluster.pods_of_claim(claim).into_iter().filter(|pod| !pod.is_terminated());
    pods.map(|pod| consumer(cluster, pod)).collect()
}

pub(super) fn consumer(cluster: &Cluster, pod: &Pod) -> Consumer {
    let mut consumer = Consumer {
        pod: pod.key(),
        phase: pod.status.phase.as_str().into(),
        node: pod.spec.node_name.clone(),
        message: Text::default(),
        reasons: Vec::new(),
        nodes: Vec::new(),
    };
    if !pod.spec.node_name.is_empty() {
        return consumer;
    }
    match cluster.try_schedule(&Kind::Pod.named(pod.key().to_string())) {
        Err(error) => consumer.message = error.message.into(),
        Ok(verdict) if verdict.is_feasible() => {}
        Ok(verdict) => {
            consumer.message = verdict.to_string().into();
            consumer.reasons = verdict.pre_filter.iter().flat_map(|rejection| rejection.reasons.clone()).collect();
            let mut groups: BTreeMap<&Rejection, Vec<&Text>> = BTreeMap::new();
            for node in &verdict.nodes {
                if let Some(rejection) = &node.rejection {
                    groups.entry(rejection).or_default().push(&node.node);
                }
            }
            consumer.nodes = groups.into_iter().map(|(why, nodes)| group(cluster, pod, why, nodes)).collect();
        }
    }
    consumer
}

fn group(cluster: &Cluster, pod: &Pod, rejection: &Rejection, mut nodes: Vec<&Text>) -> NodeGroup {
    nodes.sort();
    let first = nodes.first().and_then(|node| cluster.node(node));
    let short = rejection.reasons.iter().filter_map(|reason| match reason {
        Reason::NoVolume { claim, cause: NoVolume::NoProvisioner | NoVolume::Topology } => Some(claim),
        _ => None,
    });
    let claims = short.filter_map(|claim| {
        let key = ClaimKey { namespace: pod.metadata.namespace.clone(), name: claim.clone() };
        claim_on(cluster, &key, first?)
    });
    NodeGroup {
        count: nodes.len(),
        claims: claims.collect(),
        nodes: nodes.into_iter().take(NAMED).cloned().collect(),
        reasons: rejection.reasons.clone(),
    }
}

fn claim_on(cluster: &Cluster, key: &ClaimKey, node: &Node) -> Option<ClaimOnNode> {
    let claim: &PersistentVolumeClaim = cluster.claim(&key.to_string())?;
    let demand = Demand::of(claim, true).ok()?;
    let volumes = weigh(cluster.volumes(), &demand, Judge::Scheduler(&[node])).candidates;
    Some(ClaimOnNode { claim: key.clone(), node: node.metadata.name.clone(), volumes })
}

/// The nodes on which the pods of a claim could be, were it not for want of volumes.
pub(super) fn wanted_nodes<'c>(cluster: &'c Cluster, claim: &ClaimKey) -> Vec<&'c Node> {
    let mut nodes = Vec::new();
    for pod in cluster.pods_of_claim(claim) {
        if !pod.spec.node_name.is_empty() || pod.is_terminated() {
            continue;
        }
        let Ok(verdict) = cluster.try_schedule(&Kind::Pod.named(pod.key().to_string())) else {
            continue;
        };
        let wants = |rejection: &Rejection| rejection.reasons.iter().all(|why| matches!(why, Reason::NoVolume { .. }));
        let found = verdict.nodes.iter().filter(|node| node.rejection.as_ref().is_none_or(wants));
        nodes.extend(found.filter_map(|node| cluster.node(&node.node)));
    }
    nodes
}
