//! Objects as an API server holds them: by name, with versions, finalizers and an ordered journal of writes.
//!
//! The store is the only place where objects change, one write at a time. Every successful write raises the
//! resource version; a write that is based on an old version is a conflict; a deleted object stays while it has
//! finalizers. Copies of a store share what they have in common, so that a cluster of a million objects is forked
//! in microseconds.

mod addresses;
mod admission;
mod deletion;
mod links;
mod members;
mod objects;
mod quota;
mod selecting;
mod server;
mod table;
mod write;

pub use crate::store::write::{Actor, DeleteOptions, Propagation, StoreRules, Verb};

pub(crate) use crate::store::admission::default_class;
pub(crate) use crate::store::objects::{Store, Stored};
pub(crate) use crate::store::write::{Change, Context, Write};
