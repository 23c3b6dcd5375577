//! New states of a status, computed from a copy (`STATUS-*`). Each function answers `None` where nothing changes, and
//! nothing is written then.

use std::sync::Arc;

use crate::controllers::turn::SyncError;
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::list::{List, Map};
use crate::model::names::{PRE_RESIZE_CAPACITY, STORAGE};
use crate::model::quantity::Quantity;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumePhase};

/// A claim's status for a phase, without or with a volume (`STATUS-1` to `STATUS-6`).
pub(super) fn claim_status(
    claim: &Arc<PersistentVolumeClaim>,
    phase: &ClaimPhase,
    volume: Option<&PersistentVolume>,
) -> Result<Option<Arc<PersistentVolumeClaim>>, SyncError> {
    let old = &claim.status;
    let mut status = old.clone();
    status.phase = phase.clone();
    match volume {
        // STATUS-2
        None => {
            status.access_modes = std::iter::empty().collect();
            status.capacity = Map::default();
            if let Some(progress) = status.progress.set_mut() {
                progress.current_volume_attributes_class_name = None;
            }
        }
        Some(volume) => {
            // STATUS-3
            status.access_modes = volume.spec.access_modes.clone();
            // STATUS-4
            if old.phase != *phase {
                let Some(capacity) = volume.spec.capacity.get(STORAGE) else {
                    let name = &volume.metadata.name;
                    return Err(SyncError {
                        message: format!("PersistentVolume {name:?} is without a storage capacity"),
                    });
                };
                // STATUS-5
                if let Some(before) = volume.metadata.annotations.get(PRE_RESIZE_CAPACITY) {
                    let before = Quantity::parse(before).unwrap_or_else(|_| capacity.clone());
                    status.capacity = status.capacity.with(STORAGE, before);
                } else if status.capacity.get(STORAGE) != Some(capacity) {
                    status.capacity = volume.spec.capacity.clone();
                }
            }
            // STATUS-6
            if (&old.phase, phase) == (&ClaimPhase::Pending, &ClaimPhase::Bound) {
                let class = &volume.spec.volume_attributes_class_name;
                if status.current_volume_attributes_class_name != *class {
                    status.current_volume_attributes_class_name.clone_from(class);
                }
            }
        }
    }
    if status == *old {
        return Ok(None);
    }
    Ok(Some(Arc::new(PersistentVolumeClaim { status, ..(**claim).clone() })))
}

/// A volume in another phase (`STATUS-9`). The message is empty for every phase but `Failed`.
pub(super) fn volume_phase(
    volume: &Arc<PersistentVolume>,
    phase: VolumePhase,
    message: Text,
) -> Option<Arc<PersistentVolume>> {
    if volume.status.phase == phase {
        return None;
    }
    let mut new = (**volume).clone();
    new.status.phase = phase;
    if new.status.message != message {
        new.status.message = message;
    }
    Some(Arc::new(new))
}

/// Without an annotation.
pub(super) fn without_annotation(volume: &mut PersistentVolume, key: &str) {
    volume.metadata.annotations = volume.metadata.annotations.without(key);
}

/// Without a finalizer; the others keep their order (`FIN-6`).
pub(super) fn without_finalizer(finalizers: &List<Text>, finalizer: &str) -> List<Text> {
    let rest: Vec<Text> = finalizers.iter().filter(|held| *held != finalizer).cloned().collect();
    if rest.is_empty() { List::absent() } else { List::from(rest) }
}
