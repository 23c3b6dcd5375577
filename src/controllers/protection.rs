//! The controllers that keep volumes and claims in use from vanishing (`PROT-2` to `PROT-9`, `NEIGH-1`, `NEIGH-2`).
//!
//! Each is a single write: the finalizer is added to a live object that lacks it, and removed from a deleted one that
//! nothing uses any more.

use std::sync::Arc;

use crate::controllers::status::without_finalizer;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::kind::Object;
use crate::model::names::{PV_PROTECTION_FINALIZER, PVC_PROTECTION_FINALIZER};
use crate::model::pod::{Pod, PodVolumeSource};
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumePhase};
use crate::store::{Store, Write};

/// What a volume's protection needs: only the phase is looked at (`PROT-9`).
pub(crate) fn protect_volume(volume: &Arc<PersistentVolume>) -> Option<(Write, &'static str)> {
    let protected = volume.metadata.has_finalizer(PV_PROTECTION_FINALIZER);
    let mut new = (**volume).clone();
    let rule = match (volume.metadata.is_deleting(), protected) {
        (true, true) if volume.status.phase != VolumePhase::Bound => {
            new.metadata.finalizers = without_finalizer(&volume.metadata.finalizers, PV_PROTECTION_FINALIZER);
            "PROT-9"
        }
        (false, false) => {
            new.metadata.finalizers = volume.metadata.finalizers.with(Text::from(PV_PROTECTION_FINALIZER));
            "PROT-2"
        }
        (true | false, true | false) => return None,
    };
    Some((Write::Update(Object::PersistentVolume(Arc::new(new))), rule))
}

/// What a claim's protection needs: no pod with a node may name it (`PROT-3` to `PROT-6`).
pub(crate) fn protect_claim(claim: &Arc<PersistentVolumeClaim>, store: &Store) -> Option<(Write, &'static str)> {
    let protected = claim.metadata.has_finalizer(PVC_PROTECTION_FINALIZER);
    let mut new = (**claim).clone();
    let rule = match (claim.metadata.is_deleting(), protected) {
        (true, true) if !store.pods_of_claim(&claim.key()).any(|pod| uses(pod, claim)) => {
            new.metadata.finalizers = without_finalizer(&claim.metadata.finalizers, PVC_PROTECTION_FINALIZER);
            "PROT-3"
        }
        (false, false) => {
            new.metadata.finalizers = claim.metadata.finalizers.with(Text::from(PVC_PROTECTION_FINALIZER));
            "PROT-2"
        }
        (true | false, true | false) => return None,
    };
    Some((Write::Update(Object::PersistentVolumeClaim(Arc::new(new))), rule))
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
