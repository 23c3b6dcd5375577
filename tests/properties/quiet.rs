//! A quiet cluster is one in which another look at everything changes nothing (`RUN-8`).

use std::time::Duration;

use bindery::{
    AccessMode, ClaimPhase, Cluster, JournalEntry, Kind, LabelSelector, PersistentVolume, PersistentVolumeClaim,
    StringMap, VolumePhase,
};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::plugins::steady_plugins;
use crate::runner::Property;
use crate::runs::{advance, settle, take_any};
use crate::world::{World, worlds};

fn volume(name: &str) -> PersistentVolume {
    PersistentVolume::new(name, "1Gi".parse().expect("a quantity"), [AccessMode::ReadWriteOnce])
}

fn claim(name: &str) -> PersistentVolumeClaim {
    PersistentVolumeClaim::new("default", name, "1Gi".parse().expect("a quantity"), [AccessMode::ReadWriteOnce])
}

/// The claim is looked at while the controller still has the old labels in its cache. It learns the new ones without a
/// write, and the next resync binds (`CACHE-1`, `RUN-8`).
#[test]
fn a_claim_that_was_looked_at_too_early_is_bound_by_the_resync() {
    let mut cluster = Cluster::default();
    cluster.create(volume("pv-1")).expect("created");
    cluster.settle().expect("quiet");
    let labels = StringMap::from([("tier", "x")]);
    let selector = LabelSelector { match_labels: labels.clone(), ..LabelSelector::default() };
    cluster.create(claim("data").with_selector(selector)).expect("created");
    let labelled = cluster.volume("pv-1").expect("stored").clone().with_labels(labels);
    cluster.replace(&Kind::PersistentVolume.named("pv-1"), labelled).expect("replaced");
    cluster.settle().expect("quiet");
    assert_eq!(cluster.claim("data").expect("stored").status.phase, ClaimPhase::Bound);
}

/// `RUN-10`: a claim that did not name its volume releases it at the next resync after it is gone.
#[test]
fn a_volume_whose_claim_vanishes_unanswered_is_released_by_the_resync() {
    let mut cluster = Cluster::default();
    let mut free = volume("pv-1");
    free.status.phase = VolumePhase::Available;
    cluster.restore(free).expect("restored");
    let mut reserved = volume("pv-2").reserved_for("default", "data");
    if let Some(reference) = &mut reserved.spec.claim_ref {
        reference.uid = "of-the-claim".into();
    }
    reserved.status.phase = VolumePhase::Available;
    cluster.restore(reserved).expect("restored");
    let mut unanswered = claim("data");
    unanswered.metadata.uid = "of-the-claim".into();
    cluster.restore(unanswered).expect("restored");
    cluster.remove(&Kind::PersistentVolumeClaim.named("data")).expect("removed");
    cluster.settle().expect("quiet");
    assert_eq!(cluster.volume("pv-2").expect("stored").status.phase, VolumePhase::Released);
}

/// `RUN-1`, `RUN-8`: a controller that starts looks at everything. Plugins are steady here, and every failed operation
/// had its time to be tried again.
#[test]
fn a_controller_that_restarts_in_a_quiet_cluster_writes_nothing() {
    let steady = (worlds(20), steady_plugins()).prop_map(|(world, plugins)| World { plugins, ..world });
    Property::new(file!(), "a controller that restarts in a quiet cluster writes nothing", 150).check(
        &steady,
        |world| {
            let mut cluster = world.run();
            advance(&mut cluster, Duration::from_mins(20))?;
            let mut restarted = Cluster::new(world.config());
            prop_assert_eq!(restarted.replay(cluster.journal()), Ok(()));
            let before = restarted.journal().len();
            settle(&mut restarted)?;
            let written = restarted.journal().since(before).find_map(JournalEntry::write);
            prop_assert!(written.is_none(), "{}", written.map(ToString::to_string).unwrap_or_default());
            Ok(())
        },
    );
}

/// A look at one object of a quiet cluster changes nothing either.
#[test]
fn one_more_sync_of_any_object_of_a_quiet_cluster_writes_nothing() {
    let steady = (worlds(20), steady_plugins()).prop_map(|(world, plugins)| World { plugins, ..world });
    Property::new(file!(), "one more sync of any object of a quiet cluster writes nothing", 100).check(
        &steady,
        |world| {
            let mut cluster = world.without_faults().run();
            settle(&mut cluster)?;
            nothing_is_left_to_write(&cluster)
        },
    );
}

/// Syncs every object in a copy of its own.
fn nothing_is_left_to_write(cluster: &Cluster) -> TestCaseResult {
    let keys = |kind: Kind| cluster.objects(kind).into_iter().map(|object| object.reference());
    for key in keys(Kind::PersistentVolume).chain(keys(Kind::PersistentVolumeClaim)) {
        let mut copy = cluster.fork();
        let _ = copy.sync(&key);
        let written = copy.journal().since(cluster.journal().len()).find_map(JournalEntry::write);
        prop_assert!(written.is_none(), "{}: {}", key, written.map(ToString::to_string).unwrap_or_default());
    }
    Ok(())
}

/// Nor does it where things happened in another order than that of a stock run: a resync in the middle of others' work
/// sees less than all, so another one follows.
#[test]
fn quiet_is_quiet_whatever_the_order_of_actions_was() {
    let steady = (worlds(12), steady_plugins()).prop_map(|(world, plugins)| World { plugins, ..world });
    let choices = prop::collection::vec(any::<prop::sample::Index>(), 1..60);
    Property::new(file!(), "quiet is quiet whatever the order of actions was", 150).check(
        &(steady, choices),
        |(world, choices)| {
            let mut cluster = world.without_faults().run();
            take_any(&mut cluster, &choices)?;
            nothing_is_left_to_write(&cluster)
        },
    );
}
