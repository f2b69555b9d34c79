//! What the name of a variant means, which is its value: it stays, so that dashboards, logs and old rules that name it
//! go on saying what happened.

use sapwood_eval::{Flag, FlagKey, ValueType, VariantKey};

use super::limit;
use crate::limits::VARIANTS_GONE_MAX;
use crate::rejection::Rejection;
use crate::state::{DefinedFlag, fingerprint};
use crate::wanted::WantedFlag;

/// Refuses a name with another meaning: another value, unless it is named as corrected; the value of a boolean, always;
/// and the name of a variant that is gone, unless it comes back as it was.
pub(super) fn keep_their_meaning(before: &DefinedFlag, wanted: &WantedFlag) -> Result<(), Rejection> {
    let flag = &wanted.flag;
    for (variant, value) in &flag.variants {
        match before.flag.variants.get(variant) {
            Some(old) if old != value => may_be_corrected(wanted, variant)?,
            None if before.gone.get(variant).is_some_and(|gone| *gone != fingerprint(value)) => {
                return Err(Rejection::VariantRetired { flag: flag.key.clone(), variant: variant.clone() });
            }
            Some(_) | None => {}
        }
    }
    let lost = before.flag.variants.keys().filter(|variant| !flag.variants.contains_key(*variant)).count();
    let gone = before.gone.keys().filter(|variant| !flag.variants.contains_key(*variant)).count();
    let what = "names of variants that are gone, which are remembered";
    limit("/flag/variants", what, gone.saturating_add(lost), VARIANTS_GONE_MAX)
}

fn may_be_corrected(wanted: &WantedFlag, variant: &VariantKey) -> Result<(), Rejection> {
    let remedy = if wanted.flag.value_type == ValueType::Boolean {
        "a name that meant yes never means no. Add a variant, or make a new flag"
    } else if wanted.corrects.contains(variant) {
        return Ok(());
    } else {
        "add a variant under another name, or name this one in `corrects` if it still means the same"
    };
    Err(Rejection::FixedForLife {
        path: format!("/flag/variants/{variant}"),
        what: format!("the value of variant `{variant}`"),
        flag: wanted.flag.key.clone(),
        remedy,
    })
}

/// Type, salt and bucketing stand for life.
pub(super) fn same_kind(before: &Flag, after: &Flag) -> Result<(), Rejection> {
    for (field, what, changed) in [
        ("type", "the type", before.value_type != after.value_type),
        ("salt", "the salt", before.salt != after.salt),
        ("bucketing", "the bucketing", before.bucketing != after.bucketing),
    ] {
        if changed {
            return Err(fixed(field, what, &after.key));
        }
    }
    Ok(())
}

fn fixed(field: &str, what: &str, flag: &FlagKey) -> Rejection {
    let (path, what) = (format!("/flag/{field}"), what.to_owned());
    Rejection::FixedForLife { path, what, flag: flag.clone(), remedy: "make a new flag" }
}

/// A correction names variants the flag has.
pub(super) fn corrections_are_its_own(wanted: &WantedFlag) -> Result<(), Rejection> {
    let unknown = wanted.corrects.iter().find(|variant| !wanted.flag.variants.contains_key(*variant));
    unknown.map_or(Ok(()), |unknown| {
        let message = format!("flag `{}` has no variant `{unknown}` to correct", wanted.flag.key);
        Err(Rejection::invalid("/corrects", message))
    })
}
