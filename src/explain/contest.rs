//! Which claims keep a volume, whatever the order in which claims and volumes are handled.
//!
//! Claims and volumes make a graph: an edge where the rules of matching allow the pair. In every order each claim takes
//! one volume at most, and a claim goes without only if others hold every volume that it could have. How many of them
//! others can hold at once is the size of a maximum matching between the other claims and those volumes. Where that
//! is smaller than their number, as in Hall's theorem, one is always left. The preference for small volumes is not
//! looked at, so that a claim may be safer than is found here, but never less safe.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::explain::assignment::{Market, Member};
use crate::explain::kinds::market;
use crate::matching::Demand;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::node::Node;
use crate::model::volume::{PersistentVolume, VolumePhase};

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
    market: Market,
    /// How large the largest claim of each kind may be for a volume to be left for it in every order.
    safe_up_to: Vec<Option<usize>>,
    /// What was counted for claims of a kind and a size.
    counts: RefCell<FxHashMap<(usize, usize), (usize, usize)>>,
}

impl Contest {
    /// Finds the volumes that each claim could be given. The volumes are as they are before anybody has one of them.
    ///
    /// Cost: that of the market, and for each kind a logarithmic number of searches.
    pub(super) fn new(contenders: &[Contender<'_>], volumes: &[PersistentVolume]) -> Self {
        let market = market(contenders, volumes);
        let mut by_kind: Vec<Vec<usize>> = vec![Vec::new(); market.suits.len()];
        for (number, claim) in market.claims.iter().enumerate() {
            if let Some(kind) = claim.kind.filter(|_| !market.besides.contains_key(&number)) {
                by_kind[kind].push(number);
            }
        }
        // A claim that asks for less can be given whatever one of its kind can that asks for more. If the others could hold
        // all of that at once they could hold the less, too: the one could stand in for the other. So of a kind the
        // small ones are safe, up to some size.
        let safe_up_to = by_kind.iter_mut().map(|claims| {
            claims.sort_by_key(|claim| market.claims[*claim].size);
            claims.dedup_by_key(|claim| market.claims[*claim].size);
            let safe = claims.partition_point(|claim| market.is_left_for(*claim));
            claims[..safe].last().map(|claim| market.claims[*claim].size)
        });
        let safe_up_to = safe_up_to.collect();
        Self { market, safe_up_to, counts: RefCell::default() }
    }

    /// How many volumes a claim could be given, and how many other claims could be given one of these.
    pub(super) fn choices_and_rivals(&self, claim: usize) -> (usize, usize) {
        let count = || (self.market.count_choices(claim), self.market.count_rivals(claim));
        match self.market.claims[claim] {
            Member { kind: Some(kind), size } if !self.market.besides.contains_key(&claim) => {
                *self.counts.borrow_mut().entry((kind, size)).or_insert_with(count)
            }
            Member { .. } => count(),
        }
    }

    /// The claims that could be given what a claim could be given, what these could be given, and so on, with all those
    /// volumes; nothing where they are more than so many claims.
    pub(super) fn circle(&self, claim: usize, most: usize) -> Option<(BTreeSet<usize>, BTreeSet<usize>)> {
        let (mut claims, mut volumes) = (BTreeSet::from([claim]), BTreeSet::new());
        let mut open = vec![claim];
        while let Some(claim) = open.pop() {
            // Counting them costs less than finding them.
            if self.choices_and_rivals(claim).1 >= most {
                return None;
            }
            volumes.extend(self.market.choices(claim));
            open.extend(self.market.rivals(claim).into_iter().filter(|rival| claims.insert(*rival)));
            if claims.len() > most {
                return None;
            }
        }
        Some((claims, volumes))
    }

    /// Whether a volume is left for a claim in every order.
    pub(super) fn is_safe(&self, claim: usize) -> bool {
        match self.market.claims[claim].kind {
            Some(kind) if !self.market.besides.contains_key(&claim) => {
                self.safe_up_to[kind].is_some_and(|size| self.market.claims[claim].size <= size)
            }
            Some(_) | None => self.market.is_left_for(claim),
        }
    }
}

/// The volume that a claim names, if it could be given that.
pub(super) fn named(
    claim: &PersistentVolumeClaim,
    volumes: &[PersistentVolume],
    by_name: &BTreeMap<&str, usize>,
) -> Vec<usize> {
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

/// A volume as it is before anybody has it: what the controllers wrote on it is taken back, what users wrote stays.
pub(super) fn untaken(volume: &PersistentVolume) -> PersistentVolume {
    let mut volume = volume.clone();
    volume.status.phase = VolumePhase::Available;
    volume
}
