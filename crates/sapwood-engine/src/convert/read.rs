//! Definitions out of JSON: of whatever cannot be read, the place, what stands there, what may stand there and what to do.
//!
//! By hand, because a derived reader forgets where in a tree of conditions it was and says what it would have liked in the
//! words of its own language. It takes exactly what the derived readers of `sapwood-eval` take, which a test holds it to;
//! only a list in the place of an object, which those would read field by field, is refused here.

mod condition;
mod flag;
mod spot;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use sapwood_core::rejection::Rejection;
use sapwood_core::wanted::{WantedRule, WantedServe, WantedTargeting};
use sapwood_eval::{Segment, SegmentKey, Serve, Share, Slot};
use serde_json::{Map, Value};

pub(super) use condition::{condition, serves};
pub(super) use flag::{about, flag, slice};
pub(super) use spot::Spot;

use spot::{Choice, Shape};

/// Whole numbers of a share.
const WIDTH: &str = "a whole number of parts per 100 000, from 0 to 100000";

/// `targeting`: who gets what from a flag in one environment.
pub(super) fn targeting(spot: Spot<'_>) -> Result<WantedTargeting, Rejection> {
    let fields = spot.fields("targeting", &["on", "off_variant", "rules", "default"])?;
    Ok(WantedTargeting {
        on: fields.needed("on")?.boolean("whether the flag is on")?,
        off_variant: fields.needed("off_variant")?.key("the name of a variant")?,
        rules: fields.needed("rules")?.all("a list of rules", rule)?,
        default: serve(fields.needed("default")?)?,
    })
}

fn rule(spot: Spot<'_>) -> Result<WantedRule, Rejection> {
    const MEANT: [(&str, &str); 5] =
        [("if", "when"), ("condition", "when"), ("name", "id"), ("key", "id"), ("variant", "serve")];
    let fields = spot.fields_meaning("a rule", &["id", "when", "serve"], &MEANT)?;
    Ok(WantedRule {
        id: fields.needed("id")?.key("the name of a rule")?,
        when: condition(fields.needed("when")?)?,
        serve: serve(fields.needed("serve")?)?,
    })
}

const SERVE: Shape = Shape {
    what: "what is served",
    one: "way to serve",
    words: &[],
    tags: &["variant", "shares", "slots"],
    meant: &[("percentage", "shares"), ("split", "shares"), ("value", "variant"), ("variation", "variant")],
    such_as: r#"{"variant": "on"}"#,
};

fn serve(spot: Spot<'_>) -> Result<WantedServe, Rejection> {
    if spot.json.get("shares").is_some() {
        // Shares stand beside a rest, or beside the slots they were read with.
        let fields = spot.fields("what is served", &["shares", "rest", "slots"])?;
        if let Some(slots) = fields.given("slots") {
            slots.all("a list of slots", slot)?;
        }
        return serde_json::from_value(spot.json.clone()).map_err(|error| spot.refuse(error.to_string()));
    }
    Ok(WantedServe::As(match spot.choice(&SERVE)? {
        Choice::Tag("slots", of) => Serve::Slots(of.all("a list of slots", slot)?),
        Choice::Tag(_, of) => Serve::Variant(of.key("the name of a variant")?),
        Choice::Word(_) => return Err(spot.unlike(&SERVE)),
    }))
}

fn slot(spot: Spot<'_>) -> Result<Slot, Rejection> {
    const MEANT: [(&str, &str); 4] =
        [("weight", "width"), ("share", "width"), ("percentage", "width"), ("variant", "serve")];
    let fields = spot.fields_meaning("a slot", &["serve", "width"], &MEANT)?;
    // A forgotten `serve` must not mean "pass on".
    let serve = fields.needed("serve")?;
    let serve = serve.unless_null().map(|of| of.key("the name of a variant, or `null` to pass on"));
    let width = fields.needed("width")?;
    let parts = width.json.as_u64().and_then(|parts| u32::try_from(parts).ok());
    let share = parts.and_then(|parts| Share::from_parts(parts).ok()).ok_or_else(|| width.is_not(WIDTH))?;
    Ok(Slot { serve: serve.transpose()?, width: share })
}

/// `segment`: a named set of subjects; the name is in the address.
pub(super) fn segment(key: &str, body: Map<String, Value>) -> Result<Segment, Rejection> {
    let key: SegmentKey = super::parse("key", key)?;
    let body = Value::Object(body);
    let spot = Spot::new("/segment", &body);
    let fields = spot.fields("a segment", &["condition", "included", "excluded"])?;
    let listed = |name| match fields.given(name) {
        Some(spot) => spot.all("a list of targeting keys", |one| one.text("a targeting key")),
        None => Ok(Vec::new()),
    };
    Ok(Segment {
        key,
        condition: condition(fields.needed("condition")?)?,
        included: listed("included")?.into_iter().collect::<BTreeSet<_>>(),
        excluded: listed("excluded")?.into_iter().collect(),
    })
}
