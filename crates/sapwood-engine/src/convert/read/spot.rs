//! A value and where it stands, and what can be asked of it: to be of a kind, to have fields, to be one of several things.

use std::fmt::Write as _;
use std::str::FromStr;

use sapwood_core::rejection::Rejection;
use sapwood_planner::nearest;
use serde_json::{Map, Value};

use crate::echo;

/// A value and the way to it.
#[derive(Clone, Copy, Debug)]
pub(in crate::convert) struct Spot<'a> {
    around: Option<&'a Spot<'a>>,
    step: Step<'a>,
    pub(super) json: &'a Value,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    /// The way to the outermost value.
    From(&'a str),
    Field(&'a str),
    At(usize),
}

/// Something that is one of several: a word, or an object of one field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// `a condition`.
    pub(super) what: &'static str,
    /// `condition`, after "there is no".
    pub(super) one: &'static str,
    /// Written as a text.
    pub(super) words: &'static [&'static str],
    /// Written as an object whose only field has this name.
    pub(super) tags: &'static [&'static str],
    /// What others call some of them.
    pub(super) meant: &'static [(&'static str, &'static str)],
    /// An example.
    pub(super) such_as: &'static str,
}

/// What was chosen.
#[derive(Debug)]
pub(super) enum Choice<'a> {
    Word(&'static str),
    Tag(&'static str, Spot<'a>),
}

/// The fields of an object.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    spot: &'a Spot<'a>,
    what: &'static str,
    map: &'a Map<String, Value>,
}

impl<'a> Spot<'a> {
    /// The outermost value, at this place of the request.
    pub(in crate::convert) const fn new(path: &'a str, json: &'a Value) -> Self {
        Self { around: None, step: Step::From(path), json }
    }

    pub(super) const fn field(&'a self, name: &'a str, json: &'a Value) -> Self {
        Self { around: Some(self), step: Step::Field(name), json }
    }

    /// The JSON pointer of this place.
    fn path(&self) -> String {
        let mut path = self.around.map(Self::path).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = match self.step {
            Step::From(start) => write!(path, "{start}"),
            Step::At(index) => write!(path, "/{index}"),
            Step::Field(name) => {
                write!(path, "/{}", echo::cut(name).replace('~', "~0").replace('/', "~1"))
            }
        };
        path
    }

    /// What is wrong here, and what to do.
    pub(super) fn refuse(&self, message: impl Into<String>) -> Rejection {
        Rejection::invalid(self.path(), message)
    }

    /// Another kind of value stands here than may.
    pub(super) fn is_not(&self, allowed: &str) -> Rejection {
        self.refuse(format!("this is {}; write {allowed}", found(self.json)))
    }

    pub(super) fn boolean(&self, what: &str) -> Result<bool, Rejection> {
        self.json.as_bool().ok_or_else(|| self.is_not(&format!("`true` or `false`, {what}")))
    }

    /// A text that says something.
    pub(super) fn text(&self, what: &str) -> Result<String, Rejection> {
        let text = self.json.as_str().ok_or_else(|| self.is_not(&format!("{what}, which is a text")))?;
        Ok(text.to_owned())
    }

    /// A text that names something.
    pub(super) fn key<T>(&self, what: &str) -> Result<T, Rejection>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        let text = self.json.as_str().ok_or_else(|| self.is_not(&format!("{what}, which is a text")))?;
        text.parse().map_err(|error: T::Err| self.refuse(error.to_string()))
    }

    /// One of these words.
    pub(super) fn word(&self, what: &str, words: &[&'static str]) -> Result<&'static str, Rejection> {
        let Some(text) = self.json.as_str() else {
            return Err(self.is_not(&format!("{what}, which is one of {}", listed(words))));
        };
        words.iter().copied().find(|word| *word == text).ok_or_else(|| {
            let hint = did_you_mean(text, words, &[]);
            self.refuse(format!("`{}` is not {what}; {hint}write one of {}", echo::cut(text), listed(words)))
        })
    }

    /// Every element of a list.
    pub(in crate::convert) fn all<T>(
        &self,
        what: &str,
        each: impl Fn(Spot<'_>) -> Result<T, Rejection>,
    ) -> Result<Vec<T>, Rejection> {
        let list = self.json.as_array().ok_or_else(|| self.is_not(what))?;
        let at = |(index, json)| each(Spot { around: Some(self), step: Step::At(index), json });
        list.iter().enumerate().map(at).collect()
    }

    /// `None` where `null` stands.
    pub(super) fn unless_null(self) -> Option<Self> {
        if self.json.is_null() { None } else { Some(self) }
    }

    /// An object with no other fields than these.
    pub(super) fn fields(
        &'a self,
        what: &'static str,
        known: &[&'static str],
    ) -> Result<Fields<'a>, Rejection> {
        self.fields_meaning(what, known, &[])
    }

    /// The same, with what others call some of the fields.
    pub(super) fn fields_meaning(
        &'a self,
        what: &'static str,
        known: &[&'static str],
        meant: &[(&'static str, &'static str)],
    ) -> Result<Fields<'a>, Rejection> {
        let Some(map) = self.json.as_object() else {
            return Err(self.is_not(&format!("{what}, which is an object with {}", listed(known))));
        };
        match map.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(Fields { spot: self, what, map }),
            Some((name, json)) => Err(self.field(name, json).refuse(format!(
                "{what} has no field `{}`; {}it takes {}",
                echo::cut(name),
                did_you_mean(name, known, meant),
                listed(known),
            ))),
        }
    }

    /// One of several things.
    pub(super) fn choice(&'a self, shape: &Shape) -> Result<Choice<'a>, Rejection> {
        match self.json {
            Value::String(word) => self.chosen_word(shape, word),
            Value::Object(map) => {
                let mut fields = map.iter();
                match (fields.next(), fields.next()) {
                    (Some((tag, json)), None) => self.chosen_tag(shape, tag, json),
                    (None, _) => {
                        Err(self.refuse(format!("this is an object without a field; {}", shape.takes())))
                    }
                    (Some(_), Some(_)) => {
                        let names: Vec<&str> = map.keys().map(String::as_str).collect();
                        Err(self.refuse(format!(
                            "{} is one thing, and this object has {}; keep one of them, or put them into a list",
                            shape.what,
                            shown(&names),
                        )))
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(self.unlike(shape)),
        }
    }

    /// Nothing of this shape looks like that.
    pub(super) fn unlike(&self, shape: &Shape) -> Rejection {
        self.refuse(format!("this is {}; {}", found(self.json), shape.takes()))
    }

    fn chosen_word(&'a self, shape: &Shape, word: &str) -> Result<Choice<'a>, Rejection> {
        if let Some(known) = shape.words.iter().find(|known| **known == word) {
            return Ok(Choice::Word(known));
        }
        if let Some(tag) = shape.tags.iter().find(|tag| **tag == word) {
            let message = format!("`{tag}` needs something it is about; write {{\"{tag}\": …}}, an object");
            return Err(self.refuse(message));
        }
        // Where nothing is written as a text, this one is no slip of a name.
        if shape.words.is_empty() { Err(self.unlike(shape)) } else { Err(self.refuse(shape.unknown(word))) }
    }

    fn chosen_tag(&'a self, shape: &Shape, tag: &'a str, json: &'a Value) -> Result<Choice<'a>, Rejection> {
        let spot = self.field(tag, json);
        if let Some(known) = shape.tags.iter().find(|known| **known == tag) {
            return Ok(Choice::Tag(known, spot));
        }
        match shape.words.iter().find(|known| **known == tag) {
            Some(known) if json.is_null() => Ok(Choice::Word(known)),
            Some(known) => Err(spot.refuse(format!("`{known}` stands alone; write \"{known}\", a text"))),
            None => Err(spot.refuse(shape.unknown(tag))),
        }
    }
}

impl Shape {
    fn unknown(&self, word: &str) -> String {
        let known: Vec<&'static str> = self.words.iter().chain(self.tags).copied().collect();
        let hint = did_you_mean(word, &known, self.meant);
        format!("there is no {} `{}`; {hint}{}", self.one, echo::cut(word), self.takes())
    }

    fn takes(&self) -> String {
        let objects = format!("an object whose one field is {}, such as {}", one_of(self.tags), self.such_as);
        if self.words.is_empty() {
            return format!("{} is {objects}", self.what);
        }
        let words: Vec<String> = self.words.iter().map(|word| format!("\"{word}\"")).collect();
        format!("{} is {}, or {objects}", self.what, words.join(" or "))
    }
}

impl<'a> Fields<'a> {
    /// A field that has to be there.
    pub(super) fn needed(&self, name: &'static str) -> Result<Spot<'a>, Rejection> {
        self.given(name).ok_or_else(|| {
            self.spot.refuse(format!("{} needs `{name}`, which is missing; add it", self.what))
        })
    }

    /// A field that may be left out.
    pub(super) fn given(&self, name: &'static str) -> Option<Spot<'a>> {
        self.map.get(name).map(|json| self.spot.field(name, json))
    }
}

/// `did you mean `semver`? `, where there is something to guess.
fn did_you_mean(word: &str, known: &[&'static str], meant: &[(&'static str, &'static str)]) -> String {
    let lower = word.to_ascii_lowercase();
    let other = meant.iter().find(|(other, _)| *other == lower).map(|(_, known)| *known);
    let guess = other.or_else(|| nearest(word, known.iter().copied()));
    guess.map(|guess| format!("did you mean `{guess}`? ")).unwrap_or_default()
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn one_of(names: &[&str]) -> String {
    match names {
        [one] => format!("`{one}`"),
        [first @ .., last] => format!("{} or `{last}`", listed(first)),
        [] => String::new(),
    }
}

/// The first names of many.
fn shown(names: &[&str]) -> String {
    const SHOWN_NAMES_MAX: usize = 4;
    let some: Vec<String> =
        names.iter().take(SHOWN_NAMES_MAX).map(|name| format!("`{}`", echo::cut(name))).collect();
    match names.len().saturating_sub(SHOWN_NAMES_MAX) {
        0 => some.join(" and "),
        more => format!("{} and {more} more", some.join(", ")),
    }
}

/// What stands somewhere, in a few words.
fn found(json: &Value) -> String {
    match json {
        Value::Null => "`null`".to_owned(),
        Value::Bool(boolean) => format!("`{boolean}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text {:?}", echo::cut(text)),
        Value::Array(list) if list.is_empty() => "an empty list".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(map) if map.is_empty() => "an empty object".to_owned(),
        Value::Object(map) => {
            let names: Vec<&str> = map.keys().map(String::as_str).collect();
            format!("an object with {}", shown(&names))
        }
    }
}
