//! `PersistentVolume`: a piece of storage, as the cluster knows it.
//!
//! Follows `k8s.io/api/core/v1`. Defaults that the API applies whenever it reads an object (`FIELD-1` to `FIELD-3`)
//! are applied when it is decoded, so the inside of the crate never meets their absence.

use crate::model::access_modes::AccessModes;
use crate::model::fields::{api_enum, api_struct};
use crate::model::inner::reach;
use crate::model::kind::type_meta;
use crate::model::list::{List, ResourceList, StringMap};
use crate::model::metadata::ObjectMeta;
use crate::model::names::{BETA_STORAGE_CLASS, STORAGE};
use crate::model::node_selector::VolumeNodeAffinity;
use crate::model::quantity::Quantity;
use crate::model::rare::{Rare, blank};
use crate::model::reference::ObjectReference;
use crate::model::shared::Shared;
use crate::model::text::Text;
use crate::model::time::Timestamp;
use crate::model::volume_source::{VolumeSource, VolumeSources};

api_enum! {
    /// What happens to a volume whose claim is gone.
    #[derive(Default)]
    pub enum ReclaimPolicy {
        /// It is kept, with its data, until somebody decides.
        #[default]
        Retain = "Retain",
        /// It is wiped and made available again. Deprecated; only `nfs` and `hostPath` can.
        Recycle = "Recycle",
        /// It is deleted together with the storage behind it.
        Delete = "Delete",
    }
    other: /** A text that is no policy (`VALID-16`, `RECLAIM-5`). */ Other
}

api_enum! {
    /// Whether a volume is a file system or a raw block device.
    #[derive(Default)]
    pub enum VolumeMode {
        /// Mounted as a directory.
        #[default]
        Filesystem = "Filesystem",
        /// Handed over as a device.
        Block = "Block",
    }
    other: /** A text that is no mode (`VALID-22`). */ Other
}

api_enum! {
    /// Where a volume is in its life.
    #[derive(Default)]
    pub enum VolumePhase {
        /// Not yet looked at by the controller.
        #[default]
        Pending = "Pending",
        /// Free.
        Available = "Available",
        /// Bound to a claim.
        Bound = "Bound",
        /// Its claim is gone; not yet reclaimed.
        Released = "Released",
        /// Reclaiming it failed.
        Failed = "Failed",
    }
    other: /** A text that is no phase; it can only have been restored. */ Other
}

impl VolumePhase {
    /// Whether the claim is gone and the volume not yet reclaimed: `Released`, or `Failed`.
    pub fn is_released(&self) -> bool {
        matches!(self, Self::Released | Self::Failed)
    }
}

type_meta!(
    /// Marks an object as a `PersistentVolume`.
    PersistentVolumeType = "v1", "PersistentVolume"
);

api_struct! {
    /// What most volumes leave open.
    pub struct RareOffer {
        /// Options for mounting, not validated.
        mount_options: List<Text> = "mountOptions";
        /// Its attributes class.
        volume_attributes_class_name: Option<Text> = "volumeAttributesClassName";
    }
}

api_struct! {
    /// Why a volume is in its phase.
    pub struct PhaseReason {
        /// Why it failed.
        message: Text = "message";
        /// Never set by the controller (`STATUS-9`).
        reason: Text = "reason";
    }
}

blank!(RareOffer, PhaseReason);
reach! {
    VolumeOffer => rare: RareOffer;
    PersistentVolumeSpec => offer: VolumeOffer;
    PersistentVolumeStatus => why: PhaseReason;
}

api_struct! {
    /// What a volume offers, whoever it is bound to. The fields of [`RareOffer`] are reached as if they were its own.
    pub struct VolumeOffer {
        /// Its capacity; the only resource is `storage`.
        capacity: ResourceList = "capacity";
        /// The ways in which it may be mounted.
        access_modes: AccessModes = "accessModes";
        /// What happens when the claim is gone.
        persistent_volume_reclaim_policy: ReclaimPolicy = "persistentVolumeReclaimPolicy";
        /// Its class; empty for none.
        storage_class_name: Text = "storageClassName";
        /// File system or block device.
        volume_mode: VolumeMode = "volumeMode";
        /// The nodes on which it can be used.
        node_affinity: Option<Shared<VolumeNodeAffinity>> = "nodeAffinity";
    }
    group {
        /// What stands behind it.
        sources: VolumeSources;
        /// What most volumes leave open.
        rare: Rare<RareOffer>;
    }
}

api_struct! {
    /// What a volume offers, and to whom. What it offers is read and changed as if its fields stood here; all versions of
    /// a volume share it.
    pub struct PersistentVolumeSpec {
        /// The claim that it is bound to, or reserved for.
        claim_ref: Option<Shared<ObjectReference>> = "claimRef";
    }
    group {
        /// What it offers.
        offer: Shared<VolumeOffer>;
    }
}

impl PersistentVolumeSpec {
    /// Whether both are the same memory; a quick way to see that nothing changed.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let same_reference = match (&self.claim_ref, &other.claim_ref) {
            (Some(one), Some(other)) => one.same(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        same_reference && self.offer.same(&other.offer) && self.unknown == other.unknown
    }
}

impl From<VolumeOffer> for PersistentVolumeSpec {
    fn from(offer: VolumeOffer) -> Self {
        Self { offer: offer.into(), ..Self::default() }
    }
}

api_struct! {
    /// What the controller says of a volume. The fields of [`PhaseReason`] are reached as if they were its own.
    pub struct PersistentVolumeStatus {
        /// Where it is in its life.
        phase: VolumePhase = "phase";
        /// When the phase last changed.
        last_phase_transition_time: Option<Timestamp> = "lastPhaseTransitionTime";
    }
    group {
        /// Why.
        why: Rare<PhaseReason>;
    }
}

api_struct! {
    /// A piece of storage.
    ///
    /// ```
    /// use bindery::{AccessMode, PersistentVolume};
    ///
    /// let volume = PersistentVolume::new("pv-1", "10Gi".parse()?, [AccessMode::ReadWriteOnce]).with_class("fast");
    /// assert_eq!(volume.class_name(), "fast");
    /// # Ok::<(), bindery::QuantityError>(())
    /// ```
    pub struct PersistentVolume {
        /// Name, labels, annotations.
        metadata: ObjectMeta = "metadata";
        /// What it offers.
        spec: PersistentVolumeSpec = "spec";
        /// What the controller says.
        status: PersistentVolumeStatus = "status";
    }
    group {
        /// Its kind.
        type_meta: PersistentVolumeType;
    }
}

impl PersistentVolume {
    /// A volume on an NFS server, file system mode, reclaim policy `Retain`, no class.
    pub fn new(name: impl Into<Text>, capacity: Quantity, modes: impl Into<AccessModes>) -> Self {
        let name = name.into();
        let source = crate::model::volume_source::NfsVolumeSource {
            server: "nfs.example.com".into(),
            path: format!("/exports/{name}").into(),
            ..Default::default()
        };
        let offer = VolumeOffer {
            capacity: ResourceList::from([(STORAGE, capacity)]),
            access_modes: modes.into(),
            sources: VolumeSource::from(source).into(),
            ..VolumeOffer::default()
        };
        Self { metadata: ObjectMeta::named(name), spec: offer.into(), ..Self::default() }
    }

    /// The same volume with a class.
    #[must_use]
    pub fn with_class(mut self, class: impl Into<Text>) -> Self {
        self.spec.storage_class_name = class.into();
        self
    }

    /// The same volume with labels.
    #[must_use]
    pub fn with_labels(mut self, labels: impl Into<StringMap>) -> Self {
        self.metadata.labels = labels.into();
        self
    }

    /// The same volume with another reclaim policy.
    #[must_use]
    pub fn with_reclaim_policy(mut self, policy: ReclaimPolicy) -> Self {
        self.spec.persistent_volume_reclaim_policy = policy;
        self
    }

    /// The same volume with other storage behind it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<VolumeSource>) -> Self {
        self.spec.sources = source.into().into();
        self
    }

    /// The same volume reserved for a claim, by namespace and name.
    #[must_use]
    pub fn reserved_for(mut self, namespace: impl Into<Text>, name: impl Into<Text>) -> Self {
        self.spec.claim_ref = Some(ObjectReference::to_claim(namespace, name).into());
        self
    }

    /// The name of its class: the beta annotation if the key exists, else the field (`HELP-3`).
    pub fn class_name(&self) -> &str {
        match self.metadata.annotations.get(BETA_STORAGE_CLASS) {
            Some(class) => class,
            None => &self.spec.storage_class_name,
        }
    }

    /// The name of its attributes class, empty for none (`HELP-8`).
    pub fn attributes_class(&self) -> &str {
        self.spec.volume_attributes_class_name.as_deref().unwrap_or_default()
    }

    /// Whether it may be given to any claim (`MATCH-5` a, e, h).
    pub(crate) fn is_free(&self) -> bool {
        self.spec.claim_ref.is_none() && self.status.phase == VolumePhase::Available && !self.metadata.is_deleting()
    }

    /// Its capacity; zero where it has none.
    pub fn capacity(&self) -> Quantity {
        self.spec.capacity.get(STORAGE).cloned().unwrap_or_default()
    }
}
