//! The states that were found and the steps between them: paths, circles, and what is never reached.

use crate::explore::expand::By;
use crate::explore::sites::Exit;

/// What is known of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The node from which it was found, and the exit that led to it.
    from: Option<(u32, u32)>,
    pub(super) depth: u32,
    /// The properties of states that hold here, as bits.
    holds: u64,
    last: bool,
}

/// A step from one node to another, by the number of the exit of the site.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    pub(super) to: u32,
    pub(super) exit: u32,
}

/// All nodes, numbered in the order in which they were found, and the edges between them.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) places: Vec<Place>,
    edges: Vec<Leg>,
    /// Where the edges of a node begin; nodes are left in order.
    starts: Vec<usize>,
}

/// A circle in which nobody is passed over: a way to it, and the way round.
#[derive(Debug)]
pub(super) struct Circle {
    pub(super) to: Vec<Leg>,
    pub(super) round: Vec<Leg>,
}

impl Graph {
    /// Adds a node, with that from which it was found and the exit that led to it.
    pub(super) fn add(&mut self, from: Option<(u32, u32)>, holds: u64) -> u32 {
        let number = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let depth = from.map_or(0, |(parent, _)| self.places[parent as usize].depth + 1);
        self.places.push(Place { from, depth, holds, last: false });
        number
    }

    /// Begins with the edges of a node; those before it have theirs.
    pub(super) fn begin(&mut self, last: bool) -> u32 {
        let number = self.starts.len();
        self.starts.push(self.edges.len());
        self.places[number].last = last;
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    pub(super) fn connect(&mut self, to: u32, exit: u32) {
        self.edges.push(Leg { to, exit });
    }

    pub(super) fn edge_count(&self) -> usize {
        self.edges.len()
    }

    fn edges_of(&self, node: u32) -> &[Leg] {
        let Some(start) = self.starts.get(node as usize).copied() else {
            return &[];
        };
        let end = self.starts.get(node as usize + 1).copied().unwrap_or(self.edges.len());
        &self.edges[start..end]
    }

    /// A shortest way to a node.
    pub(super) fn path(&self, mut node: u32) -> Vec<Leg> {
        let mut path = Vec::new();
        while let Some((parent, exit)) = self.places[node as usize].from {
            path.push(Leg { to: node, exit });
            node = parent;
        }
        path.reverse();
        path
    }

    /// The first circle of controllers' steps in which everyone acts who could always act, and in which something is
    /// written: what is tried in vain at every resync is no restlessness.
    pub(super) fn circle(&self, exits: &[Exit]) -> Option<Circle> {
        self.circle_among(exits, |_| true, |component| self.writes(component, exits))
    }

    fn writes(&self, component: &[u32], exits: &[Exit]) -> bool {
        let writes = |edge: &Leg| {
            let Exit { by, writes, .. } = exits[edge.exit as usize];
            writes && by != By::Outside && component.binary_search(&edge.to).is_ok()
        };
        component.iter().any(|node| self.edges_of(*node).iter().any(writes))
    }

    fn circle_among(
        &self,
        exits: &[Exit],
        counts: impl Fn(u32) -> bool,
        matters: impl Fn(&[u32]) -> bool,
    ) -> Option<Circle> {
        let components = self.components(exits, &counts);
        let first = components
            .into_iter()
            .filter(|component| matters(component) && self.is_fair(component, exits))
            .min_by_key(|component| component.iter().map(|node| (self.places[*node as usize].depth, *node)).min())?;
        let entry = *first.iter().min_by_key(|node| (self.places[**node as usize].depth, **node))?;
        Some(Circle { to: self.path(entry), round: self.round(entry, &first, exits) })
    }

    /// The strongly connected components with more than one node, in the graph of controllers' steps. Follows Tarjan,
    /// without recursion, because paths are long.
    fn components(&self, exits: &[Exit], counts: &impl Fn(u32) -> bool) -> Vec<Vec<u32>> {
        const UNSEEN: u32 = u32::MAX;
        let size = self.places.len();
        let (mut index, mut low) = (vec![UNSEEN; size], vec![0u32; size]);
        let mut on_stack = vec![false; size];
        let (mut stack, mut found, mut next) = (Vec::new(), Vec::new(), 0u32);
        let mut calls: Vec<(u32, usize)> = Vec::new();
        for root in (0..size).filter_map(|root| u32::try_from(root).ok()) {
            if index[root as usize] != UNSEEN || !counts(root) {
                continue;
            }
            let mut enter = Some(root);
            loop {
                if let Some(node) = enter.take() {
                    index[node as usize] = next;
                    low[node as usize] = next;
                    next += 1;
                    stack.push(node);
                    on_stack[node as usize] = true;
                    calls.push((node, 0));
                }
                let Some((node, at)) = calls.last_mut() else {
                    break;
                };
                let (node, place) = (*node, *node as usize);
                if let Some(edge) = self.edges_of(node).get(*at) {
                    *at += 1;
                    let to = edge.to as usize;
                    if exits[edge.exit as usize].by == By::Outside || !counts(edge.to) {
                        continue;
                    }
                    if index[to] == UNSEEN {
                        enter = Some(edge.to);
                    } else if on_stack[to] {
                        low[place] = low[place].min(index[to]);
                    }
                    continue;
                }
                calls.pop();
                if let Some((parent, _)) = calls.last() {
                    let parent = *parent as usize;
                    low[parent] = low[parent].min(low[place]);
                }
                if low[place] == index[place] {
                    let at = stack.iter().rposition(|member| *member == node).unwrap_or_default();
                    let mut component = stack.split_off(at);
                    for member in &component {
                        on_stack[*member as usize] = false;
                    }
                    if component.len() > 1 {
                        component.sort_unstable();
                        found.push(component);
                    }
                }
            }
        }
        found
    }

    /// Whether everyone acts inside of a component who could act in every state of it.
    fn is_fair(&self, component: &[u32], exits: &[Exit]) -> bool {
        let inside = |node: u32| component.binary_search(&node).is_ok();
        let able = |node: u32| {
            self.edges_of(node).iter().filter_map(|edge| match exits[edge.exit as usize].by {
                By::Controller(who) => Some((who, edge.to)),
                By::Time | By::Outside => None,
            })
        };
        let Some(first) = component.first() else {
            return false;
        };
        able(*first).all(|(who, _)| {
            let always = component.iter().all(|node| able(*node).any(|(other, _)| other == who));
            !always || component.iter().any(|node| able(*node).any(|(other, to)| other == who && inside(to)))
        })
    }

    /// A shortest way from a node back to itself inside of a component.
    fn round(&self, entry: u32, component: &[u32], exits: &[Exit]) -> Vec<Leg> {
        let mut reached: Vec<(u32, Option<(usize, Leg)>)> = vec![(entry, None)];
        let mut at = 0;
        while let Some((node, _)) = reached.get(at).copied() {
            let by_controllers = |edge: &&Leg| exits[edge.exit as usize].by != By::Outside;
            for edge in self.edges_of(node).iter().filter(by_controllers) {
                if edge.to == entry {
                    let mut round = vec![*edge];
                    let mut place = at;
                    while let Some((before, leg)) = reached[place].1 {
                        round.push(leg);
                        place = before;
                    }
                    round.reverse();
                    return round;
                }
                if component.binary_search(&edge.to).is_ok() && !reached.iter().any(|(seen, _)| *seen == edge.to) {
                    reached.push((edge.to, Some((at, *edge))));
                }
            }
            at += 1;
        }
        Vec::new()
    }

    /// A run on which a property of states never holds: to its end, or into a circle.
    pub(super) fn never(&self, property: u32, exits: &[Exit]) -> Option<Circle> {
        let holds = |node: u32| self.places[node as usize].holds & (1 << property) != 0;
        let mut reached = vec![false; self.places.len()];
        if self.places.is_empty() || holds(0) {
            return None;
        }
        reached[0] = true;
        let (mut queue, mut at) = (vec![0u32], 0);
        while let Some(node) = queue.get(at).copied() {
            if self.places[node as usize].last {
                return Some(Circle { to: self.way(node, &holds), round: Vec::new() });
            }
            for edge in self.edges_of(node) {
                if !reached[edge.to as usize] && !holds(edge.to) {
                    reached[edge.to as usize] = true;
                    queue.push(edge.to);
                }
            }
            at += 1;
        }
        self.circle_among(exits, |node| reached[node as usize], |_| true)
    }

    /// A shortest way to a node on which a property never holds.
    fn way(&self, target: u32, holds: &impl Fn(u32) -> bool) -> Vec<Leg> {
        let mut from: Vec<Option<(u32, Leg)>> = vec![None; self.places.len()];
        let (mut queue, mut at) = (vec![0u32], 0);
        while let Some(node) = queue.get(at).copied() {
            if node == target {
                break;
            }
            for edge in self.edges_of(node) {
                if edge.to != 0 && from[edge.to as usize].is_none() && !holds(edge.to) {
                    from[edge.to as usize] = Some((node, *edge));
                    queue.push(edge.to);
                }
            }
            at += 1;
        }
        let (mut way, mut node) = (Vec::new(), target);
        while let Some((before, leg)) = from[node as usize] {
            way.push(leg);
            node = before;
        }
        way.reverse();
        way
    }
}
