//! Quantities: exact numbers with a suffix, such as `5Gi`, `1500m` or `1e3`.
//!
//! Parsing, comparing and printing follow `k8s.io/apimachinery/pkg/api/resource` of Kubernetes 1.36, of which the
//! recordings in `quantities.jsonl` are the evidence. Numbers are exact: no float is ever involved, and a number
//! that does not fit 64 bits is kept in full where Kubernetes keeps it.
//!
//! A quantity remembers how it was written in two ways: by its [`Format`], which decides the suffix when it is
//! printed, and, where the text already has the canonical scale, by the text itself (`+5Gi`, `1e03`).

mod amount;
mod parse;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::model::text::Text;
use amount::Amount;

/// The family of suffixes with which a quantity was written and is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Powers of 1024: `Ki`, `Mi`, `Gi`, `Ti`, `Pi`, `Ei`.
    Binary,
    /// Powers of 1000: `n`, `u`, `m`, none, `k`, `M`, `G`, `T`, `P`, `E`.
    #[default]
    Decimal,
    /// A power of ten: `e3`, `E-6`.
    Exponent,
}

/// Why a text is no quantity. The first three are Kubernetes' own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantityError {
    /// The text has not the shape of a quantity.
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Shape,
    /// There is no digit where the suffix needs one.
    #[error("unable to parse numeric part of quantity")]
    Number,
    /// The suffix is none of those that exist.
    #[error("unable to parse quantity's suffix")]
    Suffix,
    /// The number is so large, or so long, that handling it would need unbounded time or memory. Kubernetes
    /// accepts such a text and fails later.
    #[error(
        "quantity is out of range: at most {} digits and exponents of at most {} are handled",
        parse::MAX_DIGITS,
        parse::MAX_EXPONENT
    )]
    Range,
}

/// An exact number of bytes, or of whatever the resource counts.
///
/// Equality and order are those of the number: `1Gi` equals `1024Mi` and `1073741824`.
///
/// ```
/// use bindery::Quantity;
///
/// let quantity: Quantity = "1.5Gi".parse()?;
/// assert_eq!(quantity.to_string(), "1536Mi");
/// assert!(quantity > "1500Mi".parse()?);
/// # Ok::<(), bindery::QuantityError>(())
/// ```
#[derive(Clone, Default)]
pub struct Quantity {
    amount: Amount,
    format: Format,
    /// The text as it was written, kept only where Kubernetes keeps it.
    written: Option<Text>,
}

impl Quantity {
    /// Parses a quantity as Kubernetes does. Surrounding space is an error here; in a manifest it is cut off.
    ///
    /// # Errors
    /// [`QuantityError`] says which part of the text is wrong.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        parse::parse(text)
    }

    /// Parses a quantity as it stands in a manifest, where spaces around it are cut off (`FIELD-15`). A line end is
    /// none of them: JSON writes it as an escape.
    pub(crate) fn parse_in_manifest(text: &str) -> Result<Self, QuantityError> {
        Self::parse(text.trim_matches(|c: char| c.is_whitespace() && c >= ' '))
    }

    /// A whole number of bytes, printed with binary suffixes.
    pub fn from_bytes(bytes: i64) -> Self {
        Self { amount: Amount::from_units(bytes), format: Format::Binary, written: None }
    }

    /// A whole number of things, printed with decimal suffixes.
    pub fn from_number(number: i64) -> Self {
        Self { amount: Amount::from_units(number), format: Format::Decimal, written: None }
    }

    /// The family of suffixes it is printed with.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether it is greater than zero.
    pub fn is_positive(&self) -> bool {
        self.amount.sign() == Ordering::Greater
    }

    /// Whether it is less than zero.
    pub fn is_negative(&self) -> bool {
        self.amount.sign() == Ordering::Less
    }

    /// Whether it is zero, as it is when nothing was said.
    pub fn is_zero(&self) -> bool {
        self.amount.sign() == Ordering::Equal
    }

    /// Whether it is a whole number of units.
    pub fn is_whole(&self) -> bool {
        self.amount.is_multiple_of_nanos(amount::NANOS_PER_UNIT)
    }

    /// The number of whole units, rounded away from zero; `None` where it does not fit 64 bits.
    pub fn value(&self) -> Option<i64> {
        self.amount.units_rounded_away()
    }

    /// The number of thousandths, rounded away from zero; `None` where it does not fit 64 bits.
    pub fn milli_value(&self) -> Option<i64> {
        self.amount.thousandths_rounded_away()
    }

    /// Whole units as Kubernetes' 64-bit arithmetic has them (`HELP-10`): rounded up, and beyond 2^63-1 whatever
    /// the overflow leaves, which for `10E` is 0.
    ///
    /// Only the check of a claim that names its volume (`SAT-2`) compares such numbers; everything else compares
    /// exactly.
    pub fn overflowing_value(&self) -> i64 {
        self.overflowing(amount::NANOS_PER_UNIT)
    }

    /// Thousandths as Kubernetes' 64-bit arithmetic has them.
    pub(crate) fn overflowing_milli_value(&self) -> i64 {
        self.overflowing(amount::NANOS_PER_MILLI)
    }

    fn overflowing(&self, unit: u32) -> i64 {
        self.amount.counted_in(unit).unwrap_or_else(|low_bits| {
            // A short decimal mantissa is held scaled, and scaling it up fails as a whole; a long one is a big integer
            // of which the low 64 bits are taken.
            let (mantissa, _) = self.amount.decimal_parts();
            let digits = mantissa.trim_start_matches('-').len();
            if self.format != Format::Binary && digits <= parse::SHORT_MANTISSA { 0 } else { low_bits }
        })
    }

    /// The smallest multiple of 1/1000 that is not nearer to zero (`FIELD-8`). A text that was kept as written is
    /// kept where nothing had to be rounded.
    #[must_use]
    pub fn rounded_to_milli(&self) -> Self {
        self.rounded_to(amount::NANOS_PER_MILLI)
    }

    /// Whether it is a multiple of 1/1000.
    pub(crate) fn is_rounded_to_milli(&self) -> bool {
        self.amount.is_multiple_of_nanos(amount::NANOS_PER_MILLI)
    }

    /// The smallest whole number that is not nearer to zero.
    #[must_use]
    pub fn rounded_to_unit(&self) -> Self {
        self.rounded_to(amount::NANOS_PER_UNIT)
    }

    fn rounded_to(&self, nanos: u32) -> Self {
        if self.amount.is_multiple_of_nanos(nanos) {
            return self.clone();
        }
        Self { amount: self.amount.rounded_away(nanos), format: self.format, written: None }
    }

    /// The sum, printed in the format of `self` unless that is zero.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let format = if self.is_zero() { other.format } else { self.format };
        Self { amount: self.amount.plus(&other.amount), format, written: None }
    }

    /// The difference, printed in the format of `self` unless that is zero.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let format = if self.is_zero() { other.format } else { self.format };
        Self { amount: self.amount.minus(&other.amount), format, written: None }
    }

    /// The canonical form: no fraction, and the largest suffix that loses nothing.
    fn canonical(&self) -> String {
        if self.is_zero() {
            return "0".to_owned();
        }
        if self.format == Format::Binary
            && self.is_whole()
            && let Some((mantissa, suffix)) = self.amount.binary_parts()
        {
            return format!("{mantissa}{suffix}");
        }
        let (mantissa, exponent) = self.amount.decimal_parts();
        match self.format {
            Format::Exponent if exponent != 0 => format!("{mantissa}e{exponent}"),
            Format::Exponent => mantissa,
            // There is no suffix beyond `E`, and Kubernetes then prints none at all: `1000E` becomes `1`.
            Format::Binary | Format::Decimal => mantissa + parse::decimal_suffix(exponent).unwrap_or_default(),
        }
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        Self::parse(text)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.written {
            Some(text) => f.pad(text),
            None => f.pad(&self.canonical()),
        }
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.amount == other.amount
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.amount.cmp(&other.amount)
    }
}

/// The number of a quantity without the memory of how it was written: two words, for indexes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(Amount);

impl Size {
    /// A number that is not smaller for a larger size; of most sizes it is all there is to them.
    pub(crate) fn key(&self) -> i32 {
        self.0.key()
    }
}

impl Quantity {
    /// The number alone.
    pub(crate) fn size(&self) -> Size {
        Size(self.amount.clone())
    }
}

impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.amount.hash(state);
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.written {
            Some(text) => serializer.serialize_str(text),
            None => serializer.serialize_str(&self.canonical()),
        }
    }
}

/// The name under which a source that knows the text of its numbers may hand it over (`FIELD-15`).
pub(crate) const TEXT_OF_NUMBER: &str = "$bindery::text";

const TEXT_NEEDED: &str = "the text of this number is needed";

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct QuantityVisitor;

        impl<'de> Visitor<'de> for QuantityVisitor {
            type Value = Quantity;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Quantity, E> {
                Quantity::parse_in_manifest(text).map_err(E::custom)
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Quantity, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Quantity, E> {
                // A larger one is a float to the API server.
                i64::try_from(value).map_or_else(|_| Err(E::custom(TEXT_NEEDED)), |value| self.visit_i64(value))
            }

            /// A float has lost its text; the second pass over the manifest still has it.
            fn visit_f64<E: Error>(self, _: f64) -> Result<Quantity, E> {
                Err(E::custom(TEXT_NEEDED))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Quantity, D::Error> {
                inner.deserialize_any(self)
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Quantity, E> {
                Err(E::custom(QuantityError::Shape))
            }

            fn visit_seq<A>(self, _: A) -> Result<Quantity, A::Error>
            where
                A: serde::de::SeqAccess<'de>,
            {
                Err(A::Error::custom(QuantityError::Shape))
            }

            fn visit_map<A>(self, _: A) -> Result<Quantity, A::Error>
            where
                A: serde::de::MapAccess<'de>,
            {
                Err(A::Error::custom(QuantityError::Shape))
            }
        }

        deserializer.deserialize_newtype_struct(TEXT_OF_NUMBER, QuantityVisitor)
    }
}

#[cfg(test)]
mod tests;
