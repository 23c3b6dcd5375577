//! Volumes by their labels, so that a selector finds the smallest that it chooses without visiting the others.
//!
//! The volumes are numbered in their order. For each label there are the numbers of those that have it, and of those that
//! have it with each of its values: a list where they are few, else a bit for each volume. A search walks the numbers that
//! the most selective requirement allows, and asks the others of 64 volumes at once. One bit says whether a volume is
//! still there, so that taking it out costs the same however many labels it has.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::matching::index::Rank;
use crate::model::list::StringMap;
use crate::model::selector::{Predicate, Test};
use crate::model::text::Text;

/// Bits of a word.
const WORD: usize = 64;
/// Where at least one in so many is meant, a bit for each takes less time than a list.
const DENSE: usize = 256;

/// Some of the volumes, by their numbers.
#[derive(Clone, Debug)]
enum Numbers {
    /// In order.
    Few(Vec<u32>),
    /// How many, and a bit for every number.
    Many(usize, Vec<u64>),
}

impl Numbers {
    /// Some of so many, in order.
    fn of(numbers: Vec<u32>, all: usize) -> Self {
        if numbers.len() * DENSE < all {
            return Self::Few(numbers);
        }
        let mut words = vec![0; all.div_ceil(WORD)];
        for number in &numbers {
            words[*number as usize / WORD] |= 1 << (*number as usize % WORD);
        }
        Self::Many(numbers.len(), words)
    }

    fn len(&self) -> usize {
        match self {
            Self::Few(numbers) => numbers.len(),
            Self::Many(count, _) => *count,
        }
    }

    /// The bits of 64 of them.
    fn word(&self, at: usize) -> u64 {
        match self {
            Self::Few(numbers) => {
                let first = numbers.partition_point(|number| (*number as usize) < at * WORD);
                let held = numbers[first..].iter().map(|number| *number as usize);
                held.take_while(|number| number / WORD == at).fold(0, |word, number| word | 1 << (number % WORD))
            }
            Self::Many(_, words) => words[at],
        }
    }

    /// The words in which there are some, from one on.
    fn words(&self, from: usize) -> Box<dyn Iterator<Item = usize> + '_> {
        match self {
            Self::Few(numbers) => {
                let first = numbers.partition_point(|number| (*number as usize) < from * WORD);
                Box::new(numbers[first..].iter().map(|number| *number as usize / WORD))
            }
            Self::Many(_, words) => Box::new((from..words.len()).filter(|at| words[*at] != 0)),
        }
    }
}

/// What a requirement allows: what is in one of these, or in none of them.
struct Term<'l> {
    numbers: Vec<&'l Numbers>,
    negated: bool,
}

impl Term<'_> {
    fn len(&self) -> usize {
        self.numbers.iter().map(|numbers| numbers.len()).sum()
    }

    fn word(&self, at: usize) -> u64 {
        let word = self.numbers.iter().fold(0, |word, numbers| word | numbers.word(at));
        if self.negated { !word } else { word }
    }
}

/// The volumes that have a label.
#[derive(Clone, Debug)]
struct Label {
    present: Numbers,
    values: BTreeMap<Text, Numbers>,
}

/// The keys of ranks in order: numbers close together, so that a search among a million misses memory once or twice.
#[derive(Clone, Debug)]
struct Keys {
    all: Vec<i32>,
    /// Every 64th of them.
    sparse: Vec<i32>,
}

impl Keys {
    fn of(all: Vec<i32>) -> Self {
        let sparse = all.iter().step_by(WORD).copied().collect();
        Self { all, sparse }
    }

    /// Where the keys stand that are the same as one, or would.
    fn range(&self, key: i32) -> Range<usize> {
        let last = self.sparse.partition_point(|held| *held < key) * WORD;
        let block = last.saturating_sub(WORD)..last.min(self.all.len());
        let start = block.start + self.all[block].partition_point(|held| *held < key);
        let is_there = self.all.get(start) == Some(&key);
        let same = if is_there { self.all[start..].partition_point(|held| *held == key) } else { 0 };
        start..start + same
    }
}

/// Volumes by their labels, as they were at one time.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// In order.
    volumes: Vec<(Rank, StringMap)>,
    keys: Keys,
    labels: BTreeMap<Text, Label>,
    /// Those that are still there.
    alive: Vec<u64>,
    pub(super) gone: usize,
}

impl Snapshot {
    /// Cost: linear in the labels of the volumes, but for looking up each of them by name.
    pub(super) fn of(volumes: Vec<(Rank, StringMap)>) -> Self {
        let mut labels: BTreeMap<&Text, BTreeMap<&Text, Vec<u32>>> = BTreeMap::new();
        for ((_, held), number) in volumes.iter().zip(0..) {
            for (key, value) in held.iter() {
                labels.entry(key).or_default().entry(value).or_default().push(number);
            }
        }
        let all = volumes.len();
        let label = |values: BTreeMap<&Text, Vec<u32>>| {
            let mut present: Vec<u32> = values.values().flatten().copied().collect();
            present.sort_unstable();
            let values = values.into_iter().map(|(value, numbers)| (value.clone(), Numbers::of(numbers, all)));
            Label { values: values.collect(), present: Numbers::of(present, all) }
        };
        let labels = labels.into_iter().map(|(key, values)| (key.clone(), label(values))).collect();
        let mut alive = vec![u64::MAX; all.div_ceil(WORD)];
        if let Some(last) = alive.last_mut().filter(|_| !all.is_multiple_of(WORD)) {
            *last = (1 << (all % WORD)) - 1;
        }
        let keys = Keys::of(volumes.iter().map(|(rank, _)| rank.key()).collect());
        Self { volumes, keys, labels, alive, gone: 0 }
    }

    /// What is still there of two of them.
    pub(super) fn merge(self, other: Self) -> Self {
        let mut volumes: Vec<(Rank, StringMap)> = self.into_alive().chain(other.into_alive()).collect();
        volumes.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self::of(volumes)
    }

    fn into_alive(self) -> impl Iterator<Item = (Rank, StringMap)> {
        let Self { volumes, alive, .. } = self;
        volumes.into_iter().enumerate().filter(move |(at, _)| is_set(&alive, *at)).map(|(_, volume)| volume)
    }

    /// How many are still there.
    pub(super) fn len(&self) -> usize {
        self.volumes.len() - self.gone
    }

    /// How many volumes come before a rank.
    fn place(&self, rank: &Rank) -> usize {
        let same = self.keys.range(rank.key());
        same.start + self.volumes[same].partition_point(|(held, _)| held < rank)
    }

    /// The number of a volume.
    fn number(&self, rank: &Rank) -> Option<usize> {
        let place = self.place(rank);
        self.volumes.get(place).filter(|(held, _)| held == rank).map(|_| place)
    }

    /// Takes a volume out. Returns whether it was there.
    pub(super) fn remove(&mut self, rank: &Rank) -> bool {
        let Some(at) = self.number(rank).filter(|at| is_set(&self.alive, *at)) else {
            return false;
        };
        self.alive[at / WORD] &= !(1 << (at % WORD));
        self.gone += 1;
        true
    }

    /// Puts a volume back that was taken out, if it has the labels that it had. Returns whether it is there.
    pub(super) fn put_back(&mut self, rank: &Rank, labels: &StringMap) -> bool {
        let is_same = |at: &usize| !is_set(&self.alive, *at) && self.volumes[*at].1 == *labels;
        let Some(at) = self.number(rank).filter(is_same) else {
            return false;
        };
        self.alive[at / WORD] |= 1 << (at % WORD);
        self.gone -= 1;
        true
    }

    /// The first volume that a predicate chooses, none below `smallest`.
    ///
    /// Cost: what it takes to look at 64 volumes, for each 64 among which there is one that the most selective requirement
    /// allows, and that are not chosen.
    pub(super) fn first(&self, predicate: &Predicate, smallest: &Rank) -> Option<&Rank> {
        let terms: Vec<Term<'_>> =
            predicate.requirements().iter().map(|wanted| self.term(&wanted.key, &wanted.test)).collect();
        let from = self.place(smallest);
        let choose = |at: usize| {
            let behind = if at == from / WORD { u64::MAX << (from % WORD) } else { u64::MAX };
            let word = terms
                .iter()
                .fold(self.alive[at] & behind, |word, term| if word == 0 { 0 } else { word & term.word(at) });
            (word != 0).then(|| at * WORD + word.trailing_zeros() as usize)
        };
        let number = match terms.iter().filter(|term| !term.negated).min_by_key(|term| term.len()) {
            None => (from / WORD..self.alive.len()).find_map(choose),
            Some(fewest) => {
                let firsts = fewest.numbers.iter().filter_map(|numbers| numbers.words(from / WORD).find_map(choose));
                firsts.min()
            }
        }?;
        Some(&self.volumes[number].0)
    }

    fn term(&self, key: &Text, test: &Test) -> Term<'_> {
        let label = self.labels.get(key);
        let of = |values: &[Text]| values.iter().filter_map(|value| label?.values.get(value)).collect();
        let present = || label.map(|label| &label.present).into_iter().collect();
        match test {
            Test::Equals(value) => Term { numbers: of(std::slice::from_ref(value)), negated: false },
            Test::In(values) => Term { numbers: of(values), negated: false },
            Test::Exists => Term { numbers: present(), negated: false },
            Test::NotIn(values) => Term { numbers: of(values), negated: true },
            Test::DoesNotExist => Term { numbers: present(), negated: true },
        }
    }
}

fn is_set(words: &[u64], at: usize) -> bool {
    words[at / WORD] & (1 << (at % WORD)) != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::{Id, Sequence};
    use crate::model::quantity::Quantity;
    use crate::model::selector::LabelSelector;

    fn rank(number: u32) -> Rank {
        let capacity = Quantity::from_bytes(i64::from(number / 3)).size();
        Rank { capacity, created: Sequence(number.into()), volume: Id::from_number(number) }
    }

    /// A selector that asks for what few have and for what most have: lists and bits answer together.
    #[test]
    fn lists_and_bits_answer_together() {
        let volumes = (0..10_000).map(|number| {
            let mut labels = StringMap::from([("host", (number / 5).to_string())]);
            if number % 2 == 0 {
                labels = labels.with("tier", "ssd");
            }
            (rank(number), labels)
        });
        let snapshot = Snapshot::of(volumes.collect());
        assert!(matches!(snapshot.labels["host"].values["7"], Numbers::Few(_)));
        assert!(matches!(snapshot.labels["tier"].values["ssd"], Numbers::Many(5_000, _)));
        let first = |selector: &str, from: u32| {
            let selector: LabelSelector = serde_json::from_str(selector).expect("a selector");
            let predicate = Predicate::of(Some(&selector)).expect("a sound selector");
            snapshot.first(&predicate, &rank(from)).map(|rank| rank.volume.number())
        };
        let both = r#"{"matchLabels": {"host": "7", "tier": "ssd"}}"#;
        assert_eq!([first(both, 0), first(both, 37), first(both, 39)], [Some(36), Some(38), None]);
        let neither = r#"{"matchExpressions": [{"key": "host", "operator": "NotIn", "values": ["7", "8"]},
            {"key": "tier", "operator": "DoesNotExist"}]}"#;
        assert_eq!([first(neither, 34), first(neither, 9_999), first(neither, 10_000)], [Some(45), Some(9_999), None]);
        let hosts = r#"{"matchExpressions": [{"key": "host", "operator": "In", "values": ["9", "8"]}]}"#;
        assert_eq!([first(hosts, 0), first(hosts, 47), first(hosts, 50)], [Some(40), Some(47), None]);
    }
}
