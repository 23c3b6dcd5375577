//! Volumes and claims as parts of a state: what counts of them, and how what the cache holds compares to what is stored.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::cluster::mixer::Mixer;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::metadata::ObjectMeta;
use crate::model::volume::PersistentVolume;

/// What is stored under a number, and what the cache holds of it.
pub(super) type Pair<'c, T> = (Option<&'c Arc<T>>, Option<&'c Arc<T>>);

/// How the objects of a kind count. The parts of an object count by themselves, so that what a write leaves alone is not
/// looked at again.
pub(super) struct Counted<T> {
    /// What tells the parts from all others: what changes often, the identity, the spec.
    seeds: [u64; 3],
    metadata: fn(&T) -> &ObjectMeta,
    mix_whole: fn(&T, &mut Mixer),
    mix_status: fn(&T, &mut Mixer),
    /// The spec and whose it is.
    mix_spec: fn(&T, &mut Mixer),
    same_spec: fn(&T, &T) -> bool,
}

pub(super) const VOLUMES: Counted<PersistentVolume> = Counted {
    seeds: [1, 11, 12],
    metadata: |volume| &volume.metadata,
    mix_whole: mix_volume,
    mix_status: mix_volume_status,
    mix_spec: |volume, mixer| {
        volume.metadata.name.hash(mixer);
        mix_volume_spec(volume, mixer);
    },
    same_spec: |one, other| one.spec.same(&other.spec),
};

pub(super) const CLAIMS: Counted<PersistentVolumeClaim> = Counted {
    seeds: [2, 13, 14],
    metadata: |claim| &claim.metadata,
    mix_whole: mix_claim,
    mix_status: mix_claim_status,
    mix_spec: |claim, mixer| {
        (&claim.metadata.namespace, &claim.metadata.name).hash(mixer);
        claim.spec.hash(mixer);
    },
    same_spec: |one, other| one.spec.same(&other.spec),
};

impl<T> Counted<T> {
    /// By how much the objects of this kind change the number of a state. `pairs` gives what there is under a number, and
    /// what there was, if that is known. Of the first objects the numbers are kept, and brought up to date: of what
    /// changes often, and of all parts.
    pub(super) fn renew<'c>(
        &self,
        numbers: usize,
        pairs: impl Fn(usize) -> (Pair<'c, T>, Option<Pair<'c, T>>),
        often: &mut [u64],
        whole: &mut [u64],
    ) -> u64
    where
        T: 'c,
    {
        let mut sum = 0u64;
        for number in 0..numbers {
            let (new, held) = pairs(number);
            let change = self.change(new, held, often.get_mut(number));
            sum = sum.wrapping_add(change);
            if let Some(whole) = whole.get_mut(number) {
                *whole = whole.wrapping_add(change);
            }
        }
        sum
    }

    /// By how much one object changes the number. That of what changes often is worked out for what there was where it was
    /// not kept.
    fn change(&self, new: Pair<'_, T>, held: Option<Pair<'_, T>>, kept: Option<&mut u64>) -> u64 {
        if held.is_some_and(|held| same_slot(new, held)) {
            return 0;
        }
        let often = self.often(new);
        let before = match kept {
            Some(kept) => std::mem::replace(kept, often),
            None => held.map_or(0, |held| self.often(held)),
        };
        let mut change = often.wrapping_sub(before);
        let (stored, old) = (new.0, held.and_then(|held| held.0));
        let mut renew = |seed, same: &dyn Fn(&T, &T) -> bool, mix: &dyn Fn(&T, &mut Mixer)| {
            if !matches!((stored, old), (Some(one), Some(other)) if same(one, other)) {
                change = change.wrapping_add(part(seed, stored, mix)).wrapping_sub(part(seed, old, mix));
            }
        };
        let metadata = self.metadata;
        renew(self.seeds[1], &|one, other| same_identity(metadata(one), metadata(other)), &|object, mixer| {
            mix_identity(metadata(object), mixer);
        });
        renew(self.seeds[2], &self.same_spec, &self.mix_spec);
        change
    }

    /// The part of an object that changes often, and what the cache holds of it.
    fn often(&self, (stored, cached): Pair<'_, T>) -> u64 {
        let metadata = self.metadata;
        let Some(object) = stored.or(cached) else {
            return 0;
        };
        let mut mixer = Mixer::new(self.seeds[0]);
        metadata(object).namespace.hash(&mut mixer);
        metadata(object).name.hash(&mut mixer);
        if let Some(stored) = stored {
            metadata(stored).annotations.hash(&mut mixer);
            (self.mix_status)(stored, &mut mixer);
        }
        match (stored, cached) {
            (_, None) => 0u8.hash(&mut mixer),
            (Some(stored), Some(cached)) if Arc::ptr_eq(stored, cached) => 1u8.hash(&mut mixer),
            (stored, Some(cached)) => {
                let order =
                    stored.map(|stored| metadata(cached).resource_version.cmp(&metadata(stored).resource_version));
                if order == Some(std::cmp::Ordering::Equal) {
                    1u8.hash(&mut mixer);
                } else {
                    order.hash(&mut mixer);
                    (self.mix_whole)(cached, &mut mixer);
                }
            }
        }
        mixer.finish()
    }
}

fn same_slot<T>(one: Pair<'_, T>, other: Pair<'_, T>) -> bool {
    let same = |one: Option<&Arc<T>>, other: Option<&Arc<T>>| match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    same(one.0, other.0) && same(one.1, other.1)
}

fn part<T>(seed: u64, stored: Option<&Arc<T>>, mix: &dyn Fn(&T, &mut Mixer)) -> u64 {
    stored.map_or(0, |stored| {
        let mut mixer = Mixer::new(seed);
        mix(stored, &mut mixer);
        mixer.finish()
    })
}

/// Whether metadata are alike in what [`mix_identity`] looks at; a quick look is enough where nothing changed.
fn same_identity(one: &ObjectMeta, other: &ObjectMeta) -> bool {
    one.identity.same(&other.identity) && one.finalizers == other.finalizers
}

/// What a binding leaves alone of the metadata, but for versions and times.
fn mix_identity(metadata: &ObjectMeta, mixer: &mut Mixer) {
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
fn mix_volume_spec(volume: &PersistentVolume, mixer: &mut Mixer) {
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

fn mix_volume_status(volume: &PersistentVolume, mixer: &mut Mixer) {
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

fn mix_claim_status(claim: &PersistentVolumeClaim, mixer: &mut Mixer) {
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
