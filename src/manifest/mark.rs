//! Which characters of a line a problem is about.
//!
//! A problem knows where its field begins. What is marked for a reader is found in the text itself: the key where the
//! key is wrong or where something is missing below it, and else the value. Nothing here fails: what cannot be made
//! out is marked by its first character.

use crate::manifest::problem::Problem;

/// The characters of a text that a [`Problem`] is about. They stand on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mark {
    /// The line in the text, counted from one.
    pub line: usize,
    /// The first of them, counted in characters from one.
    pub column: usize,
    /// How many they are; at least one.
    pub length: usize,
    /// The part of the path that is missing below what is marked; empty where the marked characters themselves are wrong.
    pub missing: String,
}

impl Problem {
    /// The characters that it is about, in the text that it was found in; nothing where its place is not known. Cost:
    /// linear in the text.
    ///
    /// ```
    /// use bindery::Reader;
    ///
    /// let text = "apiVersion: v1\nkind: PersistentVolume\nmetadata:\n  labels: no map\n";
    /// let error = Reader::new().read(text).unwrap_err();
    /// let mark = error.problems[0].mark(text).unwrap();
    /// assert_eq!((mark.line, mark.column, mark.length), (4, 11, "no map".len()));
    /// ```
    pub fn mark(&self, text: &str) -> Option<Mark> {
        let Some(line) = text.lines().nth(self.line.checked_sub(1)?) else {
            return end_of(text);
        };
        let begin = line.char_indices().nth(self.column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
        let word = word(line, begin);
        let mut range = (begin, word.end);
        let mut missing = String::new();
        if let Some(after) = word.value {
            match remainder(&self.path, word.name) {
                Some("") if self.is_about_the_value() => range = value(line, after).unwrap_or(range),
                Some(rest) if self.is_about_something_missing() => rest.clone_into(&mut missing),
                None if self.is_about_something_missing() => self.path.clone_into(&mut missing),
                Some(_) | None => {}
            }
        }
        let length = line[range.0..range.1].chars().count().max(1);
        Some(Mark { line: self.line, column: line[..range.0].chars().count() + 1, length, missing })
    }

    fn is_about_something_missing(&self) -> bool {
        self.rule.contains("Required value")
    }

    fn is_about_the_value(&self) -> bool {
        let of_key = ["unknown field", "duplicate field", "Required value"];
        !of_key.iter().any(|words| self.rule.contains(words))
    }
}

/// The place after the last character, where a parser misses something at the end of the text.
fn end_of(text: &str) -> Option<Mark> {
    let (index, last) = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).last()?;
    Some(Mark { line: index + 1, column: last.trim_end().chars().count() + 1, length: 1, missing: String::new() })
}

/// A key, or a value that stands alone.
struct Word<'l> {
    name: &'l str,
    end: usize,
    /// Where what follows the colon of a key begins.
    value: Option<usize>,
}

fn word(line: &str, begin: usize) -> Word<'_> {
    let rest = &line[begin..];
    let (name, end) = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let end = begin + quoted(rest, quote);
            (line[begin + 1..end].trim_end_matches(quote), end)
        }
        Some('[' | '{') => return Word { name: "", end: begin + enclosed(rest), value: None },
        // A parser did not expect it.
        Some(']' | '}' | ',' | ':') => return Word { name: "", end: begin + 1, value: None },
        Some(_) | None => {
            let colon = rest.match_indices(':').map(|(at, _)| at).find(|at| ends_key(&rest[at + 1..]));
            let end = begin + colon.unwrap_or_else(|| plain(line, begin) - begin);
            (line[begin..end].trim_end(), begin + line[begin..end].trim_end().len())
        }
    };
    let after = line[end..].trim_start();
    let value = after.strip_prefix(':').map(|after| line.len() - after.trim_start().len());
    Word { name, end, value }
}

/// Whether a colon before this ends a key.
fn ends_key(after: &str) -> bool {
    after.is_empty() || after.starts_with([' ', '\t', '\r'])
}

/// The begin and the end of the value that begins here, if one stands on this line.
fn value(line: &str, begin: usize) -> Option<(usize, usize)> {
    let rest = &line[begin..];
    let end = match rest.chars().next()? {
        '#' => return None,
        quote @ ('"' | '\'') => begin + quoted(rest, quote),
        '[' | '{' => begin + enclosed(rest),
        _ => plain(line, begin),
    };
    (end > begin).then_some((begin, end))
}

/// The length of a quoted text with its quotes.
fn quoted(text: &str, quote: char) -> usize {
    let escape = if quote == '"' { '\\' } else { quote };
    let mut is_escaped = false;
    let end = text.char_indices().skip(1).find(|(at, c)| {
        let escapes = *c == escape && (escape != quote || text[at + 1..].starts_with(quote));
        let ends = *c == quote && !is_escaped && !escapes;
        is_escaped = escapes && !is_escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

/// The length of a list or map in brackets, or of the part of it that stands on the line.
fn enclosed(text: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '"' | '\'' => {
                at += quoted(&text[at..], c);
                continue;
            }
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            _ => {}
        }
        at += c.len_utf8();
        if depth == 0 {
            return at;
        }
    }
    text.trim_end().len()
}

/// Where a plain scalar ends that begins here.
fn plain(line: &str, begin: usize) -> usize {
    let before = &line[..begin];
    let opened = before.matches(['[', '{']).count();
    let is_in_flow = opened > before.matches([']', '}']).count();
    let rest = &line[begin..];
    let comment = rest.find(" #").unwrap_or(rest.len());
    let flow = rest.find([',', ']', '}']).filter(|_| is_in_flow).unwrap_or(rest.len());
    begin + rest[..comment.min(flow)].trim_end().len()
}

/// What is left of a path after a key, if the key occurs in it.
fn remainder<'p>(path: &'p str, key: &str) -> Option<&'p str> {
    let is_bound = |c: Option<char>| c.is_none_or(|c| matches!(c, '.' | '[' | ']'));
    let found = path.rmatch_indices(key).find(|(at, _)| {
        !key.is_empty() && is_bound(path[..*at].chars().next_back()) && is_bound(path[at + key.len()..].chars().next())
    });
    found.map(|(at, _)| path[at + key.len()..].trim_start_matches([']', '.']))
}

#[cfg(test)]
mod tests {
    use crate::manifest::Problem;
    use crate::manifest::tree::Position;

    fn marked(line: &str, column: usize, path: &str, rule: &str) -> (String, String) {
        let at = Position { line: 1, column };
        let mark = Problem::new("".into(), 1, at, path, rule.to_owned()).mark(line).expect("a mark");
        (line.chars().skip(mark.column - 1).take(mark.length).collect(), mark.missing)
    }

    #[test]
    fn a_wrong_value_is_marked_whole_and_a_wrong_key_alone() {
        let cases = [
            ("  storage: ten # what?", 3, "spec.capacity.storage", "ten"),
            ("  storage: 'te''n'", 3, "spec.capacity.storage", "'te''n'"),
            ("{spec: {size: ten, b: c}}", 9, "spec.size", "ten"),
            ("{spec: {size: [a, {b: ']'}], b: c}}", 9, "spec.size", "[a, {b: ']'}]"),
            ("{\"spec\": {\"size\" : \"t\\\"n\"}}", 11, "spec.size", "\"t\\\"n\""),
            ("  text: a, b", 3, "text", "a, b"),
            ("  ключ: знач", 3, "ключ", "знач"),
            ("  modes: # below", 3, "modes", "modes"),
            ("  modes:", 3, "modes", "modes"),
            ("  - http://a:80", 5, "list[0]", "http://a:80"),
            ("  - 5", 5, "list[0]", "5"),
        ];
        for (line, column, path, expected) in cases {
            assert_eq!(marked(line, column, path, "is wrong"), (expected.to_owned(), String::new()), "{line}");
        }
        let of_key = marked("  size: 5Gi", 3, "spec.size", "unknown field \"spec.size\"");
        assert_eq!(of_key, ("size".to_owned(), String::new()));
    }

    #[test]
    fn what_is_missing_is_named_below_what_is_there() {
        let missing = |path: &str| marked("spec:", 1, path, &format!("{path}: Required value"));
        assert_eq!(missing("spec.accessModes"), ("spec".to_owned(), "accessModes".to_owned()));
        assert_eq!(missing("spec.resources[storage]"), ("spec".to_owned(), "resources[storage]".to_owned()));
        assert_eq!(missing("spec"), ("spec".to_owned(), String::new()));
        assert_eq!(missing("metadata.name"), ("spec".to_owned(), "metadata.name".to_owned()));
    }

    #[test]
    fn a_place_that_is_not_there_marks_something() {
        assert_eq!(marked("ab", 9, "", "is wrong").0, "");
        let after = Problem::new("".into(), 1, Position { line: 7, column: 1 }, "", String::new());
        let mark = after.mark("one\ntwo \n\n").expect("a mark");
        assert_eq!((mark.line, mark.column, mark.length), (2, 4, 1));
        assert_eq!(after.mark("\n"), None);
        let nowhere = Problem::new("".into(), 1, Position::default(), "", String::new());
        assert_eq!(nowhere.mark("text"), None);
    }
}
