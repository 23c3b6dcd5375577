//! Whether the program may colour what it prints: on a terminal that can show it, and never against the user's will.

use std::ffi::OsStr;
use std::io::IsTerminal;

/// Whether there is somebody on this stream who wants colours.
pub(crate) fn is_wanted(stream: &impl IsTerminal) -> bool {
    let variable = |name| std::env::var_os(name);
    decide(stream.is_terminal(), variable("NO_COLOR").as_deref(), variable("TERM").as_deref())
}

/// As <https://no-color.org> has it: a variable that is empty says nothing.
fn decide(is_terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty) && term.is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::decide;

    #[test]
    fn colours_are_for_terminals_and_never_against_the_will_of_the_user() {
        let of = |is_terminal, no_color: Option<&str>, term: Option<&str>| {
            decide(is_terminal, no_color.map(OsStr::new), term.map(OsStr::new))
        };
        assert!(of(true, None, Some("xterm")));
        assert!(of(true, Some(""), None));
        assert!(!of(false, None, Some("xterm")));
        assert!(!of(true, Some("1"), Some("xterm")));
        assert!(!of(true, Some("0"), Some("xterm")), "any value counts");
        assert!(!of(true, None, Some("dumb")));
    }
}
