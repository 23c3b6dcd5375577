//! The progress bar: only for somebody who looks at a terminal, and only where it takes long.

#![expect(clippy::disallowed_types, reason = "the program may have a clock; the library has none")]

use std::io::{IsTerminal, stderr, stdout};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// For how long nobody minds to wait without a bar.
const PATIENCE: Duration = Duration::from_millis(400);

/// Shows how far the program is. What is said meanwhile has to go through [`Progress::say`].
#[derive(Debug)]
pub(crate) struct Progress {
    wanted: bool,
    began: Instant,
    phase: &'static str,
    total: Option<u64>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// No bar is shown before the first phase has begun.
    pub(crate) fn new() -> Self {
        let wanted = wanted(stdout().is_terminal() && stderr().is_terminal(), std::env::var("TERM").ok().as_deref());
        Self { wanted, began: Instant::now(), phase: "", total: None, bar: None }
    }

    /// Begins a phase. The total, where it is known, is what [`Progress::reach`] ends at.
    pub(crate) fn begin(&mut self, phase: &'static str, total: Option<u64>) {
        self.clear();
        (self.phase, self.total) = (phase, total);
    }

    /// Shows how far the phase is, unless it all goes fast.
    pub(crate) fn reach(&mut self, position: u64) {
        if !self.wanted || self.bar.is_none() && self.began.elapsed() < PATIENCE {
            return;
        }
        let (phase, total) = (self.phase, self.total);
        let template = match total {
            Some(_) => "{msg:<7} [{bar:40}] {human_pos}/{human_len} {elapsed}",
            None => "{msg:<7} {spinner} {human_pos} steps {elapsed}",
        };
        self.bar.get_or_insert_with(|| bar(phase, template, total)).set_position(position);
    }

    /// Shows that something goes on that cannot say how far it is. Only for what takes long for sure.
    pub(crate) fn wait(&mut self) {
        if self.wanted {
            let bar = bar(self.phase, "{msg:<7} {spinner} {elapsed}", None);
            bar.enable_steady_tick(Duration::from_millis(100));
            self.bar = Some(bar);
        }
    }

    /// Prints a line on standard error, above the bar if there is one.
    pub(crate) fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| crate::output::complain!("{line}")),
            None => crate::output::complain!("{line}"),
        }
    }

    /// Takes the bar away.
    pub(crate) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Whether there is somebody to show a bar to, on something that can show one.
fn wanted(is_terminal: bool, term: Option<&str>) -> bool {
    let is_dumb = match term {
        Some(term) => term.is_empty() || term == "dumb",
        // Terminals of Windows do not say what they are.
        None => !cfg!(windows),
    };
    is_terminal && !is_dumb
}

fn bar(phase: &'static str, template: &str, total: Option<u64>) -> ProgressBar {
    // At most ten times a second.
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10));
    // The templates are constants that are well formed.
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(phase);
    bar
}

#[cfg(test)]
mod tests {
    use super::wanted;

    #[test]
    fn a_bar_is_for_terminals_that_are_not_dumb() {
        assert!(wanted(true, Some("xterm-256color")));
        for (is_terminal, term) in [(true, Some("dumb")), (true, Some("")), (false, Some("xterm")), (false, None)] {
            assert!(!wanted(is_terminal, term), "{is_terminal} {term:?}");
        }
        assert_eq!(wanted(true, None), cfg!(windows));
    }
}
