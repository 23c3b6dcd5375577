//! Why a pod on a node cannot start yet, in the words of its kubelet (`WL-3`, `ATTACH-4`, `ATTACH-5`).

use std::collections::BTreeSet;

use crate::controllers::attach::{UniqueName, attachable_volumes, bound_volume};
use crate::controllers::mount::{missing_sources, missing_variable};
use crate::controllers::mount_check::failed_mounts;
use crate::model::claim::ClaimPhase;
use crate::model::names::PVC_PROTECTION_FINALIZER;
use crate::model::pod::Pod;
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumeMode};
use crate::store::Store;

/// Why a pod cannot start yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// Claims that are not as they must be: the message.
    Claims(String),
    /// Volumes that are not attached to the node: the message once they have been waited for too long.
    Detached(String),
    /// Mounts that fail, each with its reason and its message.
    Mounts(Vec<(&'static str, String)>),
    /// A container that cannot be made: its name, and why.
    Container(Text, String),
}

/// What keeps a pod from starting (`WL-3`).
pub(crate) fn obstacle(pod: &Pod, store: &Store) -> Option<Obstacle> {
    let mut failed: BTreeSet<&Text> = BTreeSet::new();
    let mut reasons: BTreeSet<String> = BTreeSet::new();
    for (volume, claim) in pod.claim_volumes() {
        if let Err(why) = check_claim(pod, volume, &claim, store) {
            failed.insert(volume);
            reasons.insert(why);
        }
    }
    if !failed.is_empty() {
        let (failed, reasons) = (joined(failed, " "), joined(reasons, "; "));
        return Some(Obstacle::Claims(unmounted(&failed, "", &failed, &reasons)));
    }
    let detached: BTreeSet<&Text> = detached(pod, store).collect();
    if !detached.is_empty() {
        let detached = joined(detached, " ");
        return Some(Obstacle::Detached(unmounted(&detached, &detached, "", "context deadline exceeded")));
    }
    let sources = missing_sources(pod, store).into_iter().map(|message| ("FailedMount", message));
    let claims = failed_mounts(pod, store).into_iter().map(|failed| (failed.reason, failed.message));
    let mounts: Vec<(&'static str, String)> = sources.chain(claims).collect();
    if !mounts.is_empty() {
        return Some(Obstacle::Mounts(mounts));
    }
    missing_variable(pod, store).map(|(container, why)| Obstacle::Container(container, why))
}

fn joined<T: AsRef<str>>(texts: impl IntoIterator<Item = T>, between: &str) -> String {
    let texts: Vec<T> = texts.into_iter().collect();
    texts.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(between)
}

fn unmounted(unmounted: &str, unattached: &str, failed: &str, why: &str) -> String {
    let volumes = format!(
        "unmounted volumes=[{unmounted}], unattached volumes=[{unattached}], failed to process volumes=[{failed}]"
    );
    format!("Unable to attach or mount volumes: {volumes}: {why}")
}

/// Whether a claim is as it must be from the node's side, and its volume too (`WL-3`).
fn check_claim(pod: &Pod, name: &Text, key: &ClaimKey, store: &Store) -> Result<(), String> {
    let is_ephemeral = pod.ephemeral_claim(name) == *key && !names_claim(pod, name);
    let volume = find_volume(pod, is_ephemeral, key, store)?;
    let mode = |wanted: &str| {
        format!("volume {name} has volumeMode {}, but is specified in {wanted}", volume.spec.volume_mode)
    };
    let containers = || pod.spec.init_containers.iter().chain(&pod.spec.containers);
    let is_block = volume.spec.volume_mode == VolumeMode::Block;
    if is_block && containers().any(|container| container.volume_mounts.iter().any(|mount| mount.name == *name)) {
        return Err(mode("volumeMounts"));
    }
    if !is_block && containers().any(|container| container.volume_devices.iter().any(|device| device.name == *name)) {
        return Err(mode("volumeDevices"));
    }
    Ok(())
}

/// Whether a volume of a pod names a claim, and has none made for it.
fn names_claim(pod: &Pod, name: &Text) -> bool {
    use crate::model::pod::PodVolumeSource;

    let mut volumes = pod.spec.volumes.iter().filter(|volume| volume.name == *name);
    volumes
        .any(|volume| volume.sources.iter().any(|source| matches!(source, PodVolumeSource::PersistentVolumeClaim(_))))
}

fn find_volume<'s>(
    pod: &Pod,
    is_ephemeral: bool,
    key: &ClaimKey,
    store: &'s Store,
) -> Result<&'s PersistentVolume, String> {
    let of_claim = |why: String| format!("error processing PVC {key}: {why}");
    let missing = |kind: &str, name: &Text| format!("{kind} {:?} not found", name.as_str());
    let claim = store.claims.find(key).ok_or_else(|| {
        of_claim(format!("failed to fetch PVC from API server: {}", missing("persistentvolumeclaims", &key.name)))
    })?;
    let why = match () {
        () if claim.metadata.is_deleting() && !claim.metadata.has_finalizer(PVC_PROTECTION_FINALIZER) => {
            "PVC is being deleted"
        }
        () if claim.status.phase != ClaimPhase::Bound => "PVC is not bound",
        () if claim.spec.volume_name.is_empty() => "PVC has empty pvc.Spec.VolumeName",
        () => "",
    };
    if !why.is_empty() {
        return Err(of_claim(why.to_owned()));
    }
    if is_ephemeral && !pod.controls(&claim.metadata) {
        return Err(format!("PVC {key} was not created for pod {} (pod is not owner)", pod.key()));
    }
    let name = &claim.spec.volume_name;
    let volume = store.volumes.named(name.as_str()).ok_or_else(|| {
        let why = missing("persistentvolumes", name);
        of_claim(format!("failed to fetch PV {name} from API server: {why}"))
    })?;
    let Some(reference) = &volume.spec.claim_ref else {
        let unbound = "but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim";
        return Err(of_claim(format!("found PV object {name} {unbound}")));
    };
    let (held, uid) = (&reference.uid, &claim.metadata.uid);
    if held != uid {
        let other = format!("but its pv.Spec.ClaimRef.UID {held} does not point to claim.UID {uid}");
        return Err(of_claim(format!("found PV object {name} {other}")));
    }
    Ok(volume)
}

/// The names that a pod has for the volumes that are not attached to its node.
fn detached<'p>(pod: &'p Pod, store: &'p Store) -> impl Iterator<Item = &'p Text> {
    let waits = |volume: &PersistentVolume| {
        !UniqueName::of(volume)
            .is_some_and(|name| store.nodes_with(&name.to_string()).any(|node| *node == pod.spec.node_name))
    };
    let waiting: BTreeSet<&Text> =
        attachable_volumes(pod, store).filter(|volume| waits(volume)).map(|volume| &volume.metadata.name).collect();
    pod.claim_volumes().filter_map(move |(name, key)| {
        let bound = bound_volume(&key, store)?;
        waiting.contains(&bound.metadata.name).then_some(name)
    })
}
