//! The external resizer: it has the driver of a volume grow it, and writes down how large it is now (`RESIZE-5`,
//! `RESIZE-7`, `RESIZE-9`).
//!
//! A driver that grows volumes does so at once, on the side of the storage and on the node. One that does not leaves the
//! claim to the caller.

use std::sync::Arc;

use crate::backend::{Expansion, Failure, FailureKind};
use crate::controllers::turn::{Caching, Emission, EventType, Resumed, Turn};
use crate::model::claim::{ClaimCondition, PersistentVolumeClaim};
use crate::model::kind::Object;
use crate::model::list::List;
use crate::model::names::STORAGE;
use crate::model::quantity::Quantity;
use crate::model::text::Text;
use crate::model::time::Timestamp;
use crate::model::volume::PersistentVolume;
use crate::store::Write;

/// The conditions of a resize; all others are left alone.
const CONDITIONS: [&str; 4] = ["Resizing", "FileSystemResizePending", "ControllerResizeError", "NodeResizeError"];
const FAILED: &str = "ControllerResizeError";

/// A resize of which a write is carried out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ResizeSync {
    /// The size of the volume is written; the claim is next.
    Volume(Arc<PersistentVolumeClaim>, Quantity),
    /// The size of the claim is written.
    Claim,
    /// A failure is written.
    Failed(Text),
}

impl ResizeSync {
    /// Begins with what the driver of a claim's volume answered to the request for a size.
    pub(crate) fn start(
        claim: &Arc<PersistentVolumeClaim>,
        volume: &Arc<PersistentVolume>,
        answer: Expansion,
        now: Timestamp,
    ) -> Turn<Self> {
        let size = claim.request();
        match answer {
            Expansion::External => Turn::done(),
            Expansion::Failed(failure) => fail(claim, volume, &failure, now),
            Expansion::Instant if volume.spec.capacity.get(STORAGE).is_some_and(|held| *held >= size) => {
                finish(claim, &size)
            }
            Expansion::Instant => {
                let mut new = (**volume).clone();
                new.spec.capacity = volume.spec.capacity.with(STORAGE, size.clone());
                let then = Self::Volume(Arc::clone(claim), size);
                write(Write::Update(Object::PersistentVolume(Arc::new(new))), then)
            }
        }
    }

    /// Goes on when a write was carried out, or refused.
    pub(crate) fn resume(self, resumed: Resumed) -> Turn<Self> {
        match (self, resumed) {
            (_, Resumed::Written(Err(error))) => Turn::failed(error.to_string()),
            (Self::Volume(claim, size), _) => finish(&claim, &size),
            (Self::Claim, _) => Turn::done(),
            (Self::Failed(message), _) => Turn::failed(message.to_string()),
        }
    }
}

fn write(write: Write, then: ResizeSync) -> Turn<ResizeSync> {
    Turn::write(write, "RESIZE-9", then).caching(Caching::Nothing)
}

/// The claim is as large as it asks for, and nothing says any more that it was not.
fn finish(claim: &Arc<PersistentVolumeClaim>, size: &Quantity) -> Turn<ResizeSync> {
    let mut new = (**claim).clone();
    new.status.capacity = claim.status.capacity.with(STORAGE, size.clone());
    if !claim.status.progress.conditions.is_empty() || !claim.status.progress.allocated_resource_statuses.is_empty() {
        new.status.progress.conditions = others(claim).into();
        let statuses = claim.status.progress.allocated_resource_statuses.without(STORAGE);
        new.status.progress.allocated_resource_statuses = statuses;
    }
    let message = format!("ExpandVolume succeeded for volume {}", claim.key());
    let event = Emission::on(&**claim, EventType::Normal, "VolumeResizeSuccessful", message);
    let status = Write::UpdateStatus(Object::PersistentVolumeClaim(Arc::new(new)));
    write(status, ResizeSync::Claim).emitting(event)
}

/// Notes a failure on the claim. It is tried again after a while.
fn fail(
    claim: &Arc<PersistentVolumeClaim>,
    volume: &PersistentVolume,
    failure: &Failure,
    now: Timestamp,
) -> Turn<ResizeSync> {
    let name = &volume.metadata.name;
    let message = format!("resize volume {:?} failed: {}", name.as_str(), failure.message);
    let event = Emission::on(&**claim, EventType::Warning, "VolumeResizeFailed", message.clone());
    let progress = &claim.status.progress;
    let held = progress.conditions.iter().find(|condition| condition.r#type == FAILED);
    let condition = ClaimCondition {
        r#type: FAILED.into(),
        status: "True".into(),
        last_transition_time: held.map_or(Some(now), |held| held.last_transition_time),
        message: failure.message.clone(),
        ..ClaimCondition::default()
    };
    let is_final = failure.kind == FailureKind::Infeasible;
    let status = if is_final { "ControllerResizeInfeasible" } else { "ControllerResizeInProgress" };
    let conditions: List<ClaimCondition> = others(claim).into_iter().chain([condition]).collect();
    let mut new = (**claim).clone();
    new.status.progress.conditions = conditions;
    new.status.progress.allocated_resources = progress.allocated_resources.with(STORAGE, claim.request());
    new.status.progress.allocated_resource_statuses = progress.allocated_resource_statuses.with(STORAGE, status);
    if new.status == claim.status {
        return Turn::failed(message).emitting(event);
    }
    let write = Write::UpdateStatus(Object::PersistentVolumeClaim(Arc::new(new)));
    Turn::write(write, "RESIZE-5", ResizeSync::Failed(message.into())).caching(Caching::Nothing).emitting(event)
}

/// The conditions of a claim that no resize made.
fn others(claim: &PersistentVolumeClaim) -> Vec<ClaimCondition> {
    let conditions = claim.status.progress.conditions.iter();
    conditions.filter(|condition| !CONDITIONS.contains(&condition.r#type.as_str())).cloned().collect()
}
