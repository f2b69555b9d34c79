//! What stands for everything that an environment's answers are made of, so that who asks the same again need not be
//! answered again.

use std::fmt;

use sapwood_core::entry::Hash;
use sapwood_core::id::EnvironmentKey;
use sha2::{Digest, Sha256};

use crate::overrides::{Locals, What};

/// The same only where the same is served, in this process and in every later one: made of the hash of the last entry
/// of the log that touched the environment, which covers all entries before it, and of the local overrides in force.
///
/// Not to be shown: it moves with flags that a client does not see.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Fingerprint([u8; 32]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fingerprint").finish_non_exhaustive()
    }
}

impl Fingerprint {
    /// Of what the log (or what was known of it) says, and of what is overridden beside it.
    pub(crate) fn new(said: &Hash, environment: &EnvironmentKey, locals: &Locals) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(said.as_bytes());
        for ((_, flag), local) in locals.iter().filter(|((place, _), _)| place == environment) {
            // No key has such a byte, so none can run into the next.
            hasher.update(flag.as_str().as_bytes());
            match &local.what {
                What::Off => hasher.update([0, 0]),
                What::Lifted => hasher.update([0, 1]),
                What::Variant(variant) => {
                    hasher.update([0, 2]);
                    hasher.update(variant.as_str().as_bytes());
                    hasher.update([0]);
                }
            }
        }
        Self(hasher.finalize().into())
    }

    /// For hashing it further.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use sapwood_core::time::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::overrides::Override;

    fn locals(of: &[(&str, &str, What)]) -> Locals {
        let one = |(environment, flag, what): &(&str, &str, What)| {
            let local = Override {
                id: Uuid::nil(),
                project: "shop".parse().unwrap(),
                environment: environment.parse().unwrap(),
                flag: flag.parse().unwrap(),
                what: what.clone(),
                by: "ann".to_owned(),
                at: Timestamp::from_ms(0),
                reason: String::new(),
            };
            ((local.environment.clone(), local.flag.clone()), local)
        };
        of.iter().map(one).collect()
    }

    #[test]
    fn whatever_serves_otherwise_has_another() {
        let variant = |name: &str| What::Variant(name.parse().unwrap());
        let here = "production".parse().unwrap();
        let [one, other] = [Hash::from_bytes([1; 32]), Hash::from_bytes([2; 32])];
        let all = [
            (&one, locals(&[])),
            (&other, locals(&[])),
            (&one, locals(&[("production", "a", What::Off)])),
            (&one, locals(&[("production", "a", What::Lifted)])),
            (&one, locals(&[("production", "a", variant("on"))])),
            (&one, locals(&[("production", "a", variant("off"))])),
            (&one, locals(&[("production", "b", variant("on"))])),
            (&one, locals(&[("production", "a", variant("on")), ("production", "b", variant("on"))])),
            (&one, locals(&[("production", "a", What::Off), ("production", "b", variant("on"))])),
        ];
        let of = |(said, locals): &(&Hash, Locals)| Fingerprint::new(said, &here, locals);
        for (at, case) in all.iter().enumerate() {
            assert_eq!(of(case), of(case));
            assert!(all.iter().skip(at + 1).all(|other| of(other) != of(case)), "{at}");
        }
        let elsewhere = (&one, locals(&[("staging", "a", What::Off)]));
        assert_eq!(of(&elsewhere), of(&all[0]), "what is overridden elsewhere is nothing here");
    }

    #[test]
    fn it_is_never_printed() {
        let printed = format!("{:?}", Fingerprint([0x5a; 32]));
        assert_eq!(printed, "Fingerprint(..)");
    }
}
