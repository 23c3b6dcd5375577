//! A quiet cluster is one in which another look at everything changes nothing (`RUN-8`).

use std::time::Duration;

use bindery::{
    AccessMode, Actor, ClaimPhase, Cluster, JournalEntry, Kind, LabelSelector, PersistentVolume, PersistentVolumeClaim,
    StringMap, VolumePhase,
};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::operations::Operation;
use crate::plugins::steady_plugins;
use crate::runner::Property;
use crate::runs::{advance, lines, objects, same_lines, settle, take_any};
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

/// That two clusters look the same: the journal, the objects, and how often each event was emitted.
fn same(a: &Cluster, b: &Cluster) -> TestCaseResult {
    same_lines(&lines(a), &lines(b))?;
    same_lines(&objects(a), &objects(b))?;
    let counts = |cluster: &Cluster| cluster.events().iter().map(|record| format!("{record:?}")).collect::<Vec<_>>();
    same_lines(&counts(a), &counts(b))
}

/// Settles with resyncs that look at every volume and every claim.
fn settle_by_walks(cluster: &mut Cluster) {
    while let Some(action) = cluster.enabled().first() {
        if action.object().is_none() && action.actor() == Actor::PersistentVolumeController {
            cluster.resync();
        }
        cluster.step();
    }
}

/// Where time stands still. Later, a walk would try again what failed, and so be more than a look.
fn timeless(most: usize) -> impl Strategy<Value = World> + Clone {
    worlds(most).prop_map(|mut world| {
        world.operations.retain(|operation| !matches!(operation, Operation::Advance(_)));
        world
    })
}

/// `RUN-8`: a resync passes over what has not changed since it was last looked at. One that looks at everything, as that
/// of Kubernetes does, finds nothing to do in a quiet cluster. Plugins are steady here: recycling is tried by every resync.
#[test]
fn a_walk_over_a_quiet_cluster_changes_nothing() {
    let steady = (timeless(20), steady_plugins()).prop_map(|(world, plugins)| World { plugins, ..world });
    Property::new(file!(), "a walk over a quiet cluster changes nothing", 300).check(&steady, |world| {
        let mut cluster = world.start();
        for operation in &world.operations {
            operation.carry_out(&mut cluster);
            if matches!(operation, Operation::Settle) {
                settle(&mut cluster)?;
                let mut walked = cluster.fork();
                walked.resync();
                settle(&mut walked)?;
                same(&cluster, &walked)?;
            }
        }
        Ok(())
    });
}

/// `RUN-8`, `DET-8`: passing over what has not changed leads to the same writes and events in the same order as walking
/// over everything does.
#[test]
fn resyncs_that_pass_over_what_has_not_changed_do_what_walks_do() {
    let name = "resyncs that pass over what has not changed do what walks do";
    Property::new(file!(), name, 300).check(&timeless(20), |world| {
        let (mut passing, mut walking) = (world.start(), world.start());
        for operation in &world.operations {
            match operation {
                // The two take different numbers of steps.
                Operation::Steps(_) => {}
                Operation::Settle => {
                    settle(&mut passing)?;
                    settle_by_walks(&mut walking);
                    same(&passing, &walking)?;
                }
                _ => {
                    operation.carry_out(&mut passing);
                    operation.carry_out(&mut walking);
                }
            }
        }
        Ok(())
    });
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
