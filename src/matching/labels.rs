//! Free volumes of a group by their labels, so that a selector finds the smallest that it chooses without visiting the
//! others.
//!
//! The volumes are numbered in their order. For each label there are the numbers of those that have it, and of those that
//! have it with each of its values: a list where they are few, else a bit for each volume. A search walks the numbers that
//! the most selective requirement allows, and asks the others of 64 volumes at once. One bit says whether a volume is
//! still there, so that taking it out costs the same however many labels it has.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use crate::matching::index::Rank;
use crate::matching::ranks::Ranks;
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
struct Snapshot {
    /// In order.
    volumes: Vec<(Rank, StringMap)>,
    keys: Keys,
    labels: BTreeMap<Text, Label>,
    /// Those that are still there.
    alive: Vec<u64>,
    gone: usize,
}

impl Snapshot {
    /// Cost: linear in the labels of the volumes, but for looking up each of them by name.
    fn of(volumes: Vec<(Rank, StringMap)>) -> Self {
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
    fn merge(self, other: Self) -> Self {
        let mut volumes: Vec<(Rank, StringMap)> = self.into_alive().chain(other.into_alive()).collect();
        volumes.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self::of(volumes)
    }

    fn into_alive(self) -> impl Iterator<Item = (Rank, StringMap)> {
        let Self { volumes, alive, .. } = self;
        volumes.into_iter().enumerate().filter(move |(at, _)| is_set(&alive, *at)).map(|(_, volume)| volume)
    }

    fn len(&self) -> usize {
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
    fn remove(&mut self, rank: &Rank) -> bool {
        let Some(at) = self.number(rank).filter(|at| is_set(&self.alive, *at)) else {
            return false;
        };
        self.alive[at / WORD] &= !(1 << (at % WORD));
        self.gone += 1;
        true
    }

    /// Puts a volume back that was taken out, if it has the labels that it had. Returns whether it is there.
    fn put_back(&mut self, rank: &Rank, labels: &StringMap) -> bool {
        let Some(at) = self.number(rank).filter(|at| self.volumes[*at].1 == *labels) else {
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
    fn first(&self, predicate: &Predicate, smallest: &Rank) -> Option<&Rank> {
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

/// The labels of a group, sorted out when a selector asks for the first time. What is added after that waits until a
/// selector has asked again: claims without one, and most have none, do not pay for the sorting. Where less is left than
/// was taken out, all is forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct LateLabels {
    /// Each less than half as large as the one before it, so that what is added is sorted out anew as often as the number
    /// of volumes has digits.
    snapshots: Vec<Snapshot>,
    /// What was added since a selector asked.
    added: BTreeMap<Rank, StringMap>,
    /// What was added, sorted out; or at first, the whole group. Made when a selector asks.
    news: OnceLock<Snapshot>,
}

impl LateLabels {
    /// Notes a volume that was added to the group, or taken out of it. Cost: nothing where no selector has asked since all
    /// was forgotten; else logarithmic, and where it is added after a selector asked, in the long run, logarithmic for each
    /// of its labels.
    pub(super) fn note(&mut self, rank: &Rank, labels: &StringMap, is_there: bool) {
        if let Some(news) = self.news.take() {
            self.added.clear();
            self.keep(news);
        }
        if self.snapshots.is_empty() {
            return;
        }
        if !is_there {
            let _ =
                self.added.remove(rank).is_some() || self.snapshots.iter_mut().any(|snapshot| snapshot.remove(rank));
        } else if !self.snapshots.iter_mut().any(|snapshot| snapshot.put_back(rank, labels)) {
            self.added.insert(rank.clone(), labels.clone());
        }
        let there: usize = self.snapshots.iter().map(Snapshot::len).sum();
        let gone: usize = self.snapshots.iter().map(|snapshot| snapshot.gone).sum();
        if there < gone.max(self.added.len()) {
            *self = Self::default();
        }
    }

    fn keep(&mut self, mut snapshot: Snapshot) {
        while let Some(last) = self.snapshots.pop_if(|last| last.len() < 2 * snapshot.len()) {
            snapshot = last.merge(snapshot);
        }
        if snapshot.len() > 0 {
            self.snapshots.push(snapshot);
        }
    }

    /// The first volume of a group, given as it is now, that a predicate chooses, none below `smallest`.
    ///
    /// Cost: logarithmic, and a 64th of the volumes that the most selective requirement allows and others do not. The first
    /// time it is linear in the group, and the first time after something was added in what was.
    pub(super) fn first<'v>(
        &self,
        predicate: &Predicate,
        all: &Ranks,
        smallest: &Rank,
        labels_of: impl Fn(&Rank) -> Option<&'v StringMap>,
    ) -> Option<Rank> {
        let news = self.news.get_or_init(|| {
            let added = self.added.iter().map(|(rank, labels)| (rank.clone(), labels.clone()));
            let group = all.iter().filter_map(|rank| Some((rank.clone(), labels_of(rank)?.clone())));
            Snapshot::of(if self.snapshots.is_empty() { group.collect() } else { added.collect() })
        });
        if predicate.is_of_nothing() {
            return None;
        }
        let snapshots = self.snapshots.iter().chain([news]);
        snapshots.filter_map(|snapshot| snapshot.first(predicate, smallest)).min().cloned()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::model::id::{Id, Sequence};
    use crate::model::list::List;
    use crate::model::quantity::Quantity;
    use crate::model::selector::{LabelSelector, LabelSelectorRequirement, SelectorOperator};

    const KEYS: [&str; 3] = ["a", "b", "c"];
    const VALUES: [&str; 3] = ["x", "y", "z"];

    fn labels() -> impl Strategy<Value = StringMap> {
        prop::collection::btree_map(prop::sample::select(&KEYS[..]), prop::sample::select(&VALUES[..]), 0..3)
            .prop_map(|labels| labels.into_iter().map(|(key, value)| (Text::from(key), Text::from(value))).collect())
    }

    fn predicates() -> impl Strategy<Value = Predicate> {
        let values = prop::collection::vec(prop::sample::select(&VALUES[..]).prop_map(Text::from), 1..3);
        let requirement = (prop::sample::select(&KEYS[..]), 0..4, values).prop_map(|(key, operator, values)| {
            let (operator, values) = match operator {
                0 => (SelectorOperator::In, values.into()),
                1 => (SelectorOperator::NotIn, values.into()),
                2 => (SelectorOperator::Exists, List::default()),
                _ => (SelectorOperator::DoesNotExist, List::default()),
            };
            LabelSelectorRequirement { key: key.into(), operator, values, ..LabelSelectorRequirement::default() }
        });
        prop::collection::vec(requirement, 0..4).prop_map(|requirements| {
            let selector = LabelSelector { match_expressions: requirements.into(), ..LabelSelector::default() };
            Predicate::of(Some(&selector)).expect("sound requirements")
        })
    }

    fn rank(number: u32) -> Rank {
        let capacity = Quantity::from_bytes(i64::from(number / 3)).size();
        Rank { capacity, created: Sequence(number.into()), volume: Id::from_number(number) }
    }

    proptest! {
        /// The first volume is found that a predicate chooses, however many were added and taken out since a selector asked
        /// first, and however late it asks again.
        #[test]
        fn the_first_volume_that_a_predicate_chooses_is_found(
            steps in prop::collection::vec((0..600u32, prop::option::weighted(0.7, labels())), 0..1_500),
            asked_every in 1..60usize,
            queries in prop::collection::vec((predicates(), 0..601u32), 1..20),
        ) {
            let mut all = Ranks::default();
            let mut held: BTreeMap<u32, StringMap> = BTreeMap::new();
            let mut late = LateLabels::default();
            let mut cases = queries.iter().cycle();
            let last = steps.len();
            for (step, (number, labels)) in steps.into_iter().enumerate() {
                if let Some(before) = held.remove(&number) {
                    all.remove(&rank(number));
                    late.note(&rank(number), &before, false);
                }
                if let Some(labels) = labels {
                    all.insert(rank(number));
                    late.note(&rank(number), &labels, true);
                    held.insert(number, labels);
                }
                let asked = if step + 1 == last { queries.len() } else { usize::from(step % asked_every == 0) };
                for (predicate, from) in cases.by_ref().take(asked) {
                    let labels_of = |rank: &Rank| held.get(&rank.volume.number());
                    let chosen = |rank: &&Rank| predicate.matches(&held[&rank.volume.number()]);
                    let expected = all.range(&rank(*from)).find(chosen).cloned();
                    prop_assert_eq!(late.first(predicate, &all, &rank(*from), labels_of), expected);
                }
            }
        }
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

    /// Lists of which nobody asks for long are forgotten, and made anew when somebody does.
    #[test]
    fn lists_that_fall_far_behind_are_forgotten() {
        let none = StringMap::default();
        let mut all: Ranks = (0..10).map(rank).collect();
        let mut late = LateLabels::default();
        let any = Predicate::of(Some(&LabelSelector::default())).expect("a sound selector");
        let first = |late: &LateLabels, all: &Ranks| late.first(&any, all, &rank(0), |_| Some(&none));
        assert_eq!(first(&late, &all), Some(rank(0)));
        for number in 0..5 {
            all.remove(&rank(number));
            late.note(&rank(number), &none, false);
        }
        assert_eq!(late.snapshots.len(), 1);
        all.remove(&rank(5));
        late.note(&rank(5), &none, false);
        assert_eq!(late.snapshots.len(), 0);
        assert_eq!(first(&late, &all), Some(rank(6)));
        for number in 10..14 {
            all.insert(rank(number));
            late.note(&rank(number), &none, true);
        }
        assert_eq!((late.snapshots.len(), late.added.len()), (1, 4));
        all.insert(rank(14));
        late.note(&rank(14), &none, true);
        assert_eq!((late.snapshots.len(), late.added.len()), (0, 0));
        assert_eq!(first(&late, &all), Some(rank(6)));
    }

    /// What is added one at a time, each before a selector asks, is sorted out into few snapshots.
    #[test]
    fn there_are_as_many_snapshots_as_the_number_of_volumes_has_digits() {
        let none = StringMap::default();
        let mut all = Ranks::default();
        let mut late = LateLabels::default();
        let any = Predicate::of(Some(&LabelSelector::default())).expect("a sound selector");
        for number in (0..1_000).rev() {
            all.insert(rank(number));
            late.note(&rank(number), &none, true);
            assert_eq!(late.first(&any, &all, &rank(0), |_| Some(&none)), Some(rank(number)));
        }
        assert!((2..=10).contains(&late.snapshots.len()), "{}", late.snapshots.len());
    }
}
