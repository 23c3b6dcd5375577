//! Why an object is as it is, and what would change that.
//!
//! An [`Explanation`] is data: a typed tree that is serialized as JSON and printed as text. It is made of what binding
//! itself is made of: the rules of matching, the verdicts of the scheduler, the events and the journal. Explaining only
//! reads; an [`Edit`] was tried in a copy of the cluster before it is offered.
//!
//! ```
//! use bindery::explain::State;
//! use bindery::{AccessMode, Cluster, PersistentVolume, PersistentVolumeClaim};
//!
//! let mut cluster = Cluster::default();
//! cluster.create(PersistentVolume::new("pv-1", "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
//! cluster.create(PersistentVolumeClaim::new("default", "data", "8Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
//! cluster.settle()?;
//!
//! let explanation = cluster.explain("data")?;
//! assert_eq!(explanation.state, State::NoVolume);
//! assert!(explanation.to_string().contains("1 volume, which does not fit:\n  1 too small, the largest free one is 5Gi (pv-1)"));
//!
//! // The smallest change that makes it bind; it was tried in a copy.
//! let mut what_if = cluster.fork();
//! explanation.edits[0].apply(&mut what_if)?;
//! what_if.settle()?;
//! assert_eq!(what_if.claim("data").unwrap().spec.volume_name, "pv-1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alike;
mod assignment;
mod audit;
mod candidates;
mod check;
mod check_text;
mod claim;
mod consumers;
mod contest;
mod diff;
mod edit;
mod finding;
mod headroom;
mod hints;
mod history;
mod kinds;
mod orders;
mod patch;
mod plan;
mod pod;
mod probe;
mod remedies;
mod repair;
mod said;
mod state;
mod text;
mod trial;
mod volume;
mod weigh;

use std::fmt;

use serde::Serialize;

use crate::cluster::Cluster;
use crate::model::claim::ClaimPhase;
use crate::model::kind::ObjectKey;
use crate::model::metadata::Uid;
use crate::model::quantity::Quantity;
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::text::Text;

pub use crate::explain::audit::{Audit, AuditError, StuckPod, VolumeLoss};
pub use crate::explain::candidates::{Candidates, Objection, VolumeGroup, VolumeReasons};
pub use crate::explain::check::{Check, ClaimProspect, Prospect};
pub use crate::explain::consumers::{ClaimOnNode, Consumer, NodeGroup};
pub use crate::explain::diff::{Diff, FieldChange, ObjectChange, ObjectDiff};
pub use crate::explain::edit::{Edit, Step};
pub use crate::explain::finding::Finding;
pub use crate::explain::headroom::{Headroom, HeadroomError};
pub use crate::explain::history::Happening;
pub use crate::explain::plan::{Pair, Plan, Shortage};
pub use crate::explain::pod::{ClaimOfPod, PodExplanation};
pub use crate::explain::state::{Hint, NotTaken, State};
pub use crate::explain::volume::{VolumeExplanation, VolumeState};

pub(crate) use crate::explain::text::thousands;

/// What was to be explained does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// There is no such claim.
    #[error("persistentvolumeclaims \"{claim}\" not found{}", meant(nearest.as_ref()))]
    NoClaim {
        /// Its name.
        claim: ClaimKey,
        /// The claim that was probably meant.
        nearest: Option<ClaimKey>,
    },
    /// There is no such volume.
    #[error("persistentvolumes \"{volume}\" not found{}", meant(nearest.as_ref()))]
    NoVolume {
        /// Its name.
        volume: Text,
        /// The volume that was probably meant.
        nearest: Option<Text>,
    },
    /// There is no such workload.
    #[error("{} is no workload with replicas", workload.short())]
    NoWorkload {
        /// Its name.
        workload: ObjectKey,
    },
    /// There is no such pod.
    #[error("pods \"{pod}\" not found{}", meant(nearest.as_ref()))]
    NoPod {
        /// Its name.
        pod: NamespacedName,
        /// The pod that was probably meant.
        nearest: Option<NamespacedName>,
    },
}

fn meant<T: fmt::Display>(nearest: Option<&T>) -> String {
    nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default()
}

/// What a claim asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Asks {
    /// How much storage.
    pub storage: Quantity,
    /// The access modes, abbreviated as in `kubectl get`.
    pub access_modes: Text,
    /// File system or block device.
    pub volume_mode: Text,
    /// The name of the class, empty for none.
    pub class: Text,
    /// Whether it says anything about its class; one that says nothing gets the default class, where there is one.
    pub says_class: bool,
    /// The attributes class, empty for none.
    pub attributes_class: Text,
    /// The label selector as Kubernetes prints it, empty for none.
    pub selector: Text,
    /// The volume that it named before it was bound, empty for none.
    pub volume: Text,
}

/// An event about the claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EventLine {
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub event_type: Text,
    /// Why, in one word.
    pub reason: Text,
    /// What happened.
    pub message: Text,
    /// How often it was said.
    pub count: u64,
}

impl EventLine {
    /// The events about an object.
    fn about(cluster: &Cluster, object: &ObjectKey, uid: &Uid) -> Vec<Self> {
        let records = cluster.events().into_iter().filter(|record| record.event.object == *object);
        let records = records.filter(|record| record.event.uid == *uid);
        let line = |record: crate::cluster::EventRecord| Self {
            event_type: record.event.event_type.as_str().into(),
            reason: record.event.reason.into(),
            message: record.event.message.clone(),
            count: record.count,
        };
        records.map(line).collect()
    }

    /// Prints the events below a heading, if there are any.
    fn print(lines: &[Self], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !lines.is_empty() {
            writeln!(f, "\nEvents:")?;
        }
        lines.iter().try_for_each(|line| {
            let times = if line.count > 1 { format!(" ({} times)", line.count) } else { String::new() };
            writeln!(f, "  {} {}{times}: {}", line.event_type, line.reason, line.message)
        })
    }
}

/// Why a claim is not deleted although somebody asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Terminating {
    /// The finalizers that hold it.
    pub finalizers: Vec<Text>,
    /// The pods on nodes that use it, by name.
    pub pods: Vec<Text>,
}

/// Why a claim is as it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Explanation {
    /// The claim.
    pub claim: ClaimKey,
    /// Its phase.
    pub phase: ClaimPhase,
    /// What it asks for.
    pub asks: Asks,
    /// Why it is in its phase.
    pub state: State,
    /// The volumes, weighed against it; absent where they do not matter, as for a bound claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volumes: Option<Candidates>,
    /// The pods that use it, and where the scheduler can put them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pods: Vec<Consumer>,
    /// Why it is not gone, where its deletion was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminating: Option<Terminating>,
    /// What happened to it and to its volume, from the journal; for claims that are lost.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Happening>,
    /// The events about it, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventLine>,
    /// Changes that make it bind, the smallest first. Each was tried in a copy of the cluster.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
    /// What else to know or to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<Hint>,
}
