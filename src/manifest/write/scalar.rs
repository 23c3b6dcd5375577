//! How a string is written: plain, quoted or as a literal block.

use crate::manifest::plain::{self, Plain};
use crate::manifest::write::yaml::Page;

/// The ways to write a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// The lines as they are, below a `|`.
    Literal,
}

impl Style {
    /// The first of the styles, in kubectl's order of preference, that can express a string.
    pub(super) fn of(text: &str) -> Self {
        let needs_escapes = text.chars().any(is_escaped);
        if text.contains('\n') {
            // Spaces at the end of a line would be lost to whoever looks at it, or to an editor.
            let is_literal = !needs_escapes && !text.contains(" \n") && !text.ends_with(' ');
            return if is_literal { Self::Literal } else { Self::DoubleQuoted };
        }
        let is_text = plain::resolve(text) == Plain::Text && !is_base_60(text);
        match (is_text, needs_escapes) {
            (false, _) | (true, true) => Self::DoubleQuoted,
            (true, false) if is_special(text) => Self::SingleQuoted,
            (true, false) => Self::Plain,
        }
    }
}

/// Numbers such as `190:20:30` are text to Kubernetes, but not to every parser.
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (number, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_grouped = |digits: &str| digits.bytes().all(|c| c.is_ascii_digit() || c == b'_');
    let mut places = number.split(':');
    let first = places.next().unwrap_or_default();
    number.contains(':')
        && first.starts_with(|c: char| c.is_ascii_digit())
        && is_grouped(first)
        && is_grouped(fraction)
        && places.all(|place| matches!(place.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']))
}

/// No plain scalar begins with one of these.
const INDICATORS: &[char] = &['#', ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', ' '];

/// Whether a string would end early, or begin something else, if it were plain.
fn is_special(text: &str) -> bool {
    let is_alone = |first: char| text.strip_prefix(first).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    let begins_indicator = text.starts_with(INDICATORS) || ['-', '?', ':'].into_iter().any(is_alone);
    let begins_marker = text.starts_with("---") || text.starts_with("...");
    begins_indicator || begins_marker || text.ends_with([' ', ':']) || text.contains(": ") || text.contains(" #")
}

/// Whether only an escape in double quotes can express a character. Kubernetes escapes what lies beyond the basic
/// multilingual plane, such as emoji, too.
fn is_escaped(c: char) -> bool {
    !matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{fffd}') || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

/// Writes a string. `indent` is that of further lines; without one the string stays on its line.
pub(super) fn write(page: &mut Page, text: &str, style: Style, indent: Option<usize>) {
    match style {
        Style::Plain => fold(page, text, indent),
        Style::SingleQuoted => {
            page.push("'");
            fold(page, &text.replace('\'', "''"), indent);
            page.push("'");
        }
        Style::DoubleQuoted => {
            page.push("\"");
            write_escaped(page, text, indent);
            page.push("\"");
        }
        Style::Literal => write_literal(page, text, indent.unwrap_or_default()),
    }
}

/// Writes text in which a line break stands for a single space.
fn fold(page: &mut Page, text: &str, indent: Option<usize>) {
    let mut previous = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        // Spaces at the ends and rows of spaces would not survive.
        let can_break = c == ' ' && previous != ' ' && rest.peek().is_some_and(|next| *next != ' ');
        match indent {
            Some(indent) if can_break && page.is_wide() => page.start_line(indent),
            _ => page.push_char(c),
        }
        previous = c;
    }
}

fn write_escaped(page: &mut Page, text: &str, indent: Option<usize>) {
    // After a byte order mark Kubernetes escapes everything.
    let marked = text.starts_with('\u{feff}');
    let mut after_space = true;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match (indent, rest.peek()) {
            (Some(indent), Some(next)) if c == ' ' && !marked && !after_space && page.is_wide() => {
                page.start_line(indent);
                if *next == ' ' {
                    page.push("\\");
                }
            }
            _ if marked || matches!(c, '"' | '\\' | '\n') || is_escaped(c) => page.push(&escape(c)),
            _ => page.push_char(c),
        }
        after_space = c == ' ' && !marked;
    }
}

fn escape(c: char) -> String {
    let letter = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            return match u32::from(c) {
                code @ ..=0xff => format!("\\x{code:02X}"),
                code @ 0x100..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{letter}")
}

fn write_literal(page: &mut Page, text: &str, indent: usize) {
    page.push("|");
    if text.starts_with([' ', '\n']) {
        // The indent cannot be told from such a first line.
        page.push("2");
    }
    match text.strip_suffix('\n') {
        None => page.push("-"),
        Some(body) if body.is_empty() || body.ends_with('\n') => page.push("+"),
        Some(_) => {}
    }
    page.break_line();
    for line in text.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some("") => page.break_line(),
            Some(line) => {
                page.indent(indent);
                page.push(line);
                page.break_line();
            }
            None => {
                page.indent(indent);
                page.push(line);
            }
        }
    }
}
