//! The guide: five chapters, of which each begins where people begin, and one page on what the program prints.
//!
//! 1. [Getting started with a static volume](static_volume)
//! 2. [Delayed binding and topology](topology)
//! 3. [Dynamic provisioning and drivers](provisioning)
//! 4. [StatefulSets and the loss of data](stateful_sets)
//! 5. [Testing a tool against every order](every_order)
//!
//! [What the program prints](output): exit codes and the shapes of its JSON.
//!
//! There is no code here; every example is compiled and run.

#[doc = include_str!("guide/static_volume.md")]
pub mod static_volume {}

#[doc = include_str!("guide/topology.md")]
pub mod topology {}

#[doc = include_str!("guide/provisioning.md")]
pub mod provisioning {}

#[doc = include_str!("guide/stateful_sets.md")]
pub mod stateful_sets {}

#[doc = include_str!("guide/every_order.md")]
pub mod every_order {}

#[doc = include_str!("guide/output.md")]
pub mod output {}
