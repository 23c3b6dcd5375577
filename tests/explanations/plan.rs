//! A plan serves as many claims as can be served, with the least capacity, and proves that nobody can serve more.

use std::collections::BTreeSet;

use bindery::{ClaimPhase, Cluster, Quantity};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::runner::Property;
use crate::worlds::{Seed, class, seeds};

/// Whether a claim is bound in a cluster with this volume and nothing else.
fn suits(volume: &Seed, claim: &Seed, number: usize) -> Result<bool, TestCaseError> {
    let fail = |error: &dyn std::fmt::Display| TestCaseError::fail(error.to_string());
    let mut cluster = Cluster::default();
    cluster.restore(class()).map_err(|error| fail(&error))?;
    cluster.restore(volume.volume("pv")).map_err(|error| fail(&error))?;
    let name = format!("claim-{number}");
    cluster.restore(claim.claim(&name)).map_err(|error| fail(&error))?;
    cluster.settle().map_err(|error| fail(&error))?;
    Ok(cluster.claim(&name).is_some_and(|claim| claim.status.phase == ClaimPhase::Bound))
}

/// The largest number of claims that can be served, and the least capacity with which: every assignment is tried.
fn best(edges: &[Vec<bool>], sizes: &[Quantity], claim: usize, taken: &mut Vec<bool>) -> (usize, Quantity) {
    let Some(fits) = edges.get(claim) else {
        return (0, Quantity::default());
    };
    let mut found = best(edges, sizes, claim + 1, taken);
    for volume in 0..sizes.len() {
        if fits[volume] && !taken[volume] {
            taken[volume] = true;
            let (count, capacity) = best(edges, sizes, claim + 1, taken);
            taken[volume] = false;
            let with = (count + 1, capacity.plus(&sizes[volume]));
            if with.0 > found.0 || with.0 == found.0 && with.1 < found.1 {
                found = with;
            }
        }
    }
    found
}

#[test]
fn a_plan_is_as_good_as_the_best_of_all_assignments() {
    let worlds = (prop::collection::vec((seeds(), any::<prop::sample::Index>()), 0..5), rivals());
    let (full, short) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    Property::new(file!(), "a plan is as good as the best of all assignments", 150).check(
        &worlds,
        |(volumes, claims)| {
            let volumes: Vec<Seed> = volumes.iter().map(|(volume, claim)| volume.fitting(claim.get(&claims))).collect();
            let mut cluster = Cluster::default();
            let fail = |error: bindery::ApiError| TestCaseError::fail(error.to_string());
            cluster.restore(class()).map_err(fail)?;
            for (number, volume) in volumes.iter().enumerate() {
                cluster.restore(volume.volume(&format!("pv-{number}"))).map_err(fail)?;
            }
            for (number, claim) in claims.iter().enumerate() {
                cluster.restore(claim.claim(&format!("claim-{number}"))).map_err(fail)?;
            }
            let plan = cluster.plan().map_err(|error| TestCaseError::fail(error.to_string()))?;
            let mut edges = Vec::new();
            for (number, claim) in claims.iter().enumerate() {
                let row: Result<Vec<bool>, _> = volumes.iter().map(|volume| suits(volume, claim, number)).collect();
                edges.push(row?);
            }
            let sizes: Vec<Quantity> = volumes.iter().map(|volume| volume.volume("pv").capacity()).collect();
            let (count, capacity) = best(&edges, &sizes, 0, &mut vec![false; volumes.len()]);
            prop_assert_eq!(plan.pairs.len(), count);
            prop_assert!(plan.in_order <= count);
            let size = |name: &str| cluster.volume(name).map(bindery::PersistentVolume::capacity).unwrap_or_default();
            let used = plan.pairs.iter().fold(Quantity::default(), |sum, pair| sum.plus(&size(&pair.volume)));
            prop_assert_eq!(used, capacity);
            // Reserved so, everybody who is in the plan is served.
            for step in &plan.reservations {
                step.apply(&mut cluster).map_err(fail)?;
            }
            cluster.settle().map_err(|error| TestCaseError::fail(error.to_string()))?;
            for pair in &plan.pairs {
                let claim = cluster.claim(&pair.claim.to_string());
                prop_assert_eq!(claim.map(|claim| &claim.spec.volume_name), Some(&pair.volume));
            }
            let unproved: BTreeSet<_> = plan
                .unserved
                .iter()
                .filter(|claim| !plan.shortages.iter().any(|shortage| shortage.claims.contains(claim)))
                .collect();
            prop_assert_eq!(unproved.len(), 0);
            for shortage in &plan.shortages {
                prop_assert!(shortage.claims.len() > shortage.volumes.len());
            }
            let counter = if plan.unserved.is_empty() { &full } else { &short };
            counter.set(counter.get() + 1);
            Ok(())
        },
    );
    assert!(full.get() > 10 && short.get() > 10, "{} full, {} short", full.get(), short.get());
}

/// Up to four claims, of which most ask for almost the same.
fn rivals() -> impl Strategy<Value = Vec<Seed>> + Clone {
    prop::collection::vec((seeds(), prop::bool::weighted(0.7)), 1..5).prop_map(|claims| {
        let first = claims[0].0.clone();
        claims.into_iter().map(|(claim, rival)| if rival { claim.rivalling(&first) } else { claim }).collect()
    })
}
