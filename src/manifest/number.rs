//! Numbers as kubectl writes them.
//!
//! Whatever kubectl reads or prints has passed through an `int64` or, where that is too small, a `float64`. So the
//! text of a number in a manifest is not what the API server sees: `1.50` arrives as `1.5`, `1e3` as `1000` and 2^64
//! as `18446744073709552000`. Quantities are parsed from that text.

use std::fmt::LowerExp;

/// The JSON text of an integer.
#[expect(clippy::cast_precision_loss, reason = "kubectl loses the same digits")]
pub(super) fn integer_in_json(value: i128) -> String {
    i64::try_from(value).map_or_else(|_| float_in_json(value as f64), |value| value.to_string())
}

/// The JSON text of a finite float: plain between 1e-6 and 1e21, with an exponent elsewhere.
pub(super) fn float_in_json(value: f64) -> String {
    let decimal = Decimal::of(value);
    match decimal.exponent {
        _ if value == 0.0 => "0".to_owned(),
        -6..21 => decimal.plain(),
        exponent if exponent < 0 => format!("{}e{exponent}", decimal.mantissa()),
        exponent => format!("{}e+{exponent}", decimal.mantissa()),
    }
}

/// The JSON text of a number that was written in another way.
pub(super) fn in_json(text: &str) -> String {
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(value), _) => value.to_string(),
        (Err(_), Ok(value)) => float_in_json(value),
        (Err(_), Err(_)) => text.to_owned(),
    }
}

/// The YAML text of a number. What fits no integer of 64 bits gets an exponent from a million on.
pub(super) fn in_yaml(text: &str) -> String {
    let json = in_json(text);
    match (json.parse::<i64>(), json.parse::<u64>(), json.parse::<f64>()) {
        (Err(_), Err(_), Ok(value)) => shortest(value),
        _ => json,
    }
}

/// The text that a float has as a key of a map, for which kubectl keeps no more than 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "kubectl loses the same digits")]
pub(super) fn float_as_key(value: f64) -> String {
    let value = value as f32;
    if value.is_finite() {
        return shortest(value);
    }
    let special = if value.is_nan() {
        ".nan"
    } else if value > 0.0 {
        ".inf"
    } else {
        "-.inf"
    };
    special.to_owned()
}

/// The shorter of the two ways to write a finite float, by the rule of C's `%g` for six digits.
fn shortest<T: LowerExp>(value: T) -> String {
    let decimal = Decimal::of(value);
    match decimal.exponent {
        -4..6 => decimal.plain(),
        exponent if exponent < 0 => format!("{}e-{:02}", decimal.mantissa(), -exponent),
        exponent => format!("{}e+{exponent:02}", decimal.mantissa()),
    }
}

/// The fewest digits that tell a float from its neighbours; the first stands before the point.
struct Decimal {
    sign: &'static str,
    digits: String,
    exponent: i32,
}

impl Decimal {
    fn of<T: LowerExp>(value: T) -> Self {
        let fewest = format!("{value:e}");
        let fraction = fewest.bytes().skip_while(|c| *c != b'.').skip(1).take_while(u8::is_ascii_digit).count();
        // With a fixed number of digits a tie goes to the even one, as it does in Go.
        let text = format!("{value:.fraction$e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        Self {
            sign: if digits.starts_with('-') { "-" } else { "" },
            digits: digits.chars().filter(char::is_ascii_digit).collect(),
            exponent: exponent.parse().unwrap_or_default(),
        }
    }

    fn mantissa(&self) -> String {
        match self.digits.split_at(1) {
            (whole, "") => format!("{}{whole}", self.sign),
            (whole, fraction) => format!("{}{whole}.{fraction}", self.sign),
        }
    }

    fn plain(&self) -> String {
        let Self { sign, digits, exponent } = self;
        let Ok(point) = usize::try_from(exponent + 1) else {
            let zeros = usize::try_from(-exponent - 1).unwrap_or_default();
            return format!("{sign}0.{:0>zeros$}{digits}", "");
        };
        match digits.split_at_checked(point) {
            Some(("", fraction)) => format!("{sign}0.{fraction}"),
            Some((whole, fraction)) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
            Some(_) | None => format!("{sign}{digits:0<point$}"),
        }
    }
}
