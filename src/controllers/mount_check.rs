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
use crate::model::volume_source::VolumeSource;
use crate::store::Store;

/// A volume of a pod that cannot be mounted, and what is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FailedMount<'p> {
    /// The name that the pod has for the volume.
    pub(crate) volume: &'p Text,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// A volume of a pod with the claim and the volume that stand behind it.
pub(crate) struct ClaimedVolume<'p> {
    /// The name that the pod has for it.
    pub(crate) name: &'p Text,
    pub(crate) claim: ClaimKey,
    pub(crate) bound: &'p PersistentVolume,
}

/// A volume of a pod whose claim is bound.
pub(crate) fn claimed_volume<'p>(name: &'p Text, claim: ClaimKey, store: &'p Store) -> Option<ClaimedVolume<'p>> {
    let bound = bound_volume(&claim, store)?;
    Some(ClaimedVolume { name, claim, bound })
}

/// The volumes of a pod that cannot be mounted, each once, of those that there is a try to mount.
pub(crate) fn failed_mounts<'p: 'v, 'v>(
    pod: &Pod,
    tried: impl Iterator<Item = &'v ClaimedVolume<'p>>,
    store: &Store,
) -> Vec<FailedMount<'p>> {
    let mut seen: Vec<&Text> = Vec::new();
    let mut failed = Vec::new();
    for ClaimedVolume { name, claim, bound } in tried {
        if seen.contains(&&bound.metadata.name) {
            continue;
        }
        seen.push(&bound.metadata.name);
        if let Some((reason, message)) = check(pod, claim, bound, store) {
            failed.push(FailedMount { volume: name, reason, message });
        }
    }
    failed
}

/// The devices of a pod that are never mapped, and of which nothing is told: volumes that can only be file systems.
pub(crate) fn unmappable<'p>(claimed: &[ClaimedVolume<'p>]) -> impl Iterator<Item = &'p Text> {
    let is_unmappable = |volume: &PersistentVolume| is_block(volume) && !volume.spec.sources.iter().all(can_be_mapped);
    claimed.iter().filter(move |volume| is_unmappable(volume.bound)).map(|volume| volume.name)
}

/// The reason and the message of the first check that a volume does not pass.
fn check(pod: &Pod, claim: &ClaimKey, volume: &PersistentVolume, store: &Store) -> Option<(&'static str, String)> {
    let is_block = is_block(volume);
    let told =
        |check: &str, why: &str| format!("{check} failed for volume {:?} : {why}", volume.metadata.name.as_str());
    let node = store.nodes.named(&pod.spec.node_name);
    if let Some(why) = node.and_then(|node| misplacement(volume, node)) {
        let check = if is_block { "MapVolume.NodeAffinity check" } else { "MountVolume.NodeAffinity check" };
        return Some(("FailedMount", told(check, &why)));
    }
    if !is_block && !volume.spec.mount_options.is_empty() && !volume.spec.sources.iter().all(takes_mount_options) {
        let why = "mount options are not supported for this volume type";
        return Some(("FailedMount", told("MountVolume.MountOptionSupport check", why)));
    }
    let why = used_elsewhere(pod, claim, volume, store)?;
    Some(if is_block {
        ("FailedMapVolume", told("MapVolume.SetUpDevice", why))
    } else {
        ("FailedMount", told("MountVolume.SetUp", why))
    })
}

fn is_block(volume: &PersistentVolume) -> bool {
    volume.spec.volume_mode == VolumeMode::Block
}

/// Whether a kubelet has a plugin for a source: of its own, or by way of the CSI driver that took over.
pub(crate) fn has_plugin(source: &VolumeSource) -> bool {
    !is_removed(source.key())
}

/// Whether the plugin for a source, by its key, is gone from Kubernetes without a driver that took over.
pub(crate) fn is_removed(key: &str) -> bool {
    REMOVED.contains(&key)
}

/// Sources that the API still takes and nothing mounts any more.
const REMOVED: [&str; 8] =
    ["glusterfs", "cephfs", "rbd", "scaleIO", "quobyte", "storageos", "flocker", "photonPersistentDisk"];

/// `SupportsMountOption` of the plugin of a source.
fn takes_mount_options(source: &VolumeSource) -> bool {
    !matches!(source, VolumeSource::HostPath(_) | VolumeSource::FlexVolume(_))
}

/// Whether the plugin of a source can map a device.
fn can_be_mapped(source: &VolumeSource) -> bool {
    !matches!(source, VolumeSource::HostPath(_) | VolumeSource::Nfs(_) | VolumeSource::FlexVolume(_))
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
