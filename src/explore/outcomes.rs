//! What becomes of each claim, over all orders and all ties.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::Cluster;
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::reference::ClaimKey;
use crate::model::text::Text;

/// What may become of a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimOutcome {
    /// The claim.
    pub claim: ClaimKey,
    volumes: BTreeSet<Text>,
    unbound: bool,
    gone: bool,
}

impl ClaimOutcome {
    /// What is possible at most: one of these volumes, or none.
    pub(super) fn bounded(claim: ClaimKey, volumes: BTreeSet<Text>, gone: bool) -> Self {
        Self { claim, volumes, unbound: true, gone }
    }

    /// The volumes that it may be bound to in the end, by name.
    pub fn volumes(&self) -> Vec<&str> {
        self.volumes.iter().map(AsRef::as_ref).collect()
    }

    /// Whether some run ends with the claim not bound.
    pub fn may_stay_unbound(&self) -> bool {
        self.unbound
    }

    /// Whether some run ends without the claim.
    pub fn may_be_gone(&self) -> bool {
        self.gone
    }

    /// Whether every run in which the claim stays ends with it bound.
    pub fn must_be_bound(&self) -> bool {
        !self.unbound && !self.volumes.is_empty()
    }

    /// Whether no run ends with the claim bound.
    pub fn cannot_be_bound(&self) -> bool {
        self.volumes.is_empty()
    }
}

/// What becomes of all claims in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcomes {
    claims: BTreeMap<ClaimKey, ClaimOutcome>,
    /// Whether every run was tried. Where not, what may happen is a superset of what can, and nothing is said to be
    /// certain but what cannot happen.
    pub exact: bool,
    ends: u64,
}

impl Outcomes {
    /// The claims in the order of their names.
    pub fn claims(&self) -> impl Iterator<Item = &ClaimOutcome> {
        self.claims.values()
    }

    /// What may become of one claim.
    pub fn of(&self, claim: &ClaimKey) -> Option<&ClaimOutcome> {
        self.claims.get(claim)
    }

    /// How many different states runs end in: where the cluster falls into parts, the product of theirs.
    pub fn ends(&self) -> u64 {
        self.ends
    }

    /// Takes in what becomes of other claims.
    pub(super) fn join(&mut self, other: Self) {
        self.claims.extend(other.claims);
        self.ends = self.ends.max(1).saturating_mul(other.ends.max(1));
    }

    /// Takes in what becomes of one more claim.
    pub(super) fn add(&mut self, outcome: ClaimOutcome) {
        self.claims.insert(outcome.claim.clone(), outcome);
    }

    /// Takes in how one run ended.
    pub(super) fn see(&mut self, ending: &Ending) {
        let mut seen = BTreeSet::new();
        for (key, volume) in &ending.0 {
            let is_new = !self.claims.contains_key(key);
            let outcome = self.claims.entry(key.clone()).or_default();
            if is_new {
                outcome.claim = key.clone();
                outcome.gone = self.ends > 0;
            }
            match volume {
                Some(volume) => drop(outcome.volumes.insert(volume.clone())),
                None => outcome.unbound = true,
            }
            seen.insert(key);
        }
        for (key, outcome) in &mut self.claims {
            outcome.gone |= !seen.contains(key);
        }
        self.ends += 1;
    }
}

/// How a run ended: the claims that there are, each with the volume that it is Bound to.
#[derive(Clone, Debug)]
pub(super) struct Ending(Vec<(ClaimKey, Option<Text>)>);

impl Ending {
    pub(super) fn of(cluster: &Cluster) -> Self {
        let volume = |claim: &PersistentVolumeClaim| {
            (claim.status.phase == ClaimPhase::Bound).then(|| claim.spec.volume_name.clone())
        };
        Self(cluster.claims().map(|claim| (claim.key(), volume(claim))).collect())
    }
}
