//! Bytes, which JSON holds in base64.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::model::fields::Field;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Immutable bytes, shared instead of copied.
///
/// ```
/// use bindery::parts::Bytes;
///
/// assert_eq!(Bytes::from("s3cret").to_string(), "czNjcmV0");
/// assert_eq!(Bytes::parse("czNjcmV0").unwrap().as_slice(), b"s3cret");
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(Arc<[u8]>);

impl Bytes {
    /// Reads base64 in the standard alphabet, padded; line breaks are passed over.
    ///
    /// # Errors
    /// The place, counted from zero, at which the text is no base64.
    pub fn parse(text: &str) -> Result<Self, usize> {
        let digits: Vec<(usize, u8)> =
            text.bytes().enumerate().filter(|(_, byte)| !matches!(byte, b'\r' | b'\n')).collect();
        let padding = digits.iter().rev().take(2).take_while(|(_, byte)| *byte == b'=').count();
        let (digits, end) = (&digits[..digits.len() - padding], digits.len());
        let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
        for group in digits.chunks(4) {
            let mut bits = 0;
            for (place, digit) in group {
                let value = DIGITS.iter().position(|known| known == digit).ok_or(*place)?;
                bits = bits << 6 | u32::try_from(value).map_err(|_| *place)?;
            }
            bits <<= 6 * (4 - group.len());
            bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
        }
        // A group of one digit holds no byte.
        if !end.is_multiple_of(4) || digits.len() % 4 == 1 { Err(text.len()) } else { Ok(Self(bytes.into())) }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, where they are UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

/// Writes base64.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(self.0.len().div_ceil(3) * 4);
        for group in self.0.chunks(3) {
            let byte = |place: usize| u32::from(group.get(place).copied().unwrap_or_default());
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            let digit = |shift: u32| char::from(DIGITS[usize::try_from(bits >> shift & 63).unwrap_or_default()]);
            text.extend([digit(18), digit(12)]);
            text.push(if group.len() > 1 { digit(6) } else { '=' });
            text.push(if group.len() > 2 { digit(0) } else { '=' });
        }
        f.pad(&text)
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Field for Bytes {}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor;

        impl Visitor<'_> for BytesVisitor {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string in base64")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
                Bytes::parse(text).map_err(|place| E::custom(format_args!("illegal base64 data at input byte {place}")))
            }
        }

        deserializer.deserialize_str(BytesVisitor)
    }
}
