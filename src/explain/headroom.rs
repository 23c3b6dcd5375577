//! How many more claims like one, or replicas of a set, would bind: they are created in a copy.

use std::fmt;

use serde::Serialize;

use crate::cluster::{Cluster, NotQuiet};
use crate::explain::ExplainError;
use crate::explain::claim::no_claim;
use crate::explain::edit::rewritten;
use crate::explain::probe::{is_unused, probe};
use crate::explain::text::thousands;
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::json::Json;
use crate::model::kind::{Object, ObjectKey};
use crate::model::metadata::ObjectMeta;
use crate::model::reference::NamespacedName;

/// How many more there could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Headroom {
    /// How many would bind, or run.
    pub count: usize,
    /// How many were tried. Where all of them would, there may be room for more.
    pub tried: usize,
}

impl fmt::Display for Headroom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let least = if self.count == self.tried { "at least " } else { "" };
        writeln!(f, "There is room for {least}{} more like it.", thousands(self.count))
    }
}

/// Why headroom is not known.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadroomError {
    /// There is no such object.
    #[error(transparent)]
    Unknown(#[from] ExplainError),
    /// The controllers do not come to rest.
    #[error(transparent)]
    NotQuiet(#[from] NotQuiet),
}

impl Cluster {
    /// How many more claims like this one would bind, at most `most`. Each gets a pod of its own if binding waits for
    /// one. They are created in a copy. Cost: that of binding them.
    ///
    /// ```
    /// use bindery::{AccessMode, Cluster, PersistentVolume, PersistentVolumeClaim};
    ///
    /// let mut cluster = Cluster::default();
    /// for name in ["pv-1", "pv-2", "pv-3"] {
    ///     cluster.create(PersistentVolume::new(name, "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
    /// }
    /// cluster.create(PersistentVolumeClaim::new("default", "data", "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
    /// cluster.settle()?;
    /// assert_eq!(cluster.headroom("data", 100)?.count, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`HeadroomError`] where there is no such claim, or the controllers do not come to rest.
    pub fn headroom(&self, claim: &str, most: usize) -> Result<Headroom, HeadroomError> {
        let claim = self.claim(claim).ok_or_else(|| no_claim(self, claim))?;
        let mut copy = self.fork();
        copy.settle()?;
        let mut names = Vec::new();
        for number in 0..most {
            let Some(more) = another(claim, number) else {
                break;
            };
            names.push(more.key());
            if copy.create(more).is_err() {
                // A quota, perhaps: what the API server refuses does not bind.
                names.pop();
                break;
            }
        }
        copy.settle()?;
        for name in &names {
            let waiting = copy.claim(&name.to_string()).filter(|claim| is_unused(&copy, claim)).map(probe);
            if let Some(pod) = waiting {
                let _ = copy.create(pod);
            }
        }
        copy.settle()?;
        let bound = |name: &&NamespacedName| {
            copy.claim(&name.to_string()).is_some_and(|claim| claim.status.phase == ClaimPhase::Bound)
        };
        Ok(Headroom { count: names.iter().filter(bound).count(), tried: most })
    }

    /// How many more replicas of a StatefulSet, Deployment or ReplicaSet would run, at most `most`. It is scaled up in a
    /// copy. Cost: that of running them.
    ///
    /// # Errors
    /// [`HeadroomError`] where there is no such workload, or the controllers do not come to rest.
    pub fn headroom_of(&self, workload: &ObjectKey, most: usize) -> Result<Headroom, HeadroomError> {
        let mut copy = self.fork();
        copy.settle()?;
        let mut workload = workload.clone();
        if workload.key.namespace.is_empty() {
            workload.key.namespace = self.config().namespace.clone();
        }
        let workload = &workload;
        let missing = || ExplainError::NoWorkload { workload: workload.clone() };
        let replicas = self.get(workload).and_then(|object| replicas(&object)).ok_or_else(missing)?;
        let wanted = i64::from(replicas) + i64::try_from(most).unwrap_or(i64::MAX);
        let running = |cluster: &Self| cluster.pods().filter(|pod| pod.is_ready()).count();
        let before = running(&copy);
        let patch = Json::object([("spec", Json::object([("replicas", Json::Number(wanted.to_string().into()))]))]);
        copy.patch(workload, &patch).map_err(|_| missing())?;
        copy.settle()?;
        Ok(Headroom { count: running(&copy).saturating_sub(before).min(most), tried: most })
    }
}

/// How many replicas a workload wants.
fn replicas(object: &Object) -> Option<i32> {
    match object {
        Object::StatefulSet(set) => Some(set.spec.replicas.unwrap_or(1)),
        Object::Deployment(deployment) => Some(deployment.spec.replicas.unwrap_or(1)),
        Object::ReplicaSet(set) => Some(set.spec.replicas.unwrap_or(1)),
        _ => None,
    }
}

/// A claim that asks for the same under another name, and for no volume by name.
fn another(claim: &PersistentVolumeClaim, number: usize) -> Option<PersistentVolumeClaim> {
    let patch = Json::object([("spec", Json::object([("volumeName", Json::Null)]))]);
    let Object::PersistentVolumeClaim(like) = rewritten(claim, &patch)? else {
        return None;
    };
    let mut like = (*like).clone();
    let labels = like.metadata.labels.clone();
    let annotations = like.metadata.annotations.clone();
    like.metadata = ObjectMeta::named(format!("{}-more-{number}", claim.metadata.name));
    like.metadata.namespace = claim.metadata.namespace.clone();
    like.metadata.labels = labels;
    like.metadata.annotations = annotations;
    Some(like)
}
