//! Days, dates, shares and the like, as people write them.

use jiff::civil::Date;

/// `6d` as 6.
///
/// # Errors
/// What to write instead.
pub(crate) fn days(text: &str) -> Result<u64, &'static str> {
    const REMEDY: &str = "write whole days, like `6d`";
    let number = text.strip_suffix('d').ok_or(REMEDY)?;
    let days = whole(number).ok_or(REMEDY)?;
    if days > sapwood_planner::limits::DAYS_MAX { Err("that is longer than 100000 days") } else { Ok(days) }
}

/// `30/day` as 30.
pub(crate) fn per_day(text: &str) -> Result<u64, &'static str> {
    const REMEDY: &str = "write what a day is worth as a whole number, like `30/day`";
    let number = text.strip_suffix("/day").ok_or(REMEDY)?;
    let value = whole(number.trim_end()).ok_or(REMEDY)?;
    if value > sapwood_planner::limits::VALUE_MAX {
        return Err("that is more than 1000000000 a day; use a larger unit of value");
    }
    Ok(value)
}

/// `2027-01-11`.
pub(crate) fn date(text: &str) -> Result<Date, &'static str> {
    let shape = text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2;
    let date = if shape { text.parse().ok() } else { None };
    date.ok_or("write a date, like `2027-01-11`")
}

/// `1d`, `4h` or `30m` in minutes.
pub(crate) fn minutes(text: &str) -> Result<u64, &'static str> {
    const REMEDY: &str = "write a time, like `2d`, `4h` or `30m`";
    let unit = text.chars().next_back().ok_or(REMEDY)?;
    let factor = match unit {
        'd' => 24 * 60,
        'h' => 60,
        'm' => 1,
        _ => return Err(REMEDY),
    };
    let number = text.strip_suffix(unit).and_then(whole).ok_or(REMEDY)?;
    number.checked_mul(factor).filter(|minutes| *minutes <= 366 * 24 * 60).ok_or("that is longer than a year")
}

/// `2d`, `4h`, `30m` or `90s` in seconds.
pub(crate) fn seconds(text: &str) -> Result<u32, &'static str> {
    const REMEDY: &str = "write a time, like `2d`, `4h`, `30m` or `90s`";
    let unit = text.chars().next_back().ok_or(REMEDY)?;
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(REMEDY)?;
    let number = text.strip_suffix(unit).and_then(whole).ok_or(REMEDY)?;
    let seconds = number.checked_mul(u64::from(*factor)).and_then(|seconds| u32::try_from(seconds).ok());
    seconds.ok_or("that is longer than a hundred years")
}

/// Units of time and how many seconds they have, the longest first.
const UNITS: &[(char, u32)] = &[('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// 600 as `10m`: in the longest unit that is exact.
pub(crate) fn spell_seconds(seconds: u32) -> String {
    let exact = UNITS.iter().find(|(_, factor)| seconds >= *factor && seconds.is_multiple_of(*factor));
    exact.map_or_else(|| format!("{seconds}s"), |(unit, factor)| format!("{}{unit}", seconds / factor))
}

/// `30d` as 30.
pub(crate) fn lifetime(text: &str) -> Result<u32, &'static str> {
    const REMEDY: &str = "write whole days, like `30d`";
    let number = text.strip_suffix('d').and_then(whole).ok_or(REMEDY)?;
    u32::try_from(number).map_err(|_| "that is longer than anybody can wait")
}

/// `12.5%` as 125 thousandths of the whole.
pub(crate) fn weight(text: &str) -> Result<u32, &'static str> {
    const REMEDY: &str = "write a part of the whole between 0% and 100%, like `12.5%`";
    permille(text).filter(|part| *part <= 1_000).ok_or(REMEDY)
}

/// `10%` as 100 thousandths worse; `-5%` asks for an improvement.
pub(crate) fn margin(text: &str) -> Result<i32, &'static str> {
    const REMEDY: &str = "write how much worse is tolerated, between -90% and 900%, like `10%`";
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let part = permille(text).and_then(|part| i32::try_from(part).ok()).ok_or(REMEDY)?;
    let part = if negative { -part } else { part };
    if (-9_000..=9_000).contains(&part) { Ok(part) } else { Err(REMEDY) }
}

/// Thousandths of a percentage that has no finer part.
fn permille(text: &str) -> Option<u32> {
    let parts = text.strip_suffix('%').and_then(thousandths)?;
    if parts % 100 == 0 { u32::try_from(parts / 100).ok() } else { None }
}

/// 125 thousandths as `12.5%`, without digits that say nothing.
pub(crate) fn spell_permille(part: i32) -> String {
    let (whole, rest) = (part.unsigned_abs() / 10, part.unsigned_abs() % 10);
    let sign = if part < 0 { "-" } else { "" };
    if rest == 0 { format!("{sign}{whole}%") } else { format!("{sign}{whole}.{rest}%") }
}

/// 5 000 parts per 100 000 as `5%`.
pub(crate) fn spell_share(parts: u32) -> String {
    let (whole, rest) = (parts / 1_000, parts % 1_000);
    if rest == 0 {
        format!("{whole}%")
    } else {
        format!("{whole}.{}%", format!("{rest:03}").trim_end_matches('0'))
    }
}

/// `5%` or `0.25%` in parts per 100 000.
pub(crate) fn share(text: &str) -> Result<u32, &'static str> {
    const REMEDY: &str = "write a share between 0% and 100%, like `5%`";
    let parts = text.strip_suffix('%').and_then(thousandths).ok_or(REMEDY)?;
    u32::try_from(parts).ok().filter(|parts| *parts <= 100_000).ok_or(REMEDY)
}

/// `30pp`, percentage points, in parts per 100 000.
pub(crate) fn points(text: &str) -> Result<u32, &'static str> {
    const REMEDY: &str = "write percentage points, like `30pp`";
    let parts = text.strip_suffix("pp").and_then(thousandths).ok_or(REMEDY)?;
    u32::try_from(parts).ok().filter(|parts| (1..=100_000).contains(parts)).ok_or(REMEDY)
}

/// `10%` as 10 000 thousandths of a percent; more than 100 % is allowed.
pub(crate) fn percent(text: &str) -> Result<u64, &'static str> {
    const REMEDY: &str = "write a percentage, like `10%`";
    let parts = text.strip_suffix('%').and_then(thousandths).ok_or(REMEDY)?;
    if (1..=100_000_000).contains(&parts) { Ok(parts) } else { Err(REMEDY) }
}

/// Digits and nothing else.
pub(crate) fn whole(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// `2.5` as 2 500.
fn thousandths(text: &str) -> Option<u64> {
    let text = text.trim_end();
    let (number, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.len() > 3 {
        return None;
    }
    let scale = 10_u64.pow(u32::try_from(3 - fraction.len()).ok()?);
    whole(number)?.checked_mul(1000)?.checked_add(whole(fraction)?.checked_mul(scale)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_written() {
        assert_eq!(days("6d"), Ok(6));
        assert_eq!(per_day("30/day"), Ok(30));
        assert_eq!(minutes("2d"), Ok(2880));
        assert_eq!(minutes("30m"), Ok(30));
        assert_eq!(share("5%"), Ok(5_000));
        assert_eq!(share("0.25%"), Ok(250));
        assert_eq!(share("100%"), Ok(100_000));
        assert_eq!(points("30pp"), Ok(30_000));
        assert_eq!(percent("150%"), Ok(150_000));
        assert!(date("2027-01-11").is_ok());
    }

    #[test]
    fn what_is_spelt_reads_back() {
        for parts in [0, 1, 10, 99, 100, 250, 1_000, 5_000, 33_333, 100_000] {
            assert_eq!(share(&spell_share(parts)), Ok(parts));
        }
        for time in [0, 1, 59, 60, 90, 600, 3_600, 5_400, 86_400, 90 * 86_400, u32::MAX] {
            assert_eq!(seconds(&spell_seconds(time)), Ok(time));
        }
        for part in [-900, -1, 0, 1, 10, 125, 1_000] {
            assert_eq!(margin(&spell_permille(part)), Ok(part));
        }
        assert_eq!(
            (spell_share(250), spell_seconds(600), spell_permille(125)),
            ("0.25%".into(), "10m".into(), "12.5%".into())
        );
        assert_eq!((weight("30%"), lifetime("30d")), (Ok(300), Ok(30)));
        for bad in ["10", "1.25%", "-5%", "101%", "%"] {
            assert!(weight(bad).is_err(), "{bad}");
        }
        for bad in ["5", "s", "-5s", "1.5h", "1w", "99999999999d"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in ["", "d", "6", "6 days", "1.5d", "-1d", "1w", "99999999999999999999d", "100001d", "６d"] {
            assert!(days(bad).is_err(), "{bad}");
        }
        for bad in ["30", "30/week", "1.5/day", "-3/day", "1000000001/day"] {
            assert!(per_day(bad).is_err(), "{bad}");
        }
        for bad in ["5", "101%", "-1%", "1.2345%", "%", "5 pp"] {
            assert!(share(bad).is_err(), "{bad}");
        }
        for bad in ["2027-13-01", "2027-02-30", "11.01.2027", "2027-1-1", "tomorrow"] {
            assert!(date(bad).is_err(), "{bad}");
        }
        assert!(minutes("400d").is_err());
        assert!(percent("0%").is_err());
    }
}
