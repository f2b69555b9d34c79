//! Shares by variant, and the slots they become.

use std::collections::BTreeMap;
use std::fmt;

use sapwood_eval::{Flag, Serve, Share, Slot, SlotsError, VariantKey, lay_out, reshare, shares};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::moves::table;
use crate::rejection::Rejection;

/// What a rule or the default is to serve.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ServeShape")]
pub enum WantedServe {
    /// This, as it stands.
    As(Serve),
    /// Shares, to be laid over the slots there are.
    Shares(WantedShares),
}

/// Shares by variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedShares {
    /// How much each variant is to have; what is not named has nothing.
    pub shares: BTreeMap<VariantKey, Share>,
    /// What takes the rest; absent where the shares are the whole.
    pub rest: Option<Rest>,
    /// A table beside the shares, as it was read: whichever of the two is not as it is stored is what was edited.
    pub slots: Option<Vec<Slot>>,
}

/// What takes the rest of a table: a variant, or `None` for passing on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest(pub Option<VariantKey>);

impl From<Serve> for WantedServe {
    fn from(serve: Serve) -> Self {
        Self::As(serve)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServeShape {
    variant: Option<VariantKey>,
    slots: Option<Vec<Slot>>,
    shares: Option<BTreeMap<VariantKey, Parts>>,
    #[serde(default, deserialize_with = "said")]
    rest: Option<Rest>,
}

/// Tells `null` from nothing.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Rest>, D::Error> {
    Option::deserialize(deserializer).map(|rest| Some(Rest(rest)))
}

impl TryFrom<ServeShape> for WantedServe {
    type Error = &'static str;
    fn try_from(shape: ServeShape) -> Result<Self, &'static str> {
        match shape {
            ServeShape { variant: Some(key), slots: None, shares: None, rest: None } => {
                Ok(Self::As(Serve::Variant(key)))
            }
            ServeShape { variant: None, slots: Some(slots), shares: None, rest: None } => {
                Ok(Self::As(Serve::Slots(slots)))
            }
            ServeShape { variant: None, slots, shares: Some(shares), rest } => {
                let shares = shares.into_iter().map(|(key, Parts(share))| (key, share)).collect();
                Ok(Self::Shares(WantedShares { shares, rest, slots }))
            }
            ServeShape { variant: Some(_), .. } => Err("`variant` stands alone; leave out what is beside it"),
            ServeShape { rest: Some(_), .. } => {
                Err("`rest` stands beside `shares`; say how much each variant gets")
            }
            ServeShape { .. } => Err("say what is served: `variant`, `shares` or `slots`"),
        }
    }
}

/// A share as a whole number of parts per 100 000, or as text in percent.
struct Parts(Share);

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartsVisitor)
    }
}

struct PartsVisitor;

impl Visitor<'_> for PartsVisitor {
    type Value = Parts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of parts per 100000, or percent as text, such as \"12.5%\"")
    }

    fn visit_u64<E: de::Error>(self, parts: u64) -> Result<Parts, E> {
        let parts = u32::try_from(parts).unwrap_or(u32::MAX);
        Share::from_parts(parts).map(Parts).map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Parts, E> {
        text.parse().map(Parts).map_err(E::custom)
    }
}

impl WantedServe {
    /// As it is kept, laid over what is there.
    pub(super) fn laid_over(
        self,
        flag: &Flag,
        known: Option<&Serve>,
        path: &str,
    ) -> Result<Serve, Rejection> {
        let wanted = match self {
            Self::As(serve) => return Ok(serve),
            Self::Shares(wanted) => wanted,
        };
        wanted.make_a_whole(flag, path)?;
        let stored = known.map(table);
        if let Some(given) = wanted.slots.clone() {
            // Shares that are as they are stored were not what was edited.
            let edited_slots = stored.as_ref().is_some_and(|stored| wanted.describe(stored));
            if wanted.describe(&given) || edited_slots {
                return Ok(Serve::Slots(given));
            }
            if stored.as_ref() != Some(&given) {
                let message =
                    "`slots` and `shares` disagree, and neither is as it is stored; leave one of them out";
                return Err(Rejection::invalid(path, message));
            }
        }
        match (known, stored) {
            (Some(known), Some(stored)) if wanted.describe(&stored) => Ok(known.clone()),
            (_, stored) => wanted.laid(&stored.unwrap_or_default(), path).map(Serve::Slots),
        }
    }
}

impl WantedShares {
    fn takes_rest(&self) -> Option<&VariantKey> {
        self.rest.as_ref().and_then(|Rest(rest)| rest.as_ref())
    }

    fn parts(&self) -> u64 {
        self.shares.values().map(|share| u64::from(share.parts())).sum()
    }

    /// Refuses shares that leave somebody without an answer, or name what the flag does not have.
    fn make_a_whole(&self, flag: &Flag, path: &str) -> Result<(), Rejection> {
        let unknown = |key: &&VariantKey| !flag.variants.contains_key(*key);
        if let Some(key) = self.shares.keys().chain(self.takes_rest()).find(unknown) {
            let known: Vec<&str> = flag.variants.keys().map(VariantKey::as_str).collect();
            let place =
                if self.shares.contains_key(key) { format!("shares/{key}") } else { "rest".to_owned() };
            let message = format!("flag {} has no variant {key}; use one of {}", flag.key, known.join(", "));
            return Err(Rejection::invalid(format!("{path}/{place}"), message));
        }
        let (parts, whole) = (self.parts(), u64::from(Share::WHOLE.parts()));
        let enough = if self.rest.is_some() { parts <= whole } else { parts == whole };
        if enough {
            return Ok(());
        }
        let remedy = if parts > whole {
            "make them less".to_owned()
        } else if parts == 100 {
            "write percent as text, such as \"30%\", or parts per 100000".to_owned()
        } else {
            "make them add up to the whole, or say who gets the rest: `rest`, a variant, or null to pass on"
                .to_owned()
        };
        Err(Rejection::invalid(
            format!("{path}/shares"),
            format!("the shares add up to {parts} of {whole} parts; {remedy}"),
        ))
    }

    /// Whether this is how much everything has in a table.
    fn describe(&self, slots: &[Slot]) -> bool {
        let mut wanted: BTreeMap<Option<&VariantKey>, u64> =
            self.shares.iter().map(|(key, share)| (Some(key), u64::from(share.parts()))).collect();
        if let Some(Rest(rest)) = &self.rest {
            let left = u64::from(Share::WHOLE.parts()).saturating_sub(self.parts());
            let to_rest = wanted.entry(rest.as_ref()).or_default();
            *to_rest = to_rest.saturating_add(left);
        }
        wanted.retain(|_, parts| *parts > 0);
        let has = shares(slots);
        let mut has: BTreeMap<Option<&VariantKey>, u64> =
            has.iter().map(|(key, share)| (key.as_ref(), u64::from(share.parts()))).collect();
        has.retain(|_, parts| *parts > 0);
        wanted == has
    }

    fn laid(&self, over: &[Slot], path: &str) -> Result<Vec<Slot>, Rejection> {
        let rest = self.takes_rest();
        let laid = if over.is_empty() {
            lay_out(&self.shares, rest)
        } else {
            reshare(over, &self.shares, rest).map(|laid| laid.slots)
        };
        laid.map_err(|error| match error {
            SlotsError::TooManySlots { slots, limit } => Rejection::over_limit(
                format!("{path}/shares"),
                format!(
                    "after many edits the table would have {slots} slots, at most {limit} are allowed; lay it out \
                     anew under another rule id, which moves people"
                ),
            ),
            SlotsError::MoreThanWhole { .. } | SlotsError::RestNamed(_) => {
                Rejection::invalid(format!("{path}/shares"), error.to_string())
            }
            SlotsError::NotWhole { .. } => Rejection::invalid(format!("{path}/slots"), error.to_string()),
        })
    }
}
