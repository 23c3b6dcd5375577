//! Explains a pod: why the scheduler puts it nowhere, or what keeps it from starting, and how its claims are.

use std::fmt;

use serde::Serialize;

use crate::cluster::Cluster;
use crate::explain::consumers::{Consumer, consumer};
use crate::explain::{EventLine, ExplainError};
use crate::manifest::nearest;
use crate::model::claim::ClaimPhase;
use crate::model::kind::Kind;
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::text::Text;

/// A claim of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClaimOfPod {
    /// The claim.
    pub claim: ClaimKey,
    /// Its phase; nothing where it does not exist.
    pub phase: Option<ClaimPhase>,
    /// Why it is in its phase, in a sentence.
    pub why: Text,
}

/// Why a pod is as it is, as far as storage has to do with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PodExplanation {
    /// The pod, and where the scheduler can put it.
    #[serde(flatten)]
    pub pod: Consumer,
    /// Whether it is ready.
    pub ready: bool,
    /// Its claims.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimOfPod>,
    /// The events about it, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventLine>,
}

impl Cluster {
    /// Why a pod is as it is, as far as storage has to do with it. The name is `namespace/name`, or a name in the
    /// default namespace. Cost: as for [`Cluster::explain`], for each of its claims, without edits.
    ///
    /// # Errors
    /// [`ExplainError::NoPod`] where there is no such pod.
    pub fn explain_pod(&self, name: &str) -> Result<PodExplanation, ExplainError> {
        let pod = self.pod(name).ok_or_else(|| {
            let known: Vec<String> = self.pods().map(|pod| pod.key().to_string()).collect();
            let full = if name.contains('/') { name.to_owned() } else { format!("{}/{name}", self.config().namespace) };
            let nearest = nearest(&full, known.iter().map(String::as_str)).map(NamespacedName::from);
            ExplainError::NoPod { pod: full.into(), nearest }
        })?;
        let claims = pod.claim_keys().map(|key| {
            let found = self.explain_without_edits(&key.to_string()).ok();
            ClaimOfPod {
                phase: found.as_ref().map(|(claim, ..)| claim.status.phase.clone()),
                why: found
                    .map_or_else(|| "not found".into(), |(_, explanation, _)| explanation.state.to_string().into()),
                claim: key,
            }
        });
        Ok(PodExplanation {
            pod: consumer(self, pod),
            ready: pod.is_ready(),
            claims: claims.collect(),
            events: EventLine::about(self, &Kind::Pod.named(pod.key().to_string()), &pod.metadata.uid),
        })
    }
}

impl fmt::Display for PodExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.pod)?;
        if !self.pod.node.is_empty() && !self.ready {
            writeln!(f, "It is not ready.")?;
        }
        for ClaimOfPod { claim, phase, why } in &self.claims {
            match phase {
                Some(phase) => writeln!(f, "Its claim {claim} is {phase}: {why}.")?,
                None => writeln!(f, "Its claim {claim} does not exist.")?,
            }
        }
        EventLine::print(&self.events, f)
    }
}
