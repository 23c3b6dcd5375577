//! The sync of a volume (`VOL-*`) and the choice of what happens to a released one (`RECLAIM-*`).

use std::sync::Arc;

use crate::controllers::binding::Unbind;
use crate::controllers::copies::Copies;
use crate::controllers::migration::annotate_volume;
#[cfg(test)]
use crate::controllers::planted::{self, Bug};
use crate::controllers::reclaim::{DeleteTask, RecycleTask};
use crate::controllers::status::volume_phase;
use crate::controllers::turn::{Emission, EventType, Operation, OperationKind, OperationTask, Resumed, Turn, World};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::names::{MIGRATED_TO, PROVISIONED_BY};
use crate::model::reference::{ClaimKey, NamespacedName, ObjectReference};
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, ReclaimPolicy, VolumePhase};
use crate::store::Write;

/// A sync of a volume that waits for the result of a write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum VolumeSync {
    /// Annotations and finalizers were written (`MIG-4`).
    Annotated,
    /// A phase was written, and that is all.
    Phased,
    /// `Released` was written; now it is reclaimed.
    Released,
    /// `Failed` was written; the event is emitted now (`STATUS-10`).
    Failed { event: Box<Emission> },
    /// A step of unbinding was written.
    Unbinding(Unbind),
}

impl VolumeSync {
    /// Begins the sync of a volume as the watch shows it.
    pub(crate) fn start(volume: &Arc<PersistentVolume>, world: &World<'_>) -> Turn<Self> {
        match annotate_volume(volume) {
            Some(volume) => Turn::write(Write::Update(Object::PersistentVolume(volume)), "MIG-4", Self::Annotated),
            None => sync(volume, world),
        }
    }

    /// What it has taken along.
    pub(crate) fn copies(&self) -> Copies<'_> {
        match self {
            Self::Annotated => Copies::at(20),
            Self::Phased => Copies::at(21),
            Self::Released => Copies::at(22),
            Self::Failed { .. } => Copies::at(23),
            Self::Unbinding(unbind) => unbind.copies(),
        }
    }

    /// Whether nothing is left to write once the write has this result, whatever else there is.
    pub(crate) fn is_over(&self, resumed: &Resumed) -> bool {
        match self {
            Self::Unbinding(unbind) => unbind.is_over(resumed),
            Self::Phased | Self::Released | Self::Failed { .. } => true,
            Self::Annotated => matches!(resumed, Resumed::Written(Err(_))),
        }
    }

    /// Goes on with the result of a write.
    pub(crate) fn resume(self, resumed: Resumed, world: &World<'_>) -> Turn<Self> {
        if let Self::Unbinding(unbind) = self {
            return unbind.resume(resumed).map(Self::Unbinding);
        }
        let volume = match (resumed.volume(), &self) {
            (Ok(volume), _) => volume,
            (Err(error), Self::Annotated) => {
                let context = "persistent Volume Controller can't anneal migration annotations or finalizer";
                return Turn::failed(format!("{context}: {}", error.message));
            }
            (Err(error), _) => return Turn::failed(error.message),
        };
        match self {
            Self::Annotated => sync(&volume, world),
            Self::Released => reclaim(&volume, world),
            Self::Failed { event } => Turn::done().emitting(*event),
            Self::Phased | Self::Unbinding(_) => Turn::done(),
        }
    }
}

/// Which branch a volume takes; its deletion does not matter (`VOL-12`).
fn sync(volume: &Arc<PersistentVolume>, world: &World<'_>) -> Turn<VolumeSync> {
    let Some(reference) = volume.spec.claim_ref.as_deref() else {
        return phase(volume, VolumePhase::Available, "VOL-2", VolumeSync::Phased);
    };
    if reference.uid.is_empty() {
        return phase(volume, VolumePhase::Available, "VOL-3", VolumeSync::Phased);
    }
    let Some(claim) = find_claim(volume, reference, world) else {
        return release(volume, "VOL-6", world);
    };
    if claim.spec.volume_name.is_empty() {
        sync_unanswered(volume, claim)
    } else if claim.spec.volume_name == volume.metadata.name {
        phase(volume, VolumePhase::Bound, "VOL-9", VolumeSync::Phased)
    } else if volume.metadata.annotations.contains_key(PROVISIONED_BY)
        && volume.spec.persistent_volume_reclaim_policy == ReclaimPolicy::Delete
    {
        release(volume, "VOL-10", world)
    } else {
        // VOL-11
        Unbind::start(volume).map(VolumeSync::Unbinding)
    }
}

/// The claim that a volume refers to, if it still is that one (`VOL-4`, `VOL-5`).
fn find_claim<'w>(
    volume: &PersistentVolume,
    reference: &ObjectReference,
    world: &'w World<'_>,
) -> Option<&'w Arc<PersistentVolumeClaim>> {
    let key = ClaimKey::new(&reference.namespace, &reference.name);
    let elsewhere = || world.store.claims.find(&key).or_else(|| world.live_claim(&key));
    let found = world.cached_claim(&key);
    let claim = if volume.status.phase.is_released() { found } else { found.or_else(elsewhere) }?;
    #[cfg(test)]
    if planted::is_planted(Bug::UidIgnored) {
        return Some(claim);
    }
    if claim.metadata.uid == reference.uid {
        return Some(claim);
    }
    world.live_claim(&key).filter(|claim| claim.metadata.uid == reference.uid)
}

/// The claim does not name a volume yet (`VOL-7`, `VOL-8`).
fn sync_unanswered(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Turn<VolumeSync> {
    let mut turn = Turn::done();
    if volume.spec.volume_mode == claim.spec.volume_mode {
        turn.effects.enqueue.push(claim.key());
        return turn;
    }
    let (name, claim_name) = (&volume.metadata.name, &claim.metadata.name);
    let on_volume = format!(
        "Cannot bind PersistentVolume to requested PersistentVolumeClaim {claim_name:?} due to incompatible volumeMode."
    );
    let on_claim = format!(
        "Cannot bind PersistentVolume {name:?} to requested PersistentVolumeClaim due to incompatible volumeMode."
    );
    turn.effects.events.push(Emission::on(volume, EventType::Warning, "VolumeMismatch", on_volume));
    turn.effects.events.push(Emission::on(claim, EventType::Warning, "VolumeMismatch", on_claim));
    turn
}

/// Writes a phase, if it differs (`STATUS-9`).
fn phase(volume: &Arc<PersistentVolume>, phase: VolumePhase, rule: &'static str, then: VolumeSync) -> Turn<VolumeSync> {
    match volume_phase(volume, phase, Text::default()) {
        None => Turn::done(),
        Some(volume) => Turn::write(Write::UpdateStatus(Object::PersistentVolume(volume)), rule, then),
    }
}

/// Marks a volume as released unless it is, or has failed, and reclaims it (`VOL-6`, `VOL-10`, `VOL-13`).
fn release(volume: &Arc<PersistentVolume>, rule: &'static str, world: &World<'_>) -> Turn<VolumeSync> {
    if volume.status.phase.is_released() {
        #[cfg(test)]
        if planted::is_planted(Bug::ForgottenRelease) {
            return Turn::done();
        }
        return reclaim(volume, world);
    }
    phase(volume, VolumePhase::Released, rule, VolumeSync::Released)
}

/// What happens to a released volume, by its policy as it is now (`RECLAIM-1` to `RECLAIM-8`).
fn reclaim(volume: &Arc<PersistentVolume>, world: &World<'_>) -> Turn<VolumeSync> {
    if volume.metadata.annotations.get(MIGRATED_TO).is_some_and(|driver| !driver.is_empty()) || !world.settings.reclaim
    {
        return Turn::done();
    }
    let operation = |kind, task| Operation {
        kind,
        object: ObjectKey { kind: Kind::PersistentVolume, key: NamespacedName::cluster_wide(&volume.metadata.name) },
        uid: volume.metadata.uid.clone(),
        task,
    };
    match volume.spec.persistent_volume_reclaim_policy {
        ReclaimPolicy::Retain => Turn::done(),
        ReclaimPolicy::Recycle => {
            let task = OperationTask::Recycle(RecycleTask::new(volume));
            Turn::done().starting(operation(OperationKind::Recycle, task))
        }
        ReclaimPolicy::Delete => {
            let task = OperationTask::Delete(DeleteTask::new(volume));
            Turn::done().starting(operation(OperationKind::Delete, task))
        }
        ReclaimPolicy::Other(_) => {
            let message = Text::from("Volume has unrecognized PersistentVolumeReclaimPolicy");
            let event = Emission::on(&**volume, EventType::Warning, "VolumeUnknownReclaimPolicy", message.clone());
            match volume_phase(volume, VolumePhase::Failed, message) {
                None => Turn::done(),
                Some(volume) => {
                    let write = Write::UpdateStatus(Object::PersistentVolume(volume));
                    Turn::write(write, "RECLAIM-5", VolumeSync::Failed { event: Box::new(event) })
                }
            }
        }
    }
}
