//! What `check` says of a claim holds in every order in which claims and volumes may come.

use std::collections::BTreeSet;

use bindery::explain::Prospect;
use bindery::{ClaimPhase, Cluster, Object};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::runner::Property;
use crate::worlds::{Seed, class, seeds};

/// Every order of some things.
fn orders<T: Clone>(things: &[T]) -> Vec<Vec<T>> {
    if things.is_empty() {
        return vec![Vec::new()];
    }
    let mut found = Vec::new();
    for first in 0..things.len() {
        let mut rest = things.to_vec();
        let first = rest.remove(first);
        found.extend(orders(&rest).into_iter().map(|rest| [vec![first.clone()], rest].concat()));
    }
    found
}

fn start() -> Cluster {
    let mut cluster = Cluster::default();
    cluster.restore(class()).expect("a class");
    cluster
}

/// The claims that are bound when things come one after the other and the controllers come to rest in between.
fn bound(order: &[Object]) -> Result<BTreeSet<String>, TestCaseError> {
    let mut cluster = start();
    for object in order {
        cluster.restore(object.clone()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        cluster.settle().map_err(|error| TestCaseError::fail(error.to_string()))?;
    }
    let bound = cluster.claims().filter(|claim| claim.status.phase == ClaimPhase::Bound);
    Ok(bound.map(|claim| claim.key().to_string()).collect())
}

fn objects(volumes: &[Seed], claims: &[Seed]) -> Vec<Object> {
    let volumes = volumes.iter().enumerate().map(|(number, seed)| Object::from(seed.volume(&format!("pv-{number}"))));
    let claims = claims.iter().enumerate().map(|(number, seed)| Object::from(seed.claim(&format!("claim-{number}"))));
    volumes.chain(claims).collect()
}

/// Up to three claims, of which some ask for almost the same.
fn rivals() -> impl Strategy<Value = Vec<Seed>> + Clone {
    prop::collection::vec((seeds(), prop::bool::weighted(0.7)), 1..4).prop_map(|claims| {
        let first = claims[0].0.clone();
        claims.into_iter().map(|(claim, rival)| if rival { claim.rivalling(&first) } else { claim }).collect()
    })
}

/// Where the volumes are there before the claims come, nothing depends on them but the order of the claims, and what is
/// said is exact.
#[test]
fn where_the_volumes_come_first_may_means_that_it_depends() {
    let fitting = any::<prop::sample::Index>();
    let worlds = (prop::collection::vec((seeds(), fitting), 1..5), rivals());
    let depends = std::cell::Cell::new(0);
    let spared = std::cell::Cell::new(0);
    Property::new(file!(), "where the volumes come first may means that it depends", 150).check(
        &worlds,
        |(volumes, claims)| {
            let volumes: Vec<Seed> = volumes.iter().map(|(volume, claim)| volume.fitting(claim.get(&claims))).collect();
            let objects = objects(&volumes, &claims);
            let (volumes, claims) = objects.split_at(volumes.len());
            let fail = |error: &dyn std::fmt::Display| TestCaseError::fail(error.to_string());
            let mut before = start();
            for volume in volumes {
                before.restore(volume.clone()).map_err(|error| fail(&error))?;
            }
            before.settle().map_err(|error| fail(&error))?;
            let mut applied = before.fork();
            for claim in claims {
                applied.restore(claim.clone()).map_err(|error| fail(&error))?;
            }
            let check = before.check(&applied, &[]).map_err(|error| fail(&error))?;
            let outcomes: Vec<BTreeSet<String>> = orders(claims)
                .into_iter()
                .map(|order| bound(&[volumes.to_vec(), order].concat()))
                .collect::<Result<_, _>>()?;
            for claim in &check.claims {
                let name = claim.claim.to_string();
                let times = outcomes.iter().filter(|bound| bound.contains(&name)).count();
                let expected = match times {
                    0 => Prospect::Cannot,
                    all if all == outcomes.len() => Prospect::Must,
                    _ => Prospect::May,
                };
                // What never binds is not always known to be so.
                let is_told =
                    claim.prospect == expected || (claim.prospect, expected) == (Prospect::May, Prospect::Cannot);
                prop_assert!(is_told, "{name} {expected} bind, and it is said that it {}", claim.prospect);
                let counter = if expected == Prospect::May { &depends } else { &spared };
                counter.set(counter.get() + usize::from(claim.rivals > 0));
            }
            Ok(())
        },
    );
    assert!(depends.get() > 10 && spared.get() > 10, "{} depend, {} do not", depends.get(), spared.get());
}

#[test]
fn what_must_bind_binds_in_every_order_and_what_cannot_in_none() {
    let fitting = prop::option::weighted(0.7, any::<prop::sample::Index>());
    let worlds = (prop::collection::vec((seeds(), fitting), 0..3), rivals());
    let (must, cannot, may) = (std::cell::Cell::new(0), std::cell::Cell::new(0), std::cell::Cell::new(0));
    Property::new(file!(), "what must bind binds in every order and what cannot in none", 250).check(
        &worlds,
        |(volumes, claims)| {
            let suit = |(volume, fitting): &(Seed, Option<prop::sample::Index>)| {
                fitting.map_or_else(|| volume.clone(), |claim| volume.fitting(claim.get(&claims)))
            };
            let volumes: Vec<Seed> = volumes.iter().map(suit).collect();
            let before = start();
            let mut applied = before.fork();
            let objects = objects(&volumes, &claims);
            for object in &objects {
                applied.restore(object.clone()).map_err(|error| TestCaseError::fail(error.to_string()))?;
            }
            let check = before.check(&applied, &[]).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(check.claims.len(), claims.len());
            let outcomes: Vec<BTreeSet<String>> =
                orders(&objects).iter().map(|order| bound(order)).collect::<Result<_, _>>()?;
            for claim in &check.claims {
                let name = claim.claim.to_string();
                let always = outcomes.iter().all(|bound| bound.contains(&name));
                let ever = outcomes.iter().any(|bound| bound.contains(&name));
                match claim.prospect {
                    Prospect::Must => prop_assert!(always, "{name} must bind, and an order leaves it out"),
                    Prospect::Cannot => prop_assert!(!ever, "{name} cannot bind, and an order binds it"),
                    Prospect::May => prop_assert!(ever, "{name} may bind, and no order binds it"),
                }
                let counter = match claim.prospect {
                    Prospect::Must => &must,
                    Prospect::Cannot => &cannot,
                    Prospect::May => &may,
                };
                counter.set(counter.get() + 1);
            }
            Ok(())
        },
    );
    for (word, counter) in [("must", &must), ("cannot", &cannot), ("may", &may)] {
        assert!(counter.get() > 10, "{word} came {} times only", counter.get());
    }
}
