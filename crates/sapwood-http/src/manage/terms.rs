//! On which terms something is asked: `If-Match`, `If-None-Match`, `?dry_run=true`. What is not understood is refused,
//! because a condition that is not checked must not look as if it were.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sapwood_api::problem::Code;
use sapwood_engine::{Only, Revisions};
use sapwood_words::cut;
use serde::Serialize;

use crate::json::Json;
use crate::problem::Refusal;

/// The terms of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terms {
    pub(crate) only: Only,
    pub(crate) dry_run: bool,
    pub(crate) prune: bool,
    pub(crate) confirm_growth: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Terms {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let mut terms = Self { only: only(&parts.headers)?, ..Self::default() };
        let query = parts.uri.query().unwrap_or_default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, "true"));
            let value = match value {
                "true" => true,
                "false" => false,
                other => {
                    let detail = format!("`{}` is neither `true` nor `false`", cut(other));
                    return Err(Refusal::new(Code::MalformedBody, detail).at(cut(name)));
                }
            };
            match name {
                "dry_run" => terms.dry_run = value,
                "prune" => terms.prune = value,
                "confirm_growth" => terms.confirm_growth = value,
                other => {
                    let detail =
                        format!("this address takes `dry_run` and `confirm_growth`, not `{}`", cut(other));
                    return Err(Refusal::new(Code::MalformedBody, detail));
                }
            }
        }
        Ok(terms)
    }
}

/// Conditions on what is read, whose query is the list's business.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading(Only);

impl<S: Send + Sync> FromRequestParts<S> for Reading {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        only(&parts.headers).map(Self)
    }
}

impl Reading {
    /// The resource with its revision as the entity tag, or 304 to a reader who has it.
    pub(crate) fn answer<T: Serialize>(&self, revision: u64, resource: T) -> Response {
        let tag = etag(revision);
        let current = Only { matching: None, not_matching: self.0.not_matching.clone() };
        if !current.holds(Some(revision)) {
            return (StatusCode::NOT_MODIFIED, [tag]).into_response();
        }
        let asked = Only { matching: self.0.matching.clone(), not_matching: None };
        if !asked.holds(Some(revision)) {
            return Refusal::moved(Some(revision)).into_response();
        }
        ([tag], Json(resource)).into_response()
    }
}

/// `ETag: "41"`.
pub(crate) fn etag(revision: u64) -> (HeaderName, String) {
    (header::ETAG, format!("\"{revision}\""))
}

fn only(headers: &HeaderMap) -> Result<Only, Refusal> {
    Ok(Only {
        matching: revisions(headers, &header::IF_MATCH, false)?,
        not_matching: revisions(headers, &header::IF_NONE_MATCH, true)?,
    })
}

/// The revisions a header names. A weak tag never matches where a change depends on it (RFC 9110, 13.1.1); a tag that
/// is none of ours matches nothing.
fn revisions(headers: &HeaderMap, name: &HeaderName, weak: bool) -> Result<Option<Revisions>, Refusal> {
    let mut these = Vec::new();
    let mut named = false;
    for value in headers.get_all(name) {
        let refuse = || refuse(name);
        let text = value.to_str().map_err(|_| refuse())?;
        for tag in text.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
            named = true;
            if tag == "*" {
                return Ok(Some(Revisions::Any));
            }
            let (is_weak, strong) = tag.strip_prefix("W/").map_or((false, tag), |rest| (true, rest));
            let quoted =
                strong.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(refuse)?;
            if let Some(revision) = quoted.parse().ok().filter(|_| weak || !is_weak) {
                these.push(revision);
            }
        }
    }
    // An empty header is not one that was never sent: whoever sends it believes in a condition.
    if headers.contains_key(name) && !named {
        return Err(refuse(name));
    }
    Ok(named.then_some(Revisions::These(these)))
}

fn refuse(name: &HeaderName) -> Refusal {
    let detail = format!("`{name}` takes `*` or entity tags in quotation marks, such as \"41\"");
    Refusal::new(Code::MalformedBody, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, weak: bool, expected: &str) {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, value.parse().unwrap());
        let found = match revisions(&headers, &header::IF_MATCH, weak) {
            Ok(found) => format!("{found:?}"),
            Err(refusal) => format!("{:?}", refusal.code),
        };
        assert_eq!(found, expected, "{value}");
    }

    #[test]
    fn entity_tags_are_read_as_the_standard_says() {
        check("*", false, "Some(Any)");
        check("\"5\"", false, "Some(These([5]))");
        check("\"5\" , \"6\"", false, "Some(These([5, 6]))");
        check("W/\"5\"", false, "Some(These([]))");
        check("W/\"5\"", true, "Some(These([5]))");
        check("\"abc\"", false, "Some(These([]))");
        for bad in ["", " , ", "5", "\"5", "'5'", "W/5", "\""] {
            check(bad, false, "MalformedBody");
        }
    }
}
