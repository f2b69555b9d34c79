//! One line of the log: the envelope, and the hash chain that makes tampering visible.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::id::{EnvironmentKey, Stream};
use crate::time::Timestamp;

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// A person, by user id.
    User(String),
    /// A program, by token id.
    Token(Uuid),
    /// The controller.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user {id}"),
            Self::Token(id) => write!(f, "token {id}"),
            Self::System => f.write_str("Sapwood"),
        }
    }
}

/// SHA-256 of an entry, printed as 64 hexadecimal digits. The hash before the first entry is all zeros.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash([u8; 32]);

impl Hash {
    /// The hash from its 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for Hash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a hash: 64 hexadecimal digits expected");
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

/// What is to be appended: an event that has no place in the stream yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Minted at the edge; appending the same id twice appends once.
    pub id: Uuid,
    /// Event kind with its version, such as `rollout_started.v1`.
    pub kind: String,
    /// The environment it concerns, where it concerns one.
    pub environment: Option<EnvironmentKey>,
    /// The event as JSON text, exactly as it will be stored and hashed.
    pub body: String,
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which stream.
    pub stream: Stream,
    /// Gapless number in the stream, from 1.
    pub version: u64,
    /// Unique over all streams.
    pub id: Uuid,
    /// Event kind with its version.
    pub kind: String,
    /// The environment it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentKey>,
    /// Who did it.
    pub actor: Actor,
    /// When the append was made; for people, never for ordering.
    pub at: Timestamp,
    /// The event as JSON text.
    pub body: String,
    /// Hash of the entry before.
    pub prev_hash: Hash,
    /// Hash of this entry, over everything above.
    pub hash: Hash,
}

impl Entry {
    /// Places a draft after the entry with `prev_hash` and computes its hash.
    pub fn seal(
        stream: Stream,
        version: u64,
        prev_hash: Hash,
        actor: Actor,
        at: Timestamp,
        draft: Draft,
    ) -> Self {
        let Draft { id, kind, environment, body } = draft;
        let mut entry = Self {
            stream,
            version,
            id,
            kind,
            environment,
            actor,
            at,
            body,
            prev_hash,
            hash: Hash::default(),
        };
        entry.hash = entry.computed_hash();
        entry
    }

    /// SHA-256 over `sapwood-entry-v1` and then every field but the hash, each as a little-endian u64 length
    /// followed by its bytes (numbers and times as their decimal or RFC 3339 text, an absent environment as
    /// the empty text, the actor as its JSON). Length prefixes keep neighbouring fields apart.
    pub fn computed_hash(&self) -> Hash {
        let actor = serde_json::to_string(&self.actor).unwrap_or_default();
        let environment = self.environment.as_ref().map_or("", EnvironmentKey::as_str);
        let mut sha = Sha256::new();
        for field in [
            "sapwood-entry-v1",
            self.stream.as_str(),
            &self.version.to_string(),
            &self.id.to_string(),
            &self.kind,
            environment,
            &actor,
            &self.at.to_string(),
            &self.body,
            &self.prev_hash.to_string(),
        ] {
            sha.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_le_bytes());
            sha.update(field.as_bytes());
        }
        Hash(sha.finalize().into())
    }
}

/// Where a hash chain breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A number is missing or repeated.
    #[error("stream {stream}: version {expected} expected, {found} found")]
    Gap {
        /// Which stream.
        stream: Stream,
        /// The number that should follow.
        expected: u64,
        /// The number that stands there.
        found: u64,
    },
    /// The entry was altered, or the one before it was.
    #[error(
        "stream {stream}: entry {version} does not match its hash; it or the entry before it was altered"
    )]
    Altered {
        /// Which stream.
        stream: Stream,
        /// The entry that does not fit.
        version: u64,
    },
}

/// Checks that `entry` follows the entry with `version` and `hash` (0 and zeros before the first).
pub fn follows(version: u64, hash: Hash, entry: &Entry) -> Result<(), ChainError> {
    let expected = version.saturating_add(1);
    if entry.version != expected {
        return Err(ChainError::Gap { stream: entry.stream.clone(), expected, found: entry.version });
    }
    if entry.prev_hash != hash || entry.computed_hash() != entry.hash {
        return Err(ChainError::Altered { stream: entry.stream.clone(), version: entry.version });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Entry {
        let draft = Draft {
            id: Uuid::from_u128(7),
            kind: "project_defined.v1".to_owned(),
            environment: None,
            body: r#"{"name":"Shop"}"#.to_owned(),
        };
        let stream = Stream::Project("shop".parse().unwrap());
        Entry::seal(stream, 1, Hash::default(), Actor::System, Timestamp::from_ms(0), draft)
    }

    #[test]
    fn altering_any_field_breaks_the_chain() {
        let good = sample();
        assert_eq!(follows(0, Hash::default(), &good), Ok(()));
        let alterations: [fn(&mut Entry); 8] = [
            |e| e.stream = Stream::Server,
            |e| e.id = Uuid::from_u128(8),
            |e| e.kind.push('x'),
            |e| e.environment = "production".parse().ok(),
            |e| e.actor = Actor::User("mallory".to_owned()),
            |e| e.at = Timestamp::from_ms(1),
            |e| e.body.push(' '),
            |e| e.prev_hash = Hash::from_bytes([1; 32]),
        ];
        for alter in alterations {
            let mut bad = good.clone();
            alter(&mut bad);
            assert!(matches!(follows(0, Hash::default(), &bad), Err(ChainError::Altered { .. })), "{bad:?}");
        }
        assert!(matches!(follows(1, Hash::default(), &good), Err(ChainError::Gap { expected: 2, .. })));
    }

    #[test]
    fn hashes_print_and_read_back() {
        let hash = sample().hash;
        assert_eq!(Hash::try_from(hash.to_string()), Ok(hash));
        for bad in ["zz", "+f", "f", "\u{fc}"] {
            assert!(Hash::try_from(bad.repeat(32)).is_err(), "{bad}");
        }
    }
}
