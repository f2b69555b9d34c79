//! Quantities as people write them on the command line: parts, traffic, durations, metrics, "how many times worse".

use std::str::FromStr;

use sapwood_stats::Harm;

/// A part of a whole: `1%`, `0.1 %` or `0.01`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Part(pub(crate) f64);

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, unit) = match text.trim().strip_suffix('%') {
            Some(percent) => (percent, 0.01),
            None => (text, 1.0),
        };
        let part = number(digits)? * unit;
        if (0.0..=1.0).contains(&part) {
            Ok(Self(part))
        } else {
            Err(format!("`{text}` is not a part: write 5% or 0.05, from 0 to all"))
        }
    }
}

/// Subjects per minute: `10000/min`, `50/h` or `2000/day`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PerMinute(pub(crate) f64);

impl FromStr for PerMinute {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not traffic: write 10000/min, 50/h or 2000/day");
        let (amount, unit) = text.split_once('/').ok_or_else(wrong)?;
        let minutes = match unit.trim() {
            "s" | "sec" | "second" => 1.0 / 60.0,
            "m" | "min" | "minute" => 1.0,
            "h" | "hour" => 60.0,
            "d" | "day" => 1440.0,
            "w" | "week" => 10_080.0,
            _ => return Err(wrong()),
        };
        let subjects = number(amount)? / minutes;
        if subjects > 0.0 && subjects <= 1e9 {
            Ok(Self(subjects))
        } else {
            Err(format!("`{text}`: traffic is above nothing and at most a thousand million a minute"))
        }
    }
}

/// A duration in minutes: `10m`, `24h` or `2d`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Minutes(pub(crate) f64);

impl FromStr for Minutes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let units = [("min", 1.0), ("m", 1.0), ("h", 60.0), ("d", 1440.0)];
        let found = units.iter().find_map(|(unit, minutes)| Some((text.strip_suffix(unit)?, minutes)));
        let (amount, unit) =
            found.ok_or_else(|| format!("`{text}` is not a duration: write 10m, 24h or 2d"))?;
        let minutes = number(amount)? * unit;
        if (1.0..=129_600.0).contains(&minutes) {
            Ok(Self(minutes))
        } else {
            Err(format!("`{text}`: a bake lasts from one minute to 90 days"))
        }
    }
}

/// How many times worse a harm is: `2`, `x2` or `1.5`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Times(pub(crate) f64);

impl FromStr for Times {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let times = number(text.trim().trim_start_matches(['x', '×']))?;
        if times > 1.0 && times <= 100.0 {
            Ok(Self(times))
        } else {
            Err(format!("`{text}`: write how many times worse, above 1 and at most 100; 2 is a doubling"))
        }
    }
}

/// A metric with its usual rate: `errors=1%`, or `orders=3%:down` where fewer are harm.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Metric {
    /// What people call it.
    pub(crate) name: String,
    /// Part of subjects affected without the slice.
    pub(crate) rate: f64,
    /// Direction of harm.
    pub(crate) harm: Harm,
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not a metric: write errors=1%, or orders=3%:down where fewer are harm");
        let (name, rest) = text.split_once('=').ok_or_else(wrong)?;
        let (rate, harm) = match rest.split_once(':') {
            None => (rest, Harm::Up),
            Some((rate, "up")) => (rate, Harm::Up),
            Some((rate, "down")) => (rate, Harm::Down),
            Some(_) => return Err(wrong()),
        };
        let rate = Part::from_str(rate)?.0;
        if name.is_empty() || name.len() > 100 {
            return Err(wrong());
        }
        if rate <= 0.0 {
            return Err(format!(
                "`{text}`: without any baseline events there is nothing to compare; use a ceiling"
            ));
        }
        Ok(Self { name: name.to_owned(), rate, harm })
    }
}

fn number(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.trim().replace(['_', ' '], "").parse().ok();
    number.filter(|number| number.is_finite()).ok_or_else(|| format!("`{text}` is not a number"))
}
