//! Bugs that are planted are found, each by a shortest trace.

use crate::cluster::{Cluster, Config, Controller, Controllers};
use crate::controllers::planted::{Bug, plant};
use crate::explore::{Deed, Explorer, Found, Property, Violation, invariants};
use crate::model::access_modes::AccessMode;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::kind::{Kind, Object};
use crate::model::volume::{PersistentVolume, ReclaimPolicy, VolumePhase};

fn volume() -> PersistentVolume {
    PersistentVolume::new("v", "5Gi".parse().expect("a quantity"), [AccessMode::ReadWriteOnce])
}

fn claim(name: &str) -> PersistentVolumeClaim {
    PersistentVolumeClaim::new("default", name, "5Gi".parse().expect("a quantity"), [AccessMode::ReadWriteOnce])
}

fn cluster(volume: PersistentVolume, claims: &[&str]) -> Cluster {
    let controllers = Controllers::PERSISTENT_VOLUMES.with(Controller::Protection);
    let mut cluster = Cluster::new(Config { controllers, ..Config::default() });
    cluster.create(volume).expect("a valid volume");
    for name in claims {
        cluster.create(claim(name)).expect("a valid claim");
    }
    cluster
}

/// Explores without the bug and with it: the property holds, and is violated after so many steps.
fn finds(bug: Bug, property: &str, steps: usize, explore: impl Fn() -> Found) {
    let sound = explore();
    assert!(sound.complete && sound.violations.is_empty(), "{:#?}", sound.violations);
    let planted = plant(bug);
    let found = explore();
    drop(planted);
    let violation =
        found.violation(property).unwrap_or_else(|| panic!("{bug:?} is not found: {:#?}", found.violations));
    assert_eq!(violation.trace.len(), steps, "{}\n{}", violation.message, violation.trace);
}

#[test]
fn a_claim_that_is_written_before_its_volume_is_found() {
    let world = cluster(volume(), &["a", "b"]);
    finds(Bug::ClaimFirst, "no claim misbound", 8, || Explorer::new(&world).properties(invariants()).crashes(1).run());
}

#[test]
fn a_uid_that_is_not_looked_at_is_found() {
    let mut world = cluster(volume(), &["a"]);
    world.settle().expect("a quiet cluster");
    let deeds = || {
        let name = Kind::PersistentVolumeClaim.named("default/a");
        [Deed::Delete(world.full_name(&name)), Deed::Create(Object::from(claim("a")))]
    };
    finds(Bug::UidIgnored, "both ends agree", 4, || Explorer::new(&world).properties(invariants()).user(deeds()).run());
}

#[test]
fn a_finalizer_that_is_removed_early_is_found() {
    let mut world = cluster(volume(), &["a"]);
    world.settle().expect("a quiet cluster");
    finds(Bug::EarlyFinalizer, "protected while in use", 2, || {
        let deed = Deed::Delete(Kind::PersistentVolume.named("v"));
        Explorer::new(&world).properties(invariants()).user([deed]).run()
    });
}

#[test]
fn a_release_that_is_forgotten_after_a_crash_is_found() {
    let mut world = cluster(volume().with_reclaim_policy(ReclaimPolicy::Recycle), &["a"]);
    world.settle().expect("a quiet cluster");
    let recycled = || {
        Property::eventually("recycled", |cluster| {
            let gone = cluster.claims().next().is_none();
            gone && cluster.volume("v").is_some_and(|volume| volume.status.phase == VolumePhase::Available)
        })
    };
    let deed = || Deed::Delete(world.full_name(&Kind::PersistentVolumeClaim.named("default/a")));
    finds(Bug::ForgottenRelease, "recycled", 5, || {
        Explorer::new(&world).properties(invariants()).property(recycled()).user([deed()]).crashes(1).run()
    });
}

#[test]
fn a_controller_that_never_rests_is_found_to_go_round_in_a_circle() {
    let world = cluster(volume(), &["a"]);
    let explore = || Explorer::new(&world).properties(invariants()).run();
    assert!(explore().violations.is_empty());
    let planted = plant(Bug::Restless);
    let found = explore();
    drop(planted);
    let violation = found.violation("every run becomes quiet").expect("a violation");
    let Violation { message, trace, .. } = violation;
    let circle = trace.circle.expect("a circle");
    assert_eq!(message, &format!("a run goes round in a circle of {} steps", trace.len() - circle));
    assert!(trace.to_string().contains("from here it goes round in a circle:"), "{trace}");
    // The protection is taken off and put on again on the way round.
    let round: Vec<&str> = trace.steps[circle..].iter().flat_map(|step| &step.writes).map(AsRef::as_ref).collect();
    assert_eq!(
        round,
        [
            "PersistentVolume v is held by [] (PROT-9)",
            "PersistentVolume v is held by [kubernetes.io/pv-protection] (PROT-2)"
        ]
    );
    // Played, the steps lead back to where the circle begins.
    let mut played = world.loosened();
    let mut states = vec![played.state()];
    let planted = plant(Bug::Restless);
    for step in &trace.steps {
        let action = played.action(&step.action).expect("a possible action");
        assert!(played.take(&action), "{action}");
        states.push(played.state());
    }
    drop(planted);
    assert_eq!(states[circle], states[trace.len()]);
}
