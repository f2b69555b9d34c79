//! Versions as Semantic Versioning 2.0.0 orders them, compared without copying anything.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU64;

use crate::attributes::Hashed;

/// A version read from a text.
///
/// Beside strict Semantic Versioning a leading `v` is taken, and `1` and `1.2` for `1.0.0` and `1.2.0` (but then without
/// pre-release or build): apps report themselves so. Build metadata is checked and then ignored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version<'a> {
    core: [u64; 3],
    pre_release: &'a str,
}

impl<'a> Version<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let (rest, build) = split(text, '+');
        let (core_text, pre_release) = split(rest, '-');
        if build.is_some_and(|build| !identifiers(build, |_| true)) {
            return None;
        }
        if pre_release.is_some_and(|pre| !identifiers(pre, |part| !is_number(part) || canonical(part))) {
            return None;
        }
        let mut core = [0; 3];
        let mut parts = core_text.split('.');
        let mut given = 0;
        for place in &mut core {
            let Some(part) = parts.next() else { break };
            if !is_number(part) || !canonical(part) {
                return None;
            }
            *place = part.parse().ok()?;
            given += 1;
        }
        let whole = given == 3 || (given > 0 && build.is_none() && pre_release.is_none());
        (whole && parts.next().is_none()).then_some(Self { core, pre_release: pre_release.unwrap_or("") })
    }

    pub(crate) fn order(&self, other: &Version<'_>) -> Ordering {
        self.core.cmp(&other.core).then_with(|| match (self.pre_release, other.pre_release) {
            ("", "") => Ordering::Equal,
            // A release comes after its pre-releases.
            ("", _) => Ordering::Greater,
            (_, "") => Ordering::Less,
            (one, other) => pre_release_order(one, other),
        })
    }
}

/// The three numbers of a plain version in one that orders alike, for a comparison without reading it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Release(NonZeroU64);

impl Release {
    const BITS: u32 = 21;
    /// Always free, so it can say that this is one.
    const MARK: u64 = 1 << 63;

    /// Nothing for what has a pre-release or build, a large number, or is no version.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let (mut packed, mut number, mut digits, mut parts) = (0_u64, 0_u64, 0_u32, 1_u32);
        for byte in text.bytes() {
            match byte {
                // No leading zeros, and nothing that outgrows its bits.
                b'0'..=b'9' if (digits == 0 || number > 0) && digits < 6 => {
                    number = number * 10 + u64::from(byte - b'0');
                    digits += 1;
                }
                b'.' if digits > 0 && parts < 3 => {
                    packed = packed << Self::BITS | number;
                    (number, digits, parts) = (0, 0, parts + 1);
                }
                _ => return None,
            }
        }
        if digits == 0 {
            return None;
        }
        packed = (packed << Self::BITS | number) << (Self::BITS * (3 - parts));
        NonZeroU64::new(packed | Self::MARK).map(Self)
    }

    /// The three numbers in one.
    pub(crate) const fn bits(self) -> u64 {
        self.0.get()
    }

    const fn core(self) -> [u64; 3] {
        const PART: u64 = (1 << Release::BITS) - 1;
        let packed = self.0.get() & !Self::MARK;
        [packed >> (2 * Self::BITS), packed >> Self::BITS & PART, packed & PART]
    }

    /// How a text stands to this version; nothing if it is no version.
    #[inline]
    pub(crate) fn order_of(self, text: &Hashed<'_>) -> Option<Ordering> {
        text.release.map_or_else(|| self.order_of_read(text.text), |found| Some(found.cmp(&self)))
    }

    #[inline(never)]
    fn order_of_read(self, text: &str) -> Option<Ordering> {
        Some(Version::parse(text)?.order(&Version { core: self.core(), pre_release: "" }))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.core();
        write!(f, "{major}.{minor}.{patch}")
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn identifiers(text: &str, fine: impl Fn(&str) -> bool) -> bool {
    text.split('.').all(|part| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && fine(part)
    })
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Without leading zeros, as numbers must be written.
fn canonical(number: &str) -> bool {
    number == "0" || !number.starts_with('0')
}

fn pre_release_order(one: &str, other: &str) -> Ordering {
    let (mut ours, mut theirs) = (one.split('.'), other.split('.'));
    loop {
        let order = match (ours.next(), theirs.next()) {
            (None, None) => return Ordering::Equal,
            // More identifiers come after fewer, all else being equal.
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(one), Some(other)) => identifier_order(one, other),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn identifier_order(one: &str, other: &str) -> Ordering {
    match (is_number(one), is_number(other)) {
        // Without leading zeros a longer number is a larger one, however long both are.
        (true, true) => one.len().cmp(&other.len()).then_with(|| one.cmp(other)),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => one.cmp(other),
    }
}

/// A version to compare with that is more than three numbers, kept as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VersionOperand {
    pub(crate) text: Box<str>,
    core: [u64; 3],
    pre_release: Box<str>,
}

impl VersionOperand {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let Version { core, pre_release } = Version::parse(text)?;
        Some(Self { text: text.into(), core, pre_release: pre_release.into() })
    }

    /// How a text stands to this version; nothing if it is no version.
    pub(crate) fn order_of(&self, text: &Hashed<'_>) -> Option<Ordering> {
        let operand = Version { core: self.core, pre_release: &self.pre_release };
        Some(Version::parse(text.text)?.order(&operand))
    }
}
