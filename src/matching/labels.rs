//! The labels of a group of free volumes, sorted out late: when a selector asks.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::matching::index::Rank;
use crate::matching::ranks::Ranks;
use crate::matching::snapshot::Snapshot;
use crate::model::list::StringMap;
use crate::model::selector::Predicate;

/// The labels of a group, sorted out when a selector asks for the first time. What is added after that waits until a
/// selector has asked again: claims without one, and most have none, do not pay for the sorting. Where less is left than
/// was taken out, all is forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct LateLabels {
    /// Each at most half as large as the one before it, so that what is added is sorted out anew as often as the number
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
    use crate::model::text::Text;

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
