//! `bindery apply --stats`, and the progress bar.

#[cfg(target_os = "linux")]
use std::process::{Command, Stdio};

use crate::{Scratch, run, run_with};

/// Words of a line.
fn columns(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[test]
fn stats_say_what_each_phase_took() {
    let run = run(&["apply", "fixtures/mysql/volume.yaml", "fixtures/mysql/claim.yaml", "--stats"]);
    assert_eq!(run.code, Some(0));
    assert!(run.out.starts_with("persistentvolume/my-pv created\n"), "{}", run.out);
    let lines: Vec<Vec<&str>> = run.err.lines().map(columns).collect();
    let counted = cfg!(target_os = "linux");
    assert_eq!(lines[0], if counted { vec!["PHASE", "SECONDS", "PEAK-KIB"] } else { vec!["PHASE", "SECONDS"] });
    let phases: Vec<&str> = lines[1..].iter().map(|line| line[0]).collect();
    assert_eq!(phases, ["read", "decode", "apply", "settle", "print", "total"]);
    for line in &lines[1..] {
        assert_eq!(line.len(), lines[0].len());
        let (whole, decimals) = line[1].split_once('.').expect("seconds with decimals");
        assert!(whole.parse::<u64>().is_ok() && decimals.len() == 3 && decimals.parse::<u64>().is_ok(), "{line:?}");
        assert!(!counted || line[2].parse::<u64>().is_ok_and(|peak| peak > 0), "{line:?}");
    }
}

#[test]
fn stats_end_where_the_run_ends() {
    let run = run_with(&["apply", "-", "--stats"], "{apiVersion: v1, kind: Pod");
    assert_eq!(run.code, Some(2));
    let phases: Vec<&str> = run.err.lines().map(|line| columns(line)[0]).collect();
    assert_eq!(phases[..5], ["PHASE", "read", "decode", "total", "error:"], "{}", run.err);
    assert!(run.err.contains("error: key must be a string\n --> standard input:1:2\n"), "{}", run.err);
}

/// Long enough for somebody to grow impatient.
fn crowd(name: &str) -> String {
    let manifest = run(&["generate", "--volumes", "4000", "--claims", "4000"]).out;
    Scratch::new(name, &[("crowd.yaml", &manifest)]).path("crowd.yaml")
}

#[test]
fn no_progress_bar_is_shown_where_the_output_is_no_terminal() {
    let run = run(&["apply", &crowd("piped")]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    assert!(!run.out.contains('\u{1b}'));
}

/// `script` of util-linux gives a program a terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_progress_bar_is_shown_on_a_terminal_that_can_show_one() {
    let crowd = crowd("terminal");
    let on_terminal = |term: &str| {
        let command = format!("{} apply {crowd}", env!("CARGO_BIN_EXE_bindery"));
        let output = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .env("TERM", term)
            .stdin(Stdio::null())
            .output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Ok(shown) = on_terminal("xterm") else {
        eprintln!("this machine has no program called script: nothing was tested");
        return;
    };
    let (bars, result) = shown.split_once("storageclass.storage.k8s.io/bronze created").expect("a result");
    assert!(bars.contains("apply   [") || bars.contains("settle  "), "{bars}");
    assert!(bars.ends_with("\u{1b}[2K"), "the bar is taken away: {bars:?}");
    assert!(!result.contains('\u{1b}'));
    let dumb = on_terminal("dumb").expect("the same program");
    assert!(dumb.starts_with("storageclass.storage.k8s.io/bronze created"), "{}", &dumb[..200]);
}
