//! `bindery report`.

use std::fs;

use crate::{CLAIM, SCENARIO, Scratch, run, run_with};

#[test]
fn each_form_goes_where_it_is_told_and_all_of_them_at_once() {
    let scratch = Scratch::new("report", &[]);
    let (html, svg, chart) = (scratch.path("out.html"), scratch.path("out.svg"), scratch.path("out.mmd"));
    let all = run(&["report", "fixtures/mysql", "--html", &html, "--svg", &svg, "--mermaid", &chart]);
    assert_eq!((all.code, all.out.as_str(), all.err.as_str()), (Some(0), "", ""));
    let read = |path: &str| fs::read_to_string(path).expect("it was written");
    assert!(read(&html).contains("<title>Storage of fixtures/mysql</title>"));
    assert!(read(&svg).starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    assert!(read(&chart).starts_with("flowchart LR\n"));
    for (form, path) in [("--html", &html), ("--svg", &svg), ("--mermaid", &chart)] {
        let alone = run(&["report", "fixtures/mysql", form, "-"]);
        assert_eq!((alone.code, alone.out == read(path)), (Some(0), true), "{form}");
    }
}

#[test]
fn what_was_assumed_stands_on_the_page() {
    let run = run(&["report", "fixtures/questions/2-class-typo", "--html", "-", "--title", "Typos"]);
    assert_eq!(run.err, "note: assumed that these provisioners run and work: csi.example.com\n");
    assert!(run.out.contains("<li>Assumed that these provisioners run and work: csi.example.com.</li>"));
    assert!(run.out.contains("<h1>Typos</h1>"));
    let absent = crate::run(&["report", "fixtures/questions/2-class-typo", "--html", "-", "--drivers", "absent"]);
    assert!(!absent.out.contains("Assumed that"), "{}", absent.out);
}

#[test]
fn time_passes_on_the_page() {
    let run = run_with(&["report", "-", "--html", "-", "--advance", "10m"], CLAIM);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    assert!(run.out.contains("1 write in 10m of virtual time, until 2024-01-01T00:10:00Z."), "{}", run.out);
}

#[test]
fn a_scenario_is_run_and_its_steps_are_on_the_timeline() {
    let scratch = Scratch::new("report-scenario", &[("waiting.yaml", SCENARIO), ("claim.yaml", CLAIM)]);
    let passed = run(&["report", &scratch.path("waiting.yaml"), "--html", "-"]);
    assert_eq!((passed.code, passed.err.as_str()), (Some(0), ""));
    assert!(passed.out.contains("<h1>waiting: A claim waits</h1>"));
    assert!(passed.out.contains("<td colspan=\"6\">Step 1: apply claim.yaml</td>"), "{}", passed.out);
    let failing = SCENARIO.replace("phase: Pending", "phase: Bound");
    let scratch = Scratch::new("report-failing", &[("waiting.yaml", &failing), ("claim.yaml", CLAIM)]);
    let failed = run(&["report", &scratch.path("waiting.yaml"), "--html", "-"]);
    assert_eq!(failed.code, Some(1));
    assert!(failed.err.starts_with("step 2, "), "{}", failed.err);
    // The page is written all the same, and says so.
    assert!(failed.out.contains("<li>Step 2 failed: ") && failed.out.ends_with("</html>\n"), "{}", failed.out);
    let beside = run(&["report", &scratch.path("waiting.yaml"), "fixtures/mysql", "--html", "-"]);
    assert_eq!(beside.code, Some(2));
    assert!(beside.err.ends_with("waiting.yaml: a scenario is reported alone\n"), "{}", beside.err);
}

#[test]
fn bad_input_and_bad_arguments_end_with_2() {
    let nothing = run(&["report", "fixtures/mysql"]);
    assert_eq!(nothing.code, Some(2));
    assert!(nothing.err.contains("<--html <FILE>|--svg <FILE>|--mermaid <FILE>>"), "{}", nothing.err);
    let twice = run(&["report", "fixtures/mysql", "--html", "-", "--svg", "-"]);
    assert_eq!(twice.code, Some(2));
    assert_eq!(twice.err, "only one of --html, --svg and --mermaid can go to standard output\n");
    let bad = run_with(&["report", "-", "--html", "-"], &CLAIM.replace("accessModes", "accessMode"));
    assert_eq!((bad.code, bad.out.as_str()), (Some(2), ""));
    assert!(bad.err.contains("unknown field \"spec.accessMode\""), "{}", bad.err);
    let unwritable = run(&["report", "fixtures/mysql", "--svg", "fixtures/mysql"]);
    assert_eq!(unwritable.code, Some(2));
    assert!(unwritable.err.starts_with("fixtures/mysql: cannot be written: "), "{}", unwritable.err);
}
