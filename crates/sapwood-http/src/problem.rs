//! The one place where a refusal becomes an HTTP answer: every case by name, none by default, so that a new one does
//! not compile until it has a code, a status and a page in the reference.

use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sapwood_api::problem::{Code, Fault, Problem};
use sapwood_core::rejection::Rejection;
use sapwood_engine::{ExplainError, HistoryError, ReportError, StoreError, SubmitError};
use sapwood_words::cut;
use serde::Serialize;
use serde_json::Value;

/// When it makes sense to try again, if nothing better is known.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A problem on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    /// What is wrong and what to do.
    pub(crate) detail: String,
    path: Option<String>,
    /// How long to wait before trying again, where that makes sense.
    wait: Option<Duration>,
    entries: Box<[u64]>,
    /// Of the resource, where another one was expected.
    revision: Option<u64>,
    errors: Box<[Fault]>,
}

impl Refusal {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            path: None,
            wait: None,
            entries: Box::default(),
            revision: None,
            errors: Box::default(),
        }
    }

    /// The same, with how long to wait.
    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.wait = Some(wait);
        self
    }

    /// The same, at a place in the request.
    pub(crate) fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The same, where the place is known.
    pub(crate) fn placed(self, path: String) -> Self {
        if path.is_empty() { self } else { self.at(path) }
    }

    /// The resource has another revision than was expected.
    pub(crate) fn moved(revision: Option<u64>) -> Self {
        SubmitError::RevisionMoved(revision).into()
    }

    /// The same about a request, in which every place that is named is to be found: where something stored is at fault, or
    /// a field that was left out, the place is the nearest one that was sent.
    pub(crate) fn within(mut self, request: &impl Serialize) -> Self {
        let Ok(sent) = serde_json::to_value(request) else { return self };
        self.path = self.path.and_then(|path| nearest_sent(&sent, path));
        for fault in &mut self.errors {
            let item = fault.index.and_then(|index| sent.pointer(&format!("/items/{index}")));
            fault.path = fault.path.take().and_then(|path| nearest_sent(item.unwrap_or(&sent), path));
        }
        self
    }

    /// This refusal as one of several.
    fn one_of(self, index: Option<usize>) -> Fault {
        Fault { index, code: self.code.as_str().to_owned(), detail: self.detail, path: self.path }
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// There is no such thing at this address.
    pub(crate) fn nothing(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no {what}; check the address"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut problem = Problem::new(self.code, self.detail.clone());
        problem.path.clone_from(&self.path);
        problem.entries = self.entries.to_vec();
        problem.revision = self.revision;
        problem.errors = Some(self.errors.to_vec()).filter(|errors| !errors.is_empty());
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(tag) = self.revision.and_then(|now| HeaderValue::from_str(&format!("\"{now}\"")).ok()) {
            headers.insert(header::ETAG, tag);
        }
        self.manners(headers);
        response
    }
}

impl Refusal {
    /// Headers that belong to the code, whatever the body is.
    pub(crate) fn manners(&self, headers: &mut HeaderMap) {
        if self.code.status() == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sapwood\""));
        }
        if matches!(self.code.status(), 429 | 503) {
            // Whole seconds, rounded up and never 0: some clients take 0 for nothing said.
            let wait = self.wait.unwrap_or(RETRY_AFTER).as_millis().div_ceil(1_000).max(1);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(u64::try_from(wait).unwrap_or(u64::MAX)));
        }
    }
}

impl From<sapwood_words::Fault> for Refusal {
    fn from(fault: sapwood_words::Fault) -> Self {
        Self::new(Code::MalformedBody, fault.message).placed(fault.path)
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        let detail = rejection.to_string();
        match rejection {
            Rejection::UnknownEnvironment(_) | Rejection::UnknownRollout(_) | Rejection::UnknownToken(_) => {
                Self::new(Code::NotFound, detail)
            }
            Rejection::UnknownFlag(_) | Rejection::UnknownSegment(_) | Rejection::UnknownMetric(_) => {
                Self::new(Code::UnknownReference, detail)
            }
            Rejection::Nothing { .. } | Rejection::UnknownEntry { .. } => Self::new(Code::NotFound, detail),
            Rejection::InUse { .. } => Self::new(Code::InUse, detail),
            Rejection::KeyRetired(_) => Self::new(Code::KeyRetired, detail),
            Rejection::Invalid { path, message } => Self::new(Code::InvalidValue, message).at(path),
            Rejection::OverLimit { path, message } => Self::new(Code::OverLimit, message).placed(path),
            Rejection::UnknownReference { path, message } => {
                Self::new(Code::UnknownReference, message).at(path)
            }
            Rejection::VariantRetired { variant, .. } => {
                Self::new(Code::KeyRetired, detail).at(format!("/flag/variants/{variant}"))
            }
            Rejection::NeverReverted { .. } => Self::new(Code::NeverReverted, detail),
            Rejection::TouchedLater { later, .. } => {
                Self { entries: later.into(), ..Self::new(Code::TouchedLater, detail) }
            }
            Rejection::RolloutLive { .. } => Self::new(Code::RolloutLive, detail),
            Rejection::FixedByRollout { .. } => Self::new(Code::FixedByRollout, detail),
            Rejection::FixedForLife { path, .. } => Self::new(Code::FixedForLife, detail).at(path),
            Rejection::RolloutEnded { .. } => Self::new(Code::RolloutEnded, detail),
            Rejection::RolloutHeld { .. } => Self::new(Code::RolloutHeld, detail),
            Rejection::LastAdmin(_) => Self::new(Code::LastAdmin, detail),
            Rejection::NotHeld(_) => Self::new(Code::NotHeld, detail),
            Rejection::StageMoved { .. } => Self::new(Code::StageMoved, detail),
            Rejection::LastStage(_) => Self::new(Code::LastStage, detail),
            Rejection::NotLastStage { .. } => Self::new(Code::StagesLeft, detail),
            Rejection::Dependency { .. } => Self::new(Code::DependencyUnmet, detail),
            Rejection::ReasonMissing => Self::new(Code::InvalidValue, detail).at("/reason"),
        }
    }
}

impl From<SubmitError> for Refusal {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Rejected(rejection) => rejection.into(),
            SubmitError::RevisionMoved(revision) => {
                Self { revision, ..Self::new(Code::RevisionMoved, error.to_string()) }
            }
            SubmitError::Refused(refused) => several(refused),
            SubmitError::UnknownProject(_) => Self::new(Code::NotFound, error.to_string()),
            SubmitError::Halted(_) => {
                tracing::error!("{error}");
                Self::new(Code::StorageFailed, error.to_string())
            }
            SubmitError::Moved | SubmitError::Busy => Self::new(Code::Busy, error.to_string()),
            SubmitError::Encode(cause) => {
                tracing::error!("an event could not be written: {cause}");
                Self::new(
                    Code::Internal,
                    "the change could not be written; nothing was changed. Please report it",
                )
            }
            SubmitError::Store(error) => error.into(),
        }
    }
}

impl From<ExplainError> for Refusal {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::NoSuchFlag { .. } | ExplainError::Retired(_) => {
                Self::new(Code::UnknownReference, error.to_string())
            }
            ExplainError::Refused(error) => error.into(),
        }
    }
}

impl From<HistoryError> for Refusal {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::BeyondHead { .. } => Self::new(Code::NotFound, error.to_string()),
            HistoryError::Unreadable(_) => {
                tracing::error!("{error}");
                Self::new(Code::StorageFailed, error.to_string())
            }
            HistoryError::Submit(error) => error.into(),
            HistoryError::Store(error) => error.into(),
        }
    }
}

/// The longest part of a pointer that leads somewhere. What is no pointer names a part of the address or the query.
fn nearest_sent(sent: &Value, path: String) -> Option<String> {
    if !path.starts_with('/') {
        return Some(path);
    }
    let mut rest = path.as_str();
    loop {
        if sent.pointer(rest).is_some() {
            return Some(rest.to_owned()).filter(|rest| !rest.is_empty());
        }
        rest = rest.rsplit_once('/').map_or("", |(before, _)| before);
    }
}

/// Several refusals as one: the first one's code, if their statuses agree.
fn several(refused: Vec<(Option<usize>, Rejection)>) -> Refusal {
    let refusals: Vec<_> = refused.into_iter().map(|(index, why)| (index, Refusal::from(why))).collect();
    let first = refusals.first().map_or(Code::InvalidValue, |(_, refusal)| refusal.code);
    let agree = refusals.iter().all(|(_, refusal)| refusal.code.status() == first.status());
    let detail =
        format!("{} of the definitions are refused, so nothing was changed; see `errors`", refusals.len());
    let mut all = Refusal::new(if agree { first } else { Code::InvalidValue }, detail);
    all.errors = refusals.into_iter().map(|(index, refusal)| refusal.one_of(index)).collect();
    all
}

impl From<ReportError> for Refusal {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::UnknownScope => Self::new(Code::NotFound, error.to_string()),
            ReportError::TooMany { .. } => Self::new(Code::OverLimit, error.to_string()).at("/items"),
            ReportError::SentAt(detail) => Self::new(Code::InvalidValue, detail).at("/sent_at"),
            ReportError::Store(error) => error.into(),
        }
    }
}

/// The caller learns what to do; the cause is for the operator, in the server's own output.
impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        // Of a store that takes nothing it was said once, when it began; every request would say the same.
        let said_before =
            matches!(error, StoreError::Full(_) | StoreError::ReadOnly | StoreError::Unavailable(_));
        if !said_before {
            tracing::error!(cause = ?error, "{error}");
        }
        match error {
            StoreError::Conflict { .. } | StoreError::Stale { .. } => {
                Self::new(Code::Busy, "too many changes at once; nothing was changed. Try again")
            }
            StoreError::Reused { .. } => {
                Self::new(Code::InvalidValue, "this id was used before for something else; choose a new one")
            }
            StoreError::TooLarge { .. } => Self::new(Code::OverLimit, error.to_string()),
            StoreError::Full(_) => Self::new(
                Code::StorageFull,
                "the server's disk is full; nothing was stored. Flags are still served; free some space and try again",
            ),
            StoreError::Failed(_) | StoreError::Corrupt { .. } => Self::new(
                Code::StorageFailed,
                "the server's storage failed with this; a restart shows whether it was stored. Flags are still served; \
                 see the server's own output, check the disk, and restart the server",
            ),
            StoreError::ReadOnly => Self::new(
                Code::StorageFailed,
                "the server takes no changes since its storage failed; nothing was stored. Flags are still served; \
                 check the disk, and restart the server",
            ),
            StoreError::Unavailable(why) => Self::new(
                Code::StorageFailed,
                format!(
                    "the server started without its database and serves what it last served; nothing was stored. \
                     {why}. Repair or restore it, and restart the server"
                ),
            ),
        }
    }
}

/// For addresses that do not exist.
pub(crate) fn not_found(request: &Request) -> Refusal {
    let path = cut(request.uri().path());
    Refusal::new(
        Code::NotFound,
        format!("there is nothing at {path}; docs/reference/api.md lists every address"),
    )
}

/// For addresses that exist and take another method; the `Allow` header names it.
pub(crate) fn method_not_allowed(request: &Request) -> Refusal {
    let method = request.method();
    Refusal::new(
        Code::MethodNotAllowed,
        format!("this address does not take {method}; the Allow header says what it takes"),
    )
}

/// For defects: the request that met one fails, the server goes on.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the cause over")]
pub(crate) fn defect(cause: Box<dyn std::any::Any + Send + 'static>) -> Refusal {
    let said = cause.downcast_ref::<&str>().map(|said| (*said).to_owned());
    let said = said.or_else(|| cause.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!("a request met a defect: {said}");
    Refusal::new(Code::Internal, "the server met a defect of its own with this request; please report it")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_place_is_one_that_was_sent() {
        let sent = json!({"flag": {"variants": {"a/b": 1}}, "rules": [{}]});
        for (path, expected) in [
            ("/flag/variants/a~1b", Some("/flag/variants/a~1b")),
            ("/flag/unit", Some("/flag")),
            ("/targeting/default/variant", None),
            ("/rules/1/serve", Some("/rules")),
            ("/rules/0/serve/slots/0", Some("/rules/0")),
            ("key", Some("key")),
        ] {
            assert_eq!(nearest_sent(&sent, path.to_owned()).as_deref(), expected, "{path}");
        }
    }

    const PAGE: &str = include_str!("../../../docs/reference/problems.md");

    #[test]
    fn every_code_has_a_section_and_every_section_a_code() {
        let sections: Vec<_> = PAGE
            .lines()
            .filter(|line| line.starts_with("## `"))
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        let codes: Vec<_> =
            Code::ALL.iter().map(|code| format!("`{}` ({})", code.as_str(), code.status())).collect();
        assert_eq!(sections, codes);
    }

    #[test]
    fn a_path_stands_apart_from_the_message() {
        let refusal = Refusal::from(Rejection::invalid("/ladder/stages/2/share", "is too much"));
        assert_eq!(refusal, Refusal::new(Code::InvalidValue, "is too much").at("/ladder/stages/2/share"));
    }
}
