//! Deployments and ReplicaSets. Scheduler and kubelet are played by the tests, so that each moment can be looked at.

mod adoption;
mod failures;
mod pods;
mod progress;
mod rollout;
mod scaling;
mod world;
