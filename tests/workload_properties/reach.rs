//! The generator reaches everything, and every check has something to judge.

use std::collections::BTreeMap;

use proptest::strategy::{Strategy, ValueTree};

use crate::deeds::Run;
use crate::runner::Property;
use crate::seeds::{Deed, worlds};

/// What the checks judge.
const JUDGED: [&str; 15] = [
    "rest",
    "identity",
    "start",
    "end",
    "exclusive volume",
    "claim removed",
    "claim collected",
    "volume removed",
    "files wiped",
    "files destroyed",
    "file seen",
    "created",
    "scaled down",
    "updated",
    "retention",
];

/// Worlds of fixed seeds.
#[test]
fn the_generator_reaches_every_deed_and_every_check() {
    let mut seen: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut runner = Property::new(file!(), "the generator reaches every deed", 1).runner();
    for _ in 0..400 {
        let world = worlds(40).new_tree(&mut runner).expect("a world").current();
        let mut run = Run::through(&world).expect("what never happens does not");
        run.settle().expect("quiet");
        let counts = run.tally.into_iter().chain(run.watcher.judged);
        for (what, count) in counts {
            *seen.entry(what).or_default() += count;
        }
    }
    let all = Deed::NAMES.into_iter().chain(JUDGED);
    let missing: Vec<&str> = all.filter(|what| seen.get(what).is_none_or(|count| *count < 3)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "seen: {seen:#?}");
}
