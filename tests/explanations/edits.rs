//! The edits that are offered do what they say.

use bindery::ClaimPhase;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::runner::Property;
use crate::worlds::{cluster, seeds};

#[test]
fn every_edit_that_is_offered_makes_the_claim_bind() {
    let worlds = (prop::collection::vec(seeds(), 0..6), seeds());
    Property::new(file!(), "every edit that is offered makes the claim bind", 200).check(
        &worlds,
        |(volumes, claim)| {
            let cluster = cluster(&volumes, &claim);
            let explanation = cluster.explain("claim-0").map_err(|error| TestCaseError::fail(error.to_string()))?;
            if explanation.phase == ClaimPhase::Bound {
                prop_assert_eq!(explanation.edits.len(), 0);
            }
            let costs: Vec<u32> = explanation.edits.iter().map(|edit| edit.cost).collect();
            prop_assert!(costs.is_sorted(), "the cheapest comes first");
            for edit in &explanation.edits {
                let mut copy = cluster.fork();
                edit.apply(&mut copy).map_err(|error| TestCaseError::fail(error.to_string()))?;
                copy.settle().map_err(|error| TestCaseError::fail(error.to_string()))?;
                let claim = copy.claim("claim-0").ok_or_else(|| TestCaseError::fail("the claim is gone"))?;
                prop_assert_eq!(&claim.status.phase, &ClaimPhase::Bound, "{}", edit);
                prop_assert_eq!(&claim.spec.volume_name, &edit.volume);
            }
            Ok(())
        },
    );
}

/// Where one thing is wrong with a free volume and the API server allows it to be changed, an edit is found.
#[test]
fn a_volume_that_almost_fits_is_always_repaired() {
    let worlds = (prop::collection::vec(seeds(), 1..6), seeds());
    Property::new(file!(), "a volume that almost fits is always repaired", 200).check(&worlds, |(volumes, claim)| {
        let cluster = cluster(&volumes, &claim);
        let explanation = cluster.explain("claim-0").map_err(|error| TestCaseError::fail(error.to_string()))?;
        let candidates = explanation.volumes.as_ref().filter(|_| explanation.phase == ClaimPhase::Pending);
        let almost = candidates.is_some_and(|candidates| {
            candidates.nearest.iter().any(|volume| {
                volume.mismatches.len() == 1 && !matches!(volume.mismatches[0], bindery::Mismatch::Deleting)
            })
        });
        if almost {
            prop_assert!(!explanation.edits.is_empty(), "{explanation}");
        }
        Ok(())
    });
}
