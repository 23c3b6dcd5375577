//! Volumes and claims as parts of a state: what counts of them, and how what the cache holds compares to what is stored.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::cluster::mixer::Mixer;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::metadata::ObjectMeta;
use crate::model::volume::PersistentVolume;

/// What is stored under a number, and what the cache holds of it.
pub(super) type Pair<'c, T> = (Option<&'c Arc<T>>, Option<&'c Arc<T>>);

pub(super) fn same_slot<T>(one: Pair<'_, T>, other: Pair<'_, T>) -> bool {
    let same = |one: Option<&Arc<T>>, other: Option<&Arc<T>>| match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    same(one.0, other.0) && same(one.1, other.1)
}

/// Whether a part of what is stored is the same memory in both.
pub(super) fn same_part<T>(stored: (Option<&Arc<T>>, Option<&Arc<T>>), same: impl Fn(&T, &T) -> bool) -> bool {
    matches!(stored, (Some(one), Some(other)) if same(one, other))
}

/// A part of what is stored; the parts of an object count by themselves, so that what a write leaves alone is not looked
/// at again.
pub(super) fn part<T>(seed: u64, stored: Option<&Arc<T>>, mix: impl Fn(&T, &mut Mixer)) -> u64 {
    stored.map_or(0, |stored| {
        let mut mixer = Mixer::new(seed);
        mix(stored, &mut mixer);
        mixer.finish()
    })
}

/// The part of an object that changes often, and what the cache holds of it.
pub(super) fn slot<T>(
    seed: u64,
    (stored, cached): Pair<'_, T>,
    metadata: fn(&T) -> &ObjectMeta,
    mix_whole: fn(&T, &mut Mixer),
    mix_status: fn(&T, &mut Mixer),
) -> u64 {
    let Some(object) = stored.or(cached) else {
        return 0;
    };
    let mut mixer = Mixer::new(seed);
    metadata(object).namespace.hash(&mut mixer);
    metadata(object).name.hash(&mut mixer);
    if let Some(stored) = stored {
        metadata(stored).annotations.hash(&mut mixer);
        mix_status(stored, &mut mixer);
    }
    match (stored, cached) {
        (_, None) => 0u8.hash(&mut mixer),
        (Some(stored), Some(cached)) if Arc::ptr_eq(stored, cached) => 1u8.hash(&mut mixer),
        (stored, Some(cached)) => {
            let order = stored.map(|stored| metadata(cached).resource_version.cmp(&metadata(stored).resource_version));
            if order == Some(std::cmp::Ordering::Equal) {
                1u8.hash(&mut mixer);
            } else {
                order.hash(&mut mixer);
                mix_whole(cached, &mut mixer);
            }
        }
    }
    mixer.finish()
}

/// Whether metadata are alike in what [`mix_identity`] looks at; a quick look is enough where nothing changed.
pub(super) fn same_identity(one: &ObjectMeta, other: &ObjectMeta) -> bool {
    one.identity.same(&other.identity) && one.finalizers == other.finalizers
}

/// What a binding leaves alone of the metadata, but for versions and times.
pub(super) fn mix_identity(metadata: &ObjectMeta, mixer: &mut Mixer) {
    metadata.name.hash(mixer);
    metadata.namespace.hash(mixer);
    metadata.uid.hash(mixer);
    metadata.is_deleting().hash(mixer);
    metadata.finalizers.hash(mixer);
    metadata.labels.hash(mixer);
    metadata.owner_references.hash(mixer);
}

/// A volume but for its version and times.
pub(super) fn mix_volume(volume: &PersistentVolume, mixer: &mut Mixer) {
    mix_identity(&volume.metadata, mixer);
    volume.metadata.annotations.hash(mixer);
    mix_volume_spec(volume, mixer);
    mix_volume_status(volume, mixer);
}

/// A volume's spec but for the version of the claim that it refers to.
pub(super) fn mix_volume_spec(volume: &PersistentVolume, mixer: &mut Mixer) {
    let spec = &volume.spec;
    match spec.claim_ref.as_deref() {
        None => 0u8.hash(mixer),
        Some(reference) => {
            reference.namespace.hash(mixer);
            reference.name.hash(mixer);
            reference.uid.hash(mixer);
        }
    }
    spec.capacity.hash(mixer);
    spec.access_modes.hash(mixer);
    spec.persistent_volume_reclaim_policy.hash(mixer);
    spec.storage_class_name.hash(mixer);
    spec.mount_options.hash(mixer);
    spec.volume_mode.hash(mixer);
    spec.node_affinity.hash(mixer);
    spec.volume_attributes_class_name.hash(mixer);
    spec.sources.hash(mixer);
}

pub(super) fn mix_volume_status(volume: &PersistentVolume, mixer: &mut Mixer) {
    volume.status.phase.hash(mixer);
    volume.status.message.hash(mixer);
    volume.status.reason.hash(mixer);
}

/// A claim but for its version and times.
pub(super) fn mix_claim(claim: &PersistentVolumeClaim, mixer: &mut Mixer) {
    mix_identity(&claim.metadata, mixer);
    claim.metadata.annotations.hash(mixer);
    claim.spec.hash(mixer);
    mix_claim_status(claim, mixer);
}

pub(super) fn mix_claim_status(claim: &PersistentVolumeClaim, mixer: &mut Mixer) {
    let status = &claim.status;
    status.phase.hash(mixer);
    status.access_modes.hash(mixer);
    status.capacity.hash(mixer);
    status.current_volume_attributes_class_name.hash(mixer);
    status.progress.allocated_resources.hash(mixer);
    status.progress.allocated_resource_statuses.hash(mixer);
    status.progress.modify_volume_status.hash(mixer);
    for condition in &status.progress.conditions {
        (&condition.r#type, &condition.status, &condition.reason, &condition.message).hash(mixer);
    }
}
