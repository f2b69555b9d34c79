//! Layers: flags that exclude one another by taking disjoint slices of one bucketing.

use crate::bucket::BUCKETS;
use crate::flag::LayerSlice;
use crate::key::FlagKey;

impl LayerSlice {
    /// One past its last bucket.
    #[must_use]
    pub const fn until(&self) -> u32 {
        self.from.saturating_add(self.width)
    }

    /// Whether a bucket under the layer's salt lies in it.
    #[must_use]
    pub const fn contains(&self, bucket: u32) -> bool {
        bucket >= self.from && bucket < self.until()
    }

    /// Whether the two share a bucket of one layer, so that their flags do not exclude one another.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.layer == other.layer && self.from < other.until() && other.from < self.until()
    }
}

/// Where a slice of this width fits between those taken, at the lowest bucket there is; nothing if the layer is full.
///
/// ```
/// use sapwood_eval::{LayerSlice, free_slice};
/// let slice = |from, width| -> Result<LayerSlice, sapwood_eval::KeyError> {
///     Ok(LayerSlice { layer: "pricing".parse()?, salt: "l1".parse()?, from, width })
/// };
/// let taken = [slice(50_000, 10_000)?, slice(0, 20_000)?];
/// assert_eq!(free_slice(&taken, 30_000), Some(20_000));
/// assert_eq!(free_slice(&taken, 40_000), Some(60_000));
/// assert_eq!(free_slice(&taken, 40_001), None);
/// # Ok::<(), sapwood_eval::KeyError>(())
/// ```
pub fn free_slice<'a>(taken: impl IntoIterator<Item = &'a LayerSlice>, width: u32) -> Option<u32> {
    let mut taken: Vec<(u32, u32)> = taken.into_iter().map(|slice| (slice.from, slice.until())).collect();
    taken.sort_unstable();
    let mut from = 0_u32;
    for (next, until) in taken {
        if next.checked_sub(from).is_some_and(|gap| gap >= width) {
            return Some(from);
        }
        from = from.max(until);
    }
    BUCKETS.checked_sub(from).is_some_and(|gap| gap >= width).then_some(from)
}

/// What is wrong between a flag's slice and another flag's, as message and remedy.
pub(crate) fn conflict(ours: &LayerSlice, other: &FlagKey, theirs: &LayerSlice) -> Option<(String, String)> {
    if ours.layer != theirs.layer {
        return None;
    }
    if ours.salt != theirs.salt {
        return Some((
            format!("flag {other} knows layer {} by the salt {}, not {}", ours.layer, theirs.salt, ours.salt),
            "use one salt for all flags of a layer, or they do not exclude one another".to_owned(),
        ));
    }
    ours.overlaps(theirs).then(|| {
        (
            format!(
                "the slice {}..{} overlaps {}..{} of flag {other} in layer {}",
                ours.from,
                ours.until(),
                theirs.from,
                theirs.until(),
                ours.layer
            ),
            "take a free part of the layer".to_owned(),
        )
    })
}
