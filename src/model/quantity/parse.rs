//! Text to quantity, rule by rule as Kubernetes reads it.
//!
//! Which texts are kept as written follows from the two ways in which the original holds a number: a short one
//! is kept scaled together with its text, a long one is expanded and its text forgotten.

use crate::model::quantity::amount::{Amount, Limbs, NANOS_PER_UNIT};
use crate::model::quantity::{Format, Quantity, QuantityError};
use crate::model::text::Text;

/// The longest text of digits that is handled.
pub(super) const MAX_DIGITS: usize = 10_000;
/// The largest decimal exponent, either side of zero, that is handled.
pub(super) const MAX_EXPONENT: i64 = 10_000;
/// A decimal mantissa of so many digits always fits 64 bits; Kubernetes holds it scaled, with its text.
pub(super) const SHORT_MANTISSA: usize = 18;

const PLACES: i64 = 9;

/// A text, taken apart.
struct Parts<'a> {
    negative: bool,
    /// Digits before the point, without leading zeros.
    whole: &'a [u8],
    /// Digits behind the point.
    fraction: &'a [u8],
    /// Whether there was any digit at all.
    has_digits: bool,
    suffix: &'a str,
}

/// What a suffix multiplies with.
#[derive(Clone, Copy)]
enum Scale {
    Binary(u32),
    Decimal(i64),
}

pub(super) fn parse(text: &str) -> Result<Quantity, QuantityError> {
    let parts = split(text)?;
    let (scale, format) = interpret(parts.suffix)?;
    if parts.whole.len() + parts.fraction.len() > MAX_DIGITS {
        return Err(QuantityError::Range);
    }
    let short = is_short(&parts, scale);
    if !short && !parts.has_digits {
        return Err(QuantityError::Number);
    }
    if parts.whole.is_empty() && parts.fraction.iter().all(|digit| *digit == b'0') {
        // Kubernetes forgets the suffix of a short zero's text, but not its format.
        return Ok(Quantity { amount: Amount::default(), format, written: None });
    }
    match scale {
        Scale::Decimal(exponent) if exponent.abs() > MAX_EXPONENT => Err(QuantityError::Range),
        Scale::Decimal(exponent) => Ok(decimal(text, &parts, exponent, format, short)),
        Scale::Binary(power) => Ok(binary(text, &parts, power, short)),
    }
}

fn split(text: &str) -> Result<Parts<'_>, QuantityError> {
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return Err(QuantityError::Shape);
    }
    let digits_from = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(matches!(bytes[0], b'-' | b'+'));
    let whole_end = sign + digits_from(sign);
    let (fraction_start, fraction_end) = match bytes.get(whole_end) {
        Some(b'.') => (whole_end + 1, whole_end + 1 + digits_from(whole_end + 1)),
        _ => (whole_end, whole_end),
    };
    let letters = bytes[fraction_end..].iter().take_while(|byte| b"eEinumkKMGTP".contains(byte)).count();
    let mut end = fraction_end + letters;
    if end < bytes.len() {
        end += usize::from(matches!(bytes[end], b'-' | b'+'));
        end += digits_from(end);
    }
    if end < bytes.len() {
        return Err(QuantityError::Shape);
    }
    let whole = &bytes[sign..whole_end];
    let zeros = whole.iter().take_while(|byte| **byte == b'0').count();
    Ok(Parts {
        negative: bytes[0] == b'-',
        whole: &whole[zeros..],
        fraction: &bytes[fraction_start..fraction_end],
        has_digits: !whole.is_empty() || fraction_end > fraction_start,
        suffix: &text[fraction_end..],
    })
}

fn interpret(suffix: &str) -> Result<(Scale, Format), QuantityError> {
    let decimal = |exponent| Ok((Scale::Decimal(exponent), Format::Decimal));
    let binary = |power| Ok((Scale::Binary(power), Format::Binary));
    match suffix {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => {
            let digits = suffix.strip_prefix(['e', 'E']).ok_or(QuantityError::Suffix)?;
            let exponent = digits.parse().map_err(|_| QuantityError::Suffix)?;
            Ok((Scale::Decimal(exponent), Format::Exponent))
        }
    }
}

pub(super) fn decimal_suffix(exponent: i32) -> Option<&'static str> {
    Some(match exponent {
        -9 => "n",
        -6 => "u",
        -3 => "m",
        0 => "",
        3 => "k",
        6 => "M",
        9 => "G",
        12 => "T",
        15 => "P",
        18 => "E",
        _ => return None,
    })
}

/// Whether Kubernetes holds the number scaled in 64 bits, by its estimate of the digits that it needs.
fn is_short(parts: &Parts<'_>, scale: Scale) -> bool {
    let whole = parts.whole.len().max(1);
    match scale {
        Scale::Decimal(exponent) => {
            let places = i64::try_from(parts.fraction.len()).unwrap_or(i64::MAX);
            whole + parts.fraction.len() <= SHORT_MANTISSA && exponent.saturating_sub(places) >= -PLACES
        }
        Scale::Binary(power) => {
            let digits = u64::from(power) * 3 / 10;
            parts.fraction.is_empty() && whole as u64 + digits < 15
        }
    }
}

fn decimal(text: &str, parts: &Parts<'_>, exponent: i64, format: Format, short: bool) -> Quantity {
    let places = i64::try_from(parts.fraction.len()).unwrap_or(i64::MAX);
    let mut digits = [parts.whole, parts.fraction].concat();
    let scale = exponent - places;
    let canonical = !parts.whole.is_empty() && scale % 3 == 0 && !digits.ends_with(b"000");
    let written = (short && canonical).then(|| Text::from(text));
    // The digits count units of 10^scale; bring them to nanos.
    let shift = scale + PLACES;
    let mut magnitude = if shift >= 0 {
        digits.resize(digits.len() + usize::try_from(shift).unwrap_or_default(), b'0');
        Limbs::from_digits(&digits)
    } else {
        let lost = usize::try_from(-shift).unwrap_or(usize::MAX);
        let kept = digits.len().saturating_sub(lost);
        let mut kept_digits = digits[..kept].to_vec();
        let inexact = digits[kept..].iter().any(|digit| *digit != b'0');
        // One more limb below the nanos carries what is rounded away from zero.
        kept_digits.extend_from_slice(if inexact { b"000000001" } else { b"000000000" });
        let mut limbs = Limbs::from_digits(&kept_digits);
        limbs.drop_limbs(1);
        limbs
    };
    if magnitude.is_zero() {
        // Whatever is not zero is at least the smallest number that can be told from it.
        magnitude = Limbs::from_digits(b"1");
    }
    Quantity { amount: Amount::from_limbs(parts.negative, magnitude), format, written }
}

fn binary(text: &str, parts: &Parts<'_>, power: u32, short: bool) -> Quantity {
    // Align the fraction to whole limbs so that its lowest limb is known when it is rounded away.
    let places = parts.fraction.len().div_ceil(9).max(1) * 9;
    let mut digits = [parts.whole, parts.fraction].concat();
    digits.resize(parts.whole.len() + places, b'0');
    let mut magnitude = Limbs::from_digits(&digits);
    for _ in 0..power / 10 {
        magnitude.multiply_small(1024);
    }
    magnitude.drop_limbs(places / 9 - 1);
    let cap = i128::from(i64::MAX) * i128::from(NANOS_PER_UNIT);
    let magnitude_amount = Amount::from_limbs(false, magnitude);
    let capped = magnitude_amount.min(Amount::from_nanos(cap));
    let below_one = capped < Amount::from_units(1);
    let amount = if parts.negative { Amount::default().minus(&capped) } else { capped };
    // A text whose lowest three bits are not all zero cannot be expressed with the next larger suffix.
    let odd = parts.whole.iter().rev().take(3).rev().fold(0, |low, digit| low * 10 + u32::from(digit - b'0')) % 8 != 0;
    let written = (short && odd).then(|| Text::from(text));
    let format = if below_one { Format::Decimal } else { Format::Binary };
    Quantity { amount, format, written }
}
