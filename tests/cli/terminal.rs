//! Colours are for terminals: the program is run on one.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// What the program says of a bad manifest where its errors go to a terminal.
fn said(variables: &[(&str, &str)]) -> String {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&master).expect("a terminal of our own");
    unlockpt(&master).expect("an open terminal");
    let name = ptsname(&master, Vec::new()).expect("a name");
    let terminal = OpenOptions::new().read(true).write(true).open(name.to_str().expect("text")).expect("a terminal");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bindery"));
    command.args(["apply", "-"]).env_remove("NO_COLOR").env("TERM", "xterm").envs(variables.iter().copied());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(terminal).spawn().expect("the program starts");
    // The command holds the terminal open.
    drop(command);
    let mut input = child.stdin.take().expect("an input");
    input.write_all(b"{apiVersion: v1, kind: Node, metadata: {nam: a}}").expect("it reads");
    drop(input);
    let (mut master, mut bytes, mut some) = (File::from(master), Vec::new(), [0; 1024]);
    // A terminal that nobody writes to any more is an error on Linux and an end elsewhere.
    while let Ok(length @ 1..) = master.read(&mut some) {
        bytes.extend_from_slice(&some[..length]);
    }
    assert_eq!(child.wait().expect("an end").code(), Some(2));
    String::from_utf8(bytes).expect("text")
}

#[test]
fn errors_are_coloured_on_a_terminal_and_never_against_the_will_of_the_user() {
    let coloured = said(&[]);
    assert!(coloured.contains("unknown field") && coloured.contains("\u{1b}["), "{coloured:?}");
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let plain = said(&[variable]);
        assert!(plain.contains("unknown field") && !plain.contains('\u{1b}'), "{variable:?}: {plain:?}");
    }
}
