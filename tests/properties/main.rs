//! Properties of a whole cluster over generated worlds: any volumes, claims and classes, then whatever users do.
//!
//! [`seeds`] says what a world is made of, [`objects`] and [`world`] build it, [`operations`] is what users do to it. Everything goes
//! through the public face of the crate.

mod agreement;
mod dumps;
mod matching;
mod objects;
mod operations;
mod plugins;
mod quiet;
#[path = "../runner/mod.rs"]
mod runner;
mod runs;
mod scan;
mod seeds;
mod transitions;
mod world;
