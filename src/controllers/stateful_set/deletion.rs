//! Deleting a pod of a set.

use crate::api::ApiError;
use crate::controllers::stateful_set::events::{Deed, of_pod};
use crate::controllers::stateful_set::work::Desk;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::store::{DeleteOptions, Write};

/// The write that deletes a pod.
pub(super) fn deletion(desk: &Desk<'_, '_>, name: Text) -> Write {
    let namespace = desk.plan.set.metadata.namespace.clone();
    Write::delete(ObjectKey { kind: Kind::Pod, key: NamespacedName { namespace, name } }, DeleteOptions::default())
}

/// Emits what came of a deletion. A pod that is gone already counts as deleted. Returns the error, if there is one.
pub(super) fn note_deletion(pod: &Text, result: Result<Object, ApiError>, desk: &mut Desk<'_, '_>) -> Option<Text> {
    let set = &desk.plan.set;
    match result {
        Err(error) if !error.is_not_found() => {
            let error = Text::from(error.to_string());
            desk.events.push(of_pod(set, Deed::Delete, pod, Err(&error)));
            Some(error)
        }
        Ok(_) | Err(_) => {
            desk.events.push(of_pod(set, Deed::Delete, pod, Ok(())));
            None
        }
    }
}
