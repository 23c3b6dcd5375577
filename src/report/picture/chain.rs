//! What belongs together: pods, the claims that they use, the volumes that these have, name or wait for.
//!
//! A chain is everything that is connected. Most are one claim and its volume; pods that share a claim, and claims that
//! name one volume, make them larger.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::cluster::Cluster;
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::pod::Pod;
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::report::picture::item::{
    Item, SHOWN, cap, claim_item, missing_claim, missing_volume, pod_item, volume_item,
};
use crate::report::picture::label::natural;
use crate::report::picture::tone::{Tone, claim_tone, pod_tone, volume_tone};

/// How a claim and a volume are tied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tie {
    /// Bound to each other.
    Bound,
    /// One of them names the other, and they are not bound.
    Named,
    /// The volume names the claim that had this claim's name before.
    Former,
    /// The claim has lost the volume.
    Broken,
}

/// What is connected.
#[derive(Clone, Debug, Default)]
pub(in crate::report) struct Chain {
    /// What it is drawn below.
    pub(super) heading: String,
    pub(super) pods: Vec<Item>,
    pub(in crate::report) claims: Vec<Item>,
    pub(in crate::report) volumes: Vec<Item>,
    /// Which pod uses which claim, by their places.
    pub(super) uses: BTreeSet<(usize, usize)>,
    /// Which claim is tied to which volume, by their places.
    pub(super) ties: BTreeSet<(usize, usize, Tie)>,
}

impl Chain {
    /// How many boxes are drawn below each other.
    pub(super) fn rows(&self) -> usize {
        self.pods.len().max(self.claims.len()).max(self.volumes.len())
    }

    /// Whether it is one box that stands for one object.
    pub(super) fn is_single(&self) -> bool {
        let mut items = self.items();
        items.next().is_some_and(|item| item.object.is_some()) && items.next().is_none()
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.pods.iter().chain(&self.claims).chain(&self.volumes)
    }
}

/// A chain as it is found: the objects that are connected, and the names of those that are missing.
#[derive(Default)]
pub(super) struct Found<'c> {
    pub(super) pods: Vec<&'c Pod>,
    pub(super) claims: Vec<&'c PersistentVolumeClaim>,
    pub(super) volumes: Vec<&'c PersistentVolume>,
    missing_claims: Vec<ClaimKey>,
    missing_volumes: Vec<Text>,
    /// The workload of its first pod.
    owner: String,
}

impl Found<'_> {
    /// How the worst of it is.
    pub(super) fn tone(&self) -> Tone {
        let missing = !self.missing_claims.is_empty() || !self.missing_volumes.is_empty();
        let tones = self.claims.iter().map(|claim| claim_tone(&claim.status.phase));
        let tones = tones.chain(self.pods.iter().map(|pod| pod_tone(pod)));
        let tones = tones.chain(self.volumes.iter().map(|volume| volume_tone(&volume.status.phase)));
        tones.chain(missing.then_some(Tone::Bad)).min().unwrap_or(Tone::Plain)
    }

    /// Whether it is volumes only.
    pub(super) fn is_alone(&self) -> bool {
        self.pods.is_empty() && self.claims.is_empty() && self.missing_claims.is_empty()
    }

    /// Whether it is one object that nothing is tied to.
    pub(super) fn is_single(&self) -> bool {
        let missing = self.missing_claims.len() + self.missing_volumes.len();
        self.pods.len() + self.claims.len() + self.volumes.len() + missing == 1
    }

    pub(super) fn rows(&self) -> usize {
        let claims = self.claims.len() + self.missing_claims.len();
        let volumes = self.volumes.len() + self.missing_volumes.len();
        self.pods.len().max(claims).max(volumes).min(SHOWN + 1)
    }

    fn namespace(&self) -> &str {
        let claim = self.claims.first().map(|claim| &claim.metadata.namespace);
        let pod = self.pods.first().map(|pod| &pod.metadata.namespace);
        pod.or(claim).map_or("", |namespace| namespace)
    }

    pub(super) fn heading(&self) -> String {
        match (self.is_alone(), self.owner.as_str(), self.pods.is_empty()) {
            (true, ..) => "Volumes without a claim".to_owned(),
            (false, "", true) if self.is_single() => {
                format!("Namespace {}: claims without pods and volumes", self.namespace())
            }
            (false, "", true) => format!("Namespace {}: claims without pods", self.namespace()),
            (false, "", false) => format!("Namespace {}: pods of their own", self.namespace()),
            (false, owner, _) => format!("Namespace {}: {owner}", self.namespace()),
        }
    }

    /// Where it stands among others of its heading.
    pub(super) fn place(&self) -> impl Ord + use<> {
        let pod = self.pods.first().map(|pod| pod.metadata.name.clone());
        let claim = self.claims.first().map(|claim| claim.metadata.name.clone());
        let volume = self.volumes.first().map(|volume| volume.metadata.name.clone());
        natural(&pod.or(claim).or(volume).unwrap_or_default())
    }
}

/// Everything that is connected, in no particular order, and the number of pods that use no claim.
pub(super) fn find(cluster: &Cluster) -> (Vec<Found<'_>>, usize) {
    let volumes: Vec<&PersistentVolume> = cluster.volumes().collect();
    let claims: Vec<&PersistentVolumeClaim> = cluster.claims().collect();
    let mut others = 0;
    let pods: Vec<(&Pod, Vec<ClaimKey>)> = cluster
        .pods()
        .map(|pod| (pod, pod.claim_keys().collect::<Vec<_>>()))
        .filter(|(_, claims)| {
            others += usize::from(claims.is_empty());
            !claims.is_empty()
        })
        .collect();
    let mut sets = Sets::new(volumes.len() + claims.len() + pods.len());
    let by_name: FxHashMap<&str, usize> =
        volumes.iter().enumerate().map(|(place, volume)| (&*volume.metadata.name, place)).collect();
    let first_claim = volumes.len();
    let by_key: FxHashMap<ClaimKey, usize> =
        claims.iter().enumerate().map(|(place, claim)| (claim.key(), first_claim + place)).collect();
    for (place, claim) in claims.iter().enumerate() {
        if let Some(volume) = by_name.get(&*claim.spec.volume_name) {
            sets.join(first_claim + place, *volume);
        }
    }
    for (place, volume) in volumes.iter().enumerate() {
        let named = volume.spec.claim_ref.as_ref().and_then(|reference| by_key.get(&reference.key()));
        if let Some(claim) = named {
            sets.join(place, *claim);
        }
    }
    let first_pod = first_claim + claims.len();
    // Pods that wait for the same missing claim belong together, too.
    let mut missing: BTreeMap<&ClaimKey, usize> = BTreeMap::new();
    for (place, (_, keys)) in pods.iter().enumerate() {
        for key in keys {
            let other = by_key.get(key).copied();
            sets.join(first_pod + place, other.unwrap_or_else(|| *missing.entry(key).or_insert(first_pod + place)));
        }
    }
    let mut found: BTreeMap<usize, Found<'_>> = BTreeMap::new();
    for (place, volume) in volumes.iter().enumerate() {
        found.entry(sets.root(place)).or_default().volumes.push(volume);
    }
    for (place, claim) in claims.iter().enumerate() {
        let set = found.entry(sets.root(first_claim + place)).or_default();
        set.claims.push(claim);
        let name = &claim.spec.volume_name;
        if !name.is_empty() && !by_name.contains_key(&**name) && !set.missing_volumes.contains(name) {
            set.missing_volumes.push(name.clone());
        }
    }
    for (place, (pod, keys)) in pods.iter().enumerate() {
        let set = found.entry(sets.root(first_pod + place)).or_default();
        if set.pods.is_empty() {
            set.owner = owner(cluster, pod);
        }
        set.pods.push(pod);
        for key in keys.iter().filter(|key| !by_key.contains_key(key)) {
            if !set.missing_claims.contains(key) {
                set.missing_claims.push(key.clone());
            }
        }
    }
    (found.into_values().collect(), others)
}

/// The workload of a pod: that of its ReplicaSet, where it has one.
fn owner(cluster: &Cluster, pod: &Pod) -> String {
    let Some(owner) = pod.metadata.controller() else {
        return String::new();
    };
    let name = format!("{}/{}", pod.metadata.namespace, owner.name);
    let above = cluster.replica_set(&name).filter(|_| owner.kind == "ReplicaSet");
    let owner = above.and_then(|set| set.metadata.controller()).unwrap_or(owner);
    format!("{} {}", owner.kind, owner.name)
}

/// Sets that are joined, each known by its lowest member.
struct Sets(Vec<usize>);

impl Sets {
    fn new(members: usize) -> Self {
        Self((0..members).collect())
    }

    fn root(&mut self, mut member: usize) -> usize {
        while self.0[member] != member {
            self.0[member] = self.0[self.0[member]];
            member = self.0[member];
        }
        member
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }
}

impl Found<'_> {
    /// What is drawn of it.
    pub(super) fn chain(mut self) -> Chain {
        self.pods.sort_by_cached_key(|pod| (pod_tone(pod), natural(&pod.metadata.name)));
        // A claim stands beside its first pod, a volume beside its first claim, so that few lines cross.
        let mut beside: FxHashMap<ClaimKey, usize> = FxHashMap::default();
        for (place, pod) in self.pods.iter().enumerate() {
            for key in pod.claim_keys() {
                beside.entry(key).or_insert(place);
            }
        }
        self.claims.sort_by_cached_key(|claim| {
            let key = claim.key();
            let place = beside.get(&key).copied().unwrap_or(usize::MAX);
            (place, claim_tone(&claim.status.phase), natural(&key.to_string()))
        });
        let places: FxHashMap<ClaimKey, usize> =
            self.claims.iter().enumerate().map(|(place, claim)| (claim.key(), place)).collect();
        let named: FxHashMap<&str, usize> =
            self.claims.iter().enumerate().rev().map(|(place, claim)| (&*claim.spec.volume_name, place)).collect();
        self.volumes.sort_by_cached_key(|volume| {
            let by_claim = named.get(&*volume.metadata.name);
            let of_claim = || volume.spec.claim_ref.as_ref().and_then(|reference| places.get(&reference.key()));
            let place = by_claim.or_else(of_claim).copied().unwrap_or(usize::MAX);
            (place, natural(&volume.metadata.name))
        });
        let home = self.namespace().to_owned();
        let mut chain = Chain { heading: self.heading(), ..Chain::default() };
        chain.pods = self.pods.iter().map(|pod| pod_item(pod)).collect();
        chain.claims = self.claims.iter().map(|claim| claim_item(claim, &home)).collect();
        chain.claims.extend(self.missing_claims.iter().map(missing_claim));
        chain.volumes = self.volumes.iter().map(|volume| volume_item(volume, self.is_alone())).collect();
        chain.volumes.extend(self.missing_volumes.iter().map(missing_volume));
        chain.uses = self.uses();
        chain.ties = self.ties();
        cap(&mut chain.pods, "pod");
        cap(&mut chain.claims, "claim");
        cap(&mut chain.volumes, "volume");
        chain
    }

    fn uses(&self) -> BTreeSet<(usize, usize)> {
        let known = self.claims.iter().map(|claim| claim.key()).chain(self.missing_claims.iter().cloned());
        let places: FxHashMap<ClaimKey, usize> = known.enumerate().map(|(place, key)| (key, place)).collect();
        let pods = self.pods.iter().enumerate();
        let uses = pods.flat_map(|(place, pod)| pod.claim_keys().map(move |key| (place, key)));
        uses.filter_map(|(pod, key)| Some((pod.min(SHOWN), (*places.get(&key)?).min(SHOWN)))).collect()
    }

    fn ties(&self) -> BTreeSet<(usize, usize, Tie)> {
        let names: FxHashMap<&str, usize> = self
            .volumes
            .iter()
            .map(|volume| &volume.metadata.name)
            .chain(&self.missing_volumes)
            .enumerate()
            .map(|(place, name)| (&**name, place))
            .collect();
        let claims: FxHashMap<ClaimKey, usize> =
            self.claims.iter().enumerate().map(|(place, claim)| (claim.key(), place)).collect();
        let mut pairs: BTreeSet<(usize, usize)> = BTreeSet::new();
        for (place, claim) in self.claims.iter().enumerate() {
            pairs.extend(names.get(&*claim.spec.volume_name).map(|volume| (place, *volume)));
        }
        for (place, volume) in self.volumes.iter().enumerate() {
            let claim = volume.spec.claim_ref.as_ref().and_then(|reference| claims.get(&reference.key()));
            pairs.extend(claim.map(|claim| (*claim, place)));
        }
        let tied = pairs.into_iter().map(|(claim, volume)| {
            let tie = tie(self.claims[claim], self.volumes.get(volume).copied());
            (claim.min(SHOWN), volume.min(SHOWN), tie)
        });
        tied.collect()
    }
}

fn tie(claim: &PersistentVolumeClaim, volume: Option<&PersistentVolume>) -> Tie {
    let lost = claim.status.phase == ClaimPhase::Lost;
    let Some(volume) = volume else {
        return if lost { Tie::Broken } else { Tie::Named };
    };
    let names = claim.spec.volume_name == volume.metadata.name;
    let reference = volume.spec.claim_ref.as_ref().filter(|reference| reference.key() == claim.key());
    let same = reference.is_some_and(|reference| reference.uid == claim.metadata.uid);
    let other = reference.is_some_and(|reference| !reference.uid.is_empty()) && !same;
    match (names, same, claim.status.phase == ClaimPhase::Bound) {
        (true, true, true) => Tie::Bound,
        (true, ..) if lost => Tie::Broken,
        (false, ..) if other => Tie::Former,
        _ => Tie::Named,
    }
}
