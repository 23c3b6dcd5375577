//! Counts of pods that may be given as percentages.

use crate::api::path::{At, Errors};
use crate::model::field_error::{FieldError, go_json};
use crate::model::int_or_string::IntOrString;

/// A count is not negative, and a text is a percentage.
pub(super) fn validate_share(errors: &mut Errors, at: &At, share: &IntOrString) {
    match share {
        IntOrString::Int(number) => errors.not_negative(*at, *number),
        IntOrString::String(_) if percent(share).is_some() => {}
        IntOrString::String(_) => {
            let rule = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', \
                        regex used for validation is '[0-9]+%')";
            errors.push(FieldError::invalid_json(at, go_json(share), rule));
        }
    }
}

/// A percentage is one of a whole.
pub(super) fn validate_part(errors: &mut Errors, at: &At, share: &IntOrString) {
    if percent(share).is_some_and(|percent| percent > 100) {
        errors.push(FieldError::invalid_json(*at, go_json(share), "must not be greater than 100%"));
    }
}

/// The percentage of a text of digits and a percent sign.
fn percent(share: &IntOrString) -> Option<i64> {
    let IntOrString::String(text) = share else {
        return None;
    };
    let digits = text.strip_suffix('%').filter(|digits| !digits.is_empty())?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().unwrap_or(i64::MAX))
}

/// The number or the percentage; of any other text the number that it is.
pub(super) fn number_of(share: &IntOrString) -> i64 {
    match share {
        IntOrString::Int(number) => i64::from(*number),
        IntOrString::String(text) => percent(share).or_else(|| text.parse().ok()).unwrap_or_default(),
    }
}
