//! The search: breadth first, so that what is found first is nearest.

use std::thread;

use rustc_hash::FxHashMap;

use crate::cluster::{Cluster, Controllers};
use crate::explore::deed::Deed;
use crate::explore::expand::{Child, Expansion, Left, Node, Rules, Spares, Step, USERS};
use crate::explore::graph::Graph;
use crate::explore::outcomes::Outcomes;
use crate::explore::property::{Expectation, Moment, Property};
use crate::explore::trace::Trace;

/// How many nodes threads are given at once.
const BATCH: usize = 8192;

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
    start: Cluster,
    properties: Vec<Property>,
    users: Vec<Vec<Deed>>,
    left: Left,
    controllers: Controllers,
    max_states: usize,
    max_depth: u32,
    threads: usize,
    cycles: bool,
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

    /// So often time passes where everything is quiet and something is due later.
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

    /// Searches. Cost: some 36,000 instructions for each state of a cluster of two volumes and two claims, from which three
    /// steps lead on; half of them make the moves, a fifth works out the numbers of the states, a tenth copies. Memory for
    /// the clusters of two neighbouring depths, and some fifty bytes for each step.
    pub fn run(mut self) -> Found {
        let mut progress = self.progress.take();
        let mut search = Search::new(&self);
        let mut frontier = vec![Node::new(self.start.clone(), self.left)];
        search.begin(&frontier[0]);
        let mut depth = 0;
        while !frontier.is_empty() && depth < self.max_depth && !search.is_full() {
            let mut next = Vec::new();
            let mut nodes = frontier.into_iter();
            loop {
                let batch: Vec<Node> = nodes.by_ref().take(BATCH).collect();
                if batch.is_empty() {
                    break;
                }
                search.expand(batch, &mut next);
            }
            frontier = next;
            depth += 1;
            if let Some(report) = &mut progress {
                report(&Progress { depth, states: search.graph.places.len(), waiting: frontier.len() });
            }
        }
        search.finish(frontier.is_empty())
    }
}

/// A search under way.
struct Search<'e> {
    rules: Rules<'e>,
    start: &'e Cluster,
    /// For each thread, what its next clusters are made of.
    spares: Vec<Spares>,
    max_states: usize,
    cycles: bool,
    known: FxHashMap<u64, u32>,
    graph: Graph,
    found: Found,
    cut: bool,
    /// The numbers of the properties of states, whose bits the places hold.
    of_states: Vec<usize>,
    /// The first violation of each property.
    violated: Vec<bool>,
    witnessed: Vec<bool>,
}

impl<'e> Search<'e> {
    fn new(explorer: &'e Explorer<'_>) -> Self {
        let properties = &explorer.properties;
        let is_of_state =
            |property: &Property| matches!(property.expectation, Expectation::Eventually | Expectation::Sometimes);
        let of_states = properties.iter().enumerate().filter(|(_, property)| is_of_state(property));
        Self {
            rules: Rules { properties, users: &explorer.users, controllers: explorer.controllers },
            start: &explorer.start,
            spares: (0..explorer.threads.max(1)).map(|_| Spares::default()).collect(),
            max_states: explorer.max_states,
            cycles: explorer.cycles,
            known: FxHashMap::default(),
            graph: Graph::default(),
            found: Found::default(),
            cut: false,
            of_states: of_states.map(|(number, _)| number).take(64).collect(),
            violated: vec![false; properties.len()],
            witnessed: vec![false; properties.len()],
        }
    }

    fn is_full(&self) -> bool {
        self.graph.places.len() >= self.max_states
    }

    fn begin(&mut self, node: &Node) {
        let holds = self.holds(&node.cluster);
        let number = self.graph.add(None, holds);
        self.known.insert(node.key(), number);
        self.witness(number, holds);
    }

    /// The properties of states that hold, as bits.
    fn holds(&self, cluster: &Cluster) -> u64 {
        let moment = Moment { before: None, cluster };
        let holds = |number: &usize| (self.rules.properties[*number].check)(&moment).is_ok();
        self.of_states.iter().enumerate().filter(|(_, number)| holds(number)).fold(0, |bits, (bit, _)| bits | 1 << bit)
    }

    fn expand(&mut self, batch: Vec<Node>, next: &mut Vec<Node>) {
        if self.spares.len() == 1 || batch.len() < 64 {
            for node in batch {
                let known = &self.known;
                let expansion = self.rules.expand(&node, &mut self.spares[0], &|key| known.contains_key(&key));
                self.take_in(&node, expansion, next);
                self.spares[0].keep(node.cluster);
            }
            return;
        }
        let (rules, known) = (self.rules, &self.known);
        let size = batch.len().div_ceil(self.spares.len());
        let expansions: Vec<Vec<Expansion>> = thread::scope(|scope| {
            let work = |part: &'_ [Node], spares: &mut Spares| {
                part.iter().map(|node| rules.expand(node, spares, &|key| known.contains_key(&key))).collect()
            };
            let parts = batch.chunks(size).zip(&mut self.spares);
            let threads: Vec<_> = parts.map(|(part, spares)| scope.spawn(move || work(part, spares))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a property that panics ends the search")).collect()
        });
        for (node, expansion) in batch.iter().zip(expansions.into_iter().flatten()) {
            self.take_in(node, expansion, next);
        }
    }

    /// Takes in what follows from a node, in the order in which nodes were found: the result does not depend on threads.
    fn take_in(&mut self, node: &Node, expansion: Expansion, next: &mut Vec<Node>) {
        let Expansion { children, quiet, last, violated } = expansion;
        let number = self.graph.begin(last);
        self.found.quiet += usize::from(quiet);
        for (property, message) in violated {
            self.violate(property, message, number, None);
        }
        if last {
            self.found.outcomes.see(&node.cluster);
        }
        for Child { step, by, key, writes, node, violated } in children {
            for (property, message) in violated {
                self.violate(property, message, number, Some(step));
            }
            if let Some(known) = self.known.get(&key) {
                self.graph.connect(*known, by, step, writes);
                continue;
            }
            if self.is_full() {
                self.cut = true;
                continue;
            }
            if let Some(node) = node {
                let holds = self.holds(&node.cluster);
                let child = self.graph.add(Some((number, step)), holds);
                self.known.insert(key, child);
                self.graph.connect(child, by, step, writes);
                self.witness(child, holds);
                next.push(node);
            }
        }
    }

    /// Notes the first violation of a property: at a node, or on a step from it.
    fn violate(&mut self, property: usize, message: String, number: u32, step: Option<Step>) {
        if std::mem::replace(&mut self.violated[property], true) {
            return;
        }
        let path: Vec<Step> = self.graph.path(number).into_iter().chain(step).collect();
        let (trace, _) = Trace::tell(self.start, self.rules.users, &path);
        let property = self.rules.properties[property].name.clone();
        self.found.violations.push(Violation { property, message, trace });
    }

    /// Notes what holds for the first time.
    fn witness(&mut self, number: u32, holds: u64) {
        for bit in 0..self.of_states.len() {
            let property = self.of_states[bit];
            let is_new = holds & (1 << bit) != 0 && !self.witnessed[property];
            if is_new && self.rules.properties[property].expectation == Expectation::Sometimes {
                self.witnessed[property] = true;
                let (trace, _) = Trace::tell(self.start, self.rules.users, &self.graph.path(number));
                self.found.witnesses.push((self.rules.properties[property].name.clone(), trace));
            }
        }
    }

    fn finish(mut self, exhausted: bool) -> Found {
        let complete = exhausted && !self.cut;
        for bit in 0..self.of_states.len() {
            let property = &self.rules.properties[self.of_states[bit]];
            let name = property.name.clone();
            if property.expectation == Expectation::Sometimes {
                if complete && !self.witnessed[self.of_states[bit]] {
                    let message = "it never happens".to_owned();
                    self.found.violations.push(Violation { property: name, message, trace: Trace::default() });
                }
            } else if let Some(circle) = u32::try_from(bit).ok().and_then(|bit| self.graph.never(bit)) {
                let message = "there is a run on which it never happens".to_owned();
                let trace = self.tell(&circle.to, &circle.round);
                self.found.violations.push(Violation { property: name, message, trace });
            }
        }
        if self.cycles
            && let Some(circle) = self.graph.circle()
        {
            let message = format!("a run goes round in a circle of {} steps", circle.round.len());
            let trace = self.tell(&circle.to, &circle.round);
            self.found.violations.push(Violation { property: "every run becomes quiet".to_owned(), message, trace });
        }
        let Self { graph, mut found, .. } = self;
        found.states = graph.places.len();
        found.steps = graph.edge_count();
        found.depth = graph.places.last().map_or(0, |place| place.depth);
        found.complete = complete;
        found.outcomes.exact = complete;
        found
    }

    fn tell(&self, to: &[Step], round: &[Step]) -> Trace {
        let path: Vec<Step> = to.iter().chain(round).copied().collect();
        let (mut trace, _) = Trace::tell(self.start, self.rules.users, &path);
        trace.circle = (!round.is_empty()).then_some(to.len());
        trace
    }
}
