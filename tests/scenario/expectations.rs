//! What each kind of expectation accepts, and how its failure looks, to the letter.

use crate::{failure, holds};

const VOLUME: &str = "  steps:
  - apply:
      apiVersion: v1
      kind: PersistentVolume
      metadata: {name: pv-1, labels: {tier: fast}}
      spec:
        capacity: {storage: 5Gi}
        accessModes: [ReadWriteOnce, ReadOnlyMany]
        nfs: {server: s, path: /data}
";

/// An expectation about a volume.
fn expect(expectation: &str) -> String {
    format!("{VOLUME}  - expect: {expectation}\n")
}

/// The failure of an expectation about a volume, without what happened.
fn fails(expectation: &str) -> String {
    let text = failure(&expect(expectation));
    let (page, journal) = text.split_once("  what happened since the beginning:\n").expect("a journal");
    assert_eq!(
        journal,
        "    0.000s user                         create       PersistentVolume pv-1
    0.000s persistentvolume-controller  updateStatus PersistentVolume pv-1 (VOL-2)"
    );
    assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
    page.to_owned()
}

#[test]
fn an_object_has_at_least_these_fields() {
    for fields in [
        "status: {phase: Available}",
        "metadata: {labels: {tier: fast}, namespace: null}",
        "spec: {accessModes: [ReadWriteOnce]}",
        "spec: {accessModes: [ReadOnlyMany], nfs: {server: '*', path: /da*}}",
        "spec: {claimRef: null, capacity: {storage: 5Gi}}",
        "spec: {mountOptions: [], nfs: {readOnly: false}, storageClassName: ''}",
    ] {
        holds(&expect(&format!("{{object: pv/pv-1, {fields}}}")));
        holds(&expect(&format!(
            "{{apiVersion: v1, kind: PersistentVolume, {}}}",
            if fields.starts_with("metadata: {") {
                fields.replace("metadata: {", "metadata: {name: pv-1, ")
            } else {
                format!("metadata: {{name: pv-1}}, {fields}")
            }
        )));
    }
}

#[test]
fn fields_that_differ_stand_beside_each_other() {
    let expectation = "{object: pv/pv-1, metadata: {labels: {tier: slow, zone: b}}, \
                       spec: {accessModes: [ReadOnlyMany, ReadWriteOnce], capacity: {storage: 5Gi}}, status: {phase: Bound}}";
    assert_eq!(
        fails(expectation),
        "  pv/pv-1
    expected                                         actual
    metadata:                                        metadata:
      labels:                                          labels:
        tier: slow                                 !     tier: fast
        zone: b                                    !     zone: (not set)
    spec:                                            spec:
      accessModes:                                 !   accessModes:
      - ReadOnlyMany                               !   - ReadWriteOnce
      - ReadWriteOnce                              !   - ReadOnlyMany
      capacity:                                        capacity:
        storage: 5Gi                                     storage: 5Gi
    status:                                          status:
      phase: Bound                                 !   phase: Available
"
    );
}

#[test]
fn an_object_that_is_missing_says_so() {
    assert_eq!(
        fails("{object: pv/pv-2, status: {phase: Bound}}"),
        "  pv/pv-2
    expected                                         actual
    status:                                        ! (there is no such object)
      phase: Bound                                 !
"
    );
    assert_eq!(
        fails("{object: pv/pv-2}"),
        "  pv/pv-2
    expected                                         actual
    there is such an object                        ! (there is no such object)
"
    );
}

#[test]
fn an_object_that_should_be_gone_shows_what_keeps_it() {
    holds(&expect("[{absent: pv/pv-2}, {absent: pv/other-*}]"));
    assert_eq!(
        fails("{absent: pv/pv-*}"),
        "  pv/pv-1
    expected                                         actual
    (no such object)                               ! there is such an object:
                                                   ! metadata:
                                                   !   finalizers:
                                                   !   - kubernetes.io/pv-protection
                                                   ! status:
                                                   !   lastPhaseTransitionTime:
                                                         \"2024-01-01T00:00:00Z\"
                                                   !   phase: Available
"
    );
}

const CLAIM: &str = "  steps:
  - apply:
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
";

#[test]
fn an_event_is_found_by_its_parts() {
    for event in [
        "object: pvc/data",
        "object: pvc/data, type: Normal, reason: FailedBinding",
        "object: pvc/data, message: no persistent volumes available for this claim and no storage class is set",
        "object: pvc/data, message: no persistent volumes*, contains: storage class",
        "object: pvc/data, reason: FailedBinding, count: 1",
        "object: pvc/data, reason: ProvisioningFailed, count: 0",
    ] {
        holds(&format!("{CLAIM}  - expect: {{event: {{{event}}}}}\n"));
    }
}

#[test]
fn an_event_that_is_missing_stands_beside_those_that_there_are() {
    let fails = |event: &str| {
        let text = failure(&format!("{CLAIM}  - expect: {{event: {{{event}}}}}\n"));
        text.split_once("  what happened").expect("a journal").0.to_owned()
    };
    assert_eq!(
        fails("object: pvc/data, type: Warning, reason: FailedBinding"),
        "  events of pvc/data
    expected                                         actual
    type: Warning                                  ! Normal FailedBinding no persistent volumes
                                                       available for this claim and no storage
                                                       class is set
    reason: FailedBinding                          !
"
    );
    assert_eq!(
        fails("object: pvc/data, count: 2"),
        "  events of pvc/data
    expected                                         actual
    count: 2                                       ! 1 times: Normal FailedBinding no persistent
                                                       volumes available for this claim and no
                                                       storage class is set
"
    );
    assert_eq!(
        fails("object: pvc/other, reason: FailedBinding"),
        "  events of pvc/other
    expected                                         actual
    reason: FailedBinding                          ! (no events)
"
    );
    assert_eq!(
        failure(&format!("{CLAIM}  - expect: {{log: {{object: pvc/data, message: selfLink*}}}}\n"))
            .split_once("  what happened")
            .expect("a journal")
            .0,
        "  log about pvc/data
    expected                                         actual
    selfLink*                                      ! (no lines)
"
    );
}

/// A table that is expected of volumes.
fn table(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("        {line}")).collect();
    format!("\n      table: pv\n      text: |\n{}", lines.join("\n"))
}

#[test]
fn a_table_may_lack_columns_and_be_out_of_line() {
    for text in [
        "NAME   STATUS      AGE\npv-1   Available   0s",
        "NAME   CAPACITY   ACCESS MODES   RECLAIM POLICY   STATUS      CLAIM   REASON   AGE\n\
         pv-1   5Gi        RWO,ROX        Retain           Available                     *",
        "STATUS  NAME\nAvail*   pv-*",
    ] {
        holds(&expect(&table(text)));
    }
    holds("  steps:\n  - expect: [{table: pv, text: ''}, {table: events}, {table: pv, text: 'NAME   STATUS'}]\n");
    holds(&expect("{table: 'pv,pvc', text: \"NAME                    STATUS\\npersistentvolume/pv-1   Available\"}"));
}

#[test]
fn tables_that_differ_show_the_columns_that_tell() {
    let text = "NAME   CAPACITY   ACCESS MODES   RECLAIM POLICY   STATUS   CLAIM          STORAGECLASS   AGE\n\
                pv-0   5Gi        RWX            Retain           Bound    default/data   fast           *\n\
                pv-1   5Gi        RWO,ROX        Retain           Bound    default/data   fast           *";
    assert_eq!(
        fails(&table(text)),
        "  table of pv
    expected                                         actual
    NAME  STATUS  CLAIM         STORAGECLASS  AGE    NAME  STATUS     CLAIM  STORAGECLASS  AGE
    pv-0  Bound   default/data  fast          *    !
    pv-1  Bound   default/data  fast          *    ! pv-1  Available  -      -             0s
"
    );
    assert_eq!(
        fails(&table("NAME   COLOUR\npv-1   red")),
        "  table of pv
    expected                                         actual
    column COLOUR                                  ! there is no column COLOUR; there are NAME,
                                                       CAPACITY, ACCESS MODES, RECLAIM POLICY,
                                                       STATUS, CLAIM, STORAGECLASS,
                                                       VOLUMEATTRIBUTESCLASS, REASON, AGE
"
    );
    assert_eq!(
        fails("{table: pvc, text: \"NAME   STATUS\\ndata   Bound\"}"),
        "  table of pvc
    expected                                         actual
    NAME  STATUS                                     (no resources found)
    data  Bound                                    !
"
    );
}

const SET: &str = "  cluster: {nodes: [n1]}
  steps:
  - apply: |
      {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {clusterIP: None, selector: {a: b}, ports: [{port: 80}]}}
      ---
      apiVersion: apps/v1
      kind: StatefulSet
      metadata: {name: web}
      spec:
        serviceName: web
        selector: {matchLabels: {a: b}}
        template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: nginx}]}}
";

#[test]
fn names_stand_for_pods_or_addresses() {
    holds(&format!("{SET}  - expect: {{dns: {{web: [web-0], web-0.web: [10.244.0.2], web-1.web: []}}}}\n"));
    let fails = failure(&format!("{SET}  - expect: {{dns: {{web: [web-0], web-1.web: [web-0]}}}}\n"));
    assert_eq!(
        fails.split_once("  what happened").expect("a journal").0,
        "  names
    expected                                         actual
    web: web-0 (10.244.0.2)                          web: 10.244.0.2
    web-1.web: web-0 (10.244.0.2)                  ! web-1.web: (nothing)
"
    );
}

#[test]
fn files_that_differ_stand_beside_each_other() {
    let written = format!("{VOLUME}  - write: {{volume: pv-1, path: a/b, text: \"one\\ntwo\"}}\n");
    holds(&format!("{written}  - expect: {{file: {{volume: pv-1, path: a/b, text: \"one\\ntwo\\n\"}}}}\n"));
    let fails = |file: &str| {
        let text = failure(&format!("{written}  - read: {{volume: pv-1, {file}}}\n"));
        text.split_once("  what happened").expect("a journal").0.to_owned()
    };
    assert_eq!(
        fails("path: a/b, text: \"one\\nthree\""),
        "  pv-1:a/b
    expected                                         actual
    one                                              one
    three                                          ! two
"
    );
    assert_eq!(
        fails("path: c, text: one"),
        "  pv-1:c
    expected                                         actual
    one                                            ! (no such file; there is a/b)
"
    );
    assert_eq!(
        fails("path: a/b"),
        "  pv-1:a/b
    expected                                         actual
    (no such file)                                 ! one
                                                   ! two
"
    );
}

#[test]
fn the_journal_begins_after_the_last_expectation_that_held() {
    let steps = format!(
        "{VOLUME}  - expect: {{object: pv/pv-1}}
  - delete: pv/pv-1
  - expect: [{{object: pv/pv-1}}, {{absent: pv/pv-1}}]
"
    );
    let text = failure(&steps);
    assert_eq!(
        text,
        "  pv/pv-1
    expected                                         actual
    there is such an object                        ! (there is no such object)
  what happened since step 2:
    0.000s user                         delete       PersistentVolume pv-1
    0.000s protection-controller        update       PersistentVolume pv-1 (PROT-9)"
    );
}
