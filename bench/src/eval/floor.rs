//! What no engine can go below: find the flag by its name, hash what the workload hashes, compare.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::workload::{Kind, Subject, five, listed};

/// Xxh3 of a text in one go, and of a hash itself: the streaming form costs more than all the rest.
#[derive(Default)]
pub struct AtOnce(u64);

impl Hasher for AtOnce {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    fn write_u8(&mut self, _end_of_text: u8) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Build = BuildHasherDefault<AtOnce>;

/// A table of flags with a seed each, and the lists of the workloads.
pub struct Floor {
    flags: HashMap<String, u64, Build>,
    seeds: Vec<u64>,
    five: HashSet<u64, Build>,
    listed: HashSet<u64, Build>,
}

impl Floor {
    pub fn new(keys: impl Iterator<Item = String>) -> Self {
        let flags: HashMap<String, u64, Build> =
            keys.map(|key| (key.clone(), xxh3_64(key.as_bytes()))).collect();
        let hashes = |texts: Vec<String>| texts.iter().map(|text| xxh3_64(text.as_bytes())).collect();
        Self {
            seeds: flags.values().copied().collect(),
            flags,
            five: hashes(five()),
            listed: hashes(listed()),
        }
    }

    /// The least that answering takes.
    pub fn answer(&self, flag: &str, kind: Kind, subject: &Subject) -> bool {
        let Some(seed) = self.flags.get(flag) else { return false };
        match kind {
            Kind::W1 => *seed > 0,
            Kind::W2 => self.five.contains(&xxh3_64(subject.country.as_bytes())),
            Kind::W3 | Kind::W4 => below(*seed, &subject.key, 50_000),
            Kind::W5 => {
                self.listed.contains(&xxh3_64(subject.key.as_bytes())) && below(*seed, &subject.key, 20_000)
            }
        }
    }

    /// The same for every flag, by position.
    pub fn all(&self, subject: &Subject) -> usize {
        self.seeds.iter().filter(|seed| below(**seed, &subject.key, 50_000)).count()
    }
}

fn below(seed: u64, key: &str, share: u64) -> bool {
    let hash = xxh3_64_with_seed(key.as_bytes(), seed) >> 32;
    (hash * 100_000) >> 32 < share
}
