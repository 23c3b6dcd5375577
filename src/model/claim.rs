//! `PersistentVolumeClaim`: a request for storage.
//!
//! Follows `k8s.io/api/core/v1`. An absent class, an empty one and a named one are three different things
//! (`HELP-1`, `HELP-2`).

use crate::model::access_modes::AccessModes;
use crate::model::fields::{api_enum, api_struct};
use crate::model::inner::reach;
use crate::model::kind::type_meta;
use crate::model::list::{List, Map, ResourceList, StringMap};
use crate::model::metadata::ObjectMeta;
use crate::model::names::{BETA_STORAGE_CLASS, STORAGE};
use crate::model::quantity::Quantity;
use crate::model::rare::{Rare, blank};
use crate::model::reference::{ClaimKey, ObjectReference, TypedLocalObjectReference, TypedObjectReference};
use crate::model::selector::LabelSelector;
use crate::model::shared::Shared;
use crate::model::text::Text;
use crate::model::time::Timestamp;
use crate::model::volume::VolumeMode;

api_enum! {
    /// Where a claim is in its life.
    #[derive(Default)]
    pub enum ClaimPhase {
        /// Not bound.
        #[default]
        Pending = "Pending",
        /// Bound to a volume.
        Bound = "Bound",
        /// Was bound, and its volume is gone or belongs to another claim.
        Lost = "Lost",
    }
    other: /** A text that is no phase; it can only have been restored. */ Other
}

type_meta!(
    /// Marks an object as a `PersistentVolumeClaim`.
    PersistentVolumeClaimType = "v1", "PersistentVolumeClaim"
);

api_struct! {
    /// How much of each resource is asked for.
    pub struct VolumeResourceRequirements {
        /// Upper bounds; of no consequence for binding (`MATCH-13`).
        limits: ResourceList = "limits";
        /// What is asked for.
        requests: ResourceList = "requests";
    }
}

api_struct! {
    /// What most claims leave open.
    pub struct RareRequest {
        /// Labels that the volume must have.
        selector: Option<Shared<LabelSelector>> = "selector";
        /// What the volume is filled from.
        data_source: Option<Shared<TypedLocalObjectReference>> = "dataSource";
        /// What the volume is filled from, the newer form.
        data_source_ref: Option<Shared<TypedObjectReference>> = "dataSourceRef";
        /// The attributes class.
        volume_attributes_class_name: Option<Text> = "volumeAttributesClassName";
    }
}

api_struct! {
    /// What a claim asks for, whatever volume it gets. The fields of [`RareRequest`] are reached as if they were its own.
    pub struct ClaimRequest {
        /// The ways in which the volume must be mountable.
        access_modes: AccessModes = "accessModes";
        /// How much storage.
        resources: VolumeResourceRequirements = "resources";
        /// The class; absent and empty differ.
        storage_class_name: Option<Text> = "storageClassName";
        /// File system or block device.
        volume_mode: VolumeMode = "volumeMode";
    }
    group {
        /// What most claims leave open.
        rare: Rare<RareRequest>;
    }
}

api_struct! {
    /// What a claim asks for, and what it got. What it asks for is read and changed as if its fields stood here; all
    /// versions of a claim share it.
    pub struct PersistentVolumeClaimSpec {
        /// The volume that it is bound to, or wants; empty for any.
        volume_name: Text = "volumeName";
    }
    group {
        /// What it asks for.
        request: Shared<ClaimRequest>;
    }
}

impl PersistentVolumeClaimSpec {
    /// Whether both are the same, to which a quick look is enough where nothing changed.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.volume_name == other.volume_name && self.request.same(&other.request) && self.unknown == other.unknown
    }
}

impl From<ClaimRequest> for PersistentVolumeClaimSpec {
    fn from(request: ClaimRequest) -> Self {
        Self { request: request.into(), ..Self::default() }
    }
}

api_struct! {
    /// A condition of a claim, such as a resize under way.
    pub struct ClaimCondition {
        /// Which condition.
        r#type: Text = "type" always;
        /// `True`, `False` or `Unknown`.
        status: Text = "status" always;
        /// When it was last looked at.
        last_probe_time: Option<Timestamp> = "lastProbeTime" always;
        /// When it last changed.
        last_transition_time: Option<Timestamp> = "lastTransitionTime" always;
        /// Why, in one word.
        reason: Text = "reason";
        /// Why, in a sentence.
        message: Text = "message";
    }
}

api_struct! {
    /// A change of the attributes class under way.
    pub struct ModifyVolumeStatus {
        /// The class that it changes to.
        target_volume_attributes_class_name: Text = "targetVolumeAttributesClassName";
        /// How far it is.
        status: Text = "status" always;
    }
}

api_struct! {
    /// The parts of a claim's status that it has only while it is resized or modified, or with an attributes class.
    pub struct ClaimProgress {
        /// The attributes class that the volume has (`STATUS-6`).
        current_volume_attributes_class_name: Option<Text> = "currentVolumeAttributesClassName";
        /// Conditions.
        conditions: List<ClaimCondition> = "conditions";
        /// Sizes that were allocated while a resize is under way.
        allocated_resources: ResourceList = "allocatedResources";
        /// How far a resize is, by resource.
        allocated_resource_statuses: StringMap = "allocatedResourceStatuses";
        /// A change of the attributes class under way.
        modify_volume_status: Option<ModifyVolumeStatus> = "modifyVolumeStatus";
    }
}

blank!(ClaimProgress, RareRequest);
reach! {
    ClaimRequest => rare: RareRequest;
    PersistentVolumeClaimSpec => request: ClaimRequest;
    PersistentVolumeClaimStatus => progress: ClaimProgress;
}

api_struct! {
    /// What the controller says of a claim. The fields of [`ClaimProgress`] are reached as if they were its own.
    pub struct PersistentVolumeClaimStatus {
        /// Where it is in its life.
        phase: ClaimPhase = "phase";
        /// The access modes of the volume, all of them (`STATUS-3`).
        access_modes: AccessModes = "accessModes";
        /// The capacity of the volume (`STATUS-4`).
        capacity: Map<Quantity> = "capacity";
    }
    group {
        /// What most claims do not have.
        progress: Rare<ClaimProgress>;
    }
}

api_struct! {
    /// A request for storage.
    ///
    /// ```
    /// use bindery::{AccessMode, PersistentVolumeClaim};
    ///
    /// let claim = PersistentVolumeClaim::new("shop", "data", "5Gi".parse()?, [AccessMode::ReadWriteOnce]);
    /// assert_eq!(claim.class_name(), "");
    /// assert!(!claim.has_class());
    /// # Ok::<(), bindery::QuantityError>(())
    /// ```
    pub struct PersistentVolumeClaim {
        /// Name, namespace, labels, annotations.
        metadata: ObjectMeta = "metadata";
        /// What it asks for.
        spec: PersistentVolumeClaimSpec = "spec";
        /// What the controller says.
        status: PersistentVolumeClaimStatus = "status";
    }
    group {
        /// Its kind.
        type_meta: PersistentVolumeClaimType;
    }
}

impl PersistentVolumeClaim {
    /// A claim in file system mode without class and selector.
    pub fn new(
        namespace: impl Into<Text>,
        name: impl Into<Text>,
        request: Quantity,
        modes: impl Into<AccessModes>,
    ) -> Self {
        let mut metadata = ObjectMeta::named(name);
        metadata.namespace = namespace.into();
        let resources =
            VolumeResourceRequirements { requests: ResourceList::from([(STORAGE, request)]), ..Default::default() };
        let request = ClaimRequest { access_modes: modes.into(), resources, ..ClaimRequest::default() };
        Self { metadata, spec: request.into(), ..Self::default() }
    }

    /// The same claim with a class; an empty text asks for a volume without class.
    #[must_use]
    pub fn with_class(mut self, class: impl Into<Text>) -> Self {
        self.spec.storage_class_name = Some(class.into());
        self
    }

    /// The same claim with a selector.
    #[must_use]
    pub fn with_selector(mut self, selector: LabelSelector) -> Self {
        self.spec.selector = Some(selector.into());
        self
    }

    /// The same claim asking for one volume by name.
    #[must_use]
    pub fn with_volume(mut self, volume: impl Into<Text>) -> Self {
        self.spec.volume_name = volume.into();
        self
    }

    /// Namespace and name.
    pub fn key(&self) -> ClaimKey {
        ClaimKey::new(&self.metadata.namespace, &self.metadata.name)
    }

    /// The name of its class: the beta annotation if the key exists, else the field, else empty (`HELP-1`).
    pub fn class_name(&self) -> &str {
        match self.metadata.annotations.get(BETA_STORAGE_CLASS) {
            Some(class) => class,
            None => self.spec.storage_class_name.as_deref().unwrap_or_default(),
        }
    }

    /// Whether it says anything about its class, be it that it wants none (`HELP-2`).
    pub fn has_class(&self) -> bool {
        self.spec.storage_class_name.is_some() || self.metadata.annotations.contains_key(BETA_STORAGE_CLASS)
    }

    /// The name of its attributes class, empty for none (`HELP-8`).
    pub fn attributes_class(&self) -> &str {
        self.spec.volume_attributes_class_name.as_deref().unwrap_or_default()
    }

    /// How much storage it asks for; zero where it says nothing.
    pub fn request(&self) -> Quantity {
        self.spec.resources.requests.get(STORAGE).cloned().unwrap_or_default()
    }

    /// Whether a volume's reference means this claim: namespace and name agree, and the uid is empty or agrees
    /// (`HELP-4`).
    pub fn is_designated_by(&self, reference: &ObjectReference) -> bool {
        reference.name == self.metadata.name
            && reference.namespace == self.metadata.namespace
            && (reference.uid.is_empty() || reference.uid == self.metadata.uid)
    }
}
