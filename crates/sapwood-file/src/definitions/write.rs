//! Definitions in the server's words as files for people: read back, they say the same to the last digit.

use serde_json::{Map, Value as Json};

use super::{Contents, Kind, keys, read};
use crate::quantity;
use crate::shape::{Field, Shape};
use crate::source::Source;
use crate::yaml::{self, Tree};

/// Why a definition cannot be written as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritable(pub String);

/// One definition as a YAML file. It is read back before it is handed out, so that no file ever loses anything.
///
/// # Errors
/// A sentence: the server says something that this version has no word for, or that is over a limit of files.
pub fn write(wire: &Json) -> Result<String, Unwritable> {
    let wire = &without_shares(wire);
    let word = |name: &str| wire.get(name).and_then(Json::as_str).unwrap_or_default();
    let name = format!("{} `{}`", word("kind"), word("key"));
    let unknown = |what: &str| {
        Unwritable(format!(
            "{name} {what}; the server may be newer than this program, which then needs an upgrade"
        ))
    };
    let kind = Kind::of(word("kind")).ok_or_else(|| unknown("is of a kind that is not known here"))?;
    let Json::Object(fields) = wire else { return Err(unknown("is not an object")) };
    let mut entries = vec![("sapwood".to_owned(), Tree::Plain("1".to_owned()))];
    entries.extend(map(fields, keys::of(kind)).map_err(|what| unknown(&what))?);
    let text = yaml::print(&Tree::Map(entries));
    check(&name, &text, wire)?;
    Ok(text)
}

/// The same without the shares that the server shows beside slots: a file says it once, and slots say it exactly.
fn without_shares(wire: &Json) -> Json {
    let mut wire = wire.clone();
    let targeting = wire.get_mut("environments").and_then(Json::as_object_mut);
    for targeting in targeting.into_iter().flat_map(|all| all.values_mut()) {
        if let Some(default) = targeting.get_mut("default") {
            slots_alone(default);
        }
        let rules = targeting.get_mut("rules").and_then(Json::as_array_mut);
        rules.into_iter().flatten().filter_map(|rule| rule.get_mut("serve")).for_each(slots_alone);
    }
    wire
}

fn slots_alone(serve: &mut Json) {
    if let Some(serve) = serve.as_object_mut().filter(|serve| serve.contains_key("slots")) {
        serve.remove("shares");
        serve.remove("rest");
    }
}

/// Reads a text back and compares: what usually is so, and was left out, counts as said.
fn check(name: &str, text: &str, wire: &Json) -> Result<(), Unwritable> {
    let refuse = |why: &str| Unwritable(format!("{name} cannot be written as a file: {why}"));
    let source = Source::new(name, text).map_err(|why| refuse(&why))?;
    let found = read(&source).map_err(|found| {
        let first = found.first().map(|finding| format!("{}; {}", finding.message, finding.remedy));
        refuse(&first.unwrap_or_default())
    })?;
    let Contents::Definitions(found) = found else { return Err(refuse("it reads back as a plan")) };
    let same = found.first().is_some_and(|one| {
        let fields = keys::of(one.kind);
        filled(&one.wire, fields) == filled(wire, fields)
    });
    if same { Ok(()) } else { Err(refuse("it would not read back as it is; please report this")) }
}

/// A map in the order of its keys in the table, without what usually is so.
fn map(object: &Map<String, Json>, fields: &'static [Field]) -> Result<Vec<(String, Tree)>, String> {
    if let Some(unknown) = object.keys().find(|key| !fields.iter().any(|field| field.wire == key.as_str())) {
        return Err(format!("has `{unknown}`, which is not known here"));
    }
    let mut entries = Vec::new();
    for field in fields {
        let Some(value) = object.get(field.wire) else { continue };
        let usual: Option<Json> = serde_json::from_str(field.usual).ok();
        if !field.required && (usual.as_ref() == Some(value) || value.is_null()) {
            continue;
        }
        let is_margin = matches!(field.shape, Shape::Margin);
        let tree = if is_margin { margin(value, object) } else { of(value, field.shape)? };
        let is_empty = matches!(&tree, Tree::Map(entries) if entries.is_empty());
        if is_empty && field.usual == "{}" {
            continue;
        }
        entries.push((field.key.to_owned(), tree));
    }
    Ok(entries)
}

fn margin(value: &Json, beside: &Map<String, Json>) -> Tree {
    let ratio = i32::try_from(value.as_i64().unwrap_or(1_000)).unwrap_or(i32::MAX);
    let is_down = beside.get("harm").and_then(Json::as_str) == Some("down");
    let part = if is_down { 1_000_i32.saturating_sub(ratio) } else { ratio.saturating_sub(1_000) };
    Tree::Plain(quantity::spell_permille(part))
}

fn of(value: &Json, shape: &'static Shape) -> Result<Tree, String> {
    Ok(match (shape, value) {
        (Shape::Object(fields) | Shape::One(fields), Json::Object(object)) => Tree::Map(map(object, fields)?),
        (Shape::List(shape) | Shape::LongList(shape), Json::Array(items)) => {
            Tree::List(items.iter().map(|item| of(item, shape)).collect::<Result<Vec<Tree>, String>>()?)
        }
        (Shape::Named(shape), Json::Object(object)) => {
            let entry = |(key, value): (&String, &Json)| Ok((key.clone(), of(value, shape)?));
            Tree::Map(object.iter().map(entry).collect::<Result<Vec<(String, Tree)>, String>>()?)
        }
        (Shape::Called(_, shape), _) => of(value, shape())?,
        (Shape::Either(shapes), _) => {
            let is_object = value.is_object();
            let fits = |shape: &&&Shape| matches!(shape, Shape::Object(_) | Shape::One(_)) == is_object;
            let shape = shapes.iter().find(fits).ok_or("has a value that is not known here")?;
            of(value, shape)?
        }
        (Shape::Share, _) => quantity(value, quantity::spell_share),
        (Shape::Seconds, _) => quantity(value, quantity::spell_seconds),
        (Shape::Lifetime, _) => quantity(value, |days| format!("{days}d")),
        (Shape::Weight, _) => {
            quantity(value, |part| quantity::spell_permille(i32::try_from(part).unwrap_or(i32::MAX)))
        }
        (_, Json::String(text)) => Tree::Text(text.clone()),
        _ => Tree::Plain(yaml::flow(value)),
    })
}

/// A number as people write it; anything else as it is, which reading back refuses.
fn quantity(value: &Json, spell: impl Fn(u32) -> String) -> Tree {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    Tree::Plain(number.map_or_else(|| yaml::flow(value), spell))
}

/// The same with everything said that usually is so.
fn filled(value: &Json, fields: &'static [Field]) -> Json {
    let Json::Object(object) = value else { return value.clone() };
    let mut full = Map::new();
    for field in fields {
        let said = object.get(field.wire).filter(|value| field.required || !value.is_null()).cloned();
        let usual = || serde_json::from_str(field.usual).ok();
        if let Some(value) = said.or_else(usual) {
            full.insert(field.wire.to_owned(), filled_value(&value, field.shape));
        }
    }
    Json::Object(full)
}

fn filled_value(value: &Json, shape: &'static Shape) -> Json {
    match (shape, value) {
        (Shape::Object(fields) | Shape::One(fields), _) => filled(value, fields),
        (Shape::List(shape) | Shape::LongList(shape), Json::Array(items)) => {
            items.iter().map(|item| filled_value(item, shape)).collect()
        }
        (Shape::Named(shape), Json::Object(object)) => Json::Object(
            object.iter().map(|(key, value)| (key.clone(), filled_value(value, shape))).collect(),
        ),
        (Shape::Called(_, shape), _) => filled_value(value, shape()),
        (Shape::Either(shapes), Json::Object(_)) => {
            let one = shapes.iter().find(|shape| matches!(shape, Shape::One(_) | Shape::Object(_)));
            one.map_or_else(|| value.clone(), |shape| filled_value(value, shape))
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flag_is_written_for_people() {
        let about = json!({"description": "Pay in one step.\nFor everybody.", "tags": ["shop", "yes"], "kind": "experiment", "expected_lifetime_days": 30});
        let flag = json!({
            "kind": "flag", "key": "new-checkout", "about": about,
            "flag": {
                "type": "object", "variants": {"off": {}, "on": {"a": [1, 2.5, "x", null], "yes": "no: #"}},
                "unit": "targetingKey", "client_visible": true, "salt": "s1", "bucketing": "flagd-v3",
                "layer": {"layer": "pricing", "salt": "l1", "from": 0, "width": 20_000},
            },
            "environments": {"production": {
                "on": true, "off_variant": "off",
                "rules": [
                    {"id": "staff", "when": {"all": ["always", {"not": {"segment": "internal"}}]}, "serve": {"variant": "on"}},
                    {"id": "tenth", "when": {"attribute": {"name": "age", "test": {"number": {"gte": 18.0}}}}, "serve": {"slots": [{"serve": "on", "width": 250}, {"serve": null, "width": 99_750}]}},
                ],
                "default": {"variant": "off"},
            }},
        });
        let expected = r#"sapwood: 1
kind: flag
key: new-checkout
about:
  description: |-
    Pay in one step.
    For everybody.
  tags: [shop, "yes"]
  kind: experiment
  expected_lifetime: 30d
flag:
  type: object
  variants:
    "off": {}
    "on": {"a": [1, 2.5, "x", null], "yes": "no: #"}
  client_visible: true
  layer:
    layer: pricing
    salt: l1
    from: 0%
    width: 20%
  salt: s1
environments:
  production:
    "on": true
    off_variant: "off"
    rules:
      - id: staff
        when:
          all:
            - always
            - not:
                segment: internal
        serve:
          variant: "on"
      - id: tenth
        when:
          attribute:
            name: age
            test:
              number:
                gte: 18.0
        serve:
          slots:
            - serve: "on"
              width: 0.25%
            - serve: null
              width: 99.75%
    default:
      variant: "off"
"#;
        assert_eq!(write(&flag).unwrap(), expected);
    }

    #[test]
    fn a_margin_is_how_much_worse_whichever_way_that_is() {
        for (harm, ratio, margin) in
            [("up", 1_100, "10%"), ("down", 900, "10%"), ("up", 950, "-5%"), ("down", 1_055, "-5.5%")]
        {
            let guardrail = json!({
                "kind": "guardrail", "key": "g", "description": "",
                "guardrail": {"metric": "m", "harm": harm, "margin_permille": ratio, "action": "hold", "weight": 125},
            });
            let text = write(&guardrail).unwrap();
            assert!(
                text.contains(&format!("margin: {margin}\n")) && text.contains("weight: 12.5%"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_known_is_never_left_out() {
        for (wire, word) in [
            (json!({"kind": "spell", "key": "a"}), "kind that is not known"),
            (json!({"kind": "environment", "key": "a", "name": "A", "region": "eu"}), "`region`"),
            (json!({"kind": "metric", "key": "a", "metric": {"kind": "sum"}}), "event_rate"),
            (json!({"kind": "segment", "key": "a", "segment": {"condition": {"moon": "full"}}}), "`moon`"),
            (json!({"kind": "environment", "key": "a"}), "`name` is missing"),
            (json!(7), "kind"),
        ] {
            let Unwritable(why) = write(&wire).unwrap_err();
            assert!(why.contains(word), "{why}");
        }
    }
}
