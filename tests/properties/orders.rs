//! A stock run is one of all runs.

use bindery::explore::outcomes;
use bindery::testing::{Harness, bindings};
use proptest::prelude::*;

use crate::runner::Property;
use crate::runs::settle;
use crate::world::worlds;

/// How many states are looked at; where there are more, what may happen is a superset.
const STATES: usize = 500;

#[test]
fn where_a_stock_run_comes_to_rest_is_among_the_outcomes() {
    let property = Property::new(file!(), "where a stock run comes to rest is among the outcomes", 24);
    property.check(&worlds(3), |world| {
        let mut cluster = world.without_faults().run();
        let outcomes = outcomes(&cluster, STATES);
        settle(&mut cluster)?;
        for (claim, volume) in bindings(&cluster) {
            let Some(outcome) = outcomes.of(&claim) else {
                continue;
            };
            match volume {
                Some(volume) => prop_assert!(outcome.volumes().contains(&volume.as_str()), "{volume}: {outcome:?}"),
                None => prop_assert!(outcome.may_stay_unbound() || outcome.may_be_gone(), "{outcome:?}"),
            }
        }
        Ok(())
    });
}

#[test]
fn a_binder_that_ignores_sizes_is_found_out() {
    // It gives every claim the first volume that nobody has.
    let careless = |cluster: &bindery::Cluster| {
        let mut bindings = bindings(cluster);
        let mut free: Vec<_> = cluster.volumes().filter(|volume| volume.spec.claim_ref.is_none()).collect();
        for volume in bindings.values_mut().filter(|volume| volume.is_none()) {
            *volume = free.pop().map(|volume| volume.metadata.name.clone());
        }
        bindings
    };
    let found = Harness::default().worlds(200).compare(careless).expect_err("Kubernetes looks at sizes");
    assert!(!found.to_string().is_empty());
    assert!(found.world.operations.len() <= 4, "{found:?}");
}
