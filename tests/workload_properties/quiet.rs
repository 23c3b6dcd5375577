//! What must never happen does not; quiet is a fixed point; runs repeat and can be replayed.

use bindery::{Cluster, JournalEntry, Kind};
use proptest::prelude::*;

use crate::deeds::Run;
use crate::runner::Property;
use crate::seeds::worlds;

/// Every entry of the journal as one line of JSON.
fn lines(cluster: &Cluster) -> Vec<String> {
    let line = |entry: &JournalEntry| serde_json::to_string(entry).expect("an entry has a text");
    cluster.journal().iter().map(line).collect()
}

/// Every object as JSON.
fn objects(cluster: &Cluster) -> Vec<String> {
    let all = Kind::ALL.iter().flat_map(|kind| cluster.objects(*kind));
    all.map(|object| bindery::to_json(&object)).collect()
}

/// Identity, order, protection and data, after every single write, and fixed points wherever all is quiet. The checks
/// are those of the watcher.
#[test]
fn what_must_never_happen_does_not() {
    Property::new(file!(), "what must never happen does not", 250).check(&worlds(35), |world| {
        let mut run = Run::through(&world)?;
        run.settle()
    });
}

#[test]
fn a_quiet_cluster_stays_as_it_is() {
    Property::new(file!(), "a quiet cluster stays as it is", 60).check(&worlds(25), |world| {
        let mut run = Run::through(&world)?;
        run.settle()?;
        let mut cluster = run.cluster;
        let before = (lines(&cluster), objects(&cluster), cluster.events());
        prop_assert_eq!(cluster.enabled(), Vec::new());
        prop_assert_eq!(cluster.settle().map(|settled| settled.steps), Ok(0));
        prop_assert_eq!(before, (lines(&cluster), objects(&cluster), cluster.events()));
        Ok(())
    });
}

/// What the journal tells is all that there is, and telling it again gives the same.
#[test]
fn two_runs_and_a_replay_agree() {
    Property::new(file!(), "two runs and a replay agree", 50).check(&worlds(25), |world| {
        let (one, two) = (Run::through(&world)?, Run::through(&world)?);
        let (one_lines, one_objects) = (lines(&one.cluster), objects(&one.cluster));
        prop_assert_eq!(&one_lines, &lines(&two.cluster));
        prop_assert_eq!(&one_objects, &objects(&two.cluster));
        prop_assert_eq!(one.cluster.events(), two.cluster.events());
        let mut copy = Cluster::new(world.config());
        prop_assert_eq!(copy.replay(one.cluster.journal()), Ok(()));
        prop_assert_eq!(one_lines, lines(&copy));
        prop_assert_eq!(one_objects, objects(&copy));
        let mut told: Vec<String> = one.watcher.objects.values().map(bindery::to_json).collect();
        let mut held = objects(&one.cluster);
        told.sort();
        held.sort();
        prop_assert_eq!(told, held);
        Ok(())
    });
}
