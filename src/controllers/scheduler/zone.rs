//! Zones and regions in the labels of volumes: `VolumeZone` (`SCHED-16`, `SCHED-28`).

use std::sync::Arc;

use crate::controllers::scheduler::reason::{Reason, Rejection};
use crate::controllers::turn::World;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::node::Node;
use crate::model::text::Text;

/// The labels that name zones and regions, each with its newer name, in the order in which they are looked at.
const LABELS: [(&str, &str); 4] = [
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
    ("topology.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("topology.kubernetes.io/region", "topology.kubernetes.io/region"),
];

/// A label of a volume that nodes must have too.
pub(crate) struct Topology<'w> {
    volume: &'w Text,
    label: &'static str,
    newer_label: &'static str,
    values: Vec<&'w str>,
}

/// What the labels of the volumes of a pod's claims ask of nodes; claims of ephemeral volumes do not take part.
pub(crate) fn topologies<'w>(
    claims: &[&Arc<PersistentVolumeClaim>],
    world: &World<'w>,
) -> Result<Vec<Topology<'w>>, Reason> {
    let mut topologies = Vec::new();
    for claim in claims.iter().filter(|claim| !claim.spec.volume_name.is_empty()) {
        let Some(volume) = world.live_volume(&claim.spec.volume_name) else {
            return Err(Reason::VolumeNotFound { volume: claim.spec.volume_name.clone() });
        };
        topologies.extend(LABELS.iter().filter_map(|(label, newer_label)| {
            let values = values(volume.metadata.labels.get(label)?)?;
            Some(Topology { volume: &volume.metadata.name, label, newer_label, values })
        }));
    }
    Ok(topologies)
}

/// The alternatives that a label lists; none where one of them is empty.
fn values(list: &str) -> Option<Vec<&str>> {
    let values: Vec<&str> = list.split("__").map(str::trim).collect();
    (!values.contains(&"")).then_some(values)
}

/// Why a node is in the wrong zone or region. A node that says nothing of either is in the right one.
pub(crate) fn reject(topologies: &[Topology<'_>], node: &Node) -> Option<Rejection> {
    let labels = &node.metadata.labels;
    if !LABELS.iter().any(|(label, _)| labels.contains_key(label)) {
        return None;
    }
    let wrong = topologies.iter().find(|topology| {
        let value = labels.get(topology.label).or_else(|| labels.get(topology.newer_label));
        !value.is_some_and(|value| topology.values.contains(&value.as_str()))
    })?;
    Some(Rejection::of(Reason::VolumeZone { volume: wrong.volume.clone(), label: wrong.label }))
}
