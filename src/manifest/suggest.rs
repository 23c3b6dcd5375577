//! The name that somebody probably meant.

/// The nearest of some names, unless all are too far off. The distance counts letters that are added, left out or
/// replaced, and neighbours that changed places; capital letters make no difference.
pub(crate) fn nearest<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let lower: Vec<char> = written.to_lowercase().chars().collect();
    let far = 1 + lower.len() / 3;
    let distances = known.into_iter().map(|name| {
        let other: Vec<char> = name.to_lowercase().chars().collect();
        (distance(&lower, &other), name)
    });
    distances.filter(|(distance, _)| *distance <= far).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// Says which name was probably meant, or else which there are.
pub(crate) fn hint(written: &str, known: &[&str]) -> String {
    match nearest(written, known.iter().copied()) {
        Some(name) => format!("did you mean {name:?}?"),
        None if known.is_empty() => "there are none".to_owned(),
        None => format!("there are {}", known.join(", ")),
    }
}

/// The distance of Damerau and Levenshtein, with whole rows kept because texts are short.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, left) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, right) in b.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(left != right);
            let mut best = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *left == b[j - 1] && a[i - 1] == *right {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::{hint, nearest};

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        let known = ["apply", "replace", "replicas", "expect", "path"];
        for (written, meant) in [("aply", "apply"), ("replcias", "replicas"), ("Expect", "expect"), ("paht", "path")] {
            assert_eq!(nearest(written, known), Some(meant));
        }
        assert_eq!(nearest("volume", known), None);
        assert_eq!(nearest("x", known), None);
    }

    #[test]
    fn without_a_near_name_all_are_listed() {
        assert_eq!(hint("zzz", &["pod", "node"]), "there are pod, node");
        assert_eq!(hint("pid", &["pod", "node"]), "did you mean \"pod\"?");
    }
}
