//! When teams are away, and what that does to the day on which work is done.

use crate::model::Absence;

/// The absences of each team, sorted, without overlap.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calendar {
    away: Vec<Vec<(u64, u64)>>,
}

impl Calendar {
    pub(crate) fn new(teams: usize, absences: &[Absence]) -> Self {
        let mut away = vec![Vec::new(); teams];
        for (team, spans) in away.iter_mut().enumerate() {
            let own = absences.iter().filter(|absence| u32::try_from(team) == Ok(absence.team));
            let mut sorted: Vec<(u64, u64)> = own.map(|absence| (absence.from, absence.until)).collect();
            sorted.sort_unstable();
            for (from, until) in sorted {
                match spans.last_mut() {
                    Some((_, end)) if from <= *end => *end = until.max(*end),
                    Some(_) | None => spans.push((from, until)),
                }
            }
        }
        Self { away }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.away.iter().all(Vec::is_empty)
    }

    /// The first day from `day` on at which the team is there.
    pub(crate) fn present(&self, team: usize, day: u64) -> u64 {
        let spans = self.away.get(team).map(Vec::as_slice).unwrap_or_default();
        let away = spans.iter().find(|(from, until)| *from <= day && day < *until);
        away.map_or(day, |(_, until)| *until)
    }

    /// The day on which the team has done `work` days, begun on `start`; `start` itself when there is nothing to do.
    pub(crate) fn finish(&self, team: usize, start: u64, work: u64) -> u64 {
        if work == 0 {
            return start;
        }
        let spans = self.away.get(team).map(Vec::as_slice).unwrap_or_default();
        let mut end = start + work;
        for (from, until) in spans {
            if *until <= start {
                continue;
            }
            if *from >= end {
                break;
            }
            end += until - from.max(&start);
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_longer_by_the_days_away() {
        let absence = |from, until| Absence { team: 0, from, until };
        let calendar = Calendar::new(2, &[absence(10, 12), absence(4, 6), absence(5, 7)]);
        let check = |start, work, expected| assert_eq!(calendar.finish(0, start, work), expected);
        check(0, 0, 0);
        check(0, 4, 4);
        check(0, 5, 8);
        check(5, 1, 8);
        check(0, 8, 13);
        check(20, 3, 23);
        check(4, 0, 4);
        assert_eq!(calendar.finish(1, 0, 8), 8);
        assert_eq!(calendar.present(0, 5), 7);
        assert_eq!(calendar.present(0, 7), 7);
    }
}
