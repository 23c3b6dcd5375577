//! Admission: what depends on other objects when an object is created or updated (`ADM-*`, `DEFAULT-1` to `DEFAULT-5`).

use std::sync::Arc;

use crate::api::ApiError;
use crate::model::class::StorageClass;
use crate::model::kind::{Kind, Object};
use crate::model::names::shared;
use crate::model::time::Timestamp;
use crate::store::table::Table;

/// Mutating admission on creation: the default class, and the finalizers that protect what is in use (`ADM-1`).
pub(super) fn admit(object: &mut Object, classes: &Table<StorageClass>) {
    match object {
        Object::PersistentVolume(volume) => {
            let metadata = &mut Arc::make_mut(volume).metadata;
            metadata.finalizers = metadata.finalizers.with_missing(&shared::PROTECTED_VOLUME);
        }
        Object::PersistentVolumeClaim(claim) => {
            let claim = Arc::make_mut(claim);
            if !claim.has_class()
                && let Some(class) = default_class(classes)
            {
                claim.spec.storage_class_name = Some(class.metadata.name.clone());
            }
            claim.metadata.finalizers = claim.metadata.finalizers.with_missing(&shared::PROTECTED_CLAIM);
        }
        _ => {}
    }
}

/// The class that claims without one get: of those that are marked the newest, then the first by name (`DEFAULT-2`,
/// `DEFAULT-3`). Cost: linear in the number of classes.
pub(crate) fn default_class(classes: &Table<StorageClass>) -> Option<&Arc<StorageClass>> {
    let marked = classes.in_order().into_iter().map(|(_, class)| class).filter(|class| class.is_default());
    marked.min_by(|a, b| {
        let newest_first = b.metadata.creation_timestamp.cmp(&a.metadata.creation_timestamp);
        newest_first.then_with(|| a.metadata.name.cmp(&b.metadata.name))
    })
}

/// Validating admission on update: a claim may grow only if its class allows it (`ADM-2` to `ADM-4`).
pub(super) fn validate_update(new: &Object, old: &Object, classes: &Table<StorageClass>) -> Result<(), ApiError> {
    let (Object::PersistentVolumeClaim(new), Object::PersistentVolumeClaim(old)) = (new, old) else {
        return Ok(());
    };
    if new.request() <= old.request() {
        return Ok(());
    }
    let forbid = |message: &str| {
        let (kind, name) = (Kind::PersistentVolumeClaim, new.metadata.name.clone());
        Err(ApiError::Forbidden { kind, name, message: message.to_owned() })
    };
    if old.status.phase != crate::model::claim::ClaimPhase::Bound {
        return forbid("Only bound persistent volume claims can be expanded");
    }
    let same_class = !new.class_name().is_empty() && new.class_name() == old.class_name();
    let key = crate::model::reference::NamespacedName::new("", new.class_name());
    let expandable = classes.find(&key).is_some_and(|class| class.allow_volume_expansion == Some(true));
    if same_class && expandable {
        return Ok(());
    }
    forbid(
        "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
    )
}

/// Notes when the phase of a volume changed (`API-5`).
pub(super) fn prepare_status(new: &mut Object, old: &Object, now: Timestamp) {
    let (Object::PersistentVolume(new), Object::PersistentVolume(old)) = (new, old) else {
        return;
    };
    let sent = new.status.last_phase_transition_time;
    let kept = old.status.last_phase_transition_time;
    if new.status.phase != old.status.phase && (sent.is_none() || sent == kept) {
        Arc::make_mut(new).status.last_phase_transition_time = Some(now);
    } else if sent.is_none() {
        Arc::make_mut(new).status.last_phase_transition_time = kept;
    }
}
