//! The sync of a claim (`CLAIM-*`).

use std::sync::Arc;

use crate::controllers::binding::Bind;
use crate::controllers::copies::Copies;
use crate::controllers::migration::annotate_claim;
use crate::controllers::provision;
use crate::controllers::status::claim_status;
use crate::controllers::turn::{Caching, Emission, EventType, Resumed, SyncError, Turn, World};
use crate::matching::{Demand, REQUESTED, mismatches};
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::class::{BindingMode, StorageClass};
use crate::model::field_error::go_quote;
use crate::model::kind::Object;
use crate::model::names::{BIND_COMPLETED, BOUND_BY_CONTROLLER, SELECTED_NODE};
use crate::model::volume::PersistentVolume;
use crate::store::Write;

/// A sync of a claim that waits for the result of a write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ClaimSync {
    /// The annotations of migration were written (`MIG-4`).
    Annotated,
    /// The default class was written; the watch goes on with it (`DEFAULT-8`).
    Classified { claim: Arc<PersistentVolumeClaim> },
    /// A step of binding was written.
    Binding(Bind),
    /// The status was written; the event, if there is one, is emitted now (`STATUS-7`).
    Reported { event: Option<Box<Emission>> },
}

impl ClaimSync {
    /// Begins the sync of a claim as the watch shows it.
    pub(crate) fn start(claim: &Arc<PersistentVolumeClaim>, world: &World<'_>) -> Turn<Self> {
        match annotate_claim(claim) {
            Some(claim) => Turn::write(Write::Update(Object::PersistentVolumeClaim(claim)), "MIG-4", Self::Annotated),
            None => sync(claim, world),
        }
    }

    /// What it has taken along.
    pub(crate) fn copies(&self) -> Copies<'_> {
        match self {
            Self::Annotated => Copies::at(20),
            Self::Classified { claim } => Copies::at(21).claim(claim),
            Self::Binding(bind) => bind.copies(),
            Self::Reported { .. } => Copies::at(22),
        }
    }

    /// Whether nothing is left to do once the write has this result, whatever else there is.
    pub(crate) fn is_over(&self, resumed: &Resumed) -> bool {
        match self {
            Self::Binding(bind) => bind.is_over(resumed),
            Self::Reported { .. } | Self::Classified { .. } => true,
            Self::Annotated => matches!(resumed, Resumed::Written(Err(_))),
        }
    }

    /// How many volumes suit a claim equally, so that chance decides which of them it gets.
    pub(crate) fn ties(claim: &PersistentVolumeClaim, world: &World<'_>) -> usize {
        if claim.metadata.annotations.contains_key(BIND_COMPLETED) || !claim.spec.volume_name.is_empty() {
            return 1;
        }
        let Ok(delayed) = is_delayed(claim, world) else {
            return 1;
        };
        Demand::of(claim, delayed).map_or(1, |demand| world.cache.equals(&demand).len().max(1))
    }

    /// Goes on with the result of a write.
    pub(crate) fn resume(self, resumed: Resumed, world: &World<'_>) -> Turn<Self> {
        match self {
            Self::Annotated => match resumed.claim() {
                Ok(claim) => sync(&claim, world),
                Err(error) => {
                    let context = "persistent Volume Controller can't anneal migration annotations";
                    Turn::failed(format!("{context}: {}", error.message))
                }
            },
            Self::Classified { claim } => match resumed.claim() {
                Ok(_) => Turn::done(),
                Err(error) => {
                    Turn::failed(format!("can't update PersistentVolumeClaim[\"{}\"]: {}", claim.key(), error.message))
                }
            },
            Self::Binding(bind) => bind.resume(resumed).map(Self::Binding),
            Self::Reported { event } => match (resumed.claim(), event) {
                (Err(error), _) => Turn::failed(error.message),
                (Ok(_), Some(event)) => Turn::done().emitting(*event),
                (Ok(_), None) => Turn::done(),
            },
        }
    }
}

/// Which branch a claim takes; its phase does not matter (`CLAIM-1`).
fn sync(claim: &Arc<PersistentVolumeClaim>, world: &World<'_>) -> Turn<ClaimSync> {
    if claim.metadata.annotations.contains_key(BIND_COMPLETED) {
        sync_bound(claim, world)
    } else if claim.spec.volume_name.is_empty() {
        sync_unbound(claim, world)
    } else {
        sync_prebound(claim, world)
    }
}

/// Neither bound nor asking for a volume by name (`CLAIM-2` to `CLAIM-8`).
fn sync_unbound(claim: &Arc<PersistentVolumeClaim>, world: &World<'_>) -> Turn<ClaimSync> {
    let delayed = match is_delayed(claim, world) {
        Ok(delayed) => delayed,
        Err(error) => return Turn::failed(error.message),
    };
    match find_volume(claim, delayed, world) {
        Err(error) => return Turn::failed(error.message),
        Ok(Some(volume)) => return bind(volume, claim),
        Ok(None) => {}
    }
    // DEFAULT-6
    if !claim.has_class()
        && let Some(class) = world.default_class()
    {
        let mut new = (**claim).clone();
        new.spec.storage_class_name = Some(class.metadata.name.clone());
        let then = ClaimSync::Classified { claim: Arc::clone(claim) };
        let write = Write::Update(Object::PersistentVolumeClaim(Arc::new(new)));
        return Turn::write(write, "DEFAULT-6", then).caching(Caching::Nothing);
    }
    // CLAIM-6
    if delayed && !claim.metadata.annotations.contains_key(SELECTED_NODE) {
        return report(claim, &ClaimPhase::Pending, "CLAIM-6").emitting(waiting_for_consumer(claim, world));
    }
    // CLAIM-7
    if !claim.class_name().is_empty() {
        return provision::start(claim, world);
    }
    // CLAIM-8
    let message = "no persistent volumes available for this claim and no storage class is set";
    let event = Emission::on(&**claim, EventType::Normal, "FailedBinding", message);
    report(claim, &ClaimPhase::Pending, "CLAIM-8").emitting(event)
}

/// The volume that a claim gets now (`CLAIM-3`).
pub(crate) fn find_volume<'w>(
    claim: &PersistentVolumeClaim,
    delayed: bool,
    world: &World<'w>,
) -> Result<Option<&'w Arc<PersistentVolume>>, SyncError> {
    match Demand::of(claim, delayed) {
        Ok(demand) => Ok(world.cache.find(&demand, world.tie)),
        // MATCH-12: a bad selector is noticed only when there is something to try it on.
        Err(error) if world.cache.has_candidate_set(claim) => {
            let key = claim.key();
            let quoted = go_quote(&key.to_string());
            let cause = format!("error creating internal label selector for claim: {key}: {error}");
            Err(SyncError { message: format!("error finding PV for claim {quoted}: {cause}") })
        }
        Err(_) => Ok(None),
    }
}

/// Whether binding waits for a pod (`HELP-5`).
pub(crate) fn is_delayed(claim: &PersistentVolumeClaim, world: &World<'_>) -> Result<bool, SyncError> {
    let name = claim.class_name();
    let Some(class) = world.class(name).filter(|_| !name.is_empty()) else {
        return Ok(false);
    };
    match &class.volume_binding_mode {
        None => Err(SyncError { message: format!("VolumeBindingMode not set for StorageClass {name:?}") }),
        Some(_) => Ok(is_delayed_class(class)),
    }
}

/// Whether claims of a class wait for a pod.
pub(crate) fn is_delayed_class(class: &StorageClass) -> bool {
    class.volume_binding_mode == Some(BindingMode::WaitForFirstConsumer)
}

/// The event of a claim that waits for a pod (`CLAIM-6`).
fn waiting_for_consumer(claim: &PersistentVolumeClaim, world: &World<'_>) -> Emission {
    let pods = world.pods_of(&claim.key(), true);
    let (reason, message) = match pods.as_slice() {
        [] => ("WaitForFirstConsumer", "waiting for first consumer to be created before binding".to_owned()),
        [pod] => ("WaitForPodScheduled", format!("waiting for pod {pod} to be scheduled")),
        pods => {
            let names: Vec<&str> = pods.iter().map(AsRef::as_ref).collect();
            ("WaitForPodScheduled", format!("waiting for pods {} to be scheduled", names.join(",")))
        }
    };
    Emission::on(claim, EventType::Normal, reason, message)
}

/// Not bound, but asking for a volume by name (`CLAIM-9` to `CLAIM-14`).
fn sync_prebound(claim: &Arc<PersistentVolumeClaim>, world: &World<'_>) -> Turn<ClaimSync> {
    let Some(volume) = world.cached_volume(&claim.spec.volume_name) else {
        return report(claim, &ClaimPhase::Pending, "CLAIM-9");
    };
    let name = &volume.metadata.name;
    match &volume.spec.claim_ref {
        // CLAIM-10
        None => match first_objection(volume, claim) {
            None => bind(volume, claim),
            Some(reason) => {
                let message = format!("Cannot bind to requested volume {name:?}: {reason}");
                let event = Emission::on(&**claim, EventType::Warning, "VolumeMismatch", message);
                report(claim, &ClaimPhase::Pending, "CLAIM-10").emitting(event)
            }
        },
        // CLAIM-11
        Some(reference) if claim.is_designated_by(reference) => bind(volume, claim),
        Some(reference) => {
            let message = format!("volume {name:?} already bound to a different claim.");
            let event = Emission::on(&**claim, EventType::Warning, "FailedBinding", message);
            // CLAIM-12
            if !claim.metadata.annotations.contains_key(BOUND_BY_CONTROLLER) {
                return report(claim, &ClaimPhase::Pending, "CLAIM-12").emitting(event);
            }
            // CLAIM-13
            let (this, other) = (claim.key().to_string(), format!("{}/{}", reference.namespace, reference.name));
            Turn::failed(format!(
                "invalid binding of claim {this:?} to volume {name:?}: volume already claimed by {other:?}"
            ))
            .emitting(event)
        }
    }
}

/// Why a free volume that a claim names does not suit it (`SAT-1` to `SAT-7`).
fn first_objection(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Option<String> {
    // The selector is not looked at here, so that one that makes no predicate does not matter.
    let demand = Demand { claim, request: claim.request(), predicate: None, delayed: false };
    mismatches(volume, &demand, REQUESTED).find_map(|mismatch| mismatch.event_reason(&volume.metadata.name))
}

/// Bound once (`CLAIM-20` to `CLAIM-25`).
fn sync_bound(claim: &Arc<PersistentVolumeClaim>, world: &World<'_>) -> Turn<ClaimSync> {
    if claim.spec.volume_name.is_empty() {
        let message = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
        return lose(claim, "ClaimLost", message, "CLAIM-20");
    }
    let Some(volume) = world.cached_volume(&claim.spec.volume_name) else {
        let message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
        return lose(claim, "ClaimLost", message, "CLAIM-21");
    };
    match &volume.spec.claim_ref {
        // CLAIM-22
        None => bind(volume, claim),
        // CLAIM-23
        Some(reference) if reference.uid == claim.metadata.uid => bind(volume, claim),
        Some(_) => {
            let message = "Two claims are bound to the same volume, this one is bound incorrectly";
            lose(claim, "ClaimMisbound", message, "CLAIM-24")
        }
    }
}

fn bind(volume: &Arc<PersistentVolume>, claim: &Arc<PersistentVolumeClaim>) -> Turn<ClaimSync> {
    Bind::start(Arc::clone(volume), Arc::clone(claim)).map(ClaimSync::Binding)
}

/// Writes the status of a claim that has no volume, if it differs (`STATUS-1`, `STATUS-2`).
fn report(claim: &Arc<PersistentVolumeClaim>, phase: &ClaimPhase, rule: &'static str) -> Turn<ClaimSync> {
    match claim_status(claim, phase, None) {
        Err(error) => Turn::failed(error.message),
        Ok(None) => Turn::done(),
        Ok(Some(claim)) => {
            let write = Write::UpdateStatus(Object::PersistentVolumeClaim(claim));
            Turn::write(write, rule, ClaimSync::Reported { event: None })
        }
    }
}

/// Marks a claim as lost, once (`STATUS-7`, `CLAIM-25`).
fn lose(
    claim: &Arc<PersistentVolumeClaim>,
    reason: &'static str,
    message: &'static str,
    rule: &'static str,
) -> Turn<ClaimSync> {
    if claim.status.phase == ClaimPhase::Lost {
        return Turn::done();
    }
    let event = Some(Box::new(Emission::on(&**claim, EventType::Warning, reason, message)));
    match claim_status(claim, &ClaimPhase::Lost, None) {
        Err(error) => Turn::failed(error.message),
        Ok(None) => Turn::done(),
        Ok(Some(claim)) => {
            let write = Write::UpdateStatus(Object::PersistentVolumeClaim(claim));
            Turn::write(write, rule, ClaimSync::Reported { event })
        }
    }
}
