//! Volumes in the order of their ranks, close together in memory.
//!
//! Among a million volumes a search costs what it misses in memory. The set of the standard library allocates a node for
//! every ten entries, wherever there is room among a million objects, and each level of a search is a page of its own. Here
//! rows of entries lie in chunks, and a search compares numbers that stand side by side.

use crate::matching::index::Rank;
use crate::model::arena::Arena;

/// Entries of a row at most; a row that has so many is split.
const WIDE: usize = 32;

/// Some entries in order. A leaf has nothing with them, a branch the rows below it.
#[derive(Clone, Debug)]
struct Row<V> {
    len: usize,
    /// The keys of the ranks, the largest there is where there is no rank.
    keys: [i32; WIDE],
    ranks: [Rank; WIDE],
    values: [V; WIDE],
}

impl<V: Copy + Default> Default for Row<V> {
    fn default() -> Self {
        let ranks = std::array::from_fn(|_| Rank::default());
        Self { len: 0, keys: [i32::MAX; WIDE], ranks, values: [V::default(); WIDE] }
    }
}

impl<V: Copy + Default> Row<V> {
    /// How many entries come before a rank.
    fn place(&self, rank: &Rank) -> usize {
        let key = rank.key();
        // Without a branch: all keys are fetched at once, and compared several at a time.
        let before = self.keys.iter().fold(0, |before, held| before + u32::from(*held < key)) as usize;
        let same = self.keys[before..self.len].iter().take_while(|held| **held == key).count();
        before + self.ranks[before..before + same].partition_point(|held| held < rank)
    }

    /// The entry of a branch below which a rank belongs. Whatever comes before all entries belongs to the first.
    fn covering(&self, rank: &Rank) -> usize {
        let place = self.place(rank);
        // The keys are at hand, the ranks are not.
        let is_it = place < self.len && self.keys[place] == rank.key() && self.ranks[place] == *rank;
        if is_it { place } else { place.saturating_sub(1) }
    }

    fn insert(&mut self, at: usize, rank: Rank, value: V) {
        let moved = at..=self.len;
        self.keys[moved.clone()].rotate_right(1);
        self.ranks[moved.clone()].rotate_right(1);
        self.values[moved].rotate_right(1);
        (self.keys[at], self.ranks[at], self.values[at]) = (rank.key(), rank, value);
        self.len += 1;
    }

    fn remove(&mut self, at: usize) {
        let moved = at..self.len;
        self.keys[moved.clone()].rotate_left(1);
        self.ranks[moved.clone()].rotate_left(1);
        self.values[moved].rotate_left(1);
        self.len -= 1;
        self.keys[self.len] = i32::MAX;
        self.ranks[self.len] = Rank::default();
    }

    /// Takes the upper half away, or the last entry alone where it has just been added: what comes in order fills its rows.
    fn split(&mut self, added: usize) -> Self {
        let keep = if added + 1 == self.len { added } else { self.len / 2 };
        let mut upper = Self::default();
        for at in keep..self.len {
            upper.insert(at - keep, std::mem::take(&mut self.ranks[at]), self.values[at]);
            self.keys[at] = i32::MAX;
        }
        self.len = keep;
        upper
    }
}

/// Rows by number, of which those that were given up are used again.
#[derive(Clone, Debug)]
struct Rows<V> {
    rows: Arena<Row<V>>,
    unused: Vec<u32>,
}

impl<V> Default for Rows<V> {
    fn default() -> Self {
        Self { rows: Arena::default(), unused: Vec::new() }
    }
}

impl<V: Copy + Default> Rows<V> {
    fn get(&self, number: u32) -> Option<&Row<V>> {
        self.rows.get(number as usize)
    }

    fn get_mut(&mut self, number: u32) -> Option<&mut Row<V>> {
        self.rows.get_mut(number as usize)
    }

    fn add(&mut self, row: Row<V>) -> u32 {
        if let Some(number) = self.unused.pop() {
            if let Some(unused) = self.get_mut(number) {
                *unused = row;
            }
            return number;
        }
        u32::try_from(self.rows.push(row)).unwrap_or(u32::MAX)
    }
}

/// A set of ranks. Adding, taking out and finding one take time logarithmic in their number.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranks {
    leaves: Rows<()>,
    branches: Rows<u32>,
    /// A leaf where there are no branches, else the branch above all. There is none before the first rank.
    root: u32,
    /// How many branches are above every leaf.
    height: usize,
}

impl Ranks {
    pub(super) fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Adds a rank that is not in it.
    pub(super) fn insert(&mut self, rank: Rank) {
        if self.leaves.rows.len() == 0 {
            self.root = self.leaves.add(Row::default());
        }
        if let Some((first, upper)) = self.insert_below(self.height, self.root, rank) {
            let lowest = self.leftmost(self.height, self.root).and_then(<[Rank]>::first);
            let mut root = Row::default();
            root.insert(0, lowest.cloned().unwrap_or_default(), self.root);
            root.insert(1, first, upper);
            self.root = self.branches.add(root);
            self.height += 1;
        }
    }

    /// Adds a rank below a row. Returns what was split off, and its first rank.
    fn insert_below(&mut self, height: usize, row: u32, rank: Rank) -> Option<(Rank, u32)> {
        if height == 0 {
            let leaf = self.leaves.get_mut(row)?;
            let at = leaf.place(&rank);
            leaf.insert(at, rank, ());
            let upper = (leaf.len == WIDE).then(|| leaf.split(at))?;
            return Some((upper.ranks[0].clone(), self.leaves.add(upper)));
        }
        let branch = self.branches.get(row)?;
        let at = branch.covering(&rank);
        let below = branch.values[at];
        if rank < branch.ranks[at] {
            let branch = self.branches.get_mut(row)?;
            (branch.keys[at], branch.ranks[at]) = (rank.key(), rank.clone());
        }
        let (first, split) = self.insert_below(height - 1, below, rank)?;
        let branch = self.branches.get_mut(row)?;
        branch.insert(at + 1, first, split);
        let upper = (branch.len == WIDE).then(|| branch.split(at + 1))?;
        Some((upper.ranks[0].clone(), self.branches.add(upper)))
    }

    /// Takes a rank out.
    pub(super) fn remove(&mut self, rank: &Rank) {
        self.remove_below(self.height, self.root, rank);
        while self.height > 0
            && let Some(branch) = self.branches.get(self.root).filter(|branch| branch.len == 1)
        {
            let only = branch.values[0];
            self.branches.unused.push(std::mem::replace(&mut self.root, only));
            self.height -= 1;
        }
    }

    /// Takes a rank out below a row. Returns whether the row is empty now.
    fn remove_below(&mut self, height: usize, row: u32, rank: &Rank) -> Option<bool> {
        if height == 0 {
            let leaf = self.leaves.get_mut(row)?;
            let at = leaf.place(rank);
            if at < leaf.len && leaf.ranks[at] == *rank {
                leaf.remove(at);
            }
            return Some(leaf.len == 0);
        }
        let branch = self.branches.get(row)?;
        let at = branch.covering(rank);
        let below = branch.values[at];
        if !self.remove_below(height - 1, below, rank)? {
            return Some(false);
        }
        if height == 1 {
            self.leaves.unused.push(below);
        } else {
            self.branches.unused.push(below);
        }
        let branch = self.branches.get_mut(row)?;
        branch.remove(at);
        Some(branch.len == 0)
    }

    /// All ranks in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Rank> {
        self.walk(self.leftmost(self.height, self.root))
    }

    /// All ranks that are not below one, in order.
    pub(super) fn range<'r>(&'r self, smallest: &Rank) -> impl Iterator<Item = &'r Rank> + use<'r> {
        self.walk(self.rest(smallest, false))
    }

    /// From the ranks of a leaf on.
    fn walk<'r>(&'r self, ranks: Option<&'r [Rank]>) -> impl Iterator<Item = &'r Rank> + use<'r> {
        let mut ranks = ranks.unwrap_or_default().iter();
        std::iter::from_fn(move || {
            let next = ranks.next()?;
            if ranks.as_slice().is_empty() {
                ranks = self.rest(next, true).unwrap_or_default().iter();
            }
            Some(next)
        })
    }

    /// The ranks of the first leaf below a row.
    fn leftmost(&self, height: usize, mut row: u32) -> Option<&[Rank]> {
        for _ in 0..height {
            row = self.branches.get(row)?.values[0];
        }
        let leaf = self.leaves.get(row)?;
        Some(&leaf.ranks[..leaf.len])
    }

    /// The ranks of one leaf that are not below a rank, or that are above it, and at least one if there is any in the set.
    fn rest(&self, rank: &Rank, above: bool) -> Option<&[Rank]> {
        let (mut row, mut right) = (self.root, None);
        for height in (0..self.height).rev() {
            let branch = self.branches.get(row)?;
            let at = branch.covering(rank);
            if at + 1 < branch.len {
                right = Some((height, branch.values[at + 1]));
            }
            row = branch.values[at];
        }
        let leaf = self.leaves.get(row)?;
        let place = leaf.place(rank);
        let at = place + usize::from(above && place < leaf.len && leaf.ranks[place] == *rank);
        if at < leaf.len {
            return Some(&leaf.ranks[at..leaf.len]);
        }
        // All of this leaf comes before the rank, and the next one after it.
        let (height, row) = right?;
        self.leftmost(height, row)
    }
}

impl FromIterator<Rank> for Ranks {
    fn from_iter<I: IntoIterator<Item = Rank>>(ranks: I) -> Self {
        let mut set = Self::default();
        for rank in ranks {
            set.insert(rank);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use proptest::test_runner::TestCaseResult;

    use super::*;
    use crate::model::id::{Id, Sequence};
    use crate::model::quantity::Quantity;

    /// Few sizes, so that many are the same, and some that no machine word holds.
    fn rank(number: u32) -> Rank {
        let size = ["-100Ei", "-1", "0", "1500m", "1", "1Gi", "7E", "100E"][number as usize % 8];
        let capacity = Quantity::parse(size).expect("a quantity").size();
        Rank { capacity, created: Sequence(u64::from(number / 2)), volume: Id::from_number(number) }
    }

    fn compare(ranks: &Ranks, expected: &BTreeSet<Rank>, asked: &[u32]) -> TestCaseResult {
        prop_assert_eq!(ranks.is_empty(), expected.is_empty());
        prop_assert_eq!(ranks.iter().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
        for asked in asked.iter().copied().map(rank) {
            prop_assert_eq!(ranks.range(&asked).collect::<Vec<_>>(), expected.range(&asked..).collect::<Vec<_>>());
        }
        Ok(())
    }

    proptest! {
        /// It holds what the set of the standard library holds, in its order, whatever was added and taken out, and a
        /// copy does not change with it.
        #[test]
        fn ranks_are_an_ordered_set(
            numbers in prop::collection::vec(0..6_000_u32, 1..3_000),
            kept in 0..10_u32,
            asked in prop::collection::vec(0..6_000_u32, 20),
        ) {
            let (mut ranks, mut expected) = (Ranks::default(), BTreeSet::new());
            for number in &numbers {
                if expected.insert(rank(*number)) {
                    ranks.insert(rank(*number));
                }
            }
            compare(&ranks, &expected, &asked)?;
            let before = (ranks.clone(), expected.clone());
            for number in numbers.iter().filter(|number| *number % 10 >= kept) {
                if expected.remove(&rank(*number)) {
                    ranks.remove(&rank(*number));
                }
            }
            compare(&ranks, &expected, &asked)?;
            for number in numbers.iter().filter(|number| *number % 3 == 0) {
                if expected.insert(rank(*number)) {
                    ranks.insert(rank(*number));
                }
            }
            compare(&ranks, &expected, &asked)?;
            compare(&before.0, &before.1, &asked)?;
        }
    }

    /// Rows of what comes in order are full, and rows that were emptied are used again.
    #[test]
    fn rows_are_not_wasted() {
        let rank = |number: u32| Rank { created: Sequence(number.into()), ..Rank::default() };
        let mut ranks = Ranks::default();
        for number in 0..31_000 {
            ranks.insert(rank(number));
        }
        assert_eq!((ranks.leaves.rows.len(), ranks.height), (1_000, 3));
        for _ in 0..3 {
            for number in 0..31_000 {
                ranks.remove(&rank(number));
            }
            assert_eq!((ranks.iter().count(), ranks.height), (0, 0));
            for number in 0..31_000 {
                ranks.insert(rank(number));
            }
        }
        assert_eq!(ranks.leaves.rows.len(), 1_000);
    }
}
