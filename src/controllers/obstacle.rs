//! Why a pod on a node cannot start yet, in the words of its kubelet (`WL-3`, `ATTACH-4`, `ATTACH-5`).

use std::collections::BTreeSet;

use crate::controllers::attach::{UniqueName, is_attachable};
use crate::controllers::mount::{missing_sources, missing_variable};
use crate::controllers::mount_check::{
    ClaimedVolume, FailedMount, claimed_volume, failed_mounts, has_plugin, is_removed, unmappable,
};
use crate::model::claim::ClaimPhase;
use crate::model::names::PVC_PROTECTION_FINALIZER;
use crate::model::pod::{Pod, PodVolume};
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumeMode};
use crate::store::Store;

/// Why a pod cannot start yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// Volumes with which something is wrong: what is told of them at once, each with its reason.
    Volumes(Vec<(&'static str, String)>),
    /// Volumes that are merely awaited: what is told once that has taken too long.
    Awaited(String),
    /// A container that cannot be made: its name, and why.
    Container(Text, String),
}

/// What keeps a pod from starting (`WL-3`).
pub(crate) fn obstacle(pod: &Pod, store: &Store) -> Option<Obstacle> {
    let mut refused: BTreeSet<&Text> = BTreeSet::new();
    let mut reasons: BTreeSet<String> = BTreeSet::new();
    for (volume, why) in refusals(pod, store) {
        refused.insert(volume);
        reasons.insert(why);
    }
    let claimed = pod.claim_volumes().filter(|(volume, _)| !refused.contains(volume));
    let claimed: Vec<ClaimedVolume<'_>> =
        claimed.filter_map(|(name, claim)| claimed_volume(name, claim, store)).collect();
    let detached: BTreeSet<&Text> = detached(pod, &claimed, store).collect();
    let awaited: BTreeSet<&Text> = unmappable(&claimed).chain(detached.iter().copied()).collect();
    let attached = claimed.iter().filter(|volume| !awaited.contains(volume.name));
    let failed: Vec<FailedMount<'_>> =
        missing_sources(pod, store).into_iter().chain(failed_mounts(pod, attached, store)).collect();
    let mut told = Vec::new();
    if !refused.is_empty() {
        let others = awaited.iter().copied().chain(failed.iter().map(|failed| failed.volume));
        let waiting: BTreeSet<&Text> = refused.iter().copied().chain(others).collect();
        told.push(("FailedMount", unmounted(waiting, detached.clone(), refused, &joined(reasons, "; "))));
    }
    told.extend(failed.into_iter().map(|failed| (failed.reason, failed.message)));
    if !told.is_empty() {
        return Some(Obstacle::Volumes(told));
    }
    if !awaited.is_empty() {
        return Some(Obstacle::Awaited(unmounted(awaited, detached, BTreeSet::new(), "context deadline exceeded")));
    }
    missing_variable(pod, store).map(|(container, why)| Obstacle::Container(container, why))
}

/// The volumes of a pod that its kubelet does not even try to mount, and why.
fn refusals<'p>(pod: &'p Pod, store: &Store) -> impl Iterator<Item = (&'p Text, String)> {
    let no_plugin = |name: &Text| {
        let name = name.as_str();
        format!("failed to get Plugin from volumeSpec for volume {name:?} err=no volume plugin matched")
    };
    let of_claims = pod.claim_volumes().filter_map(move |(volume, claim)| {
        let why = match check_claim(pod, volume, &claim, store) {
            Ok(bound) => (!bound.spec.sources.iter().all(has_plugin)).then(|| no_plugin(&bound.metadata.name))?,
            Err(why) => why,
        };
        Some((volume, why))
    });
    let lacks_plugin = |volume: &&PodVolume| volume.sources.iter().any(|source| is_removed(source.key()));
    let inline = pod.spec.volumes.iter().filter(lacks_plugin);
    of_claims.chain(inline.map(move |volume| (&volume.name, no_plugin(&volume.name))))
}

fn joined<T: AsRef<str>>(texts: impl IntoIterator<Item = T>, between: &str) -> String {
    let texts: Vec<T> = texts.into_iter().collect();
    texts.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(between)
}

fn unmounted(unmounted: BTreeSet<&Text>, unattached: BTreeSet<&Text>, failed: BTreeSet<&Text>, why: &str) -> String {
    let [unmounted, unattached, failed] = [unmounted, unattached, failed].map(|volumes| joined(volumes, " "));
    let volumes = format!(
        "unmounted volumes=[{unmounted}], unattached volumes=[{unattached}], failed to process volumes=[{failed}]"
    );
    format!("Unable to attach or mount volumes: {volumes}: {why}")
}

/// Whether a claim is as it must be from the node's side, and its volume too (`WL-3`).
fn check_claim<'s>(pod: &Pod, name: &Text, key: &ClaimKey, store: &'s Store) -> Result<&'s PersistentVolume, String> {
    let is_ephemeral = !names_claim(pod, name) && pod.ephemeral_claim(name) == *key;
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
    Ok(volume)
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
fn detached<'p>(pod: &Pod, claimed: &[ClaimedVolume<'p>], store: &Store) -> impl Iterator<Item = &'p Text> {
    let waits = |volume: &PersistentVolume| {
        !UniqueName::of(volume)
            .is_some_and(|name| store.nodes_with(&name.to_string()).any(|node| *node == pod.spec.node_name))
    };
    let detached = claimed.iter().filter(move |volume| is_attachable(volume.bound, store) && waits(volume.bound));
    detached.map(|volume| volume.name)
}
