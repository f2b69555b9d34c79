//! How far an edit reaches: a flag that comes to ask more makes every flag that asks it ask deeper, and none of them may
//! come to ask more than evaluation would follow.

use std::collections::{BTreeMap, BTreeSet};

use sapwood_eval::{FlagConfig, FlagKey, Problem, SetConfig, check_prerequisites};

use crate::compose::{asking, flag_config, needs_of};
use crate::rejection::Rejection;
use crate::state::{Environment, State};

/// Refuses `after` if some flag that asks it, directly or through others, would ask deeper or cause more than is allowed.
pub(super) fn askers_still_fit(
    state: &State,
    environment: &Environment,
    before: Option<&FlagConfig>,
    after: &FlagConfig,
) -> Result<(), Rejection> {
    if !asks_more(before, after) {
        return Ok(());
    }
    let askers = askers_of(environment, &after.flag.key);
    let world = world_of(state, environment, &askers, after);
    for asker in askers {
        let Some(config) = world.flags.get(asker) else { continue };
        if let Some(problem) = check_prerequisites(config, &world).into_iter().next() {
            let message = format!(
                "flag `{asker}` asks `{}`, and would no longer be served: {}",
                after.flag.key, problem.message
            );
            return Err(Problem { message, ..problem }.into());
        }
    }
    Ok(())
}

/// Whether some flag is asked more often than before. Asking less never hurts anybody, and must always be possible.
fn asks_more(before: Option<&FlagConfig>, after: &FlagConfig) -> bool {
    let mut left = BTreeMap::<&FlagKey, usize>::new();
    for needs in before.into_iter().flat_map(needs_of) {
        let count = left.entry(&needs.flag).or_default();
        *count = count.saturating_add(1);
    }
    needs_of(after).any(|needs| {
        match left.get_mut(&needs.flag).and_then(|count| count.checked_sub(1).map(|n| (count, n))) {
            Some((count, fewer)) => {
                *count = fewer;
                false
            }
            None => true,
        }
    })
}

/// Every flag that asks this one, directly or through others, in order of key.
fn askers_of<'a>(environment: &'a Environment, key: &FlagKey) -> BTreeSet<&'a FlagKey> {
    let mut by_needed = BTreeMap::<&FlagKey, Vec<&'a FlagKey>>::new();
    for (asker, needs) in asking(environment) {
        by_needed.entry(&needs.flag).or_default().push(asker);
    }
    let mut found = BTreeSet::new();
    let mut open: Vec<&FlagKey> = vec![key];
    while let Some(needed) = open.pop() {
        for asker in by_needed.get(needed).into_iter().flatten().copied() {
            if asker != key && found.insert(asker) {
                open.push(asker);
            }
        }
    }
    found
}

/// The askers and whatever they ask, with the edit in place. Segments ask nothing and are left out.
fn world_of(
    state: &State,
    environment: &Environment,
    askers: &BTreeSet<&FlagKey>,
    after: &FlagConfig,
) -> SetConfig {
    let mut flags = BTreeMap::from([(after.flag.key.clone(), after.clone())]);
    let mut open: Vec<FlagKey> =
        askers.iter().copied().chain(needs_of(after).map(|needs| &needs.flag)).cloned().collect();
    while let Some(key) = open.pop() {
        if flags.contains_key(&key) {
            continue;
        }
        if let Some(config) = flag_config(state, environment, &key) {
            open.extend(needs_of(&config).map(|needs| needs.flag.clone()));
            flags.insert(key, config);
        }
    }
    SetConfig { flags, segments: BTreeMap::new() }
}
