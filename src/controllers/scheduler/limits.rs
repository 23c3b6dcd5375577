//! How many volumes of a driver a node takes: `NodeVolumeLimits` (`SCHED-51`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::controllers::scheduler::demand::{claim_volumes, find_claim};
use crate::controllers::scheduler::reason::{Reason, Rejection};
use crate::controllers::turn::World;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::names::migrated_driver;
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::text::Text;
use crate::model::volume_source::VolumeSource;

/// A volume of a CSI driver: the driver, and the handle under which it knows the volume.
pub(crate) type NewVolume = (Text, Text);

/// The CSI volumes behind the claims of a pod. A claim without one counts as a volume of its class's provisioner.
pub(crate) fn new_volumes(claims: &[&Arc<PersistentVolumeClaim>], world: &World<'_>) -> Vec<NewVolume> {
    claims.iter().filter_map(|claim| csi_volume(claim, world)).collect()
}

fn csi_volume(claim: &PersistentVolumeClaim, world: &World<'_>) -> Option<NewVolume> {
    let volume = world.live_volume(&claim.spec.volume_name).filter(|_| !claim.spec.volume_name.is_empty());
    let Some(volume) = volume else {
        let class = world.class(claim.class_name())?;
        // Whether an in-tree plugin was taken over is said by the node in an annotation that is not looked at.
        let in_tree = migrated_driver(&class.provisioner).is_some();
        return (!in_tree).then(|| (class.provisioner.clone(), Text::from(claim.key().to_string())));
    };
    volume.spec.sources.iter().find_map(|source| match source {
        VolumeSource::Csi(csi) => Some((csi.driver.clone(), csi.volume_handle.clone())),
        _ => None,
    })
}

/// Why a node has no room for the volumes of a pod. Volumes that pods on the node use already count once; those that no
/// pod uses and that are still attached count besides, even where the pod wants one of them.
pub(crate) fn reject(new: &[NewVolume], node: &Node, world: &World<'_>) -> Option<Rejection> {
    if new.is_empty() || world.store.csi_nodes.len() == 0 {
        return None;
    }
    let limits = limits(node, world);
    if !new.iter().any(|(driver, _)| limits.contains_key(driver)) {
        return None;
    }
    let pods = world.scheduler.pods_on(&node.metadata.name, world.store);
    let used: BTreeSet<NewVolume> = pods.flat_map(|pod| volumes_of(pod, world)).collect();
    let fresh: BTreeSet<&NewVolume> = new.iter().filter(|volume| !used.contains(volume)).collect();
    let left = left_attached(node, &used, world);
    limits.into_iter().find_map(|(driver, limit)| {
        let of_driver = |other: &Text| *other == driver;
        let grows = fresh.iter().filter(|(other, _)| of_driver(other)).count();
        let there = used.iter().chain(&left).filter(|(other, _)| of_driver(other)).count();
        let full = grows > 0 && i64::try_from(there + grows).unwrap_or(i64::MAX) > limit;
        full.then(|| Rejection::of(Reason::VolumeLimit { driver, limit }))
    })
}

/// The CSI volumes that are attached to a node and that no pod there uses.
fn left_attached(node: &Node, used: &BTreeSet<NewVolume>, world: &World<'_>) -> BTreeSet<NewVolume> {
    let attached = node.status.volumes_attached.iter().filter_map(|attached| {
        let (driver, handle) = attached.name.strip_prefix("kubernetes.io/csi/")?.split_once('^')?;
        Some((Text::from(driver), Text::from(handle)))
    });
    // A volume of a plugin that was taken over goes by its own name.
    let is_of_tree = |name: &Text| {
        let volume = world.store.volumes.named(name);
        volume.is_some_and(|volume| !volume.spec.sources.iter().any(|source| matches!(source, VolumeSource::Csi(_))))
    };
    attached.filter(|volume| !used.contains(volume) && !is_of_tree(&volume.1)).collect()
}

fn volumes_of(pod: &Pod, world: &World<'_>) -> Vec<NewVolume> {
    let claims = claim_volumes(pod).into_iter().filter_map(|volume| find_claim(pod, &volume.claim, world));
    claims.filter_map(|claim| csi_volume(claim, world)).collect()
}

/// The drivers of which a node takes a limited number of volumes.
fn limits(node: &Node, world: &World<'_>) -> BTreeMap<Text, i64> {
    let drivers = world.store.csi_nodes.named(&node.metadata.name);
    let drivers = drivers.into_iter().flat_map(|node| node.spec.drivers.iter());
    let limited = drivers.filter_map(|driver| {
        let limit = driver.allocatable.as_ref()?.count?;
        Some((driver.name.clone(), i64::from(limit)))
    });
    limited.collect()
}
