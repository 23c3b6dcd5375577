//! What the API server does to an object before it is stored: defaults, preparation, validation, warnings.
//!
//! Follows the strategies and validators of Kubernetes 1.36 for each kind, in their order and with their texts
//! (`API-*`, `FIELD-*`, `VALID-*`, `STS-1` to `STS-8`). Nothing here looks at other objects; what depends on them
//! (the default class, quotas, whether a class allows expansion) is admission and belongs to `store`.

mod claim;
mod class;
mod container;
mod data_source;
mod error;
mod internal;
mod metadata;
mod node;
mod path;
mod pod;
mod pod_defaults;
mod pod_volume;
mod selectors;
mod stateful_set;
mod strategy;
mod volume;
mod volume_source;
mod warnings;

pub use crate::api::error::ApiError;
pub(crate) use crate::api::strategy::{check_version, complete, prepare_create, prepare_update, validate_status};
