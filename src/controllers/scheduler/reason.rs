//! Why the scheduler does not put a pod on a node, as data and in Kubernetes' words (section 12, "Scheduler reasons").

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::model::field_error::go_quote;
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::text::Text;

/// A plugin of the scheduler that can reject a node, or a pod on all nodes, in the order in which they are asked
/// (`SCHED-2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Plugin {
    /// Nodes that take no new pods.
    NodeUnschedulable,
    /// Taints that the pod does not bear.
    TaintToleration,
    /// The pod's node selector and required node affinity.
    NodeAffinity,
    /// Claims for a single pod, and disks that only one pod may use.
    VolumeRestrictions,
    /// How many volumes of a driver a node takes.
    NodeVolumeLimits,
    /// Claims and the volumes that they have or may get.
    VolumeBinding,
    /// Zone labels of volumes.
    VolumeZone,
}

impl Plugin {
    /// Its name in Kubernetes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NodeUnschedulable => "NodeUnschedulable",
            Self::TaintToleration => "TaintToleration",
            Self::NodeAffinity => "NodeAffinity",
            Self::VolumeRestrictions => "VolumeRestrictions",
            Self::NodeVolumeLimits => "NodeVolumeLimits",
            Self::VolumeBinding => "VolumeBinding",
            Self::VolumeZone => "VolumeZone",
        }
    }
}

/// Whether another pod could make room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// It could, by going.
    Unschedulable,
    /// No pod that goes helps.
    UnschedulableAndUnresolvable,
}

impl Code {
    /// Its name in Kubernetes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unschedulable => "Unschedulable",
            Self::UnschedulableAndUnresolvable => "UnschedulableAndUnresolvable",
        }
    }
}

/// Why a claim finds no volume on a node, and none can be made for it there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum NoVolume {
    /// Its volume is being made for another node (`SCHED-21`).
    SelectedNode {
        /// The other node.
        node: Text,
    },
    /// No volume suits, and its class makes none (`SCHED-25`, 1).
    NoProvisioner,
    /// No volume suits, and its class makes none for this node (`SCHED-25`, 2; `SC-6`).
    Topology,
}

/// Why a pod cannot be put on a node, or on any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "reason", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Reason {
    /// The pod's affinity asks for several nodes at once.
    AffinityConflict,
    /// A claim that the pod names does not exist (`SCHED-11`).
    ClaimNotFound {
        /// Its name.
        claim: Text,
    },
    /// The claim of an ephemeral volume does not exist yet (`SCHED-12`).
    EphemeralClaimMissing {
        /// Its name.
        claim: Text,
    },
    /// The claim has lost its volume (`SCHED-13`).
    ClaimLost {
        /// The claim.
        claim: Text,
        /// The volume.
        volume: Text,
    },
    /// The claim is being deleted (`SCHED-13`).
    ClaimDeleting {
        /// The claim.
        claim: Text,
    },
    /// The claim has the name of the claim of an ephemeral volume, and belongs to somebody else (`SCHED-13`).
    NotOwner {
        /// The claim.
        claim: ClaimKey,
        /// The pod.
        pod: NamespacedName,
    },
    /// Claims that bind without waiting for a pod are not bound (`SCHED-15`).
    UnboundImmediate {
        /// The claims, in the order of the pod's volumes.
        claims: Vec<Text>,
    },
    /// The volume of a bound claim does not exist (`SCHED-16`).
    VolumeNotFound {
        /// The volume.
        volume: Text,
    },
    /// The node takes no new pods (`SCHED-2`).
    NodeUnschedulable,
    /// The node has a taint that the pod does not bear (`SCHED-2`).
    Taint {
        /// The key of the taint.
        key: Text,
    },
    /// The node does not match the pod's node selector or required node affinity (`SCHED-2`).
    NodeAffinity,
    /// The pod's affinity names other nodes.
    NodeNotNamed,
    /// Another pod on the node uses the disk (`SCHED-52`).
    DiskConflict {
        /// The pod's volume.
        volume: Text,
    },
    /// Another pod uses a claim that is for a single pod (`SCHED-50`).
    ReadWriteOncePod {
        /// The claim.
        claim: Text,
    },
    /// The node has as many volumes of a driver as it takes (`SCHED-51`).
    VolumeLimit {
        /// The driver.
        driver: Text,
        /// How many volumes of the driver the node takes.
        limit: i64,
    },
    /// The volume of a bound claim cannot be used on the node (`SCHED-20`).
    VolumeNodeAffinity {
        /// The claim.
        claim: Text,
        /// The volume.
        volume: Text,
    },
    /// A claim finds no volume on the node and none can be made for it there (`SCHED-21`, `SCHED-25`).
    NoVolume {
        /// The claim.
        claim: Text,
        /// Why none can be made.
        cause: NoVolume,
    },
    /// There is not enough storage for a claim that can be used on the node (`SCHED-26`).
    NotEnoughStorage {
        /// The claim.
        claim: Text,
    },
    /// The volume of a bound claim of an ephemeral volume does not exist (`SCHED-24`).
    VolumeMissing {
        /// The claim.
        claim: Text,
        /// The volume.
        volume: Text,
    },
    /// The labels of a volume name other zones or regions than the node's (`SCHED-28`).
    VolumeZone {
        /// The volume.
        volume: Text,
        /// The label.
        label: &'static str,
    },
}

impl Reason {
    /// The plugin that gives it.
    pub fn plugin(&self) -> Plugin {
        match self {
            Self::NodeUnschedulable => Plugin::NodeUnschedulable,
            Self::Taint { .. } => Plugin::TaintToleration,
            Self::AffinityConflict | Self::NodeAffinity | Self::NodeNotNamed => Plugin::NodeAffinity,
            Self::ClaimNotFound { .. } | Self::DiskConflict { .. } | Self::ReadWriteOncePod { .. } => {
                Plugin::VolumeRestrictions
            }
            Self::VolumeLimit { .. } => Plugin::NodeVolumeLimits,
            Self::EphemeralClaimMissing { .. }
            | Self::ClaimLost { .. }
            | Self::ClaimDeleting { .. }
            | Self::NotOwner { .. }
            | Self::UnboundImmediate { .. }
            | Self::VolumeNodeAffinity { .. }
            | Self::NoVolume { .. }
            | Self::NotEnoughStorage { .. }
            | Self::VolumeMissing { .. } => Plugin::VolumeBinding,
            Self::VolumeNotFound { .. } | Self::VolumeZone { .. } => Plugin::VolumeZone,
        }
    }

    /// Whether another pod could make room by going.
    pub fn code(&self) -> Code {
        match self {
            Self::DiskConflict { .. } | Self::ReadWriteOncePod { .. } | Self::VolumeLimit { .. } => Code::Unschedulable,
            Self::AffinityConflict
            | Self::ClaimNotFound { .. }
            | Self::EphemeralClaimMissing { .. }
            | Self::ClaimLost { .. }
            | Self::ClaimDeleting { .. }
            | Self::NotOwner { .. }
            | Self::UnboundImmediate { .. }
            | Self::VolumeNotFound { .. }
            | Self::NodeUnschedulable
            | Self::Taint { .. }
            | Self::NodeAffinity
            | Self::NodeNotNamed
            | Self::VolumeNodeAffinity { .. }
            | Self::NoVolume { .. }
            | Self::NotEnoughStorage { .. }
            | Self::VolumeMissing { .. }
            | Self::VolumeZone { .. } => Code::UnschedulableAndUnresolvable,
        }
    }

    /// The reason in Kubernetes' words, which do not name everything that is known.
    fn text(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::AffinityConflict => "pod affinity terms conflict",
            Self::ClaimNotFound { claim } => return missing("persistentvolumeclaim", claim).into(),
            Self::EphemeralClaimMissing { claim } => {
                let doing = "waiting for ephemeral volume controller to create the persistentvolumeclaim";
                return format!("{doing} {}", go_quote(claim)).into();
            }
            Self::ClaimLost { claim, volume } => {
                let (claim, volume) = (go_quote(claim), go_quote(volume));
                return format!("persistentvolumeclaim {claim} bound to non-existent persistentvolume {volume}").into();
            }
            Self::ClaimDeleting { claim } => {
                return format!("persistentvolumeclaim {} is being deleted", go_quote(claim)).into();
            }
            Self::NotOwner { claim, pod } => {
                return format!("PVC {claim} was not created for pod {pod} (pod is not owner)").into();
            }
            Self::UnboundImmediate { .. } => "pod has unbound immediate PersistentVolumeClaims",
            Self::VolumeNotFound { volume } => return missing("persistentvolume", volume).into(),
            Self::NodeUnschedulable => "node(s) were unschedulable",
            Self::Taint { .. } => "node(s) had untolerated taint(s)",
            Self::NodeAffinity => "node(s) didn't match Pod's node affinity/selector",
            Self::NodeNotNamed => "node(s) didn't satisfy plugin(s) [NodeAffinity]",
            Self::DiskConflict { .. } => "node(s) had no available disk",
            Self::ReadWriteOncePod { .. } => {
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by \
                 another pod"
            }
            Self::VolumeLimit { .. } => "node(s) exceed max volume count",
            Self::VolumeNodeAffinity { .. } => "node(s) didn't match PersistentVolume's node affinity",
            Self::NoVolume { .. } => "node(s) didn't find available persistent volumes to bind",
            Self::NotEnoughStorage { .. } => "node(s) did not have enough free storage",
            Self::VolumeMissing { .. } => "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
            Self::VolumeZone { .. } => "node(s) had no available volume zone",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// What a watch cache says of an object that it does not hold.
pub(super) fn missing(kind: &str, name: &str) -> String {
    format!("{kind} {} not found", go_quote(name))
}

/// The answer of a plugin that does not want a pod on a node, or on any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Rejection {
    /// The plugin.
    pub plugin: Plugin,
    /// Whether another pod could make room by going.
    pub code: Code,
    /// Why, in the order in which the plugin says so; never empty.
    pub reasons: Vec<Reason>,
}

impl Rejection {
    pub(super) fn of(reason: Reason) -> Self {
        Self { plugin: reason.plugin(), code: reason.code(), reasons: vec![reason] }
    }

    /// The answer of a plugin that has found these reasons; none where there are none.
    pub(super) fn all(reasons: Vec<Reason>) -> Option<Self> {
        let first = reasons.first()?;
        Some(Self { plugin: first.plugin(), code: first.code(), reasons })
    }
}

/// How many nodes give which reason, as the message of an event lists them (`SCHED-60`).
pub(super) fn histogram<'r>(rejections: impl Iterator<Item = &'r Rejection>) -> Vec<String> {
    let mut counts: BTreeMap<Cow<'static, str>, usize> = BTreeMap::new();
    for reason in rejections.flat_map(|rejection| &rejection.reasons) {
        *counts.entry(reason.text()).or_default() += 1;
    }
    let mut lines: Vec<String> = counts.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    lines.sort();
    lines
}
