//! When everything is well again, every set gets its pods.

use std::sync::Arc;

use bindery::{Object, Pod};
use proptest::prelude::*;

use crate::deeds::Run;
use crate::order::{is_healthy, range_of};
use crate::runner::Property;
use crate::seeds::{Deed, SETS, World, worlds};
use crate::world::{claim, pod};

/// What nobody can repair is left out: volumes that a node or a zone confines, storage that only an administrator could
/// provide, and sets that come back with other claims than those of the pods that they find.
fn repairable(mut world: World) -> World {
    world.zones = false;
    let mut templates = [None; SETS.len()];
    for deed in &mut world.deeds {
        if let Deed::CreateSet(seed) = deed {
            let own = seed.templates.map(|class| class.map(|class| class % 4));
            seed.templates = *templates[seed.set].get_or_insert(own);
        }
    }
    world.deeds.retain(|deed| match deed {
        Deed::CreateClaim { .. } | Deed::DeleteVolume(_) | Deed::RemoveClaim(_) => false,
        // A claim of the set on another node.
        Deed::CreatePod { claim, .. } | Deed::CreateDeployment { claim, .. } => *claim == 0,
        _ => true,
    });
    world
}

#[test]
fn a_set_gets_its_pods_when_all_is_well_again() {
    let worlds = worlds(30).prop_map(repairable);
    Property::new(file!(), "a set gets its pods when all is well again", 120).check(&worlds, |world| {
        let mut run = Run::through(&world)?;
        run.repair()?;
        for _ in 0..4 {
            run.advance(1000)?;
        }
        let now = run.cluster.elapsed();
        for set in run.watcher.sets().filter(|set| !set.metadata.is_deleting()) {
            for ordinal in range_of(set) {
                let name = format!("default/{}-{ordinal}", set.metadata.name);
                let pod = run.watcher.pod(name.as_str());
                let waits = pod.and_then(|pod| pod.condition("PodScheduled")).map(|it| it.message.clone());
                let well = pod.is_some_and(|pod| is_healthy(set, pod, now));
                prop_assert!(well, "{} is not well: {:?}{}", name, waits, run.tail(30));
            }
        }
        Ok(())
    });
}

/// The pod of high priority is tried first although it came last, and goes on when its claim is bound; the other one has
/// its turn all the same (`ND-14`).
#[test]
fn a_pod_of_low_priority_has_its_turn_when_another_went_first() {
    let world = World { nodes: 1, zones: false, delay: 0, failures: 0, volumes: Vec::new(), deeds: Vec::new() };
    let mut cluster = world.start();
    for (number, priority) in [(0, 0), (1, 10)] {
        cluster.create(claim(number, 1, false)).expect("a claim");
        let Object::Pod(mut pod) = pod(number, number) else {
            unreachable!("it is a pod");
        };
        Arc::make_mut(&mut pod).spec.priority = Some(priority);
        cluster.create(Object::Pod(pod)).expect("a pod");
    }
    cluster.settle().expect("quiet");
    for name in ["bare0", "bare1"] {
        assert!(cluster.pod(name).is_some_and(Pod::is_ready), "{name} runs");
    }
}
