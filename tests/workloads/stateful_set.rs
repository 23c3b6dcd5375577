//! StatefulSets: their pods, claims, updates and revisions (`STS-*`, `STSPVC-*`).

mod acceptance;
mod api;
mod claims;
mod identity;
mod order;
mod owners;
mod retention;
mod revisions;
mod status;
mod updates;
mod world;
