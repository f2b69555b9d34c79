//! Shares of traffic as whole parts per 100 000, so that they add up exactly and compare without rounding.

use std::fmt;
use std::str::FromStr;

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

/// Text that is no share in percent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PercentError {
    text: String,
}

impl fmt::Display for PercentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no share; write percent with at most three decimals, from 0% to 100%, such as 12.5%",
            self.text
        )
    }
}

impl std::error::Error for PercentError {}

/// Reads percent, exactly: at most three decimals, which are parts per 100 000. The blank before the sign may be left
/// out.
///
/// ```
/// use sapwood_eval::Share;
/// assert_eq!("12.345%".parse::<Share>()?.parts(), 12_345);
/// assert_eq!("12.5 %".parse::<Share>()?.to_string(), "12.5 %");
/// assert!("0.0001%".parse::<Share>().is_err());
/// # Ok::<(), sapwood_eval::PercentError>(())
/// ```
impl FromStr for Share {
    type Err = PercentError;
    fn from_str(text: &str) -> Result<Self, PercentError> {
        percent(text).ok_or_else(|| PercentError { text: text.chars().take(40).collect() })
    }
}

fn percent(text: &str) -> Option<Share> {
    let number = text.strip_suffix('%')?;
    let number = number.strip_suffix(' ').unwrap_or(number);
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || whole.len() > 3 || decimals.len() > 3 {
        return None;
    }
    let thousandths: u32 = format!("{decimals:0<3}").parse().ok()?;
    let parts = whole.parse::<u32>().ok()?.checked_mul(1_000)?.checked_add(thousandths)?;
    Share::from_parts(parts).ok()
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
    fn reads_percent_exactly_or_not_at_all() {
        for parts in [0, 1, 10, 999, 1_000, 12_345, 29_000, 57_300, 99_999, 100_000] {
            let share = Share::from_parts(parts).unwrap();
            assert_eq!(share.to_string().parse(), Ok(share));
        }
        assert_eq!("007.50%".parse::<Share>().unwrap().parts(), 7_500);
        let refused = [
            "", "%", "5", "5 %%", "-1%", "+1%", "1e1%", "100.001%", "101%", "0.0001%", "1.%", ".5%", "5  %",
            "٣%",
        ];
        for text in refused {
            let error = text.parse::<Share>().unwrap_err().to_string();
            assert!(error.contains("at most three decimals"), "{text}: {error}");
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
