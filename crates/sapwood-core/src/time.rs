//! Moments in time as the log writes them: milliseconds since the Unix epoch, printed as RFC 3339 UTC.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since the Unix epoch, UTC.
///
/// Printed and read as RFC 3339 with milliseconds, `2026-11-22T14:03:07.250Z`.
/// The range is that of RFC 3339 years; a value outside it prints as the nearest end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Timestamp(i64);

/// Why a text is not a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a time; write RFC 3339 in UTC with milliseconds, such as 2026-11-22T14:03:07.250Z")]
pub struct TimestampError {
    text: String,
}

impl Timestamp {
    /// The moment `ms` milliseconds after the Unix epoch.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Whole minutes since the Unix epoch: the grain of the ledger.
    pub const fn minute(self) -> i64 {
        self.0.div_euclid(60_000)
    }

    /// This moment and `seconds` more (fewer when negative).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Whole seconds from `earlier` to this moment; negative when `earlier` is later.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(1000)
    }

    /// `14:03`, for sentences.
    pub fn clock(self) -> String {
        self.to_string().get(11..16).unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        write!(f, "{moment:.3}")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        text.parse::<jiff::Timestamp>()
            .map(|moment| Self(moment.as_millisecond()))
            .map_err(|_| TimestampError { text: text.chars().take(64).collect() })
    }
}

impl From<Timestamp> for String {
    fn from(moment: Timestamp) -> Self {
        moment.to_string()
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;

    fn try_from(text: String) -> Result<Self, TimestampError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_rfc3339_with_milliseconds() {
        let moment = Timestamp::from_ms(1_795_356_187_250);
        assert_eq!(moment.to_string(), "2026-11-22T14:03:07.250Z");
        assert_eq!("2026-11-22T14:03:07.250Z".parse(), Ok(moment));
        assert_eq!("2026-11-22T15:03:07.25+01:00".parse(), Ok(moment));
        assert_eq!(moment.clock(), "14:03");
        assert_eq!(Timestamp::from_ms(1_795_356_187_000).to_string(), "2026-11-22T14:03:07.000Z");
    }

    #[test]
    fn refuses_what_is_not_a_time_and_says_what_is() {
        let error = "yesterday".parse::<Timestamp>().unwrap_err();
        assert!(error.to_string().contains("RFC 3339"), "{error}");
    }

    #[test]
    fn minutes_before_the_epoch_round_down() {
        assert_eq!(Timestamp::from_ms(-1).minute(), -1);
        assert_eq!(Timestamp::from_ms(59_999).minute(), 0);
    }
}
