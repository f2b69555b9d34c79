//! What stands behind the question mark of an address, refused in the words in which bodies are.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use sapwood_api::problem::Code;
use sapwood_words::{Spot, cut, shape};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};
use serde_json::{Map, Value};

use crate::problem::Refusal;

/// No query: nothing is asked of this address but the address.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// A query read as one shape.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let axum::extract::Query(pairs) = pairs.map_err(|_| {
            let detail =
                "the query is no list of `name=value` joined by `&`; write %26 for an `&` within a value";
            Refusal::new(Code::MalformedBody, detail)
        })?;
        read(pairs).map(Self)
    }
}

fn read<T: DeserializeOwned>(pairs: Vec<(String, String)>) -> Result<T, Refusal> {
    let mut fields = Map::new();
    for (name, value) in pairs {
        if fields.contains_key(&name) {
            let name = cut(&name);
            let detail = format!("`{name}` is in the query twice, and only one of them can count; keep one");
            return Err(Refusal::new(Code::MalformedBody, detail).at(name));
        }
        fields.insert(name, Value::String(value));
    }
    shape(Spot::new("the query", &Value::Object(fields))).map_err(|fault| {
        // A query has names and no pointers.
        let name = fault.path.strip_prefix("the query/").unwrap_or_default().to_owned();
        Refusal::new(Code::MalformedBody, fault.message).placed(name)
    })
}

/// A whole number, which a query has as a text.
pub(crate) fn whole<'de, D: Deserializer<'de>, T: std::str::FromStr>(deserializer: D) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| D::Error::custom(format!("`{}` is no whole number; write one", cut(&text))))
}

/// The same of one that may be left out.
pub(crate) fn whole_if_given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    whole(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        #[expect(dead_code, reason = "only whether it can be read matters")]
        after: Option<String>,
        #[serde(default, deserialize_with = "whole_if_given")]
        #[expect(dead_code, reason = "only whether it can be read matters")]
        limit: Option<usize>,
        #[serde(deserialize_with = "whole")]
        #[expect(dead_code, reason = "only whether it can be read matters")]
        from: u64,
    }

    fn check(pairs: &[(&str, &str)], expected: Option<(&str, &str)>) {
        let owned = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        match (read::<Asked>(owned), expected) {
            (Ok(_), None) => {}
            (Err(refusal), Some((at, said))) => {
                let wanted = Refusal::new(Code::MalformedBody, said).placed(at.to_owned());
                assert_eq!(refusal, wanted, "{pairs:?}");
            }
            (found, expected) => panic!("{pairs:?}: {found:?}, {expected:?}"),
        }
    }

    #[test]
    fn what_is_wrong_with_a_query_is_said_like_what_is_wrong_with_a_body() {
        check(&[("from", "1")], None);
        check(&[("from", "1"), ("limit", "5"), ("after", "a b")], None);
        check(&[], Some(("", "the query needs `from`, which is missing; add it")));
        check(&[("from", "x")], Some(("from", "`x` is no whole number; write one")));
        check(&[("from", "1"), ("limit", "-1")], Some(("limit", "`-1` is no whole number; write one")));
        check(
            &[("from", "1"), ("limt", "1")],
            Some((
                "limt",
                "the query has no field `limt`; did you mean `limit`? it takes `after`, `limit`, `from`",
            )),
        );
        check(
            &[("from", "1"), ("from", "2")],
            Some(("from", "`from` is in the query twice, and only one of them can count; keep one")),
        );
    }
}
