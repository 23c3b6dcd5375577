//! One test or more for every rule of how volumes and claims are bound, provisioned and reclaimed.
//!
//! The rules have ids such as `MATCH-5`; each test cites those that it defends. `ids.txt` lists all of them, and the
//! module `ids` fails where one has no test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]

mod admission;
mod api;
mod binding;
mod caches;
mod claims;
mod deleting;
mod events;
mod external;
mod fields;
mod ids;
mod in_tree;
mod journal;
mod matching;
mod migration;
mod named;
mod neighbours;
mod operations;
mod plugins;
mod queue;
mod recycling;
mod retries;
mod scenarios;
mod status;
mod ties;
mod validation;
mod volumes;
mod world;
