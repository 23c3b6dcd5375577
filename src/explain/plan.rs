//! The best that could be made of the free volumes: as many claims as possible, with as little capacity as possible.
//!
//! A maximum matching between the claims that wait and the volumes that they could be given. Volumes are tried from the
//! smallest on, and one that has a claim never loses it again; the sets of volumes that can be used at once are a
//! matroid, so that this greedy order uses the least capacity of all maximum matchings.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::cluster::{Cluster, NotQuiet};
use crate::explain::contest::{Contender, Contest, untaken};
use crate::explain::edit::Step;
use crate::explain::patch::{patch_volume, spec, text};
use crate::explain::text::plural;
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::class::BindingMode;
use crate::model::json::Json;
use crate::model::quantity::Quantity;
use crate::model::reference::ClaimKey;
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
    /// Patches that reserve the volumes, so that it comes so.
    pub reservations: Vec<Step>,
}

impl Cluster {
    /// The best assignment of free volumes to the claims that wait and whose volumes are not made for them, before the
    /// controllers have run. Where a volume can be used is not looked at for claims that wait for a pod.
    ///
    /// Cost: that of a run, and claims times the pairs that fit.
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
        let contest = Contest::new(&contenders, &volumes);
        let matching = Matching::best(&contest);
        let pair = |(claim, volume): (usize, usize)| Pair {
            claim: claims[claim].key(),
            volume: volumes[volume].metadata.name.clone(),
            stranded: volumes[volume].capacity().minus(&claims[claim].request()),
        };
        let mut pairs: Vec<Pair> = matching.pairs().map(pair).collect();
        pairs.sort_by(|a, b| a.claim.cmp(&b.claim));
        let free: BTreeMap<&Text, &PersistentVolume> =
            volumes.iter().map(|volume| (&volume.metadata.name, volume)).collect();
        let served =
            settled.claims().filter(|claim| claim.status.phase == ClaimPhase::Bound && keys.contains(&claim.key()));
        let in_order: Vec<Quantity> = served
            .filter_map(|claim| Some(free.get(&claim.spec.volume_name)?.capacity().minus(&claim.request())))
            .collect();
        let sum =
            |sizes: &mut dyn Iterator<Item = Quantity>| sizes.fold(Quantity::default(), |sum, size| sum.plus(&size));
        Ok(Plan {
            stranded: sum(&mut pairs.iter().map(|pair| pair.stranded.clone())),
            in_order: in_order.len(),
            stranded_in_order: sum(&mut in_order.into_iter()),
            reservations: pairs.iter().map(reservation).collect(),
            unserved: matching.unserved().map(|claim| claims[claim].key()).collect(),
            shortages: matching
                .shortages(&contest)
                .map(|(short, open)| Shortage {
                    claims: short.into_iter().map(|claim| claims[claim].key()).collect(),
                    volumes: open.into_iter().map(|volume| volumes[volume].metadata.name.clone()).collect(),
                })
                .collect(),
            pairs,
        })
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
    Contender { claim, unbound: claim.clone(), delayed, nodes: Vec::new() }
}

fn reservation(pair: &Pair) -> Step {
    let (name, namespace) = (text(&pair.claim.name), text(&pair.claim.namespace));
    patch_volume(&pair.volume, spec([("claimRef", Json::object([("name", name), ("namespace", namespace)]))]))
}

/// Claims with volumes, each with one at most.
struct Matching {
    volume_of: Vec<Option<usize>>,
    claim_of: Vec<Option<usize>>,
}

impl Matching {
    /// A maximum matching that uses the volumes that come first.
    fn best(contest: &Contest) -> Self {
        let (claims, volumes) = contest.len();
        let mut matching = Self { volume_of: vec![None; claims], claim_of: vec![None; volumes] };
        for volume in 0..volumes {
            matching.find_claim(volume, contest);
        }
        matching
    }

    /// Finds a claim for a volume, moving others to other volumes; breadth first, without recursion.
    fn find_claim(&mut self, volume: usize, contest: &Contest) {
        // The volume from which each claim was reached.
        let mut reached: BTreeMap<usize, usize> = BTreeMap::new();
        let mut open = std::collections::VecDeque::from([volume]);
        while let Some(from) = open.pop_front() {
            for claim in contest.takers_of(from) {
                if reached.contains_key(claim) {
                    continue;
                }
                reached.insert(*claim, from);
                match self.volume_of[*claim] {
                    Some(held) => open.push_back(held),
                    None => return self.shift(*claim, volume, &reached),
                }
            }
        }
    }

    /// Gives each claim on the way the volume from which it was reached.
    fn shift(&mut self, mut claim: usize, start: usize, reached: &BTreeMap<usize, usize>) {
        loop {
            let from = reached[&claim];
            let next = self.claim_of[from];
            self.claim_of[from] = Some(claim);
            self.volume_of[claim] = Some(from);
            match next {
                Some(moved) if from != start => claim = moved,
                Some(_) | None => return,
            }
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        self.volume_of.iter().enumerate().filter_map(|(claim, volume)| Some((claim, (*volume)?)))
    }

    fn unserved(&self) -> impl Iterator<Item = usize> {
        self.volume_of.iter().enumerate().filter(|(_, volume)| volume.is_none()).map(|(claim, _)| claim)
    }

    /// Groups of claims that together could be given fewer volumes than they are, one for each part of the graph.
    fn shortages(&self, contest: &Contest) -> impl Iterator<Item = (Vec<usize>, Vec<usize>)> {
        let mut told: BTreeSet<usize> = BTreeSet::new();
        let unserved: Vec<usize> = self.unserved().collect();
        let mut found = Vec::new();
        for start in unserved {
            if told.contains(&start) {
                continue;
            }
            // What can be reached from a claim without a volume is held by claims that can be reached, too.
            let (mut claims, mut volumes) = (BTreeSet::from([start]), BTreeSet::new());
            let mut open = vec![start];
            while let Some(claim) = open.pop() {
                for volume in contest.choices_of(claim) {
                    if volumes.insert(*volume)
                        && let Some(holder) = self.claim_of[*volume].filter(|holder| claims.insert(*holder))
                    {
                        open.push(holder);
                    }
                }
            }
            let others = self
                .unserved()
                .filter(|other| contest.choices_of(*other).iter().all(|volume| volumes.contains(volume)));
            claims.extend(others.filter(|_| !volumes.is_empty()));
            told.extend(&claims);
            found.push((claims.into_iter().collect(), volumes.into_iter().collect()));
        }
        found.into_iter()
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
            let claims: Vec<String> = shortage.claims.iter().map(ToString::to_string).collect();
            let volumes: Vec<&str> = shortage.volumes.iter().map(AsRef::as_ref).collect();
            let (count, claims) = (plural(shortage.claims.len(), "claim"), claims.join(", "));
            if volumes.is_empty() {
                writeln!(f, "No volume suits {claims}.")?;
            } else {
                let only = plural(volumes.len(), "volume");
                writeln!(f, "{count} ({claims}) have {only} between them ({}).", volumes.join(", "))?;
            }
        }
        if !self.reservations.is_empty() {
            writeln!(f, "\nTo have it so, before the claims are bound:")?;
        }
        self.reservations.iter().try_for_each(|step| writeln!(f, "  {step}"))
    }
}
