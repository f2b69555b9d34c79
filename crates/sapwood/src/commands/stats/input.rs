//! Reading the input of a statistic, so that what is wrong with it is said with its place.

use serde_json::{Map, Value};

use crate::limits;

/// What is wrong with a question, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The place, as a path such as `input.stages[1].pi`; empty for the line as a whole.
    pub(crate) at: String,
    /// What is wrong there, and what would be right.
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn not_json(error: &serde_json::Error) -> Self {
        let at = format!("column {}", error.column());
        Self {
            at,
            message: format!(
                "not a JSON object: {error}; each line is {{\"id\": …, \"kind\": …, \"input\": …}}"
            ),
        }
    }

    pub(crate) fn line_too_long() -> Self {
        let message = format!("the line is longer than {} bytes", limits::STATS_LINE_BYTES_MAX);
        Self { at: "the whole line".to_owned(), message }
    }
}

/// A value of a question, with its place.
#[derive(Debug, Clone)]
pub(crate) struct Input<'a> {
    value: &'a Value,
    at: String,
}

impl<'a> Input<'a> {
    /// The question as a whole, which must be an object.
    pub(crate) fn of_question(value: &'a Value) -> Result<Self, Fault> {
        let question = Self { value, at: String::new() };
        if value.is_object() {
            Ok(question)
        } else {
            let message = "must be an object with `id`, `kind` and `input`".to_owned();
            Err(Fault { at: "the whole line".to_owned(), message })
        }
    }

    pub(crate) const fn value(&self) -> &'a Value {
        self.value
    }

    /// A fault of this value.
    pub(crate) fn fault(&self, message: &str) -> Fault {
        Fault { at: self.at.clone(), message: message.to_owned() }
    }

    fn object(&self) -> Result<&'a Map<String, Value>, Fault> {
        self.value.as_object().ok_or_else(|| self.fault("must be an object"))
    }

    /// Refuses fields other than these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Fault> {
        match self.object()?.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let at = self.place(name);
                Err(Fault { at, message: format!("is not known here; known are {}", known.join(", ")) })
            }
        }
    }

    fn place(&self, name: &str) -> String {
        if self.at.is_empty() { name.to_owned() } else { format!("{}.{name}", self.at) }
    }

    pub(crate) fn field(&self, name: &str) -> Result<Self, Fault> {
        self.optional(name)?.ok_or_else(|| Fault { at: self.place(name), message: "is missing".to_owned() })
    }

    pub(crate) fn optional(&self, name: &str) -> Result<Option<Self>, Fault> {
        let found = self.object()?.get(name);
        Ok(found.map(|value| Self { value, at: self.place(name) }))
    }

    pub(crate) fn text(&self) -> Result<&'a str, Fault> {
        self.value.as_str().ok_or_else(|| self.fault("must be a text"))
    }

    pub(crate) fn flag(&self) -> Result<bool, Fault> {
        self.value.as_bool().ok_or_else(|| self.fault("must be true or false"))
    }

    /// A number that is not an infinity.
    pub(crate) fn finite(&self) -> Result<f64, Fault> {
        let number = self.value.as_f64().filter(|number| number.is_finite());
        number.ok_or_else(|| self.fault("must be a number"))
    }

    /// A number, or one of the texts `inf` and `-inf`.
    pub(crate) fn extended(&self) -> Result<f64, Fault> {
        match self.value.as_str() {
            Some("inf") => Ok(f64::INFINITY),
            Some("-inf") => Ok(f64::NEG_INFINITY),
            Some(_) | None => self.finite().map_err(|_| self.fault("must be a number, \"inf\" or \"-inf\"")),
        }
    }

    pub(crate) fn positive(&self) -> Result<f64, Fault> {
        let number = self.finite()?;
        if number > 0.0 { Ok(number) } else { Err(self.fault("must be above 0")) }
    }

    pub(crate) fn not_negative(&self) -> Result<f64, Fault> {
        let number = self.finite()?;
        if number >= 0.0 { Ok(number) } else { Err(self.fault("must be at least 0")) }
    }

    /// A number strictly between two others.
    pub(crate) fn between(&self, low: f64, high: f64) -> Result<f64, Fault> {
        let number = self.finite()?;
        if number > low && number < high {
            Ok(number)
        } else {
            Err(self.fault(&format!("must be above {low} and below {high}")))
        }
    }

    /// A count; whole numbers with a decimal point count too, as programs print them.
    pub(crate) fn count(&self) -> Result<u64, Fault> {
        let whole = self.value.as_u64().or_else(|| self.value.as_f64().and_then(whole));
        whole.ok_or_else(|| self.fault("must be a count: a whole number from 0 on"))
    }

    pub(crate) fn list(&self) -> Result<Vec<Self>, Fault> {
        let list = self.value.as_array().ok_or_else(|| self.fault("must be a list"))?;
        if list.len() > limits::STATS_LIST_MAX {
            return Err(self.fault(&format!(
                "has {} entries; {} is the limit",
                list.len(),
                limits::STATS_LIST_MAX
            )));
        }
        let entry = |(index, value)| Self { value, at: format!("{}[{index}]", self.at) };
        Ok(list.iter().enumerate().map(entry).collect())
    }

    pub(crate) fn numbers(&self) -> Result<Vec<f64>, Fault> {
        self.list()?.iter().map(Self::finite).collect()
    }

    pub(crate) fn counts(&self) -> Result<Vec<u64>, Fault> {
        self.list()?.iter().map(Self::count).collect()
    }
}

/// The whole number a float stands for, if it is one and floats tell it from its neighbours.
fn whole(number: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let usable = number.fract().abs() <= 0.0 && (0.0..=EXACT).contains(&number);
    // Printed without a fraction, which every integer parser reads.
    if usable { format!("{number:.0}").parse().ok() } else { None }
}
