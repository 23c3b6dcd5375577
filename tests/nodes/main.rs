//! What happens on nodes and around pods: collection of what has lost its owners, deletion, ephemeral claims, expansion,
//! attachment, the start of pods, silent nodes, the files that pods see and the names that they have.
//!
//! Each test cites the rules that it defends.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]

mod attachment;
mod deletion;
mod detaching;
mod ephemeral;
mod expansion;
mod garbage;
mod kubelet;
mod mount_checks;
mod mounts;
mod names;
mod orphans;
mod silence;
mod statuses;
mod world;
