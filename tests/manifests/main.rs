//! What may be written in a manifest: anything at all, and no text makes the reader panic, hang or take half of it.
//!
//! [`texts`] makes texts, from noise to manifests in which a little is changed. [`arbitrary`] holds what is true of all of
//! them; the other modules each take one side: what YAML and JSON allow, what is said about mistakes, and that what is
//! written is read again.

mod arbitrary;
mod problems;
mod round_trip;
#[path = "../runner/mod.rs"]
mod runner;
mod syntax;
mod texts;
