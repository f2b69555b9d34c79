//! The identifiers of the model, one type each, so that a flag's key can never be passed where a rule's is meant
//! and a malformed one is refused at the door with a sentence that says how to fix it.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not a valid identifier: what it was for, where it goes wrong and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError {
    what: &'static str,
    given: String,
    fault: Fault,
    allowed: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Empty,
    TooLong { bytes: usize, at_most: usize },
    Character { found: char, position: usize },
    Length { bytes: usize, exactly: usize },
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, given, fault, allowed } = self;
        match fault {
            Fault::Empty => write!(f, "{what} is empty")?,
            Fault::TooLong { bytes, at_most } => {
                write!(f, "{what} {given:?} is {bytes} bytes long, at most {at_most} are allowed")?;
            }
            Fault::Character { found, position } => {
                write!(f, "{what} {given:?} has {found:?} at character {position}")?;
            }
            Fault::Length { bytes, exactly } => {
                write!(f, "{what} {given:?} is {bytes} bytes long instead of {exactly}")?;
            }
        }
        write!(f, "; {allowed}")
    }
}

impl std::error::Error for KeyError {}

/// Longest identifier, in bytes.
const KEY_BYTES_MAX: usize = 100;
/// How much of a refused text is repeated in the error.
const SHOWN_CHARACTERS_MAX: usize = 60;

const KEY_ALLOWED: &str =
    "use 1 to 100 of the letters a-z and A-Z, digits, '.', '_' and '-', starting with a letter or digit";
const NAME_ALLOWED: &str = "use 1 to 100 bytes without control characters";
const UUID_ALLOWED: &str = "use a hyphenated lower-case UUID such as 0192f0c1-2345-7abc-8def-0123456789ab";

fn check_key(text: &str) -> Result<(), (Fault, &'static str)> {
    check_length(text).map_err(|fault| (fault, KEY_ALLOWED))?;
    for (at, found) in text.chars().enumerate() {
        let fine = found.is_ascii_alphanumeric() || (at > 0 && matches!(found, '.' | '_' | '-'));
        if !fine {
            return Err((Fault::Character { found, position: at + 1 }, KEY_ALLOWED));
        }
    }
    Ok(())
}

fn check_name(text: &str) -> Result<(), (Fault, &'static str)> {
    check_length(text).map_err(|fault| (fault, NAME_ALLOWED))?;
    match text.chars().enumerate().find(|(_, found)| found.is_control()) {
        Some((at, found)) => Err((Fault::Character { found, position: at + 1 }, NAME_ALLOWED)),
        None => Ok(()),
    }
}

fn check_length(text: &str) -> Result<(), Fault> {
    match text.len() {
        0 => Err(Fault::Empty),
        bytes if bytes > KEY_BYTES_MAX => Err(Fault::TooLong { bytes, at_most: KEY_BYTES_MAX }),
        _ => Ok(()),
    }
}

fn check_uuid(text: &str) -> Result<(), (Fault, &'static str)> {
    const UUID_BYTES: usize = 36;
    for (at, found) in text.chars().enumerate().take(UUID_BYTES) {
        let fine = match at {
            8 | 13 | 18 | 23 => found == '-',
            _ => matches!(found, '0'..='9' | 'a'..='f'),
        };
        if !fine {
            return Err((Fault::Character { found, position: at + 1 }, UUID_ALLOWED));
        }
    }
    match text.len() {
        0 => Err((Fault::Empty, UUID_ALLOWED)),
        UUID_BYTES => Ok(()),
        bytes => Err((Fault::Length { bytes, exactly: UUID_BYTES }, UUID_ALLOWED)),
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            fn check(text: &str) -> Result<(), KeyError> {
                $check(text).map_err(|(fault, allowed)| KeyError {
                    what: $what,
                    given: text.chars().take(SHOWN_CHARACTERS_MAX).collect(),
                    fault,
                    allowed,
                })
            }
        }

        impl TryFrom<String> for $name {
            type Error = KeyError;
            fn try_from(text: String) -> Result<Self, KeyError> {
                Self::check(&text)?;
                Ok(Self(text.into_boxed_str()))
            }
        }

        impl TryFrom<&str> for $name {
            type Error = KeyError;
            fn try_from(text: &str) -> Result<Self, KeyError> {
                Self::check(text)?;
                Ok(Self(text.into()))
            }
        }

        impl FromStr for $name {
            type Err = KeyError;
            fn from_str(text: &str) -> Result<Self, KeyError> {
                Self::try_from(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

identifier! {
    /// Names a flag: `^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`. Safe in a URL path; never reused once retired.
    ///
    /// ```
    /// use sapwood_eval::FlagKey;
    /// let key: FlagKey = "new-checkout".parse()?;
    /// assert_eq!(key.as_str(), "new-checkout");
    /// let refused = "new checkout".parse::<FlagKey>().unwrap_err();
    /// assert!(refused.to_string().starts_with("flag key \"new checkout\" has ' ' at character 4; use "));
    /// # Ok::<(), sapwood_eval::KeyError>(())
    /// ```
    FlagKey, "flag key", check_key
}
identifier! {
    /// Names one variant of a flag; same alphabet as [`FlagKey`].
    VariantKey, "variant key", check_key
}
identifier! {
    /// Names a segment; same alphabet as [`FlagKey`].
    SegmentKey, "segment key", check_key
}
identifier! {
    /// Names a rule within its flag's targeting; same alphabet as [`FlagKey`]. Survives reordering.
    RuleId, "rule id", check_key
}
identifier! {
    /// Names a layer: a salt shared by flags that exclude one another; same alphabet as [`FlagKey`].
    LayerKey, "layer key", check_key
}
identifier! {
    /// Seeds a bucketing; set once and kept for ever, because a new salt moves everybody.
    ///
    /// Same alphabet as [`FlagKey`]: a salt cannot hold the `:` that separates it from the unit, so no two pairs of
    /// salt and unit are ever hashed alike.
    Salt, "salt", check_key
}
identifier! {
    /// Names an attribute of a context: anything printable up to 100 bytes, since callers choose it.
    AttributeName, "attribute name", check_name
}
identifier! {
    /// Identifies a rollout by a hyphenated lower-case UUID, minted elsewhere because this crate draws no randomness.
    RolloutId, "rollout id", check_uuid
}

impl AttributeName {
    /// The attribute that carries the targeting key, under which every context offers it to conditions and splits.
    #[must_use]
    pub fn targeting_key() -> Self {
        Self(crate::context::TARGETING_KEY.into())
    }

    /// Whether this is the targeting key's own attribute.
    #[must_use]
    pub fn is_targeting_key(&self) -> bool {
        self.as_str() == crate::context::TARGETING_KEY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hold_to_their_alphabet() {
        for fine in ["a", "0", "A.b_c-9", &"x".repeat(100)] {
            assert!(FlagKey::try_from(fine).is_ok(), "{fine}");
        }
        for bad in ["", ".a", "-a", "_a", "a b", "a/b", "ü", "a\n", &"x".repeat(101)] {
            assert!(FlagKey::try_from(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn refusals_say_what_where_and_how() {
        let check = |text: &str, said: &str| {
            assert!(FlagKey::try_from(text).unwrap_err().to_string().starts_with(said), "{text}");
        };
        check("", "flag key is empty; use 1 to 100 of");
        check("aü", "flag key \"aü\" has 'ü' at character 2; use 1 to 100 of");
        let long = RuleId::try_from("x".repeat(101)).unwrap_err().to_string();
        assert!(long.contains("is 101 bytes long, at most 100 are allowed"), "{long}");
    }

    #[test]
    fn names_are_free_but_printable() {
        assert!(AttributeName::try_from("E-Mail Adresse (ä)").is_ok());
        assert!(AttributeName::try_from("a\u{7}").is_err());
    }

    #[test]
    fn rollout_ids_have_one_spelling() {
        assert!(RolloutId::try_from("0192f0c1-2345-7abc-8def-0123456789ab").is_ok());
        for bad in
            ["", "0192F0C1-2345-7abc-8def-0123456789ab", "0192f0c1-2345-7abc-8def-0123456789abc", "0192f0c1"]
        {
            assert!(RolloutId::try_from(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn json_goes_through_the_same_door() {
        assert_eq!(serde_json::to_string(&FlagKey::try_from("a").unwrap()).unwrap(), "\"a\"");
        assert!(serde_json::from_str::<FlagKey>("\"a b\"").unwrap_err().to_string().contains("character 2"));
    }
}
