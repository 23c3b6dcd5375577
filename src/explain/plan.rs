//! The best that could be made of the free volumes: as many claims as possible, with as little capacity as possible.
//!
//! A maximum matching between the claims that wait and the volumes that they could be given, and of those one that strands
//! the least. What comes of it is tried in a copy of the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::cluster::{Cluster, NotQuiet};
use crate::explain::consumers::wanted_nodes;
use crate::explain::contest::{Contender, untaken};
use crate::explain::edit::Step;
use crate::explain::kinds::market;
use crate::explain::patch::{patch_volume, spec, text};
use crate::explain::text::{plural, thousands};
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::class::BindingMode;
use crate::model::json::Json;
use crate::model::kind::Kind;
use crate::model::quantity::Quantity;
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumePhase};

/// A claim and the volume that it should get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Pair {
    /// The claim.
    pub claim: ClaimKey,
    /// The volume.
    pub volume: Text,
    /// How much of the volume the claim does not ask for.
    pub stranded: Quantity,
    /// Whether the claim was bound to the volume in a copy of the cluster in which the plan was carried out.
    pub binds: bool,
}

/// Claims that cannot all be served: together they could be given fewer volumes than they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Shortage {
    /// The claims.
    pub claims: Vec<ClaimKey>,
    /// Every volume that one of them could be given.
    pub volumes: Vec<Text>,
}

/// The best assignment of the free volumes to the claims that wait.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Plan {
    /// Who should get what, by claim.
    pub pairs: Vec<Pair>,
    /// The claims for which nothing is left.
    pub unserved: Vec<ClaimKey>,
    /// Why not more can be served: for each group of claims that is short of volumes, the proof.
    pub shortages: Vec<Shortage>,
    /// How much would be stranded.
    pub stranded: Quantity,
    /// How many of the claims a run in order serves from these volumes.
    pub in_order: usize,
    /// How much that strands.
    pub stranded_in_order: Quantity,
    /// Patches that reserve the volumes, and name them in claims that would take another one all the same.
    pub reservations: Vec<Step>,
    /// Pods that use several claims of which the scheduler chooses the volumes. All of these must be usable on one node, and
    /// the plan looks at each claim alone; another plan may be better for them.
    pub pods_of_several: Vec<NamespacedName>,
}

impl Plan {
    /// Whether no assignment serves more claims or strands less. It is not known where pods use several claims that wait for
    /// them, or where a pair failed when it was tried.
    pub fn is_exact(&self) -> bool {
        self.pods_of_several.is_empty() && self.pairs.iter().all(|pair| pair.binds)
    }
}

impl Cluster {
    /// The best assignment of free volumes to the claims that wait and whose volumes are not made for them, before the
    /// controllers have run. A claim that waits for a pod gets a volume that can be used on a node where one of its pods
    /// can be; [`Plan::is_exact`] says where that is not all there is to it.
    ///
    /// Cost: that of two runs, of scheduling each pod whose claims wait for it, and in practice n log n for n claims and
    /// volumes.
    ///
    /// ```
    /// use bindery::{AccessMode, Cluster, PersistentVolume, PersistentVolumeClaim};
    ///
    /// let mut cluster = Cluster::default();
    /// let modes = [AccessMode::ReadWriteOnce];
    /// let wide = [AccessMode::ReadWriteOnce, AccessMode::ReadWriteMany];
    /// cluster.create(PersistentVolume::new("narrow", "9Gi".parse()?, modes.clone()))?;
    /// cluster.create(PersistentVolume::new("wide", "5Gi".parse()?, wide.clone()))?;
    /// // A run in order gives the first claim the volume with fewer modes, and none is left for the second.
    /// cluster.create(PersistentVolumeClaim::new("default", "any", "5Gi".parse()?, modes.clone()))?;
    /// cluster.create(PersistentVolumeClaim::new("default", "large", "9Gi".parse()?, modes))?;
    /// let plan = cluster.plan()?;
    /// assert_eq!((plan.pairs.len(), plan.in_order), (2, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`NotQuiet`] where the run in order does not come to rest.
    pub fn plan(&self) -> Result<Plan, NotQuiet> {
        let mut settled = self.fork();
        settled.settle()?;
        let claims: Vec<&PersistentVolumeClaim> = self
            .claims()
            .filter(|claim| claim.status.phase != ClaimPhase::Bound && !made(self, &settled, claim))
            .collect();
        let keys: BTreeSet<ClaimKey> = claims.iter().map(|claim| claim.key()).collect();
        let mut volumes: Vec<PersistentVolume> =
            self.volumes().filter(|volume| is_open(volume, &keys)).map(untaken).collect();
        // Stable, so that of equal volumes the one created first is used.
        volumes.sort_by_key(PersistentVolume::capacity);
        let contenders: Vec<Contender<'_>> = claims.iter().map(|claim| contender(self, claim)).collect();
        let market = market(&contenders, &volumes);
        let assignment = market.best();
        let pair = |(claim, volume): (usize, usize)| Pair {
            claim: claims[claim].key(),
            volume: volumes[volume].metadata.name.clone(),
            stranded: volumes[volume].capacity().minus(&claims[claim].request()),
            binds: false,
        };
        let served = assignment.volume_of.iter().enumerate();
        let mut pairs: Vec<Pair> = served.filter_map(|(claim, volume)| Some(pair((claim, (*volume)?)))).collect();
        pairs.sort_by(|a, b| a.claim.cmp(&b.claim));
        let reservations = self.realise(&mut pairs)?;
        let free: BTreeMap<&Text, &PersistentVolume> =
            volumes.iter().map(|volume| (&volume.metadata.name, volume)).collect();
        let served =
            settled.claims().filter(|claim| claim.status.phase == ClaimPhase::Bound && keys.contains(&claim.key()));
        let in_order: Vec<Quantity> = served
            .filter_map(|claim| Some(free.get(&claim.spec.volume_name)?.capacity().minus(&claim.request())))
            .collect();
        let sum =
            |sizes: &mut dyn Iterator<Item = Quantity>| sizes.fold(Quantity::default(), |sum, size| sum.plus(&size));
        let without = assignment.volume_of.iter().enumerate().filter(|(_, volume)| volume.is_none());
        Ok(Plan {
            stranded: sum(&mut pairs.iter().map(|pair| pair.stranded.clone())),
            in_order: in_order.len(),
            stranded_in_order: sum(&mut in_order.into_iter()),
            reservations,
            unserved: without.map(|(claim, _)| claims[claim].key()).collect(),
            pods_of_several: self.pods_of_several(&contenders),
            shortages: market
                .scarcities(&assignment)
                .into_iter()
                .map(|(short, open)| Shortage {
                    claims: short.into_iter().map(|claim| claims[claim].key()).collect(),
                    volumes: open.into_iter().map(|volume| volumes[volume].metadata.name.clone()).collect(),
                })
                .collect(),
            pairs,
        })
    }
}

impl Cluster {
    /// Patches that realise the pairs, tried in a copy; notes which pairs come so.
    ///
    /// A volume that is reserved is not taken where a free one with fewer access modes suits the claim (`MATCH-3`), so that
    /// claims that take another volume have to name theirs, too.
    fn realise(&self, pairs: &mut [Pair]) -> Result<Vec<Step>, NotQuiet> {
        let mut steps: Vec<Step> = pairs.iter().map(reservation).collect();
        self.try_out(pairs, &steps)?;
        let mut named: BTreeSet<usize> = BTreeSet::new();
        // What those give up that take their own volume may lead others astray, so that in the end all name theirs.
        for round in 0..3 {
            let astray = (0..pairs.len()).filter(|pair| !pairs[*pair].binds);
            let astray: Vec<usize> = if round < 2 { astray.collect() } else { (0..pairs.len()).collect() };
            let more: Vec<usize> = astray.into_iter().filter(|pair| named.insert(*pair)).collect();
            if more.is_empty() || pairs.iter().all(|pair| pair.binds) {
                break;
            }
            steps.extend(more.into_iter().map(|pair| naming(&pairs[pair])));
            self.try_out(pairs, &steps)?;
        }
        Ok(steps)
    }

    fn try_out(&self, pairs: &mut [Pair], steps: &[Step]) -> Result<(), NotQuiet> {
        let mut copy = self.fork();
        for step in steps {
            // A patch that is refused shows in the pair, which does not come so.
            let _ = step.apply(&mut copy);
        }
        copy.settle()?;
        for pair in pairs {
            let claim = copy.claim(&pair.claim.to_string());
            pair.binds = claim
                .is_some_and(|claim| claim.status.phase == ClaimPhase::Bound && claim.spec.volume_name == pair.volume);
        }
        Ok(())
    }

    fn pods_of_several(&self, contenders: &[Contender<'_>]) -> Vec<NamespacedName> {
        let mut claims: BTreeMap<NamespacedName, usize> = BTreeMap::new();
        for contender in contenders.iter().filter(|contender| contender.delayed) {
            for pod in self.pods_of_claim(&contender.claim.key()) {
                *claims.entry(pod.key()).or_default() += 1;
            }
        }
        claims.into_iter().filter(|(_, claims)| *claims > 1).map(|(pod, _)| pod).collect()
    }
}

/// Whether a volume that did not exist before is made for a claim.
fn made(before: &Cluster, settled: &Cluster, claim: &PersistentVolumeClaim) -> bool {
    let after = settled.claim(&claim.key().to_string());
    after.is_some_and(|after| {
        after.status.phase == ClaimPhase::Bound && before.volume(&after.spec.volume_name).is_none()
    })
}

/// Whether a volume could be given to one of the claims.
fn is_open(volume: &PersistentVolume, claims: &BTreeSet<ClaimKey>) -> bool {
    let fresh = matches!(volume.status.phase, VolumePhase::Available | VolumePhase::Pending);
    match &volume.spec.claim_ref {
        None => fresh && !volume.metadata.is_deleting(),
        Some(reference) => fresh && claims.contains(&ClaimKey::new(&reference.namespace, &reference.name)),
    }
}

fn contender<'c>(cluster: &'c Cluster, claim: &'c PersistentVolumeClaim) -> Contender<'c> {
    let class = cluster.class(claim.class_name());
    let delayed = class.is_some_and(|class| class.volume_binding_mode == Some(BindingMode::WaitForFirstConsumer));
    let nodes = if delayed { wanted_nodes(cluster, &claim.key()) } else { Vec::new() };
    Contender { claim, unbound: claim.clone(), delayed, nodes }
}

fn reservation(pair: &Pair) -> Step {
    let (name, namespace) = (text(&pair.claim.name), text(&pair.claim.namespace));
    patch_volume(&pair.volume, spec([("claimRef", Json::object([("name", name), ("namespace", namespace)]))]))
}

/// Has a claim name its volume.
fn naming(pair: &Pair) -> Step {
    let object = Kind::PersistentVolumeClaim.named(pair.claim.to_string());
    Step::Patch { object, patch: spec([("volumeName", text(&pair.volume))]) }
}

/// How many names are told.
const NAMED: usize = 10;

/// The first of some names, and how many more there are.
fn some<T: fmt::Display>(names: &[T]) -> String {
    let told: Vec<String> = names.iter().take(NAMED).map(ToString::to_string).collect();
    match names.len().saturating_sub(NAMED) {
        0 => told.join(", "),
        more => format!("{} and {} more", told.join(", "), thousands(more)),
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.pairs.len() + self.unserved.len();
        write!(f, "{} of {} can be served, ", self.pairs.len(), plural(all, "claim"))?;
        writeln!(
            f,
            "with {} stranded; a run in order serves {} with {} stranded.",
            self.stranded, self.in_order, self.stranded_in_order
        )?;
        for pair in &self.pairs {
            writeln!(f, "  {} gets {}", pair.claim, pair.volume)?;
        }
        for shortage in &self.shortages {
            let Shortage { claims, volumes } = shortage;
            if volumes.is_empty() {
                writeln!(f, "No volume suits {}.", some(claims))?;
            } else {
                let (count, only) = (plural(claims.len(), "claim"), plural(volumes.len(), "volume"));
                writeln!(f, "{count} ({}) have {only} between them ({}).", some(claims), some(volumes))?;
            }
        }
        for pair in self.pairs.iter().filter(|pair| !pair.binds) {
            writeln!(f, "Tried in a copy, {} does not bind to {}.", pair.claim, pair.volume)?;
        }
        if !self.pods_of_several.is_empty() {
            let pods = some(&self.pods_of_several);
            writeln!(
                f,
                "Not exact: the volumes of each of these pods must be usable on one node, and each was chosen alone: {pods}."
            )?;
        }
        if !self.reservations.is_empty() {
            writeln!(f, "\nTo have it so, before the claims are bound:")?;
        }
        self.reservations.iter().try_for_each(|step| writeln!(f, "  {step}"))
    }
}
