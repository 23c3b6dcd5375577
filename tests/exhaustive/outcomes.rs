//! What may become of claims.

use bindery::explore::{Explorer, outcomes};
use bindery::{AccessMode, ClaimKey, Cluster, Controller, Controllers, PersistentVolume, PersistentVolumeClaim};

use crate::explore;
use crate::world::{claim, cluster, delayed, local_volume, node, pod, quiet, volume, with};

fn of<'o>(outcomes: &'o bindery::explore::Outcomes, name: &str) -> &'o bindery::explore::ClaimOutcome {
    outcomes.of(&ClaimKey::new("default", name)).expect("the claim")
}

#[test]
fn a_claim_may_get_any_of_equal_volumes() {
    let world = cluster([volume("v"), volume("w")], [claim("a")]);
    let found = explore(Explorer::new(&world));
    assert_eq!(of(&found.outcomes, "a").volumes(), ["v", "w"]);
    assert!(of(&found.outcomes, "a").must_be_bound());
}

#[test]
fn a_claim_without_a_volume_cannot_be_bound() {
    let world = cluster([], [claim("a")]);
    let found = outcomes(&world, 1000);
    assert!(found.exact && of(&found, "a").cannot_be_bound());
}

#[test]
fn what_is_bound_stays_bound() {
    let world = quiet([volume("v"), volume("w")], [claim("a")]);
    let found = outcomes(&world, 1000);
    assert!(found.exact && of(&found, "a").must_be_bound());
    assert_eq!(of(&found, "a").volumes().len(), 1);
}

/// Pairs of a claim and a volume, each of a size of its own class.
fn pairs(count: usize) -> Cluster {
    let mut cluster = Cluster::default();
    for number in 0..count {
        let size = "1Gi".parse().expect("a quantity");
        let class = format!("class-{number}");
        let volume = PersistentVolume::new(format!("v{number}"), size, [AccessMode::ReadWriteOnce]);
        cluster.create(volume.with_class(class.as_str())).expect("a valid volume");
        let size = "1Gi".parse().expect("a quantity");
        let claim = PersistentVolumeClaim::new("default", format!("c{number}"), size, [AccessMode::ReadWriteOnce]);
        cluster.create(claim.with_class(class.as_str())).expect("a valid claim");
    }
    cluster
}

#[test]
fn a_large_cluster_of_small_parts_is_exact() {
    let found = outcomes(&pairs(40), 10_000);
    assert!(found.exact);
    assert!(found.claims().all(|claim| claim.must_be_bound() && claim.volumes().len() == 1));
    assert_eq!(found.claims().count(), 40);
}

#[test]
fn parts_by_themselves_come_to_the_same_as_the_whole() {
    let world = pairs(2);
    let whole = explore(Explorer::new(&world)).outcomes;
    let parts = outcomes(&world, 10_000);
    assert_eq!(whole.claims().collect::<Vec<_>>(), parts.claims().collect::<Vec<_>>());
}

#[test]
fn a_part_that_is_too_large_is_bounded_from_above() {
    let world = cluster([volume("v"), volume("w")], [claim("a"), claim("b")]);
    let exact = outcomes(&world, 100_000);
    let bounds = outcomes(&world, 5);
    assert!(exact.exact && !bounds.exact);
    for claim in exact.claims() {
        let bound = bounds.of(&claim.claim).expect("the claim");
        assert!(claim.volumes().iter().all(|volume| bound.volumes().contains(volume)));
        assert!(bound.may_stay_unbound() && !bound.must_be_bound());
    }
}

#[test]
fn the_scheduler_may_take_any_node_and_any_of_equal_volumes_there() {
    let objects = [
        node("n1"),
        node("n2"),
        delayed(),
        local_volume("v", "n1"),
        local_volume("w", "n1"),
        local_volume("x", "n2"),
        pod("p", "a"),
    ];
    let objects: Vec<&str> = objects.iter().map(AsRef::as_ref).collect();
    let controllers = Controllers::PERSISTENT_VOLUMES.with(Controller::Scheduler);
    let world = with(controllers, &objects, [], [claim("a").with_class("local")]);
    let found = explore(Explorer::new(&world));
    let outcome = found.outcomes.of(&ClaimKey::new("default", "a")).expect("a claim");
    assert_eq!(outcome.volumes(), ["v", "w", "x"]);
    assert!(outcome.must_be_bound());
}
