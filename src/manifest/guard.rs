//! Which YAML the fast pass may read.
//!
//! Its parser finds the same scalars as kubectl's, but takes plain ones for what YAML 1.2 says, knows no merge keys and
//! does not look at what kind of scalar a key is. So it is given only texts that hold nothing on which the two differ.
//! One look at each byte tells; a false alarm, such as a `no` in a comment, costs time and nothing else.

use crate::manifest::plain::{self, Plain};

/// Whether a text may hold a plain scalar that YAML 1.1 and 1.2 read differently, a key that is no text, a merge key, a
/// tag, an alias, one of the characters that end a line in YAML 1.1 only, or a byte order mark within the text.
pub(super) fn is_out_of_the_ordinary(text: &str) -> bool {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.is_ascii() && text.contains(['\u{85}', '\u{2028}', '\u{2029}', '\u{feff}']) {
        return true;
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(first) = bytes.get(at) {
        match CLASSES[usize::from(*first)] {
            Class::Colon if is_empty_key(bytes, at) => return true,
            Class::Blank | Class::Colon => at += 1,
            Class::Indicator => return true,
            Class::Text => at = end_of_word(bytes, at),
            Class::Word => {
                let end = end_of_word(bytes, at);
                let is_key = bytes.get(end) == Some(&b':') && is_blank(bytes.get(end + 1));
                if is_special(&text[at..end], is_key) {
                    return true;
                }
                at = end;
            }
        }
    }
    false
}

/// Whether a plain word is no text to kubectl, and perhaps something else to the parser.
fn is_special(word: &str, is_key: bool) -> bool {
    match word.as_bytes() {
        [b'-'] => return false,
        [b'0'..=b'9'] => return is_key,
        [b'1'..=b'9', rest @ ..] if rest.len() < 18 && rest.iter().all(u8::is_ascii_digit) => return is_key,
        _ => {}
    }
    match plain::resolve(word) {
        Plain::Text | Plain::Time => false,
        Plain::Null => is_key,
        Plain::Bool(_) => is_key || !word.starts_with(['t', 'T', 'f', 'F']),
        Plain::Integer(_) | Plain::Float(_) => true,
    }
}

/// What a byte means at the beginning of a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// White space and flow indicators, which part words.
    Blank,
    /// Parts words, too.
    Colon,
    /// Begins a tag, an alias, an anchor, a directive, a merge or a complex key.
    Indicator,
    /// Begins what may be a number, a boolean or null.
    Word,
    /// Begins nothing but text.
    Text,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Text; 256];
    let mut byte = 0;
    while byte < 128u8 {
        classes[byte as usize] = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b'[' | b']' | b'{' | b'}' => Class::Blank,
            b':' => Class::Colon,
            b'<' | b'!' | b'&' | b'*' | b'?' | b'%' => Class::Indicator,
            b'0'..=b'9' | b'+' | b'-' | b'.' | b'~' => Class::Word,
            letter if matches!(letter.to_ascii_lowercase(), b'y' | b'n' | b'o' | b't' | b'f') => Class::Word,
            _ => Class::Text,
        };
        byte += 1;
    }
    classes
};

fn end_of_word(bytes: &[u8], at: usize) -> usize {
    let parts = |byte: &u8| matches!(CLASSES[usize::from(*byte)], Class::Blank | Class::Colon);
    bytes[at..].iter().position(parts).map_or(bytes.len(), |length| at + length)
}

/// Whether a word ends or begins beside this byte; one that is missing is the begin or the end of the text.
fn is_blank(byte: Option<&u8>) -> bool {
    byte.is_none_or(|byte| CLASSES[usize::from(*byte)] == Class::Blank)
}

/// Whether a colon ends a key of no characters, which is null.
fn is_empty_key(bytes: &[u8], colon: usize) -> bool {
    let before = colon.checked_sub(1).and_then(|before| bytes.get(before));
    is_blank(before) && is_blank(bytes.get(colon + 1))
}
