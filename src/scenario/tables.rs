//! Tables that are expected, held against those that `kubectl get` would print.

use crate::cluster::Cluster;
use crate::scenario::comparison::Comparison;
use crate::scenario::expectation::TableExpectation;
use crate::scenario::grid::Grid;
use crate::scenario::query::Asked;

/// How wide the columns may be that are shown beside each other.
const WIDTH: usize = 46;

pub(super) fn check(cluster: &Cluster, expected: &TableExpectation) -> Option<Comparison> {
    let mut page = Comparison::new(format!("table of {}", expected.query.table));
    let (asked, grids) = match (Asked::parse(&expected.query), Grid::parse_all(&expected.text)) {
        (Ok(asked), Ok(grids)) => (asked, grids),
        (Err(why), _) | (_, Err(why)) => {
            page.row(why, "", true);
            return Some(page);
        }
    };
    let tables = asked.answer(cluster);
    let nothing = Grid { header: Vec::new(), rows: Vec::new() };
    let mut differs = false;
    for number in 0..grids.len().max(tables.len()) {
        differs |= match (grids.get(number), tables.get(number)) {
            (Some(grid), Some(table)) => match grid.select(table) {
                Ok(actual) => compare(grid, &actual, &mut page),
                Err(column) => {
                    let right = format!("there is no column {column}; there are {}", table.header.join(", "));
                    page.row(format!("column {column}"), right, true);
                    true
                }
            },
            (Some(grid), None) if grid.rows.is_empty() => false,
            (Some(grid), None) => compare(grid, &nothing, &mut page),
            (None, Some(table)) => {
                let all = Grid { header: table.header.clone(), rows: table.rows.clone() };
                compare(&Grid { header: all.header.clone(), rows: Vec::new() }, &all, &mut page)
            }
            (None, None) => false,
        };
    }
    differs.then_some(page)
}

/// Writes two tables beside each other. Returns whether they differ.
fn compare(expected: &Grid, actual: &Grid, page: &mut Comparison) -> bool {
    let pairs = align(expected, actual);
    let differs = |pair: &Pair| match *pair {
        (Some(left), Some(right)) => !expected.row_matches(left, actual, right),
        (Some(_), None) | (None, Some(_)) => true,
        (None, None) => false,
    };
    if !pairs.iter().any(differs) {
        return false;
    }
    for columns in pages(expected, actual, &pairs) {
        let (left, right) = (expected.with_columns(&columns), actual.with_columns(&columns));
        let (lines, others) = (left.lines(), right.lines());
        let line =
            |lines: &[String], row: Option<usize>| row.and_then(|row| lines.get(row + 1)).cloned().unwrap_or_default();
        let header = |lines: &[String]| lines.first().cloned().unwrap_or_default();
        let nothing = if actual.rows.is_empty() { "(no resources found)".to_owned() } else { header(&others) };
        page.row(header(&lines), nothing, false);
        for pair in &pairs {
            let differs = match *pair {
                (Some(l), Some(r)) => !left.row_matches(l, &right, r),
                (Some(_), None) | (None, Some(_)) => true,
                (None, None) => false,
            };
            page.row(line(&lines, pair.0), line(&others, pair.1), differs);
        }
    }
    true
}

/// A row of each table that belong together.
type Pair = (Option<usize>, Option<usize>);

/// Which rows belong together: as many as possible that match, or else have the same name, and what lies between them
/// one by one.
fn align(expected: &Grid, actual: &Grid) -> Vec<Pair> {
    let names = (expected.with_columns(&[0]), actual.with_columns(&[0]));
    let score = |left: usize, right: usize| {
        if expected.row_matches(left, actual, right) {
            2
        } else {
            usize::from(names.0.row_matches(left, &names.1, right))
        }
    };
    let (height, width) = (expected.rows.len(), actual.rows.len());
    // The best that can still be reached, from each pair of rows on.
    let mut best = vec![vec![0_usize; width + 1]; height + 1];
    for left in (0..height).rev() {
        for right in (0..width).rev() {
            let both = score(left, right) + best[left + 1][right + 1];
            best[left][right] = both.max(best[left + 1][right]).max(best[left][right + 1]);
        }
    }
    let (mut pairs, mut left, mut right) = (Vec::new(), 0, 0);
    while left < height || right < width {
        let both = left < height && right < width;
        if both && score(left, right) + best[left + 1][right + 1] == best[left][right] {
            pairs.push((Some(left), Some(right)));
            (left, right) = (left + 1, right + 1);
        } else if left < height && (right == width || best[left + 1][right] == best[left][right]) {
            pairs.push((Some(left), None));
            left += 1;
        } else {
            pairs.push((None, Some(right)));
            right += 1;
        }
    }
    pairs
}

/// The columns to show, page by page: each has the name and as many of the columns that differ as there is room for, and
/// the last one what else fits.
fn pages(expected: &Grid, actual: &Grid, pairs: &[Pair]) -> Vec<Vec<usize>> {
    let differs = |column: &usize| {
        let only = (expected.with_columns(&[*column]), actual.with_columns(&[*column]));
        pairs.iter().any(|pair| matches!(*pair, (Some(l), Some(r)) if !only.0.row_matches(l, &only.1, r)))
    };
    let fits = |columns: &[usize]| {
        let widest = |grid: &Grid| grid.with_columns(columns).lines().iter().map(|line| line.chars().count()).max();
        widest(expected).max(widest(actual)).unwrap_or_default() <= WIDTH
    };
    let count = expected.header.len().max(actual.header.len());
    let (telling, others): (Vec<usize>, Vec<usize>) = (1..count).partition(differs);
    let (mut pages, mut page) = (Vec::new(), vec![0]);
    for column in telling {
        let wider = with(&page, column);
        if page.len() == 1 || fits(&wider) {
            page = wider;
        } else {
            pages.push(std::mem::replace(&mut page, vec![0, column]));
        }
    }
    for column in others {
        let wider = with(&page, column);
        page = if fits(&wider) { wider } else { page };
    }
    pages.push(page);
    pages
}

/// A list of columns and one more, in order.
fn with(columns: &[usize], column: usize) -> Vec<usize> {
    let mut columns = columns.to_vec();
    columns.push(column);
    columns.sort_unstable();
    columns
}
