//! What a scalar without quotes stands for.
//!
//! Kubernetes reads YAML 1.1, with the exceptions of the Go package `go.yaml.in/yaml/v2` that `sigs.k8s.io/yaml`
//! wraps: `yes` and `on` are booleans, `010` is eight and `1_000` a thousand, but `190:20:30` is text. Reading
//! resolves by these rules, and writing quotes whatever they would not read back as text.

use std::borrow::Cow;

/// The meaning of a plain scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Plain {
    Null,
    Bool(bool),
    /// At least what 64 bits with a sign hold, at most what 64 bits without one hold.
    Integer(i128),
    /// Infinite and not a number, too, which JSON does not have.
    Float(f64),
    /// An instant or a date. It stays text, but is quoted when it is written.
    Time,
    Text,
}

/// Resolves a plain scalar.
pub(super) fn resolve(text: &str) -> Plain {
    match text.as_bytes().first() {
        None => Plain::Null,
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text),
        Some(b'.') => special_float(text).or_else(|| fraction(text)).unwrap_or(Plain::Text),
        Some(b'+' | b'-' | b'0'..=b'9') => number(text),
        Some(_) => Plain::Text,
    }
}

fn word(text: &str) -> Plain {
    match text {
        "~" | "null" | "Null" | "NULL" => Plain::Null,
        "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Plain::Bool(true),
        "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Plain::Bool(false),
        _ => Plain::Text,
    }
}

fn special_float(text: &str) -> Option<Plain> {
    let value = match text {
        ".nan" | ".NaN" | ".NAN" => f64::NAN,
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => f64::INFINITY,
        "-.inf" | "-.Inf" | "-.INF" => f64::NEG_INFINITY,
        _ => return None,
    };
    Some(Plain::Float(value))
}

fn number(text: &str) -> Plain {
    if is_time(text) {
        return Plain::Time;
    }
    let digits = if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    special_float(text)
        .or_else(|| integer(&digits))
        .or_else(|| float(&digits))
        .or_else(|| signed_binary(&digits))
        .unwrap_or(Plain::Text)
}

/// An integer, of which the base shows in its prefix: `0x`, `0b`, `0o` or `0`.
fn integer(text: &str) -> Option<Plain> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (Some(-1), &text[1..]),
        b'+' => (Some(1), &text[1..]),
        _ => (None, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    let value = i128::from(magnitude(digits, radix)?) * sign.unwrap_or(1);
    // Only a number without a sign may use all 64 bits.
    (sign.is_none() || i64::try_from(value).is_ok()).then_some(Plain::Integer(value))
}

fn magnitude(digits: &str, radix: u32) -> Option<u64> {
    let is_digit = |digit: u8| char::from(digit).is_digit(radix);
    if digits.bytes().all(is_digit) { u64::from_str_radix(digits, radix).ok() } else { None }
}

/// Go's parser of binary numbers is given what follows `0b`, and takes a sign there.
fn signed_binary(text: &str) -> Option<Plain> {
    let (sign, digits) = match text.strip_prefix("0b")?.as_bytes() {
        [b'-', ..] => (-1, &text[3..]),
        [b'+', ..] => (1, &text[3..]),
        _ => return None,
    };
    let value = i128::from(magnitude(digits, 2)?) * sign;
    i64::try_from(value).is_ok().then_some(Plain::Integer(value))
}

/// A float that begins with its point. Only here must underscores stand between digits.
fn fraction(text: &str) -> Option<Plain> {
    let bytes = text.as_bytes();
    let stray = |at: usize| !matches!(bytes[at - 1..], [b'0'..=b'9', b'_', b'0'..=b'9', ..]);
    if text.match_indices('_').any(|(at, _)| stray(at)) { None } else { float(&text.replace('_', "")) }
}

/// A decimal number with a fraction, an exponent or more digits than an integer has.
fn float(text: &str) -> Option<Plain> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(a, b)| (a, Some(b)));
    let is_decimal = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    let has_shape = is_decimal(whole)
        && fraction.is_none_or(is_decimal)
        && !(whole.is_empty() && fraction.is_none_or(str::is_empty))
        && exponent.is_none_or(|digits| !digits.is_empty() && is_decimal(digits));
    let value = if has_shape { text.parse::<f64>().ok()? } else { return None };
    // What is too large for a float stays text.
    value.is_finite().then_some(Plain::Float(value))
}

/// Whether a text is a date, or an instant in one of the shapes `2001-12-14T21:59:43.10Z`, with a zone such as
/// `-05:00` or with a space and no zone. Fields need not have two digits.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 5 || !bytes[..4].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let mut rest = Fields { rest: &text[4..] };
    let year = bytes[..4].iter().fold(0, |year, digit| year * 10 + u32::from(digit - b'0'));
    rest.date(year).is_some() && (rest.rest.is_empty() || rest.time_of_day().is_some() && rest.rest.is_empty())
}

/// The part of an instant that is still to be read.
struct Fields<'t> {
    rest: &'t str,
}

impl Fields<'_> {
    fn date(&mut self, year: u32) -> Option<()> {
        self.take(b"-")?;
        let month = self.number(1, 12)?;
        self.take(b"-")?;
        let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        self.number(1, days).map(|_| ())
    }

    fn time_of_day(&mut self) -> Option<()> {
        let zoned = self.take(b"Tt ")? != b' ';
        if !zoned {
            self.rest = self.rest.trim_start_matches(' ');
        }
        self.number(0, 23)?;
        self.take(b":")?;
        self.number(0, 59)?;
        self.take(b":")?;
        self.number(0, 59)?;
        if matches!(self.rest.as_bytes(), [b'.' | b',', b'0'..=b'9', ..]) {
            self.rest = self.rest[1..].trim_start_matches(|c: char| c.is_ascii_digit());
        }
        if zoned { self.zone() } else { Some(()) }
    }

    fn zone(&mut self) -> Option<()> {
        if self.take(b"Z+-")? == b'Z' {
            return Some(());
        }
        let two_digits = matches!(self.rest.as_bytes(), [_, _, b':', _, b'0'..=b'9']);
        self.number(0, 24)?;
        self.take(b":")?;
        self.number(0, 60)?;
        two_digits.then_some(())
    }

    fn take(&mut self, expected: &[u8]) -> Option<u8> {
        let first = *self.rest.as_bytes().first().filter(|first| expected.contains(first))?;
        self.rest = &self.rest[1..];
        Some(first)
    }

    /// A number of one or two digits.
    fn number(&mut self, least: u32, most: u32) -> Option<u32> {
        let digits = self.rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let value = self.rest[..digits].parse().ok()?;
        self.rest = &self.rest[digits..];
        (least..=most).contains(&value).then_some(value)
    }
}
