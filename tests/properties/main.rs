//! Properties of a whole cluster over generated worlds: any volumes, claims and classes, then whatever users do.
//!
//! The generators are those of `bindery::testing`: [`seeds`] says what a world is made of, [`world`] builds it,
//! [`operations`] is what users do to it. Everything goes through the public face of the crate.

mod agreement;
mod dumps;
mod matching;
mod orders;
mod pool;
mod quiet;
#[path = "../runner/mod.rs"]
mod runner;
mod runs;
mod scan;
mod transitions;

use bindery::testing::{objects, operations, plugins, seeds, world};
