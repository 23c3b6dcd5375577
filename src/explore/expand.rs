//! What follows from one state.

use crate::cluster::{Cluster, Controllers, Mishap, Move, StateNumber, Weights};
use crate::explore::deed::Deed;
use crate::explore::left::{Done, Part, Parts};
use crate::explore::property::{Expectation, Moment, News, Property};

/// One step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// A move of the cluster.
    Move(Move),
    /// The next deed of a user.
    Deed(u8),
}

/// Who makes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// A controller; the number tells apart what must not be passed over for ever.
    Controller(u64),
    /// Time, where nobody has anything to do.
    Time,
    /// A user or a fault: nobody has to wait for it.
    Outside,
}

/// A cluster, and the number of its state.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) cluster: Cluster,
    pub(super) state: StateNumber,
}

impl Point {
    pub(super) fn new(cluster: Cluster) -> Self {
        let state = cluster.state_after(None);
        Self { cluster, state }
    }
}

/// What a step leads to.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) part: Part,
    pub(super) step: Step,
    pub(super) by: By,
    /// The number of the state, and how far users have come there.
    pub(super) state: u64,
    pub(super) done: Done,
    /// Whether anything was written.
    pub(super) writes: bool,
    /// The cluster, unless the site was known before.
    pub(super) point: Option<Box<Point>>,
    /// The properties that the step violates, and how.
    pub(super) violated: Vec<(usize, String)>,
}

/// Everything that follows from a point, as far as it was asked for.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    pub(super) reached: Vec<Reached>,
    /// Whether no controller has anything to do.
    pub(super) quiet: bool,
    /// The properties of quiet clusters that it violates, and how.
    pub(super) violated: Vec<(usize, String)>,
}

/// What is explored, as far as one step needs to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<'r> {
    pub(super) properties: &'r [Property],
    pub(super) users: &'r [Vec<Deed>],
    /// The controllers that crash and fall behind; all where there are none.
    pub(super) controllers: Controllers,
}

/// What is used again from one expansion to the next: clusters that are no longer needed, of which the next ones are made,
/// because most of a cluster stays as it is from one move to the next and is not touched then; and room for moves.
#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "a cluster is large, and goes on in the box that it is in")]
pub(super) struct Spares {
    points: Vec<Box<Point>>,
    moves: Vec<Move>,
    weights: Weights,
}

impl Spares {
    /// How many clusters are kept.
    const MOST: usize = 64;

    fn fork(&mut self, point: &Point) -> Box<Point> {
        let Some(mut spare) = self.points.pop() else {
            return Box::new(Point { cluster: point.cluster.fork_for_move(), state: point.state });
        };
        spare.cluster.become_fork_for_move(&point.cluster);
        spare
    }

    /// Takes a cluster that is no longer needed.
    pub(super) fn keep(&mut self, point: Box<Point>) {
        if self.points.len() < Self::MOST {
            self.points.push(point);
        }
    }
}

impl Rules<'_> {
    /// Whether users who have come so far have nothing left to do.
    pub(super) fn is_all_done(&self, done: Done) -> bool {
        self.users.iter().zip(done).all(|(deeds, done)| usize::from(done) >= deeds.len())
    }

    /// Tries what may happen next, as far as it is wanted. `quiet` says whether no controller has anything to do, where
    /// that was tried before. `is_known` says which sites are known already.
    pub(super) fn expand(
        &self,
        (point, done): (&Point, Done),
        wanted: Parts,
        quiet: Option<bool>,
        spares: &mut Spares,
        is_known: &impl Fn(u64, Done) -> bool,
    ) -> Expansion {
        let mut moves = std::mem::take(&mut spares.moves);
        moves.clear();
        point.cluster.moves_in(&point.state, &mut spares.weights, &mut moves);
        let reached = Vec::with_capacity(moves.len() * 2);
        let expansion = Expansion { reached, quiet: quiet.unwrap_or_default(), violated: Vec::new() };
        let mut trial = Trial { rules: self, point, done, spares, is_known, into: expansion };
        for part in wanted.iter() {
            if part == Part::Wait && !trial.into.quiet {
                continue;
            }
            self.each_step(&point.cluster, part, &moves, done, |step| trial.take(part, step));
            if part == Part::Moves {
                trial.into.quiet = trial.into.reached.is_empty();
            }
        }
        let mut expansion = trial.into;
        spares.moves = moves;
        if expansion.quiet && quiet.is_none() {
            let moment = Moment { before: None, cluster: &point.cluster };
            expansion.violated = self.violations(Expectation::AlwaysWhenQuiet, None, &moment);
        }
        expansion
    }

    /// The steps of a part, always in the same order.
    pub(super) fn each_step(
        &self,
        cluster: &Cluster,
        part: Part,
        moves: &[Move],
        done: Done,
        mut with: impl FnMut(Step),
    ) {
        let mishaps = |mishap: Mishap| {
            let concerned = moves.iter().filter(move |made| cluster.could_matter(**made, mishap));
            concerned.map(move |made| Step::Move(made.with(mishap)))
        };
        let is_concerned = |controller: &_| self.controllers.contains(*controller);
        match part {
            Part::Moves => moves.iter().copied().map(Step::Move).for_each(with),
            Part::Conflicts => mishaps(Mishap::Conflict).for_each(with),
            Part::ServerErrors => mishaps(Mishap::ServerError).for_each(with),
            Part::BackendFailures => mishaps(Mishap::BackendFailure).for_each(with),
            Part::BackendSilences => mishaps(Mishap::BackendSilence).for_each(with),
            // A backend that ends late, after a crash, is part of what that crash has done.
            Part::Late => (0..cluster.could_be_late()).map(Move::late).map(Step::Move).for_each(with),
            Part::Crashes => {
                let crashing = cluster.could_crash().into_iter().filter(is_concerned);
                crashing.map(Move::crash).map(Step::Move).for_each(with);
            }
            Part::StaleViews => {
                let falling = cluster.could_fall_behind().filter(is_concerned);
                falling.map(Move::fall_behind).map(Step::Move).for_each(with);
            }
            Part::Deeds => {
                for ((user, deeds), done) in (0u8..).zip(self.users).zip(done) {
                    if usize::from(done) < deeds.len() {
                        with(Step::Deed(user));
                    }
                }
            }
            Part::Wait => {
                if cluster.could_elapse() {
                    with(Step::Move(Move::elapse()));
                }
            }
        }
    }

    /// Makes a step. Returns whether it came to pass: the mishap of a move may have no occasion.
    pub(super) fn perform(&self, step: Step, done: Done, cluster: &mut Cluster) -> bool {
        match step {
            Step::Move(made) => cluster.make(made),
            Step::Deed(user) => {
                let user = usize::from(user);
                // What the API server refuses is done all the same: the user has tried.
                let _ = self.users[user][usize::from(done[user])].perform(cluster);
                true
            }
        }
    }

    fn violations(&self, expectation: Expectation, news: Option<News>, moment: &Moment<'_>) -> Vec<(usize, String)> {
        let mut violated = Vec::new();
        for (number, property) in self.properties.iter().enumerate() {
            if property.expectation == expectation
                && news.is_none_or(|news| property.concerns.meets(news))
                && let Err(message) = (property.check)(moment)
            {
                violated.push((number, message));
            }
        }
        violated
    }
}

/// How far users have come after a step.
pub(super) fn done_after(step: Step, mut done: Done) -> Done {
    if let Step::Deed(user) = step {
        done[usize::from(user)] += 1;
    }
    done
}

/// What is being tried from one point.
struct Trial<'t, K> {
    rules: &'t Rules<'t>,
    point: &'t Point,
    done: Done,
    spares: &'t mut Spares,
    is_known: &'t K,
    into: Expansion,
}

impl<K: Fn(u64, Done) -> bool> Trial<'_, K> {
    /// Takes a step, and notes where it leads to, unless it leads nowhere.
    fn take(&mut self, part: Part, step: Step) {
        let Self { rules, point, .. } = *self;
        let mut next = self.spares.fork(point);
        if !rules.perform(step, self.done, &mut next.cluster) {
            return self.spares.keep(next);
        }
        let done = done_after(step, self.done);
        next.state = next.cluster.state_after(Some((&point.cluster, point.state)));
        let state = next.state.whole;
        if state == point.state.whole && done == self.done {
            // Nothing has changed; what has gone wrong had no consequence.
            return self.spares.keep(next);
        }
        let writes = !next.cluster.journal().is_empty();
        let violated = if writes {
            let moment = Moment { before: Some(&point.cluster), cluster: &next.cluster };
            rules.violations(Expectation::Always, Some(News::of(&next.cluster)), &moment)
        } else {
            Vec::new()
        };
        let by = match step {
            Step::Move(made) if part == Part::Moves => By::Controller(point.cluster.fairness(made)),
            Step::Move(_) if part == Part::Wait => By::Time,
            _ => By::Outside,
        };
        let point = if (self.is_known)(state, done) {
            self.spares.keep(next);
            None
        } else {
            Some(next)
        };
        self.into.reached.push(Reached { part, step, by, state, done, writes, point, violated });
    }
}
