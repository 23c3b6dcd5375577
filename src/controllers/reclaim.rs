//! The operations that delete and recycle released volumes (`DELETE-*`, `RECYCLE-*`, `RELEASED-*`).

use std::sync::Arc;

use crate::api::ApiError;
use crate::backend::{Ability, Answer};
use crate::controllers::binding::Unbind;
use crate::controllers::copies::Copies;
use crate::controllers::status::{volume_phase, without_finalizer};
use crate::controllers::turn::{Caching, Emission, EventType, Next, Request, Resumed, Turn, World};
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::names::{IN_TREE_PREFIX, MIGRATED_TO, PROVISIONED_BY, PV_CONTROLLER_FINALIZER};
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumePhase};
use crate::model::volume_source::VolumeSource;
use crate::store::{DeleteOptions, Write};

/// Whether a volume's claim is gone, or has gone to another volume (`RELEASED-1` to `RELEASED-3`).
fn is_released(volume: &PersistentVolume, world: &World<'_>) -> bool {
    let Some(reference) = volume.spec.claim_ref.as_deref().filter(|reference| !reference.uid.is_empty()) else {
        return false;
    };
    match world.cached_claim(&ClaimKey::new(&reference.namespace, &reference.name)) {
        Some(claim) if claim.metadata.uid == reference.uid => {
            !claim.spec.volume_name.is_empty() && claim.spec.volume_name != volume.metadata.name
        }
        Some(_) | None => true,
    }
}

/// Who deletes what stands behind a volume.
enum Deleter {
    Plugin(usize),
    /// Somebody outside of this controller.
    External,
}

/// Finds who deletes a volume (`DELETE-1`).
fn find_deleter(volume: &PersistentVolume, world: &World<'_>) -> Result<Deleter, String> {
    let annotations = &volume.metadata.annotations;
    if let Some(name) = annotations.get(PROVISIONED_BY).filter(|name| !name.is_empty()) {
        return match world.plugins.by_name(name, Ability::Delete) {
            Ok(plugin) => Ok(Deleter::Plugin(plugin)),
            Err(_) if !name.starts_with(IN_TREE_PREFIX) => Ok(Deleter::External),
            Err(error) => Err(error.0),
        };
    }
    let is_csi = volume.spec.sources.iter().any(|source| matches!(source, VolumeSource::Csi(_)));
    if annotations.contains_key(MIGRATED_TO) || is_csi {
        return Ok(Deleter::External);
    }
    let name = &volume.metadata.name;
    let found = world.plugins.by_source(volume, Ability::Delete);
    found
        .map(Deleter::Plugin)
        .map_err(|error| format!("error getting deleter volume plugin for volume {name:?}: {}", error.0))
}

/// Asks for the deletion of a volume's storage, and goes on with the answer.
pub(super) fn call_deleter<S>(volume: &Arc<PersistentVolume>, plugin: usize, then: S) -> Turn<S> {
    Turn::ask(Request::Reclaim { plugin, ability: Ability::Delete, volume: Arc::clone(volume) }, then)
}

/// The plugin that deletes a volume's storage, if one of this controller does.
pub(super) fn own_deleter(volume: &PersistentVolume, world: &World<'_>) -> Result<Option<usize>, String> {
    find_deleter(volume, world).map(|deleter| match deleter {
        Deleter::Plugin(plugin) => Some(plugin),
        Deleter::External => None,
    })
}

/// What went wrong when storage was deleted, in Kubernetes' words (`DELETE-6`).
pub(super) fn deleter_error(volume: &PersistentVolume, answer: &Answer) -> Option<Text> {
    match answer {
        Answer::Succeeded => None,
        Answer::Failed(message) | Answer::InUse(message) => Some(message.clone()),
        Answer::Refused(message) => {
            let name = &volume.metadata.name;
            Some(Text::from(format!("failed to create deleter for volume {name:?}: {message}")))
        }
        Answer::Pending(_, answer) => deleter_error(volume, answer),
    }
}

/// The volume without the finalizer of this controller, if it has it (`DELETE-9`).
pub(super) fn unprotected(volume: &Arc<PersistentVolume>) -> Option<Arc<PersistentVolume>> {
    if !volume.metadata.has_finalizer(PV_CONTROLLER_FINALIZER) {
        return None;
    }
    let mut volume = (**volume).clone();
    volume.metadata.finalizers = without_finalizer(&volume.metadata.finalizers, PV_CONTROLLER_FINALIZER);
    Some(Arc::new(volume))
}

/// The deletion of a volume and of what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DeleteTask {
    /// The volume as it was when the operation was started.
    volume: Arc<PersistentVolume>,
    stage: DeleteStage,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum DeleteStage {
    Begin,
    /// The plugin was asked.
    Asked,
    /// The finalizer was removed.
    Unprotected,
    /// The object was deleted, or was not.
    Deleted,
    /// The phase `Failed` was written.
    Failed {
        message: Text,
        retry: bool,
    },
}

impl DeleteTask {
    pub(super) fn new(volume: &Arc<PersistentVolume>) -> Self {
        Self { volume: Arc::clone(volume), stage: DeleteStage::Begin }
    }

    /// What it has taken along.
    pub(crate) fn copies(&self) -> Copies<'_> {
        let copies = |stage| Copies::at(stage).volume(&self.volume);
        match &self.stage {
            DeleteStage::Begin => copies(30),
            DeleteStage::Asked => copies(31),
            DeleteStage::Unprotected => copies(32),
            DeleteStage::Deleted => copies(33),
            DeleteStage::Failed { message, retry } => copies(34 + u8::from(*retry)).text(message),
        }
    }

    /// Whether nothing is left to write once the write has this result, whatever else there is.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.stage, DeleteStage::Deleted | DeleteStage::Failed { .. })
    }

    pub(crate) fn resume(self, resumed: Resumed, world: &World<'_>) -> Turn<Self> {
        match self.stage.clone() {
            DeleteStage::Begin => self.begin(world),
            DeleteStage::Asked => {
                let Resumed::Answered(answer) = resumed else {
                    return Turn::failed("a deletion was resumed without an answer");
                };
                self.answered(&answer, world)
            }
            DeleteStage::Unprotected => match resumed {
                Resumed::Written(Err(error)) => {
                    let message = format!("persistent volume controller can't update finalizer: {error}");
                    self.fail(message.into(), true, "DELETE-7")
                }
                _ => self.delete(),
            },
            // DELETE-10: whether the object could be deleted does not matter.
            DeleteStage::Deleted => Turn::done(),
            DeleteStage::Failed { message, retry } => {
                failed(&self.volume, resumed, "VolumeFailedDelete", &message, retry)
            }
        }
    }

    fn begin(mut self, world: &World<'_>) -> Turn<Self> {
        let plugin = match find_deleter(&self.volume, world) {
            Ok(Deleter::Plugin(plugin)) => plugin,
            // DELETE-3
            Ok(Deleter::External) => return Turn::done(),
            Err(message) => return self.fail(message.into(), false, "DELETE-2"),
        };
        // DELETE-4, DELETE-5
        match world.live_volume(&self.volume.metadata.name) {
            Some(fresh) if is_released(fresh, world) => {
                self.stage = DeleteStage::Asked;
                let volume = Arc::clone(&self.volume);
                call_deleter(&volume, plugin, self)
            }
            Some(_) | None => Turn::done(),
        }
    }

    fn answered(mut self, answer: &Answer, world: &World<'_>) -> Turn<Self> {
        if let Answer::InUse(message) = answer {
            let event = Emission::on(&*self.volume, EventType::Normal, "VolumeDelete", message.clone());
            return Turn::failed(message.as_str()).emitting(event);
        }
        if let Some(message) = deleter_error(&self.volume, answer) {
            return self.fail(message, true, "DELETE-7");
        }
        // DELETE-9
        let name = self.volume.metadata.name.clone();
        let Some(fresh) = world.live_volume(&name) else {
            let error = ApiError::NotFound { kind: Kind::PersistentVolume, name };
            return self.fail(error.to_string().into(), true, "DELETE-7");
        };
        match unprotected(fresh) {
            None => self.delete(),
            Some(volume) => {
                self.stage = DeleteStage::Unprotected;
                let write = Write::Update(Object::PersistentVolume(volume));
                Turn::write(write, "DELETE-9", self).caching(Caching::Sent)
            }
        }
    }

    fn delete(mut self) -> Turn<Self> {
        self.stage = DeleteStage::Deleted;
        let key = NamespacedName::cluster_wide(&self.volume.metadata.name);
        let write = Write::delete(ObjectKey { kind: Kind::PersistentVolume, key }, DeleteOptions::default());
        Turn::write(write, "DELETE-10", self).caching(Caching::Nothing)
    }

    /// Writes `Failed`, if it is not the phase already (`STATUS-10`, `RECLAIM-7`).
    fn fail(mut self, message: Text, retry: bool, rule: &'static str) -> Turn<Self> {
        match volume_phase(&self.volume, VolumePhase::Failed, message.clone()) {
            None if retry => Turn::failed(message.as_str()),
            None => Turn::done(),
            Some(volume) => {
                self.stage = DeleteStage::Failed { message, retry };
                Turn::write(Write::UpdateStatus(Object::PersistentVolume(volume)), rule, self)
            }
        }
    }
}

/// The phase `Failed` was written, or was not: emits the event, and says whether the operation failed.
fn failed<S>(
    volume: &PersistentVolume,
    resumed: Resumed,
    reason: &'static str,
    message: &Text,
    retry: bool,
) -> Turn<S> {
    if let Err(error) = resumed.volume() {
        return Turn::failed(error.message);
    }
    let event = Emission::on(volume, EventType::Warning, reason, message.clone());
    let turn = if retry { Turn::failed(message.as_str()) } else { Turn::done() };
    turn.emitting(event)
}

/// The recycling of a volume. It never counts as failed, so it is tried at every sync (`OP-5`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RecycleTask {
    volume: Arc<PersistentVolume>,
    stage: RecycleStage,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum RecycleStage {
    Begin,
    /// The plugin was asked.
    Asked,
    /// A step of unbinding was written.
    Unbinding(Unbind),
    /// The phase `Failed` was written.
    Failed {
        message: Text,
    },
}

impl RecycleTask {
    pub(super) fn new(volume: &Arc<PersistentVolume>) -> Self {
        Self { volume: Arc::clone(volume), stage: RecycleStage::Begin }
    }

    /// What it has taken along.
    pub(crate) fn copies(&self) -> Copies<'_> {
        match &self.stage {
            RecycleStage::Begin => Copies::at(40).volume(&self.volume),
            RecycleStage::Asked => Copies::at(41).volume(&self.volume),
            RecycleStage::Unbinding(unbind) => unbind.copies().volume(&self.volume),
            RecycleStage::Failed { message } => Copies::at(42).volume(&self.volume).text(message),
        }
    }

    /// Whether nothing is left to write once the write has this result, whatever else there is.
    pub(crate) fn is_over(&self, resumed: &Resumed) -> bool {
        match &self.stage {
            RecycleStage::Failed { .. } => true,
            RecycleStage::Unbinding(unbind) => unbind.is_over(resumed),
            RecycleStage::Begin | RecycleStage::Asked => false,
        }
    }

    pub(crate) fn resume(self, resumed: Resumed, world: &World<'_>) -> Turn<Self> {
        let Self { volume, stage } = self;
        match stage {
            RecycleStage::Begin => Self::begin(&volume, world),
            RecycleStage::Asked => match resumed {
                Resumed::Answered(answer) => Self::answered(volume, &answer),
                _ => Turn::failed("a recycling was resumed without an answer"),
            },
            RecycleStage::Unbinding(unbind) => {
                let mut turn = unbind.resume(resumed).map(|unbind| Self::at(&volume, RecycleStage::Unbinding(unbind)));
                // RECYCLE-9: a failure is of no consequence, the volume is recycled once more.
                if let Next::End(end) = &mut turn.next {
                    *end = Ok(());
                }
                turn
            }
            RecycleStage::Failed { message } => {
                if resumed.volume().is_err() {
                    Turn::done()
                } else {
                    let event = Emission::on(&*volume, EventType::Warning, "VolumeFailedRecycle", message);
                    Turn::done().emitting(event)
                }
            }
        }
    }

    fn at(volume: &Arc<PersistentVolume>, stage: RecycleStage) -> Self {
        Self { volume: Arc::clone(volume), stage }
    }

    fn begin(started: &Arc<PersistentVolume>, world: &World<'_>) -> Turn<Self> {
        // RECYCLE-1, RECYCLE-2
        let Some(fresh) = world.live_volume(&started.metadata.name).filter(|fresh| is_released(fresh, world)) else {
            return Turn::done();
        };
        // RECYCLE-3, RECYCLE-4
        if let Some(reference) = fresh.spec.claim_ref.as_deref() {
            let key = ClaimKey::new(&reference.namespace, &reference.name);
            let pods = world.pods_of(&key, false);
            if !pods.is_empty() && world.cached_claim(&key).is_none() {
                let pods: Vec<String> = pods.iter().map(|pod| format!("{}/{pod}", key.namespace)).collect();
                let message = format!("Volume is used by pods: {}", pods.join(","));
                let event = Emission::on(&**started, EventType::Normal, "VolumeFailedRecycle", message);
                return Turn::done().emitting(event);
            }
        }
        match world.plugins.by_source(fresh, Ability::Recycle) {
            // RECYCLE-5
            Err(_) => Self::fail(fresh, "No recycler plugin found for the volume!".into(), "RECYCLE-5"),
            Ok(plugin) => {
                let (volume, then) = (Arc::clone(fresh), Self::at(fresh, RecycleStage::Asked));
                Turn::ask(Request::Reclaim { plugin, ability: Ability::Recycle, volume }, then)
            }
        }
    }

    fn answered(volume: Arc<PersistentVolume>, answer: &Answer) -> Turn<Self> {
        match answer {
            Answer::Succeeded => {
                // RECYCLE-8
                let event = Emission::on(&*volume, EventType::Normal, "VolumeRecycled", "Volume recycled");
                let unbinding = Unbind::start(&volume);
                unbinding.map(|unbind| Self { volume, stage: RecycleStage::Unbinding(unbind) }).emitting(event)
            }
            // RECYCLE-6
            Answer::Failed(message) | Answer::Refused(message) | Answer::InUse(message) => {
                Self::fail(&volume, format!("Recycle failed: {message}").into(), "RECYCLE-6")
            }
            Answer::Pending(_, answer) => Self::answered(volume, answer),
        }
    }

    /// Writes `Failed`, if it is not the phase already.
    fn fail(volume: &Arc<PersistentVolume>, message: Text, rule: &'static str) -> Turn<Self> {
        match volume_phase(volume, VolumePhase::Failed, message.clone()) {
            None => Turn::done(),
            Some(failed) => {
                let then = Self::at(volume, RecycleStage::Failed { message });
                Turn::write(Write::UpdateStatus(Object::PersistentVolume(failed)), rule, then)
            }
        }
    }
}
