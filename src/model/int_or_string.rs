//! A number or a text: a port by number or name, a count or a percentage.
//!
//! Follows `k8s.io/apimachinery/pkg/util/intstr`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::model::fields::Field;
use crate::model::text::Text;

/// A number or a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum IntOrString {
    /// A number.
    Int(i32),
    /// A text, such as `25%` or `http`.
    String(Text),
}

impl IntOrString {
    /// The percentage, where this is a text that is one.
    ///
    /// ```
    /// use bindery::parts::IntOrString;
    ///
    /// assert_eq!(IntOrString::from("25%").percentage(), Some(25));
    /// assert_eq!(IntOrString::from("http").percentage(), None);
    /// assert_eq!(IntOrString::from(25).percentage(), None);
    /// ```
    pub fn percentage(&self) -> Option<i32> {
        match self {
            Self::Int(_) => None,
            Self::String(text) => text.strip_suffix('%')?.parse().ok(),
        }
    }

    /// The number, or the percentage of a total, rounded up or down; `None` for a text that is no percentage.
    ///
    /// ```
    /// use bindery::parts::IntOrString;
    ///
    /// assert_eq!(IntOrString::from("25%").scaled(10, true), Some(3));
    /// assert_eq!(IntOrString::from("25%").scaled(10, false), Some(2));
    /// assert_eq!(IntOrString::from(4).scaled(10, false), Some(4));
    /// ```
    pub fn scaled(&self, total: i32, round_up: bool) -> Option<i32> {
        if let Self::Int(number) = self {
            return Some(*number);
        }
        let hundredfold = i64::from(self.percentage()?) * i64::from(total);
        let whole = hundredfold.div_euclid(100) + i64::from(round_up && hundredfold.rem_euclid(100) != 0);
        i32::try_from(whole).ok()
    }
}

impl Default for IntOrString {
    fn default() -> Self {
        Self::Int(0)
    }
}

impl From<i32> for IntOrString {
    fn from(number: i32) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for IntOrString {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl fmt::Display for IntOrString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => fmt::Display::fmt(number, f),
            Self::String(text) => fmt::Display::fmt(text, f),
        }
    }
}

impl Field for IntOrString {}

impl Serialize for IntOrString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Int(number) => serializer.serialize_i32(*number),
            Self::String(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for IntOrString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IntOrStringVisitor;

        impl Visitor<'_> for IntOrStringVisitor {
            type Value = IntOrString;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer or a string")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<IntOrString, E> {
                let number = i32::try_from(number);
                number
                    .map(IntOrString::Int)
                    .map_err(|error| E::custom(format_args!("the number is no integer of 32 bits: {error}")))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<IntOrString, E> {
                i64::try_from(number).map_err(E::custom).and_then(|number| self.visit_i64(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<IntOrString, E> {
                Ok(IntOrString::String(text.into()))
            }
        }

        deserializer.deserialize_any(IntOrStringVisitor)
    }
}
