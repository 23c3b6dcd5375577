//! The events of the controller, all of them on the set (§12 of the specification).

use crate::controllers::turn::{Emission, EventType};
use crate::model::stateful_set::StatefulSet;
use crate::model::text::Text;

/// What was tried on a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Create,
    Update,
    Delete,
}

impl Deed {
    fn as_str(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
        }
    }

    fn reason(self, success: bool) -> &'static str {
        match (self, success) {
            (Self::Create, true) => "SuccessfulCreate",
            (Self::Create, false) => "FailedCreate",
            (Self::Update, true) => "SuccessfulUpdate",
            (Self::Update, false) => "FailedUpdate",
            (Self::Delete, true) => "SuccessfulDelete",
            (Self::Delete, false) => "FailedDelete",
        }
    }
}

/// A pod was created, updated or deleted, or could not be.
pub(super) fn of_pod(set: &StatefulSet, deed: Deed, pod: &str, result: Result<(), &str>) -> Emission {
    let (verb, name) = (deed.as_str(), &set.metadata.name);
    match result {
        Ok(()) => {
            let message = format!("{verb} Pod {pod} in StatefulSet {name} successful");
            Emission::on(set, EventType::Normal, deed.reason(true), message)
        }
        Err(error) => {
            let message = format!("{verb} Pod {pod} in StatefulSet {name} failed error: {error}");
            Emission::on(set, EventType::Warning, deed.reason(false), message)
        }
    }
}

/// A claim was created for a pod, or could not be.
pub(super) fn of_claim(set: &StatefulSet, claim: &Text, pod: &Text, result: Result<(), &str>) -> Emission {
    let name = &set.metadata.name;
    match result {
        Ok(()) => {
            let message = format!("Create Claim {claim} Pod {pod} in StatefulSet {name} success");
            Emission::on(set, EventType::Normal, "SuccessfulCreate", message)
        }
        Err(error) => {
            let message = format!("Create Claim {claim} for Pod {pod} in StatefulSet {name} failed error: {error}");
            Emission::on(set, EventType::Warning, "FailedCreate", message)
        }
    }
}

/// A claim is managed by somebody else (`STSPVC-27`).
pub(super) fn of_conflict(set: &StatefulSet, claim: &Text) -> Emission {
    let message = format!(
        "PersistentVolumeClaim {claim} has a conflicting OwnerReference that acts as a manging controller, \
         the retention policy is ignored for this claim"
    );
    Emission::on(set, EventType::Warning, "ConflictingController", message)
}
