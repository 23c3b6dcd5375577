//! Augmenting paths between those who look for partners and those who are looked for, in lists by kind.
//!
//! A search that finds nothing never has to be walked again: what it reached leads nowhere later (a Hungarian tree).

use std::cmp::Reverse;
use std::collections::{BTreeSet, VecDeque};

use crate::explain::assignment::Member;

/// Those of one side look for partners on the other, which stand in lists by kind, sorted by a key. What suits is the
/// beginning of a list, up to the key of the one who looks.
pub(super) struct Search {
    kind: Vec<Option<usize>>,
    key: Vec<usize>,
    /// The lists for each kind of those who look.
    suits: Vec<Vec<usize>>,
    pub(super) besides: Vec<Vec<usize>>,
    /// Keys and numbers, sorted by key; of equals the earlier one comes last, so that it is taken first.
    pub(super) lists: Vec<Vec<(usize, Reverse<usize>)>>,
    /// The places in each list of those that have no partner.
    free: Vec<BTreeSet<usize>>,
    /// The list and the place of each one that stands in a list.
    place: Vec<Option<(usize, usize)>>,
    /// How much of each list leads nowhere, and how much of it was reached, this search included.
    dead: Vec<usize>,
    pub(super) seen: Vec<usize>,
    /// For each of those that are looked for: from whom this search, or one that found nothing, reached it.
    reached: Vec<Option<usize>>,
    pub(super) partner: Vec<Option<usize>>,
    pub(super) holder: Vec<Option<usize>>,
}

impl Search {
    /// `sought` are numbers below `count`, with kinds and keys.
    pub(super) fn new(
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
    pub(super) fn ranges(&self, seeker: usize) -> impl Iterator<Item = (usize, usize)> {
        let lists = self.kind[seeker].map_or(&[][..], |kind| &self.suits[kind]);
        lists.iter().map(move |list| (*list, self.lists[*list].partition_point(|(key, _)| *key <= self.key[seeker])))
    }

    /// Whether anything suits.
    pub(super) fn has_any(&self, seeker: usize) -> bool {
        !self.besides[seeker].is_empty() || self.ranges(seeker).any(|(_, end)| end > 0)
    }

    /// Finds a partner, moving others to other partners; breadth first.
    pub(super) fn serve(&mut self, seeker: usize) {
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
    pub(super) fn unseen(&mut self, seeker: usize) -> Vec<usize> {
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
