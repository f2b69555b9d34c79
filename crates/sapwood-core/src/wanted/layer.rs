//! A slice of a layer, whose place need not be said.

use sapwood_eval::{BUCKETS, FlagKey, LayerKey, LayerSlice, Salt, free_slice};
use serde::Deserialize;

use crate::rejection::Rejection;
use crate::state::State;

/// A slice of a layer as asked for: how wide, and where only if that matters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedSlice {
    /// The layer.
    pub layer: LayerKey,
    /// Its salt; absent, the one its flags know it by.
    #[serde(default)]
    pub salt: Option<Salt>,
    /// First bucket; absent, where the flag has its slice already if that is wide enough, or the first place that is.
    #[serde(default)]
    pub from: Option<u32>,
    /// How many buckets it spans.
    pub width: u32,
    /// The salt of a layer that no flag has yet.
    #[serde(skip)]
    pub minted: Option<Salt>,
}

impl WantedSlice {
    /// The slice with its place, for this flag.
    ///
    /// # Errors
    /// No place is wide enough; the message has what is taken and what is free.
    pub fn placed(self, state: &State, flag: &FlagKey) -> Result<LayerSlice, Rejection> {
        let slices = state.flags.iter().filter_map(|(key, known)| {
            let slice = known.value.flag.layer.as_ref()?;
            (slice.layer == self.layer).then_some((key, slice))
        });
        let (own, mates): (Vec<_>, Vec<_>) = slices.partition(|(key, _)| *key == flag);
        let own = own.first().map(|(_, slice)| *slice);
        let known = mates.first().map(|(_, slice)| &slice.salt).or(own.map(|slice| &slice.salt)).cloned();
        let Some(salt) = self.salt.or(known).or(self.minted) else {
            let message = format!("layer `{}` is new; give it a salt", self.layer);
            return Err(Rejection::invalid("/flag/layer/salt", message));
        };
        let slice =
            |from| LayerSlice { layer: self.layer.clone(), salt: salt.clone(), from, width: self.width };
        if let Some(from) = self.from {
            return Ok(slice(from));
        }
        let stays = own.map(|own| slice(own.from)).filter(|stays| {
            stays.until() <= BUCKETS && !mates.iter().any(|(_, taken)| taken.overlaps(stays))
        });
        if let Some(stays) = stays {
            return Ok(stays);
        }
        let taken = || mates.iter().map(|(_, slice)| *slice);
        free_slice(taken(), self.width).map(slice).ok_or_else(|| {
            let taken = spans(mates.iter().map(|(key, slice)| format!("{} by `{key}`", span(slice.from, slice.until()))));
            let free = spans(gaps(mates.iter().map(|(_, slice)| (slice.from, slice.until())).collect()));
            let message = format!(
                "layer `{}` has no {} buckets in a row left; taken: {taken}; free: {free}. Take less, or make room",
                self.layer, self.width
            );
            Rejection::invalid("/flag/layer/width", message)
        })
    }
}

fn span(from: u32, until: u32) -> String {
    format!("{from} to {}", until.saturating_sub(1))
}

/// What lies between these spans.
fn gaps(mut taken: Vec<(u32, u32)>) -> impl Iterator<Item = String> {
    taken.sort_unstable();
    taken.push((BUCKETS, BUCKETS));
    let mut end = 0;
    taken.into_iter().filter_map(move |(from, until)| {
        let gap = (end < from).then(|| span(end, from));
        end = end.max(until);
        gap
    })
}

/// The first ten of them.
fn spans(all: impl Iterator<Item = String>) -> String {
    const NAMED_MAX: usize = 10;
    let mut all: Vec<String> = all.collect();
    let more = all.len().saturating_sub(NAMED_MAX);
    all.truncate(NAMED_MAX);
    if more > 0 {
        all.push(format!("{more} more"));
    }
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}
