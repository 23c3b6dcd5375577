//! The order of keys in YAML.
//!
//! Numbers within keys are compared by value, and letters come after everything else. This is no true order: `2`
//! stands before `12`, `12` before `1a` and `1a` before `2`. Kubernetes prints such keys as chance has it; here each
//! key goes to where it belongs among those that precede it in plain order.

use crate::model::json::Json;
use crate::model::text::Text;

/// The entries of a map in the order in which they are printed.
pub(super) fn ordered(entries: &[(Text, Json)]) -> Vec<&(Text, Json)> {
    let mut plain: Vec<&(Text, Json)> = entries.iter().collect();
    plain.sort_by_key(|entry| &entry.0);
    let mut ordered: Vec<&(Text, Json)> = Vec::with_capacity(plain.len());
    for entry in plain {
        let place = ordered.partition_point(|known| !is_before(&entry.0, &known.0));
        ordered.insert(place, entry);
    }
    ordered
}

fn is_before(a: &str, b: &str) -> bool {
    let common: usize = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let (Some(first), Some(second)) = (a[common..].chars().next(), b[common..].chars().next()) else {
        return a.len() < b.len();
    };
    match (first.is_alphabetic(), second.is_alphabetic()) {
        (true, true) => first < second,
        (true, false) => false,
        (false, true) => true,
        (false, false) => {
            // Zeros count only behind another digit of the same number.
            let within_number = [first, second].contains(&'0') && ends_in_number(&a[..common]);
            let (a, b) = (Number::at(&a[common..], within_number), Number::at(&b[common..], within_number));
            (a.value, a.digits, first) < (b.value, b.digits, second)
        }
    }
}

fn ends_in_number(text: &str) -> bool {
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit);
    digits.into_iter().any(|digit| digit != b'0')
}

struct Number {
    value: i64,
    digits: usize,
}

impl Number {
    /// The number with which a text begins; zero, of no digits, where it begins with something else.
    fn at(text: &str, within_number: bool) -> Self {
        let digits = text.bytes().take_while(u8::is_ascii_digit);
        // Overflow is part of the order: uids and dates in keys may have any number of digits.
        let value = digits.clone().fold(i64::from(within_number), |value, digit| {
            value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'))
        });
        Self { value, digits: digits.count() }
    }
}
