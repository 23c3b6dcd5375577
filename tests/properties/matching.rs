//! The index finds what a scan finds.

use bindery::{Cluster, Kind, PersistentVolume, PersistentVolumeClaim};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestCaseResult};

use crate::runner::Property;
use crate::scan::{Match, scan};
use crate::seeds::claims;
use crate::world::{found, worlds};

/// Syncs one claim in a copy of the cluster and demands that it gets what a scan of the volumes before says. Claims that
/// are bound, or that ask for a volume by name, do not come to matching.
fn compare(cluster: &Cluster, claim: &PersistentVolumeClaim) -> TestCaseResult {
    if claim.metadata.annotations.contains_key("pv.kubernetes.io/bind-completed") || !claim.spec.volume_name.is_empty()
    {
        return Ok(());
    }
    let key = claim.key();
    let expected = scan(cluster, claim);
    let mut copy = cluster.fork();
    let synced = copy.sync(&Kind::PersistentVolumeClaim.named(key.to_string()));
    let after = copy.claim(&key.to_string()).ok_or_else(|| TestCaseError::fail("the claim is gone"))?;
    let found = match (&*after.spec.volume_name, &synced) {
        ("", Err(_)) => Match::Error,
        ("", Ok(())) => Match::Nothing,
        (volume, _) => Match::Volume(volume.to_owned()),
    };
    prop_assert_eq!(&found, &expected, "claim {}, sync: {:?}", key, synced);
    if let Match::Volume(name) = found {
        prop_assert_eq!(synced, Ok(()));
        let volume = copy.volume(&name).ok_or_else(|| TestCaseError::fail("the volume is gone"))?;
        bound_to_each_other(volume, after)?;
    }
    Ok(())
}

/// `BIND-1` to `BIND-4`.
pub(crate) fn bound_to_each_other(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> TestCaseResult {
    let reference = volume.spec.claim_ref.as_ref().ok_or_else(|| TestCaseError::fail("the volume names no claim"))?;
    prop_assert_eq!(&reference.name, &claim.metadata.name);
    prop_assert_eq!(&reference.namespace, &claim.metadata.namespace);
    prop_assert_eq!(&reference.uid, &claim.metadata.uid);
    prop_assert_eq!(&claim.spec.volume_name, &volume.metadata.name);
    prop_assert_eq!(volume.status.phase.as_str(), "Bound");
    prop_assert_eq!(claim.status.phase.as_str(), "Bound");
    Ok(())
}

/// `MATCH-1` to `MATCH-17`, `DET-1` to `DET-3`, where everything is known to the controller at once.
#[test]
fn every_claim_that_is_found_gets_the_volume_that_a_scan_finds() {
    Property::new(file!(), "every claim that is found gets the volume that a scan finds", 400).check(
        &worlds(0),
        |world| {
            let cluster = world.start();
            cluster.claims().try_for_each(|claim| compare(&cluster, claim))
        },
    );
}

/// The same after volumes were bound, released, recycled, deleted, re-created under their names and edited: the index
/// has followed.
#[test]
fn a_claim_that_comes_late_gets_the_volume_that_a_scan_finds() {
    let late = prop::collection::vec(claims(), 1..12);
    Property::new(file!(), "a claim that comes late gets the volume that a scan finds", 200).check(
        &(worlds(20), late),
        |(world, late)| {
            let mut cluster = world.without_faults().run();
            prop_assert!(cluster.settle().is_ok());
            for seed in late {
                let mut probed = cluster.fork();
                if probed.restore(seed.restored()).is_ok() {
                    let claim = probed.claim(&seed.key()).ok_or_else(|| TestCaseError::fail("the claim is gone"))?;
                    compare(&probed, claim)?;
                }
            }
            Ok(())
        },
    );
}

/// `MATCH-16`, `DET-20`: claims synced one after the other in any order each see what those before them took.
#[test]
fn claims_that_are_synced_one_after_the_other_see_what_those_before_them_took() {
    Property::new(file!(), "claims that are synced one after the other see what those before them took", 200).check(
        &(found(), any::<prop::sample::Index>()),
        |(found, first)| {
            let mut cluster = Cluster::default();
            found.restore_into(&mut cluster);
            let mut keys: Vec<String> = cluster.claims().map(|claim| claim.key().to_string()).collect();
            if !keys.is_empty() {
                let middle = first.index(keys.len());
                keys.rotate_left(middle);
            }
            for key in keys {
                let claim = cluster.claim(&key).ok_or_else(|| TestCaseError::fail("the claim is gone"))?;
                compare(&cluster, claim)?;
                let _ = cluster.sync(&Kind::PersistentVolumeClaim.named(key));
            }
            Ok(())
        },
    );
}
