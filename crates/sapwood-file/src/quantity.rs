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
