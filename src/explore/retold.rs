//! Runs that were found are played again step by step and come to the same states: with backends that end late, with crashes
//! of several controllers, and where one state was reached in several ways.

use std::collections::BTreeSet;

use crate::cluster::{Cluster, Config, Controller, Controllers};
use crate::explore::left::Part;
use crate::explore::walk::Search;
use crate::explore::{Deed, Explorer};
use crate::model::access_modes::AccessMode;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::json::Json;
use crate::model::kind::Kind;
use crate::model::volume::{PersistentVolume, ReclaimPolicy};

/// What the runs to all nodes of an exploration have in them.
#[derive(Debug, Default)]
struct Seen {
    runs: usize,
    /// Runs in which a backend ends what nobody waits for any more.
    late: usize,
    /// The sets of controllers of which each crashes in one run.
    crashed: BTreeSet<BTreeSet<String>>,
}

/// Plays the runs to all nodes that parts of some kind lead to, each twice.
fn play(explorer: &Explorer<'_>, concerns: impl Fn(&[Part]) -> bool) -> Seen {
    let mut search = Search::new(explorer);
    let mut nodes = search.begin(explorer.left);
    while !nodes.is_empty() {
        nodes = search.go_on(&nodes);
    }
    let mut seen = Seen::default();
    for number in (0..search.states()).filter_map(|number| u32::try_from(number).ok()) {
        let stages = search.stages_to(number);
        let parts: Vec<Part> = stages.iter().map(|stage| stage.part).collect();
        if !concerns(&parts) {
            continue;
        }
        let trace = search.trace_to(number);
        let told: Vec<u64> = trace.steps.iter().map(|step| step.state).collect();
        let expected: Vec<u64> = stages.iter().map(|stage| stage.state).collect();
        assert_eq!(told, expected, "{trace}");
        let played = trace.play(explorer.cluster()).unwrap_or_else(|error| panic!("{error} of\n{trace}"));
        let again = trace.play(explorer.cluster()).unwrap_or_else(|error| panic!("{error} of\n{trace}"));
        assert_eq!(played.fingerprint(), again.fingerprint(), "{trace}");
        assert_eq!(Some(&played.state()), expected.last(), "{trace}");
        let writes: usize = trace.steps.iter().map(|step| step.writes.len()).sum();
        assert_eq!(played.journal().len(), writes, "what is told is what is in the journal of\n{trace}");
        seen.runs += 1;
        seen.late += usize::from(parts.contains(&Part::Late));
        let crashing = trace.steps.iter().filter_map(|step| step.action.strip_suffix(" crashes and starts anew"));
        seen.crashed.insert(crashing.map(ToOwned::to_owned).collect());
    }
    seen
}

fn size() -> crate::model::quantity::Quantity {
    "1Gi".parse().expect("a quantity")
}

fn claim() -> PersistentVolumeClaim {
    PersistentVolumeClaim::new("default", "a", size(), [AccessMode::ReadWriteOnce])
}

#[test]
fn backends_that_end_late_are_played_again() {
    let controllers = Controllers::PERSISTENT_VOLUMES.with(Controller::Protection);
    let mut world = Cluster::new(Config { controllers, ..Config::default() });
    let volume = PersistentVolume::new("v", size(), [AccessMode::ReadWriteOnce]);
    world.create(volume.with_reclaim_policy(ReclaimPolicy::Recycle)).expect("a valid volume");
    world.create(claim()).expect("a valid claim");
    world.settle().expect("a quiet cluster");
    world.write_file("v", "file", "text").expect("a place for files");
    let retain = Json::Map(vec![(
        "spec".into(),
        Json::Map(vec![("persistentVolumeReclaimPolicy".into(), Json::String("Retain".into()))]),
    )]);
    let deeds = [
        Deed::Delete(Kind::PersistentVolumeClaim.named("default/a")),
        Deed::Patch(Kind::PersistentVolume.named("v"), retain),
    ];
    let seen = play(&Explorer::new(&world).user(deeds).crashes(1), |parts| parts.contains(&Part::Late));
    assert!(seen.late > 10 && seen.late == seen.runs, "{seen:?}");
}

#[test]
fn crashes_of_several_controllers_are_played_again() {
    let controllers = Controllers::PERSISTENT_VOLUMES.with(Controller::Protection).with(Controller::Scheduler);
    let mut world = Cluster::new(Config { controllers, ..Config::default() });
    world
        .apply_yaml(
            "
{apiVersion: v1, kind: Node, metadata: {name: n1, labels: {kubernetes.io/hostname: n1}}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: local}, provisioner: kubernetes.io/no-provisioner,
  volumeBindingMode: WaitForFirstConsumer}
---
{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i}],
  volumes: [{name: data, persistentVolumeClaim: {claimName: a}}]}}
",
        )
        .expect("valid objects");
    let volume = PersistentVolume::new("v", size(), [AccessMode::ReadWriteOnce]).with_class("local");
    world.create(volume).expect("a valid volume");
    world.create(claim().with_class("local")).expect("a valid claim");
    let crashes = |parts: &[Part]| parts.iter().filter(|part| **part == Part::Crashes).count() == 2;
    let seen = play(&Explorer::new(&world).crashes(2), crashes);
    let both = BTreeSet::from(["default-scheduler".to_owned(), "persistentvolume-controller".to_owned()]);
    assert!(seen.runs > 20 && seen.crashed.contains(&both), "{seen:?}");
}
