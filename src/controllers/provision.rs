//! Making volumes for claims (`PROV-*`): the choice of who does it, and the operation.

use std::sync::Arc;
use std::time::Duration;

use crate::api::ApiError;
use crate::backend::{Ability, Answer};
use crate::controllers::binding::reference_to;
use crate::controllers::copies::Copies;
use crate::controllers::migration::annotate_claim;
use crate::controllers::reclaim::{call_deleter, deleter_error, own_deleter, unprotected};
use crate::controllers::turn::{
    Caching, Emission, EventType, Operation, OperationKind, OperationTask, Request, Resumed, Turn, World,
};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::StorageClass;
use crate::model::field_error::go_quote;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::list::List;
use crate::model::names::{
    BETA_STORAGE_PROVISIONER, BOUND_BY_CONTROLLER, IN_TREE_PREFIX, PROVISIONED_BY, PV_CONTROLLER_FINALIZER,
    SELECTED_NODE, STORAGE_PROVISIONER, migrated_driver,
};
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, ReclaimPolicy, VolumePhase};
use crate::store::Write;

/// How often saving a provisioned volume, or cleaning it up, is tried (`PROV-20`).
const TRIES: u32 = 5;
/// The time between two tries.
const INTERVAL: Duration = Duration::from_secs(10);

/// Starts provisioning for a claim without a volume, or says why not (`PROV-1` to `PROV-7`).
pub(super) fn start<S>(claim: &Arc<PersistentVolumeClaim>, world: &World<'_>) -> Turn<S> {
    if !world.settings.dynamic_provisioning {
        return Turn::done();
    }
    let name = claim.class_name();
    let Some(class) = world.class(name) else {
        // A watch cache names the resource in the singular.
        let message = format!("storageclass.storage.k8s.io {} not found", go_quote(name));
        return Turn::done().emitting(provisioning_failed(claim, message));
    };
    let provisioner = &class.provisioner;
    let plugin = if migrated_driver(provisioner).is_some() {
        None
    } else {
        match world.plugins.by_name(provisioner, Ability::Provision) {
            Ok(plugin) => Some(plugin),
            Err(_) if !provisioner.starts_with(IN_TREE_PREFIX) => None,
            Err(error) => return Turn::done().emitting(provisioning_failed(claim, error.0)),
        }
    };
    let task = ProvisionTask { claim: Arc::clone(claim), class: Arc::clone(class), plugin, stage: Stage::Begin };
    Turn::done().starting(Operation {
        kind: OperationKind::Provision,
        object: ObjectKey { kind: Kind::PersistentVolumeClaim, key: claim.key() },
        uid: claim.metadata.uid.clone(),
        task: OperationTask::Provision(task),
    })
}

fn provisioning_failed(claim: &PersistentVolumeClaim, message: impl Into<Text>) -> Emission {
    Emission::on(claim, EventType::Warning, "ProvisioningFailed", message)
}

/// The making of a volume for a claim, by a plugin or by asking an external provisioner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ProvisionTask {
    claim: Arc<PersistentVolumeClaim>,
    class: Arc<StorageClass>,
    /// The plugin; none where the provisioner is external.
    plugin: Option<usize>,
    stage: Stage,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Begin,
    /// The provisioner was written on the claim (`PROV-9`, `PROV-12`).
    Annotated,
    /// The plugin was asked.
    Asked,
    /// The selected node was taken back (`PROV-21`).
    Rescheduled {
        message: Text,
    },
    /// The volume was created, or was not (`PROV-20`).
    Saved {
        volume: Arc<PersistentVolume>,
        tries: u32,
    },
    /// It rests from a try to create the volume, also from the last one.
    Resting {
        volume: Arc<PersistentVolume>,
        tries: u32,
        error: Text,
    },
    /// The volume could not be created; its storage is deleted again.
    Cleaning {
        volume: Arc<PersistentVolume>,
        tries: u32,
    },
    /// The finalizer of the volume was removed while cleaning.
    Unprotecting,
    /// It rests from a try to clean up, also from the last one.
    RestingFromCleaning {
        volume: Arc<PersistentVolume>,
        tries: u32,
        error: Text,
    },
}

impl ProvisionTask {
    /// What it has taken along.
    pub(crate) fn copies(&self) -> Copies<'_> {
        let copies = |stage| Copies::at(stage).claim(&self.claim);
        let tried = |stage, tries: u32| copies(stage + u8::try_from(tries.min(9)).unwrap_or(9));
        match &self.stage {
            Stage::Begin => copies(50),
            Stage::Annotated => copies(51),
            Stage::Asked => copies(52),
            Stage::Rescheduled { message } => copies(53).text(message),
            Stage::Saved { volume, tries } => tried(60, *tries).volume(volume),
            Stage::Resting { volume, tries, error } => tried(70, *tries).volume(volume).text(error),
            Stage::Cleaning { volume, tries } => tried(80, *tries).volume(volume),
            Stage::Unprotecting => copies(54),
            Stage::RestingFromCleaning { volume, tries, error } => tried(90, *tries).volume(volume).text(error),
        }
    }

    pub(crate) fn resume(self, resumed: Resumed, world: &World<'_>) -> Turn<Self> {
        match self.stage.clone() {
            Stage::Begin => self.begin(world),
            Stage::Annotated => self.annotated(resumed, world),
            Stage::Asked => match resumed {
                Resumed::Provisioned(answer, volume) => self.answered(&answer, *volume),
                _ => Turn::failed("a provisioning was resumed without an answer"),
            },
            // PROV-21: whether the node could be taken back does not matter.
            Stage::Rescheduled { message } => self.plugin_failed(&message),
            Stage::Saved { volume, tries } => self.saved(resumed, volume, tries),
            Stage::Resting { volume, tries, .. } if tries < TRIES => self.save(volume, tries + 1),
            Stage::Resting { volume, error, .. } => self.unsaved(&volume, &error, world),
            Stage::Cleaning { volume, tries } => match resumed {
                Resumed::Answered(answer) => self.cleaned(&answer, volume, tries, world),
                _ => Turn::failed("a clean-up was resumed without an answer"),
            },
            Stage::Unprotecting => Turn::done(),
            Stage::RestingFromCleaning { volume, tries, .. } if tries < TRIES => self.clean(&volume, tries + 1, world),
            Stage::RestingFromCleaning { error, .. } => self.cleanup_failed(&error),
        }
    }

    /// The name that the provisioner is known by on the claim (`PROV-8`).
    fn provisioner(&self) -> Text {
        match self.plugin {
            Some(_) => self.class.provisioner.clone(),
            None => migrated_driver(&self.class.provisioner).map_or_else(|| self.class.provisioner.clone(), Text::from),
        }
    }

    fn begin(mut self, world: &World<'_>) -> Turn<Self> {
        if let Some(plugin) = self.plugin
            && self.claim.spec.data_source.is_some()
        {
            // PROV-11
            let name = world.plugins.name(plugin);
            let message =
                format!("plugin {name:?} is not a CSI plugin. Only CSI plugin can provision a claim with a datasource");
            return Turn::failed(message.clone()).emitting(provisioning_failed(&self.claim, message));
        }
        let provisioner = self.provisioner();
        if self.claim.metadata.annotations.get(STORAGE_PROVISIONER) == Some(&provisioner) {
            return self.go_on(world);
        }
        let mut claim = (*self.claim).clone();
        let annotations = claim.metadata.annotations.with(BETA_STORAGE_PROVISIONER, provisioner.clone());
        claim.metadata.annotations = annotations.with(STORAGE_PROVISIONER, provisioner);
        let claim = Arc::new(claim);
        let claim = annotate_claim(&claim).unwrap_or(claim);
        let rule = if self.plugin.is_some() { "PROV-12" } else { "PROV-9" };
        self.stage = Stage::Annotated;
        Turn::write(Write::Update(Object::PersistentVolumeClaim(claim)), rule, self)
    }

    fn annotated(mut self, resumed: Resumed, world: &World<'_>) -> Turn<Self> {
        match resumed.claim() {
            Ok(claim) => {
                self.claim = claim;
                self.go_on(world)
            }
            Err(error) if self.plugin.is_some() => Turn::failed(error.message),
            Err(error) => {
                let event = provisioning_failed(&self.claim, format!("Error saving claim: {}", error.message));
                Turn::failed(error.message).emitting(event)
            }
        }
    }

    /// The claim carries the provisioner's name.
    fn go_on(self, world: &World<'_>) -> Turn<Self> {
        let Some(plugin) = self.plugin else {
            // PROV-10
            let message = format!(
                "Waiting for a volume to be created either by the external provisioner '{}' or manually by the system \
                 administrator. If volume creation is delayed, please verify that the provisioner is running and \
                 correctly registered.",
                self.provisioner()
            );
            let event = Emission::on(&*self.claim, EventType::Normal, "ExternalProvisioning", message);
            return Turn::done().emitting(event);
        };
        // PROV-13
        if world.live_volume(&volume_name(&self.claim)).is_some() {
            return Turn::done();
        }
        // PROV-14
        let options = &self.class.mount_options;
        if !options.is_empty() && !world.plugins.supports_mount_options(plugin) {
            let (class, options) = (&self.class.metadata.name, options.iter().map(AsRef::as_ref).collect::<Vec<_>>());
            let message = format!(
                "Mount options are not supported by the provisioner but StorageClass {class:?} has mount options [{}]",
                options.join(" ")
            );
            let error = format!("provisioner {:?} doesn't support mount options", world.plugins.name(plugin));
            return Turn::failed(error).emitting(provisioning_failed(&self.claim, message));
        }
        self.ask(plugin, world)
    }

    fn ask(mut self, plugin: usize, world: &World<'_>) -> Turn<Self> {
        // PROV-16 comes after PROV-15: a provisioner that cannot be made does not get to know the node.
        if let Some(node) = self.claim.metadata.annotations.get(SELECTED_NODE)
            && !world.plugins.refuses_to_provision(plugin, &self.class)
            && world.store.nodes.named(node).is_none()
        {
            let message = format!("Failed to get target node: node {} not found", go_quote(node));
            let event = provisioning_failed(&self.claim, message.clone());
            return Turn::failed(message).emitting(event);
        }
        self.stage = Stage::Asked;
        let (claim, class) = (Arc::clone(&self.claim), Arc::clone(&self.class));
        Turn::ask(Request::Provision { plugin, claim, class }, self)
    }

    fn answered(mut self, answer: &Answer, mut volume: PersistentVolume) -> Turn<Self> {
        match answer {
            Answer::Pending(_, answer) => return self.answered(answer, volume),
            Answer::Refused(message) => {
                // PROV-15
                let event = provisioning_failed(&self.claim, format!("Failed to create provisioner: {message}"));
                return Turn::failed(message.as_str()).emitting(event);
            }
            Answer::Failed(message) | Answer::InUse(message) => {
                if !self.claim.metadata.annotations.contains_key(SELECTED_NODE) {
                    return self.plugin_failed(message);
                }
                // PROV-21
                let mut claim = (*self.claim).clone();
                claim.metadata.annotations = claim.metadata.annotations.without(SELECTED_NODE);
                self.stage = Stage::Rescheduled { message: message.clone() };
                let write = Write::Update(Object::PersistentVolumeClaim(Arc::new(claim)));
                return Turn::write(write, "PROV-21", self).caching(Caching::Sent);
            }
            Answer::Succeeded => {}
        }
        // PROV-19
        if volume.metadata.name.is_empty() {
            volume.metadata.name = volume_name(&self.claim);
        }
        volume.spec.claim_ref = Some(reference_to(&self.claim).into());
        volume.status.phase = VolumePhase::Bound;
        volume.spec.storage_class_name = Text::from(self.claim.class_name());
        let annotations = volume.metadata.annotations.with(BOUND_BY_CONTROLLER, "yes");
        volume.metadata.annotations = annotations.with(PROVISIONED_BY, self.class.provisioner.clone());
        if volume.spec.persistent_volume_reclaim_policy == ReclaimPolicy::Delete {
            volume.metadata.finalizers = List::from([Text::from(PV_CONTROLLER_FINALIZER)]);
        }
        self.save(Arc::new(volume), 1)
    }

    /// The plugin could not make a volume (`PROV-18`).
    fn plugin_failed(self, message: &Text) -> Turn<Self> {
        let class = &self.class.metadata.name;
        let text = format!("Failed to provision volume with StorageClass {class:?}: {message}");
        let event = provisioning_failed(&self.claim, text);
        Turn::failed(message.as_str()).emitting(event)
    }

    fn save(mut self, volume: Arc<PersistentVolume>, tries: u32) -> Turn<Self> {
        let write = Write::Create(Object::PersistentVolume(Arc::clone(&volume)));
        self.stage = Stage::Saved { volume, tries };
        Turn::write(write, "PROV-20", self)
    }

    fn saved(mut self, resumed: Resumed, volume: Arc<PersistentVolume>, tries: u32) -> Turn<Self> {
        let error = match resumed {
            Resumed::Written(Err(error)) if !error.is_already_exists() => error,
            _ => {
                let (name, plugin) = (&volume.metadata.name, &self.class.provisioner);
                let message = format!("Successfully provisioned volume {name} using {plugin}");
                let event = Emission::on(&*self.claim, EventType::Normal, "ProvisioningSucceeded", message);
                return Turn::done().emitting(event);
            }
        };
        self.stage = Stage::Resting { volume, tries, error: error.to_string().into() };
        Turn::ask(Request::Sleep(INTERVAL), self)
    }

    fn unsaved(self, volume: &Arc<PersistentVolume>, error: &str, world: &World<'_>) -> Turn<Self> {
        let key = self.claim.key();
        let message = format!("Error creating provisioned PV object for claim {key}: {error}. Deleting the volume.");
        let event = provisioning_failed(&self.claim, message);
        self.clean(volume, 1, world).emitting(event)
    }

    fn clean(mut self, volume: &Arc<PersistentVolume>, tries: u32, world: &World<'_>) -> Turn<Self> {
        match own_deleter(volume, world) {
            Err(message) => self.cleanup_failed(&message),
            Ok(None) => Turn::done(),
            Ok(Some(plugin)) => {
                self.stage = Stage::Cleaning { volume: Arc::clone(volume), tries };
                call_deleter(volume, plugin, self)
            }
        }
    }

    fn cleaned(mut self, answer: &Answer, volume: Arc<PersistentVolume>, tries: u32, world: &World<'_>) -> Turn<Self> {
        let name = &volume.metadata.name;
        let error = deleter_error(&volume, answer).or_else(|| {
            // The finalizer is looked for on an object that was never created.
            let missing = || ApiError::NotFound { kind: Kind::PersistentVolume, name: name.clone() };
            world.live_volume(name).is_none().then(|| missing().to_string().into())
        });
        match error {
            None => match world.live_volume(name).and_then(unprotected) {
                None => Turn::done(),
                Some(volume) => {
                    self.stage = Stage::Unprotecting;
                    let write = Write::Update(Object::PersistentVolume(volume));
                    Turn::write(write, "DELETE-9", self).caching(Caching::Sent)
                }
            },
            Some(error) => {
                self.stage = Stage::RestingFromCleaning { volume, tries, error };
                Turn::ask(Request::Sleep(INTERVAL), self)
            }
        }
    }

    fn cleanup_failed(self, message: &str) -> Turn<Self> {
        let key = self.claim.key();
        let text = format!("Error cleaning provisioned volume for claim {key}: {message}. Please delete manually.");
        Turn::done().emitting(Emission::on(&*self.claim, EventType::Warning, "ProvisioningCleanupFailed", text))
    }
}

/// The name of the volume that is made for a claim (`PROV-13`).
pub(crate) fn volume_name(claim: &PersistentVolumeClaim) -> Text {
    Text::from(format!("pvc-{}", claim.metadata.uid))
}
