//! What a kubelet checks of a claim's volume before it mounts or maps it (`WL-3`, `ATTACH-5`).
//!
//! The scheduler has seen to most of it, but not for a pod that was put on its node by name.

use std::sync::Arc;

use crate::controllers::attach::bound_volume;
use crate::matching::misplacement;
use crate::model::access_modes::AccessMode;
use crate::model::pod::{Pod, PodPhase};
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumeMode};
use crate::store::Store;

/// A volume of a pod that cannot be mounted, and what is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FailedMount<'p> {
    /// The name that the pod has for the volume.
    pub(crate) volume: &'p Text,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// The volumes behind the claims of a pod that cannot be mounted, each once.
pub(crate) fn failed_mounts<'p>(pod: &'p Pod, store: &Store) -> Vec<FailedMount<'p>> {
    let mut seen: Vec<&Text> = Vec::new();
    let mut failed = Vec::new();
    for (volume, claim) in pod.claim_volumes() {
        let Some(bound) = bound_volume(&claim, store).filter(|bound| !seen.contains(&&bound.metadata.name)) else {
            continue;
        };
        seen.push(&bound.metadata.name);
        if let Some((reason, message)) = check(pod, &claim, bound, store) {
            failed.push(FailedMount { volume, reason, message });
        }
    }
    failed
}

/// The reason and the message of the first check that a volume does not pass.
fn check(pod: &Pod, claim: &ClaimKey, volume: &PersistentVolume, store: &Store) -> Option<(&'static str, String)> {
    let is_block = volume.spec.volume_mode == VolumeMode::Block;
    let name = volume.metadata.name.as_str();
    let operation = if is_block { "MapVolume" } else { "MountVolume" };
    let node = store.nodes.named(&pod.spec.node_name);
    if let Some(why) = node.and_then(|node| misplacement(volume, node)) {
        return Some(("FailedMount", format!("{operation}.NodeAffinity check failed for volume {name:?} : {why}")));
    }
    let why = used_elsewhere(pod, claim, volume, store)?;
    Some(("FailedMount", format!("MountVolume.SetUp failed for volume {name:?} : {why}")))
}

/// A volume for a single pod that another pod of the node has mounted (`ATTACH-5`).
fn used_elsewhere(pod: &Pod, claim: &ClaimKey, volume: &PersistentVolume, store: &Store) -> Option<&'static str> {
    let modes = &volume.spec.access_modes;
    let single = !modes.is_empty() && modes.iter().all(|mode| mode == AccessMode::ReadWriteOncePod);
    let mounted = |other: &Arc<Pod>| {
        other.metadata.uid != pod.metadata.uid
            && other.spec.node_name == pod.spec.node_name
            && other.status.phase == PodPhase::Running
    };
    (single && store.pods_of_claim(claim).any(mounted))
        .then_some("volume uses the ReadWriteOncePod access mode and is already in use by another pod")
}
