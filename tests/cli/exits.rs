//! Every exit code that the guide has for a command, brought about.

use std::collections::BTreeSet;

use crate::{Scratch, run_with};

const CLAIM: &str = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\nspec: {accessModes: [ReadWriteOnce], \
                     resources: {requests: {storage: 1Gi}}}\n";
const VOLUME: &str = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: pv}\nspec: {accessModes: [ReadWriteOnce], \
                      capacity: {storage: 1Gi}, persistentVolumeReclaimPolicy: Retain, nfs: {server: s, path: /p}}\n";
const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
const SCENARIO: &str =
    "apiVersion: bindery.dev/v1\nkind: Scenario\nmetadata: {name: one}\nspec:\n  steps:\n  - expect: {absent: pvc/a}\n";
const FAILING: &str = "apiVersion: bindery.dev/v1\nkind: Scenario\nmetadata: {name: one}\nspec:\n  steps:\n  - expect: {object: pvc/a, \
                       status: {phase: Bound}}\n";

/// The codes that the guide has, by command.
fn documented() -> BTreeSet<(String, i32)> {
    let guide = include_str!("../../src/guide/output.md");
    let table = guide.split("# Exit codes\n").nth(1).expect("a chapter");
    let rows = table.lines().skip_while(|line| !line.starts_with("| `")).take_while(|line| line.starts_with("| `"));
    let mut codes = BTreeSet::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        for command in cells[0].split(", ").map(|name| name.trim_matches('`').to_owned()) {
            let meant = cells[1..].iter().zip(0..).filter(|(meaning, _)| !meaning.is_empty());
            codes.extend(meant.map(|(_, code)| (command.clone(), code)));
        }
    }
    codes
}

#[test]
fn every_documented_exit_code_comes_about() {
    let all = [VOLUME, CLAIM].join("---\n");
    let two = [&all, "---\n", &CLAIM.replace("name: a", "name: b")].concat();
    let scratch = Scratch::new("exits", &[("pair.yaml", &all), ("two.yaml", &two), ("claim.yaml", CLAIM)]);
    let (pair, other, claim) = (&scratch.path("pair.yaml"), &scratch.path("two.yaml"), &scratch.path("claim.yaml"));
    let (journal, changed) = (&scratch.path("journal.jsonl"), &scratch.path("changed.jsonl"));
    let recorded = run_with(&["run", "fixtures/tutorial/1-mysql-static.yaml", "--quiet", "--journal", journal], "");
    assert_eq!(recorded.code, Some(0), "{}", recorded.err);
    let text = std::fs::read_to_string(journal).expect("a journal");
    let text = text.replacen("\"phase\":\"Available\"", "\"phase\":\"Bound\"", 1);
    std::fs::write(changed, text).expect("a file");
    let bad = "no-such-file.yaml";
    let cases: [(&[&str], &str, i32); 37] = [
        (&["check", "-"], &all, 0),
        (&["check", "-"], &two, 1),
        (&["check", "-"], CLAIM, 2),
        (&["check", "-"], "", 3),
        (&["audit", pair, "--delete", "pvc/none"], "", 2),
        (&["audit", pair, "--delete", "pvc/a"], "", 1),
        (&["audit", claim, "--delete", "pvc/a"], "", 0),
        (&["plan", pair], "", 0),
        (&["plan", claim], "", 1),
        (&["plan", bad], "", 2),
        (&["diff", pair, pair], "", 0),
        (&["diff", pair, other], "", 1),
        (&["diff", pair, bad], "", 2),
        (&["run", "-"], SCENARIO, 0),
        (&["run", "-"], FAILING, 1),
        (&["run", bad], "", 2),
        (&["explore", "-"], NAMESPACE, 0),
        (&["explore", "--max-states", "3", "-"], &two, 1),
        (&["explore", bad], "", 2),
        (&["replay", journal], "", 0),
        (&["replay", changed], "", 1),
        (&["replay", bad], "", 2),
        (&["apply", "-", "--require-bound"], &all, 0),
        (&["apply", "-", "--require-bound"], CLAIM, 1),
        (&["apply", bad], "", 2),
        (&["get", "pv", "-"], VOLUME, 0),
        (&["get", "pv/none", "-"], VOLUME, 1),
        (&["get", "pv", bad], "", 2),
        (&["describe", "pv", "-"], VOLUME, 0),
        (&["describe", "pv/none", "-"], VOLUME, 1),
        (&["describe", "pv", bad], "", 2),
        (&["explain", "-", "a"], CLAIM, 0),
        (&["explain", "-", "none"], CLAIM, 2),
        (&["report", "-", "--mermaid", "-"], CLAIM, 0),
        (&["report", "-", "--mermaid", "-"], FAILING, 1),
        (&["report", bad, "--mermaid", "-"], "", 2),
        (&["outcomes", "-"], CLAIM, 0),
    ];
    let more: [(&[&str], &str, i32); 5] = [
        (&["outcomes", bad], "", 2),
        (&["generate", "--volumes", "1", "--claims", "1"], "", 0),
        (&["generate", "--volumes", "many"], "", 2),
        (&["completions", "bash"], "", 0),
        (&["completions", "cmd"], "", 2),
    ];
    let mut seen = BTreeSet::new();
    for (arguments, input, code) in cases.into_iter().chain(more) {
        let run = run_with(arguments, input);
        assert_eq!(run.code, Some(code), "{arguments:?}: {} {}", run.out, run.err);
        seen.insert((arguments[0].to_owned(), code));
    }
    assert_eq!(seen, documented());
}
