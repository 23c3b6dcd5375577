//! `bindery completions`.

use std::process::{Command, Stdio};

use crate::{Scratch, run};

#[test]
fn each_shell_has_its_script_with_every_command() {
    for (shell, beginning) in [
        ("bash", "_bindery()"),
        ("zsh", "#compdef bindery"),
        ("fish", "# Print"),
        ("elvish", "\nuse builtin;"),
        ("powershell", "\nusing namespace"),
    ] {
        let run = run(&["completions", shell]);
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{shell}");
        assert!(run.out.starts_with(beginning), "{shell}: {}", &run.out[..80]);
        for word in ["apply", "generate", "completions", "--require-bound", "--seed"] {
            // fish writes options without their dashes.
            assert!(run.out.contains(word.trim_start_matches('-')), "{shell}: {word}");
        }
    }
    let unknown = run(&["completions", "tcsh"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("possible values: bash, elvish, fish, powershell, zsh"), "{}", unknown.err);
}

/// What a user of bash gets when the tabulator key is pressed.
#[test]
fn bash_completes_commands_and_options() {
    let script =
        Scratch::new("completions", &[("bindery.bash", &run(&["completions", "bash"]).out)]).path("bindery.bash");
    let complete = |words: &str| {
        let asked = format!(
            "source {script}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _bindery bindery \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        let output = Command::new("bash").args(["--norc", "-c", &asked]).stdin(Stdio::null()).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Ok(found) = complete("bindery gen") else {
        eprintln!("this machine has no bash: nothing was tested");
        return;
    };
    assert_eq!(found, "generate");
    assert_eq!(complete("bindery apply --req").ok().as_deref(), Some("--require-bound"));
}
