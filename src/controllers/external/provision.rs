//! Making volumes for claims from outside (`NEIGH-6`).

use std::sync::Arc;
use std::time::Duration;

use crate::api::ApiError;
use crate::backend::{Driver, Failure, FailureKind, INTERVAL, NewVolume, Sidecar, TRIES};
use crate::controllers::binding::reference_to;
use crate::controllers::external::{Remark, class_of};
use crate::controllers::turn::{Caching, Emission, EventType, Request, Resumed, Turn, World};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::StorageClass;
use crate::model::field_error::go_quote;
use crate::model::kind::Object;
use crate::model::list::{List, ResourceList, StringMap};
use crate::model::metadata::ObjectMeta;
use crate::model::names::{EXTERNAL_PROVISIONER_FINALIZER, PROVISIONED_BY, SELECTED_NODE, STORAGE};
use crate::model::node_selector::{
    NodeSelector, NodeSelectorOperator, NodeSelectorRequirement, NodeSelectorTerm, VolumeNodeAffinity,
};
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, RareOffer, ReclaimPolicy, VolumeMode, VolumeOffer};
use crate::store::Write;

/// The pause before an unsaved volume is tried again, doubled each time: client-go's usual one.
const FIRST_SAVING_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_SAVING_PAUSE: Duration = Duration::from_secs(1000);

/// The making of a volume for a claim by an external provisioner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ExternalProvision {
    driver: Text,
    sidecar: Sidecar,
    claim: Arc<PersistentVolumeClaim>,
    stage: Stage,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Begin,
    /// The driver was asked for storage.
    Asked {
        class: Arc<StorageClass>,
    },
    /// The selected node was taken back (`SCHED-45`).
    Rescheduled {
        message: Text,
    },
    /// The volume was created, or was not.
    Saved {
        volume: Arc<PersistentVolume>,
        tries: u32,
    },
    /// The next try to create it is due.
    Resting {
        volume: Arc<PersistentVolume>,
        tries: u32,
    },
    /// It could not be created; the driver was asked to delete its storage.
    Cleaning {
        volume: Arc<PersistentVolume>,
        tries: u32,
        error: Text,
    },
    /// The next try to clean up is due.
    RestingFromCleaning {
        volume: Arc<PersistentVolume>,
        tries: u32,
        error: Text,
    },
}

impl ExternalProvision {
    pub(crate) fn new(driver: &Text, sidecar: Sidecar, claim: &Arc<PersistentVolumeClaim>) -> Self {
        Self { driver: driver.clone(), sidecar, claim: Arc::clone(claim), stage: Stage::Begin }
    }

    pub(crate) fn resume(self, resumed: Resumed, world: &World<'_>) -> Turn<Self> {
        match self.stage.clone() {
            Stage::Begin => self.begin(world),
            Stage::Asked { class } => match resumed {
                Resumed::Made(made) => match *made {
                    Ok(made) => self.made(made, &class),
                    Err(failure) => self.fail(&failure, &class),
                },
                _ => Turn::failed("a provisioning was resumed without an answer"),
            },
            Stage::Rescheduled { message } => match resumed {
                // It is up to the scheduler now.
                Resumed::Written(Ok(_)) => Turn::done(),
                _ => Turn::failed(message.as_str()),
            },
            Stage::Saved { volume, tries } => self.saved(resumed, volume, tries, world),
            Stage::Resting { volume, tries } => self.save(volume, tries + 1),
            Stage::Cleaning { volume, tries, error } => match resumed {
                Resumed::Removed(Ok(())) => Turn::failed(error.as_str()),
                Resumed::Removed(Err(failure)) => self.not_cleaned(&failure, volume, tries, error),
                _ => Turn::failed("a clean-up was resumed without an answer"),
            },
            Stage::RestingFromCleaning { volume, tries, error } => self.clean(volume, tries + 1, error),
        }
    }

    fn begin(mut self, world: &World<'_>) -> Turn<Self> {
        let name = self.volume_name();
        if world.live_volume(&name).is_some() {
            return Turn::done();
        }
        if !world.settings.self_links && world.drivers.get(&self.driver).is_some_and(Driver::needs_self_link) {
            // Such a release notes this and leaves the claim alone. It cannot emit an event either, because an event
            // refers to its object in the same way.
            let cause = "unexpected error getting claim reference: selfLink was empty, can't make reference";
            return Turn::done().logging(&*self.claim, self.line(cause));
        }
        if self.claim.spec.volume_mode == VolumeMode::Block && !self.sidecar.block {
            let event = self.failed(format!("{} does not support block volume provisioning", self.driver));
            return Turn::done().emitting(event);
        }
        let class = match class_of(&self.claim, world) {
            Ok(class) => Arc::clone(class),
            Err(error) => {
                let line = self.line(&format!("error getting claim's StorageClass's fields: {error}"));
                return Turn::failed(error.as_str()).logging(&*self.claim, line);
            }
        };
        if world.drivers.known(&class.provisioner) != Some(&self.driver) {
            let cause = format!("unknown provisioner {:?} requested in claim's StorageClass", class.provisioner);
            return Turn::done().logging(&*self.claim, self.line(&cause));
        }
        if let Some(node) = self.claim.metadata.annotations.get(SELECTED_NODE)
            && self.sidecar.early_release
            && world.store.nodes.named(node).is_none()
        {
            let message = format!("failed to get target node: nodes {} not found", go_quote(node));
            return Turn::failed(message.clone()).emitting(self.failed(message));
        }
        let message = format!("External provisioner is provisioning volume for claim \"{}\"", self.claim.key());
        let event = Emission::on(&*self.claim, EventType::Normal, "Provisioning", message);
        let (driver, claim) = (self.driver.clone(), Arc::clone(&self.claim));
        self.stage = Stage::Asked { class: Arc::clone(&class) };
        Turn::ask(Request::Make { driver, name, claim, class }, self).emitting(event)
    }

    fn volume_name(&self) -> Text {
        format!("pvc-{}", self.claim.metadata.uid).into()
    }

    /// A line as the library writes it into its log.
    fn line(&self, cause: &str) -> String {
        format!("provision \"{}\" class \"{}\": {cause}", self.claim.key(), self.claim.class_name())
    }

    fn failed(&self, message: impl Into<Text>) -> Emission {
        Emission::on(&*self.claim, EventType::Warning, "ProvisioningFailed", message)
    }

    fn fail(mut self, failure: &Failure, class: &StorageClass) -> Turn<Self> {
        let message = if self.sidecar.early_release {
            let class = &class.metadata.name;
            Text::from(format!("failed to provision volume with StorageClass {class:?}: {}", failure.message))
        } else {
            failure.message.clone()
        };
        match failure.kind {
            FailureKind::Ignored if failure.message.is_empty() => Turn::done(),
            FailureKind::Ignored => {
                let message = failure.message.clone();
                Turn::done().emitting(Emission::on(&*self.claim, EventType::Normal, "Provisioning", message))
            }
            FailureKind::Infeasible if !self.sidecar.early_release => {
                let what = "Volume provisioning failed with infeasible error. Retries will be delayed.";
                let event = self.failed(format!("{what} {message}"));
                Turn::failed(message.as_str()).emitting(event).remarking(Remark::Infeasible)
            }
            FailureKind::Reschedule if self.claim.metadata.annotations.contains_key(SELECTED_NODE) => {
                let event = self.failed(message.clone());
                let mut claim = (*self.claim).clone();
                claim.metadata.annotations = claim.metadata.annotations.without(SELECTED_NODE);
                self.stage = Stage::Rescheduled { message };
                let write = Write::Update(Object::PersistentVolumeClaim(Arc::new(claim)));
                Turn::write(write, "SCHED-45", self).caching(Caching::Nothing).emitting(event)
            }
            FailureKind::Background => {
                let event = self.failed(message.clone());
                Turn::failed(message.as_str()).emitting(event).remarking(Remark::Background)
            }
            FailureKind::Retry | FailureKind::Infeasible | FailureKind::Reschedule => {
                let event = self.failed(message.clone());
                Turn::failed(message.as_str()).emitting(event)
            }
        }
    }

    /// The driver has made storage; the volume is created for it.
    fn made(self, made: NewVolume, class: &StorageClass) -> Turn<Self> {
        let claim = &self.claim;
        let mut metadata = ObjectMeta::named(self.volume_name());
        metadata.annotations = made.annotations.with(PROVISIONED_BY, class.provisioner.clone());
        if self.sidecar.finalizer {
            metadata.finalizers = List::from([Text::from(EXTERNAL_PROVISIONER_FINALIZER)]);
        }
        let attributes_class = claim.spec.volume_attributes_class_name.clone().filter(|name| !name.is_empty());
        let rare = RareOffer {
            mount_options: class.mount_options.clone(),
            volume_attributes_class_name: attributes_class.filter(|_| made.as_claimed),
            ..RareOffer::default()
        };
        let offer = VolumeOffer {
            capacity: ResourceList::from([(STORAGE, made.capacity)]),
            access_modes: claim.spec.access_modes.clone(),
            persistent_volume_reclaim_policy: class.reclaim_policy.clone().unwrap_or(ReclaimPolicy::Delete),
            storage_class_name: claim.class_name().into(),
            volume_mode: if made.as_claimed { claim.spec.volume_mode.clone() } else { VolumeMode::Filesystem },
            node_affinity: affinity(&made.topologies).map(Into::into),
            sources: made.source.into(),
            rare: rare.into(),
            ..VolumeOffer::default()
        };
        let mut volume = PersistentVolume { metadata, spec: offer.into(), ..PersistentVolume::default() };
        volume.spec.claim_ref = Some(reference_to(claim).into());
        self.save(Arc::new(volume), 1)
    }

    fn save(mut self, volume: Arc<PersistentVolume>, tries: u32) -> Turn<Self> {
        let write = Write::Create(Object::PersistentVolume(Arc::clone(&volume)));
        self.stage = Stage::Saved { volume, tries };
        Turn::write(write, "NEIGH-6", self).caching(Caching::Nothing)
    }

    fn saved(mut self, resumed: Resumed, volume: Arc<PersistentVolume>, tries: u32, world: &World<'_>) -> Turn<Self> {
        let error = match resumed {
            Resumed::Written(Err(error)) if !error.is_already_exists() => error,
            _ => return self.succeeded(&volume, world),
        };
        if !self.sidecar.saves_forever && tries == TRIES {
            return self.give_up(volume, &error);
        }
        let duration = match (self.sidecar.saves_forever, tries) {
            (false, _) => INTERVAL,
            (true, 1) => Duration::ZERO,
            (true, tries) => {
                FIRST_SAVING_PAUSE.saturating_mul(2u32.saturating_pow(tries - 2)).min(LONGEST_SAVING_PAUSE)
            }
        };
        self.stage = Stage::Resting { volume, tries };
        Turn::ask(Request::Sleep(duration), self)
    }

    fn succeeded(self, volume: &PersistentVolume, world: &World<'_>) -> Turn<Self> {
        let claim = world.live_claim(&self.claim.key());
        let there = claim.is_some_and(|claim| claim.metadata.uid == self.claim.metadata.uid);
        if self.sidecar.saves_forever && !there {
            return Turn::done();
        }
        let message = format!("Successfully provisioned volume {}", volume.metadata.name);
        Turn::done().emitting(Emission::on(&*self.claim, EventType::Normal, "ProvisioningSucceeded", message))
    }

    fn give_up(self, volume: Arc<PersistentVolume>, error: &ApiError) -> Turn<Self> {
        let key = self.claim.key();
        let message = format!("Error creating provisioned PV object for claim {key}: {error}. Deleting the volume.");
        let event = self.failed(message);
        self.clean(volume, 1, error.to_string().into()).emitting(event)
    }

    fn clean(mut self, volume: Arc<PersistentVolume>, tries: u32, error: Text) -> Turn<Self> {
        let driver = self.driver.clone();
        self.stage = Stage::Cleaning { volume: Arc::clone(&volume), tries, error };
        Turn::ask(Request::Remove { driver, volume }, self)
    }

    fn not_cleaned(mut self, failure: &Failure, volume: Arc<PersistentVolume>, tries: u32, error: Text) -> Turn<Self> {
        if tries < TRIES {
            self.stage = Stage::RestingFromCleaning { volume, tries, error };
            return Turn::ask(Request::Sleep(INTERVAL), self);
        }
        let (key, cause) = (self.claim.key(), &failure.message);
        let text = format!("Error cleaning provisioned volume for claim {key}: {cause}. Please delete manually.");
        let event = Emission::on(&*self.claim, EventType::Warning, "ProvisioningCleanupFailed", text);
        Turn::failed(error.as_str()).emitting(event)
    }
}

/// The node affinity of a volume that can be reached from these topologies.
fn affinity(topologies: &[StringMap]) -> Option<VolumeNodeAffinity> {
    if topologies.is_empty() {
        return None;
    }
    let requirement = |(key, value): (&Text, &Text)| NodeSelectorRequirement {
        key: key.clone(),
        operator: NodeSelectorOperator::In,
        values: List::from([value.clone()]),
        ..NodeSelectorRequirement::default()
    };
    let terms = topologies.iter().filter(|labels| !labels.is_empty()).map(|labels| NodeSelectorTerm {
        match_expressions: labels.iter().map(requirement).collect(),
        ..NodeSelectorTerm::default()
    });
    let selector = NodeSelector { node_selector_terms: terms.collect(), ..NodeSelector::default() };
    Some(VolumeNodeAffinity { required: Some(selector.into()), ..VolumeNodeAffinity::default() })
}
