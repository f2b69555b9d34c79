//! Definitions out of JSON: of whatever cannot be read, the place, what stands there, what may stand there and what to do.
//!
//! By hand, because a derived reader forgets where in a tree of conditions it was and says what it would have liked in the
//! words of its own language. It takes exactly what the derived readers of `sapwood-eval` take, which a test holds it to;
//! only a list in the place of an object, which those would read field by field, is refused here.

mod condition;
mod flag;
mod serve;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use sapwood_core::event::MetricKind;
use sapwood_core::rejection::Rejection;
use sapwood_core::wanted::{WantedRule, WantedTargeting};
use sapwood_eval::{Segment, SegmentKey};
use sapwood_words::Fault;
use serde_json::{Map, Value};

use serve::serve;

pub(super) use condition::{condition, serves};
pub(super) use flag::{about, flag, slice};
pub(super) use sapwood_words::Spot;

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

fn rule(spot: Spot<'_>) -> Result<WantedRule, Fault> {
    const MEANT: [(&str, &str); 5] =
        [("if", "when"), ("condition", "when"), ("name", "id"), ("key", "id"), ("variant", "serve")];
    let fields = spot.fields_meaning("a rule", &["id", "when", "serve"], &MEANT)?;
    Ok(WantedRule {
        id: fields.needed("id")?.key("the name of a rule")?,
        when: condition(fields.needed("when")?)?,
        serve: serve(fields.needed("serve")?)?,
    })
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

/// `metric`: what is counted.
pub(super) fn metric(spot: Spot<'_>) -> Result<MetricKind, Rejection> {
    let kind = spot.fields("a metric", &["kind"])?.needed("kind")?;
    kind.word("a kind of metric", &["event_rate"])?;
    Ok(MetricKind::EventRate)
}
