//! Which YAML the fast pass may read.
//!
//! Its parser finds the same scalars as kubectl's, but takes plain ones for what YAML 1.2 says, knows no merge keys and
//! does not look at what kind of scalar a key is. So it is given only texts that hold nothing on which the two differ.
//! One look at each byte tells; a false alarm, such as a line of a script that is `no`, costs time and nothing else.
//!
//! A word matters only where it may be a whole scalar. One that follows another on its line, or that another follows, is
//! part of a sentence, whatever it would mean alone: `kubelet has no disk pressure`, `nginx:1.25`.

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
    // Whether what stands before this on the line is a word, so that the next one goes on with its scalar.
    let mut goes_on = false;
    while let Some(first) = bytes.get(at) {
        match CLASSES[usize::from(*first)] {
            Class::Blank => {
                goes_on &= matches!(first, b' ' | b'\t');
                at += 1;
            }
            Class::Colon if is_empty_key(bytes, at) => return true,
            Class::Colon => {
                goes_on = is_within_word(bytes, at);
                at += 1;
            }
            Class::Indicator if !goes_on && !matches!(bytes[at..], [b'<', other, ..] if other != b'<') => return true,
            Class::Text | Class::Indicator => {
                at = end_of_word(bytes, at);
                goes_on = true;
            }
            Class::Word => {
                let end = end_of_word(bytes, at);
                let word = &text[at..end];
                if !goes_on && !matches!(word, "-" | "---" | "...") {
                    let next = after_blanks(bytes, end);
                    let is_key = bytes.get(next) == Some(&b':') && is_blank(bytes.get(next + 1));
                    if (is_key || is_end(bytes.get(next))) && is_special(word, is_key) {
                        return true;
                    }
                    goes_on = true;
                }
                at = end;
            }
        }
    }
    false
}

/// The place of the first byte from here on that is no space.
fn after_blanks(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| !matches!(byte, b' ' | b'\t')).map_or(bytes.len(), |blanks| at + blanks)
}

/// Whether a scalar may end before this byte; one that is missing is the end of the text.
fn is_end(byte: Option<&u8>) -> bool {
    byte.is_none_or(|byte| matches!(byte, b'\n' | b'\r' | b'#' | b',' | b'[' | b']' | b'{' | b'}' | b':'))
}

/// Whether a colon is a letter like any other, as in `nginx:1.25`. After a quote it may end a key all the same.
fn is_within_word(bytes: &[u8], colon: usize) -> bool {
    let before = colon.checked_sub(1).and_then(|before| bytes.get(before));
    !is_blank(before) && !matches!(before, Some(b'"' | b'\'' | b':')) && !is_blank(bytes.get(colon + 1))
}

/// Whether a plain word is no text to kubectl, and perhaps something else to the parser.
fn is_special(word: &str, is_key: bool) -> bool {
    match word.as_bytes() {
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
