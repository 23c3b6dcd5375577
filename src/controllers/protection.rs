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
use crate::model::names::shared;
use crate::model::pod::{Pod, PodVolumeSource};
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumePhase};
use crate::store::{Store, Write};

/// What a volume's protection needs: only the phase is looked at (`PROT-9`).
pub(crate) fn protect_volume(volume: &Arc<PersistentVolume>) -> Option<(Write, &'static str)> {
    #[cfg(not(test))]
    let is_free = || volume.status.phase != VolumePhase::Bound;
    #[cfg(test)]
    let is_free = || volume.status.phase != VolumePhase::Bound || planted::is_planted(Bug::EarlyFinalizer);
    let (finalizers, rule) = protection(&volume.metadata, &shared::PV_PROTECTION, is_free, "PROT-9")?;
    let mut new = (**volume).clone();
    new.metadata.finalizers = finalizers;
    Some((Write::Update(Object::PersistentVolume(Arc::new(new))), rule))
}

/// What a claim's protection needs: no pod with a node may name it (`PROT-3` to `PROT-6`).
pub(crate) fn protect_claim(claim: &Arc<PersistentVolumeClaim>, store: &Store) -> Option<(Write, &'static str)> {
    let is_free = || !store.pods_of_claim(&claim.key()).any(|pod| uses(pod, claim));
    let (finalizers, rule) = protection(&claim.metadata, &shared::PVC_PROTECTION, is_free, "PROT-3")?;
    let mut new = (**claim).clone();
    new.metadata.finalizers = finalizers;
    Some((Write::Update(Object::PersistentVolumeClaim(Arc::new(new))), rule))
}

/// The finalizers that an object needs, if it has others: a live one has the protection, a deleted one that is free
/// has it not. With the rule by which they change.
fn protection(
    metadata: &ObjectMeta,
    finalizer: &Text,
    is_free: impl FnOnce() -> bool,
    freed: &'static str,
) -> Option<(List<Text>, &'static str)> {
    match (metadata.is_deleting(), metadata.has_finalizer(finalizer)) {
        (true, true) if is_free() => Some((without_finalizer(&metadata.finalizers, finalizer), freed)),
        (false, false) => Some((metadata.finalizers.with(finalizer.clone()), "PROT-2")),
        (true | false, true | false) => None,
    }
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
