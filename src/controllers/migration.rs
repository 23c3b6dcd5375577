//! Annotations of plugins that CSI drivers took over, and the finalizers of in-tree volumes (`MIG-*`, `FIN-*`).
//!
//! Both are brought up to date at the beginning of every sync.

use std::sync::Arc;

use crate::controllers::status::without_finalizer;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::list::StringMap;
use crate::model::names::{
    BETA_STORAGE_PROVISIONER, EXTERNAL_PROVISIONER_FINALIZER, IN_TREE_PREFIX, MIGRATED_TO, PROVISIONED_BY,
    PV_CONTROLLER_FINALIZER, STORAGE_PROVISIONER, migrated_driver,
};
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, ReclaimPolicy};

/// Annotations with `migrated-to` as it should be, if it is not (`MIG-2`, `MIG-3`).
fn migrated(annotations: &StringMap, provisioner: &str) -> Option<StringMap> {
    let present = annotations.get(MIGRATED_TO).map(Text::as_str);
    match (migrated_driver(provisioner), present) {
        (Some(driver), present) if present != Some(driver) => Some(annotations.with(MIGRATED_TO, driver)),
        (None, Some(driver)) if !driver.is_empty() => Some(annotations.without(MIGRATED_TO)),
        (Some(_) | None, _) => None,
    }
}

/// The claim with its annotations brought up to date, if they are not (`MIG-1`).
pub(super) fn annotate_claim(claim: &Arc<PersistentVolumeClaim>) -> Option<Arc<PersistentVolumeClaim>> {
    let annotations = &claim.metadata.annotations;
    let provisioner = annotations.get(STORAGE_PROVISIONER).or_else(|| annotations.get(BETA_STORAGE_PROVISIONER))?;
    let annotations = migrated(annotations, provisioner)?;
    let mut claim = (**claim).clone();
    claim.metadata.annotations = annotations;
    Some(Arc::new(claim))
}

/// The volume with its annotations and finalizers brought up to date, if they are not (`MIG-1`, `FIN-1` to `FIN-6`).
pub(super) fn annotate_volume(volume: &Arc<PersistentVolume>) -> Option<Arc<PersistentVolume>> {
    let annotations = &volume.metadata.annotations;
    let provisioner = annotations.get(PROVISIONED_BY)?;
    let new_annotations = migrated(annotations, provisioner);
    let finalizers = &volume.metadata.finalizers;
    let mut new_finalizers = finalizers.clone();
    if migrated_driver(provisioner).is_some() {
        new_finalizers = without_finalizer(&new_finalizers, PV_CONTROLLER_FINALIZER);
    } else if provisioner.starts_with(IN_TREE_PREFIX) {
        match volume.spec.persistent_volume_reclaim_policy {
            ReclaimPolicy::Delete => {
                if !volume.metadata.has_finalizer(PV_CONTROLLER_FINALIZER) {
                    new_finalizers = new_finalizers.with(Text::from(PV_CONTROLLER_FINALIZER));
                }
            }
            ReclaimPolicy::Retain | ReclaimPolicy::Recycle => {
                new_finalizers = without_finalizer(&new_finalizers, PV_CONTROLLER_FINALIZER);
            }
            ReclaimPolicy::Other(_) => {}
        }
        new_finalizers = without_finalizer(&new_finalizers, EXTERNAL_PROVISIONER_FINALIZER);
    }
    if new_annotations.is_none() && new_finalizers == *finalizers {
        return None;
    }
    let mut volume = (**volume).clone();
    if let Some(annotations) = new_annotations {
        volume.metadata.annotations = annotations;
    }
    volume.metadata.finalizers = new_finalizers;
    Some(Arc::new(volume))
}
