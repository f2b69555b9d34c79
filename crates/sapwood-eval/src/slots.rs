//! Editing shares: people name percentages, this turns them into slot tables that move as few subjects as can be.
//!
//! Every arm has an anchor, the bucket where it starts, and grows from there to the right, around the end and on from
//! the front. It shrinks from where it grew last, so a shrink undoes the latest expansion first.

mod cells;

use std::collections::BTreeMap;
use std::fmt;

use crate::flag::Slot;
use crate::key::VariantKey;
use crate::limits::Limits;
use crate::share::Share;

use cells::{Cells, REST};

/// A slot table after its shares were edited, and who that moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reshared {
    /// The new table.
    pub slots: Vec<Slot>,
    /// The share of all subjects that are served something else than before.
    pub moved: Share,
    /// The same from what to what, in order.
    pub moves: Vec<Move>,
}

/// Subjects that move from one slot to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    /// What they were served; `None` for passing on.
    pub from: Option<VariantKey>,
    /// What they are served now.
    pub to: Option<VariantKey>,
    /// How many.
    pub share: Share,
}

/// Why shares cannot be turned into a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotsError {
    /// The shares asked for add up to more than the whole.
    MoreThanWhole {
        /// Their sum in parts per 100 000.
        parts: u64,
    },
    /// A share is asked for what also takes the rest.
    RestNamed(VariantKey),
    /// The table at hand does not add up to the whole.
    NotWhole {
        /// Its sum in parts per 100 000.
        parts: u64,
    },
    /// Many edits have cut the table into more slots than are allowed.
    TooManySlots {
        /// How many it would take.
        slots: usize,
        /// How many are allowed.
        limit: usize,
    },
}

impl fmt::Display for SlotsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MoreThanWhole { parts } => {
                write!(f, "the shares add up to {parts} parts; use at most 100000 in all")
            }
            Self::RestNamed(key) => write!(f, "{key} takes what is left; do not name a share for it"),
            Self::NotWhole { parts } => {
                write!(f, "the table at hand adds up to {parts} parts instead of 100000; lay it out anew")
            }
            Self::TooManySlots { slots, limit } => write!(
                f,
                "the table would have {slots} slots, at most {limit} are allowed; lay it out anew, which moves subjects"
            ),
        }
    }
}

impl std::error::Error for SlotsError {}

/// Lays out a new table: arms start evenly spaced, so that each can grow without touching another. `rest` gets what
/// no arm asks for; `None` passes on.
///
/// ```
/// use std::collections::BTreeMap;
/// use sapwood_eval::{Share, lay_out};
/// let tenth = Share::from_parts(10_000)?;
/// let arms = ["a", "b"].into_iter().map(|key| Ok((key.parse()?, tenth))).collect::<Result<BTreeMap<_, _>, sapwood_eval::KeyError>>()?;
/// let slots = lay_out(&arms, None)?;
/// assert_eq!(serde_json::to_string(&slots)?, concat!(
///     r#"[{"serve":"a","width":10000},{"serve":null,"width":40000},"#,
///     r#"{"serve":"b","width":10000},{"serve":null,"width":40000}]"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn lay_out(
    wanted: &BTreeMap<VariantKey, Share>,
    rest: Option<&VariantKey>,
) -> Result<Vec<Slot>, SlotsError> {
    let mut table = Table::new(rest);
    table.cells.fill(length(Share::WHOLE));
    let counts = table.wanted(wanted, rest)?;
    table.cells.space_evenly();
    table.cells.reallocate(&counts);
    table.slots(wanted)
}

/// Edits the shares of a table so that the fewest subjects move, and on expansion none from one arm to another.
///
/// An arm that is not named loses its share. An empty table is laid out anew.
///
/// ```
/// use std::collections::BTreeMap;
/// use sapwood_eval::{Share, lay_out, reshare};
/// let share = |parts| Share::from_parts(parts).unwrap_or_default();
/// let on: sapwood_eval::VariantKey = "on".parse()?;
/// let tenth = lay_out(&BTreeMap::from([(on.clone(), share(10_000))]), None)?;
/// let quarter = reshare(&tenth, &BTreeMap::from([(on, share(25_000))]), None)?;
/// assert_eq!(quarter.moved, share(15_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn reshare(
    current: &[Slot],
    wanted: &BTreeMap<VariantKey, Share>,
    rest: Option<&VariantKey>,
) -> Result<Reshared, SlotsError> {
    if current.is_empty() {
        return lay_out(wanted, rest).map(|slots| Reshared { slots, moved: Share::NONE, moves: Vec::new() });
    }
    let mut table = Table::read(current, rest)?;
    let counts = table.wanted(wanted, rest)?;
    let moves = table.cells.reallocate(&counts);
    let slots = table.slots(wanted)?;
    let name = |arm: usize| table.serves.get(arm).cloned().flatten();
    let mut moves: Vec<Move> = moves
        .into_iter()
        .map(|((from, to), count)| Move { from: name(from), to: name(to), share: share(count) })
        .collect();
    moves.sort_unstable();
    let moved = moves.iter().fold(Share::NONE, |sum, one| sum.saturating_add(one.share));
    Ok(Reshared { slots, moved, moves })
}

/// The share that each variant (or `None`, passing on) has in a table.
#[must_use]
pub fn shares(slots: &[Slot]) -> BTreeMap<Option<VariantKey>, Share> {
    let mut shares = BTreeMap::<_, Share>::new();
    for slot in slots {
        let share = shares.entry(slot.serve.clone()).or_default();
        *share = share.saturating_add(slot.width);
    }
    shares
}

/// Who is served something else by a table than by another, from what to what, in order. Nothing where either does not
/// add up to the whole.
///
/// ```
/// use sapwood_eval::{Slot, moves};
/// let table = |text: &str| serde_json::from_str::<Vec<Slot>>(text);
/// let before = table(r#"[{"serve":"on","width":10000},{"serve":"off","width":90000}]"#)?;
/// let after = table(r#"[{"serve":"on","width":25000},{"serve":"off","width":75000}]"#)?;
/// assert_eq!(moves(&before, &after)[0].share.parts(), 15_000);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn moves(before: &[Slot], after: &[Slot]) -> Vec<Move> {
    let whole = |slots: &[Slot]| sum(slots) == u64::from(Share::WHOLE.parts());
    if !whole(before) || !whole(after) {
        return Vec::new();
    }
    let mut found = BTreeMap::<(Option<&VariantKey>, Option<&VariantKey>), Share>::new();
    let (mut left, mut right) = (before.iter(), after.iter());
    let (mut was, mut is) = (left.next(), right.next());
    let (mut was_left, mut is_left) = (width(was), width(is));
    while let (Some(old), Some(new)) = (was, is) {
        let both = was_left.min(is_left);
        if old.serve != new.serve && both != Share::NONE {
            let share = found.entry((old.serve.as_ref(), new.serve.as_ref())).or_default();
            *share = share.saturating_add(both);
        }
        (was_left, is_left) = (was_left.saturating_sub(both), is_left.saturating_sub(both));
        if was_left == Share::NONE {
            was = left.next();
            was_left = width(was);
        }
        if is_left == Share::NONE {
            is = right.next();
            is_left = width(is);
        }
    }
    found
        .into_iter()
        .map(|((from, to), share)| Move { from: from.cloned(), to: to.cloned(), share })
        .collect()
}

fn width(slot: Option<&Slot>) -> Share {
    slot.map_or(Share::NONE, |slot| slot.width)
}

fn sum(slots: &[Slot]) -> u64 {
    slots.iter().map(|slot| u64::from(slot.width.parts())).sum()
}

/// A table being edited: what each arm number stands for, and the buckets.
struct Table {
    /// By arm; the rest is [`REST`].
    serves: Vec<Option<VariantKey>>,
    cells: Cells,
}

impl Table {
    fn new(rest: Option<&VariantKey>) -> Self {
        Self { serves: vec![rest.cloned()], cells: Cells::default() }
    }

    fn read(slots: &[Slot], rest: Option<&VariantKey>) -> Result<Self, SlotsError> {
        let parts = sum(slots);
        if parts != u64::from(Share::WHOLE.parts()) {
            return Err(SlotsError::NotWhole { parts });
        }
        let mut table = Self::new(rest);
        for slot in slots {
            let arm = table.arm(slot.serve.as_ref());
            table.cells.append(arm, length(slot.width));
        }
        Ok(table)
    }

    /// The number of an arm, new or not.
    fn arm(&mut self, serve: Option<&VariantKey>) -> usize {
        let known = self.serves.iter().position(|known| known.as_ref() == serve);
        known.unwrap_or_else(|| {
            self.serves.push(serve.cloned());
            self.serves.len() - 1
        })
    }

    /// How many buckets each arm is to have; what is not named has none, and the rest has the rest.
    fn wanted(
        &mut self,
        wanted: &BTreeMap<VariantKey, Share>,
        rest: Option<&VariantKey>,
    ) -> Result<Vec<usize>, SlotsError> {
        if let Some(rest) = rest.filter(|rest| wanted.contains_key(*rest)) {
            return Err(SlotsError::RestNamed(rest.clone()));
        }
        let parts: u64 = wanted.values().map(|share| u64::from(share.parts())).sum();
        let Some(left) = u64::from(Share::WHOLE.parts()).checked_sub(parts) else {
            return Err(SlotsError::MoreThanWhole { parts });
        };
        for key in wanted.keys() {
            self.arm(Some(key));
        }
        let count = |serve: &Option<VariantKey>| {
            serve.as_ref().and_then(|key| wanted.get(key)).map_or(0, |share| length(*share))
        };
        let mut counts: Vec<usize> = self.serves.iter().map(count).collect();
        if let Some(rest) = counts.get_mut(REST) {
            *rest = usize::try_from(left).unwrap_or(0);
        }
        self.cells.arms(counts.len());
        Ok(counts)
    }

    /// The table as slots. A slot of no width marks the anchor of an arm that is empty, or that has grown around the
    /// end and so begins before its anchor.
    fn slots(&self, wanted: &BTreeMap<VariantKey, Share>) -> Result<Vec<Slot>, SlotsError> {
        let keeps = |arm: usize| {
            self.serves.get(arm).and_then(Option::as_ref).is_some_and(|key| wanted.contains_key(key))
        };
        let limit = Limits::PUBLISH.slots;
        let mut runs = self.cells.runs(keeps);
        if runs.len() > limit {
            // Anchors are a kindness to later edits; the table's content is not.
            runs = self.cells.runs(|_| false);
        }
        if runs.len() > limit {
            return Err(SlotsError::TooManySlots { slots: runs.len(), limit });
        }
        let slot = |(arm, length): (usize, usize)| Slot {
            serve: self.serves.get(arm).cloned().flatten(),
            width: share(length),
        };
        Ok(runs.into_iter().map(slot).collect())
    }
}

fn length(share: Share) -> usize {
    usize::try_from(share.parts()).unwrap_or(usize::MAX)
}

fn share(length: usize) -> Share {
    u32::try_from(length).ok().and_then(|parts| Share::from_parts(parts).ok()).unwrap_or(Share::WHOLE)
}
