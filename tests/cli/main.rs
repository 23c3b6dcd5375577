//! Runs the program on the fixtures, and on the mistakes that people make.

mod completions;
mod errors;
mod exits;
mod generate;
mod report;
mod stats;
#[cfg(unix)]
mod terminal;
mod tired;

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// What a run printed, and how it ended.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run_with(arguments: &[&str], input: &str) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bindery"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        // A terminal that could show anything, if it were one.
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that does not read its input closes it.
    let _ = child.stdin.take().expect("an input").write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().expect("the program ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Run { code: status.code(), out: text(stdout), err: text(stderr) }
}

fn run(arguments: &[&str]) -> Run {
    run_with(arguments, "")
}

#[test]
fn the_claim_of_the_article_binds_by_label_size_and_mode() {
    let run = run(&["apply", "fixtures/mysql/volume.yaml", "fixtures/mysql/claim.yaml", "--require-bound"]);
    assert_eq!(
        run.out,
        "\
persistentvolume/my-pv created
persistentvolumeclaim/mypvc created

NAME                     CAPACITY   ACCESS MODES   RECLAIM POLICY   STATUS   CLAIM           STORAGECLASS   VOLUMEATTRIBUTESCLASS   REASON   AGE
persistentvolume/my-pv   3Gi        RWX            Retain           Bound    default/mypvc                  <unset>                          0s

NAME                          STATUS   VOLUME   CAPACITY   ACCESS MODES   STORAGECLASS   VOLUMEATTRIBUTESCLASS   AGE
persistentvolumeclaim/mypvc   Bound    my-pv    3Gi        RWX                           <unset>                 0s
"
    );
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
}

#[test]
fn a_claim_that_asks_for_more_than_any_volume_has_stays_pending_and_says_why() {
    let run = run(&["apply", "fixtures/mysql", "--require-bound"]);
    assert!(run.out.contains("persistentvolumeclaim/too-large   Pending"), "{}", run.out);
    assert!(
        run.out.ends_with(
            "0s          Normal   FailedBinding   persistentvolumeclaim/too-large   no persistent volumes available for \
             this claim and no storage class is set\n"
        ),
        "{}",
        run.out
    );
    assert_eq!((run.code, run.err.as_str()), (Some(1), "not bound: default/too-large is Pending\n"));
}

#[test]
fn a_deleted_claim_leaves_what_the_reclaim_policy_says() {
    let outcomes = [("retain", "Released   default/retain"), ("recycle", "Available"), ("delete", "")];
    for (policy, expected) in outcomes {
        let (file, claim) = (format!("fixtures/reclaim/{policy}.yaml"), format!("pvc/{policy}"));
        let run = run(&["apply", &file, "--delete", &claim]);
        let row = run.out.lines().find(|line| line.starts_with(&format!("persistentvolume/{policy}-pv  ")));
        assert_eq!(run.code, Some(0));
        assert_eq!(run.err.contains("The Recycle reclaim policy is deprecated"), policy == "recycle", "{}", run.err);
        match row {
            None => assert_eq!(expected, "", "{}", run.out),
            Some(row) => assert!(!expected.is_empty() && row.contains(expected), "{}", run.out),
        }
    }
}

#[test]
fn objects_are_printed_as_yaml_that_the_program_reads_back() {
    let first = run(&["apply", "fixtures/mysql", "-o", "yaml"]);
    let again = run_with(&["apply", "-", "--validate=ignore"], &first.out);
    assert_eq!(again.code, Some(0), "{}", again.err);
    assert!(again.out.contains("persistentvolumeclaim/mypvc created"), "{}", again.out);
    assert_eq!(again.err, "note: passed over 2 Event: bindery does not simulate these kinds\n");
}

#[test]
fn json_is_json() {
    let run = run(&["apply", "fixtures/mysql/volume.yaml", "-o", "json"]);
    let list: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(list["items"][0]["status"]["phase"], "Available");
}

#[test]
fn time_passes_and_events_are_counted() {
    let run = run(&["apply", "fixtures/mysql/too-large.yaml", "--advance", "10m", "-o", "wide"]);
    let event = run.out.lines().last().unwrap_or_default();
    assert!(event.ends_with("10m          41"), "{event}");
}

#[test]
fn every_problem_of_the_input_is_named_and_nothing_is_applied() {
    let input = "\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: Data}
spec:
  accessModes: [ReadWriteTwice]
  resources: {requests: {storage: 1Gi}}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv-1}
spec:
  capacity: {storage: ten}
  accessMode: [ReadWriteOnce]
";
    let first = run_with(&["apply", "-"], input);
    assert_eq!(errors::places(&first.err), ["standard input:12:23", "standard input:13:3"], "{}", first.err);
    assert_eq!((first.code, first.out.as_str()), (Some(2), ""));
    let second = run_with(&["apply", "-"], input.split("---").next().unwrap_or_default());
    assert_eq!(errors::places(&second.err), ["standard input:3:18", "standard input:5:16"], "{}", second.err);
    assert_eq!((second.code, second.out.as_str()), (Some(2), ""));
}

#[test]
fn unknown_fields_are_errors_warnings_or_nothing() {
    let input = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {accessModes: [ReadWriteOnce], \
                 resources: {requests: {storage: 1Gi}}, size: 5}}";
    let strict = run_with(&["apply", "-"], input);
    assert_eq!(strict.code, Some(2));
    assert!(strict.err.starts_with("error: unknown field \"spec.size\"\n --> standard input:1:"), "{}", strict.err);
    let warned = run_with(&["apply", "-", "--validate=warn"], input);
    assert_eq!(warned.code, Some(0));
    assert!(warned.err.starts_with("warning: unknown field \"spec.size\"\n --> standard input:1:"), "{}", warned.err);
    let ignored = run_with(&["apply", "-", "--validate=ignore"], input);
    assert_eq!((ignored.code, ignored.err.as_str()), (Some(0), ""));
}

#[test]
fn mistakes_on_the_command_line_are_explained() {
    let cases = [
        (vec!["apply", "no-such-file.yaml"], "no-such-file.yaml: cannot be read"),
        (vec!["apply", "src"], "src: no *.yaml, *.yml or *.json in this folder"),
        (vec!["apply"], "<PATH>..."),
        (vec!["aply", "fixtures/mysql"], "some similar subcommands exist: 'replay', 'apply'"),
        (vec!["apply", "fixtures/mysql", "--delete", "pvc/nothing"], "persistentvolumeclaims \"nothing\" not found"),
        (vec!["apply", "fixtures/mysql", "--delete", "volume"], "a kind and a name are expected, such as pvc/data"),
        (vec!["apply", "fixtures/mysql", "--delete", "disk/a"], "the kind \"disk\" is not known"),
        (vec!["apply", "fixtures/mysql", "--advance", "10"], "a unit is missing: s, m, h or d"),
        (vec!["apply", "fixtures/mysql", "-o", "jsn"], "a similar value exists: 'json'"),
    ];
    for (arguments, expected) in cases {
        let run = run(&arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.err.contains(expected), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn the_readme_shows_what_its_commands_print() {
    let readme = include_str!("../../README.md");
    let shown: Vec<&str> = readme.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let commands = readme.split("cargo run --release --features cli -- ").skip(1);
    let arguments = commands.filter_map(|rest| rest.split(['\n', '`']).next()).map(|line| line.split(' ').collect());
    let printed: Vec<String> = arguments.map(|arguments: Vec<&str>| run(&arguments).out).collect();
    assert_eq!((shown.len(), printed.len()), (4, 4));
    assert!(printed[0].starts_with(shown[0]), "the beginning of {}", printed[0]);
    assert_eq!(printed[1], shown[1]);
    assert!(printed[2].starts_with(shown[2]), "the beginning of {}", printed[2]);
    assert_eq!(printed[3], shown[3]);
}

/// A file for one test, in a folder of its own.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        for (file, text) in files {
            std::fs::write(folder.join(file), text).expect("a file");
        }
        Self(folder)
    }

    fn path(&self, file: &str) -> String {
        self.0.join(file).display().to_string()
    }
}

const SCENARIO: &str = "\
apiVersion: bindery.dev/v1
kind: Scenario
metadata: {name: waiting, description: A claim waits}
spec:
  steps:
  - apply: claim.yaml
  - expect: {object: pvc/data, status: {phase: Pending}}
  - name: what there is
    print: pvc
";

const CLAIM: &str = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, \
                     spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}\n";

#[test]
fn the_experiments_of_the_article_pass() {
    let run = run(&["run", "--quiet", "fixtures/tutorial/"]);
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (Some(0), "9 scenarios passed\n", ""));
}

#[test]
fn a_scenario_has_a_line_for_each_step_and_shows_its_tables() {
    let scratch = Scratch::new("passing", &[("waiting.yaml", SCENARIO), ("claim.yaml", CLAIM)]);
    let expected = "\
waiting: A claim waits
  ok    apply claim.yaml
  ok    expect pvc/data
  ok    what there is

NAME   STATUS    VOLUME   CAPACITY   ACCESS MODES   STORAGECLASS   VOLUMEATTRIBUTESCLASS   AGE
data   Pending                                                     <unset>                 0s

1 scenario passed
";
    // A folder may hold manifests beside the scenarios.
    for path in [scratch.path("waiting.yaml"), scratch.path("")] {
        let run = run(&["run", &path]);
        assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (Some(0), expected, ""));
    }
    let verbose = run(&["run", "--verbose", &scratch.path("")]);
    assert!(
        verbose.out.contains("  ok    apply claim.yaml\n        persistentvolumeclaim/data created\n"),
        "{}",
        verbose.out
    );
}

#[test]
fn a_scenario_that_fails_shows_both_sides_and_what_happened() {
    let scenario = SCENARIO.replace("phase: Pending", "phase: Bound");
    let scratch = Scratch::new("failing", &[("waiting.yaml", &scenario), ("claim.yaml", CLAIM)]);
    let path = scratch.path("waiting.yaml");
    let failed = run(&["run", "--quiet", &path, "fixtures/tutorial/8-mysql-statefulset.yaml"]);
    let expected = format!(
        "\
waiting: A claim waits
  FAIL  expect pvc/data (step 2, {path}:7)
  pvc/data
    expected                                         actual
    status:                                          status:
      phase: Bound                                 !   phase: Pending
  what happened since the beginning:
    0.000s user                         create       PersistentVolumeClaim default/data
    0.000s persistentvolume-controller  event        PersistentVolumeClaim default/data: Normal FailedBinding no \
         persistent volumes available for this claim and no storage class is set

"
    );
    assert_eq!(failed.out, expected);
    assert_eq!((failed.code, failed.err.as_str()), (Some(1), "1 scenario passed, 1 failed\n"));
}

#[test]
fn bad_scenarios_are_explained_and_none_is_run() {
    let wrong = SCENARIO.replace("expect:", "expct:").replace("claim.yaml", "clam.yaml");
    let scratch = Scratch::new("wrong", &[("wrong.yaml", &wrong), ("claim.yaml", CLAIM)]);
    let (path, folder) = (scratch.path("wrong.yaml"), scratch.path(""));
    let first = run(&["run", &path, "fixtures/tutorial/8-mysql-statefulset.yaml"]);
    let lines: Vec<&str> = first.err.lines().collect();
    assert!(lines[0].starts_with("error: spec.steps[0].apply: clam.yaml: cannot be read"), "{}", first.err);
    let rest = "error: spec.steps[1].expct: unknown field \"expct\", did you mean \"expect\"?";
    assert!(lines.contains(&rest), "{}", first.err);
    assert_eq!(errors::places(&first.err)[1], format!("{path}:7:5"));
    assert_eq!((first.code, first.out.as_str()), (Some(2), ""));
    let claim = scratch.path("claim.yaml");
    let cases = [
        (vec!["run", claim.as_str()], "a scenario is expected: apiVersion: bindery.dev/v1, kind: Scenario"),
        (vec!["run", "fixtures/mysql"], "fixtures/mysql: no scenarios in this folder"),
        (vec!["run", "nothing.yaml"], "nothing.yaml: cannot be read"),
        (vec!["run", "--quiet", "--verbose", folder.as_str()], "cannot be used with"),
    ];
    for (arguments, expected) in cases {
        let run = run(&arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.err.contains(expected), "{arguments:?}: {}", run.err);
    }
}

const VOLUME_AND_CLAIMS: &str = "
{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {capacity: {storage: 5Gi}, accessModes: \
[ReadWriteOnce], nfs: {server: s, path: /v}}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {accessModes: [ReadWriteOnce], resources: \
{requests: {storage: 5Gi}}}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: b}, spec: {accessModes: [ReadWriteOnce], resources: \
{requests: {storage: 5Gi}}}}
";

#[test]
fn explore_says_what_happens_in_any_order() {
    let run = run_with(&["explore", "--crashes", "1", "-"], VOLUME_AND_CLAIMS);
    assert_eq!(
        run.out,
        "all orders: 36 states, 52 steps between them, 6 steps deep, 4 states are quiet\n  \
         claim default/a may be bound to v, and may stay unbound\n  \
         claim default/b may be bound to v, and may stay unbound\n"
    );
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    let run = run_with(&["explore", "--max-states", "10", "-"], VOLUME_AND_CLAIMS);
    assert_eq!((run.code, run.err.as_str()), (Some(1), "not every order was tried\n"));
}

#[test]
fn outcomes_says_what_may_become_of_claims() {
    let run = run(&["outcomes", "fixtures/mysql"]);
    assert_eq!(
        run.out, "claim default/mypvc must be bound to my-pv\nclaim default/too-large cannot be bound\n",
        "{}",
        run.err
    );
    assert_eq!(run.code, Some(0));
}

#[test]
fn a_journal_is_replayed_to_the_byte_and_shows_where_it_differs() {
    let path = std::env::temp_dir().join(format!("bindery-journal-{}", std::process::id()));
    let journal = path.to_str().expect("a path of text");
    let scenario = "fixtures/tutorial/1-mysql-static.yaml";
    let written = run(&["run", "--quiet", "--journal", journal, scenario]);
    assert_eq!((written.code, written.err.as_str()), (Some(0), ""));
    let replayed = run(&["replay", journal]);
    assert_eq!((replayed.code, replayed.err.as_str()), (Some(0), ""), "{}", replayed.out);
    assert!(replayed.out.contains(" entries are the same, fingerprint "), "{}", replayed.out);
    let text = std::fs::read_to_string(&path).expect("the journal");
    let changed = text.replacen("\"phase\":\"Available\"", "\"phase\":\"Bound\"", 1);
    assert_ne!(text, changed);
    std::fs::write(&path, changed).expect("a journal");
    let differs = run(&["replay", journal]);
    assert_eq!(differs.code, Some(1));
    assert!(differs.err.starts_with("entry 6 differs\n  was: "), "{}", differs.err);
    std::fs::remove_file(&path).expect("the journal is there");
}
