//! The names units have in the journal: HMAC under the server's own key, because raw keys never reach the disk.

use hmac::{Hmac, KeyInit, Mac};
use sapwood_core::id::ProjectKey;
use sapwood_core::record::UnitHash;
use sha2::Sha256;

/// Hashes units. The key is worked in once, when the engine opens.
pub(crate) struct UnitHasher(Hmac<Sha256>);

impl UnitHasher {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length; the constructor cannot fail")]
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    /// The name of a unit. Projects do not share names, so that nobody can be followed from one to another.
    pub(crate) fn hash(&self, project: &ProjectKey, unit: &str) -> UnitHash {
        let mut mac = self.0.clone();
        mac.update(project.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(unit.as_bytes());
        let bytes: [u8; 32] = mac.finalize().into_bytes().into();
        let mut cut = [0; 16];
        cut.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        UnitHash::from_bytes(cut)
    }
}
