//! Whether manifests will bind in a cluster: which claims must, which may, which cannot.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::cluster::{Cluster, NotQuiet};
use crate::explain::contest::Contest;
use crate::explain::edit::Edit;
use crate::explain::finding::{Finding, findings};
use crate::explain::probe::is_unused;
use crate::explain::trial::Trial;
use crate::model::kind::{Kind, ObjectKey};
use crate::model::node::Node;
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;

/// For how many claims changes are thought of and tried whatever that costs, where no more are judged.
const EDITED: usize = 20;
/// For how many at least where more are judged, in the order in which they were created.
const EDITED_OF_MANY: usize = 3;
/// How many objects may be looked at for that, roughly; in small worlds all claims get theirs.
const WORK: usize = 20_000;

/// Whether a claim binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Prospect {
    /// It binds, whatever the order in which things are handled.
    Must,
    /// It binds or not, depending on an order or a tie.
    May,
    /// It does not bind, in no order.
    Cannot,
}

impl Prospect {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::May => "may",
            Self::Cannot => "cannot",
        }
    }
}

/// What was found of a claim.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClaimProspect {
    /// The claim.
    pub claim: ClaimKey,
    /// Whether it binds.
    pub prospect: Prospect,
    /// The volume that it has in a run in which everything is handled in order; empty for none.
    pub volume: Text,
    /// Why, in a sentence.
    pub why: Text,
    /// Whether it waits for a pod that uses it, of which there is none yet; it binds when there is one.
    pub waits_for_pod: bool,
    /// Claims that could take its volumes.
    pub rivals: usize,
    /// Changes that would make it bind, tried in a copy of the cluster; for one that may or cannot bind. In a large world
    /// only the first claims get some; [`Cluster::explain`] finds those of any one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
}

/// What was found of manifests in a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Check {
    /// The claims, by name.
    pub claims: Vec<ClaimProspect>,
    /// What else would go wrong, or not as one may think.
    pub findings: Vec<Finding>,
}

impl Check {
    /// The worst that was found of any claim; `Must` where there are none.
    pub fn worst(&self) -> Prospect {
        self.claims.iter().map(|claim| claim.prospect).max().unwrap_or(Prospect::Must)
    }

    /// How many claims have a prospect.
    pub fn count(&self, prospect: Prospect) -> usize {
        self.claims.iter().filter(|claim| claim.prospect == prospect).count()
    }
}

impl Cluster {
    /// Whether what was applied to a copy of this cluster will bind. Nothing has run in the copy since. Judged are the
    /// claims that the copy has and this cluster has not, those that controllers make for it, and the claims among
    /// `named`.
    ///
    /// A claim *must* bind if it does in a run in order and none can take its volume in another order: it is reserved,
    /// or made for it, or others cannot hold all volumes that it could have at once (Hall's theorem), or it has one in each of
    /// the orders of up to four claims that contend for volumes that are free in this cluster. It *cannot* if
    /// nothing could ever serve it. What is left *may*.
    ///
    /// Cost: that of running the controllers, and linear in claims and volumes for each claim that was not bound; edits are
    /// tried in copies, within a bound.
    ///
    /// ```
    /// use bindery::explain::Prospect;
    /// use bindery::{AccessMode, Cluster, PersistentVolume};
    ///
    /// let mut cluster = Cluster::default();
    /// cluster.create(PersistentVolume::new("pv-1", "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
    /// cluster.settle()?;
    /// let mut applied = cluster.fork();
    /// for name in ["one", "two"] {
    ///     applied.apply_yaml(&format!("
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {{name: {name}}}
    /// spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
    /// "))?;
    /// }
    /// let check = cluster.check(&applied, &[])?;
    /// assert_eq!(check.count(Prospect::May), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`NotQuiet`] where the controllers do not come to rest.
    pub fn check(&self, applied: &Self, named: &[ObjectKey]) -> Result<Check, NotQuiet> {
        let mut settled = applied.fork();
        settled.settle()?;
        if settled.claims().any(|claim| is_unused(&settled, claim)) {
            settled.prepare_scheduling();
        }
        let trial = Trial::new(self, applied, &settled);
        let named: BTreeSet<ClaimKey> = named
            .iter()
            .filter(|key| key.kind == Kind::PersistentVolumeClaim)
            .map(|key| self.full_claim(&key.key))
            .collect();
        let contenders = trial.contenders();
        let volumes = trial.pool(&contenders);
        let contest = Contest::new(&contenders, &volumes);
        let safe = trial.safe(&contenders, &contest, &volumes);
        let judged: Vec<usize> = (0..contenders.len())
            .filter(|number| {
                let claim = contenders[*number].claim;
                trial.is_new(claim) || named.contains(&claim.key())
            })
            .collect();
        let objects: usize = [Kind::PersistentVolume, Kind::PersistentVolumeClaim, Kind::Pod]
            .into_iter()
            .map(|kind| settled.count(kind))
            .sum();
        let of_many = EDITED_OF_MANY.max(WORK / objects.max(1));
        let mut tries = if judged.len() <= EDITED { EDITED } else { of_many };
        let judged = judged.into_iter();
        let mut claims: Vec<ClaimProspect> =
            judged.map(|number| trial.judge(&contenders[number], &contest, number, safe[number], &mut tries)).collect();
        let known: BTreeSet<ClaimKey> = claims.iter().map(|claim| claim.claim.clone()).collect();
        let others = named.iter().filter(|key| !known.contains(*key));
        claims.extend(others.filter_map(|key| trial.already_bound(key)));
        claims.sort_by(|a, b| a.claim.cmp(&b.claim));
        let findings = findings(self, applied, &settled);
        Ok(Check { claims, findings })
    }

    fn full_claim(&self, key: &ClaimKey) -> ClaimKey {
        if key.namespace.is_empty() { ClaimKey::new(&self.config().namespace, &key.name) } else { key.clone() }
    }
}

/// Where the volumes of a claim can be, for those that look for one.
pub(super) fn usable_on(volume: &PersistentVolume, node: &Node) -> bool {
    crate::matching::misplaced(volume, node).is_none()
}
