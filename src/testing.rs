//! Generators for the tests of tools: volumes, claims, classes, pods, sets and whole worlds that shrink well, and a
//! harness that compares a tool's own binder with Kubernetes.
//!
//! The strategies are those of the crate `proptest`, and its traits stand in the signatures here: a test that uses them
//! depends on `proptest` itself. Everything that is generated is a *seed*: small numbers that name entries of short
//! tables, so that claims and volumes fit one another often, ties and dangling references are common, and a failing world
//! shrinks to one in which everything is ordinary but for what matters. A seed builds its object.
//!
//! ```
//! use bindery::testing::world::worlds;
//! use proptest::test_runner::{Config, TestRunner};
//!
//! // Whatever users do, a cluster comes to rest.
//! let mut runner = TestRunner::new(Config { cases: 20, failure_persistence: None, ..Config::default() });
//! runner.run(&worlds(6), |world| {
//!     let mut cluster = world.run();
//!     cluster.settle()?;
//!     Ok(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod binder;
#[cfg(test)]
mod foresight;
pub mod objects;
pub mod operations;
pub mod plugins;
pub mod seeds;
pub mod workloads;
pub mod world;

pub use crate::testing::binder::{Binder, Bindings, Disagreement, Harness, bindings};
