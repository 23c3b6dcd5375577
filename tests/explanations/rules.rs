//! The rules that an explanation names are those that keep a volume from the claim.

use bindery::explain::{Candidates, Explanation, Objection};
use bindery::{ClaimPhase, Cluster, Mismatch, PersistentVolume, VolumePhase};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestCaseResult};

use crate::runner::Property;
use crate::worlds::{class, cluster, seeds};

fn explained(cluster: &Cluster) -> Result<Explanation, TestCaseError> {
    cluster.explain_briefly("claim-0").map_err(|error| TestCaseError::fail(error.to_string()))
}

/// The explanation of a claim that waits, with its volumes; nothing for one that is bound.
fn pending(cluster: &Cluster) -> Result<Option<Candidates>, TestCaseError> {
    let explanation = explained(cluster)?;
    Ok(explanation.volumes.filter(|_| explanation.phase == ClaimPhase::Pending))
}

/// Repairs what one mismatch names, and nothing else.
fn repair(volume: &mut PersistentVolume, mismatch: &Mismatch) {
    match mismatch {
        Mismatch::AccessModes { requested, .. } => volume.spec.access_modes = requested.clone(),
        Mismatch::Claimed { .. } => volume.spec.claim_ref = None,
        Mismatch::TooSmall { requested, .. } => {
            volume.spec.capacity = volume.spec.capacity.with("storage", requested.clone());
        }
        Mismatch::VolumeMode { requested, .. } => volume.spec.volume_mode = requested.clone(),
        Mismatch::AttributesClass { requested, .. } => {
            volume.spec.volume_attributes_class_name = Some(requested.clone()).filter(|class| !class.is_empty());
        }
        Mismatch::Deleting => {
            volume.metadata.deletion_timestamp = None;
            volume.metadata.finalizers = Vec::new().into();
        }
        Mismatch::Phase { .. } => volume.status.phase = VolumePhase::Available,
        Mismatch::Selector { .. } => volume.metadata.labels = volume.metadata.labels.with("disk", "ssd"),
        Mismatch::Class { requested, .. } => volume.spec.storage_class_name = requested.clone(),
        other => panic!("{other} does not occur here"),
    }
}

/// Whether the claim of a cluster is bound in a world with this volume and no other.
fn binds(cluster: &Cluster, volume: PersistentVolume) -> Result<bool, TestCaseError> {
    let fail = |error: &dyn std::fmt::Display| TestCaseError::fail(error.to_string());
    let mut alone = Cluster::default();
    alone.restore(class()).map_err(|error| fail(&error))?;
    alone.restore(volume).map_err(|error| fail(&error))?;
    let claim = cluster.claim("claim-0").ok_or_else(|| TestCaseError::fail("the claim is gone"))?;
    alone.restore(claim.clone()).map_err(|error| fail(&error))?;
    alone.settle().map_err(|error| fail(&error))?;
    Ok(alone.claim("claim-0").is_some_and(|claim| claim.status.phase == ClaimPhase::Bound))
}

fn volume_of(cluster: &Cluster, name: &str) -> Result<PersistentVolume, TestCaseError> {
    cluster.volume(name).cloned().ok_or_else(|| TestCaseError::fail("the volume is gone"))
}

#[test]
fn repairing_exactly_what_an_explanation_names_makes_the_claim_bind() {
    let worlds = (prop::collection::vec(seeds(), 1..6), seeds());
    Property::new(file!(), "repairing exactly what an explanation names makes the claim bind", 400).check(
        &worlds,
        |(volumes, claim)| {
            let cluster = cluster(&volumes, &claim);
            let Some(candidates) = pending(&cluster)? else { return Ok(()) };
            for named in &candidates.nearest {
                let original = volume_of(&cluster, &named.volume)?;
                prop_assert!(!named.mismatches.is_empty(), "{} fits, and the claim waits", named.volume);
                let mut repaired = original.clone();
                named.mismatches.iter().for_each(|mismatch| repair(&mut repaired, mismatch));
                prop_assert!(binds(&cluster, repaired)?, "{named} was repaired, and the claim does not bind");
                for left in &named.mismatches {
                    // A volume whose claimRef is cleared becomes Available by itself.
                    if matches!(left, Mismatch::Phase { .. }) {
                        continue;
                    }
                    let mut almost = original.clone();
                    let others = named.mismatches.iter().filter(|mismatch| *mismatch != left);
                    others.for_each(|mismatch| repair(&mut almost, mismatch));
                    prop_assert!(!binds(&cluster, almost)?, "{}: {left} was left, and the claim binds", named.volume);
                }
            }
            Ok(())
        },
    );
}

#[test]
fn removing_what_an_explanation_does_not_name_changes_nothing() {
    let worlds = (prop::collection::vec(seeds(), 1..6), seeds());
    Property::new(file!(), "removing what an explanation does not name changes nothing", 200).check(
        &worlds,
        |(volumes, claim)| {
            let cluster = cluster(&volumes, &claim);
            let Some(candidates) = pending(&cluster)? else { return Ok(()) };
            for named in &candidates.nearest {
                let mut bare = volume_of(&cluster, &named.volume)?;
                let names = |test: fn(&Mismatch) -> bool| named.mismatches.iter().any(test);
                // Labels that the claim does not ask for, what else is at the volume, and every other volume.
                if !claim_selects(&cluster) {
                    bare.metadata.labels = bindery::StringMap::default();
                }
                bare.metadata.annotations = bindery::StringMap::default();
                bare.spec.persistent_volume_reclaim_policy = bindery::ReclaimPolicy::Retain;
                bare.spec.mount_options = Vec::new().into();
                let expected = names(|_| true);
                prop_assert_eq!(!binds(&cluster, bare.clone())?, expected);
                let alone = alone(&cluster, bare)?;
                let again = explained(&alone)?.volumes.map(|volumes| volumes.nearest[0].mismatches.clone());
                prop_assert_eq!(again.as_ref(), Some(&named.mismatches));
            }
            Ok(())
        },
    );
}

fn claim_selects(cluster: &Cluster) -> bool {
    cluster.claim("claim-0").is_some_and(|claim| claim.spec.selector.is_some())
}

fn alone(cluster: &Cluster, volume: PersistentVolume) -> Result<Cluster, TestCaseError> {
    let fail = |error: bindery::ApiError| TestCaseError::fail(error.to_string());
    let mut alone = Cluster::default();
    alone.restore(class()).map_err(fail)?;
    alone.restore(volume).map_err(fail)?;
    let claim = cluster.claim("claim-0").ok_or_else(|| TestCaseError::fail("the claim is gone"))?;
    alone.restore(claim.clone()).map_err(fail)?;
    Ok(alone)
}

/// Groups are what a look at each volume gives: the first rule, counted.
#[test]
fn groups_count_the_first_rules() {
    let worlds = (prop::collection::vec(seeds(), 0..9), seeds());
    Property::new(file!(), "groups count the first rules", 400).check(&worlds, |(volumes, claim)| {
        let cluster = cluster(&volumes, &claim);
        let Some(candidates) = pending(&cluster)? else { return Ok(()) };
        let grouped: usize = candidates.groups.iter().map(|group| group.count).sum();
        prop_assert_eq!(grouped + candidates.fitting, candidates.count);
        prop_assert_eq!(candidates.count, cluster.volumes().count());
        prop_assert_eq!(candidates.nearest.len(), candidates.count, "all of so few are listed");
        let firsts = candidates.nearest.iter().filter_map(|volume| volume.mismatches.first());
        let mut counts = [0usize; 9];
        firsts.for_each(|mismatch| counts[kind_of(mismatch)] += 1);
        for group in &candidates.groups {
            counts[kind_of_group(&group.objection)] -= group.count;
            let alone = candidates.nearest.iter().filter(|volume| volume.mismatches.len() == 1);
            if let Objection::TooSmall { largest, otherwise_fits: true, .. } = &group.objection {
                let of_rule = alone.filter(|volume| matches!(volume.mismatches[0], Mismatch::TooSmall { .. }));
                let sizes: Vec<_> = of_rule.map(|volume| volume.capacity.clone()).collect();
                prop_assert_eq!(Some(largest), sizes.iter().max());
                prop_assert_eq!(sizes.len(), group.otherwise_fitting);
            }
        }
        prop_assert_eq!(counts, [0; 9]);
        every_kind_is_told(&candidates)
    });
}

fn every_kind_is_told(candidates: &Candidates) -> TestCaseResult {
    let text = candidates.to_string();
    for group in &candidates.groups {
        prop_assert!(text.contains(&group.to_string()), "{text} lacks {group}");
    }
    Ok(())
}

fn kind_of(mismatch: &Mismatch) -> usize {
    match mismatch {
        Mismatch::AccessModes { .. } => 0,
        Mismatch::Claimed { .. } => 1,
        Mismatch::TooSmall { .. } => 2,
        Mismatch::VolumeMode { .. } => 3,
        Mismatch::AttributesClass { .. } => 4,
        Mismatch::Deleting => 5,
        Mismatch::Phase { .. } => 6,
        Mismatch::Selector { .. } => 7,
        Mismatch::Class { .. } => 8,
        other => panic!("{other} does not occur here"),
    }
}

fn kind_of_group(objection: &Objection) -> usize {
    match objection {
        Objection::AccessModes { .. } => 0,
        Objection::Bound | Objection::Released | Objection::OldClaim | Objection::Reserved => 1,
        Objection::TooSmall { .. } => 2,
        Objection::VolumeMode { .. } => 3,
        Objection::AttributesClass { .. } => 4,
        Objection::Deleting => 5,
        Objection::Phase { .. } => 6,
        Objection::Selector => 7,
        Objection::Class { .. } => 8,
        other => panic!("{other} does not occur here"),
    }
}
