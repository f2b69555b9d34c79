//! Something that is one of several: a word, or an object of one field.

use serde_json::Value;

use crate::echo::cut;
use crate::fault::Fault;
use crate::said::{did_you_mean, found, one_of, shown};
use crate::spot::Spot;

/// Something that is one of several: a word, or an object of one field.
#[derive(Clone, Copy, Debug)]
pub struct OneOf {
    /// `a condition`.
    pub what: &'static str,
    /// `condition`, after "there is no".
    pub one: &'static str,
    /// Written as a text.
    pub words: &'static [&'static str],
    /// Written as an object whose only field has this name.
    pub tags: &'static [&'static str],
    /// What others call some of them.
    pub meant: &'static [(&'static str, &'static str)],
    /// An example.
    pub such_as: &'static str,
}

/// What was chosen.
#[derive(Debug)]
pub enum Choice<'a> {
    /// A word that stands alone.
    Word(&'static str),
    /// A field, and what stands in it.
    Tag(&'static str, Spot<'a>),
}

impl<'a> Spot<'a> {
    /// One of several things.
    ///
    /// # Errors
    /// Anything else.
    pub fn choice(&'a self, shape: &OneOf) -> Result<Choice<'a>, Fault> {
        match self.json() {
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
    pub fn unlike(&self, shape: &OneOf) -> Fault {
        self.refuse(format!("this is {}; {}", found(self.json()), shape.takes()))
    }

    fn chosen_word(&'a self, shape: &OneOf, word: &str) -> Result<Choice<'a>, Fault> {
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

    fn chosen_tag(&'a self, shape: &OneOf, tag: &'a str, json: &'a Value) -> Result<Choice<'a>, Fault> {
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

impl OneOf {
    fn unknown(&self, word: &str) -> String {
        let known: Vec<&'static str> = self.words.iter().chain(self.tags).copied().collect();
        let hint = did_you_mean(word, &known, self.meant);
        format!("there is no {} `{}`; {hint}{}", self.one, cut(word), self.takes())
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
