//! What exploring many worlds has come to.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::thread;
use std::time::Duration;
#[expect(clippy::disallowed_types, reason = "the time that exploring takes is measured")]
use std::time::Instant;

use bindery::explore::{Found, Violation};

/// The sums over many worlds, and the first violation of each kind.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) worlds: usize,
    pub(crate) states: usize,
    pub(crate) steps: usize,
    /// Worlds of which not every order was tried.
    pub(crate) cut: usize,
    /// The time that all threads were at work, together.
    pub(crate) time: Duration,
    /// Violations: how many, and the first with its world.
    pub(crate) violations: BTreeMap<String, Vec<(String, Violation)>>,
}

/// After how many worlds a thread says how far it is.
const TOLD: usize = 5_000;

/// Measures how long a thread is at work: the time that others have the core does not count, where the system tells.
struct Clock {
    #[expect(clippy::disallowed_types, reason = "the time that exploring takes is measured")]
    start: Instant,
    work: Option<Duration>,
}

impl Clock {
    fn start() -> Self {
        #[expect(clippy::disallowed_types, reason = "the time that exploring takes is measured")]
        Self { start: Instant::now(), work: Self::work() }
    }

    /// How long the thread was at work since it began.
    fn work() -> Option<Duration> {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
    }

    fn elapsed(&self) -> Duration {
        match (self.work, Self::work()) {
            (Some(start), Some(now)) => now.saturating_sub(start),
            _ => self.start.elapsed(),
        }
    }
}

impl Tally {
    /// Explores each world, on as many threads as there are cores. The result does not depend on how many that are.
    pub(crate) fn of<W: Debug + Sync>(worlds: &[W], explore: impl Fn(&W) -> Found + Sync) -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let part = |number: usize| {
            let mut tally = Self::default();
            let clock = Clock::start();
            for world in worlds.iter().skip(number).step_by(threads) {
                tally.add(world, explore(world));
                if tally.worlds.is_multiple_of(TOLD) {
                    let Self { worlds, states, .. } = tally;
                    eprintln!("part {number}: {worlds} worlds, {states} states, {:?}", clock.elapsed());
                }
            }
            tally.time = clock.elapsed();
            tally
        };
        let part = &part;
        let parts: Vec<Self> = thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|number| scope.spawn(move || part(number))).collect();
            running.into_iter().map(|thread| thread.join().expect("no world panics")).collect()
        });
        parts.into_iter().fold(Self::default(), Self::join)
    }

    fn add(&mut self, world: &impl Debug, found: Found) {
        self.worlds += 1;
        self.states += found.states;
        self.steps += found.steps;
        self.cut += usize::from(!found.complete);
        for violation in found.violations {
            let of_kind = self.violations.entry(violation.property.clone()).or_default();
            of_kind.push((format!("{world:?}"), violation));
        }
    }

    fn join(mut self, other: Self) -> Self {
        self.worlds += other.worlds;
        self.states += other.states;
        self.steps += other.steps;
        self.cut += other.cut;
        self.time += other.time;
        for (name, violations) in other.violations {
            self.violations.entry(name).or_default().extend(violations);
        }
        self
    }

    /// Prints the numbers.
    pub(crate) fn print(&self, what: &str) {
        let seconds = self.time.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for the eye")]
        let rate = self.states as f64 / seconds.max(1e-9);
        println!(
            "{what}: {} states, {} steps, {} worlds cut short, {seconds:.1} core seconds, {rate:.0} states a second",
            self.states, self.steps, self.cut
        );
        for (name, violations) in &self.violations {
            println!("  {name}: {} worlds", violations.len());
        }
    }

    /// Fails where something is violated that is not known.
    pub(crate) fn judge(&self, is_known: impl Fn(&Violation) -> Option<&'static str>) {
        let mut unknown = Vec::new();
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        for (world, violation) in self.violations.values().flatten() {
            match is_known(violation) {
                Some(name) => *known.entry(name).or_default() += 1,
                None => unknown.push((violation.trace.len(), world, violation)),
            }
        }
        for (name, number) in &known {
            println!("  finding {name}: {number} worlds");
        }
        unknown.sort_by_key(|(len, world, _)| (*len, world.len()));
        // Messages that differ in names alone tell of the same thing.
        let mut groups: BTreeMap<String, (usize, &str, &Violation)> = BTreeMap::new();
        for (_, world, violation) in &unknown {
            let words = violation.message.split_whitespace().filter(|word| !word.contains(['"', '/']));
            let group = format!("{}: {}", violation.property, words.collect::<Vec<_>>().join(" "));
            groups.entry(group).or_insert((0, world, violation)).0 += 1;
        }
        for (group, (number, world, Violation { message, trace, .. })) in &groups {
            println!("  unknown, {number} worlds: {group}; the shortest: {message}\n{world}\n{trace}");
        }
        assert!(unknown.is_empty(), "{} unknown violations of {} kinds", unknown.len(), groups.len());
    }
}
