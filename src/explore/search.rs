//! The search: breadth first, so that what is found first is nearest.

use crate::cluster::{Cluster, Controllers};
use crate::explore::deed::Deed;
use crate::explore::left::{Left, USERS};
use crate::explore::outcomes::Outcomes;
use crate::explore::property::Property;
use crate::explore::trace::Trace;
use crate::explore::walk::Search;

/// How far a search has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many steps away from the beginning it is.
    pub depth: u32,
    /// How many states it has found.
    pub states: usize,
    /// How many of them are yet to be looked at.
    pub waiting: usize,
}

/// Something that a property forbids, and a shortest run to it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Violation {
    /// The name of the property.
    pub property: String,
    /// What is wrong.
    pub message: String,
    /// How it came to that; empty where something never happens that should.
    pub trace: Trace,
}

/// What a search has found.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Found {
    /// How many states there are.
    pub states: usize,
    /// How many steps there are between them.
    pub steps: usize,
    /// How many steps the farthest state is away.
    pub depth: u32,
    /// How many states are quiet.
    pub quiet: usize,
    /// Whether everything was tried, so that what was not found cannot happen.
    pub complete: bool,
    /// What is wrong: the first violation of each property.
    pub violations: Vec<Violation>,
    /// A shortest run to what sometimes happens, by the name of the property.
    pub witnesses: Vec<(String, Trace)>,
    /// What becomes of claims.
    pub outcomes: Outcomes,
}

impl Found {
    /// The violation of a property, if there is one.
    pub fn violation(&self, property: &str) -> Option<&Violation> {
        self.violations.iter().find(|violation| violation.property == property)
    }
}

type Report<'p> = dyn FnMut(&Progress) + 'p;

/// Tries everything that may happen from a cluster on.
pub struct Explorer<'p> {
    given: Cluster,
    /// The same in which any order is possible.
    pub(super) start: Cluster,
    pub(super) properties: Vec<Property>,
    pub(super) users: Vec<Vec<Deed>>,
    pub(super) left: Left,
    pub(super) controllers: Controllers,
    pub(super) max_states: usize,
    max_depth: u32,
    pub(super) threads: usize,
    pub(super) cycles: bool,
    progress: Option<Box<Report<'p>>>,
}

impl std::fmt::Debug for Explorer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Explorer")
            .field("properties", &self.properties)
            .field("users", &self.users)
            .finish_non_exhaustive()
    }
}

impl<'p> Explorer<'p> {
    /// Explores from a cluster, where nothing goes wrong and no user does anything.
    pub fn new(cluster: &Cluster) -> Self {
        Self {
            given: cluster.fork(),
            start: cluster.loosened(),
            properties: Vec::new(),
            users: Vec::new(),
            left: Left::default(),
            controllers: Controllers::ALL,
            max_states: 10_000_000,
            max_depth: u32::MAX,
            threads: 1,
            cycles: true,
            progress: None,
        }
    }

    /// The cluster that was given.
    pub fn cluster(&self) -> &Cluster {
        &self.given
    }

    /// Asks something of all runs. There may be 64 that say *eventually* or *sometimes*.
    #[must_use]
    pub fn property(mut self, property: Property) -> Self {
        self.properties.push(property);
        self
    }

    /// Asks several things of all runs.
    #[must_use]
    pub fn properties(mut self, properties: impl IntoIterator<Item = Property>) -> Self {
        self.properties.extend(properties);
        self
    }

    /// A user does these things, in this order, at any time. Several users act beside each other.
    ///
    /// # Panics
    /// At the fifth user.
    #[must_use]
    pub fn user(mut self, deeds: impl IntoIterator<Item = Deed>) -> Self {
        self.users.push(deeds.into_iter().collect());
        assert!(self.users.len() <= USERS, "no more than {USERS} users can act beside each other");
        self
    }

    /// So often a controller crashes in the middle of something.
    #[must_use]
    pub fn crashes(mut self, times: u8) -> Self {
        self.left.crashes = times;
        self
    }

    /// So many writes are refused with a conflict.
    #[must_use]
    pub fn conflicts(mut self, times: u8) -> Self {
        self.left.conflicts = times;
        self
    }

    /// So many writes are refused with an error of the server.
    #[must_use]
    pub fn server_errors(mut self, times: u8) -> Self {
        self.left.server_errors = times;
        self
    }

    /// So many calls of backends fail, or never end.
    #[must_use]
    pub fn backend_failures(mut self, times: u8) -> Self {
        self.left.backend_failures = times;
        self
    }

    /// So often a controller sees nothing new for a while.
    #[must_use]
    pub fn stale_views(mut self, times: u8) -> Self {
        self.left.stale_views = times;
        self
    }

    /// So often time passes where everything is quiet and something is due later; [`u8::MAX`] stands for no limit. Then
    /// runs are found, too, that go round in a circle and wait meanwhile.
    #[must_use]
    pub fn waits(mut self, times: u8) -> Self {
        self.left.waits = times;
        self
    }

    /// Only these controllers crash and fall behind.
    #[must_use]
    pub fn only(mut self, controllers: Controllers) -> Self {
        self.controllers = controllers;
        self
    }

    /// Gives up after so many states.
    #[must_use]
    pub fn max_states(mut self, states: usize) -> Self {
        self.max_states = states;
        self
    }

    /// Goes no further than so many steps.
    #[must_use]
    pub fn max_depth(mut self, steps: u32) -> Self {
        self.max_depth = steps;
        self
    }

    /// Searches with so many threads. What is found is the same.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Whether runs that go round in a circle, with nobody passed over, are violations; they are unless this says
    /// otherwise. The name of the property is `every run becomes quiet`.
    #[must_use]
    pub fn cycles(mut self, forbidden: bool) -> Self {
        self.cycles = forbidden;
        self
    }

    /// Tells how far the search has come, after each step away from the beginning.
    #[must_use]
    pub fn progress(mut self, report: impl FnMut(&Progress) + 'p) -> Self {
        self.progress = Some(Box::new(report));
        self
    }

    /// Searches. Cost: some 24,000 instructions for each state of a cluster of two volumes and two claims, from which three
    /// steps lead on and in which one crash and one conflict may happen (the module says how that was measured). Memory
    /// for the clusters of two neighbouring depths and of some thousand states more, and some hundred bytes for each state.
    pub fn run(mut self) -> Found {
        let mut progress = self.progress.take();
        let mut search = Search::new(&self);
        let mut frontier = search.begin(self.left);
        let mut depth = 0;
        while !frontier.is_empty() && depth < self.max_depth && !search.is_full() {
            frontier = search.go_on(&frontier);
            depth += 1;
            if let Some(report) = &mut progress {
                report(&Progress { depth, states: search.states(), waiting: frontier.len() });
            }
        }
        search.finish(frontier.is_empty())
    }
}
