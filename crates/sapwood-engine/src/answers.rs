//! What evaluation answers on the wire, written once for each answer instead of once for each request.
//!
//! A flag can give only so many answers, and its definition numbers them. Each is written when it is first given, and
//! kept for as long as the flag stays what it is, whatever else is published around it.

use std::sync::{Arc, OnceLock};

use sapwood_api::ofrep::{EvaluationEntry, EvaluationFailure, EvaluationSuccess};
use sapwood_eval::{CompiledFlag, FlagSet, Outcome, RuleRef};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Bytes of a digest.
const DIGEST: usize = 16;

/// Who reads an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Back ends, which may know the rule that decided.
    Server,
    /// Browsers and apps, which may not.
    Client,
}

/// An answer as it is sent: the JSON of one flag.
#[derive(Debug)]
pub struct Written {
    json: Box<[u8]>,
    digest: u128,
    is_failure: bool,
}

impl Written {
    fn new(entry: &EvaluationEntry) -> Self {
        // A value that was read from JSON can be written as JSON; should that ever fail, the flag is reported as failed.
        let json = serde_json::to_vec(entry).unwrap_or_else(|error| {
            tracing::error!("an answer could not be written: {error}");
            br#"{"key":"","errorCode":"GENERAL","errorDetails":"the answer could not be written; please report it"}"#
                .to_vec()
        });
        let digest =
            Sha256::digest(&json).iter().take(DIGEST).fold(0, |kept, byte| kept << 8 | u128::from(*byte));
        Self { json: json.into(), digest, is_failure: matches!(entry, EvaluationEntry::Failure(_)) }
    }

    /// The answer.
    pub const fn json(&self) -> &[u8] {
        &self.json
    }

    /// Whether the flag could not be evaluated.
    pub const fn is_failure(&self) -> bool {
        self.is_failure
    }

    /// The first half of the SHA-256 of [`Written::json`]: the same for the same bytes, in every process.
    pub const fn digest(&self) -> u128 {
        self.digest
    }
}

/// The answers of one flag.
#[derive(Debug)]
struct FlagAnswers {
    /// Held, so that the same address always means the same flag.
    flag: Arc<CompiledFlag>,
    /// By number; for servers and for clients. Most flags are never asked for by one of the two, and many by neither, so
    /// that even their places are made when they are first needed.
    written: [OnceLock<Box<[OnceLock<Written>]>>; 2],
}

impl FlagAnswers {
    fn new(flag: &Arc<CompiledFlag>) -> Self {
        Self { flag: Arc::clone(flag), written: [OnceLock::new(), OnceLock::new()] }
    }

    fn places(&self) -> Box<[OnceLock<Written>]> {
        self.flag.answers().iter().map(|_| OnceLock::new()).collect()
    }
}

/// The answers of all flags, in order of key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers(Arc<[Arc<FlagAnswers>]>);

impl Answers {
    /// The answers of a set, sharing those of flags that are still the same.
    pub(crate) fn next(&self, flags: &FlagSet) -> Self {
        let mut known = self.0.iter().peekable();
        let next = flags.flags().map(|flag| {
            while let Some(have) = known.peek()
                && !Arc::ptr_eq(&have.flag, flag)
                && have.flag.key() < flag.key()
            {
                known.next();
            }
            match known.next_if(|have| Arc::ptr_eq(&have.flag, flag)) {
                Some(same) => Arc::clone(same),
                None => Arc::new(FlagAnswers::new(flag)),
            }
        });
        Self(next.collect())
    }

    pub(crate) fn written(
        &self,
        flag_set: &str,
        place: usize,
        answer: usize,
        audience: Audience,
    ) -> Option<&Written> {
        let of = self.0.get(place)?;
        let [server, client] = &of.written;
        let places = match audience {
            Audience::Server => server,
            Audience::Client => client,
        };
        let slot = places.get_or_init(|| of.places()).get(answer)?;
        if let Some(written) = slot.get() {
            return Some(written);
        }
        let answers = of.flag.answers();
        let entry = entry(flag_set, of.flag.key().as_str(), answers.get(answer)?, audience)?;
        Some(slot.get_or_init(|| Written::new(&entry)))
    }
}

/// An answer in the shape of the protocol; none for a flag that is not there.
pub(crate) fn entry(
    flag_set: &str,
    key: &str,
    outcome: &Outcome<'_>,
    audience: Audience,
) -> Option<EvaluationEntry> {
    match outcome {
        Outcome::Found(found) => {
            let mut metadata = Map::new();
            metadata.insert("flagSetId".to_owned(), Value::from(flag_set));
            metadata.insert("version".to_owned(), Value::from(found.revision()));
            let rule = found.rule().filter(|_| audience == Audience::Server).map(|rule| match rule {
                RuleRef::BreakGlass => "break-glass",
                RuleRef::Rule(id) => id.as_str(),
                RuleRef::Rollout(id) => id.as_str(),
            });
            metadata.extend(rule.map(|rule| ("ruleId".to_owned(), Value::from(rule))));
            Some(EvaluationEntry::Success(EvaluationSuccess {
                key: key.to_owned(),
                reason: found.reason().as_str().to_owned(),
                variant: found.variant().as_str().to_owned(),
                value: found.value().to_json(),
                metadata,
            }))
        }
        Outcome::Failed(failed) => Some(EvaluationEntry::Failure(EvaluationFailure {
            key: key.to_owned(),
            error_code: failed.code.as_str().to_owned(),
            error_details: failed.code.details().to_owned(),
        })),
        Outcome::NotFound => None,
    }
}

#[cfg(test)]
mod tests;
