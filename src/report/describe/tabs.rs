//! Columns of text as Go's `text/tabwriter` aligns them, with which kubectl prints descriptions.
//!
//! A line is cells with a tab after each but the last. Cells of one column below each other make a block, as wide as the
//! widest of them; a line that has no such cell ends it. So one long line widens its neighbours only.

/// How far columns stand apart.
const GAP: usize = 2;

/// The text with its tabs replaced by spaces. Each line ends with a line end.
pub(super) fn align(text: &str) -> String {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let mut aligned = String::new();
    write(&lines, &mut Vec::new(), &mut aligned);
    aligned
}

/// Writes lines of which as many columns are known as there are widths.
fn write(lines: &[Vec<&str>], widths: &mut Vec<usize>, aligned: &mut String) {
    let column = widths.len();
    let has_cell = |line: &Vec<&str>| column + 1 < line.len();
    let mut rest = lines;
    while let Some(first) = rest.first() {
        if !has_cell(first) {
            write_line(first, widths, aligned);
            rest = &rest[1..];
            continue;
        }
        let end = rest.iter().position(|line| !has_cell(line)).unwrap_or(rest.len());
        let (block, more) = rest.split_at(end);
        let widest = block.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
        widths.push(widest + GAP);
        write(block, widths, aligned);
        widths.pop();
        rest = more;
    }
}

fn write_line(cells: &[&str], widths: &[usize], aligned: &mut String) {
    for (number, cell) in cells.iter().enumerate() {
        aligned.push_str(cell);
        // The spaces after a cell stay where nothing follows, as with kubectl.
        let width = widths.get(number).copied().unwrap_or_default();
        aligned.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
    }
    aligned.push('\n');
}

#[cfg(test)]
mod tests {
    use super::align;

    #[test]
    fn a_column_is_as_wide_as_its_block() {
        let text = "Name:\tdata\nNamespace:\tshop\nSource:\n    Type:\tNFS\n  a\tbb\tc\n  aaaa\t\tc\nend\n";
        let aligned = "\
Name:       data
Namespace:  shop
Source:
    Type:  NFS
  a        bb  c
  aaaa         c
end
";
        assert_eq!(align(text), aligned);
    }
}
