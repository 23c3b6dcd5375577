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
//!
//! A search that finds nothing never has to be walked again: what it reached leads nowhere later (a Hungarian tree).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

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
        let mut search = self.search_by_volumes();
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

    /// The other claims that can be given one of the volumes of a claim, sorted.
    pub(super) fn rivals(&self, claim: usize, choices: &[usize]) -> Vec<usize> {
        // The largest volume of each kind decides which claims can be given one of them.
        let mut largest: BTreeMap<usize, usize> = BTreeMap::new();
        for volume in choices {
            if let Member { kind: Some(kind), size } = self.volumes[*volume] {
                let held = largest.entry(kind).or_default();
                *held = size.max(*held);
            }
        }
        let mut limits: BTreeMap<usize, usize> = BTreeMap::new();
        for (kind, size) in largest {
            for takers in &self.suited[kind] {
                let held = limits.entry(*takers).or_default();
                *held = size.max(*held);
            }
        }
        let small = |(kind, limit): (&usize, &usize)| {
            let list = &self.claims_of[*kind];
            &list[..list.partition_point(|(size, _)| size <= limit)]
        };
        let mut all: Vec<usize> = limits.iter().flat_map(small).map(|(_, number)| *number).collect();
        let named = |volumes: &Vec<usize>| volumes.iter().any(|volume| choices.binary_search(volume).is_ok());
        all.extend(self.besides.iter().filter(|(_, volumes)| named(volumes)).map(|(rival, _)| *rival));
        all.sort_unstable();
        all.dedup();
        all.retain(|rival| *rival != claim);
        all
    }

    /// Whether the other claims cannot hold all volumes of a claim at once (Hall's theorem), and it has some.
    pub(super) fn is_left_for(&self, claim: usize) -> bool {
        let choices = self.choices(claim);
        if self.rivals(claim, &choices).len() < choices.len() {
            return true;
        }
        let mut without = self.clone();
        // It takes part without being able to have anything.
        without.claims[claim].kind = None;
        without.besides.remove(&claim);
        let mut search = without.search_by_volumes();
        !choices.iter().all(|volume| {
            search.serve(*volume);
            search.partner[*volume].is_some()
        })
    }

    fn search_by_volumes(&self) -> Search {
        let suits = self.suited.clone();
        let mut besides = vec![Vec::new(); self.volumes.len()];
        for (claim, volumes) in &self.besides {
            for volume in volumes {
                besides[*volume].push(*claim);
            }
        }
        let claims = self.claims.iter().enumerate().map(|(number, claim)| (number, claim.kind, claim.size));
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

/// Those of one side look for partners on the other, which stand in lists by kind, sorted by a key. What suits is the
/// beginning of a list, up to the key of the one who looks.
struct Search {
    kind: Vec<Option<usize>>,
    key: Vec<usize>,
    /// The lists for each kind of those who look.
    suits: Vec<Vec<usize>>,
    besides: Vec<Vec<usize>>,
    /// Keys and numbers, sorted by key; of equals the earlier one comes last, so that it is taken first.
    lists: Vec<Vec<(usize, Reverse<usize>)>>,
    /// The places in each list of those that have no partner.
    free: Vec<BTreeSet<usize>>,
    /// The list and the place of each one that stands in a list.
    place: Vec<Option<(usize, usize)>>,
    /// How much of each list leads nowhere, and how much of it was reached, this search included.
    dead: Vec<usize>,
    seen: Vec<usize>,
    /// For each of those that are looked for: from whom this search, or one that found nothing, reached it.
    reached: Vec<Option<usize>>,
    partner: Vec<Option<usize>>,
    holder: Vec<Option<usize>>,
}

impl Search {
    /// `sought` are numbers below `count`, with kinds and keys.
    fn new(
        seekers: &[Member],
        mut suits: Vec<Vec<usize>>,
        besides: Vec<Vec<usize>>,
        sought: &[(usize, Option<usize>, usize)],
        count: usize,
        key: impl Fn(usize) -> usize,
    ) -> Self {
        let kinds = sought.iter().filter_map(|(_, kind, _)| *kind).chain(suits.iter().flatten().copied());
        let mut lists = vec![Vec::new(); kinds.max().map_or(0, |last| last + 1)];
        for (number, kind, key) in sought {
            if let Some(kind) = kind {
                lists[*kind].push((*key, Reverse(*number)));
            }
        }
        let mut place = vec![None; count];
        for (list, members) in lists.iter_mut().enumerate() {
            members.sort_unstable();
            for (at, (_, Reverse(number))) in members.iter().enumerate() {
                place[*number] = Some((list, at));
            }
        }
        let kinds = seekers.iter().filter_map(|seeker| seeker.kind).max().map_or(0, |last| last + 1);
        suits.resize(suits.len().max(kinds), Vec::new());
        Self {
            kind: seekers.iter().map(|seeker| seeker.kind).collect(),
            key: seekers.iter().map(|seeker| key(seeker.size)).collect(),
            suits,
            besides,
            free: lists.iter().map(|list| (0..list.len()).collect()).collect(),
            place,
            dead: vec![0; lists.len()],
            seen: vec![0; lists.len()],
            reached: vec![None; count],
            partner: vec![None; seekers.len()],
            holder: vec![None; count],
            lists,
        }
    }

    /// The lists that suit, with how much of each.
    fn ranges(&self, seeker: usize) -> impl Iterator<Item = (usize, usize)> {
        let lists = self.kind[seeker].map_or(&[][..], |kind| &self.suits[kind]);
        lists.iter().map(move |list| (*list, self.lists[*list].partition_point(|(key, _)| *key <= self.key[seeker])))
    }

    /// Whether anything suits.
    fn has_any(&self, seeker: usize) -> bool {
        !self.besides[seeker].is_empty() || self.ranges(seeker).any(|(_, end)| end > 0)
    }

    /// Finds a partner, moving others to other partners; breadth first.
    fn serve(&mut self, seeker: usize) {
        let mut touched = Vec::new();
        let mut open = VecDeque::from([seeker]);
        while let Some(from) = open.pop_front() {
            if let Some(found) = self.free_for(from) {
                self.shift(found, from);
                for number in touched {
                    self.reached[number] = None;
                }
                self.seen.clone_from(&self.dead);
                return;
            }
            let unseen = self.unseen(from);
            open.extend(unseen.iter().filter_map(|number| self.holder[*number]));
            touched.extend(unseen);
        }
        self.dead.clone_from(&self.seen);
    }

    /// The one without a partner that suits and comes last, so that the others stay for those whom they alone suit.
    fn free_for(&self, seeker: usize) -> Option<usize> {
        let besides = self.besides[seeker].iter().copied().find(|number| self.holder[*number].is_none());
        besides.or_else(|| {
            let last =
                |(list, end): (usize, usize)| self.free[list].range(..end).next_back().map(|at| self.lists[list][*at]);
            self.ranges(seeker).filter_map(last).max().map(|(_, Reverse(number))| number)
        })
    }

    /// Those that suit and were not reached before; from now on they count as reached.
    fn unseen(&mut self, seeker: usize) -> Vec<usize> {
        let mut found: Vec<usize> = self.besides[seeker].clone();
        let ranges: Vec<(usize, usize)> = self.ranges(seeker).collect();
        for (list, end) in ranges {
            let begin = self.seen[list];
            self.seen[list] = end.max(begin);
            let fresh = self.lists[list].get(begin..end).unwrap_or_default();
            found.extend(fresh.iter().map(|(_, Reverse(number))| *number));
        }
        found.retain(|number| self.reached[*number].is_none());
        for number in &found {
            self.reached[*number] = Some(seeker);
        }
        found
    }

    /// Gives a partner to the one who found it, the partner that this one had to the one who reached that, and so on.
    fn shift(&mut self, mut number: usize, mut seeker: usize) {
        if let Some((list, at)) = self.place[number] {
            self.free[list].remove(&at);
        }
        loop {
            self.holder[number] = Some(seeker);
            let Some(before) = self.partner[seeker].replace(number) else {
                return;
            };
            // Whoever has a partner was reached through it.
            let Some(reached) = self.reached[before] else {
                return;
            };
            (number, seeker) = (before, reached);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{Market, Member};

    /// Pairs, capacity that is used, and what is asked of it.
    type Score = (usize, usize, usize);

    fn suits(market: &Market, claim: usize, volume: usize) -> bool {
        let (asks, offers) = (market.claims[claim], market.volumes[volume]);
        let kinds = asks.kind.zip(offers.kind);
        kinds.is_some_and(|(asks, offers)| market.suits[asks].contains(&offers)) && offers.size >= asks.size
            || market.besides.get(&claim).is_some_and(|volumes| volumes.contains(&volume))
    }

    /// The best of all assignments, each of which is tried: more pairs, then less left over.
    fn tried(market: &Market, claim: usize, taken: &mut Vec<bool>) -> Score {
        if claim == market.claims.len() {
            return (0, 0, 0);
        }
        let rank = |(pairs, used, asked): Score| (pairs, asked.cast_signed() - used.cast_signed());
        let mut best = tried(market, claim + 1, taken);
        for volume in 0..taken.len() {
            if !taken[volume] && suits(market, claim, volume) {
                taken[volume] = true;
                let (pairs, used, asked) = tried(market, claim + 1, taken);
                taken[volume] = false;
                let with = (pairs + 1, used + market.volumes[volume].size, asked + market.claims[claim].size);
                if rank(with) > rank(best) {
                    best = with;
                }
            }
        }
        best
    }

    fn markets(most: usize) -> impl Strategy<Value = Market> {
        let members = move || prop::collection::vec((prop::option::weighted(0.9, 0..3usize), 0..6usize), 0..=most);
        let suits = prop::collection::vec(prop::collection::btree_set(0..3usize, 0..=2), 3);
        let besides = prop::collection::vec((0..7usize, 0..7usize), 0..3);
        (members(), members(), suits, besides).prop_map(|(claims, volumes, suits, pairs)| {
            let members = |sides: Vec<(Option<usize>, usize)>| -> Vec<Member> {
                sides.into_iter().map(|(kind, size)| Member { kind, size }).collect()
            };
            let (claims, volumes) = (members(claims), members(volumes));
            let mut besides: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
            for (claim, volume) in pairs {
                let known = claim < claims.len() && volume < volumes.len();
                if known && !besides.get(&claim).is_some_and(|volumes| volumes.contains(&volume)) {
                    besides.entry(claim).or_default().push(volume);
                }
            }
            let suits = suits.into_iter().map(|kinds| kinds.into_iter().collect()).collect();
            Market::new(claims, volumes, suits, besides)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_is_better_and_what_is_scarce_is_proved(market in markets(7)) {
            let best = market.best();
            let pairs: Vec<(usize, usize)> =
                best.volume_of.iter().enumerate().filter_map(|(claim, volume)| Some((claim, (*volume)?))).collect();
            for (claim, volume) in &pairs {
                prop_assert!(suits(&market, *claim, *volume));
                prop_assert_eq!(best.claim_of[*volume], Some(*claim));
            }
            let used: usize = pairs.iter().map(|(_, volume)| market.volumes[*volume].size).sum();
            let asked: usize = pairs.iter().map(|(claim, _)| market.claims[*claim].size).sum();
            let (count, least, most) = tried(&market, 0, &mut vec![false; market.volumes.len()]);
            prop_assert_eq!(pairs.len(), count);
            prop_assert_eq!(asked.cast_signed() - used.cast_signed(), most.cast_signed() - least.cast_signed());
            let scarcities = market.scarcities(&best);
            let mut short: Vec<usize> = Vec::new();
            for (claims, volumes) in &scarcities {
                prop_assert!(claims.len() > volumes.len());
                for claim in claims {
                    let all = (0..market.volumes.len()).filter(|volume| suits(&market, *claim, *volume));
                    prop_assert!(all.clone().all(|volume| volumes.contains(&volume)), "{claims:?} {volumes:?}");
                }
                short.extend(claims);
            }
            for (claim, volume) in best.volume_of.iter().enumerate() {
                prop_assert_eq!(short.iter().filter(|other| **other == claim).count() > 0, volume.is_none() || short.contains(&claim));
            }
            let without = best.volume_of.iter().filter(|volume| volume.is_none()).count();
            let missing: usize = scarcities.iter().map(|(claims, volumes)| claims.len() - volumes.len()).sum();
            prop_assert_eq!(missing, without);
        }
    }
}
