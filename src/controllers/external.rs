//! External provisioners: what the program in front of a driver does (`NEIGH-6`, `NEIGH-7`).
//!
//! Follows `controller/controller.go` of `sigs.k8s.io/sig-storage-lib-external-provisioner`, release 13 for CSI sidecars
//! and release 6 for the others. Everything is read from the API server, so there is no cache that lags behind it.

mod delete;
mod provision;

use crate::controllers::is_delayed_class;
use crate::controllers::turn::World;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::StorageClass;
use crate::model::names::{EXTERNAL_PROVISIONER_FINALIZER, SELECTED_NODE};
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;

pub(crate) use crate::controllers::external::delete::{ExternalDelete, needs_provisioner};
pub(crate) use crate::controllers::external::provision::ExternalProvision;

/// What a provisioner remembers of a claim that it could not serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Remark {
    /// The storage may be on its way, so the claim is tried again even if it is deleted meanwhile.
    Background,
    /// The request is wrong, so the claim is left alone for a while.
    Infeasible,
}

/// Whether a volume shall be made for a claim now (`NEIGH-6`).
///
/// # Errors
/// The line of the log where the class is missing; the claim is tried again.
pub(crate) fn wants_volume(claim: &PersistentVolumeClaim, world: &World<'_>) -> Result<bool, Text> {
    if !claim.spec.volume_name.is_empty() {
        return Ok(false);
    }
    let class = class_of(claim, world)?;
    let selected = claim.metadata.annotations.get(SELECTED_NODE).is_some_and(|node| !node.is_empty());
    Ok(!is_delayed_class(class) || selected)
}

fn class_of<'w>(claim: &PersistentVolumeClaim, world: &'w World<'_>) -> Result<&'w std::sync::Arc<StorageClass>, Text> {
    let name = claim.class_name();
    world.class(name).ok_or_else(|| format!("storageClass {name:?} not found").into())
}

/// Whether a volume is held by the finalizer of its provisioner.
fn is_held(volume: &PersistentVolume) -> bool {
    volume.metadata.has_finalizer(EXTERNAL_PROVISIONER_FINALIZER)
}
