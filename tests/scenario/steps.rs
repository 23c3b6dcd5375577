//! What each kind of step does to a cluster.

use crate::{failure, holds, reports, scenario};

const WORLD: &str = "  cluster: {nodes: [n1, n2]}\n";

/// Steps in a cluster with two nodes.
fn on_nodes(steps: &str) -> String {
    format!("{WORLD}  steps:\n{steps}")
}

const POD: &str = "
  - apply:
      apiVersion: v1
      kind: Pod
      metadata: {name: web}
      spec:
        nodeSelector: {kubernetes.io/os: linux}
        containers: [{name: c, image: nginx, volumeMounts: [{name: v, mountPath: /srv}]}]
        volumes: [{name: v, emptyDir: {}}]
";

const SET: &str = "
  - apply:
      apiVersion: apps/v1
      kind: StatefulSet
      metadata: {name: web}
      spec:
        serviceName: web
        replicas: 2
        selector: {matchLabels: {app: web}}
        template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: nginx}]}}
";

const VOLUME: &str = "
  - apply:
      apiVersion: v1
      kind: PersistentVolume
      metadata: {name: pv-1}
      spec: {capacity: {storage: 5Gi}, accessModes: [ReadWriteOnce], nfs: {server: s, path: /data}}
";

#[test]
fn apply_create_replace_and_patch_say_what_kubectl_says() {
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {a: b}}}";
    let scenario = scenario(&format!(
        "  steps:
  - create: {namespace}
  - replace: {namespace}
  - apply: [{namespace}]
  - patch: {{object: ns/shop, merge: {{metadata: {{labels: {{a: c}}}}}}}}
  - expect: {{object: ns/shop, metadata: {{labels: {{a: c}}}}}}
  - apply: {{apiVersion: v1, kind: ServiceAccount, metadata: {{name: robot}}}}
  - delete: ns/shop
  - refused: 'namespaces \"shop\" not found'
    patch: {{object: ns/shop, merge: {{}}}}
"
    ));
    let said: Vec<String> =
        reports(scenario.start().expect("a cluster")).into_iter().flat_map(|step| step.said).collect();
    assert_eq!(
        said,
        [
            "namespace/shop created",
            "namespace/shop replaced",
            "namespace/shop configured",
            "namespace/shop patched",
            "passed over 1 ServiceAccount",
            "namespace \"shop\" deleted",
            "namespaces \"shop\" not found",
        ]
    );
}

#[test]
fn a_step_may_be_expected_to_be_refused() {
    let wrong = "{apiVersion: v1, kind: Namespace, metadata: {name: Shop}}";
    holds(&format!("  steps:\n  - refused: 'metadata.name: Invalid value: \"Shop\"'\n    apply: {wrong}\n"));
    let fails = failure(&format!("  steps:\n  - apply: {wrong}\n"));
    assert!(fails.starts_with("refused: metadata.name: Invalid value: \"Shop\""), "{fails}");
    let right = wrong.replace('S', "s");
    assert_eq!(
        failure(&format!("  steps:\n  - refused: forbidden\n    create: {right}\n")),
        "accepted, but expected to be refused: forbidden\n  what happened since the beginning:\n    0.000s user                         \
         create       Namespace shop"
    );
    assert_eq!(
        failure("  steps:\n  - refused: forbidden\n    delete: pv/a\n"),
        "refused as expected, but with another answer
  answer
    expected                                         actual
    forbidden                                      ! persistentvolumes \"a\" not found
  nothing happened since the beginning"
    );
}

#[test]
fn scale_changes_the_number_of_pods() {
    holds(&on_nodes(&format!(
        "{SET}
  - scale: {{object: sts/web, replicas: 1}}
  - expect: [{{object: sts/web, status: {{replicas: 1}}}}, {{absent: pod/web-1}}, {{object: pod/web-0}}]
"
    )));
    let fails = failure("  steps:\n  - scale: {object: pv/a, replicas: 1}\n");
    assert!(fails.starts_with("refused: persistentvolumes \"a\" not found"), "{fails}");
    // kubectl says this before it asks the server for anything.
    let fails = failure("  steps:\n  - scale: {object: sts/none, replicas: -1}\n");
    let flag = "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0";
    assert!(fails.starts_with(&format!("refused: {flag}\n")), "{fails}");
}

#[test]
fn delete_leaves_what_its_propagation_says() {
    holds(&on_nodes(&format!(
        "{SET}
  - delete: {{objects: [sts/web], propagation: Orphan}}
  - expect: [{{absent: sts/web}}, {{object: pod/web-0, metadata: {{ownerReferences: []}}}}]
  - delete: pod/web-*
  - expect: {{absent: pod/web-*}}
"
    )));
}

#[test]
fn nodes_are_cordoned_and_drained() {
    let scenario = scenario(&on_nodes(
        "
  - apply: {apiVersion: v1, kind: Pod, metadata: {name: bare}, spec: {containers: [{name: c, image: nginx}]}}
  - cordon: n2
  - expect: {object: no/n2, spec: {unschedulable: true}}
  - uncordon: n2
  - expect: {object: no/n2, spec: {unschedulable: false}}
  - drain: n1
  - expect: [{object: no/n1, spec: {unschedulable: true}}, {absent: pod/bare}]
",
    ));
    let reports = reports(scenario.start().expect("a cluster"));
    assert_eq!(reports.iter().filter(|report| report.failure.is_some()).count(), 0);
    let said: Vec<&str> = reports.iter().flat_map(|report| &report.said).map(String::as_str).collect();
    assert_eq!(
        said,
        ["pod/bare created", "node/n2 cordoned", "node/n2 uncordoned", "node/n1 cordoned", "pod/bare evicted"]
    );
}

#[test]
fn a_node_that_fails_loses_its_pods_and_comes_back() {
    holds(&on_nodes(&format!(
        "{SET}
  - fail: {{node: n1}}
  - advance: 1m
  - expect: {{table: nodes, text: \"NAME   STATUS\\nn1     NotReady\\nn2     Ready\\n\"}}
  - heal: {{node: n1}}
  - expect: {{table: nodes, text: \"NAME   STATUS\\nn1     Ready\\nn2     Ready\\n\"}}
  - refused: 'nodes \"n3\" not found'
    fail: {{node: n3}}
"
    )));
}

#[test]
fn a_pod_that_fails_is_made_anew_by_its_set() {
    holds(&on_nodes(&format!(
        "{SET}
  - fail: {{pod: web-0, message: out of memory}}
    settle: false
  - expect: {{object: pod/web-0, status: {{phase: Failed, message: out of memory}}}}
  - advance: 1m
  - expect: {{object: pod/web-0, status: {{phase: Running}}}}
"
    )));
}

#[test]
fn a_driver_that_fails_says_so_until_it_is_healed() {
    holds(
        "  cluster: {drivers: [{kind: Csi, name: disk.example.com}]}
  steps:
  - apply: {apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: disk.example.com}
  - fail: {driver: disk.example.com, message: the array is down}
  - apply:
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}
  - expect:
    - {object: pvc/data, status: {phase: Pending}}
    - event: {object: pvc/data, type: Warning, reason: ProvisioningFailed, contains: the array is down}
  - heal: {driver: disk.example.com}
  - expect: {object: pvc/data, status: {phase: Bound}}
  - refused: there is no such driver
    fail: {driver: tape.example.com}
",
    );
}

#[test]
fn pods_are_held_and_released() {
    holds(&on_nodes(&format!(
        "
  - hold: {{readiness: web-0}}
{SET}
  - expect: {{absent: pod/web-1}}
  - release: {{readiness: web-0}}
  - expect: {{object: pod/web-1}}
  - hold: {{termination: web-1}}
  - delete: pod/web-1
  - expect: {{table: pod/web-1, text: \"NAME    STATUS\\nweb-1   Terminating\\n\"}}
  - release: {{termination: web-1}}
  - expect: {{table: pod/web-1, text: \"NAME    STATUS\\nweb-1   Running\\n\"}}
"
    )));
}

#[test]
fn a_write_of_a_controller_is_refused_once() {
    holds(&format!(
        "  steps:
{VOLUME}
  - inject: {{error: serverError, kind: pv, verb: update, message: etcdserver request timed out}}
  - apply:
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {{name: data}}
      spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
  - advance: 1m
  - expect: {{object: pvc/data, status: {{phase: Bound}}}}
"
    ));
}

#[test]
fn files_are_written_and_read_in_pods_volumes_exports_and_nodes() {
    let pod = POD.replace("        nodeSelector: {kubernetes.io/os: linux}\n", "");
    holds(&on_nodes(&format!(
        "{pod}{VOLUME}
  - write: {{pod: web, path: /srv/a, text: in a pod}}
  - read: {{pod: web, container: c, path: /srv/a, text: in a pod}}
  - write: {{volume: pv-1, path: b/c, text: in a volume}}
  - read: {{nfs: 's:/data', path: b/c, text: in a volume}}
  - read: {{volume: pv-1, path: 'b/*', text: in a volume}}
  - read: {{volume: pv-1, path: nothing}}
  - write: {{node: n1, path: /var/d, text: on a node}}
  - read: {{node: n1, path: /var/d, text: on a node}}
  - refused: there is no volume pv-2
    write: {{volume: pv-2, path: a, text: b}}
  - refused: 'pods \"db\" not found'
    write: {{pod: db, path: /a, text: b}}
"
    )));
}

#[test]
fn drivers_and_feature_gates_change_while_the_cluster_runs() {
    holds(
        "  cluster: {drivers: [{kind: NfsSubdir, name: nfs, server: s, path: /d, release: 3.1.0}]}
  steps:
  - apply: {apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: nfs}, provisioner: nfs}
  - apply:
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], storageClassName: nfs, resources: {requests: {storage: 1Gi}}}
  - expect: {object: pvc/data, status: {phase: Pending}}
  - drivers: [{kind: NfsSubdir, name: nfs, server: s, path: /d}]
  - expect: {object: pvc/data, status: {phase: Bound}}
",
    );
}

#[test]
fn without_settling_nothing_happens_yet() {
    holds(&format!(
        "  steps:
{VOLUME}    settle: false
  - expect: {{object: pv/pv-1, status: {{phase: Pending}}}}
  - advance: 1s
  - expect: {{object: pv/pv-1, status: {{phase: Available}}}}
"
    ));
}

#[test]
fn a_cluster_that_does_not_become_quiet_fails_the_step() {
    let fails = failure(&format!("  cluster: {{stepBudget: 1}}\n  steps:\n{VOLUME}"));
    assert!(fails.starts_with("the cluster was not quiet after 1 steps\n"), "{fails}");
}

#[test]
fn tables_objects_and_remarks_are_shown() {
    let scenario = scenario(&format!(
        "  steps:
{VOLUME}
  - print: [pv, {{yaml: pv/pv-1}}, {{text: That is all.}}, events, {{table: pods, wide: true}}, {{yaml: pv/none}}]
"
    ));
    let last = reports(scenario.start().expect("a cluster")).pop().expect("a step");
    assert_eq!(last.title, "print pv, pv/pv-1, a remark, events, pods -o wide, pv/none");
    let [table, yaml, remark, events, pods, none] = last.printed.as_slice() else {
        panic!("{:?}", last.printed);
    };
    assert!(table.starts_with("NAME   CAPACITY   ACCESS MODES"), "{table}");
    assert!(yaml.starts_with("apiVersion: v1\nkind: PersistentVolume\n"), "{yaml}");
    assert_eq!([remark, events, pods], ["That is all.\n", "No resources found\n", "No resources found\n"]);
    assert_eq!(none, "there is no PersistentVolume none\n");
}

#[test]
fn steps_are_called_by_what_they_do() {
    let scenario = scenario(&on_nodes(
        "
  - apply: |
      {apiVersion: v1, kind: Namespace, metadata: {name: shop}}
  - advance: 90m
  - inject: {error: alreadyExists, kind: pvc}
  - hold: {termination: web-0}
  - featureGates: {RemoveSelfLink: true}
  - expect: [{object: no/n1}, {absent: pv/a}, {event: {object: pv/a, count: 0}}, {table: pv, selector: a=b, wide: true}]
",
    ));
    let titles: Vec<String> =
        reports(scenario.start().expect("a cluster")).into_iter().map(|step| step.title).collect();
    assert_eq!(
        titles,
        [
            "apply ns/shop",
            "advance 1h30m",
            "inject \"already exists\" into the next create of a PersistentVolumeClaim",
            "hold the termination of web-0",
            "set RemoveSelfLink=true",
            "expect no/n1, no pv/a, an event of pv/a, table of pv -l a=b -o wide",
        ]
    );
}

const CLAIM: &str = "
  - apply:
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 5Gi}}}
";

#[test]
fn faults_happen_at_their_occasions() {
    let crash = "{crash: PersistentVolumes, at: {rule: BIND-2, object: pv/pv-1}}";
    let refused = "{conflict: true, at: {rule: BIND-3}}";
    holds(&on_nodes(&format!(
        "  - faults: [{crash}, {refused}]
{VOLUME}{CLAIM}
  - expect: [{{object: pvc/data, status: {{phase: Bound}}}}]
"
    )));
    // A deletion between two writes; and a fault that never has its occasion changes nothing.
    holds(&on_nodes(&format!(
        "  - faults:
    - {{delete: pvc/data, at: {{rule: BIND-1}}}}
    - {{serverError: etcd is slow, at: {{rule: NEVER}}}}
{VOLUME}{CLAIM}
  - expect: [{{absent: pvc/data}}, {{object: pv/pv-1, status: {{phase: Released}}}}]
"
    )));
}

#[test]
fn a_fault_is_one_thing() {
    let scenario = on_nodes("  - faults: {conflict: true, crash: PersistentVolumes}\n");
    let text = format!("apiVersion: bindery.dev/v1\nkind: Scenario\nmetadata: {{name: s}}\nspec:\n{scenario}");
    let error = bindery::scenario::Scenario::parse(&text).expect_err("two things go wrong").to_string();
    assert!(error.contains("one thing that goes wrong is expected"), "{error}");
}

#[test]
fn actions_are_taken_one_by_one() {
    let look = "persistentvolume-controller looks at PersistentVolume pv-1";
    holds(&on_nodes(&format!(
        "{VOLUME}    settle: false
  - take: {look}
  - expect: [{{object: pv/pv-1, status: {{phase: Available}}}}]
    settle: false
"
    )));
    let failed = failure(&on_nodes(&format!("{VOLUME}  - take: {look}\n")));
    assert!(failed.contains("cannot happen now; everything is quiet"), "{failed}");
}
