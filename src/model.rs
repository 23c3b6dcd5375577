//! The nouns of Kubernetes storage as Rust types.
//!
//! Every object that the API server stores is a plain struct here, with the names that Kubernetes uses. Its parts
//! are shared between versions, its enumerations are enums, its quantities exact. The types read and write
//! themselves through serde; whether what was read is allowed is decided one layer up, in `api`.

pub(crate) mod access_modes;
pub(crate) mod arena;
pub(crate) mod base64;
pub(crate) mod claim;
pub(crate) mod class;
pub(crate) mod config;
pub(crate) mod controller_revision;
pub(crate) mod csi;
pub(crate) mod deployment;
pub(crate) mod duration;
pub(crate) mod field_error;
pub(crate) mod fields;
pub(crate) mod fnv;
pub(crate) mod id;
pub(crate) mod inner;
pub(crate) mod int_or_string;
pub(crate) mod json;
pub(crate) mod kind;
pub(crate) mod list;
pub(crate) mod metadata;
pub(crate) mod names;
pub(crate) mod namespace;
pub(crate) mod node;
pub(crate) mod node_selector;
pub(crate) mod object_key;
pub(crate) mod pod;
pub(crate) mod quantity;
pub(crate) mod rare;
pub(crate) mod reference;
pub(crate) mod replica_set;
pub(crate) mod resource_quota;
pub(crate) mod schema;
pub(crate) mod selector;
pub(crate) mod service;
pub(crate) mod shards;
pub(crate) mod shared;
pub(crate) mod stateful_set;
pub(crate) mod syntax;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod volume;
pub(crate) mod volume_source;
