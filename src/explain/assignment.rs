//! Who gets what, so that as many as possible are served with as little left over as possible.
//!
//! Claims and volumes are of kinds; a claim of one kind can be given a volume of another if the kinds suit and the volume is
//! large enough. So nobody has to write down who suits whom one by one: sorted by size, what suits is the beginning of a list
//! for each kind. A few pairs stand outside of the kinds, such as a volume that is reserved.
//!
//! 1. The volumes that can be used at once are a matroid: taken from the smallest on, each that can be used beside
//!    those before it, they are the least capacity that serves as many claims as can be served.
//! 2. The claims that can be served at once are a matroid, too: the largest ones that these volumes can serve are the most
//!    that can be asked of them. That one assignment has both is the theorem of Mendelsohn and Dulmage.

mod search;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::explain::assignment::search::Search;

/// A claim or a volume.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// Its kind; none for one that only has pairs of its own.
    pub(super) kind: Option<usize>,
    /// Its size, as its place among all sizes.
    pub(super) size: usize,
}

/// Claims and volumes, and who suits whom.
#[derive(Clone, Debug, Default)]
pub(super) struct Market {
    pub(super) claims: Vec<Member>,
    pub(super) volumes: Vec<Member>,
    /// The kinds of volumes that suit each kind of claims.
    pub(super) suits: Vec<Vec<usize>>,
    /// The volumes that a claim can be given besides, whatever their size.
    pub(super) besides: BTreeMap<usize, Vec<usize>>,
    /// The kinds of claims that each kind of volumes suits.
    suited: Vec<Vec<usize>>,
    /// Sizes and numbers of the claims and of the volumes of each kind, sorted.
    claims_of: Vec<Vec<(usize, usize)>>,
    volumes_of: Vec<Vec<(usize, usize)>>,
}

/// Claims with volumes, each with one at most.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    /// The volume of each claim.
    pub(super) volume_of: Vec<Option<usize>>,
    /// The claim of each volume.
    claim_of: Vec<Option<usize>>,
}

/// Claims that together can be given fewer volumes than they are; both sorted.
pub(super) type Scarcity = (Vec<usize>, Vec<usize>);

impl Market {
    /// The largest number of pairs, of these those with the least capacity, of these those that ask for the most. Of
    /// equals the earlier ones are used.
    pub(super) fn best(&self) -> Assignment {
        let mut search = self.search_by_volumes(0..self.claims.len());
        let mut volumes: Vec<usize> = (0..self.volumes.len()).collect();
        volumes.sort_by_key(|volume| self.volumes[*volume].size);
        for volume in volumes {
            search.serve(volume);
        }
        let used: Vec<bool> = search.partner.iter().map(Option::is_some).collect();
        let mut search = self.search_by_claims(|volume| used[volume]);
        let mut claims: Vec<usize> = (0..self.claims.len()).collect();
        claims.sort_by_key(|claim| Reverse(self.claims[*claim].size));
        for claim in claims {
            search.serve(claim);
        }
        Assignment { volume_of: search.partner, claim_of: search.holder }
    }

    /// Why no more claims are served: those that go without, those that hold what they could have, and so on, apart
    /// where they have nothing to do with each other. Claims that nothing suits stand together, without volumes.
    pub(super) fn scarcities(&self, assignment: &Assignment) -> Vec<Scarcity> {
        let mut search = self.search_by_claims(|_| true);
        search.partner.clone_from(&assignment.volume_of);
        search.holder.clone_from(&assignment.claim_of);
        // The group of each claim is that of the claim from which it was reached; groups that meet are one.
        let mut groups = Groups((0..self.claims.len()).collect());
        let mut reached: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut hopeless = Vec::new();
        let without = assignment.volume_of.iter().enumerate().filter(|(_, volume)| volume.is_none());
        for (start, _) in without {
            if !search.has_any(start) {
                hopeless.push(start);
                continue;
            }
            let mut open = vec![start];
            while let Some(claim) = open.pop() {
                reached.entry(claim).or_default();
                // What was seen of a list before is of one group, so that its first stands for all.
                let fresh = |(list, end): (usize, usize)| {
                    let volumes = &search.lists[list][..end];
                    volumes.iter().take(1).chain(&volumes[search.seen[list].min(end)..])
                };
                let listed = search.ranges(claim).flat_map(fresh).map(|(_, Reverse(volume))| *volume);
                let known: Vec<usize> = listed.chain(search.besides[claim].iter().copied()).collect();
                let unseen = search.unseen(claim);
                for holder in known.iter().filter_map(|volume| search.holder[*volume]) {
                    groups.join(claim, holder);
                }
                for volume in unseen {
                    if let Some(holder) = search.holder[volume] {
                        reached.entry(holder).or_default().insert(volume);
                        open.push(holder);
                    }
                }
            }
        }
        let mut found: BTreeMap<usize, Scarcity> = BTreeMap::new();
        for (claim, volumes) in reached {
            let (claims, held) = found.entry(groups.of(claim)).or_default();
            claims.push(claim);
            held.extend(volumes);
        }
        let mut scarcities: Vec<Scarcity> = found.into_values().collect();
        for (_, volumes) in &mut scarcities {
            volumes.sort_unstable();
        }
        if !hopeless.is_empty() {
            scarcities.push((hopeless, Vec::new()));
        }
        scarcities
    }

    /// Who suits whom: claims and volumes, the kinds of volumes that suit each kind of claims, and the pairs beside these.
    pub(super) fn new(
        claims: Vec<Member>,
        volumes: Vec<Member>,
        suits: Vec<Vec<usize>>,
        besides: BTreeMap<usize, Vec<usize>>,
    ) -> Self {
        let kinds = suits.iter().flatten().copied().chain(volumes.iter().filter_map(|volume| volume.kind)).max();
        let mut suited = vec![Vec::new(); kinds.map_or(0, |last| last + 1)];
        for (kind, volumes) in suits.iter().enumerate() {
            for volume in volumes {
                suited[*volume].push(kind);
            }
        }
        let by_kind = |members: &[Member], kinds: usize| {
            let mut lists: Vec<Vec<(usize, usize)>> = vec![Vec::new(); kinds];
            for (number, member) in members.iter().enumerate() {
                if let Some(kind) = member.kind {
                    lists[kind].push((member.size, number));
                }
            }
            for list in &mut lists {
                list.sort_unstable();
            }
            lists
        };
        let claims_of = by_kind(&claims, suits.len());
        let volumes_of = by_kind(&volumes, suited.len());
        Self { claims, volumes, suits, besides, suited, claims_of, volumes_of }
    }

    /// The volumes that a claim can be given, sorted.
    pub(super) fn choices(&self, claim: usize) -> Vec<usize> {
        let Member { kind, size } = self.claims[claim];
        let kinds = kind.map_or(&[][..], |kind| &self.suits[kind]);
        let large = |kind: &usize| {
            let list = &self.volumes_of[*kind];
            &list[list.partition_point(|(held, _)| *held < size)..]
        };
        let volumes = kinds.iter().flat_map(large).map(|(_, number)| *number);
        let mut all: Vec<usize> = volumes.chain(self.besides.get(&claim).into_iter().flatten().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// How many volumes a claim can be given. Cost: logarithmic for each kind that suits.
    pub(super) fn count_choices(&self, claim: usize) -> usize {
        let Member { kind, size } = self.claims[claim];
        let kinds = kind.map_or(&[][..], |kind| &self.suits[kind]).iter();
        let large = |kind: &usize| {
            let list = &self.volumes_of[*kind];
            list.len() - list.partition_point(|(held, _)| *held < size)
        };
        let besides = self.besides.get(&claim).into_iter().flatten();
        kinds.map(large).sum::<usize>() + besides.filter(|volume| !self.suits_by_kind(claim, **volume)).count()
    }

    /// Whether a volume suits a claim by kind and size.
    fn suits_by_kind(&self, claim: usize, volume: usize) -> bool {
        let (asks, offers) = (self.claims[claim], self.volumes[volume]);
        let kinds = asks.kind.zip(offers.kind);
        offers.size >= asks.size && kinds.is_some_and(|(asks, offers)| self.suits[asks].contains(&offers))
    }

    fn suits_besides(&self, claim: usize, volume: usize) -> bool {
        self.besides.get(&claim).is_some_and(|volumes| volumes.contains(&volume))
    }

    /// For each kind of claims the size from which on none can be given, by its kind, one of the volumes of a claim.
    fn limits_of_rivals(&self, claim: usize) -> Vec<usize> {
        // The largest volume of each kind decides which claims can be given one of them.
        let Member { kind, size } = self.claims[claim];
        let kinds = kind.map_or(&[][..], |kind| &self.suits[kind]).iter();
        let largest = kinds.filter_map(|kind| Some((*kind, self.volumes_of[*kind].last()?.0)));
        let besides = self.besides.get(&claim).into_iter().flatten().map(|volume| self.volumes[*volume]);
        let besides = besides.filter_map(|volume| Some((volume.kind?, volume.size)));
        let mut limits = vec![0; self.claims_of.len()];
        for (kind, size) in largest.filter(|(_, largest)| *largest >= size).chain(besides) {
            for takers in &self.suited[kind] {
                limits[*takers] = limits[*takers].max(size + 1);
            }
        }
        limits
    }

    /// The claims, by their beginnings in the lists of their kinds, that are smaller than these limits.
    fn within<'m>(&'m self, limits: &'m [usize]) -> impl Iterator<Item = &'m [(usize, usize)]> {
        self.claims_of.iter().zip(limits).map(|(list, limit)| &list[..list.partition_point(|(size, _)| size < limit)])
    }

    fn is_within(&self, claim: usize, limits: &[usize]) -> bool {
        let Member { kind, size } = self.claims[claim];
        kind.is_some_and(|kind| size < limits[kind])
    }

    /// Other claims that can be given one of the volumes of a claim besides what their kinds allow, and that are not
    /// within the limits.
    fn rivals_besides<'m>(&'m self, claim: usize, limits: &'m [usize]) -> impl Iterator<Item = usize> + use<'m> {
        let suits = move |volume: &usize| self.suits_by_kind(claim, *volume) || self.suits_besides(claim, *volume);
        let named = self.besides.iter().filter(move |(rival, volumes)| **rival != claim && volumes.iter().any(suits));
        named.map(|(rival, _)| *rival).filter(move |rival| !self.is_within(*rival, limits))
    }

    /// How many other claims can be given one of the volumes of a claim. Cost: logarithmic for each kind, and linear in
    /// the claims that can be given something besides.
    pub(super) fn count_rivals(&self, claim: usize) -> usize {
        let limits = self.limits_of_rivals(claim);
        let by_kind: usize = self.within(&limits).map(<[_]>::len).sum();
        by_kind - usize::from(self.is_within(claim, &limits)) + self.rivals_besides(claim, &limits).count()
    }

    /// The other claims that can be given one of the volumes of a claim, sorted.
    pub(super) fn rivals(&self, claim: usize) -> Vec<usize> {
        let limits = self.limits_of_rivals(claim);
        let by_kind = self.within(&limits).flatten().map(|(_, number)| *number).filter(|rival| *rival != claim);
        let mut all: Vec<usize> = by_kind.chain(self.rivals_besides(claim, &limits)).collect();
        all.sort_unstable();
        all
    }

    /// Whether the other claims cannot hold all volumes of a claim at once (Hall's theorem), and it has some.
    pub(super) fn is_left_for(&self, claim: usize) -> bool {
        if self.count_rivals(claim) < self.count_choices(claim) {
            return true;
        }
        let mut search = self.search_by_volumes(self.rivals(claim).into_iter());
        !self.choices(claim).iter().all(|volume| {
            search.serve(*volume);
            search.partner[*volume].is_some()
        })
    }

    /// A search of some of the claims for volumes.
    fn search_by_volumes(&self, claims: impl Iterator<Item = usize> + Clone) -> Search {
        let suits = self.suited.clone();
        let mut besides = vec![Vec::new(); self.volumes.len()];
        for claim in claims.clone() {
            for volume in self.besides.get(&claim).into_iter().flatten() {
                besides[*volume].push(claim);
            }
        }
        let claims = claims.map(|number| (number, self.claims[number].kind, self.claims[number].size));
        Search::new(&self.volumes, suits, besides, &claims.collect::<Vec<_>>(), self.claims.len(), |size| size)
    }

    fn search_by_claims(&self, is_open: impl Fn(usize) -> bool) -> Search {
        let besides = (0..self.claims.len()).map(|claim| {
            let volumes = self.besides.get(&claim).into_iter().flatten().copied();
            volumes.filter(|volume| is_open(*volume)).collect()
        });
        // What is larger comes first, so that what suits is the beginning of the list again.
        let turned = |size: usize| usize::MAX - size;
        let open = self.volumes.iter().enumerate().filter(|(number, _)| is_open(*number));
        let volumes = open.map(|(number, volume)| (number, volume.kind, turned(volume.size)));
        let suits = self.suits.clone();
        Search::new(&self.claims, suits, besides.collect(), &volumes.collect::<Vec<_>>(), self.volumes.len(), turned)
    }
}

/// Which claims belong together.
struct Groups(Vec<usize>);

impl Groups {
    fn of(&mut self, mut claim: usize) -> usize {
        while self.0[claim] != claim {
            self.0[claim] = self.0[self.0[claim]];
            claim = self.0[claim];
        }
        claim
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.of(one), self.of(other));
        self.0[one.max(other)] = one.min(other);
    }
}

#[cfg(test)]
mod tests;
