//! Mistakes in a scenario are found before anything runs, all at once, each with its place.

use bindery::scenario::Scenario;

use crate::problems;

/// A scenario with some steps, which begin on line 5.
fn steps(steps: &str) -> String {
    format!(
        "apiVersion: bindery.dev/v1\nkind: Scenario\nmetadata: {{name: test}}\nspec: {{steps: [\n  {steps}\n  ]}}\n"
    )
}

#[test]
fn unknown_fields_are_named_with_the_nearest_known_one() {
    let text = "\
apiVersion: bindery.dev/v1
kind: Scenario
metadata:
  name: test
  descripton: a slip
spec:
  clutser: {}
  cluster:
    ndoes: [n1]
    featureGates: {RemoveSelflink: false}
  steps:
  - aply: good.yaml
  - scale: {object: sts/a, replica: 3}
  - expect:
    - {object: pvc/a, staus: {phase: Bound}}
    - {object: pvc/a, status: {phse: Bound}}
    - event: {object: pvc/a, reson: Foo}
    - zzz: 1
";
    assert_eq!(
        problems(text),
        [
            "test.yaml: document 1, line 5: metadata.descripton: unknown field \"descripton\", did you mean \"description\"?",
            "test.yaml: document 1, line 7: spec.clutser: unknown field \"clutser\", did you mean \"cluster\"?",
            "test.yaml: document 1, line 9: spec.cluster.ndoes: unknown field \"ndoes\", did you mean \"nodes\"?",
            "test.yaml: document 1, line 10: spec.cluster.featureGates.RemoveSelflink: unknown field \"RemoveSelflink\", \
             did you mean \"RemoveSelfLink\"?",
            "test.yaml: document 1, line 12: spec.steps[0].aply: unknown field \"aply\", did you mean \"apply\"?",
            "test.yaml: document 1, line 13: spec.steps[1].scale.replica: unknown field \"replica\", did you mean \
             \"replicas\"?",
            "test.yaml: document 1, line 13: spec.steps[1].scale: \"replicas\" is not set",
            "test.yaml: document 1, line 15: spec.steps[2].expect[0].staus: unknown field \"staus\", did you mean \
             \"status\"?",
            "test.yaml: document 1, line 16: spec.steps[2].expect[1].status.phse: unknown field \"status.phse\", did you mean \"phase\"?",
            "test.yaml: document 1, line 17: spec.steps[2].expect[2].event.reson: unknown field \"reson\", did you mean \
             \"reason\"?",
            "test.yaml: document 1, line 18: spec.steps[2].expect[3]: an expectation has one of object, kind, absent, \
             event, log, table, dns, file",
        ]
    );
}

#[test]
fn a_step_does_one_thing() {
    let cases = [
        ("{name: nothing}", "spec.steps[0]: a step does one thing, there are apply, create, "),
        (
            "{apply: good.yaml, delete: ns/shop}",
            "spec.steps[0]: a step does one thing, and this one has apply and delete",
        ),
        ("apply", "spec.steps[0]: a step is expected, found a string"),
        ("{apply: 5}", "spec.steps[0].apply: a file, a text or an object is expected, found a number"),
        ("{apply: missing.yaml}", "spec.steps[0].apply: missing.yaml: cannot be read: no such file"),
        ("{advance: 10}", "spec.steps[0].advance: expected a duration such as 300ms, 15s or 1h30m, found a number"),
        ("{advance: soon}", "spec.steps[0].advance: invalid value"),
        ("{delete: volume}", "spec.steps[0].delete: \"volume\" names no object: a kind and a name are expected"),
        ("{delete: disk/a}", "spec.steps[0].delete: the kind \"disk\" is not known"),
        ("{delete: {objects: [pv/a], propagation: Orphn}}", "unknown value \"Orphn\", did you mean \"Orphan\"?"),
        ("{delete: {propagation: Orphan}}", "objects or files to delete are expected"),
        ("{fail: {node: a, pod: b}}", "spec.steps[0].fail: a node, a pod or a driver is expected"),
        ("{heal: {pod: a}}", "spec.steps[0].heal: a pod that failed cannot be healed"),
        ("{hold: {}}", "spec.steps[0].hold: readiness or termination of a pod is expected"),
        ("{inject: {error: conflct, kind: pv}}", "unknown value \"conflct\", did you mean \"conflict\"?"),
        ("{inject: {error: conflict, kind: disk}}", "the kind \"disk\" is not known"),
        ("{inject: {error: conflict, kind: pv, verb: updat}}", "unknown value \"updat\", did you mean \"update\"?"),
        ("{write: {pod: a, volume: b, path: c, text: d}}", "a file is in one of pod, volume, nfs, node"),
        ("{write: {pod: a, path: b}}", "the text of the file is not set"),
        ("{write: {pod: a, text: b}}", "the path of the file is not set"),
        ("{read: {volume: a, container: b, path: c}}", "only a pod has containers"),
        ("{read: {nfs: server, path: c}}", "an export is a server and a path such as 10.0.0.1:/data"),
        ("{print: disks}", "spec.steps[0].print: the kind \"disks\" is not known"),
        ("{print: {table: pv, wyde: true}}", "unknown field \"wyde\", did you mean \"wide\"?"),
        ("{expect: {table: pv, selector: nginx}}", "\"nginx\" is no label such as app=nginx"),
        ("{expect: {table: pv, text: \"NAME   AGE\\na  b   1s\"}}", "\"a\" and \"b\" both stand below NAME"),
        ("{expect: {kind: Disk}}", "the kind \"Disk\" is not known"),
        ("{expect: {kind: PersistentVolume, metadata: {}}}", "the name of the object is not set"),
        ("{settle: maybe, apply: good.yaml}", "spec.steps[0].settle: expected a boolean, found a string"),
    ];
    for (step, expected) in cases {
        let found = problems(&steps(step));
        assert_eq!(found.len(), 1, "{step}: {found:?}");
        assert!(found[0].contains(expected), "{step}: {}", found[0]);
        assert!(found[0].starts_with("test.yaml: document 1, line 5: "), "{step}: {}", found[0]);
    }
}

#[test]
fn mistakes_in_manifests_have_the_line_on_which_they_stand() {
    let text = "\
apiVersion: bindery.dev/v1
kind: Scenario
metadata: {name: test}
spec:
  steps:
  - apply: bad.yaml
  - apply: |
      apiVersion: v1
      kind: PersistentVolume
      metadata: {name: pv-1}
      spec:
        capcity: {storage: 5Gi}
  - apply:
    - apiVersion: v1
      kind: PersistentVolume
      metadata: {name: pv-1}
      spec:
        capacity: {storage: much}
";
    let found = problems(text);
    assert_eq!(found[0], "bad.yaml: document 1, line 4: unknown field \"spec.size\"");
    assert_eq!(found[1], "test.yaml: document 1, line 12: unknown field \"spec.capcity\"");
    assert!(found[2].starts_with("test.yaml: document 1, line 18: spec.capacity.storage: "), "{}", found[2]);
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn clusters_are_checked_before_they_are_needed() {
    let cases = [
        ("nodes: [{name: Node_1}]", "node Node_1: Node \"Node_1\" is invalid"),
        ("nodes: [{labels: {a: b}}]", "the name of the node is not set"),
        ("nodes: [{name: a, label: {}}]", "unknown field \"label\", did you mean \"labels\"?"),
        ("start: yesterday", "yesterday"),
        (
            "drivers: [{kind: Csi, name: x, topologieKeys: [zone]}]",
            "unknown field \"topologieKeys\", did you mean \"topologyKeys\"?",
        ),
        ("drivers: [{kind: Cssi, name: x}]", "unknown value \"Cssi\", did you mean \"Csi\"?"),
        ("controllers: [Protecton]", "unknown value \"Protecton\", did you mean \"Protection\"?"),
        ("resyncPeriod: 15", "expected a duration such as 300ms, 15s or 1h30m, found a number"),
    ];
    for (setting, expected) in cases {
        let text = format!(
            "apiVersion: bindery.dev/v1\nkind: Scenario\nmetadata: {{name: test}}\nspec:\n  steps: []\n  cluster:\n    {setting}\n"
        );
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{setting}: {found:?}");
        assert!(found[0].contains(expected), "{setting}: {}", found[0]);
    }
}

#[test]
fn a_text_may_hold_several_scenarios_and_nothing_else() {
    let one = steps("{apply: good.yaml}");
    let two = format!("{one}---\n{one}");
    let files = |_: &str| Ok::<_, String>("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}".to_owned());
    assert_eq!(Scenario::read("two", &two, files).map(|found| found.len()), Ok(2));
    assert!(Scenario::is_in(&two));
    let object = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}";
    assert!(!Scenario::is_in(object));
    assert_eq!(
        problems(object),
        ["test.yaml: document 1, line 1: a scenario is expected: apiVersion: bindery.dev/v1, kind: Scenario"]
    );
    assert_eq!(problems(""), ["test.yaml: document 1: there is no scenario in it"]);
    assert_eq!(problems("a: [\n").len(), 1);
    assert_eq!(
        problems("{apiVersion: bindery.dev/v1, kind: Scenario, metadata: {name: a}, spec: {steps: [], steps: []}}"),
        ["test.yaml: document 1, line 1: duplicate field \"spec.steps\""]
    );
}
