//! What always, sometimes and never happens in tiny worlds.

use bindery::explore::{Explorer, Property};
use bindery::{ClaimPhase, Cluster, VolumePhase};

use crate::explore;
use crate::world::{claim, cluster, volume};

fn bound(cluster: &Cluster, name: &str) -> bool {
    cluster.claim(name).is_some_and(|claim| claim.status.phase == ClaimPhase::Bound)
}

#[test]
fn exactly_one_of_two_claims_is_bound_in_every_order() {
    let one = Property::eventually("one is bound", |cluster| bound(cluster, "a") != bound(cluster, "b"));
    let never_both = Property::always("never both", |moment| {
        let both = bound(moment.cluster(), "a") && bound(moment.cluster(), "b");
        if both { Err("both are bound".to_owned()) } else { Ok(()) }
    });
    let first = Property::sometimes("the first", |cluster| bound(cluster, "a"));
    let second = Property::sometimes("the second", |cluster| bound(cluster, "b"));
    let world = cluster([volume("v")], [claim("a"), claim("b")]);
    let found = explore(Explorer::new(&world).properties([one, never_both, first, second]).crashes(1).conflicts(1));
    assert!(found.complete && found.violations.is_empty(), "{:#?}", found.violations);
    let witnesses: Vec<&str> = found.witnesses.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(witnesses, ["the first", "the second"]);
    // The volume becomes Available, and four writes bind.
    assert!(found.witnesses.iter().all(|(_, trace)| trace.len() == 5), "{:#?}", found.witnesses);
}

#[test]
fn what_never_happens_is_said() {
    let world = cluster([volume("v")], [claim("a")]);
    let released = Property::sometimes("released", |cluster| {
        cluster.volume("v").is_some_and(|volume| volume.status.phase == VolumePhase::Released)
    });
    let found = explore(Explorer::new(&world).property(released));
    assert_eq!(found.violations.len(), 1);
    assert_eq!(found.violations[0].message, "it never happens");
}

#[test]
fn what_does_not_come_to_pass_in_every_run_is_shown() {
    let world = cluster([volume("v")], [claim("a"), claim("b")]);
    let bound = Property::eventually("a is bound", |cluster| bound(cluster, "a"));
    let found = explore(Explorer::new(&world).property(bound));
    let violation = found.violation("a is bound").expect("b may get the volume");
    // The volume becomes Available, b gets it in four writes, and a is told.
    assert_eq!(violation.trace.len(), 6, "{}", violation.trace);
}

#[test]
fn a_search_that_is_cut_short_says_so() {
    let world = cluster([volume("v")], [claim("a"), claim("b")]);
    let found = explore(Explorer::new(&world).max_states(10));
    assert!(!found.complete && !found.outcomes.exact);
    assert_eq!(found.states, 10);
    let found = explore(Explorer::new(&world).max_depth(3));
    assert!(!found.complete);
    assert_eq!(found.depth, 3);
}

#[test]
fn progress_is_told_at_each_depth() {
    let world = cluster([volume("v")], [claim("a")]);
    let mut depths = Vec::new();
    let found = explore(Explorer::new(&world).progress(|progress| depths.push(progress.depth)));
    assert_eq!(depths, (1..=found.depth + 1).collect::<Vec<_>>());
}
