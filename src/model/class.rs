//! `StorageClass` and `VolumeAttributesClass`: how storage is made, and how it is tuned.

use crate::model::fields::{api_enum, api_struct};
use crate::model::kind::type_meta;
use crate::model::list::{List, StringMap};
use crate::model::metadata::ObjectMeta;
use crate::model::names::{BETA_DEFAULT_CLASS, DEFAULT_CLASS};
use crate::model::text::Text;
use crate::model::volume::ReclaimPolicy;

api_enum! {
    /// When a claim of a class is bound.
    #[derive(Default)]
    pub enum BindingMode {
        /// As soon as a volume fits.
        #[default]
        Immediate = "Immediate",
        /// When a pod that uses the claim is scheduled.
        WaitForFirstConsumer = "WaitForFirstConsumer",
    }
    other: /** A text that is no mode (`VALID-53`). */ Other
}

type_meta!(
    /// Marks an object as a `StorageClass`.
    StorageClassType = "storage.k8s.io/v1", "StorageClass"
);

type_meta!(
    /// Marks an object as a `VolumeAttributesClass`.
    VolumeAttributesClassType = "storage.k8s.io/v1", "VolumeAttributesClass"
);

api_struct! {
    /// Values of one node label.
    pub struct TopologySelectorLabelRequirement {
        /// The label.
        key: Text = "key" always;
        /// Its values, of which a node must have one.
        values: List<Text> = "values" always;
    }
}

api_struct! {
    /// Labels that a node must all have.
    pub struct TopologySelectorTerm {
        /// The labels.
        match_label_expressions: List<TopologySelectorLabelRequirement> = "matchLabelExpressions";
    }
}

api_struct! {
    /// How storage of one kind is made and when it is bound.
    pub struct StorageClass {
        /// Name, labels, annotations.
        metadata: ObjectMeta = "metadata";
        /// Who makes volumes of this class.
        provisioner: Text = "provisioner" always;
        /// Parameters for the provisioner.
        parameters: StringMap = "parameters";
        /// The reclaim policy of the volumes that are made.
        reclaim_policy: Option<ReclaimPolicy> = "reclaimPolicy";
        /// The mount options of the volumes that are made.
        mount_options: List<Text> = "mountOptions";
        /// Whether claims may be made larger.
        allow_volume_expansion: Option<bool> = "allowVolumeExpansion";
        /// When claims are bound.
        volume_binding_mode: Option<BindingMode> = "volumeBindingMode";
        /// The topologies in which volumes may be made; empty for all.
        allowed_topologies: List<TopologySelectorTerm> = "allowedTopologies";
    }
    group {
        /// Its kind.
        type_meta: StorageClassType;
    }
}

impl StorageClass {
    /// A class with immediate binding and reclaim policy `Delete`.
    pub fn new(name: impl Into<Text>, provisioner: impl Into<Text>) -> Self {
        Self {
            metadata: ObjectMeta::named(name),
            provisioner: provisioner.into(),
            reclaim_policy: Some(ReclaimPolicy::Delete),
            volume_binding_mode: Some(BindingMode::Immediate),
            ..Self::default()
        }
    }

    /// The same class with another binding mode.
    #[must_use]
    pub fn with_binding_mode(mut self, mode: BindingMode) -> Self {
        self.volume_binding_mode = Some(mode);
        self
    }

    /// The same class marked as the default.
    #[must_use]
    pub fn as_default(mut self) -> Self {
        self.metadata.annotations = self.metadata.annotations.with(DEFAULT_CLASS, "true");
        self
    }

    /// Whether it is marked as the default (`DEFAULT-2`).
    pub fn is_default(&self) -> bool {
        [DEFAULT_CLASS, BETA_DEFAULT_CLASS]
            .iter()
            .any(|key| self.metadata.annotations.get(key).is_some_and(|value| *value == "true"))
    }
}

api_struct! {
    /// How storage of one driver is tuned.
    pub struct VolumeAttributesClass {
        /// Name, labels, annotations.
        metadata: ObjectMeta = "metadata";
        /// The driver that it is for.
        driver_name: Text = "driverName" always;
        /// Parameters for the driver.
        parameters: StringMap = "parameters";
    }
    group {
        /// Its kind.
        type_meta: VolumeAttributesClassType;
    }
}
