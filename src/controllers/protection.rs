//! The controllers that keep volumes and claims in use from vanishing (`PROT-2` to `PROT-9`, `NEIGH-1`, `NEIGH-2`).
//!
//! Each is a single write: the finalizer is added to a live object that lacks it, and removed from a deleted one that
//! nothing uses any more.

use std::sync::Arc;

#[cfg(test)]
use crate::controllers::planted::{self, Bug};
use crate::controllers::status::without_finalizer;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::kind::Object;
use crate::model::list::List;
use crate::model::metadata::ObjectMeta;
use crate::model::names::{PV_PROTECTION_FINALIZER, PVC_PROTECTION_FINALIZER, shared};
use crate::model::pod::{Pod, PodVolumeSource};
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumePhase};
use crate::store::{Store, Write};

/// What a volume's protection needs: only the phase is looked at (`PROT-9`).
pub(crate) fn protect_volume(volume: &Arc<PersistentVolume>) -> Option<(Write, &'static str)> {
    let need = need_of_volume(volume)?;
    let mut new = (**volume).clone();
    need.meet(&mut new.metadata.finalizers, PV_PROTECTION_FINALIZER, &shared::PROTECTED_VOLUME);
    Some((Write::Update(Object::PersistentVolume(Arc::new(new))), need.rule("PROT-9")))
}

/// What a claim's protection needs: no pod with a node may name it (`PROT-3` to `PROT-6`).
pub(crate) fn protect_claim(claim: &Arc<PersistentVolumeClaim>, store: &Store) -> Option<(Write, &'static str)> {
    let need = need_of_claim(claim, store)?;
    let mut new = (**claim).clone();
    need.meet(&mut new.metadata.finalizers, PVC_PROTECTION_FINALIZER, &shared::PROTECTED_CLAIM);
    Some((Write::Update(Object::PersistentVolumeClaim(Arc::new(new))), need.rule("PROT-3")))
}

/// Whether an object's protection needs anything.
pub(crate) fn is_protection_due(object: &Object, store: &Store) -> bool {
    match object {
        Object::PersistentVolume(volume) => need_of_volume(volume).is_some(),
        Object::PersistentVolumeClaim(claim) => need_of_claim(claim, store).is_some(),
        _ => false,
    }
}

/// What an object lacks to be protected as it should be.
#[derive(Clone, Copy)]
enum Need {
    /// It lives without the finalizer.
    Protection,
    /// It is deleted, free, and has the finalizer still.
    Release,
}

impl Need {
    fn of(metadata: &ObjectMeta, finalizer: &str, is_free: impl FnOnce() -> bool) -> Option<Self> {
        match (metadata.is_deleting(), metadata.has_finalizer(finalizer)) {
            (true, true) if is_free() => Some(Self::Release),
            (false, false) => Some(Self::Protection),
            (true | false, true | false) => None,
        }
    }

    /// `alone` is the list of the finalizer and no other.
    fn meet(self, finalizers: &mut List<Text>, finalizer: &str, alone: &List<Text>) {
        *finalizers = match self {
            Self::Protection => finalizers.with_missing(alone),
            Self::Release => without_finalizer(finalizers, finalizer),
        };
    }

    fn rule(self, released: &'static str) -> &'static str {
        match self {
            Self::Protection => "PROT-2",
            Self::Release => released,
        }
    }
}

fn need_of_volume(volume: &PersistentVolume) -> Option<Need> {
    #[cfg(not(test))]
    let is_free = || volume.status.phase != VolumePhase::Bound;
    #[cfg(test)]
    let is_free = || volume.status.phase != VolumePhase::Bound || planted::is_planted(Bug::EarlyFinalizer);
    #[cfg(test)]
    if planted::is_planted(Bug::Restless) && volume.metadata.has_finalizer(PV_PROTECTION_FINALIZER) {
        return Some(Need::Release);
    }
    Need::of(&volume.metadata, PV_PROTECTION_FINALIZER, is_free)
}

fn need_of_claim(claim: &PersistentVolumeClaim, store: &Store) -> Option<Need> {
    let is_free = || !store.pods_of_claim(&claim.key()).any(|pod| uses(pod, claim));
    Need::of(&claim.metadata, PVC_PROTECTION_FINALIZER, is_free)
}

/// Whether a pod keeps a claim from being deleted (`PROT-4`, `PROT-5`, `PROT-6`).
fn uses(pod: &Pod, claim: &PersistentVolumeClaim) -> bool {
    if pod.spec.node_name.is_empty() {
        return false;
    }
    let shut_down = pod.metadata.is_deleting() && pod.metadata.deletion_grace_period_seconds == Some(0);
    let owned = pod.controls(&claim.metadata);
    pod.spec.volumes.iter().any(|volume| {
        volume.sources.iter().any(|source| match source {
            PodVolumeSource::PersistentVolumeClaim(source) => source.claim_name == claim.metadata.name,
            PodVolumeSource::Ephemeral(_) => {
                claim.metadata.name == pod.ephemeral_claim(&volume.name).name && owned && !shut_down
            }
            _ => false,
        })
    })
}
