//! Which claims keep a volume, whatever the order in which claims and volumes are handled.
//!
//! Claims and volumes make a graph: an edge where the rules of matching allow the pair. In every order each claim takes
//! one volume at most, and a claim goes without only if others hold every volume that it could have. How many of them
//! others can hold at once is the size of a maximum matching between the other claims and those volumes. Where that
//! is smaller than their number, as in Hall's theorem, one is always left. The preference for small volumes is not
//! looked at, so that a claim may be safer than is found here, but never less safe.

use std::collections::BTreeMap;

use crate::explain::weigh::Judge;
use crate::matching::Demand;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::node::Node;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumePhase};

/// Above this product of claims and volumes a contest is not decided, and its claims count as unsafe.
const LARGEST: usize = 4_000_000;

/// A claim that takes part: what it asks for, and where.
pub(super) struct Contender<'c> {
    pub(super) claim: &'c PersistentVolumeClaim,
    /// The same before it had a volume.
    pub(super) unbound: PersistentVolumeClaim,
    /// Whether the scheduler chooses its volume.
    pub(super) delayed: bool,
    /// The nodes of its pods, for one whose volume the scheduler chooses; none for anywhere.
    pub(super) nodes: Vec<&'c Node>,
}

/// Claims and the volumes that each could be given.
pub(super) struct Contest {
    /// The numbers of the volumes of each claim.
    choices: Vec<Vec<usize>>,
    /// The claims that could be given each volume.
    takers: Vec<Vec<usize>>,
    names: Vec<Text>,
}

/// What claims of the same kind have in common: they could be given the same volumes.
type Signature<'c> = (&'c str, &'c str, &'c str, usize, String, String, bool, Vec<&'c str>);

impl Contest {
    /// Finds the volumes that each claim could be given. The volumes are as they are before anybody has one of them.
    pub(super) fn new(contenders: &[Contender<'_>], volumes: &[PersistentVolume]) -> Self {
        let mut free_by_class: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut by_claim: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
        for (number, volume) in volumes.iter().enumerate() {
            by_name.insert(&volume.metadata.name, number);
            match &volume.spec.claim_ref {
                Some(reference) => {
                    by_claim.entry((&*reference.namespace, &*reference.name)).or_default().push(number);
                }
                None => free_by_class.entry(volume.class_name()).or_default().push(number),
            }
        }
        let mut known: BTreeMap<Signature<'_>, Vec<usize>> = BTreeMap::new();
        let mut choices = Vec::new();
        for contender in contenders {
            let claim = &contender.unbound;
            let Ok(demand) = Demand::of(claim, false) else {
                choices.push(Vec::new());
                continue;
            };
            let judge = if contender.delayed { Judge::Scheduler(&contender.nodes) } else { Judge::Controller };
            let suits = |number: &usize| judge.objections(&volumes[*number], &demand).is_empty();
            if !claim.spec.volume_name.is_empty() {
                choices.push(named(claim, volumes, &by_name));
                continue;
            }
            let class = claim.class_name();
            let find = || {
                let free = free_by_class.get(class).into_iter().flatten().copied();
                free.filter(suits).collect::<Vec<usize>>()
            };
            let mut found = known.entry(signature(contender)).or_insert_with(find).clone();
            let key = (&*claim.metadata.namespace, &*claim.metadata.name);
            found.extend(by_claim.get(&key).into_iter().flatten().copied().filter(suits));
            choices.push(found);
        }
        let mut takers = vec![Vec::new(); volumes.len()];
        for (claim, volumes) in choices.iter().enumerate() {
            for volume in volumes {
                takers[*volume].push(claim);
            }
        }
        let names = volumes.iter().map(|volume| volume.metadata.name.clone()).collect();
        Self { choices, takers, names }
    }

    /// The volumes that a claim could be given.
    pub(super) fn volumes_of(&self, claim: usize) -> impl Iterator<Item = &Text> {
        self.choices[claim].iter().map(|volume| &self.names[*volume])
    }

    /// How many claims and volumes there are.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.choices.len(), self.takers.len())
    }

    /// The numbers of the volumes that a claim could be given.
    pub(super) fn choices_of(&self, claim: usize) -> &[usize] {
        &self.choices[claim]
    }

    /// The numbers of the claims that could be given a volume.
    pub(super) fn takers_of(&self, volume: usize) -> &[usize] {
        &self.takers[volume]
    }

    /// How many other claims could be given one of the volumes of a claim.
    pub(super) fn rivals(&self, claim: usize) -> usize {
        self.rivals_of(claim).len()
    }

    fn rivals_of(&self, claim: usize) -> Vec<usize> {
        let takers = self.choices[claim].iter().flat_map(|volume| &self.takers[*volume]);
        let mut rivals: Vec<usize> = takers.copied().filter(|other| *other != claim).collect();
        rivals.sort_unstable();
        rivals.dedup();
        rivals
    }

    /// Whether a volume is left for a claim in every order.
    pub(super) fn is_safe(&self, claim: usize) -> bool {
        let volumes = &self.choices[claim];
        if volumes.iter().any(|volume| self.takers[*volume].len() == 1) {
            return true;
        }
        let rivals = self.rivals_of(claim);
        if rivals.len() < volumes.len() {
            return true;
        }
        if volumes.is_empty() || rivals.len().saturating_mul(volumes.len()) > LARGEST {
            return false;
        }
        self.held_at_once(&rivals, volumes) < volumes.len()
    }

    /// The largest number of these volumes that these claims can hold at once: augmenting paths, one for each claim.
    fn held_at_once(&self, claims: &[usize], volumes: &[usize]) -> usize {
        let wanted: BTreeMap<usize, usize> =
            volumes.iter().enumerate().map(|(place, volume)| (*volume, place)).collect();
        let edges: Vec<Vec<usize>> = claims
            .iter()
            .map(|claim| self.choices[*claim].iter().filter_map(|volume| wanted.get(volume).copied()).collect())
            .collect();
        let mut holder: Vec<Option<usize>> = vec![None; volumes.len()];
        let mut held = 0;
        for claim in 0..claims.len() {
            let mut seen = vec![false; volumes.len()];
            held += usize::from(augment(claim, &edges, &mut holder, &mut seen));
            if held == volumes.len() {
                break;
            }
        }
        held
    }
}

/// Finds a volume for a claim by moving others, with a stack of its own because chains may be long.
fn augment(claim: usize, edges: &[Vec<usize>], holder: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    // Each frame is a claim and how many of its volumes were tried; `path` holds the volume that led to the next frame.
    let mut frames = vec![(claim, 0)];
    let mut path: Vec<usize> = Vec::new();
    while let Some((claim, tried)) = frames.last_mut() {
        let Some(volume) = edges[*claim].get(*tried).copied() else {
            frames.pop();
            path.pop();
            continue;
        };
        *tried += 1;
        if std::mem::replace(&mut seen[volume], true) {
            continue;
        }
        path.push(volume);
        if let Some(other) = holder[volume] {
            frames.push((other, 0));
            continue;
        }
        for ((claim, _), volume) in frames.iter().zip(&path) {
            holder[*volume] = Some(*claim);
        }
        return true;
    }
    false
}

/// The volume that a claim names, if it could be given that.
fn named(claim: &PersistentVolumeClaim, volumes: &[PersistentVolume], by_name: &BTreeMap<&str, usize>) -> Vec<usize> {
    let Some(number) = by_name.get(&*claim.spec.volume_name).copied() else {
        return Vec::new();
    };
    let volume = &volumes[number];
    let suits = if let Some(reference) = &volume.spec.claim_ref {
        claim.is_designated_by(reference)
    } else {
        let demand = Demand { claim, request: claim.request(), predicate: None, delayed: false };
        crate::matching::mismatches(volume, &demand, crate::matching::REQUESTED).next().is_none()
    };
    if suits { vec![number] } else { Vec::new() }
}

fn signature<'c>(contender: &'c Contender<'_>) -> Signature<'c> {
    let claim = &contender.unbound;
    let selector = claim.spec.selector.as_deref().map(|selector| format!("{selector:?}")).unwrap_or_default();
    (
        claim.class_name(),
        claim.attributes_class(),
        claim.spec.volume_mode.as_str(),
        claim.spec.access_modes.set().index(),
        claim.request().to_string(),
        selector,
        contender.delayed,
        contender.nodes.iter().map(|node| &*node.metadata.name).collect(),
    )
}

/// A volume as it is before anybody has it: what the controllers wrote on it is taken back, what users wrote stays.
pub(super) fn untaken(volume: &PersistentVolume) -> PersistentVolume {
    let mut volume = volume.clone();
    volume.status.phase = VolumePhase::Available;
    volume
}
