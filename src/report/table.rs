//! A table as data, and how `kubectl` lays one out.
//!
//! Follows `k8s.io/cli-runtime/pkg/printers`: columns as wide as their widest cell, three spaces between them, nothing
//! at the end of a line. A character counts as one column, as in kubectl.

use std::fmt;

/// How far columns stand apart.
const GAP: usize = 3;

/// A table: a header and rows of as many cells.
///
/// ```
/// use bindery::report::Table;
///
/// let table = Table::new(["NAME", "STATUS"], [vec!["mypvc".to_owned(), "Bound".to_owned()]]);
/// assert_eq!(table.to_string(), "NAME    STATUS\nmypvc   Bound\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Table {
    /// What the columns are called.
    pub header: Vec<String>,
    /// The cells, row by row.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of a header and rows.
    pub fn new<'h>(header: impl IntoIterator<Item = &'h str>, rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        Self { header: header.into_iter().map(str::to_owned).collect(), rows: rows.into_iter().collect() }
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|known| known == name)
    }

    fn lines(&self) -> impl Iterator<Item = &Vec<String>> {
        std::iter::once(&self.header).chain(&self.rows)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells = |column: usize| self.lines().filter_map(move |line| line.get(column));
        let widths: Vec<usize> = (0..self.header.len())
            .map(|column| cells(column).map(|cell| cell.chars().count()).max().unwrap_or_default() + GAP)
            .collect();
        for line in self.lines() {
            let padded = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            writeln!(f, "{}", padded.collect::<String>().trim_end())?;
        }
        Ok(())
    }
}
