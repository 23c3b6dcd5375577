//! What follows from one state.

use std::hash::{Hash, Hasher};

use crate::cluster::{Cluster, Controllers, Mishap, Mixer, Move, StateNumber};
use crate::explore::deed::Deed;
use crate::explore::property::{Expectation, Moment, News, Property};

/// How many users there may be.
pub(super) const USERS: usize = 4;

/// What may still go wrong, and how far users have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Left {
    pub(super) conflicts: u8,
    pub(super) server_errors: u8,
    pub(super) backend_failures: u8,
    pub(super) crashes: u8,
    pub(super) stale_views: u8,
    pub(super) waits: u8,
    /// How many deeds of each user are done.
    pub(super) done: [u8; USERS],
}

impl Left {
    /// What is left after a mishap, if there may be one.
    fn without(mut self, mishap: Mishap) -> Option<Self> {
        let times = match mishap {
            Mishap::Conflict => &mut self.conflicts,
            Mishap::ServerError => &mut self.server_errors,
            Mishap::BackendFailure | Mishap::BackendSilence => &mut self.backend_failures,
        };
        *times = times.checked_sub(1)?;
        Some(self)
    }
}

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
    /// A user, a fault or time: nobody has to wait for it.
    Outside,
}

/// A state, with what may still come.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// In a box, so that lists of nodes are moved quickly.
    pub(super) cluster: Box<Cluster>,
    /// The number of the cluster's state.
    pub(super) state: StateNumber,
    pub(super) left: Left,
}

impl Node {
    pub(super) fn new(cluster: Cluster, left: Left) -> Self {
        let state = cluster.state_after(None);
        Self { cluster: Box::new(cluster), state, left }
    }

    /// By what the node is known: its state and what may still come.
    pub(super) fn key(&self) -> u64 {
        key(self.state.whole, &self.left)
    }
}

fn key(state: u64, left: &Left) -> u64 {
    let mut mixer = Mixer::new(state);
    left.hash(&mut mixer);
    mixer.finish()
}

/// What a step leads to.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) step: Step,
    pub(super) by: By,
    pub(super) key: u64,
    /// Whether anything was written.
    pub(super) writes: bool,
    /// The node, unless it was known before.
    pub(super) node: Option<Node>,
    /// The properties that the step violates, and how.
    pub(super) violated: Vec<(usize, String)>,
}

/// Everything that follows from a node.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    pub(super) children: Vec<Child>,
    /// Whether no controller has anything to do.
    pub(super) quiet: bool,
    /// Whether nothing comes after it, but for mishaps.
    pub(super) last: bool,
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

/// Clusters that are no longer needed. The next ones are made of them: most of a cluster stays as it is from one move to
/// the next, and is not touched then.
#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "a cluster is large, and goes on in the box that it is in")]
pub(super) struct Spares(Vec<Box<Cluster>>);

impl Spares {
    /// How many are kept.
    const MOST: usize = 64;

    fn fork(&mut self, cluster: &Cluster) -> Box<Cluster> {
        let Some(mut spare) = self.0.pop() else {
            return Box::new(cluster.fork_for_move());
        };
        spare.become_fork_for_move(cluster);
        spare
    }

    /// Takes a cluster that is no longer needed.
    pub(super) fn keep(&mut self, cluster: Box<Cluster>) {
        if self.0.len() < Self::MOST {
            self.0.push(cluster);
        }
    }
}

impl Rules<'_> {
    /// Tries everything that may happen next. `is_known` says which nodes are known already.
    pub(super) fn expand(&self, node: &Node, spares: &mut Spares, is_known: &impl Fn(u64) -> bool) -> Expansion {
        let mut trial = Trial { rules: self, node, spares, is_known, into: Expansion::default() };
        let mut moves = Vec::new();
        node.cluster.moves(&mut moves);
        for made in &moves {
            let mut next = trial.fork();
            next.make(*made);
            trial.add(next, node.left, Step::Move(*made), By::Controller(made.fairness()));
        }
        let quiet = trial.into.children.is_empty();
        trial.add_mishaps(&moves);
        trial.add_deeds();
        let deeds_done = self.users.iter().zip(node.left.done).all(|(deeds, done)| usize::from(done) >= deeds.len());
        let waits = quiet && node.left.waits > 0 && node.cluster.could_elapse();
        if waits {
            let left = Left { waits: node.left.waits - 1, ..node.left };
            trial.make(Move::elapse(), left);
        }
        let mut expansion = trial.into;
        expansion.quiet = quiet;
        expansion.last = quiet && deeds_done && !waits;
        if quiet {
            let moment = Moment { before: None, cluster: &node.cluster };
            expansion.violated = self.violations(Expectation::AlwaysWhenQuiet, None, &moment);
        }
        expansion
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

/// What is being tried from one node.
struct Trial<'t, K> {
    rules: &'t Rules<'t>,
    node: &'t Node,
    spares: &'t mut Spares,
    is_known: &'t K,
    into: Expansion,
}

impl<K: Fn(u64) -> bool> Trial<'_, K> {
    fn fork(&mut self) -> Box<Cluster> {
        self.spares.fork(&self.node.cluster)
    }

    /// Makes a move that comes from outside.
    fn make(&mut self, made: Move, left: Left) {
        let mut next = self.fork();
        if next.make(made) {
            self.add(next, left, Step::Move(made), By::Outside);
        } else {
            self.spares.keep(next);
        }
    }

    fn add_mishaps(&mut self, moves: &[Move]) {
        let (node, left) = (self.node, self.node.left);
        let kinds = [Mishap::Conflict, Mishap::ServerError, Mishap::BackendFailure, Mishap::BackendSilence];
        for (mishap, after) in kinds.into_iter().filter_map(|mishap| Some((mishap, left.without(mishap)?))) {
            for made in moves.iter().filter(|made| node.cluster.could_matter(**made, mishap)) {
                self.make(made.with(mishap), after);
            }
        }
        // A backend that ends late, after a crash, is part of what that crash has done.
        for number in 0..node.cluster.could_be_late() {
            self.make(Move::late(number), left);
        }
        if left.crashes > 0 {
            for controller in node.cluster.could_crash() {
                if self.rules.controllers.contains(controller) {
                    self.make(Move::crash(controller), Left { crashes: left.crashes - 1, ..left });
                }
            }
        }
        if left.stale_views > 0 {
            for controller in node.cluster.could_fall_behind() {
                if self.rules.controllers.contains(controller) {
                    self.make(Move::fall_behind(controller), Left { stale_views: left.stale_views - 1, ..left });
                }
            }
        }
    }

    fn add_deeds(&mut self) {
        for (user, deeds) in (0u8..).zip(self.rules.users) {
            let place = usize::from(user);
            if let Some(deed) = deeds.get(usize::from(self.node.left.done[place])) {
                let mut next = self.fork();
                // What the API server refuses is done all the same: the user has tried.
                let _ = deed.perform(&mut next);
                let mut left = self.node.left;
                left.done[place] += 1;
                self.add(next, left, Step::Deed(user), By::Outside);
            }
        }
    }

    /// Adds what a step leads to, unless it leads nowhere.
    fn add(&mut self, next: Box<Cluster>, left: Left, step: Step, by: By) {
        let node = self.node;
        let state = next.state_after(Some((&node.cluster, node.state)));
        if state.whole == node.state.whole && left.done == node.left.done {
            // Nothing has changed; what has gone wrong had no consequence.
            return self.spares.keep(next);
        }
        let key = key(state.whole, &left);
        let writes = !next.journal().is_empty();
        let violated = if writes {
            let moment = Moment { before: Some(&node.cluster), cluster: &next };
            self.rules.violations(Expectation::Always, Some(News::of(&next)), &moment)
        } else {
            Vec::new()
        };
        let node = if (self.is_known)(key) {
            self.spares.keep(next);
            None
        } else {
            Some(Node { cluster: next, state, left })
        };
        self.into.children.push(Child { step, by, key, writes, node, violated });
    }
}
