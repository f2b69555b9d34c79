//! A flag's definition, and what people read of it.

use std::collections::BTreeMap;

use sapwood_api::manage::FlagBody;
use sapwood_core::event::{About, FlagKind};
use sapwood_core::rejection::Rejection;
use sapwood_core::wanted::WantedSlice;
use sapwood_eval::{
    AttributeName, Bucketing, Flag, FlagKey, LayerSlice, Salt, Value as Served, ValueType, VariantKey,
};
use sapwood_words::{Fault, Spot};
use serde_json::{Map, Value, json};

const TYPES: [(&str, ValueType); 5] = [
    ("boolean", ValueType::Boolean),
    ("string", ValueType::String),
    ("integer", ValueType::Integer),
    ("number", ValueType::Number),
    ("object", ValueType::Object),
];

/// `flag`: the key is in the address. `salt` and `bucketing` are those it has, or the one that was made for it; what the
/// request names of them goes before.
pub(in crate::convert) fn flag(
    key: FlagKey,
    body: FlagBody,
    (salt, bucketing): (&str, Bucketing),
) -> Result<Flag, Rejection> {
    let value_type = json!(body.value_type);
    let word = Spot::new("/flag/type", &value_type).word("a type", &TYPES.map(|(word, _)| word))?;
    let value_type = TYPES.iter().find(|(known, _)| *known == word).map_or(ValueType::Object, |(_, of)| *of);
    let mut variants = BTreeMap::new();
    let given = Value::Object(body.variants);
    let spot = Spot::new("/flag/variants", &given);
    for (name, json) in given.as_object().into_iter().flatten() {
        let spot = spot.field(name, json);
        let variant: VariantKey = name.parse().map_err(|error| refuse(&spot, &error))?;
        variants.insert(variant, Served::parse(value_type, json).map_err(|error| refuse(&spot, &error))?);
    }
    let unit = match body.unit {
        Some(unit) => Spot::new("/flag/unit", &json!(unit)).key("the name of an attribute")?,
        None => AttributeName::targeting_key(),
    };
    let layer = match &body.layer {
        None | Some(Value::Null) => None,
        Some(json) => Some(layer(Spot::new("/flag/layer", json))?),
    };
    let bucketing = match body.bucketing {
        None => bucketing,
        Some(word) => {
            Spot::new("/flag/bucketing", &json!(word)).word("a bucketing", &["flagd-v3"])?;
            Bucketing::FlagdV3
        }
    };
    let salt: Salt = Spot::new("/flag/salt", &json!(body.salt.as_deref().unwrap_or(salt))).key("a salt")?;
    let client_visible = body.client_visible;
    Ok(Flag { key, value_type, variants, unit, client_visible, layer, bucketing, salt })
}

fn refuse(spot: &Spot<'_>, error: &dyn std::fmt::Display) -> Fault {
    spot.refuse(error.to_string())
}

fn layer(spot: Spot<'_>) -> Result<LayerSlice, Fault> {
    let fields = spot.fields("a slice of a layer", &["layer", "salt", "from", "width"])?;
    Ok(LayerSlice {
        layer: fields.needed("layer")?.key("the name of a layer")?,
        salt: fields.needed("salt")?.key("the salt that all flags of the layer name")?,
        from: whole(&fields.needed("from")?, "a bucket, which is a whole number from 0 to 99999")?,
        width: whole(&fields.needed("width")?, "a number of buckets, which is a whole number")?,
    })
}

/// A slice whose salt and place need not be said.
pub(in crate::convert) fn slice(spot: Spot<'_>) -> Result<WantedSlice, Rejection> {
    let fields = spot.fields("a slice of a layer", &["layer", "salt", "from", "width"])?;
    let salt = fields.given("salt").map(|of| of.key("the salt that all flags of the layer name"));
    let from = fields.given("from").map(|of| whole(&of, "a bucket, which is a whole number from 0 to 99999"));
    Ok(WantedSlice {
        layer: fields.needed("layer")?.key("the name of a layer")?,
        salt: salt.transpose()?,
        from: from.transpose()?,
        width: whole(&fields.needed("width")?, "a number of buckets, which is a whole number")?,
        minted: None,
    })
}

fn whole(spot: &Spot<'_>, what: &str) -> Result<u32, Fault> {
    spot.json().as_u64().and_then(|number| u32::try_from(number).ok()).ok_or_else(|| spot.is_not(what))
}

const KINDS: [(&str, FlagKind); 4] = [
    ("release", FlagKind::Release),
    ("experiment", FlagKind::Experiment),
    ("ops", FlagKind::Ops),
    ("permission", FlagKind::Permission),
];

/// `about`: what people read.
pub(in crate::convert) fn about(fields: Map<String, Value>) -> Result<About, Rejection> {
    let given = Value::Object(fields);
    let spot = Spot::new("/about", &given);
    let fields =
        spot.fields("`about`", &["description", "owner", "tags", "kind", "expected_lifetime_days"])?;
    let mut about = About::default();
    if let Some(spot) = fields.given("description") {
        about.description = spot.text("what the flag is for")?;
    }
    if let Some(spot) = fields.given("owner").and_then(Spot::unless_null) {
        about.owner = Some(spot.text("who answers for the flag")?);
    }
    if let Some(spot) = fields.given("tags") {
        about.tags = spot.all("a list of words", |one| one.text("a word"))?;
    }
    if let Some(spot) = fields.given("kind") {
        let word = spot.word("a kind of flag", &KINDS.map(|(word, _)| word))?;
        about.kind = KINDS.iter().find(|(known, _)| *known == word).map(|(_, of)| *of).unwrap_or_default();
    }
    if let Some(spot) = fields.given("expected_lifetime_days").and_then(Spot::unless_null) {
        about.expected_lifetime_days = Some(whole(&spot, "a whole number of days")?);
    }
    Ok(about)
}
