//! Names of things the control plane owns; each kind is its own type, so that two cannot be confused.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a valid {what}: use 1 to 100 of a-z, A-Z, 0-9, `.`, `_`, `-`, starting with a letter or digit"
)]
pub struct KeyError {
    what: &'static str,
    text: String,
}

fn is_key(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 100
        && bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

macro_rules! key {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = KeyError;
            fn from_str(text: &str) -> Result<Self, KeyError> {
                if is_key(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(KeyError { what: $what, text: text.chars().take(64).collect() })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = KeyError;
            fn try_from(text: String) -> Result<Self, KeyError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(key: $name) -> Self {
                key.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

key!(
    /// A project: what one team ships. `default` exists from the start.
    ProjectKey,
    "project key"
);
key!(
    /// An environment of a project, such as `production`.
    EnvironmentKey,
    "environment key"
);
key!(
    /// A metric: what is measured.
    MetricKey,
    "metric key"
);
key!(
    /// A guardrail, of one rollout or kept for all: a metric with a direction of harm, a margin and an action.
    GuardrailKey,
    "guardrail key"
);
key!(
    /// A ladder that is kept for rollouts to come.
    LadderKey,
    "ladder key"
);

/// The stream of the log an entry belongs to: one project's, or the server's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Stream {
    /// Users and projects.
    Server,
    /// One project's part of the log.
    Project(ProjectKey),
}

impl Stream {
    /// The name the log stores: `_server`, or the project's key. A key never starts with `_`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Server => "_server",
            Self::Project(key) => key.as_str(),
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Stream {
    type Error = KeyError;
    fn try_from(text: String) -> Result<Self, KeyError> {
        if text == "_server" { Ok(Self::Server) } else { text.parse().map(Self::Project) }
    }
}

impl From<Stream> for String {
    fn from(stream: Stream) -> Self {
        stream.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_refuse_what_would_not_survive_a_url_or_a_file_name() {
        for good in ["a", "checkout.v2_new-1", "0"] {
            assert_eq!(good.parse::<ProjectKey>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", "_server", "a/b", "a b", "ü", &"x".repeat(101)] {
            assert!(bad.parse::<ProjectKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_server_stream_cannot_collide_with_a_project() {
        assert_eq!(Stream::try_from("_server".to_owned()), Ok(Stream::Server));
        assert!("_server".parse::<ProjectKey>().is_err());
    }
}
