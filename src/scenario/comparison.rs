//! What was expected beside what there is.

use std::fmt;

/// An expectation that does not hold, line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// What was looked at.
    pub title: String,
    /// The lines of both sides.
    pub rows: Vec<ComparisonRow>,
}

/// A line of both sides; empty where a side has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComparisonRow {
    /// What was expected.
    pub expected: String,
    /// What there is.
    pub actual: String,
    /// Whether the expectation fails here.
    pub differs: bool,
}

/// How wide each side is. With indentation and the mark between them a line has a hundred columns at most.
const WIDTH: usize = 46;

impl Comparison {
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, expected: impl Into<String>, actual: impl Into<String>, differs: bool) {
        self.rows.push(ComparisonRow { expected: expected.into(), actual: actual.into(), differs });
    }

    /// Adds the lines of both sides, of which at least one differs.
    pub(super) fn lines<'l>(
        &mut self,
        expected: impl IntoIterator<Item = &'l str>,
        actual: impl IntoIterator<Item = &'l str>,
        indent: usize,
    ) {
        let (expected, actual): (Vec<_>, Vec<_>) = (expected.into_iter().collect(), actual.into_iter().collect());
        let indented = |line: Option<&&str>| line.map(|line| format!("{:indent$}{line}", "")).unwrap_or_default();
        for number in 0..expected.len().max(actual.len()) {
            let (left, right) = (expected.get(number), actual.get(number));
            self.row(indented(left), indented(right), left != right);
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {}", self.title)?;
        writeln!(f, "    {:WIDTH$}   actual", "expected")?;
        for row in &self.rows {
            let (left, right) = (wrap(&row.expected), wrap(&row.actual));
            for number in 0..left.len().max(right.len()) {
                let side = |lines: &[String]| lines.get(number).cloned().unwrap_or_default();
                let mark = if row.differs && number == 0 { "!" } else { " " };
                let line = format!("    {:WIDTH$} {mark} {}", side(&left), side(&right));
                writeln!(f, "{}", line.trim_end())?;
            }
        }
        Ok(())
    }
}

/// A line as several that are narrow enough, broken at spaces where there are some. Later lines are indented further.
fn wrap(line: &str) -> Vec<String> {
    let indent = line.len() - line.trim_start().len();
    let mut lines = Vec::new();
    let mut rest: Vec<char> = line.chars().collect();
    while rest.len() > WIDTH {
        let space = (indent + 1..=WIDTH).rev().find(|at| rest.get(*at) == Some(&' ') && *at > WIDTH / 2);
        let at = space.unwrap_or(WIDTH);
        let tail: Vec<char> = rest.split_off(at);
        lines.push(rest.iter().collect::<String>().trim_end().to_owned());
        let further = " ".repeat((indent + 2).min(WIDTH / 2));
        let tail: String = tail.iter().collect();
        rest = further.chars().chain(tail.trim_start().chars()).collect();
    }
    lines.push(rest.into_iter().collect());
    lines
}

#[cfg(test)]
mod tests {
    use super::{Comparison, WIDTH, wrap};

    #[test]
    fn lines_that_differ_are_marked_and_long_ones_broken() {
        let mut comparison = Comparison::new("pvc/mypvc");
        comparison.row("status:", "status:", false);
        comparison.row("  phase: Bound", "  phase: Pending", true);
        comparison.row("", "this is far longer than one side of the page can hold in a line", true);
        assert_eq!(
            comparison.to_string(),
            "  pvc/mypvc
    expected                                         actual
    status:                                          status:
      phase: Bound                                 !   phase: Pending
                                                   ! this is far longer than one side of the page
                                                       can hold in a line
"
        );
        assert!(comparison.to_string().lines().all(|line| line.chars().count() <= 100));
    }

    #[test]
    fn a_line_without_spaces_is_broken_anywhere() {
        let long = "x".repeat(2 * WIDTH);
        let lines = wrap(&long);
        assert_eq!(lines.len(), 3);
        assert_eq!(lines.iter().map(|line| line.trim().len()).sum::<usize>(), long.len());
    }
}
