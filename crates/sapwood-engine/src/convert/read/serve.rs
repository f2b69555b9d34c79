//! What is served: a variant, shares by variant, or slots.

use std::collections::BTreeMap;

use sapwood_core::wanted::{Rest, WantedServe, WantedShares};
use sapwood_eval::{Serve, Share, Slot, VariantKey};
use sapwood_words::{Choice, Fault, OneOf, Spot};

/// Whole numbers of a width.
const WIDTH: &str = "a whole number of parts per 100 000, from 0 to 100000";
/// The same of a share, which people say in percent.
const SHARE: &str =
    "a whole number of parts per 100 000, from 0 to 100000, or percent as a text, such as \"12.5%\"";
const PASSES_ON: &str = "the name of a variant, or `null` to pass on";

const SERVE: OneOf = OneOf {
    what: "what is served",
    one: "way to serve",
    words: &[],
    tags: &["variant", "shares", "slots"],
    meant: &[("percentage", "shares"), ("split", "shares"), ("value", "variant"), ("variation", "variant")],
    such_as: r#"{"variant": "on"}"#,
};

pub(super) fn serve(spot: Spot<'_>) -> Result<WantedServe, Fault> {
    // One field says which way it is; shares stand beside a rest, or beside the slots they were read with.
    if spot.json().as_object().is_some_and(|map| map.len() > 1 || map.contains_key("rest")) {
        return several(&spot);
    }
    Ok(match spot.choice(&SERVE)? {
        Choice::Tag("slots", of) => WantedServe::As(Serve::Slots(of.all("a list of slots", slot)?)),
        Choice::Tag("shares", of) => {
            WantedServe::Shares(WantedShares { shares: shares(&of)?, rest: None, slots: None })
        }
        Choice::Tag(_, of) => WantedServe::As(Serve::Variant(of.key("the name of a variant")?)),
        Choice::Word(_) => return Err(spot.unlike(&SERVE)),
    })
}

fn several(spot: &Spot<'_>) -> Result<WantedServe, Fault> {
    let fields =
        spot.fields_meaning("what is served", &["variant", "shares", "rest", "slots"], SERVE.meant)?;
    if fields.given("variant").is_some() {
        let beside = ["shares", "rest", "slots"].into_iter().find(|name| fields.given(name).is_some());
        let beside = beside.unwrap_or_default();
        return Err(spot.refuse(format!(
            "`variant` is served to everybody, so `{beside}` beside it has nothing to say; keep `variant` alone, or say in \
             `shares` how much each variant gets"
        )));
    }
    let Some(of) = fields.given("shares") else {
        return Err(
            spot.refuse("`rest` stands beside `shares`; add `shares`, which say how much each variant gets")
        );
    };
    let rest = fields.given("rest").map(|of| match of.unless_null() {
        Some(of) => {
            if of.json().is_string() {
                of.key(PASSES_ON).map(Some)
            } else {
                Err(of.is_not(PASSES_ON))
            }
        }
        None => Ok(None),
    });
    let slots = fields.given("slots").map(|of| of.all("a list of slots", slot));
    Ok(WantedServe::Shares(WantedShares {
        shares: shares(&of)?,
        rest: rest.transpose()?.map(Rest),
        slots: slots.transpose()?,
    }))
}

fn shares(spot: &Spot<'_>) -> Result<BTreeMap<VariantKey, Share>, Fault> {
    let Some(map) = spot.json().as_object() else {
        return Err(spot.is_not(
            "an object with a share for each variant, such as {\"on\": \"12.5%\", \"off\": \"87.5%\"}",
        ));
    };
    let share = |(name, json): (&String, &serde_json::Value)| {
        let spot = spot.field(name, json);
        let variant: VariantKey = name.parse().map_err(|error| refuse(&spot, &error))?;
        let share = match json.as_str() {
            Some(text) => text.parse::<Share>().map_err(|error| refuse(&spot, &error))?,
            None => parts(&spot).ok_or_else(|| spot.is_not(SHARE))?,
        };
        Ok((variant, share))
    };
    map.iter().map(share).collect()
}

fn parts(spot: &Spot<'_>) -> Option<Share> {
    spot.json()
        .as_u64()
        .and_then(|parts| u32::try_from(parts).ok())
        .and_then(|parts| Share::from_parts(parts).ok())
}

fn refuse(spot: &Spot<'_>, error: &dyn std::fmt::Display) -> Fault {
    spot.refuse(error.to_string())
}

fn slot(spot: Spot<'_>) -> Result<Slot, Fault> {
    const MEANT: [(&str, &str); 4] =
        [("weight", "width"), ("share", "width"), ("percentage", "width"), ("variant", "serve")];
    let fields = spot.fields_meaning("a slot", &["serve", "width"], &MEANT)?;
    // A forgotten `serve` must not mean "pass on".
    let serve = fields
        .needed("serve")?
        .unless_null()
        .map(|of| if of.json().is_string() { of.key(PASSES_ON) } else { Err(of.is_not(PASSES_ON)) });
    let width = fields.needed("width")?;
    let share = parts(&width).ok_or_else(|| width.is_not(WIDTH))?;
    Ok(Slot { serve: serve.transpose()?, width: share })
}
