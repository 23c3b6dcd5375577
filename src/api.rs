//! What the API server does to an object before it is stored: defaults, preparation, validation, warnings.
//!
//! Follows the strategies and validators of Kubernetes 1.36 for each kind, in their order and with their texts
//! (`API-*`, `FIELD-*`, `VALID-*`, `STS-1` to `STS-8`). Nothing here looks at other objects; what depends on them
//! (the default class, quotas, whether a class allows expansion) is admission and belongs to `store`.

mod claim;
mod class;
mod config;
mod container;
mod controller_revision;
mod csi;
mod data_source;
mod deployment;
mod error;
mod internal;
mod metadata;
mod namespace;
mod node;
mod path;
mod pod;
mod pod_content;
mod pod_defaults;
mod pod_volume;
mod replica_set;
mod resource_quota;
mod selectors;
mod service;
mod service_address;
mod service_spec;
mod share;
mod stateful_set;
mod status;
mod storage;
mod strategy;
mod volume;
mod volume_source;
mod warnings;

pub use crate::api::error::ApiError;
pub(crate) use crate::api::pod_defaults::LastCompleted;
pub(crate) use crate::api::status::with_status;
pub(crate) use crate::api::strategy::{
    Request, check_current, check_version, complete, count_generation, prepare_create, prepare_status, prepare_update,
    validate_status,
};
