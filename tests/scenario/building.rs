//! Scenarios that a tool builds are plain data, and can be written down.

use std::time::Duration;

use bindery::scenario::{
    Expectation, Manifest, ObjectExpectation, Scenario, ScenarioError, Setting, Step, StepAction, StepError,
};
use bindery::{Json, Kind};

const VOLUME: &str = "{apiVersion: v1, kind: PersistentVolume, metadata: {name: pv-1}, spec: {capacity: {storage: 5Gi}, \
                      accessModes: [ReadWriteOnce], hostPath: {path: /tmp/a}}}";

fn phase(phase: &str) -> Expectation {
    let status = Json::Map(vec![("phase".into(), Json::String(phase.into()))]);
    Expectation::Object(ObjectExpectation::new(Kind::PersistentVolume.named("pv-1"), [("status".into(), status)]))
}

fn built(expected: &str) -> Scenario {
    let mut scenario = Scenario::new("built");
    scenario.steps.push(Step::new(StepAction::Apply(vec![Manifest::File("pv.yaml".into())])).named("a volume"));
    scenario.steps.push(Step::new(StepAction::Advance(Duration::from_secs(90))).unsettled());
    scenario.steps.push(Step::new(StepAction::Expect(vec![phase(expected)])));
    scenario.with_file("pv.yaml", VOLUME)
}

#[test]
fn a_scenario_is_written_as_somebody_would_write_it() {
    assert_eq!(
        built("Available").to_yaml(),
        "\
apiVersion: bindery.dev/v1
kind: Scenario
metadata:
  name: built
spec:
  steps:
  - apply:
    - pv.yaml
    name: a volume
  - advance: 1m30s
    settle: false
  - expect:
    - object: pv/pv-1
      status:
        phase: Available
"
    );
}

#[test]
fn a_setting_is_written_with_its_nodes_drivers_and_switches() {
    let text = "\
apiVersion: bindery.dev/v1
kind: Scenario
metadata:
  description: a setting
  name: set
spec:
  cluster:
    drivers:
    - kind: NfsSubdir
      name: nfs
      path: /data
      release: 4.0.2
      server: 10.0.0.1
    featureGates:
      RemoveSelfLink: true
    nodes:
    - node-1
    - labels:
        zone: b
      name: node-2
    resyncPeriod: 30s
    withoutControllers:
    - Protection
  steps: []
";
    let scenario = Scenario::parse(text).expect("a scenario");
    assert_eq!(scenario.to_yaml(), text);
    let cluster = scenario.run().expect("a cluster");
    assert_eq!(cluster.count(Kind::Node), 2);
    assert_eq!(cluster.config().resync_period, Duration::from_secs(30));
    assert_eq!(Scenario::new("bare").cluster, Setting::default());
}

#[test]
fn a_run_can_be_looked_at_between_its_steps() {
    let scenario = built("Available");
    let mut run = scenario.start().expect("a cluster");
    let first = run.next().expect("a step");
    assert_eq!((first.number, first.title.as_str()), (1, "a volume"));
    assert_eq!(first.said, ["persistentvolume/pv-1 created"]);
    assert_eq!(run.cluster().elapsed(), Duration::ZERO);
    assert_eq!(run.next().map(|report| report.title), Some("advance 1m30s".to_owned()));
    assert_eq!(run.cluster().elapsed(), Duration::from_secs(90));
    assert_eq!(run.by_ref().filter(|report| report.failure.is_some()).count(), 0);
    assert_eq!(run.into_cluster().count(Kind::PersistentVolume), 1);
}

#[test]
fn a_failure_is_typed_and_ends_the_run() {
    let mut scenario = built("Bound");
    scenario.steps.push(Step::new(StepAction::Advance(Duration::from_secs(1))));
    let Err(ScenarioError::Step { report }) = scenario.run() else {
        panic!("it does not fail");
    };
    assert_eq!(report.number, 3);
    let failure = report.failure.as_ref().expect("a failure");
    let StepError::Unmet { comparisons } = &failure.error else {
        panic!("{failure}");
    };
    let row = comparisons[0].rows.last().expect("a row");
    assert_eq!(
        (row.expected.as_str(), row.actual.as_str(), row.differs),
        ("  phase: Bound", "  phase: Available", true)
    );
    assert_eq!((failure.since, failure.journal.len()), (0, 2));
    assert_eq!(scenario.start().expect("a cluster").count(), 3);
}
