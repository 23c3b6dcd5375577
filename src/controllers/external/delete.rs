//! Deleting released volumes from outside (`NEIGH-7`), and the finalizer that holds them until then.

use std::sync::Arc;

use crate::backend::{Failure, FailureKind, Sidecar};
use crate::controllers::external::is_held;
use crate::controllers::status::without_finalizer;
use crate::controllers::turn::{Caching, Emission, EventType, Request, Resumed, Turn, World};
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::list::List;
use crate::model::names::EXTERNAL_PROVISIONER_FINALIZER;
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, ReclaimPolicy, VolumePhase};
use crate::store::{DeleteOptions, Write};

/// Whether the provisioner of a volume has anything to do for it.
pub(crate) fn needs_provisioner(volume: &PersistentVolume, sidecar: Sidecar) -> bool {
    finalizers(volume, sidecar).is_some() || is_deletable(volume, sidecar)
}

/// The finalizers that the volume should have, if it has others: those with the provisioner's own while it is bound and
/// to be deleted with its storage, and without it where the policy is another one.
fn finalizers(volume: &PersistentVolume, sidecar: Sidecar) -> Option<List<Text>> {
    if sidecar.early_release {
        return None;
    }
    let policy = &volume.spec.persistent_volume_reclaim_policy;
    let held = is_held(volume);
    let kept = matches!(policy, ReclaimPolicy::Retain | ReclaimPolicy::Recycle);
    if held && (!sidecar.finalizer || kept) {
        return Some(without_finalizer(&volume.metadata.finalizers, EXTERNAL_PROVISIONER_FINALIZER));
    }
    let bound = volume.status.phase == VolumePhase::Bound && !volume.metadata.is_deleting();
    let missing = !held && sidecar.finalizer && *policy == ReclaimPolicy::Delete && bound;
    missing.then(|| volume.metadata.finalizers.with(EXTERNAL_PROVISIONER_FINALIZER.into()))
}

/// Whether the storage of a volume shall be deleted.
fn is_deletable(volume: &PersistentVolume, sidecar: Sidecar) -> bool {
    // Without the finalizer on a terminating volume its storage is deleted already.
    let done = volume.metadata.is_deleting() && !(sidecar.finalizer && is_held(volume));
    !done
        && volume.status.phase == VolumePhase::Released
        && volume.spec.persistent_volume_reclaim_policy == ReclaimPolicy::Delete
}

/// What the provisioner of a volume does for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ExternalDelete {
    driver: Text,
    sidecar: Sidecar,
    volume: Arc<PersistentVolume>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Begin,
    /// The finalizers were written.
    Held,
    /// The driver was asked.
    Asked,
    /// The object was deleted.
    Deleted,
    /// The finalizer was removed after that.
    Unheld,
}

impl ExternalDelete {
    pub(crate) fn new(driver: &Text, sidecar: Sidecar, volume: &Arc<PersistentVolume>) -> Self {
        Self { driver: driver.clone(), sidecar, volume: Arc::clone(volume), stage: Stage::Begin }
    }

    pub(crate) fn resume(mut self, resumed: Resumed, world: &World<'_>) -> Turn<Self> {
        match self.stage {
            Stage::Begin => self.begin(),
            Stage::Held => match resumed.volume() {
                Ok(volume) => {
                    self.volume = volume;
                    self.ask()
                }
                Err(error) => Turn::failed(error.message),
            },
            Stage::Asked => match resumed {
                Resumed::Removed(Ok(())) => self.delete(),
                Resumed::Removed(Err(failure)) => self.fail(&failure),
                _ => Turn::failed("a deletion was resumed without an answer"),
            },
            Stage::Deleted => match resumed {
                Resumed::Written(Err(error)) => Turn::failed(error.to_string()),
                _ => self.unhold(world),
            },
            Stage::Unheld => match resumed {
                Resumed::Written(Err(error)) if !error.is_not_found() => Turn::failed(error.to_string()),
                _ => Turn::done(),
            },
        }
    }

    fn begin(mut self) -> Turn<Self> {
        let Some(finalizers) = finalizers(&self.volume, self.sidecar) else {
            return self.ask();
        };
        let mut volume = (*self.volume).clone();
        volume.metadata.finalizers = finalizers;
        self.stage = Stage::Held;
        let write = Write::Update(Object::PersistentVolume(Arc::new(volume)));
        Turn::write(write, "NEIGH-7", self).caching(Caching::Nothing)
    }

    fn ask(mut self) -> Turn<Self> {
        if !is_deletable(&self.volume, self.sidecar) {
            return Turn::done();
        }
        self.stage = Stage::Asked;
        let (driver, volume) = (self.driver.clone(), Arc::clone(&self.volume));
        Turn::ask(Request::Remove { driver, volume }, self)
    }

    fn fail(self, failure: &Failure) -> Turn<Self> {
        if failure.kind == FailureKind::Ignored {
            return Turn::done();
        }
        let message = failure.message.clone();
        let event = Emission::on(&*self.volume, EventType::Warning, "VolumeFailedDelete", message.clone());
        Turn::failed(message.as_str()).emitting(event)
    }

    fn delete(mut self) -> Turn<Self> {
        self.stage = Stage::Deleted;
        let key = NamespacedName::cluster_wide(&self.volume.metadata.name);
        let key = ObjectKey { kind: Kind::PersistentVolume, key };
        Turn::write(Write::delete(key, DeleteOptions::default()), "NEIGH-7", self).caching(Caching::Nothing)
    }

    fn unhold(mut self, world: &World<'_>) -> Turn<Self> {
        let fresh = world.live_volume(&self.volume.metadata.name);
        let Some(fresh) = fresh.filter(|fresh| self.sidecar.finalizer && is_held(fresh)) else {
            return Turn::done();
        };
        let mut volume = (**fresh).clone();
        let finalizers = &volume.metadata.finalizers;
        volume.metadata.finalizers = without_finalizer(finalizers, EXTERNAL_PROVISIONER_FINALIZER);
        self.stage = Stage::Unheld;
        let write = Write::Update(Object::PersistentVolume(Arc::new(volume)));
        Turn::write(write, "NEIGH-7", self).caching(Caching::Nothing)
    }
}
