//! Volumes and claims agree about each other when a cluster is quiet.

use std::collections::BTreeSet;
use std::time::Duration;

use bindery::{ClaimPhase, Cluster, Kind, ObjectKey, PersistentVolume, PersistentVolumeClaim, VolumePhase};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestCaseResult};

use crate::matching::bound_to_each_other;
use crate::plugins::steady_plugins;
use crate::runner::Property;
use crate::scan::{Match, scan};
use crate::world::{World, histories, worlds};

/// Whether another look at an object would fail, so that nothing follows from what it says. The one case that lasts is
/// a volume of a plugin in the tree that is being deleted and lacks the plugin's finalizer (`FIN-7`), and a claim in a
/// class without a binding mode (`HELP-5`), with a selector that is none (`MATCH-12`) or with a volume that went to
/// another (`CLAIM-13`).
fn fails(cluster: &Cluster, key: &ObjectKey) -> bool {
    cluster.fork().sync(key).is_err()
}

fn key_of(claim: &PersistentVolumeClaim) -> ObjectKey {
    Kind::PersistentVolumeClaim.named(claim.key().to_string())
}

fn was_bound(claim: &PersistentVolumeClaim) -> bool {
    claim.metadata.annotations.contains_key("pv.kubernetes.io/bind-completed")
}

/// The claim that a volume's full reference means.
fn claim_of<'c>(cluster: &'c Cluster, volume: &PersistentVolume) -> Option<&'c PersistentVolumeClaim> {
    let reference = volume.spec.claim_ref.as_deref()?;
    let claim = cluster.claim(&format!("{}/{}", reference.namespace, reference.name))?;
    (claim.metadata.uid == reference.uid).then_some(claim)
}

/// A claim that was bound is `Bound` where its volume names it with its uid, and both ends agree then; else it is
/// `Lost` (`CLAIM-20` to `CLAIM-25`).
fn claims_agree(cluster: &Cluster) -> TestCaseResult {
    for claim in cluster.claims().filter(|claim| was_bound(claim)) {
        let volume = cluster.volume(&claim.spec.volume_name);
        let named = volume.filter(|volume| {
            volume.spec.claim_ref.as_ref().is_none_or(|reference| reference.uid == claim.metadata.uid)
        });
        match named {
            Some(volume) if !fails(cluster, &Kind::PersistentVolume.named(&*volume.metadata.name)) => {
                bound_to_each_other(volume, claim)?;
            }
            Some(_) => {}
            None => prop_assert_eq!(&claim.status.phase, &ClaimPhase::Lost, "{}", claim.key()),
        }
    }
    Ok(())
}

/// No two claims that were bound and are `Bound` have the same volume. A claim that was found `Bound` without the mark
/// of a binding may keep its phase beside the true owner (section 17, C7).
fn no_volume_serves_two_claims(cluster: &Cluster) -> TestCaseResult {
    let mut taken = BTreeSet::new();
    for claim in cluster.claims().filter(|claim| was_bound(claim) && claim.status.phase == ClaimPhase::Bound) {
        prop_assert!(taken.insert(claim.spec.volume_name.clone()), "{} serves two claims", claim.spec.volume_name);
    }
    Ok(())
}

/// In every world: also one that was found in a state that no controller makes. A volume that was found `Bound` keeps
/// the phase where its claim names no volume and cannot take this one (`VOL-7`, `VOL-8`), or is `Lost` (`CLAIM-20`).
#[test]
fn both_ends_of_a_binding_agree_when_the_cluster_is_quiet() {
    Property::new(file!(), "both ends of a binding agree when the cluster is quiet", 200).check(&worlds(20), |world| {
        let mut cluster = world.run();
        prop_assert!(cluster.settle().is_ok());
        claims_agree(&cluster)?;
        no_volume_serves_two_claims(&cluster)?;
        for volume in cluster.volumes().filter(|volume| volume.status.phase == VolumePhase::Bound) {
            let name = &volume.metadata.name;
            if fails(&cluster, &Kind::PersistentVolume.named(&**name)) {
                continue;
            }
            let claim =
                claim_of(&cluster, volume).ok_or_else(|| TestCaseError::fail(format!("{name} has no claim")))?;
            if was_bound(claim) && claim.spec.volume_name.is_empty() {
                prop_assert_eq!(&claim.status.phase, &ClaimPhase::Lost);
            } else if claim.spec.volume_name.is_empty() {
                prop_assert_ne!(scan(&cluster, claim), Match::Volume(name.to_string()));
            } else {
                prop_assert_eq!(&claim.spec.volume_name, name);
            }
        }
        Ok(())
    });
}

/// In a cluster that was made through the API alone there are no exceptions but volumes that cannot be synced.
#[test]
fn in_a_cluster_made_through_the_api_every_bound_object_has_its_other_end() {
    Property::new(file!(), "in a cluster made through the api every bound object has its other end", 200).check(
        &histories(30),
        |world| {
            let mut cluster = world.run();
            prop_assert!(cluster.settle().is_ok());
            claims_agree(&cluster)?;
            no_volume_serves_two_claims(&cluster)?;
            for claim in cluster.claims().filter(|claim| claim.status.phase == ClaimPhase::Bound) {
                let volume = cluster.volume(&claim.spec.volume_name);
                let volume = volume.ok_or_else(|| TestCaseError::fail(format!("{} has no volume", claim.key())))?;
                bound_to_each_other(volume, claim)?;
            }
            for volume in cluster.volumes().filter(|volume| volume.status.phase == VolumePhase::Bound) {
                let name = &volume.metadata.name;
                if !fails(&cluster, &Kind::PersistentVolume.named(&**name)) {
                    let claim = claim_of(&cluster, volume);
                    let claim = claim.ok_or_else(|| TestCaseError::fail(format!("{name} has no claim")))?;
                    bound_to_each_other(volume, claim)?;
                }
            }
            Ok(())
        },
    );
}

/// A claim that waits has nothing to take: no scan finds a volume for it, unless its sync fails for another reason.
#[test]
fn a_claim_that_waits_in_a_quiet_cluster_fits_no_volume() {
    Property::new(file!(), "a claim that waits in a quiet cluster fits no volume", 200).check(&worlds(20), |world| {
        let mut cluster = world.without_faults().run();
        prop_assert!(cluster.settle().is_ok());
        for claim in cluster.claims().filter(|claim| !was_bound(claim)) {
            if claim.spec.volume_name.is_empty() && !fails(&cluster, &key_of(claim)) {
                prop_assert_eq!(scan(&cluster, claim), Match::Nothing, "{}", claim.key());
            }
        }
        Ok(())
    });
}

/// Volumes of a class that nobody asks for, and that no claim names, are looked at and made available. Everything else
/// stays as it is without them. Versions are another matter, so is how often an event was repeated, and so are selectors
/// that cannot be built, which are noticed where there is a set of modes to search (`MATCH-12`), and plugins that count
/// how often they are asked.
#[test]
fn unused_volumes_change_nothing() {
    let unused = prop::collection::vec((crate::seeds::volumes(), any::<bool>()), 1..4);
    let values = (worlds(0), steady_plugins(), unused);
    Property::new(file!(), "unused volumes change nothing", 150).check(&values, |(world, plugins, unused)| {
        let mut world = World { plugins, ..world };
        for term in world.found.claims.iter_mut().flat_map(|claim| claim.selector.iter_mut().flatten()) {
            term.operator %= 5;
        }
        let run = |before: bool, after: bool| {
            let mut cluster = Cluster::new(world.config());
            restore_unused(&mut cluster, &unused, before);
            world.found.restore_into(&mut cluster);
            restore_unused(&mut cluster, &unused, after);
            let quiet = cluster.advance(Duration::from_mins(1)).is_ok();
            (quiet, without_unused(&cluster))
        };
        let (quiet, alone) = run(false, false);
        prop_assert!(quiet);
        prop_assert_eq!(run(true, false), (true, alone.clone()));
        prop_assert_eq!(run(false, true), (true, alone));
        Ok(())
    });
}

fn restore_unused(cluster: &mut Cluster, unused: &[(crate::seeds::VolumeSeed, bool)], wanted: bool) {
    for (number, (seed, _)) in unused.iter().enumerate().filter(|_| wanted) {
        let mut volume = seed.restored(&crate::objects::found_uid);
        volume.metadata.name = format!("unused-{number}").into();
        volume.metadata.uid = format!("unused-{number}").into();
        volume.metadata.annotations = volume.metadata.annotations.without("volume.beta.kubernetes.io/storage-class");
        volume.spec.storage_class_name = "unused".into();
        volume.spec.claim_ref = None;
        let _ = cluster.restore(volume);
    }
}

/// Every other object and every event about one, without versions and repetitions.
fn without_unused(cluster: &Cluster) -> (Vec<String>, Vec<String>) {
    let objects = crate::runs::objects(cluster).into_iter().filter(|text| !text.contains("unused-"));
    let versionless = objects.map(|text| {
        let lines: Vec<&str> = text.lines().filter(|line| !line.contains("\"resourceVersion\"")).collect();
        lines.join("\n")
    });
    let events = cluster.events().into_iter().map(|record| format!("{} {}", record.event.object, record.event));
    (versionless.collect(), events.filter(|text| !text.contains("unused-")).collect())
}
