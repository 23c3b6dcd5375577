//! The questions that people bring, answered by the program from the manifests and dumps in `fixtures/questions`.
//!
//! Each answer is compared as a whole. `BLESS=1` accepts what the program says now.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs the program in the folder of a question and compares what it prints with an answer, and its exit code.
fn ask(folder: &str, arguments: &[&str], answer: &str, code: i32) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/questions").join(folder);
    let run = Command::new(env!("CARGO_BIN_EXE_bindery")).args(arguments).current_dir(&root).output().expect("it runs");
    let text = String::from_utf8(run.stdout).expect("text");
    assert_eq!(run.status.code(), Some(code), "{}\n{text}", String::from_utf8_lossy(&run.stderr));
    let file = root.join(answer);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &text).expect("the answer is written");
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(text, expected, "{}", file.display());
}

#[test]
fn why_a_claim_without_class_finds_nothing() {
    ask("1-no-class", &["explain", "input.yaml", "data"], "answer.txt", 0);
}

#[test]
fn a_class_with_a_typo_and_a_class_that_is_no_object() {
    ask("2-class-typo", &["explain", "input.yaml", "typo", "--drivers", "assumed"], "typo.txt", 0);
    ask("2-class-typo", &["explain", "input.yaml", "by-hand"], "by-hand.txt", 0);
    ask("2-class-typo", &["check", "input.yaml"], "check.txt", 2);
}

#[test]
fn whether_waiting_for_the_first_consumer_is_a_fault() {
    let folder = "3-wait-for-first-consumer";
    ask(folder, &["explain", "input.yaml", "unused"], "unused.txt", 0);
    ask(folder, &["explain", "input.yaml", "waiting"], "waiting.txt", 0);
    ask(folder, &["explain", "input.yaml", "pod/web"], "pod.txt", 0);
    ask(folder, &["check", "input.yaml"], "check.txt", 2);
}

#[test]
fn an_immediate_class_in_a_cluster_of_several_zones() {
    let folder = "4-immediate-zones";
    ask(folder, &["check", "input.yaml", "--cluster", "cluster.yaml"], "check.txt", 0);
    let arguments = ["explain", "cluster.yaml", "input.yaml", "files", "--drivers", "assumed"];
    ask(folder, &arguments, "answer.txt", 0);
}

#[test]
fn more_than_was_asked_for() {
    ask("5-larger-than-asked", &["explain", "input.yaml", "data"], "answer.txt", 0);
    ask("5-larger-than-asked", &["check", "input.yaml"], "check.txt", 0);
}

#[test]
fn why_the_smallest_volume_was_not_chosen() {
    ask("6-smallest-not-chosen", &["explain", "input.yaml", "data"], "answer.txt", 0);
}

#[test]
fn claims_that_are_starved_by_order() {
    ask("7-order", &["check", "input.yaml"], "check.txt", 1);
    ask("7-order", &["check", "reserved.yaml"], "reserved.txt", 0);
}

#[test]
fn two_claims_and_one_volume() {
    ask("8-two-claims-one-volume", &["check", "input.yaml"], "check.txt", 1);
    ask("8-two-claims-one-volume", &["get", "pvc", "input.yaml"], "get.txt", 0);
}

#[test]
fn a_volume_that_is_named_and_does_not_suit() {
    ask("9-volume-name", &["explain", "input.yaml"], "answer.txt", 0);
}

#[test]
fn a_released_volume_and_a_claim_that_was_created_again() {
    ask("10-released", &["explain", "cluster.yaml", "data"], "claim.txt", 0);
    ask("10-released", &["explain", "cluster.yaml", "pv/pv-1"], "volume.txt", 0);
}

#[test]
fn the_delete_policy_on_static_volumes() {
    ask("11-delete-policy", &["check", "input.yaml"], "check.txt", 0);
}

#[test]
fn a_claim_that_is_stuck_terminating() {
    ask("12-terminating", &["explain", "cluster.yaml", "data"], "claim.txt", 0);
    ask("12-terminating", &["explain", "cluster.yaml", "pod/late"], "pod.txt", 0);
}

#[test]
fn a_rolling_update_that_cannot_attach() {
    let folder = "13-multi-attach";
    ask(folder, &["check", "input.yaml", "--cluster", "cluster.yaml"], "check.txt", 0);
    ask(folder, &["check", "single-pod.yaml", "--cluster", "cluster.yaml"], "single-pod.txt", 0);
}

#[test]
fn two_claims_of_one_pod_on_one_pool() {
    ask("14-one-pool", &["check", "input.yaml", "--cluster", "cluster.yaml"], "check.txt", 1);
}

#[test]
fn whether_a_chart_binds_in_a_cluster() {
    let folder = "15-chart";
    let with = |form: &'static str| ["check", "input.yaml", "--cluster", "cluster.yaml", "-o", form];
    ask(folder, &with("text"), "check.txt", 2);
    ask(folder, &with("json"), "check.json", 2);
    ask(folder, &with("sarif"), "check.sarif", 2);
    ask(folder, &with("github"), "github.txt", 2);
}

#[test]
fn every_question_has_an_answer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/questions");
    let code = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/questions.rs")).expect("this file");
    let mut folders = 0;
    for folder in fs::read_dir(root).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(code.contains(&format!("\"{name}\"")), "{name} is not asked");
        folders += 1;
        for file in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let file = file.file_name().expect("a name").to_string_lossy().into_owned();
            assert!(code.contains(&format!("\"{file}\"")), "{name}/{file} is not used");
        }
    }
    assert_eq!(folders, 15);
}
