//! Generated workloads: nodes, classes with drivers, static volumes, and what is done to sets, Deployments, pods and
//! claims.

pub mod seeds;
pub mod world;
