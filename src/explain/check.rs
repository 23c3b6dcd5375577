//! Whether manifests will bind in a cluster: which claims must, which may, which cannot.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::cluster::{Cluster, NotQuiet};
use crate::explain::claim::runs;
use crate::explain::contest::{Contender, Contest, untaken};
use crate::explain::edit::Edit;
use crate::explain::finding::{Finding, findings};
use crate::explain::history::object_of;
use crate::explain::probe::{binds_with_a_pod, is_unused, probe};
use crate::explain::remedies::reserve;
use crate::explain::state::State;
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::class::BindingMode;
use crate::model::kind::{Kind, ObjectKey};
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumePhase};

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
    /// Changes that would make it bind, tried in a copy of the cluster; for one that is not bound in that run.
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
    /// or made for it, or others cannot hold all volumes that it could have at once (Hall's theorem). It *cannot* if
    /// nothing could ever serve it. What is left *may*.
    ///
    /// Cost: that of running the controllers, and linear in the volumes for each kind of claim; each edit is tried in a
    /// copy.
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
        let trial = Trial { before: self, applied, settled: &settled };
        let named: BTreeSet<ClaimKey> = named
            .iter()
            .filter(|key| key.kind == Kind::PersistentVolumeClaim)
            .map(|key| self.full_claim(&key.key))
            .collect();
        let contenders = trial.contenders();
        let volumes = trial.pool(&contenders);
        let contest = Contest::new(&contenders, &volumes);
        let safe = trial.safe(&contenders, &contest);
        let mut claims: Vec<ClaimProspect> = Vec::new();
        for (number, contender) in contenders.iter().enumerate() {
            if trial.is_new(contender.claim) || named.contains(&contender.claim.key()) {
                claims.push(trial.judge(contender, &contest, number, safe[number]));
            }
        }
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

/// The cluster before, with what was applied, and after a run in order.
struct Trial<'c> {
    before: &'c Cluster,
    applied: &'c Cluster,
    settled: &'c Cluster,
}

impl<'c> Trial<'c> {
    fn is_new(&self, claim: &PersistentVolumeClaim) -> bool {
        let held = self.before.claim(&claim.key().to_string());
        held.is_none_or(|held| held.metadata.uid != claim.metadata.uid)
    }

    /// The claims that were not bound before.
    fn contenders(&self) -> Vec<Contender<'c>> {
        let unbound = self.settled.claims().filter(|claim| {
            let held = self.before.claim(&claim.key().to_string());
            held.is_none_or(|held| held.status.phase != ClaimPhase::Bound || held.metadata.uid != claim.metadata.uid)
        });
        unbound.map(|claim| self.contender(claim)).collect()
    }

    fn contender(&self, claim: &'c PersistentVolumeClaim) -> Contender<'c> {
        let class = self.settled.class(claim.class_name());
        let delayed = class.is_some_and(|class| class.volume_binding_mode == Some(BindingMode::WaitForFirstConsumer));
        let mut nodes: Vec<&Node> = Vec::new();
        if delayed {
            let pods = self.settled.pods_of_claim(&claim.key());
            nodes.extend(pods.iter().filter_map(|pod| self.settled.node(&pod.spec.node_name)));
        }
        let written = self.applied.claim(&claim.key().to_string());
        let mut unbound = claim.clone();
        unbound.spec.volume_name = written.map(|written| written.spec.volume_name.clone()).unwrap_or_default();
        Contender { claim, unbound, delayed, nodes }
    }

    /// The volumes that one of the claims could have: those that nobody had before, as they were then.
    fn pool(&self, contenders: &[Contender<'_>]) -> Vec<PersistentVolume> {
        let keys: BTreeSet<ClaimKey> = contenders.iter().map(|contender| contender.claim.key()).collect();
        let volumes = self.applied.volumes().filter(|before| {
            let Some(after) = self.settled.volume(&before.metadata.name) else {
                return false;
            };
            match &after.spec.claim_ref {
                None => after.status.phase == VolumePhase::Available,
                Some(reference) => keys.contains(&ClaimKey::new(&reference.namespace, &reference.name)),
            }
        });
        volumes
            .map(|volume| {
                let mut volume = untaken(volume);
                let given_back = volume
                    .spec
                    .claim_ref
                    .as_ref()
                    .is_some_and(|reference| !keys.contains(&ClaimKey::new(&reference.namespace, &reference.name)));
                if given_back {
                    // It was wiped and is free again.
                    volume.spec.claim_ref = None;
                }
                volume
            })
            .collect()
    }

    /// Which claims bind in every order.
    fn safe(&self, contenders: &[Contender<'_>], contest: &Contest) -> Vec<bool> {
        let mut safe: Vec<bool> = contenders
            .iter()
            .enumerate()
            .map(|(number, contender)| {
                contender.claim.status.phase == ClaimPhase::Bound
                    && (contest.is_safe(number) || self.is_made(contender.claim))
            })
            .collect();
        // A claim that waits for a pod is as safe as the other claims of the pod.
        let places: std::collections::BTreeMap<ClaimKey, usize> =
            contenders.iter().enumerate().map(|(number, contender)| (contender.claim.key(), number)).collect();
        loop {
            let unsafe_pod =
                |pod: &&Pod| pod.claim_keys().any(|key| places.get(&key).is_some_and(|number| !safe[*number]));
            let falls = |(number, contender): (usize, &Contender<'_>)| {
                let pods = self.settled.pods_of_claim(&contender.claim.key());
                (safe[number] && contender.delayed && !pods.is_empty() && pods.iter().all(unsafe_pod)).then_some(number)
            };
            let fallen: Vec<usize> = contenders.iter().enumerate().filter_map(falls).collect();
            if fallen.is_empty() {
                return safe;
            }
            for number in fallen {
                safe[number] = false;
            }
        }
    }

    /// Whether a volume is made for a claim that finds none, in every order: its provisioner runs, and has made one for
    /// everybody who asked.
    fn is_made(&self, claim: &PersistentVolumeClaim) -> bool {
        let Some(class) = self.settled.class(claim.class_name()) else {
            return false;
        };
        let provisioner = &class.provisioner;
        let plugin = self.settled.config().plugins.iter().any(|plugin| plugin.name() == &**provisioner);
        if !plugin && !runs(self.settled, provisioner) || !self.settled.config().dynamic_provisioning {
            return false;
        }
        let as_written = self.applied.claim(&claim.key().to_string());
        if as_written.is_some_and(|written| !written.spec.volume_name.is_empty()) {
            return false;
        }
        let made = claim.spec.volume_name.as_str();
        let was_made = self.applied.volume(made).is_none();
        let served = |other: &PersistentVolumeClaim| {
            let of_provisioner =
                self.settled.class(other.class_name()).is_some_and(|class| class.provisioner == *provisioner);
            !of_provisioner || other.status.phase == ClaimPhase::Bound || is_unused(self.settled, other)
        };
        (was_made || runs(self.settled, provisioner)) && self.settled.claims().all(served)
    }

    fn already_bound(&self, key: &ClaimKey) -> Option<ClaimProspect> {
        let claim = self.settled.claim(&key.to_string())?;
        Some(ClaimProspect {
            claim: key.clone(),
            prospect: if claim.status.phase == ClaimPhase::Bound { Prospect::Must } else { Prospect::Cannot },
            volume: claim.spec.volume_name.clone(),
            why: "it is bound already".into(),
            waits_for_pod: false,
            rivals: 0,
            edits: Vec::new(),
        })
    }

    fn judge(&self, contender: &Contender<'_>, contest: &Contest, number: usize, safe: bool) -> ClaimProspect {
        let claim = contender.claim;
        let key = claim.key();
        let rivals = contest.rivals(number);
        let mut judged = ClaimProspect {
            claim: key.clone(),
            prospect: Prospect::Must,
            volume: claim.spec.volume_name.clone(),
            why: Text::default(),
            waits_for_pod: false,
            rivals,
            edits: Vec::new(),
        };
        let choices = contest.volumes_of(number).count();
        if claim.status.phase == ClaimPhase::Bound {
            let volume = &claim.spec.volume_name;
            judged.why = if !safe {
                judged.prospect = Prospect::May;
                judged.edits.extend(self.reservation(claim));
                self.unsafely(contender, choices, rivals).into()
            } else if self.applied.volume(volume).is_none() {
                format!("a volume is made for it by {}", self.provisioner_of(claim)).into()
            } else {
                format!("it gets {volume}, or another one that nobody can take from it").into()
            };
            if safe && choices == 1 && self.applied.volume(volume).is_some() {
                judged.why = format!("it gets {volume}, which nobody can take from it").into();
            }
            return judged;
        }
        judged.volume = Text::default();
        if is_unused(self.settled, claim) {
            judged.waits_for_pod = true;
            return self.judge_waiting(judged, claim);
        }
        let explanation = self.settled.explain(&key.to_string()).ok();
        if let Some(explanation) = explanation {
            judged.why = explanation.state.to_string().into();
            judged.edits = explanation.edits;
            judged.prospect = Prospect::Cannot;
            if choices > 0 {
                judged.prospect = Prospect::May;
                judged.why = format!("{}; {}", contested(choices, rivals), explanation.state).into();
            } else if matches!(explanation.state, State::Provisioning { .. }) && self.binds_alone(claim) {
                judged.prospect = Prospect::May;
                judged.why = format!("it binds where it comes first; else {}", explanation.state).into();
            }
        }
        judged
    }

    /// The volume that a claim has in a run in order, reserved for it from the beginning.
    fn reservation(&self, claim: &PersistentVolumeClaim) -> Option<Edit> {
        self.applied.volume(&claim.spec.volume_name)?;
        reserve(self.applied, claim)
    }

    /// Why a claim that is bound in a run in order may not be in another one.
    fn unsafely(&self, contender: &Contender<'_>, choices: usize, rivals: usize) -> String {
        if choices > 0 && rivals > 0 {
            return contested(choices, rivals);
        }
        let provisioner = self.provisioner_of(contender.claim);
        let failed = |other: &PersistentVolumeClaim| {
            other.status.phase != ClaimPhase::Bound && self.provisioner_of(other) == provisioner
        };
        if !provisioner.is_empty() && self.settled.claims().any(failed) {
            return format!("it binds where it comes first; {provisioner} has not made a volume for every claim");
        }
        "it binds only if the other claims of its pod do".to_owned()
    }

    fn provisioner_of(&self, claim: &PersistentVolumeClaim) -> Text {
        self.settled.class(claim.class_name()).map(|class| class.provisioner.clone()).unwrap_or_default()
    }

    /// A claim that no pod uses: a pod is made for it in a copy, to see whether it would bind.
    fn judge_waiting(&self, mut judged: ClaimProspect, claim: &PersistentVolumeClaim) -> ClaimProspect {
        let mut copy = self.settled.fork();
        let key = claim.key();
        let name = probe(claim).key().to_string();
        let bound = binds_with_a_pod(&mut copy, &key);
        if bound {
            judged.why = "it waits for a pod that uses it (WaitForFirstConsumer), and binds when there is one".into();
            return judged;
        }
        if copy.count(Kind::Node) == 0 {
            judged.prospect = Prospect::May;
            judged.why = "it waits for a pod that uses it (WaitForFirstConsumer), and there are no nodes".into();
            return judged;
        }
        judged.prospect = Prospect::Cannot;
        let verdict = copy.try_schedule(&Kind::Pod.named(name));
        let said = verdict.map_or_else(|error| error.message, |verdict| verdict.to_string());
        judged.why = format!("a pod that uses it would not be scheduled: {said}").into();
        judged.edits = copy.explain(&key.to_string()).map(|explanation| explanation.edits).unwrap_or_default();
        judged
    }

    /// Whether a claim binds where all other claims that were not bound before are taken out.
    fn binds_alone(&self, claim: &PersistentVolumeClaim) -> bool {
        let mut copy = self.applied.fork();
        let key = claim.key();
        let others: Vec<ClaimKey> = copy
            .claims()
            .filter(|other| other.status.phase != ClaimPhase::Bound && other.key() != key)
            .map(PersistentVolumeClaim::key)
            .collect();
        for other in others {
            let _ = copy.remove(&object_of(&other));
        }
        let class = copy.class(claim.class_name());
        let delayed = class.is_some_and(|class| class.volume_binding_mode == Some(BindingMode::WaitForFirstConsumer));
        if delayed {
            let pods: Vec<_> =
                copy.pods().filter(|pod| pod.claim_keys().any(|used| used == key)).map(Pod::key).collect();
            for pod in pods {
                let _ = copy.remove(&ObjectKey { kind: Kind::Pod, key: pod });
            }
            return binds_with_a_pod(&mut copy, &key);
        }
        copy.settle().is_ok()
            && copy.claim(&key.to_string()).is_some_and(|claim| claim.status.phase == ClaimPhase::Bound)
    }
}

fn contested(choices: usize, rivals: usize) -> String {
    let volumes = crate::explain::text::plural(choices, "volume");
    match rivals {
        0 => format!("{volumes} would do"),
        1 => format!("{volumes} would do, and another claim may take what it needs"),
        rivals => format!("{volumes} would do, and {rivals} other claims may take what it needs"),
    }
}

/// Where the volumes of a claim can be, for those that look for one.
pub(super) fn usable_on(volume: &PersistentVolume, node: &Node) -> bool {
    crate::matching::misplaced(volume, node).is_none()
}
