//! A deterministic simulator of how Kubernetes binds storage.

mod api;
mod backend;
mod cluster;
mod controllers;
mod manifest;
mod matching;
mod model;
mod store;

pub use api::ApiError;
pub use backend::{Behaviour, Plugin, Sources};
pub use cluster::{
    Action, Applied, ApplyError, Cluster, Config, Controllers, Event, EventRecord, Fault, JournalEntry, NotQuiet,
    Outcome, Settled,
};
pub use controllers::{EventType, SyncError};
pub use manifest::{Document, Manifest, ManifestError, Problem, Reader, Strictness, to_json, to_yaml};
pub use matching::Mismatch;
pub use model::access_modes::{AccessMode, AccessModes, ModeSet};
pub use model::claim::{
    ClaimCondition, ClaimPhase, ClaimProgress, ModifyVolumeStatus, PersistentVolumeClaim, PersistentVolumeClaimSpec,
    PersistentVolumeClaimStatus, PersistentVolumeClaimType, VolumeResourceRequirements,
};
pub use model::class::{
    BindingMode, StorageClass, StorageClassType, TopologySelectorLabelRequirement, TopologySelectorTerm,
    VolumeAttributesClass, VolumeAttributesClassType,
};
pub use model::field_error::{FieldError, FieldErrorKind};
pub use model::fields::UnknownFields;
pub use model::json::Json;
pub use model::kind::{Kind, Object, ObjectKey, Resource};
pub use model::list::{List, Map, ResourceList, StringMap};
pub use model::metadata::{Identity, ObjectMeta, OwnerReference, ResourceVersion, Uid};
pub use model::node::{Node, NodeSpec, NodeType};
pub use model::node_selector::{
    NodeSelector, NodeSelectorOperator, NodeSelectorRequirement, NodeSelectorTerm, VolumeNodeAffinity,
};
pub use model::pod::Pod;
pub use model::quantity::{Format, Quantity, QuantityError};
pub use model::reference::{
    ClaimKey, NamespacedName, ObjectReference, SecretReference, TypedLocalObjectReference, TypedObjectReference,
    VolumeName,
};
pub use model::selector::{
    LabelSelector, LabelSelectorRequirement, Predicate, Requirement, SelectorError, SelectorOperator, Test,
};
pub use model::shared::Shared;
pub use model::text::Text;
pub use model::time::{Timestamp, TimestampError};
pub use model::volume::{
    PersistentVolume, PersistentVolumeSpec, PersistentVolumeStatus, PersistentVolumeType, ReclaimPolicy, VolumeMode,
    VolumePhase,
};
pub use model::volume_source::VolumeSource;
pub use store::{Actor, Journal, StoreRules, Verb, WriteRecord};
