//! `bindery generate`.

use std::process::{Command, Stdio};

use crate::{run, run_with};

/// What `generate` writes, and what `apply` makes of it.
#[test]
fn a_synthetic_cluster_is_the_same_for_the_same_seed_and_is_read_back() {
    let generate = |more: &[&str]| {
        let run = run(&[&["generate", "--volumes", "400", "--claims", "300"], more].concat());
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
        run.out
    };
    let first = generate(&["--seed", "5"]);
    assert_eq!(first, generate(&["--seed", "5"]));
    assert_ne!(first, generate(&["--seed", "6"]));
    assert_eq!(first.matches("kind: PersistentVolumeClaim\n").count(), 300);
    assert_eq!(first.matches("\n  selector:\n").count(), 30);
    assert!(!first.contains("status:"), "nobody writes a status");
    let json = generate(&["--seed", "5", "-o", "json"]);
    let list: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(list["items"].as_array().map(Vec::len), Some(703));

    let [from_yaml, from_json] = [first, json].map(|text| run_with(&["apply", "-"], &text));
    assert_eq!((from_yaml.code, from_yaml.err.as_str()), (Some(0), ""));
    assert_eq!(from_yaml.out, from_json.out);
    let bound =
        from_yaml.out.lines().filter(|line| line.starts_with("persistentvolumeclaim/") && line.contains("Bound"));
    assert!((100..300).contains(&bound.count()), "some find a volume, some do not: {}", from_yaml.out);
}

#[test]
fn a_smaller_synthetic_cluster_is_the_beginning_of_a_larger_one() {
    let documents = |volumes, claims| -> Vec<String> {
        let run = run(&["generate", "--volumes", volumes, "--claims", claims]);
        run.out.split("---\n").map(str::to_owned).collect()
    };
    let (small, large) = (documents("3", "2"), documents("30", "20"));
    assert_eq!((small.len(), large.len()), (8, 53));
    assert_eq!((&small[..6], &small[6..]), (&large[..6], &large[33..35]));
}

#[test]
fn a_synthetic_cluster_that_nobody_reads_to_its_end_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bindery"))
        .args(["generate", "--volumes", "100000000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &[][..]));
}
