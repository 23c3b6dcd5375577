//! Sites: the states of clusters that were found, whatever may still go wrong there, and the steps between them.
//!
//! What a step does depends on the state alone. How much may still go wrong only decides which steps there are. So each
//! step is tried once for all nodes that differ in nothing but that: where one crash and one conflict may happen, sites are
//! little more than half as many as nodes.

use std::hash::{Hash, Hasher};
use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::cluster::Mixer;
use crate::explore::expand::{By, Expansion, Point, Reached, Spares, Step};
use crate::explore::left::{Done, Part, Parts};
use crate::explore::outcomes::Ending;

/// A step that leads from a site to another one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exit {
    pub(super) part: Part,
    /// The number of the site that it leads to.
    pub(super) to: u32,
    pub(super) step: Step,
    pub(super) by: By,
    /// Whether anything was written.
    pub(super) writes: bool,
    /// Whether it violates a property.
    pub(super) violates: bool,
}

/// The exits of one part, which stand one after the other.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    first: u32,
    count: u32,
}

/// A state, and how far users have come.
#[derive(Debug)]
pub(super) struct Site {
    /// The cluster, as long as not everything was tried there.
    point: Option<Box<Point>>,
    pub(super) state: u64,
    pub(super) done: Done,
    spans: [Span; Part::ALL.len()],
    tried: Parts,
    /// Whether no controller has anything to do.
    pub(super) quiet: bool,
    /// Whether anything is due later, where it is quiet.
    pub(super) elapses: bool,
    /// The properties of states that hold, as bits.
    pub(super) holds: u64,
}

/// All sites, and the steps between them.
#[derive(Debug, Default)]
pub(super) struct Sites {
    all: Vec<Site>,
    known: FxHashMap<u64, u32>,
    pub(super) exits: Vec<Exit>,
    /// The properties that an exit violates, and how; few do.
    violations: FxHashMap<u32, Vec<(usize, String)>>,
    /// The properties of quiet clusters that a site violates, and how.
    quiet_violations: FxHashMap<u32, Vec<(usize, String)>>,
    /// How it ends at a site where users have done everything.
    endings: FxHashMap<u32, Ending>,
    /// How many sites keep their cluster although they were visited.
    kept: usize,
}

/// Of how many sites the clusters are kept that may be needed again because not everything was tried there. Where there are
/// more, everything is tried at once.
const KEPT: usize = 4096;

fn key(state: u64, done: Done) -> u64 {
    let mut mixer = Mixer::new(state);
    done.hash(&mut mixer);
    mixer.finish()
}

impl Sites {
    pub(super) fn get(&self, site: u32) -> &Site {
        &self.all[site as usize]
    }

    pub(super) fn is_known(&self, state: u64, done: Done) -> bool {
        self.known.contains_key(&key(state, done))
    }

    /// Adds a site that was not known.
    pub(super) fn add(&mut self, point: Box<Point>, done: Done, holds: u64) -> u32 {
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let state = point.state.whole;
        self.known.insert(key(state, done), number);
        self.all.push(Site {
            point: Some(point),
            state,
            done,
            spans: [Span::default(); Part::ALL.len()],
            tried: Parts::default(),
            quiet: false,
            elapses: false,
            holds,
        });
        number
    }

    /// What is to be tried at a site where something is missing of what may happen: that, or everything that may ever
    /// happen there.
    pub(super) fn wanted(&self, site: u32, open: Parts, ever: Parts) -> Parts {
        let tried = self.get(site).tried;
        let missing = open.without(tried);
        if missing.is_empty() || self.kept < KEPT { missing } else { ever.without(tried) }
    }

    /// The cluster of a site, for what is to be tried there.
    pub(super) fn point(&mut self, site: u32) -> Option<Box<Point>> {
        self.all[site as usize].point.take()
    }

    /// Whether it is quiet at a site, if that is known.
    pub(super) fn quiet(&self, site: u32) -> Option<bool> {
        let site = self.get(site);
        site.tried.contains(Part::Moves).then_some(site.quiet)
    }

    /// Takes in what was tried at a site. `all_done` says whether users have nothing left to do, and `ever` what may ever
    /// happen; `holds` works out the properties of states of a new site.
    pub(super) fn take_in(
        &mut self,
        (number, point): (u32, Box<Point>),
        tried: Parts,
        expansion: Expansion,
        (all_done, ever): (bool, Parts),
        spares: &mut Spares,
        holds: &impl Fn(&Point) -> u64,
    ) {
        let Expansion { reached, quiet, violated } = expansion;
        if tried.contains(Part::Moves) {
            if !violated.is_empty() {
                self.quiet_violations.insert(number, violated);
            }
            if quiet && all_done {
                self.endings.insert(number, Ending::of(&point.cluster));
            }
            let site = &mut self.all[number as usize];
            site.quiet = quiet;
            site.elapses = quiet && point.cluster.could_elapse();
        }
        for Reached { part, step, by, state, done, writes, point, violated } in reached {
            let to = match (self.known.get(&key(state, done)).copied(), point) {
                (Some(known), spare) => {
                    if let Some(spare) = spare {
                        spares.keep(spare);
                    }
                    known
                }
                (None, Some(point)) => {
                    let holds = holds(&point);
                    self.add(point, done, holds)
                }
                // What is known stays so.
                (None, None) => continue,
            };
            let exit = u32::try_from(self.exits.len()).unwrap_or(u32::MAX);
            let span = &mut self.all[number as usize].spans[part as usize];
            if span.count == 0 {
                span.first = exit;
            }
            span.count += 1;
            let violates = !violated.is_empty();
            if violates {
                self.violations.insert(exit, violated);
            }
            self.exits.push(Exit { part, to, step, by, writes, violates });
        }
        let site = &mut self.all[number as usize];
        let was_kept = !site.tried.is_empty();
        site.tried = site.tried.with(tried);
        let is_kept = !ever.without(site.tried).is_empty();
        if is_kept {
            site.point = Some(point);
        } else {
            spares.keep(point);
        }
        self.kept = self.kept + usize::from(is_kept) - usize::from(was_kept);
    }

    /// The exits of a part, by number.
    pub(super) fn exits(&self, site: u32, part: Part) -> Range<u32> {
        let Span { first, count } = self.get(site).spans[part as usize];
        first..first + count
    }

    /// What an exit violates.
    pub(super) fn violations(&self, exit: u32) -> &[(usize, String)] {
        self.violations.get(&exit).map_or(&[], Vec::as_slice)
    }

    /// What a site violates where it is quiet.
    pub(super) fn quiet_violations(&self, site: u32) -> &[(usize, String)] {
        self.quiet_violations.get(&site).map_or(&[], Vec::as_slice)
    }

    /// How it ends at a site.
    pub(super) fn ending(&self, site: u32) -> Option<&Ending> {
        self.endings.get(&site)
    }
}
