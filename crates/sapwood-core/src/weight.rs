//! How much an environment serves, in bytes: refused beyond its limit, and pointed out where one change adds a lot.
//!
//! What counts is what programs are sent and have to hold: the definitions and targeting of the flags that are served
//! there, and all segments, as the log has them. Each change costs what it changes, however much there is beside it.

use sapwood_eval::FlagKey;

use crate::decide::Placed;
use crate::event::Event;
use crate::id::EnvironmentKey;
use crate::limits::{GROWTH_CONFIRMED_PERCENT, GROWTH_FREE_BYTES, GROWTH_NOTED_PERCENT, SNAPSHOT_BYTES_MAX};
use crate::rejection::Rejection;
use crate::state::{Environment, State};
use crate::time::Timestamp;

impl State {
    /// Bytes that each environment serves once `event`, which takes so many bytes itself, has happened; only those in
    /// which that changes.
    pub fn bytes_after(
        &self,
        event: &Event,
        here: Option<&EnvironmentKey>,
        bytes: u64,
    ) -> Vec<(EnvironmentKey, u64)> {
        let mut after: Vec<_> = self
            .environments
            .iter()
            .filter_map(|(key, environment)| {
                let (less, more) = self.exchanged(event, environment, here == Some(key), bytes)?;
                Some((key.clone(), environment.bytes.saturating_sub(less).saturating_add(more)))
            })
            .collect();
        if let Event::EnvironmentDefined(event) = event
            && !self.environments.contains_key(&event.key)
        {
            let segments = self.segments.values().map(|known| known.bytes).sum();
            after.push((event.key.clone(), segments));
        }
        after
    }

    /// Bytes that `event` takes from what an environment serves, and those it puts in their place.
    fn exchanged(
        &self,
        event: &Event,
        environment: &Environment,
        is_here: bool,
        bytes: u64,
    ) -> Option<(u64, u64)> {
        let flag = |flag: &FlagKey| self.flags.get(flag).map_or(0, |known| known.bytes);
        let rules = |flag: &FlagKey| environment.targeting.get(flag).map(|known| known.bytes);
        if let Event::FlagDefined(event) = event {
            let key = &event.flag.key;
            return rules(key).map(|_| (flag(key), bytes));
        }
        if let Event::FlagRetired(event) = event {
            return rules(&event.flag).map(|rules| (rules.saturating_add(flag(&event.flag)), 0));
        }
        if let Event::TargetingSet(event) = event {
            return is_here.then(|| match rules(&event.flag) {
                Some(rules) => (rules, bytes),
                None => (0, bytes.saturating_add(flag(&event.flag))),
            });
        }
        if let Event::TargetingRemoved(event) = event {
            let rules = rules(&event.flag).filter(|_| is_here);
            return rules.map(|rules| (rules.saturating_add(flag(&event.flag)), 0));
        }
        if let Event::SegmentDefined(event) = event {
            return Some((self.segments.get(&event.segment.key).map_or(0, |known| known.bytes), bytes));
        }
        if let Event::SegmentRemoved(event) = event {
            return self.segments.get(&event.key).map(|known| (known.bytes, 0));
        }
        None
    }
}

/// Refuses what would make an environment serve more than [`SNAPSHOT_BYTES_MAX`]. What makes it less is always allowed.
pub(crate) fn fits(state: &State, placed: &[Placed], path: &str) -> Result<(), Rejection> {
    let Some((here, event)) = placed.first() else { return Ok(()) };
    for (key, after) in state.bytes_after(event, here.as_ref(), event.bytes()) {
        let before = state.environments.get(&key).map_or(0, |environment| environment.bytes);
        if after > SNAPSHOT_BYTES_MAX && after > before {
            let message = format!(
                "what environment `{key}` serves would take {after} bytes, at most {SNAPSHOT_BYTES_MAX} are allowed; \
                 retire flags that are done, and make lists shorter"
            );
            return Err(Rejection::over_limit(path, message));
        }
    }
    Ok(())
}

/// How much more an environment would serve after one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// Which environment.
    pub environment: EnvironmentKey,
    /// Bytes before.
    pub before: u64,
    /// Bytes after.
    pub after: u64,
}

/// Environments that one change makes grow so much that it is worth a word; of those that served nothing, none.
pub fn growth(state: &State, placed: &[Placed], now: Timestamp) -> Vec<Growth> {
    let weighs = |(here, event): &&Placed| !state.bytes_after(event, here.as_ref(), 0).is_empty();
    let mut weighing = placed.iter().filter(weighs);
    let after: Vec<(EnvironmentKey, u64)> = match (weighing.next(), weighing.next()) {
        (None, _) => return Vec::new(),
        (Some((here, event)), None) => state.bytes_after(event, here.as_ref(), event.bytes()),
        // What comes later may concern what came before.
        (Some(_), Some(_)) => {
            let supposed = state.supposing(placed, now);
            supposed.environments.iter().map(|(key, environment)| (key.clone(), environment.bytes)).collect()
        }
    };
    let growth = |(environment, after): (EnvironmentKey, u64)| {
        let before = state.environments.get(&environment)?.bytes;
        Some(Growth { environment, before, after })
    };
    after.into_iter().filter_map(growth).filter(Growth::is_noted).collect()
}

impl Growth {
    const fn more(&self) -> u64 {
        self.after.saturating_sub(self.before)
    }

    const fn exceeds(&self, percent: u64) -> bool {
        self.more().saturating_mul(100) > self.before.saturating_mul(percent)
    }

    const fn is_noted(&self) -> bool {
        self.before > 0
            && self.after > GROWTH_FREE_BYTES
            && (self.more() > GROWTH_FREE_BYTES || self.exceeds(GROWTH_NOTED_PERCENT))
    }

    /// Whether somebody has to confirm it.
    pub const fn needs_a_word(&self) -> bool {
        self.before > 0 && self.after > GROWTH_FREE_BYTES && self.exceeds(GROWTH_CONFIRMED_PERCENT)
    }

    /// What to tell whoever made the change.
    pub fn sentence(&self) -> String {
        let Self { environment, before, after } = self;
        format!("what environment `{environment}` serves grows from {before} to {after} bytes")
    }

    /// What to tell whoever has not confirmed it.
    pub fn refusal(&self) -> Rejection {
        let limit = self.before.saturating_mul(GROWTH_CONFIRMED_PERCENT.saturating_add(100)).div_euclid(100);
        let message = format!(
            "{}, more than the {limit} that one change may make of it; ask again with `confirm_growth=true` if that is \
             meant",
            self.sentence()
        );
        Rejection::over_limit("", message)
    }
}

#[cfg(test)]
mod tests;
