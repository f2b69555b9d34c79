//! A value and where it stands, and what can be asked of it: to be of a kind, to have fields, to be one of several things.

use std::fmt::Write as _;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::echo;
use crate::fault::Fault;
use crate::said::{did_you_mean, found, listed};

/// A value and the way to it.
#[derive(Clone, Copy, Debug)]
pub struct Spot<'a> {
    around: Option<&'a Spot<'a>>,
    step: Step<'a>,
    json: &'a Value,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    /// The way to the outermost value.
    From(&'a str),
    Field(&'a str),
    At(usize),
}

/// The fields of an object.
#[derive(Debug)]
pub struct Fields<'a> {
    spot: &'a Spot<'a>,
    what: &'static str,
    map: &'a Map<String, Value>,
}

impl<'a> Spot<'a> {
    /// The outermost value, at this place of the request.
    pub const fn new(path: &'a str, json: &'a Value) -> Self {
        Self { around: None, step: Step::From(path), json }
    }

    /// What stands in a field of it.
    #[must_use]
    pub const fn field(&'a self, name: &'a str, json: &'a Value) -> Self {
        Self { around: Some(self), step: Step::Field(name), json }
    }

    pub(crate) const fn at(&'a self, index: usize, json: &'a Value) -> Self {
        Self { around: Some(self), step: Step::At(index), json }
    }

    /// What stands there.
    pub const fn json(&self) -> &'a Value {
        self.json
    }

    /// What the object here is called: by the field it is in, if it is in one.
    pub(crate) fn name(&self) -> String {
        let name = match self.step {
            Step::Field(name) => name,
            Step::From(path) => match path.rsplit_once('/') {
                Some((_, name)) => name,
                // No pointer, but words.
                None if !path.is_empty() => return path.to_owned(),
                None => "",
            },
            Step::At(_) => "",
        };
        if name.is_empty() { "this object".to_owned() } else { format!("`{}`", echo::cut(name)) }
    }

    /// The JSON pointer of this place.
    pub fn path(&self) -> String {
        let mut path = self.around.map(Self::path).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = match self.step {
            Step::From(start) => write!(path, "{start}"),
            Step::At(index) => write!(path, "/{index}"),
            Step::Field(name) => {
                write!(path, "/{}", echo::step(name))
            }
        };
        path
    }

    /// What is wrong here, and what to do.
    pub fn refuse(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.path(), message)
    }

    /// Another kind of value stands here than may.
    pub fn is_not(&self, allowed: &str) -> Fault {
        self.refuse(format!("this is {}; write {allowed}", found(self.json)))
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// Anything else.
    pub fn boolean(&self, what: &str) -> Result<bool, Fault> {
        self.json.as_bool().ok_or_else(|| self.is_not(&format!("`true` or `false`, {what}")))
    }

    /// A text that says something.
    ///
    /// # Errors
    /// Anything else.
    pub fn text(&self, what: &str) -> Result<String, Fault> {
        let text = self.json.as_str().ok_or_else(|| self.is_not(&format!("{what}, which is a text")))?;
        Ok(text.to_owned())
    }

    /// A text that names something.
    ///
    /// # Errors
    /// Anything else, and a text that is no such name.
    pub fn key<T>(&self, what: &str) -> Result<T, Fault>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        let text = self.json.as_str().ok_or_else(|| self.is_not(&format!("{what}, which is a text")))?;
        text.parse().map_err(|error: T::Err| self.refuse(error.to_string()))
    }

    /// One of these words.
    ///
    /// # Errors
    /// Anything else.
    pub fn word(&self, what: &str, words: &[&'static str]) -> Result<&'static str, Fault> {
        let Some(text) = self.json.as_str() else {
            return Err(self.is_not(&format!("{what}, which is one of {}", listed(words))));
        };
        words.iter().copied().find(|word| *word == text).ok_or_else(|| {
            let hint = did_you_mean(text, words, &[]);
            self.refuse(format!("`{}` is not {what}; {hint}write one of {}", echo::cut(text), listed(words)))
        })
    }

    /// Every element of a list.
    ///
    /// # Errors
    /// What is no list, and what `each` refuses.
    pub fn all<T, E: From<Fault>>(
        &self,
        what: &str,
        each: impl Fn(Spot<'_>) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        let list = self.json.as_array().ok_or_else(|| self.is_not(what))?;
        let at = |(index, json)| each(self.at(index, json));
        list.iter().enumerate().map(at).collect()
    }

    /// `None` where `null` stands.
    #[must_use]
    pub fn unless_null(self) -> Option<Self> {
        if self.json.is_null() { None } else { Some(self) }
    }

    /// An object with no other fields than these.
    ///
    /// # Errors
    /// Anything else.
    pub fn fields(&'a self, what: &'static str, known: &[&'static str]) -> Result<Fields<'a>, Fault> {
        self.fields_meaning(what, known, &[])
    }

    /// The same, with what others call some of the fields.
    ///
    /// # Errors
    /// Anything else.
    pub fn fields_meaning(
        &'a self,
        what: &'static str,
        known: &[&'static str],
        meant: &[(&'static str, &'static str)],
    ) -> Result<Fields<'a>, Fault> {
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
}

impl<'a> Fields<'a> {
    /// A field that has to be there.
    ///
    /// # Errors
    /// It is not.
    pub fn needed(&self, name: &'static str) -> Result<Spot<'a>, Fault> {
        self.given(name).ok_or_else(|| {
            self.spot.refuse(format!("{} needs `{name}`, which is missing; add it", self.what))
        })
    }

    /// A field that may be left out.
    pub fn given(&self, name: &'static str) -> Option<Spot<'a>> {
        self.map.get(name).map(|json| self.spot.field(name, json))
    }
}
