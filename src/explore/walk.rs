//! A search under way: from node to node, and over the sites that they stand at.

use std::collections::BTreeMap;
use std::thread;

use rustc_hash::FxHashMap;

use crate::cluster::Cluster;
use crate::explore::expand::{Expansion, Point, Rules, Spares};
use crate::explore::graph::{Circle, Graph, Leg};
use crate::explore::left::{Done, Left, Parts};
use crate::explore::property::{Expectation, Moment, Property};
use crate::explore::search::{Explorer, Found, Violation};
use crate::explore::sites::Sites;
use crate::explore::trace::{Stage, Trace};

/// How many nodes threads are given at once.
const BATCH: usize = 8192;

/// Below how many nodes threads are not worth while.
const FEW: usize = 64;

/// A node: the site at which it stands, and what may still go wrong there.
type Node = (u32, Left);

/// A search under way.
pub(super) struct Search<'e> {
    rules: Rules<'e>,
    start: &'e Cluster,
    /// What is left at the beginning decides what may ever happen.
    ever: Parts,
    /// For each thread, what its next clusters are made of.
    spares: Vec<Spares>,
    max_states: usize,
    cycles: bool,
    sites: Sites,
    known: FxHashMap<Node, u32>,
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
    pub(super) fn new(explorer: &'e Explorer<'_>) -> Self {
        let properties = &explorer.properties;
        let is_of_state =
            |property: &Property| matches!(property.expectation, Expectation::Eventually | Expectation::Sometimes);
        let of_states = properties.iter().enumerate().filter(|(_, property)| is_of_state(property));
        Self {
            rules: Rules { properties, users: &explorer.users, controllers: explorer.controllers },
            start: &explorer.start,
            ever: explorer.left.parts(),
            spares: (0..explorer.threads.max(1)).map(|_| Spares::default()).collect(),
            max_states: explorer.max_states,
            cycles: explorer.cycles,
            sites: Sites::default(),
            known: FxHashMap::default(),
            graph: Graph::default(),
            found: Found::default(),
            cut: false,
            of_states: of_states.map(|(number, _)| number).take(64).collect(),
            violated: vec![false; properties.len()],
            witnessed: vec![false; properties.len()],
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.states() >= self.max_states
    }

    /// How many nodes were found.
    pub(super) fn states(&self) -> usize {
        self.graph.places.len()
    }

    /// Begins at the start. Returns the nodes to go on from.
    pub(super) fn begin(&mut self, left: Left) -> Vec<Node> {
        let point = Box::new(Point::new(self.start.clone()));
        let holds = holds(&self.of_states, &self.rules, &point);
        let site = self.sites.add(point, Done::default(), holds);
        let number = self.graph.add(None, holds);
        self.known.insert((site, left), number);
        self.witness(number, holds);
        vec![(site, left)]
    }

    /// Goes one step on from nodes, in the order in which they were found: the result does not depend on threads.
    pub(super) fn go_on(&mut self, nodes: &[Node]) -> Vec<Node> {
        let mut next = Vec::new();
        let many = self.spares.len() > 1;
        for batch in nodes.chunks(BATCH) {
            if many && batch.len() >= FEW {
                self.visit_all(batch);
            }
            for (site, left) in batch {
                self.visit(*site, left.parts());
                self.leave(*site, *left, &mut next);
            }
        }
        next
    }

    /// Tries what was not tried yet of what may happen at a site.
    fn visit(&mut self, site: u32, open: Parts) {
        let wanted = self.sites.wanted(site, open, self.ever);
        if wanted.is_empty() {
            return;
        }
        if let Some(point) = self.sites.point(site) {
            let (sites, done, quiet) = (&self.sites, self.sites.get(site).done, self.sites.quiet(site));
            let is_known = |state, done: Done| sites.is_known(state, done);
            let expansion = self.rules.expand((&point, done), wanted, quiet, &mut self.spares[0], &is_known);
            self.take_in(site, point, wanted, expansion);
        }
    }

    /// The same for many nodes, by several threads.
    fn visit_all(&mut self, batch: &[Node]) {
        let mut open: BTreeMap<u32, Parts> = BTreeMap::new();
        let mut order = Vec::new();
        for (site, left) in batch {
            let wanted = self.sites.wanted(*site, left.parts(), self.ever);
            if !wanted.is_empty() {
                let parts = open.entry(*site).or_insert_with(|| {
                    order.push(*site);
                    Parts::default()
                });
                *parts = parts.with(wanted);
            }
        }
        let visits: Vec<(u32, Parts, Box<Point>)> = order
            .into_iter()
            .filter_map(|site| Some((site, open.get(&site).copied()?, self.sites.point(site)?)))
            .collect();
        let (rules, sites) = (self.rules, &self.sites);
        let size = visits.len().div_ceil(self.spares.len()).max(1);
        let is_known = |state, done: Done| sites.is_known(state, done);
        let expansions: Vec<Vec<Expansion>> = thread::scope(|scope| {
            let work = |part: &[(u32, Parts, Box<Point>)], spares: &mut Spares| {
                let expand = |(site, wanted, point): &(u32, Parts, Box<Point>)| {
                    let (done, quiet) = (sites.get(*site).done, sites.quiet(*site));
                    rules.expand((point, done), *wanted, quiet, spares, &is_known)
                };
                part.iter().map(expand).collect()
            };
            let parts = visits.chunks(size).zip(&mut self.spares);
            let threads: Vec<_> = parts.map(|(part, spares)| scope.spawn(move || work(part, spares))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a property that panics ends the search")).collect()
        });
        for ((site, wanted, point), expansion) in visits.into_iter().zip(expansions.into_iter().flatten()) {
            self.take_in(site, point, wanted, expansion);
        }
    }

    fn take_in(&mut self, site: u32, point: Box<Point>, tried: Parts, expansion: Expansion) {
        let all_done = self.rules.is_all_done(self.sites.get(site).done);
        let (of_states, rules) = (&self.of_states, &self.rules);
        let holds = |point: &Point| holds(of_states, rules, point);
        let context = (all_done, self.ever);
        self.sites.take_in((site, point), tried, expansion, context, &mut self.spares[0], &holds);
    }

    /// Follows the exits of a site that are open to a node.
    fn leave(&mut self, site: u32, left: Left, next: &mut Vec<Node>) {
        let stay = self.sites.get(site);
        let (quiet, waits) = (stay.quiet, stay.elapses && left.waits > 0);
        let last = quiet && !waits && self.rules.is_all_done(stay.done);
        let number = self.graph.begin(last);
        self.found.quiet += usize::from(quiet);
        if quiet {
            for (property, message) in self.sites.quiet_violations(site).to_vec() {
                self.violate(property, message, number, None);
            }
        }
        if last && let Some(ending) = self.sites.ending(site) {
            self.found.outcomes.see(ending);
        }
        for part in left.parts().iter() {
            let Some(after) = left.after(part) else {
                continue;
            };
            for exit in self.sites.exits(site, part) {
                self.follow(number, exit, after, next);
            }
        }
    }

    fn follow(&mut self, number: u32, exit: u32, left: Left, next: &mut Vec<Node>) {
        let (to, violates) = {
            let exit = &self.sites.exits[exit as usize];
            (exit.to, exit.violates)
        };
        if violates {
            for (property, message) in self.sites.violations(exit).to_vec() {
                self.violate(property, message, number, Some(exit));
            }
        }
        if let Some(known) = self.known.get(&(to, left)) {
            return self.graph.connect(*known, exit);
        }
        if self.is_full() {
            self.cut = true;
            return;
        }
        let holds = self.sites.get(to).holds;
        let child = self.graph.add(Some((number, exit)), holds);
        self.known.insert((to, left), child);
        self.graph.connect(child, exit);
        self.witness(child, holds);
        next.push((to, left));
    }

    /// Notes the first violation of a property: at a node, or on a step from it.
    fn violate(&mut self, property: usize, message: String, number: u32, exit: Option<u32>) {
        if std::mem::replace(&mut self.violated[property], true) {
            return;
        }
        let mut stages = self.stages_to(number);
        if let Some(exit) = exit {
            stages.push(Stage { violates: Some(property), ..self.stage(exit) });
        }
        let trace = Trace::tell(self.start, &self.rules, &stages);
        let property = self.rules.properties[property].name.clone();
        self.found.violations.push(Violation { property, message, trace });
    }

    fn stage(&self, exit: u32) -> Stage {
        let exit = &self.sites.exits[exit as usize];
        Stage { part: exit.part, step: exit.step, state: self.sites.get(exit.to).state, violates: None }
    }

    fn stages<'s>(&'s self, legs: &'s [Leg]) -> impl Iterator<Item = Stage> + 's {
        legs.iter().map(|leg| self.stage(leg.exit))
    }

    /// A shortest run to a node.
    pub(super) fn stages_to(&self, number: u32) -> Vec<Stage> {
        self.stages(&self.graph.path(number)).collect()
    }

    /// The same, told.
    pub(super) fn trace_to(&self, number: u32) -> Trace {
        Trace::tell(self.start, &self.rules, &self.stages_to(number))
    }

    /// Notes what holds for the first time.
    fn witness(&mut self, number: u32, holds: u64) {
        for bit in 0..self.of_states.len() {
            let property = self.of_states[bit];
            let is_new = holds & (1 << bit) != 0 && !self.witnessed[property];
            if is_new && self.rules.properties[property].expectation == Expectation::Sometimes {
                self.witnessed[property] = true;
                let trace = self.trace_to(number);
                self.found.witnesses.push((self.rules.properties[property].name.clone(), trace));
            }
        }
    }

    pub(super) fn finish(mut self, exhausted: bool) -> Found {
        let complete = exhausted && !self.cut;
        for bit in 0..self.of_states.len() {
            let property = &self.rules.properties[self.of_states[bit]];
            let name = property.name.clone();
            if property.expectation == Expectation::Sometimes {
                if complete && !self.witnessed[self.of_states[bit]] {
                    let message = "it never happens".to_owned();
                    self.found.violations.push(Violation { property: name, message, trace: Trace::default() });
                }
            } else if let Some(circle) =
                u32::try_from(bit).ok().and_then(|bit| self.graph.never(bit, &self.sites.exits))
            {
                let message = "there is a run on which it never happens".to_owned();
                let trace = self.tell(&circle);
                self.found.violations.push(Violation { property: name, message, trace });
            }
        }
        if self.cycles
            && let Some(circle) = self.graph.circle(&self.sites.exits)
        {
            let message = format!("a run goes round in a circle of {} steps", circle.round.len());
            let trace = self.tell(&circle);
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

    fn tell(&self, circle: &Circle) -> Trace {
        let stages: Vec<Stage> = self.stages(&circle.to).chain(self.stages(&circle.round)).collect();
        let mut trace = Trace::tell(self.start, &self.rules, &stages);
        trace.circle = (!circle.round.is_empty()).then_some(circle.to.len());
        trace
    }
}

/// The properties of states that hold, as bits.
fn holds(of_states: &[usize], rules: &Rules<'_>, point: &Point) -> u64 {
    let moment = Moment { before: None, cluster: &point.cluster };
    let holds = |number: &usize| (rules.properties[*number].check)(&moment).is_ok();
    of_states.iter().enumerate().filter(|(_, number)| holds(number)).fold(0, |bits, (bit, _)| bits | 1 << bit)
}
