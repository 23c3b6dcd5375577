//! What the program says about bad input, to the letter: the lines that are wrong, and what is wrong in them.

use crate::{Scratch, run, run_with};

/// Where the errors stand that were printed.
pub(crate) fn places(err: &str) -> Vec<&str> {
    err.lines().filter_map(|line| line.trim_start().strip_prefix("--> ")).collect()
}

/// What is said about a bad manifest on standard input.
fn refused(manifest: &str) -> String {
    let run = run_with(&["apply", "-"], manifest);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{}", run.err);
    run.err
}

#[test]
fn a_field_that_does_not_exist_is_shown_with_the_one_that_was_meant() {
    let manifest = "\
# The claim of the web server.
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessMode: [ReadWriteOnce]
  resources:
    requests: {storage: 1Gi}
";
    let expected = "\
error: unknown field \"spec.accessMode\"
 --> standard input:6:3
  |
6 |   accessMode: [ReadWriteOnce]
  |   ^^^^^^^^^^
  |
  = help: did you mean \"accessModes\"?
";
    assert_eq!(refused(manifest), expected);
    // Fields of parts that nothing here reads are known, too.
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: a\n    image: b\n    \
               livenessProbe: {htpGet: {port: 80}}\n";
    assert!(refused(pod).ends_with("  = help: did you mean \"httpGet\"?\n"), "{}", refused(pod));
}

#[test]
fn values_of_wrong_types_are_shown_each_and_their_document_is_named() {
    let manifest = "\
apiVersion: v1
kind: Node
metadata: {name: node}
---
apiVersion: v1
kind: PersistentVolume
metadata:
  name: pv-1
  labels: {size: 5}
spec:
  capacity: {storage: five}
  accessModes: ReadWriteOnce
";
    let expected = "\
error: metadata.labels.size: expected a string, found a number
 --> standard input:9:18
  |
9 |   labels: {size: 5}
  |                  ^
  |
  = note: this is document 2 of the file

error: spec.capacity.storage: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'
  --> standard input:11:23
   |
11 |   capacity: {storage: five}
   |                       ^^^^
   |
   = note: this is document 2 of the file

error: spec.accessModes: expected a list, found a string
  --> standard input:12:16
   |
12 |   accessModes: ReadWriteOnce
   |                ^^^^^^^^^^^^^
   |
   = note: this is document 2 of the file
";
    assert_eq!(refused(manifest), expected);
}

#[test]
fn what_the_api_server_refuses_is_shown_and_what_is_missing_is_named_where_it_belongs() {
    let manifest = "\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  volumeMode: Blob
  resources:
    requests: {storage: 1Gi}
";
    let expected = "\
error: spec.accessModes: Required value: at least 1 access mode is required
 --> standard input:4:1
  |
4 | spec:
  | ^^^^ accessModes is missing here

error: spec.volumeMode: Unsupported value: \"Blob\": supported values: \"Block\", \"Filesystem\"
 --> standard input:5:15
  |
5 |   volumeMode: Blob
  |               ^^^^
";
    assert_eq!(refused(manifest), expected);
}

#[test]
fn mistakes_of_the_syntax_are_shown_where_the_parser_stopped() {
    let shown = refused("apiVersion: v1\nkind: Node\nmetadata: {name: a\n");
    assert!(shown.ends_with("\n3 | metadata: {name: a\n  |                   ^\n"), "{shown}");
    let json = refused("{\"apiVersion\": \"v1\",\n \"kind\": ]}\n");
    let expected = "\
error: expected value
 --> standard input:2:10
  |
2 |  \"kind\": ]}
  |          ^
";
    assert_eq!(json, expected);
}

#[test]
fn json_is_shown_like_yaml() {
    let manifest = "{\n \"apiVersion\": \"v1\", \"kind\": \"Node\",\n \"metadata\": {\"name\": \"a\", \"lables\" : {\"a\": \"b\"}}\n}\n";
    let expected = "\
error: unknown field \"metadata.lables\"
 --> standard input:3:28
  |
3 |  \"metadata\": {\"name\": \"a\", \"lables\" : {\"a\": \"b\"}}
  |                            ^^^^^^^^
  |
  = help: did you mean \"labels\"?
";
    assert_eq!(refused(manifest), expected);
}

#[test]
fn every_file_is_shown_by_its_name_and_every_command_shows_it() {
    let bad = "apiVersion: v1\nkind: Node\nmetadata: {nam: a}\n";
    let scratch = Scratch::new("bad-files", &[("a.yaml", bad), ("b.yaml", &format!("\n{bad}"))]);
    let (a, b) = (scratch.path("a.yaml"), scratch.path("b.yaml"));
    for command in ["apply", "check", "explain", "plan"] {
        let run = run(&[command, &a, &b]);
        assert_eq!(places(&run.err), [format!("{a}:3:12"), format!("{b}:4:12")], "{command}: {}", run.err);
    }
    let explored = run(&["explore", &a]);
    assert_eq!(places(&explored.err), [format!("{a}:3:12")], "{}", explored.err);
}

#[test]
fn a_line_that_nobody_wrote_is_not_shown() {
    let long = format!(
        "{{\"apiVersion\": \"v1\", \"kind\": \"Node\", \"metadata\": {{\"name\": \"a\", \"annotations\": {{\"a\": {:?}}}, \"x\": 1}}}}",
        "a".repeat(20_000)
    );
    assert_eq!(refused(&long), "standard input: document 1, line 1: unknown field \"metadata.x\"\n");
}

#[test]
fn errors_have_no_colour_where_nobody_looks() {
    assert!(!refused("kind: Node\n").contains('\u{1b}'));
}
