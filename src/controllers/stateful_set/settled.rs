//! Pods that need nothing, in runs of consecutive ordinals.
//!
//! A pass that has looked at a pod and found it healthy, with its identity, its volumes and the owners of its claims
//! in place, need not look again until the pod, a claim of it, or the set changes. Runs keep that short: a healthy
//! set is one run, one that is being updated is two.

use std::ops::Range;

use crate::model::text::Text;

/// How many runs are kept; of more the shortest is forgotten.
const MOST: usize = 16;

/// Pods of consecutive ordinals that were built from one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) ordinals: Range<i64>,
    pub(super) revision: Text,
}

/// Pods that need nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// In the order of the ordinals; no two overlap.
    runs: Vec<Run>,
}

impl Settled {
    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The run that an ordinal is in.
    pub(super) fn run_at(&self, ordinal: i64) -> Option<&Run> {
        self.runs.get(self.place(ordinal)).filter(|run| run.ordinals.contains(&ordinal))
    }

    /// The place of the first run that does not end before an ordinal.
    fn place(&self, ordinal: i64) -> usize {
        self.runs.partition_point(|run| run.ordinals.end <= ordinal)
    }

    /// Adds a pod.
    pub(super) fn add(&mut self, ordinal: i64, revision: Text) {
        let place = self.place(ordinal);
        if self.runs.get(place).is_some_and(|run| run.ordinals.contains(&ordinal)) {
            return;
        }
        let joins = |run: Option<&Run>, at: fn(&Run) -> i64, edge: i64| {
            run.is_some_and(|run| at(run) == edge && run.revision == revision)
        };
        let before = place.checked_sub(1).and_then(|before| self.runs.get(before));
        let joins_before = joins(before, |run| run.ordinals.end, ordinal);
        let joins_after = joins(self.runs.get(place), |run| run.ordinals.start, ordinal + 1);
        match (joins_before, joins_after) {
            (true, true) => self.runs[place - 1].ordinals.end = self.runs.remove(place).ordinals.end,
            (true, false) => self.runs[place - 1].ordinals.end += 1,
            (false, true) => self.runs[place].ordinals.start = ordinal,
            (false, false) => self.runs.insert(place, Run { ordinals: ordinal..ordinal + 1, revision }),
        }
        self.trim();
    }

    /// Forgets a pod.
    pub(super) fn forget(&mut self, ordinal: i64) {
        let place = self.place(ordinal);
        if !self.runs.get(place).is_some_and(|run| run.ordinals.contains(&ordinal)) {
            return;
        }
        let Run { ordinals, revision } = self.runs.remove(place);
        for ordinals in [ordinal + 1..ordinals.end, ordinals.start..ordinal] {
            if !ordinals.is_empty() {
                self.runs.insert(place, Run { ordinals, revision: revision.clone() });
            }
        }
        self.trim();
    }

    /// Forgets the highest pod below and the highest pod above a range: of those outside, the next to go.
    pub(super) fn forget_next(&mut self, range: &Range<i64>) {
        let below = self.runs.iter().rfind(|run| run.ordinals.start < range.start);
        let below = below.map(|run| run.ordinals.end.min(range.start) - 1);
        let above = self.runs.last().map(|run| run.ordinals.end - 1).filter(|last| *last >= range.end);
        for ordinal in below.into_iter().chain(above) {
            self.forget(ordinal);
        }
    }

    fn trim(&mut self) {
        if self.runs.len() > MOST {
            let length = |run: &Run| run.ordinals.end - run.ordinals.start;
            let shortest = (0..self.runs.len()).min_by_key(|place| length(&self.runs[*place]));
            shortest.map(|place| self.runs.remove(place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(settled: &Settled) -> Vec<(i64, i64, &str)> {
        settled.runs.iter().map(|run| (run.ordinals.start, run.ordinals.end, run.revision.as_str())).collect()
    }

    #[test]
    fn neighbours_of_one_revision_are_one_run() {
        let mut settled = Settled::default();
        for (ordinal, revision) in [(0, "a"), (2, "a"), (1, "a"), (3, "b"), (5, "b"), (4, "b"), (4, "b")] {
            settled.add(ordinal, revision.into());
        }
        assert_eq!(runs(&settled), [(0, 3, "a"), (3, 6, "b")]);
    }

    #[test]
    fn a_pod_that_is_forgotten_splits_its_run() {
        let mut settled = Settled::default();
        (0..6).for_each(|ordinal| settled.add(ordinal, "a".into()));
        settled.forget(2);
        settled.forget(9);
        assert_eq!(runs(&settled), [(0, 2, "a"), (3, 6, "a")]);
        settled.forget(5);
        settled.forget(0);
        assert_eq!(runs(&settled), [(1, 2, "a"), (3, 5, "a")]);
        assert!(settled.run_at(2).is_none() && settled.run_at(4).is_some());
    }

    #[test]
    fn the_next_pods_to_go_are_the_highest_on_either_side_of_the_range() {
        let mut settled = Settled::default();
        (0..9).for_each(|ordinal| settled.add(ordinal, "a".into()));
        settled.forget_next(&(3..6));
        assert_eq!(runs(&settled), [(0, 2, "a"), (3, 8, "a")]);
    }

    #[test]
    fn no_more_runs_are_kept_than_are_looked_through_quickly() {
        let mut settled = Settled::default();
        (0..100).for_each(|ordinal| settled.add(ordinal * 2, "a".into()));
        assert_eq!(settled.runs().len(), MOST);
    }
}
