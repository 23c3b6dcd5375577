//! The scheduler, as far as volumes decide where a pod goes (`SCHED-*`, `SC-*`).
//!
//! For a pod without a node it asks its plugins which nodes will do, chooses one, writes what the pod's claims need there
//! and waits until the volume controller has bound them; only then is the pod assigned. The plugins are pure functions
//! that answer with data, so that an explanation is made of what scheduling reads.
//!
//! Not simulated: resources, taints (but the one that stands for `spec.unschedulable`), affinity between pods, scores,
//! preemption.
//!
//! Follows `pkg/scheduler` of Kubernetes 1.36:
//! <https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/>.

mod affinity;
mod binding;
mod demand;
mod limits;
mod nodes;
mod reason;
mod restrictions;
mod state;
mod sync;
mod verdict;
mod wait;
mod zone;

pub use crate::controllers::scheduler::nodes::NodeChoice;
pub use crate::controllers::scheduler::reason::{Code, NoVolume, Plugin, Reason, Rejection};
pub use crate::controllers::scheduler::sync::Reservation;
pub use crate::controllers::scheduler::verdict::{NodeVerdict, Verdict};

pub(crate) use crate::controllers::scheduler::affinity::matches_affinity;
pub(crate) use crate::controllers::scheduler::state::{Scheduled, Scheduler, place};
pub(crate) use crate::controllers::scheduler::sync::{ScheduleSync, is_schedulable};
pub(crate) use crate::controllers::scheduler::verdict::{Extent, judge, options};
