//! Instants as the API writes them: RFC 3339, in UTC, whole seconds.
//!
//! Nothing here reads a clock; the engine has its own virtual one.

use std::fmt;
use std::num::NonZero;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use crate::model::fields::Field;
use crate::model::text::Text;

/// A point in time with a resolution of one second. It is kept as the number of seconds since the second before the
/// earliest one, which is never zero, so that no time at all takes as little room as a time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(NonZero<u64>);

impl Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z. Values outside of the years 1 to 9999 are moved to the nearest end.
    pub fn from_unix_seconds(seconds: i64) -> Self {
        let (first, last) = (jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
        Self(NonZero::<u64>::MIN.saturating_add(seconds.clamp(first, last).abs_diff(first)))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn unix_seconds(self) -> i64 {
        jiff::Timestamp::MIN.as_second().saturating_add_unsigned(self.0.get() - 1)
    }

    /// The instant as RFC 1123 has it, with the zone as a number: `Mon, 01 Jan 2024 00:00:00 +0000`.
    pub(crate) fn rfc1123(self) -> String {
        jiff::Timestamp::from_second(self.unix_seconds())
            .map_or_else(|_| self.to_string(), |instant| instant.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())
    }
}

/// A text that is no RFC 3339 instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an RFC 3339 time such as 2024-01-01T00:00:00Z")]
pub struct TimestampError {
    /// The text.
    pub text: String,
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let instant: Result<jiff::Timestamp, _> = text.parse();
        // The parser also takes a space for the `T` and other relaxed forms, which the API refuses.
        match instant {
            Ok(instant) if text.as_bytes().get(10) == Some(&b'T') => Ok(Self::from_unix_seconds(instant.as_second())),
            Ok(_) | Err(_) => Err(TimestampError { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.unix_seconds()) {
            Ok(instant) => fmt::Display::fmt(&instant, f),
            Err(_) => write!(f, "{}s", self.unix_seconds()),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Field for Timestamp {}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
