//! A small reader of markup, which knows what well formed means: tags are balanced, attributes are quoted and occur
//! once, entities are known, ids are unique, and every reference has its target.

use std::collections::BTreeSet;

/// Panics where a text is not well formed. Returns the names of its elements, in order.
pub(crate) fn check(name: &str, text: &str) -> Vec<String> {
    let (mut open, mut seen): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let (mut ids, mut targets) = (BTreeSet::new(), BTreeSet::new());
    let mut rest = text.trim_end();
    assert!(rest.starts_with('<') && rest.ends_with('>'), "{name}: there is text around the root");
    while let Some(at) = rest.find('<') {
        check_text(name, &rest[..at]);
        let end = at + rest[at..].find('>').unwrap_or_else(|| panic!("{name}: a tag does not end"));
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed), "{name}: before {rest:.60}");
            continue;
        }
        assert!(seen.is_empty() || !open.is_empty(), "{name}: there is a second root");
        let (tag, void) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (element, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(element.chars().all(|letter| letter.is_ascii_alphanumeric()) && !element.is_empty(), "{name}: <{tag}>");
        for (attribute, value) in attributes_of(name, attributes) {
            match attribute.as_str() {
                "id" => assert!(ids.insert(value.clone()), "{name}: id {value} occurs twice"),
                "href" => {
                    let target = value.strip_prefix('#').unwrap_or_else(|| panic!("{name}: leads out: {value}"));
                    targets.insert(target.to_owned());
                }
                "aria-labelledby" => targets.extend(value.split(' ').map(str::to_owned)),
                "src" | "onclick" | "style" => panic!("{name}: there is {attribute} in <{tag}>"),
                _ => {}
            }
        }
        seen.push(element.to_owned());
        if !void {
            open.push(element.to_owned());
        }
    }
    assert_eq!(open, [""; 0], "{name}: not closed");
    let missing: Vec<&String> = targets.difference(&ids).collect();
    assert!(missing.is_empty(), "{name}: nothing has the ids {missing:?}");
    seen
}

fn attributes_of(name: &str, mut text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    while !text.is_empty() {
        let (attribute, rest) = text.split_once("=\"").unwrap_or_else(|| panic!("{name}: no value: {text}"));
        let (value, rest) = rest.split_once('"').unwrap_or_else(|| panic!("{name}: not quoted: {text}"));
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        assert!(!attribute.is_empty() && attribute.chars().all(plain), "{name}: attribute {attribute:?}");
        assert!(found.iter().all(|(held, _)| held != attribute), "{name}: {attribute} occurs twice");
        check_text(name, value);
        found.push((attribute.to_owned(), value.to_owned()));
        assert!(rest.is_empty() || rest.starts_with(' '), "{name}: {rest}");
        text = rest.trim_start();
    }
    found
}

/// No control characters, none that reorder, and no `&` but at the beginning of an entity.
fn check_text(name: &str, text: &str) {
    let bad =
        |letter: char| (letter.is_control() && letter != '\n' && letter != '\t') || "\u{202e}\u{2066}".contains(letter);
    assert!(!text.contains(bad), "{name}: {text:?}");
    for part in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        assert!(known.iter().any(|entity| part.starts_with(entity)), "{name}: &{part:.20}");
    }
}

#[test]
fn what_is_not_well_formed_is_found() {
    assert_eq!(check("good", "<p title=\"a &amp; b\">c<b>d</b><i/></p>"), ["p", "b", "i"]);
    let wrong = [
        "<p>",
        "<p></b>",
        "<p></p><p></p>",
        "<p a=\"1\" a=\"2\"></p>",
        "<p a=1></p>",
        "<p>&nbsp;</p>",
        "<p>a & b</p>",
        "<p id=\"a\"><b id=\"a\"></b></p>",
        "<a href=\"#b\"></a>",
        "<a href=\"https://example.com\"></a>",
        "<p>\u{1b}</p>",
        "<p>\u{202e}</p>",
    ];
    for text in wrong {
        let checked = std::panic::catch_unwind(|| check("wrong", text));
        assert!(checked.is_err(), "{text}");
    }
}
