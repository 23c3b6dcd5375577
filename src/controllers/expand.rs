//! The controller that has volumes grown: it hands them to whoever stands outside (`RESIZE-4`).
//!
//! No plugin of the tree expands volumes itself any more, so this controller notes who shall do it and says so. What a
//! driver then does is in `backend`.

use std::sync::Arc;

use crate::controllers::turn::{Caching, Emission, EventType, Resumed, SyncError, Turn, World};
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::kind::Object;
use crate::model::names::{PRE_RESIZE_CAPACITY, STORAGE, STORAGE_RESIZER, migrated_source};
use crate::store::Write;

/// An expansion of which the resizer was noted on the claim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ExpandSync;

impl ExpandSync {
    /// Looks at a bound claim that asks for more than it has.
    pub(crate) fn start(claim: &Arc<PersistentVolumeClaim>, world: &World<'_>) -> Turn<Self> {
        let Some(volume) = world.live_volume(&claim.spec.volume_name) else {
            return Turn::failed(format!("persistentvolume {:?} not found", claim.spec.volume_name));
        };
        let reference = volume.spec.claim_ref.as_ref();
        if reference.is_none_or(|reference| reference.uid != claim.metadata.uid) {
            let message = format!("persistent Volume is not bound to PVC being updated : {}", claim.key());
            return Turn::failed(message);
        }
        let grown = has_grown(claim) || volume.metadata.annotations.contains_key(PRE_RESIZE_CAPACITY);
        if claim.status.phase != ClaimPhase::Bound || !grown {
            return Turn::done();
        }
        let emit = |message: String| Emission::on(&**claim, EventType::Normal, "ExternalExpanding", message);
        let Some((plugin, driver)) = volume.spec.sources.iter().find_map(|source| migrated_source(source.key())) else {
            let event = emit("waiting for an external controller to expand this PVC".to_owned());
            return Turn::done().emitting(event);
        };
        let event = emit(format!("CSI migration enabled for {plugin}; waiting for external resizer to expand the pvc"));
        let mut new = (**claim).clone();
        new.metadata.annotations = new.metadata.annotations.with(STORAGE_RESIZER, driver);
        let write = Write::Update(Object::PersistentVolumeClaim(Arc::new(new)));
        Turn::write(write, "RESIZE-4", Self).caching(Caching::Nothing).emitting(event)
    }

    /// Ends when the resizer was noted.
    pub(crate) fn resume(resumed: Resumed) -> Turn<Self> {
        match resumed.claim() {
            Ok(_) => Turn::done(),
            Err(SyncError { message }) => Turn::failed(message),
        }
    }
}

/// Whether a claim might need to be expanded.
pub(crate) fn needs_expansion(claim: &PersistentVolumeClaim) -> bool {
    claim.status.phase == ClaimPhase::Bound && has_grown(claim)
}

/// Whether a claim asks for more than it has.
fn has_grown(claim: &PersistentVolumeClaim) -> bool {
    claim.status.capacity.get(STORAGE).is_some_and(|held| claim.request() > *held)
}
