//! Traces are played again on an ordinary cluster, and as a scenario.

use bindery::Cluster;
use bindery::explore::{Explorer, Property};
use bindery::scenario::{Manifest, Scenario, Step, StepAction};

use crate::worlds::GOLDEN;

const MANIFESTS: &str = "
{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {capacity: {storage: 5Gi}, accessModes: \
[ReadWriteOnce], nfs: {server: s, path: /v}}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {accessModes: [ReadWriteOnce], resources: \
{requests: {storage: 5Gi}}}}
";

#[test]
fn a_trace_becomes_a_scenario_that_plays_it() {
    let mut cluster = Cluster::default();
    cluster.apply_yaml(MANIFESTS).expect("valid objects");
    let crashed = Property::sometimes("bound", |cluster| {
        cluster.claim("a").is_some_and(|claim| claim.status.phase.as_str() == "Bound")
    });
    let found = Explorer::new(&cluster).property(crashed).crashes(1).run();
    let (_, trace) = found.witnesses.first().expect("it is bound");
    let mut scenario = Scenario::new("replayed");
    scenario.steps.push(Step::new(StepAction::Apply(vec![Manifest::Inline(MANIFESTS.into())])).unsettled());
    let scenario = scenario.with_trace(trace, &cluster).expect("every action can be taken");
    let text = scenario.to_yaml();
    let read = Scenario::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let end = read.run().unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(end.claim("a").map(|claim| claim.status.phase.to_string()), Some("Bound".to_owned()));
}

/// Every step of every violation can be taken, in its order, on an ordinary copy of the cluster.
#[test]
fn traces_hold_on_ordinary_clusters() {
    let mut played = 0;
    for golden in GOLDEN.iter().filter(|golden| golden.states < 1_000) {
        let quiet = Property::sometimes("all settled", |cluster| {
            cluster.possible().is_empty() && cluster.volumes().all(|volume| volume.status.phase.as_str() != "Pending")
        });
        let explorer = (golden.explorer)().property(quiet);
        let start = explorer.cluster().fork();
        let found = explorer.run();
        for (_, trace) in &found.witnesses {
            let mut cluster = start.fork();
            for step in &trace.steps {
                if let Some(deed) = &step.deed {
                    // What is refused here was refused there.
                    let _ = deed.perform(&mut cluster);
                    continue;
                }
                let action = cluster.action(&step.action);
                let action = action.unwrap_or_else(|| panic!("{}: {} in\n{trace}", golden.name, step.action));
                assert!(cluster.take(&action), "{}", step.action);
                played += 1;
            }
        }
    }
    assert!(played > 20, "{played}");
}
