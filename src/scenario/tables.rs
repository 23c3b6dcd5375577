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
    let differs = |pair: &(Option<usize>, Option<usize>)| match *pair {
        (Some(left), Some(right)) => !expected.row_matches(left, actual, right),
        (Some(_), None) | (None, Some(_)) => true,
        (None, None) => false,
    };
    if !pairs.iter().any(differs) {
        return false;
    }
    let columns = telling_columns(expected, actual, &pairs);
    let (left, right) = (expected.with_columns(&columns).lines(), actual.with_columns(&columns).lines());
    let line =
        |lines: &[String], row: Option<usize>| row.and_then(|row| lines.get(row + 1)).cloned().unwrap_or_default();
    let header = |lines: &[String]| lines.first().cloned().unwrap_or_default();
    let nothing = if actual.rows.is_empty() { "(no resources found)".to_owned() } else { header(&right) };
    page.row(header(&left), nothing, false);
    for pair in &pairs {
        page.row(line(&left, pair.0), line(&right, pair.1), differs(pair));
    }
    true
}

/// Which rows belong together: those that match, in an order that keeps as many of them as possible, and what lies
/// between them one by one.
fn align(expected: &Grid, actual: &Grid) -> Vec<(Option<usize>, Option<usize>)> {
    let (height, width) = (expected.rows.len(), actual.rows.len());
    // The number of rows that can still match, from each pair of rows on.
    let mut matching = vec![vec![0_usize; width + 1]; height + 1];
    for left in (0..height).rev() {
        for right in (0..width).rev() {
            matching[left][right] = if expected.row_matches(left, actual, right) {
                1 + matching[left + 1][right + 1]
            } else {
                matching[left + 1][right].max(matching[left][right + 1])
            };
        }
    }
    let (mut pairs, mut left, mut right) = (Vec::new(), 0, 0);
    while left < height || right < width {
        let here = matching[left][right];
        let both = left < height && right < width;
        if both && (expected.row_matches(left, actual, right) || matching[left + 1][right + 1] == here) {
            pairs.push((Some(left), Some(right)));
            (left, right) = (left + 1, right + 1);
        } else if left < height && (right == width || matching[left + 1][right] == here) {
            pairs.push((Some(left), None));
            left += 1;
        } else {
            pairs.push((None, Some(right)));
            right += 1;
        }
    }
    pairs
}

/// The columns to show: the first, those in which rows differ, and others as long as there is room.
fn telling_columns(expected: &Grid, actual: &Grid, pairs: &[(Option<usize>, Option<usize>)]) -> Vec<usize> {
    let differs = |column: usize| {
        let only = (expected.with_columns(&[column]), actual.with_columns(&[column]));
        pairs.iter().any(|pair| matches!(*pair, (Some(l), Some(r)) if !only.0.row_matches(l, &only.1, r)))
    };
    let count = expected.header.len().max(actual.header.len());
    let mut kept: Vec<usize> = (0..count).filter(|column| *column == 0 || differs(*column)).collect();
    for column in 0..count {
        let mut more = kept.clone();
        more.push(column);
        more.sort_unstable();
        more.dedup();
        let widest = |grid: &Grid| grid.with_columns(&more).lines().iter().map(|line| line.chars().count()).max();
        if widest(expected).max(widest(actual)).unwrap_or_default() <= WIDTH {
            kept = more;
        }
    }
    kept
}
