//! The controllers of pods, with the rules of how they behave: each test cites those that it defends.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]

mod deployment;
