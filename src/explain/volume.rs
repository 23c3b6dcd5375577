//! Explains a volume: whose it is, and why it is not free or not gone.

use std::fmt;

use serde::Serialize;

use crate::cluster::Cluster;
use crate::explain::claim::{places, runs};
use crate::explain::{EventLine, ExplainError};
use crate::manifest::nearest;
use crate::model::kind::Kind;
use crate::model::names::{IN_TREE_PREFIX, PROVISIONED_BY};
use crate::model::quantity::Quantity;
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, ReclaimPolicy, VolumePhase};
use crate::model::volume_source::VolumeSource;

/// Why a volume is in its phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum VolumeState {
    /// Any claim that it suits may have it.
    Free,
    /// It is kept for a claim.
    Reserved {
        /// The claim.
        claim: ClaimKey,
        /// Whether the claim exists.
        exists: bool,
    },
    /// It is bound to a claim.
    Bound {
        /// The claim.
        claim: ClaimKey,
        /// How much of it nobody asked for.
        surplus: Quantity,
    },
    /// Its claim is gone, and it is kept until somebody decides (`Retain`).
    Retained {
        /// The claim that it had.
        claim: ClaimKey,
        /// Whether there is a claim of that name again, which is another one by its uid.
        recreated: bool,
    },
    /// Its claim is gone, and whoever is to delete it is not known to run.
    NoDeleter {
        /// The claim that it had.
        claim: ClaimKey,
        /// Who is to delete it.
        deleter: Text,
        /// Whether a provisioner made it; a volume that was made by hand has nobody who feels responsible.
        provisioned: bool,
    },
    /// Its claim is gone, and it is about to be reclaimed.
    Reclaiming {
        /// The claim that it had.
        claim: ClaimKey,
    },
    /// Reclaiming it failed.
    Failed {
        /// What the controller says.
        message: Text,
    },
    /// The controller has not looked at it yet.
    New,
}

/// Why a volume is as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VolumeExplanation {
    /// The volume.
    pub volume: Text,
    /// Its phase.
    pub phase: VolumePhase,
    /// Its capacity.
    pub capacity: Quantity,
    /// What happens when its claim is gone.
    pub reclaim_policy: ReclaimPolicy,
    /// Where it can be used, in words; empty for everywhere.
    pub usable: Text,
    /// Why it is in its phase.
    pub state: VolumeState,
    /// Whether its deletion was asked for and has not happened.
    pub terminating: bool,
    /// The events about it, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventLine>,
}

impl Cluster {
    /// Why a volume is as it is. Cost: linear in the number of events.
    ///
    /// ```
    /// use bindery::{AccessMode, Cluster, PersistentVolume};
    ///
    /// let mut cluster = Cluster::default();
    /// let volume = PersistentVolume::new("pv-1", "5Gi".parse()?, [AccessMode::ReadWriteOnce]);
    /// cluster.create(volume.reserved_for("shop", "data"))?;
    /// cluster.settle()?;
    /// let explanation = cluster.explain_volume("pv-1")?;
    /// assert!(explanation.to_string().contains("it is kept for claim shop/data, which does not exist"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ExplainError::NoVolume`] where there is no such volume.
    pub fn explain_volume(&self, name: &str) -> Result<VolumeExplanation, ExplainError> {
        let volume = self.volume(name).ok_or_else(|| {
            let known = self.volumes().map(|volume| &*volume.metadata.name);
            ExplainError::NoVolume { volume: name.into(), nearest: nearest(name, known).map(Into::into) }
        })?;
        let affinity = volume.spec.node_affinity.as_deref();
        Ok(VolumeExplanation {
            volume: volume.metadata.name.clone(),
            phase: volume.status.phase.clone(),
            capacity: volume.capacity(),
            reclaim_policy: volume.spec.persistent_volume_reclaim_policy.clone(),
            usable: affinity.map(places).unwrap_or_default().into(),
            state: state_of(self, volume),
            terminating: volume.metadata.is_deleting(),
            events: EventLine::about(self, &Kind::PersistentVolume.named(name), &volume.metadata.uid),
        })
    }
}

fn state_of(cluster: &Cluster, volume: &PersistentVolume) -> VolumeState {
    let Some(reference) = &volume.spec.claim_ref else {
        return match volume.status.phase {
            VolumePhase::Available => VolumeState::Free,
            VolumePhase::Failed => VolumeState::Failed { message: volume.status.message.clone() },
            VolumePhase::Pending | VolumePhase::Bound | VolumePhase::Released | VolumePhase::Other(_) => {
                VolumeState::New
            }
        };
    };
    let claim = ClaimKey::new(&reference.namespace, &reference.name);
    let holder = cluster.claim(&claim.to_string());
    match &volume.status.phase {
        VolumePhase::Bound => {
            let request = holder.map(crate::model::claim::PersistentVolumeClaim::request).unwrap_or_default();
            VolumeState::Bound { claim, surplus: volume.capacity().minus(&request) }
        }
        VolumePhase::Failed => VolumeState::Failed { message: volume.status.message.clone() },
        VolumePhase::Released => released(cluster, volume, claim, holder.is_some()),
        VolumePhase::Available | VolumePhase::Pending | VolumePhase::Other(_) => {
            VolumeState::Reserved { claim, exists: holder.is_some() }
        }
    }
}

fn released(cluster: &Cluster, volume: &PersistentVolume, claim: ClaimKey, recreated: bool) -> VolumeState {
    match volume.spec.persistent_volume_reclaim_policy {
        ReclaimPolicy::Retain | ReclaimPolicy::Other(_) => VolumeState::Retained { claim, recreated },
        ReclaimPolicy::Recycle => VolumeState::Reclaiming { claim },
        ReclaimPolicy::Delete => {
            let provisioned = volume.metadata.annotations.get(PROVISIONED_BY).cloned();
            let source = volume.spec.sources.iter().find_map(|source| match source {
                VolumeSource::Csi(csi) => Some(csi.driver.clone()),
                _ => None,
            });
            let deleter = provisioned.clone().or(source).filter(|name| !name.starts_with(IN_TREE_PREFIX));
            match deleter {
                Some(deleter) if provisioned.is_none() || !runs(cluster, &deleter) => {
                    VolumeState::NoDeleter { claim, deleter, provisioned: provisioned.is_some() }
                }
                Some(_) | None => VolumeState::Reclaiming { claim },
            }
        }
    }
}

impl fmt::Display for VolumeExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { volume, phase, capacity, reclaim_policy, usable, state, terminating, events } = self;
        writeln!(f, "PersistentVolume {volume} is {phase}: {state}.")?;
        write!(f, "It has {capacity}, reclaim policy {reclaim_policy}")?;
        if !usable.is_empty() {
            write!(f, ", and can be used where {usable}")?;
        }
        writeln!(f, ".")?;
        if *terminating {
            writeln!(f, "It is Terminating: it goes when its finalizers are removed.")?;
        }
        match state {
            VolumeState::Retained { claim, recreated } => {
                let same = if *recreated {
                    format!(
                        "The {claim} that exists now is another claim by its uid. To give the volume back to it, clear \
                         claimRef.uid:\n  kubectl patch pv {volume} --type=merge -p \
                         '{{\"spec\":{{\"claimRef\":{{\"resourceVersion\":null,\"uid\":null}}}}}}'\n"
                    )
                } else {
                    String::new()
                };
                write!(f, "{same}To free it for any claim, with the files that are on it, clear claimRef:\n  ")?;
                writeln!(f, "kubectl patch pv {volume} --type=merge -p '{{\"spec\":{{\"claimRef\":null}}}}'")?;
            }
            VolumeState::NoDeleter { deleter, provisioned, .. } => {
                let why = if *provisioned { "until it runs" } else { "for good, for it deletes only what it has made" };
                writeln!(f, "The volume is left to {deleter}, and stays Released {why}.")?;
            }
            VolumeState::Free
            | VolumeState::Reserved { .. }
            | VolumeState::Bound { .. }
            | VolumeState::Reclaiming { .. }
            | VolumeState::Failed { .. }
            | VolumeState::New => {}
        }
        EventLine::print(events, f)
    }
}

impl fmt::Display for VolumeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Free => f.write_str("any claim that it suits may have it"),
            Self::Reserved { claim, exists } => {
                let missing = if *exists { "" } else { ", which does not exist" };
                write!(f, "it is kept for claim {claim}{missing}")
            }
            Self::Bound { claim, surplus } if surplus.is_positive() => {
                write!(f, "claim {claim} has it, and did not ask for {surplus} of it")
            }
            Self::Bound { claim, .. } => write!(f, "claim {claim} has it"),
            Self::Retained { claim, .. } => {
                write!(f, "its claim {claim} is gone, and policy Retain keeps it until somebody decides")
            }
            Self::NoDeleter { claim, deleter, provisioned } => {
                let made = if *provisioned { "is not known to run" } else { "did not make it" };
                write!(f, "its claim {claim} is gone, and its external deleter {deleter} {made}")
            }
            Self::Reclaiming { claim } => write!(f, "its claim {claim} is gone, and it is about to be reclaimed"),
            Self::Failed { message } if message.is_empty() => f.write_str("reclaiming it failed"),
            Self::Failed { message } => write!(f, "reclaiming it failed: {message}"),
            Self::New => f.write_str("the controller has not looked at it yet"),
        }
    }
}
