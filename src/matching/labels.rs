//! Free volumes of a group by their labels, so that a selector finds the smallest that it chooses without visiting the
//! others.
//!
//! For each label there is a list of the volumes that have it, one for each of its values, and one of those that lack
//! it where they are the minority: each ordered as the group is. A search walks the shortest lists that together hold
//! every volume that one of the requirements allows, and checks the other requirements on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use crate::matching::index::Rank;
use crate::model::list::StringMap;
use crate::model::selector::{Predicate, Requirement, Test};
use crate::model::text::Text;

/// How many lists are walked side by side at most; beyond that their members are looked at one after the other.
const WALKED: usize = 64;

/// The volumes of a group by the value of one label.
#[derive(Clone, Debug, Default)]
struct Label {
    present: BTreeSet<Rank>,
    values: BTreeMap<Text, BTreeSet<Rank>>,
    /// Those that lack it, kept while they are the minority.
    absent: Option<BTreeSet<Rank>>,
}

/// The volumes of a group by their labels. Costs memory for each label of each volume.
#[derive(Clone, Debug, Default)]
struct Labels {
    labels: BTreeMap<Text, Label>,
    /// The labels that most volumes have.
    common: BTreeSet<Text>,
}

/// A volume that was added to a group, or taken out of it.
#[derive(Clone, Debug)]
struct Change {
    rank: Rank,
    labels: StringMap,
    is_there: bool,
}

/// The labels of a group, made when a selector asks for the first time. What changes in the group after that waits until
/// a selector has asked again: claims without one, and most have none, do not pay for the lists. Where more waits than it
/// would cost to make them anew, they are forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct LateLabels {
    lists: OnceLock<Labels>,
    /// What the lists have not followed yet.
    changes: Vec<Change>,
    /// What the changes come to; made when a selector asks.
    news: OnceLock<News>,
}

/// The volumes of which the lists are out of date.
#[derive(Clone, Debug)]
struct News {
    changed: BTreeSet<Rank>,
    /// Those of them that are in the group.
    present: BTreeSet<Rank>,
    lists: Labels,
}

impl LateLabels {
    /// Notes a volume that was added to the group, or taken out of it. The group is given as it is now. Cost: constant
    /// where no selector has asked since the last time, else logarithmic for each label of each volume that was noted.
    pub(super) fn note(&mut self, rank: &Rank, labels: &StringMap, is_there: bool, all: &BTreeSet<Rank>) {
        let Some(lists) = self.lists.get_mut() else {
            return;
        };
        if self.changes.len() > all.len() {
            *self = Self::default();
            return;
        }
        self.changes.push(Change { rank: rank.clone(), labels: labels.clone(), is_there });
        if self.news.take().is_some() {
            lists.follow(&std::mem::take(&mut self.changes), all);
        }
    }

    /// The first volume of a group, given as it is now, that a predicate chooses, none below `smallest`.
    ///
    /// Cost: logarithmic for each list that is looked at, and for each volume that the requirement which the fewest satisfy
    /// allows and another one does not. The first time it is linear in the group, and the first time after a change in what
    /// has changed since a selector asked.
    pub(super) fn first<'v>(
        &self,
        predicate: &Predicate,
        all: &BTreeSet<Rank>,
        smallest: &Rank,
        labels_of: impl Fn(&Rank) -> Option<&'v StringMap>,
    ) -> Option<Rank> {
        let lists = self.lists.get_or_init(|| Labels::of(all, &labels_of));
        if self.changes.is_empty() {
            return lists.chosen(predicate, all, smallest, labels_of).next().cloned();
        }
        let news = self.news.get_or_init(|| {
            let changed: BTreeSet<Rank> = self.changes.iter().map(|change| change.rank.clone()).collect();
            let present = changed.intersection(all).cloned().collect();
            News { lists: Labels::of(&present, &labels_of), present, changed }
        });
        let new = news.lists.chosen(predicate, &news.present, smallest, &labels_of).next();
        let old = lists.chosen(predicate, all, smallest, &labels_of).find(|rank| !news.changed.contains(rank));
        new.into_iter().chain(old).min().cloned()
    }
}

/// What a requirement leaves to look at.
enum Lists<'l> {
    /// Every volume of the group.
    All,
    /// What is in these lists, no volume in two of them.
    Some(Vec<&'l BTreeSet<Rank>>),
}

impl Labels {
    /// The labels of all volumes of a group. Cost: linear in their labels, but for looking up each of them by name.
    fn of<'v>(all: &BTreeSet<Rank>, labels: impl Fn(&Rank) -> Option<&'v StringMap>) -> Self {
        // The volumes come in order, so that each list is filled from its end and made a set as a whole.
        let mut lists: BTreeMap<&Text, BTreeMap<&Text, Vec<Rank>>> = BTreeMap::new();
        for rank in all {
            for (key, value) in labels(rank).into_iter().flat_map(StringMap::iter) {
                lists.entry(key).or_default().entry(value).or_default().push(rank.clone());
            }
        }
        let mut built = Self::default();
        for (key, values) in lists {
            let present = values.values().flatten().cloned().collect();
            let values = values.into_iter().map(|(value, ranks)| (value.clone(), ranks.into_iter().collect()));
            built.labels.insert(key.clone(), Label { present, values: values.collect(), absent: None });
            built.weigh(key, all);
        }
        built
    }

    /// Follows volumes that were added to the group or taken out of it, in that order. The group is given as it is now.
    /// Cost: logarithmic for each label of each of them.
    fn follow(&mut self, changes: &[Change], all: &BTreeSet<Rank>) {
        for Change { rank, labels, is_there } in changes {
            if *is_there { self.insert(rank, labels) } else { self.remove(rank, labels) }
        }
        for key in changes.iter().flat_map(|change| change.labels.keys()) {
            self.weigh(key, all);
        }
    }

    fn insert(&mut self, rank: &Rank, labels: &StringMap) {
        for key in &self.common {
            if !labels.contains_key(key)
                && let Some(absent) = self.labels.get_mut(key).and_then(|label| label.absent.as_mut())
            {
                absent.insert(rank.clone());
            }
        }
        for (key, value) in labels.iter() {
            self.add(key, value, rank);
        }
    }

    fn remove(&mut self, rank: &Rank, labels: &StringMap) {
        for key in &self.common {
            if let Some(absent) = self.labels.get_mut(key).and_then(|label| label.absent.as_mut()) {
                absent.remove(rank);
            }
        }
        for (key, value) in labels.iter() {
            let Some(label) = self.labels.get_mut(key) else {
                continue;
            };
            label.present.remove(rank);
            if let Some(ranks) = label.values.get_mut(value) {
                ranks.remove(rank);
                if ranks.is_empty() {
                    label.values.remove(value);
                }
            }
            if label.present.is_empty() {
                self.labels.remove(key);
                self.common.remove(key);
            }
        }
    }

    fn add(&mut self, key: &Text, value: &Text, rank: &Rank) {
        if !self.labels.contains_key(key) {
            self.labels.insert(key.clone(), Label::default());
        }
        if let Some(label) = self.labels.get_mut(key) {
            label.present.insert(rank.clone());
            match label.values.get_mut(value) {
                Some(ranks) => drop(ranks.insert(rank.clone())),
                None => drop(label.values.insert(value.clone(), BTreeSet::from([rank.clone()]))),
            }
        }
    }

    /// Lists the volumes that lack a label when most have it, and forgets them when three quarters lack it: as many
    /// changes lie between the two as the list is long, so that it costs each of them a constant number of steps.
    fn weigh(&mut self, key: &Text, all: &BTreeSet<Rank>) {
        let Some(label) = self.labels.get_mut(key) else {
            return;
        };
        match &label.absent {
            None if label.present.len() * 2 > all.len() => {
                label.absent = Some(all.difference(&label.present).cloned().collect());
                self.common.insert(key.clone());
            }
            Some(_) if label.present.len() * 4 < all.len() => {
                label.absent = None;
                self.common.remove(key);
            }
            None | Some(_) => {}
        }
    }

    /// The volumes that a predicate chooses, none below `smallest`, in order.
    ///
    /// Cost: logarithmic for each list that they are taken from, and for each volume that the requirement which the
    /// fewest satisfy allows and another one does not.
    fn chosen<'l, 'v>(
        &'l self,
        predicate: &'l Predicate,
        all: &'l BTreeSet<Rank>,
        smallest: &'l Rank,
        labels: impl Fn(&Rank) -> Option<&'v StringMap> + 'l,
    ) -> Box<dyn Iterator<Item = &'l Rank> + 'l> {
        let shortest = predicate
            .requirements()
            .iter()
            .enumerate()
            .filter_map(|(place, requirement)| match self.lists(requirement, all.len()) {
                Lists::All => None,
                Lists::Some(lists) => Some((place, lists)),
            })
            .min_by_key(|(_, lists)| lists.iter().map(|list| list.len()).sum::<usize>());
        // What is in the lists satisfies their requirement, and its labels need not be looked at for that.
        let satisfied = shortest.as_ref().map(|(place, _)| *place);
        let others = move |rank: &&Rank| {
            let mut requirements = predicate.requirements().iter().enumerate().filter(|(at, _)| Some(*at) != satisfied);
            let Some((_, first)) = requirements.next() else {
                return !predicate.is_of_nothing();
            };
            labels(rank).is_some_and(|labels| {
                first.holds(labels) && requirements.all(|(_, requirement)| requirement.holds(labels))
            })
        };
        match shortest {
            None => Box::new(all.range(smallest..).filter(others)),
            Some((_, lists)) => {
                let lists = lists.into_iter().map(|list| list.range(smallest..).peekable()).collect();
                Box::new(merge(lists).filter(others))
            }
        }
    }

    fn lists(&self, requirement: &Requirement, all: usize) -> Lists<'_> {
        let label = self.labels.get(&requirement.key);
        match (&requirement.test, label) {
            (Test::Equals(_) | Test::In(_) | Test::Exists, None) => Lists::Some(Vec::new()),
            (Test::NotIn(_) | Test::DoesNotExist, None) => Lists::All,
            (Test::Equals(value), Some(label)) => Lists::Some(label.values.get(value).into_iter().collect()),
            (Test::In(values), Some(label)) => {
                let distinct: BTreeSet<&Text> = values.iter().collect();
                Lists::Some(distinct.into_iter().filter_map(|value| label.values.get(value)).collect())
            }
            (Test::Exists, Some(label)) => Lists::Some(vec![&label.present]),
            (Test::DoesNotExist, Some(label)) => {
                label.absent.as_ref().map_or(Lists::All, |list| Lists::Some(vec![list]))
            }
            (Test::NotIn(values), Some(label)) => label.others(values, all),
        }
    }
}

impl Label {
    /// The volumes that have none of the values.
    fn others(&self, values: &[Text], all: usize) -> Lists<'_> {
        let distinct: BTreeSet<&Text> = values.iter().collect();
        let excluded: usize = distinct.iter().filter_map(|value| self.values.get(*value)).map(BTreeSet::len).sum();
        let Some(absent) = self.absent.as_ref().filter(|_| excluded * 2 > all) else {
            // About every second volume will do.
            return Lists::All;
        };
        let others = self.values.iter().filter(|(value, _)| !distinct.contains(value)).map(|(_, list)| list);
        let lists: Vec<&BTreeSet<Rank>> = std::iter::once(absent).chain(others).collect();
        // Where a walk would take more steps than it saves, every volume is looked at.
        let (allowed, steps) = (all - excluded, lists.len());
        if steps > WALKED && steps.saturating_mul(allowed) > all { Lists::All } else { Lists::Some(lists) }
    }
}

/// Walks ordered lists side by side.
fn merge<'l, I: Iterator<Item = &'l Rank>>(mut lists: Vec<std::iter::Peekable<I>>) -> impl Iterator<Item = &'l Rank> {
    std::iter::from_fn(move || {
        let heads = lists.iter_mut().enumerate().filter_map(|(at, list)| Some((*list.peek()?, at)));
        let (_, at) = heads.min()?;
        lists[at].next()
    })
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
        /// What the lists leave to look at holds every volume that a predicate chooses, in order and each once, however
        /// many were added and taken out since the lists were made, and however late the lists follow.
        #[test]
        fn the_lists_lose_no_volume_that_a_predicate_chooses(
            steps in prop::collection::vec((0..60u32, prop::option::weighted(0.8, labels())), 0..150),
            asked_every in 1..40usize,
            queries in prop::collection::vec((predicates(), 0..61u32), 1..20),
        ) {
            let mut all = BTreeSet::new();
            let mut held: BTreeMap<u32, StringMap> = BTreeMap::new();
            let mut late = LateLabels::default();
            let mut cases = queries.iter().cycle();
            for (step, (number, labels)) in steps.into_iter().enumerate() {
                if let Some(before) = held.remove(&number) {
                    all.remove(&rank(number));
                    late.note(&rank(number), &before, false, &all);
                }
                if let Some(labels) = labels {
                    all.insert(rank(number));
                    late.note(&rank(number), &labels, true, &all);
                    held.insert(number, labels);
                }
                if step % asked_every == 0 && let Some((predicate, from)) = cases.next() {
                    let labels_of = |rank: &Rank| held.get(&rank.volume.number());
                    let chosen = |rank: &&Rank| predicate.matches(&held[&rank.volume.number()]);
                    let expected = all.range(&rank(*from)..).find(chosen).cloned();
                    prop_assert_eq!(late.first(predicate, &all, &rank(*from), labels_of), expected);
                }
            }
            let labels_of = |rank: &Rank| held.get(&rank.volume.number());
            late.first(&queries[0].0, &all, &rank(0), labels_of);
            // One more change, and the lists have followed all of them.
            all.insert(rank(60));
            held.insert(60, StringMap::default());
            late.note(&rank(60), &held[&60], true, &all);
            let labels_of = |rank: &Rank| held.get(&rank.volume.number());
            late.first(&queries[0].0, &all, &rank(0), labels_of);
            let followed = late.lists.take().filter(|_| late.changes.is_empty());
            for index in followed.into_iter().chain([Labels::of(&all, labels_of)]) {
                for (predicate, from) in &queries {
                    let chosen = |rank: &&Rank| predicate.matches(&held[&rank.volume.number()]);
                    let from = rank(*from);
                    let expected: Vec<&Rank> = all.range(&from..).filter(chosen).collect();
                    let found: Vec<&Rank> = index.chosen(predicate, &all, &from, labels_of).collect();
                    prop_assert_eq!(expected, found);
                }
            }
        }
    }

    /// Lists of which nobody asks for long are forgotten, and made anew when somebody does.
    #[test]
    fn lists_that_fall_far_behind_are_forgotten() {
        let none = StringMap::default();
        let mut all: BTreeSet<Rank> = (0..10).map(rank).collect();
        let mut late = LateLabels::default();
        let any = Predicate::of(Some(&LabelSelector::default())).expect("a sound selector");
        let first = |late: &LateLabels, all: &BTreeSet<Rank>| late.first(&any, all, &rank(0), |_| Some(&none));
        let waiting = |late: &LateLabels| late.lists.get().map(|_| late.changes.len());
        assert_eq!(first(&late, &all), Some(rank(0)));
        for number in 0..5 {
            all.remove(&rank(number));
            late.note(&rank(number), &none, false, &all);
        }
        assert_eq!(waiting(&late), Some(5));
        all.remove(&rank(5));
        late.note(&rank(5), &none, false, &all);
        assert_eq!(waiting(&late), None);
        assert_eq!(first(&late, &all), Some(rank(6)));
        assert_eq!(waiting(&late), Some(0));
    }
}
