//! Binding in four writes, and unbinding in two (`BIND-*`, `UNBIND-*`).
//!
//! Each write is left out where its result is in place, so a binding that was interrupted is finished by the next
//! sync (`CONFLICT-3`).

use std::sync::Arc;

use crate::controllers::copies::Copies;
#[cfg(test)]
use crate::controllers::planted::{self, Bug};
use crate::controllers::status::{claim_status, volume_phase, without_annotation};
#[cfg(test)]
use crate::controllers::turn::Next;
use crate::controllers::turn::{Resumed, Turn};
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::kind::Object;
use crate::model::metadata::Uid;
use crate::model::names::{BIND_COMPLETED, BOUND_BY_CONTROLLER, STORAGE, shared};
use crate::model::reference::ObjectReference;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumePhase};
use crate::store::Write;

/// The writes of a binding, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Step {
    /// The claim comes first: a planted bug.
    #[cfg(test)]
    Reversed,
    Volume,
    VolumeStatus,
    Claim,
    ClaimStatus,
    Done,
}

/// A binding under way: the copies that it works on, and the write that comes next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Bind {
    volume: Arc<PersistentVolume>,
    claim: Arc<PersistentVolumeClaim>,
    step: Step,
}

impl Bind {
    pub(super) fn start(volume: Arc<PersistentVolume>, claim: Arc<PersistentVolumeClaim>) -> Turn<Self> {
        #[cfg(test)]
        if planted::is_planted(Bug::ClaimFirst)
            && let Some(new) = claim_for(&claim, &volume)
        {
            let state = Self { volume, claim, step: Step::Reversed };
            return Turn::write(Write::Update(Object::PersistentVolumeClaim(new)), "BIND-3", state);
        }
        Self { volume, claim, step: Step::Volume }.go()
    }

    /// What it has taken along.
    pub(super) fn copies(&self) -> Copies<'_> {
        Copies::at(self.step as u8).volume(&self.volume).claim(&self.claim)
    }

    /// Goes on with the result of the write that came last.
    pub(super) fn resume(mut self, resumed: Resumed) -> Turn<Self> {
        let taken = match self.step {
            #[cfg(test)]
            Step::Reversed => resumed.claim().map(|claim| self.claim = claim),
            Step::Volume | Step::VolumeStatus => resumed.volume().map(|volume| self.volume = volume),
            Step::Claim | Step::ClaimStatus | Step::Done => resumed.claim().map(|claim| self.claim = claim),
        };
        if let Err(error) = taken {
            return Turn::failed(error.message);
        }
        self.step = match self.step {
            #[cfg(test)]
            Step::Reversed => Step::Volume,
            Step::Volume => Step::VolumeStatus,
            Step::VolumeStatus => Step::Claim,
            Step::Claim => Step::ClaimStatus,
            Step::ClaimStatus | Step::Done => Step::Done,
        };
        self.go()
    }

    /// Whether no write is left once the last one has this result.
    pub(super) fn is_over(&self, resumed: &Resumed) -> bool {
        #[cfg(test)]
        if self.step == Step::Reversed {
            return matches!(self.clone().resume(resumed.clone()).next, Next::End(_));
        }
        let (volume, claim) = match resumed {
            Resumed::Written(Ok(Object::PersistentVolume(volume))) => (volume, &self.claim),
            Resumed::Written(Ok(Object::PersistentVolumeClaim(claim))) => (&self.volume, claim),
            _ => return true,
        };
        let volume_done = self.step >= Step::VolumeStatus || volume.status.phase == VolumePhase::Bound;
        let claim_done = self.step >= Step::Claim || is_marked(claim, volume);
        let status_done = || self.step >= Step::ClaimStatus || !is_status_due(claim, volume);
        volume_done && claim_done && status_done()
    }

    /// Asks for the next write that is needed.
    fn go(mut self) -> Turn<Self> {
        if self.step <= Step::Volume
            && let Some(volume) = volume_for(&self.volume, &self.claim)
        {
            self.step = Step::Volume;
            return Turn::write(Write::Update(Object::PersistentVolume(volume)), "BIND-1", self);
        }
        if self.step <= Step::VolumeStatus
            && let Some(volume) = volume_phase(&self.volume, VolumePhase::Bound, Text::default())
        {
            self.step = Step::VolumeStatus;
            return Turn::write(Write::UpdateStatus(Object::PersistentVolume(volume)), "BIND-2", self);
        }
        if self.step <= Step::Claim
            && let Some(claim) = claim_for(&self.claim, &self.volume)
        {
            self.step = Step::Claim;
            return Turn::write(Write::Update(Object::PersistentVolumeClaim(claim)), "BIND-3", self);
        }
        if self.step <= Step::ClaimStatus {
            match claim_status(&self.claim, &ClaimPhase::Bound, Some(&self.volume)) {
                Err(error) => return Turn::failed(error.message),
                Ok(None) => {}
                Ok(Some(claim)) => {
                    self.step = Step::ClaimStatus;
                    return Turn::write(Write::UpdateStatus(Object::PersistentVolumeClaim(claim)), "BIND-4", self);
                }
            }
        }
        Turn::done()
    }
}

/// The volume with its reference to the claim, if it has not got it (`BIND-1`).
pub(crate) fn volume_for(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Option<Arc<PersistentVolume>> {
    let mut new = (!is_reserved_for(volume, claim)).then(|| volume.clone())?;
    reserve(&mut new, claim);
    Some(Arc::new(new))
}

/// Whether a volume has a full reference to a claim.
pub(crate) fn is_reserved_for(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    volume.spec.claim_ref.as_deref().is_some_and(|reference| {
        reference.name == claim.metadata.name
            && reference.namespace == claim.metadata.namespace
            && reference.uid == claim.metadata.uid
    })
}

/// Gives a volume a full reference to a claim, and notes who did so (`BIND-1`).
pub(crate) fn reserve(volume: &mut PersistentVolume, claim: &PersistentVolumeClaim) {
    let designated = volume.spec.claim_ref.as_deref().is_some_and(|reference| claim.is_designated_by(reference));
    volume.spec.claim_ref = Some(reference_to(claim).into());
    if !designated {
        volume.metadata.annotations = volume.metadata.annotations.with_missing(&shared::CHOSEN);
    }
}

/// Takes back what [`reserve`] did: the whole reference, or the uid in one that a user wrote (`UNBIND-1`).
pub(crate) fn unreserve(volume: &mut PersistentVolume) {
    if volume.metadata.annotations.contains_key(BOUND_BY_CONTROLLER) {
        volume.spec.claim_ref = None;
        without_annotation(volume, BOUND_BY_CONTROLLER);
    } else if let Some(reference) = &mut volume.spec.claim_ref {
        reference.uid = Uid::default();
    }
}

/// A full reference to a claim as it is now.
pub(crate) fn reference_to(claim: &PersistentVolumeClaim) -> ObjectReference {
    let version = claim.metadata.resource_version;
    ObjectReference {
        uid: claim.metadata.uid.clone(),
        resource_version: if version.is_none() { Text::default() } else { Text::from(version.to_string()) },
        ..ObjectReference::to_claim(&claim.metadata.namespace, &claim.metadata.name)
    }
}

/// The claim with the name of its volume and the marks of a binding, if it has not got them (`BIND-3`).
fn claim_for(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> Option<Arc<PersistentVolumeClaim>> {
    if is_marked(claim, volume) {
        return None;
    }
    let mut new = claim.clone();
    let chosen = claim.spec.volume_name != volume.metadata.name;
    if chosen {
        new.spec.volume_name = volume.metadata.name.clone();
    }
    let marks = if chosen { &shared::CHOSEN_AND_COMPLETE } else { &shared::COMPLETE };
    new.metadata.annotations = new.metadata.annotations.with_missing(marks);
    Some(Arc::new(new))
}

/// Whether a claim has the name of its volume and the mark of a complete binding.
fn is_marked(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    claim.spec.volume_name == volume.metadata.name && claim.metadata.annotations.contains_key(BIND_COMPLETED)
}

/// Whether the status of a bound claim is yet to be written (`STATUS-3`, `STATUS-4`).
fn is_status_due(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    if claim.status.phase == ClaimPhase::Bound {
        claim.status.access_modes != volume.spec.access_modes
    } else {
        volume.spec.capacity.contains_key(STORAGE)
    }
}

/// An unbinding under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Unbind {
    volume: Arc<PersistentVolume>,
    freed: bool,
}

impl Unbind {
    pub(super) fn start(volume: &Arc<PersistentVolume>) -> Turn<Self> {
        let mut new = (**volume).clone();
        unreserve(&mut new);
        let state = Self { volume: Arc::clone(volume), freed: false };
        Turn::write(Write::Update(Object::PersistentVolume(Arc::new(new))), "UNBIND-1", state)
    }

    /// What it has taken along.
    pub(super) fn copies(&self) -> Copies<'_> {
        Copies::at(10 + u8::from(self.freed)).volume(&self.volume)
    }

    /// Whether no write is left once the last one has this result.
    pub(super) fn is_over(&self, resumed: &Resumed) -> bool {
        match resumed {
            Resumed::Written(Ok(Object::PersistentVolume(volume))) => {
                self.freed || volume.status.phase == VolumePhase::Available
            }
            _ => true,
        }
    }

    pub(super) fn resume(mut self, resumed: Resumed) -> Turn<Self> {
        match resumed.volume() {
            Err(error) => return Turn::failed(error.message),
            Ok(volume) => self.volume = volume,
        }
        match volume_phase(&self.volume, VolumePhase::Available, Text::default()) {
            Some(volume) if !self.freed => {
                self.freed = true;
                Turn::write(Write::UpdateStatus(Object::PersistentVolume(volume)), "UNBIND-2", self)
            }
            Some(_) | None => Turn::done(),
        }
    }
}
