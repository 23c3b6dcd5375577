//! A table as somebody wrote it down: columns by the places at which their names begin.
//!
//! Columns stand two or more spaces apart, as kubectl prints them; a cell belongs to the column whose name begins
//! nearest. So a table may be copied from a terminal, may lack columns, and may be a space or two out of line.

use crate::report::Table;
use crate::scenario::pattern;

/// A table that is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) header: Vec<String>,
    /// The cells; a `*` stands for any characters.
    pub(super) rows: Vec<Vec<String>>,
}

impl Grid {
    /// Reads tables with empty lines between them.
    pub(super) fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        let lines: Vec<&str> = text.lines().collect();
        let blocks = lines.split(|line| line.trim().is_empty()).filter(|block| !block.is_empty());
        blocks.map(Self::parse).collect()
    }

    fn parse(lines: &[&str]) -> Result<Self, String> {
        let Some((header, rows)) = lines.split_first() else {
            return Err("a table has a header".to_owned());
        };
        let columns = pieces(header);
        let mut grid = Self { header: columns.iter().map(|(_, name)| (*name).to_owned()).collect(), rows: Vec::new() };
        for line in rows {
            let mut cells = vec![String::new(); columns.len()];
            for (at, text) in pieces(line) {
                let nearest =
                    (0..columns.len()).min_by_key(|column| columns[*column].0.abs_diff(at)).unwrap_or_default();
                if !cells[nearest].is_empty() {
                    let (first, column) = (&cells[nearest], columns[nearest].1);
                    return Err(format!("{first:?} and {text:?} both stand below {column}: is the table out of line?"));
                }
                text.clone_into(&mut cells[nearest]);
            }
            grid.rows.push(cells);
        }
        Ok(grid)
    }

    /// The same columns of a table that was made; the name of the first that it lacks.
    pub(super) fn select(&self, table: &Table) -> Result<Self, String> {
        let place = |name: &String| table.column(name).ok_or_else(|| name.clone());
        let places: Vec<usize> = self.header.iter().map(place).collect::<Result<_, _>>()?;
        let cells = |row: &Vec<String>| places.iter().filter_map(|place| row.get(*place).cloned()).collect();
        Ok(Self { header: self.header.clone(), rows: table.rows.iter().map(cells).collect() })
    }

    /// Whether a row that is expected matches one of another table with the same columns.
    pub(super) fn row_matches(&self, row: usize, other: &Self, other_row: usize) -> bool {
        let (Some(cells), Some(others)) = (self.rows.get(row), other.rows.get(other_row)) else {
            return false;
        };
        cells.iter().zip(others).all(|(cell, other)| pattern::matches(cell, other))
    }

    /// Only some of the columns.
    pub(super) fn with_columns(&self, kept: &[usize]) -> Self {
        let pick = |row: &Vec<String>| kept.iter().filter_map(|column| row.get(*column).cloned()).collect();
        Self { header: pick(&self.header), rows: self.rows.iter().map(pick).collect() }
    }

    /// The lines of the table, as narrow as they can be.
    pub(super) fn lines(&self) -> Vec<String> {
        let cell = |text: &String| if text.is_empty() { "-".to_owned() } else { text.clone() };
        let rows: Vec<Vec<String>> = self.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        let lines = || std::iter::once(&self.header).chain(&rows);
        let width = |column: usize| lines().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..self.header.len()).map(|column| width(column).unwrap_or_default() + 2).collect();
        let padded = |line: &Vec<String>| {
            let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<String>().trim_end().to_owned()
        };
        lines().map(padded).collect()
    }
}

/// The pieces of a line that stand two or more spaces apart, each with the column at which it begins.
fn pieces(line: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut rest = line.trim_end();
    let mut column = 0;
    loop {
        let trimmed = rest.trim_start();
        column += rest.chars().count() - trimmed.chars().count();
        if trimmed.is_empty() {
            return found;
        }
        let (piece, after) = trimmed.split_at(trimmed.find("  ").unwrap_or(trimmed.len()));
        found.push((column, piece));
        column += piece.chars().count();
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::Grid;

    #[test]
    fn cells_belong_to_the_column_that_begins_nearest() {
        let text = "NAME   ACCESS MODES   REASON   AGE\npv-0   RWX                     43s\npv-11  RWO,ROX        <none>   1s\n";
        let grids = Grid::parse_all(text).expect("a table");
        assert_eq!(grids[0].header, ["NAME", "ACCESS MODES", "REASON", "AGE"]);
        assert_eq!(grids[0].rows, [["pv-0", "RWX", "", "43s"], ["pv-11", "RWO,ROX", "<none>", "1s"]]);
    }

    #[test]
    fn tables_have_empty_lines_between_them_and_no_text_is_no_table() {
        assert_eq!(Grid::parse_all("A\n1\n\nB\n2\n").map(|grids| grids.len()), Ok(2));
        assert_eq!(Grid::parse_all("\n"), Ok(Vec::new()));
    }

    #[test]
    fn two_cells_below_one_name_are_a_mistake() {
        let error = Grid::parse_all("NAME   AGE\na  b   1s\n").expect_err("a mistake");
        assert_eq!(error, "\"a\" and \"b\" both stand below NAME: is the table out of line?");
    }
}
