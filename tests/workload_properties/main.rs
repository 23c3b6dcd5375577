//! Properties of workloads over generated worlds: nodes, classes with drivers, static volumes, and then whatever users
//! and machines do to StatefulSets, Deployments, pods and claims.
//!
//! The generators are those of `bindery::testing`: [`seeds`] says what a world is made of, [`world`] builds it, [`deeds`] is what is done to it. [`watch`] follows the
//! journal write by write and holds each one against what must never happen: [`identity`], [`storage`], [`order`].
//! [`retention`], [`quiet`] and [`recovery`] look at where a cluster comes to rest.

mod deeds;
mod identity;
mod order;
mod quiet;
mod reach;
mod recovery;
mod retention;
#[path = "../runner/mod.rs"]
mod runner;
mod storage;
mod watch;

use bindery::testing::workloads::{seeds, world};
