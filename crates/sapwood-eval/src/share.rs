//! Shares of traffic as whole parts per 100 000, so that they add up exactly and compare without rounding.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A share of traffic, from nothing to everything, in parts per 100 000 (0.001 %).
///
/// ```
/// use sapwood_eval::Share;
/// let share = Share::from_parts(12_500)?;
/// assert_eq!(share.to_string(), "12.5 %");
/// assert_eq!(share.min(Share::WHOLE), share);
/// # Ok::<(), sapwood_eval::ShareError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Share(u32);

/// A number that is no share: more than the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareError {
    parts: u32,
}

impl fmt::Display for ShareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "share of {} parts is more than the whole; use 0 to 100000 parts per 100000", self.parts)
    }
}

impl std::error::Error for ShareError {}

impl Share {
    /// Everybody.
    pub const WHOLE: Self = Self(100_000);
    /// Nobody.
    pub const NONE: Self = Self(0);

    /// A share of so many parts per 100 000; refused above the whole.
    pub const fn from_parts(parts: u32) -> Result<Self, ShareError> {
        if parts > Self::WHOLE.0 { Err(ShareError { parts }) } else { Ok(Self(parts)) }
    }

    /// Parts per 100 000.
    #[must_use]
    pub const fn parts(self) -> u32 {
        self.0
    }

    /// The share as a number from 0 to 1, for statistics and display only.
    #[must_use]
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / f64::from(Self::WHOLE.0)
    }

    /// What remains to the whole.
    #[must_use]
    pub const fn rest(self) -> Self {
        Self(Self::WHOLE.0.saturating_sub(self.0))
    }

    /// The sum, at most the whole.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0).min(Self::WHOLE.0))
    }

    /// The difference, at least nothing.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl TryFrom<u32> for Share {
    type Error = ShareError;
    fn try_from(parts: u32) -> Result<Self, ShareError> {
        Self::from_parts(parts)
    }
}

impl From<Share> for u32 {
    fn from(share: Share) -> Self {
        share.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, thousandths) = (self.0 / 1000, self.0 % 1000);
        let text = if thousandths == 0 {
            format!("{whole} %")
        } else {
            format!("{} %", format!("{whole}.{thousandths:03}").trim_end_matches('0'))
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_percent_without_noise() {
        for (parts, shown) in
            [(0, "0 %"), (1, "0.001 %"), (12_500, "12.5 %"), (99_990, "99.99 %"), (100_000, "100 %")]
        {
            assert_eq!(Share::from_parts(parts).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn refuses_more_than_the_whole() {
        assert!(Share::from_parts(100_001).unwrap_err().to_string().contains("100001 parts"));
        assert!(serde_json::from_str::<Share>("100001").is_err());
        assert_eq!(serde_json::to_string(&Share::WHOLE).unwrap(), "100000");
    }

    #[test]
    fn arithmetic_stays_within_the_whole() {
        let half = Share::from_parts(50_000).unwrap();
        assert_eq!(half.saturating_add(Share::WHOLE), Share::WHOLE);
        assert_eq!(Share::NONE.saturating_sub(half), Share::NONE);
        assert_eq!(half.rest(), half);
        assert!((half.fraction() - 0.5).abs() < f64::EPSILON);
    }
}
