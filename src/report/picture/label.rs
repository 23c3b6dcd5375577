//! Texts that fit: shortened names, counted nouns, names in the order in which people count.

use crate::explain::thousands;

/// A number of things.
pub(in crate::report) fn count(number: usize, noun: &str) -> String {
    let end = if number == 1 {
        ""
    } else if noun.ends_with("ss") {
        "es"
    } else {
        "s"
    };
    format!("{} {noun}{end}", thousands(number))
}

/// At most so many letters of a text; what is left out is left out of its middle, since names differ at their ends.
pub(in crate::report) fn shortened(text: &str, most: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(1);
    let (head, tail) = (kept.div_ceil(2), kept / 2);
    let end = &letters[letters.len() - tail..];
    letters[..head].iter().chain(&['…']).chain(end).collect()
}

/// A key by which `web-10` comes after `web-9`: numbers are compared by their length first, then by their digits.
pub(super) fn natural(text: &str) -> Vec<(String, usize, String)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits_at = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(digits_at);
        let end = tail.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(tail.len());
        let (digits, tail) = tail.split_at(end);
        parts.push((word.to_owned(), digits.len(), digits.to_owned()));
        rest = tail;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::{count, natural, shortened};

    #[test]
    fn names_are_shortened_in_the_middle_and_sorted_by_number() {
        assert_eq!(shortened("data-mysql-0", 12), "data-mysql-0");
        assert_eq!(shortened("data-mysql-10", 8), "data…-10");
        assert_eq!(shortened("dätä-mysql-10", 1), "…");
        let mut names = ["web-10", "web", "web-9", "a", "web-1-2"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["a", "web", "web-1-2", "web-9", "web-10"]);
        assert_eq!((count(1, "class").as_str(), count(1200, "class").as_str()), ("1 class", "1,200 classes"));
    }
}
