//! Tests of the rules of workloads: each cites the rules of which it would notice the loss.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]

mod deployment;
mod scheduler;
mod stateful_set;
