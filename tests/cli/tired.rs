//! The mistakes of somebody who is tired, and what the program says to them.

use std::process::{Command, Stdio};

use crate::errors::places;
use crate::{Scratch, run, run_with};

#[test]
fn an_empty_input_is_no_good_news() {
    for command in [&["check", "-"][..], &["apply", "-"], &["explain", "-", "data"], &["get", "pvc", "-"]] {
        let run = run_with(command, "\n");
        assert_eq!(run.err, "standard input is empty: did the command before the pipe fail?\n");
        assert_ne!(run.code, Some(0), "{command:?}");
    }
    // A list without items is what a cluster without objects prints.
    let list = r#"{"apiVersion": "v1", "items": [], "kind": "List", "metadata": {"resourceVersion": ""}}"#;
    let run = run_with(&["get", "pvc", "-"], list);
    assert_eq!((run.code, run.err.as_str()), (Some(0), "No resources found\n"));
}

#[test]
fn a_template_that_was_not_rendered_is_recognised() {
    let template = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: {{ .Release.Name }}-data\n";
    let refused = run_with(&["check", "-"], template);
    assert_eq!((refused.code, places(&refused.err)), (Some(3), vec!["standard input:4:10"]));
    let help = "= help: this is a template; render it first, as with `helm template CHART | bindery check -`\n";
    assert!(refused.err.ends_with(help), "{}", refused.err);
    let scratch = Scratch::new("chart", &[("Chart.yaml", "name: shop\n"), ("values.yaml", "size: 1Gi\n")]);
    let chart = scratch.path("");
    let refused = run(&["check", &chart]);
    assert_eq!(refused.code, Some(3));
    assert!(refused.err.contains("a chart, whose templates must be rendered first: helm template "), "{}", refused.err);
}

#[test]
fn a_kind_with_a_typo_and_a_claim_in_another_namespace_are_found() {
    let claim = |kind: &str| {
        format!(
            "apiVersion: v1\nkind: {kind}\nmetadata: {{name: data, namespace: shop}}\nspec: {{accessModes: [ReadWriteOnce], \
             resources: {{requests: {{storage: 1Gi}}}}}}\n"
        )
    };
    let typo = run_with(&["check", "-"], &claim("PersistentVolumeClam"));
    let expected = "note: passed over 1 PersistentVolumeClam: bindery does not simulate these kinds\n\
                    note: by PersistentVolumeClam, did you mean PersistentVolumeClaim?\n";
    assert_eq!(typo.err, expected);
    // Short names are near to each other without being meant.
    let job = run_with(&["check", "-"], &claim("Job"));
    assert_eq!(job.err, "note: passed over 1 Job: bindery does not simulate these kinds\n");
    let elsewhere = run_with(&["explain", "-", "monitoring/data"], &claim("PersistentVolumeClaim"));
    let expected = "Error: persistentvolumeclaims \"monitoring/data\" not found; did you mean shop/data?\n";
    assert_eq!((elsewhere.code, elsewhere.err.as_str()), (Some(2), expected));
}

#[test]
fn a_file_of_drivers_shows_every_driver_that_is_wrong() {
    let drivers = "- kind: Csi\n  name: csi.example.com\n  topologieKeys: [zone]\n- kind: Csi\n  name: 5\n";
    let scratch = Scratch::new("drivers", &[("drivers.yaml", drivers), ("none.yaml", "kind: Csi\n")]);
    let refused = |file: &str| {
        let path = scratch.path(file);
        let run = run(&["get", "pv", "fixtures/mysql", "--drivers", &path]);
        assert_eq!(run.code, Some(2));
        run.err.replace(&path, file)
    };
    let several = refused("drivers.yaml");
    assert!(several.contains("\n3 |   topologieKeys: [zone]\n  |   ^^^^^^^^^^^^^\n"), "{several}");
    // Which value of a driver has a wrong type is not known, only which driver.
    assert!(several.contains("--> drivers.yaml:4:3"), "{several}");
    let none = refused("none.yaml");
    assert!(none.starts_with("error: a list is expected\n --> none.yaml:1:1\n"), "{none}");
}

#[test]
fn a_dump_is_judged_as_it_is_and_not_as_if_it_were_created_anew() {
    let dump = "apiVersion: v1
items:
- apiVersion: v1
  kind: PersistentVolume
  metadata: {name: pv-1, uid: v-1}
  spec:
    accessModes: [ReadWriteOnce]
    capacity: {storage: 1Gi}
    claimRef: {name: one, namespace: shop, uid: c-1}
    nfs: {server: s, path: /p}
  status: {phase: Bound}
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: {name: one, namespace: shop, uid: c-1, annotations: {pv.kubernetes.io/bind-completed: \"yes\"}}
  spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, volumeName: pv-1}
  status: {phase: Bound, accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}}
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: {name: two, namespace: shop, uid: c-2}
  spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
  status: {phase: Pending}
kind: List
";
    let check = run_with(&["check", "-"], dump);
    assert!(
        check.out.starts_with("must   bind: shop/one: it is bound already\ncannot bind: shop/two: "),
        "{}",
        check.out
    );
    assert_eq!(check.code, Some(2), "{}", check.err);
}

/// Whoever pipes into `head` is done sooner than the program is.
#[test]
fn nobody_need_read_to_the_end() {
    let commands: [(&[&str], i32); 7] = [
        (&["run", "fixtures/tutorial/7-nginx-statefulset.yaml"], 0),
        (&["explain", "fixtures/mysql"], 0),
        (&["get", "pv,pvc", "fixtures/mysql"], 0),
        (&["check", "fixtures/mysql"], 2),
        (&["plan", "fixtures/mysql"], 1),
        (&["apply", "fixtures/mysql"], 0),
        (&["apply", "no-such-file.yaml"], 2),
    ];
    for (arguments, code) in commands {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bindery"))
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().expect("the program ends").code(), Some(code), "{arguments:?}");
    }
}
