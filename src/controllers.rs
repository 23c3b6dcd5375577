//! The control loops, as functions from what a controller sees to what it does next.
//!
//! A sync that has begun is a value: it holds the copies that the original holds in local variables, and stops
//! before each write. The engine carries the write out and resumes it with the result, or drops it, as a crash
//! would. So every state between two writes can be looked at, copied and explored. Nothing here writes.

mod attach;
mod binding;
mod cache;
mod claim;
mod copies;
mod deployment;
mod ephemeral;
mod eviction;
mod expand;
mod external;
mod garbage;
mod kubelet;
mod migration;
mod mount;
mod mount_check;
mod node;
mod obstacle;
mod ownership;
#[cfg(test)]
pub(crate) mod planted;
mod pod_status;
mod protection;
mod provision;
mod quota;
mod reclaim;
mod replica_set;
mod resize;
mod scheduler;
mod spelling;
mod stateful_set;
mod status;
mod toleration;
mod turn;
mod volume;

pub use crate::controllers::kubelet::Hold;
pub use crate::controllers::scheduler::{
    Code, NoVolume, NodeChoice, NodeVerdict, Plugin, Reason, Rejection, Reservation, Verdict,
};
pub use crate::controllers::turn::{EventType, SyncError};

pub(crate) use crate::controllers::attach::{AttachSync, Attachments, bound_volume};
pub(crate) use crate::controllers::binding::{is_reserved_for, reserve, unreserve};
pub(crate) use crate::controllers::cache::{Cache, Observed};
pub(crate) use crate::controllers::claim::{ClaimSync, find_volume, is_delayed, is_delayed_class};
pub(crate) use crate::controllers::copies::Copies;
pub(crate) use crate::controllers::deployment::DeploymentSync;
pub(crate) use crate::controllers::ephemeral::EphemeralSync;
pub(crate) use crate::controllers::eviction::{Evictions, remove_orphan, remove_unscheduled};
pub(crate) use crate::controllers::expand::{ExpandSync, needs_expansion};
pub(crate) use crate::controllers::external::{
    ExternalDelete, ExternalProvision, Remark, needs_provisioner, wants_volume,
};
pub(crate) use crate::controllers::garbage::{OrphanSync, collect, collection_order, is_collectable};
pub(crate) use crate::controllers::kubelet::{KubeletSync, Surroundings, next_address, time_left};
pub(crate) use crate::controllers::mount::{expand, files as mount_files};
pub(crate) use crate::controllers::node::{NodeSync, NodeView};
pub(crate) use crate::controllers::protection::{is_protection_due, protect_claim, protect_volume};
pub(crate) use crate::controllers::provision::volume_name;
pub(crate) use crate::controllers::quota::quota_status;
pub(crate) use crate::controllers::replica_set::ReplicaSetSync;
pub(crate) use crate::controllers::resize::ResizeSync;
pub(crate) use crate::controllers::scheduler::{
    Extent, ScheduleSync, Scheduled, Scheduler, is_schedulable, judge, options, place,
};
pub(crate) use crate::controllers::stateful_set::{SetMemory, SetSync};
pub(crate) use crate::controllers::turn::{
    Caching, Effects, Emission, Next, Operation, OperationKind, OperationTask, Request, Resumed, Settings, Turn, World,
};
pub(crate) use crate::controllers::volume::VolumeSync;
