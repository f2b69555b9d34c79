//! From days of a plan to dates and back: only working days count.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

/// Day 0 and the days of the week on which people work.
#[derive(Debug, Clone)]
pub struct Calendar {
    start: Date,
    works: [bool; 7],
}

impl Calendar {
    /// A calendar that begins on `start`, or on the first working day after it. Without working days all days work.
    pub(crate) fn new(start: Date, weekdays: &[Weekday]) -> Self {
        let mut works = [weekdays.is_empty(); 7];
        for weekday in weekdays {
            if let Some(day) = works.get_mut(place(*weekday)) {
                *day = true;
            }
        }
        let mut calendar = Self { start, works };
        calendar.start = calendar.next_working(start);
        calendar
    }

    fn is_working(&self, date: Date) -> bool {
        self.works.get(place(date.weekday())).copied().unwrap_or(true)
    }

    fn next_working(&self, mut date: Date) -> Date {
        while !self.is_working(date) {
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        date
    }

    fn per_week(&self) -> u64 {
        self.works.iter().map(|works| u64::from(*works)).sum::<u64>().max(1)
    }

    /// The date of a day; the last date there is for days beyond the calendar.
    pub fn date(&self, day: u64) -> Date {
        let weeks = i64::try_from(day / self.per_week()).unwrap_or(i64::MAX);
        let mut date = self.start.checked_add(weeks.min(400_000).weeks()).unwrap_or(Date::MAX);
        for _ in 0..day % self.per_week() {
            let Ok(next) = date.tomorrow() else { break };
            date = self.next_working(next);
        }
        date
    }

    /// The last day of the plan on or before a date; `None` before the start.
    pub fn day(&self, date: Date) -> Option<u64> {
        if date < self.start {
            return None;
        }
        let days = self.start.until(date).ok()?.get_days();
        let days = u64::try_from(days).ok()?;
        let mut day = days / 7 * self.per_week();
        let weeks = i64::try_from(days / 7).ok()?;
        let mut at = self.start.checked_add(weeks.weeks()).ok()?;
        while at < date {
            at = at.tomorrow().ok()?;
            day += u64::from(self.is_working(at));
        }
        Some(day)
    }
}

fn place(weekday: Weekday) -> usize {
    usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0)
}

/// The weekday of a three-letter word.
pub(crate) fn weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_working_days() {
        let weekdays = ["mon", "tue", "wed", "thu", "fri"].map(|word| weekday(word).unwrap());
        let calendar = Calendar::new("2027-01-09".parse().unwrap(), &weekdays);
        let check = |day: u64, date: &str| {
            assert_eq!(calendar.date(day), date.parse().unwrap());
            assert_eq!(calendar.day(date.parse().unwrap()), Some(day), "{date}");
        };
        check(0, "2027-01-11");
        check(4, "2027-01-15");
        check(5, "2027-01-18");
        check(64, "2027-04-09");
        assert_eq!(calendar.day("2027-01-17".parse().unwrap()), Some(4));
        assert_eq!(calendar.day("2027-01-10".parse().unwrap()), None);
        let daily = Calendar::new("2027-01-09".parse().unwrap(), &[]);
        assert_eq!(daily.date(64), "2027-03-14".parse().unwrap());
        assert_eq!(daily.day("2027-03-14".parse().unwrap()), Some(64));
    }
}
