//! Errors as RFC 9457 problem details. The codes are part of the contract: added, never changed.

use serde::{Deserialize, Serialize};

/// An error as the API answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `/problems/<code>`, a page that says more.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in words.
    pub title: String,
    /// HTTP status, repeated.
    pub status: u16,
    /// A stable word.
    pub code: String,
    /// What is wrong here, where, and what to do.
    pub detail: String,
    /// Path into the request, where one place is at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Versions of the entries of the log that stand in the way, where some do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<u64>,
    /// The resource's revision now, where one was expected that it does not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// Everything that is wrong, where several definitions were sent at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<Fault>>,
}

/// What is wrong with one of several definitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Its place in `items`, from 0; absent for what would be taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// The code this would have alone.
    pub code: String,
    /// What is wrong here, where, and what to do.
    pub detail: String,
    /// Path into the item, where one place is at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

macro_rules! codes {
    ($($name:ident = $code:literal $status:literal $title:literal;)*) => {
        /// Every code the API answers with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// All of them, in the order of the reference page.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The HTTP status it comes with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The code in words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    MalformedBody = "malformed_body" 400 "The body is not what this address takes";
    InvalidValue = "invalid_value" 422 "A value contradicts itself or something it names";
    OverLimit = "over_limit" 422 "Over a limit";
    BodyTooLarge = "body_too_large" 413 "The body is too large";
    UnsupportedMediaType = "unsupported_media_type" 415 "The body is not of a kind this address reads";
    Unauthenticated = "unauthenticated" 401 "No valid token";
    Forbidden = "forbidden" 403 "The token may not do this";
    NotFound = "not_found" 404 "There is nothing here";
    UnknownReference = "unknown_reference" 422 "Something named in the request does not exist";
    MethodNotAllowed = "method_not_allowed" 405 "This address does not take this method";
    RevisionMoved = "revision_moved" 412 "Somebody changed it meanwhile";
    StageMoved = "stage_moved" 409 "The rollout stands on another stage";
    TouchedLater = "touched_later" 409 "Something else was decided about it since";
    NeverReverted = "never_reverted" 409 "This entry is not taken back";
    RolloutLive = "rollout_live" 409 "A live rollout stands in the way";
    RolloutEnded = "rollout_ended" 409 "The rollout has ended";
    RolloutHeld = "rollout_held" 409 "The rollout is held";
    LastAdmin = "last_admin" 409 "The last admin token stays";
    NotHeld = "not_held" 409 "The rollout is not held";
    FixedByRollout = "fixed_by_rollout" 409 "Cannot change while a rollout is live";
    FixedForLife = "fixed_for_life" 409 "Cannot change after it was defined";
    KeyRetired = "key_retired" 409 "Keys are never reused";
    InUse = "in_use" 409 "Something else names it";
    DependencyUnmet = "dependency_unmet" 409 "Something this needs is not there yet";
    LastStage = "last_stage" 409 "There is no stage after this one";
    StagesLeft = "stages_left" 409 "There are stages left";
    TooManyRequests = "too_many_requests" 429 "Too many requests";
    TooManyStreams = "too_many_streams" 503 "Too many streams are open";
    StorageFull = "storage_full" 507 "The disk is full";
    StorageFailed = "storage_failed" 503 "Storage failed; the server is read-only until it is restarted";
    Busy = "busy" 503 "Too much at once; try again";
    Internal = "internal" 500 "A defect of ours";
}

impl Problem {
    /// A problem of `code` with a detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{}", code.as_str()),
            title: code.title().to_owned(),
            status: code.status(),
            code: code.as_str().to_owned(),
            detail: detail.into(),
            path: None,
            entries: Vec::new(),
            revision: None,
            errors: None,
        }
    }

    /// The same, at a place in the request.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }
}
