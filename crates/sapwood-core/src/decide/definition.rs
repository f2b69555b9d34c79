//! Definitions: flags, rules and segments. An edit of what a live rollout stands on pauses the automation.

use sapwood_eval::{
    Condition, Flag, FlagConfig, FlagKey, Problem, ProblemKind, Segment, SegmentKey, Serve, SetConfig,
    Targeting, VariantKey, check_config, check_segment,
};
use uuid::Uuid;

use super::reach::askers_still_fit;
use super::variants::{corrections_are_its_own, keep_their_meaning, same_kind};
use super::{Placed, environment, limit, text, unless};
use crate::compose::{askers, flag_config, mentions, surroundings};
use crate::entry::Actor;
use crate::event::{
    About, Because, BreakGlassLifted, BreakGlassSet, EpochOpened, Event, FlagDefined, FlagRetired,
    RolloutHeld, SegmentDefined, TargetingSet,
};
use crate::id::EnvironmentKey;
use crate::limits::{FLAGS_MAX, SEGMENTS_MAX, TAGS_MAX};
use crate::rejection::Rejection;
use crate::rollout::{HoldCause, Phase, Rollout};
use crate::state::{Environment, State};
use crate::time::Timestamp;
use crate::wanted::{WantedFlag, WantedTargeting};
use crate::weight::fits;

pub(super) fn define_flag(
    state: &State,
    mut wanted: WantedFlag,
    about: About,
) -> Result<Vec<Placed>, Rejection> {
    people_read(&about)?;
    if state.retired.contains(&wanted.flag.key) {
        return Err(Rejection::KeyRetired(wanted.flag.key));
    }
    corrections_are_its_own(&wanted)?;
    if let Some(slice) = wanted.slice.take() {
        wanted.flag.layer = Some(slice.placed(state, &wanted.flag.key)?);
    }
    if let Some(known) = state.flags.get(&wanted.flag.key) {
        same_kind(&known.value.flag, &wanted.flag)?;
        keep_their_meaning(&known.value, &wanted)?;
    }
    let flag = wanted.flag;
    refuse_first(bare_problems(state, &flag))?;
    let Some(known) = state.flags.get(&flag.key) else {
        limit("/flag", "flags of a project", state.flags.len().saturating_add(1), FLAGS_MAX)?;
        let events = vec![(None, FlagDefined { flag, about }.into())];
        fits(state, &events, "/flag")?;
        return Ok(events);
    };
    let before = &known.value;
    let values_changed = before.flag.variants != flag.variants || before.flag.layer != flag.layer;
    let loses_variants = before.flag.variants.keys().any(|variant| !flag.variants.contains_key(variant));
    let mut edits = Vec::new();
    for (key, environment) in &state.environments {
        if let Some(live) = environment.live_rollout(&flag.key) {
            fixed_by(live, &before.flag, &flag)?;
            if values_changed {
                edits.extend(pause_in(key, live, "The flag's variants were edited; look, then resume"));
            }
        }
        if let Some(mut config) = flag_config(state, environment, &flag.key) {
            config.flag = flag.clone();
            let problems = check_config(&config, &surroundings(state, environment, &config));
            refuse_first_beside(&problems, "/flag", &flag.key, key)?;
        }
        if loses_variants {
            keeps_what_others_need(environment, &flag.key, |variant| flag.variants.contains_key(variant))?;
        }
    }
    let same = before.flag == flag && before.about == about;
    let mut events = unless(same, None, FlagDefined { flag, about });
    fits(state, &events, "/flag")?;
    events.extend(edits);
    Ok(events)
}

fn people_read(about: &About) -> Result<(), Rejection> {
    text("/about/description", &about.description)?;
    if let Some(owner) = &about.owner {
        text("/about/owner", owner)?;
    }
    limit("/about/tags", "tags of a flag", about.tags.len(), TAGS_MAX)?;
    about.tags.iter().try_for_each(|tag| text("/about/tags", tag))
}

/// What a live rollout is about cannot be taken from under it.
fn fixed_by(live: &Rollout, before: &Flag, after: &Flag) -> Result<(), Rejection> {
    let lost = [&live.spec.baseline, &live.spec.candidate].iter().any(|v| !after.variants.contains_key(*v));
    for (what, changed) in [("unit", before.unit != after.unit), ("variants", lost)] {
        if changed {
            let rollout = live.spec.id.clone();
            return Err(Rejection::FixedByRollout { what, flag: after.key.clone(), rollout });
        }
    }
    Ok(())
}

/// A flag that asks for a flag or a variant that is gone no longer compiles, so nobody may take it away.
pub(super) fn keeps_what_others_need(
    environment: &Environment,
    needed: &FlagKey,
    has: impl Fn(&VariantKey) -> bool,
) -> Result<(), Rejection> {
    for (asker, needs) in askers(environment, needed) {
        if let Some(gone) = needs.variants.iter().find(|variant| !has(variant)) {
            return Err(Rejection::Dependency {
                flag: asker.clone(),
                needs: needed.clone(),
                detail: format!(
                    "its prerequisite names `{gone}`, which would be gone; change `{asker}` first"
                ),
            });
        }
    }
    Ok(())
}

pub(super) fn retire_flag(state: &State, flag: FlagKey) -> Result<Vec<Placed>, Rejection> {
    if state.retired.contains(&flag) {
        return Ok(Vec::new());
    }
    if !state.flags.contains_key(&flag) {
        return Err(Rejection::nothing("flag", flag.as_str()));
    }
    for environment in state.environments.values() {
        if let Some(live) = environment.live_rollout(&flag) {
            return Err(Rejection::RolloutLive { flag, rollout: live.spec.id.clone() });
        }
        keeps_what_others_need(environment, &flag, |_| false)?;
    }
    Ok(vec![(None, FlagRetired { flag }.into())])
}

pub(super) fn set_targeting(
    state: &State,
    actor: &Actor,
    key: EnvironmentKey,
    flag: FlagKey,
    targeting: WantedTargeting,
) -> Result<Vec<Placed>, Rejection> {
    let known = environment(state, &key)?;
    let definition = state.flags.get(&flag).ok_or_else(|| Rejection::UnknownFlag(flag.clone()))?;
    let before = known.targeting.get(&flag).map(|revised| &revised.value);
    let targeting = targeting.laid_over(&definition.value.flag, before)?;
    if before == Some(&targeting) {
        return Ok(Vec::new());
    }
    if let Some(live) = known.live_rollout(&flag)
        && let Some(after) = &live.spec.after
        && !targeting.rules.iter().any(|rule| rule.id == *after)
    {
        let what = "the rule the rollout sits below";
        return Err(Rejection::FixedByRollout { what, flag, rollout: live.spec.id.clone() });
    }
    let served = flag_config(state, known, &flag);
    let mut config = served
        .clone()
        .unwrap_or_else(|| FlagConfig::new(definition.value.flag.clone(), targeting.clone(), 0));
    config.targeting = targeting.clone();
    let problems = check_config(&config, &surroundings(state, known, &config));
    refuse_first_beside(&problems, "/targeting", &flag, &key)?;
    askers_still_fit(state, known, served.as_ref(), &config)?;
    let mut events = Vec::new();
    if let Some(live) = known.live_rollout(&flag)
        && before.is_some_and(|before| stands_on(live, before) != stands_on(live, &targeting))
    {
        let reason = format!("The rules of `{flag}` were edited by {actor}; look, then resume");
        events.extend(pause_in(&key, live, &reason));
    }
    events.insert(0, (Some(key), TargetingSet { flag, targeting }.into()));
    fits(state, &events, "/targeting")?;
    Ok(events)
}

/// Writes down an override that is in force already, so it is refused only where it means nothing. A rollout of the
/// flag is paused: while everybody gets one variant nobody is compared with anybody.
pub(super) fn record_break_glass(
    state: &State,
    key: &EnvironmentKey,
    flag: &FlagKey,
    variant: Option<VariantKey>,
    (record, said_at, because): (Uuid, Timestamp, Because),
) -> Result<Vec<Placed>, Rejection> {
    let here = environment(state, key)?;
    if here.break_glass.get(flag).is_some_and(|known| known.record == record) {
        return Ok(Vec::new());
    }
    text("/reason", &because.reason)?;
    let defined = state.flags.get(flag).ok_or_else(|| Rejection::UnknownFlag(flag.clone()))?;
    let variants = &defined.value.flag.variants;
    if let Some(unknown) = variant.as_ref().filter(|variant| !variants.contains_key(*variant)) {
        return Err(Rejection::invalid("/variant", format!("flag `{flag}` has no variant `{unknown}`")));
    }
    let what = if variant.is_some() { "was overridden in an emergency" } else { "is no longer overridden" };
    let event: Event = match variant {
        Some(variant) => BreakGlassSet { flag: flag.clone(), variant, record, said_at, because }.into(),
        None => BreakGlassLifted { flag: flag.clone(), record, said_at, because }.into(),
    };
    let mut events = vec![(Some(key.clone()), event)];
    if let Some(live) = here.live_rollout(flag) {
        let paused = pause(live, &format!("`{flag}` {what}; look, then resume"));
        events.extend(paused.into_iter().map(|event| (Some(key.clone()), event)));
    }
    Ok(events)
}

/// What of a flag's rules a rollout stands on: whether it is on, and the rules above.
fn stands_on<'a>(rollout: &Rollout, targeting: &'a Targeting) -> (bool, Vec<(&'a Condition, &'a Serve)>) {
    let above = rollout.spec.after.as_ref().map_or(0, |after| {
        targeting.rules.iter().position(|rule| rule.id == *after).map_or(0, |place| place.saturating_add(1))
    });
    (targeting.on, targeting.rules.iter().take(above).map(|rule| (&rule.when, &rule.serve)).collect())
}

pub(super) fn define_segment(
    state: &State,
    actor: &Actor,
    segment: Segment,
) -> Result<Vec<Placed>, Rejection> {
    if !state.segments.contains_key(&segment.key) {
        limit("/segment", "segments of a project", state.segments.len().saturating_add(1), SEGMENTS_MAX)?;
    }
    let mut world = SetConfig::new([], state.segments.values().map(|known| known.value.clone()));
    refuse_first(check_segment(&segment, &world).into_iter().map(in_request))?;
    if state.segments.get(&segment.key).is_some_and(|known| known.value == segment) {
        return Ok(Vec::new());
    }
    world.segments.insert(segment.key.clone(), segment.clone());
    let above = |other: &&Segment| reaches(state, mentions(&other.condition).segments, &segment.key);
    for other in world.segments.values().filter(above) {
        if let Some(problem) = check_segment(other, &world).into_iter().next() {
            let message = format!("segment `{}` would not compile any more: {}", other.key, problem.message);
            let path = "/segment/condition".to_owned();
            return Err(Problem { path, message, ..problem }.into());
        }
    }
    let mut edits = Vec::new();
    for (key, environment) in &state.environments {
        for rollout in environment.rollouts.values().filter(|rollout| rollout.is_live()) {
            if reads_segment(state, key, rollout, &segment.key) {
                let reason = format!("Segment `{}` was edited by {actor}; look, then resume", segment.key);
                edits.extend(pause_in(key, rollout, &reason));
            }
        }
    }
    let mut events = vec![(None, SegmentDefined { segment }.into())];
    fits(state, &events, "/segment")?;
    events.extend(edits);
    Ok(events)
}

fn reads_segment(state: &State, key: &EnvironmentKey, rollout: &Rollout, segment: &SegmentKey) -> bool {
    let rules = state
        .environments
        .get(key)
        .and_then(|environment| environment.targeting.get(&rollout.spec.flag))
        .map(|targeting| stands_on(rollout, &targeting.value).1)
        .unwrap_or_default();
    let conditions = rules.into_iter().map(|(when, _)| when).chain([&rollout.spec.audience]);
    let rings = rollout.spec.ladder.stages.iter().filter_map(|stage| stage.who.ring());
    reaches(
        state,
        conditions.flat_map(|condition| mentions(condition).segments).chain(rings).collect(),
        segment,
    )
}

/// Whether one of these segments is `segment` or names it, directly or through others; each is followed once.
fn reaches<'a>(state: &'a State, mut open: Vec<&'a SegmentKey>, segment: &SegmentKey) -> bool {
    let mut seen = Vec::new();
    while let Some(name) = open.pop() {
        if name == segment {
            return true;
        }
        if !seen.contains(&name) {
            seen.push(name);
            open.extend(
                state
                    .segments
                    .get(name)
                    .into_iter()
                    .flat_map(|known| mentions(&known.value.condition).segments),
            );
        }
    }
    false
}

/// A human edit of what a rollout stands on opens the next epoch and holds it.
pub(super) fn pause(rollout: &Rollout, reason: &str) -> Vec<Event> {
    let because = Because { reason: reason.to_owned(), evidence: None };
    let id = rollout.spec.id.clone();
    let epoch = rollout.epoch();
    let opened = EpochOpened {
        rollout: id.clone(),
        epoch: epoch.number.saturating_add(1),
        share: epoch.share,
        because: because.clone(),
    };
    let mut events = vec![opened.into()];
    // Who resumes a person's hold confirms the edit with it; an approval says nothing about the edit.
    let confirmed_by_hand =
        matches!(&rollout.phase, Phase::Held { cause: HoldCause::Operator | HoldCause::Edit, .. });
    if !confirmed_by_hand {
        events.push(RolloutHeld { rollout: id, cause: HoldCause::Edit, because }.into());
    }
    events
}

/// [`pause`], in its environment.
fn pause_in(key: &EnvironmentKey, rollout: &Rollout, reason: &str) -> Vec<Placed> {
    pause(rollout, reason).into_iter().map(|event| (Some(key.clone()), event)).collect()
}

/// What is wrong with a flag by itself, wherever it will be used: judged switched off, with its first variant.
///
/// Beside it stand the flags of its layer, which must not overlap, whatever environments they have rules in.
fn bare_problems(state: &State, flag: &Flag) -> Vec<Problem> {
    let Some(first) = flag.variants.keys().next() else {
        return vec![Problem {
            kind: ProblemKind::Invalid,
            path: "/flag/variants".to_owned(),
            message: "a flag needs at least one variant".to_owned(),
            remedy: "name one, such as \"on\": true".to_owned(),
        }];
    };
    let bare = |flag: &Flag, first: &VariantKey| {
        let default = Serve::Variant(first.clone());
        let targeting = Targeting { on: false, off_variant: first.clone(), rules: Vec::new(), default };
        FlagConfig::new(flag.clone(), targeting, 0)
    };
    let layer = flag.layer.as_ref().map(|slice| &slice.layer);
    let others = layer.iter().flat_map(|_| state.flags.values()).map(|known| &known.value.flag);
    let mates = others.filter(|other| other.layer.as_ref().map(|slice| &slice.layer) == layer);
    let mates = mates.map(|mate| bare(mate, first));
    check_config(&bare(flag, first), &SetConfig::new(mates, []))
}

pub(super) fn refuse_first(problems: impl IntoIterator<Item = Problem>) -> Result<(), Rejection> {
    problems.into_iter().next().map_or(Ok(()), |problem| Err(problem.into()))
}

/// The same where only a part of the flag was sent: what is wrong elsewhere is stored, and has no place in the request.
fn refuse_first_beside(
    problems: &[Problem],
    sent: &str,
    flag: &FlagKey,
    environment: &EnvironmentKey,
) -> Result<(), Rejection> {
    let is_sent = |problem: &Problem| problem.path.starts_with(sent);
    // What was sent is what can be changed at once.
    let Some(problem) = problems.iter().find(|problem| is_sent(problem)).or_else(|| problems.first()) else {
        return Ok(());
    };
    Err(if is_sent(problem) { problem.clone().into() } else { stored(problem, flag, environment) })
}

/// Something that is stored of a flag would be wrong after the change.
fn stored(problem: &Problem, flag: &FlagKey, environment: &EnvironmentKey) -> Rejection {
    let Problem { kind, path, message, remedy } = problem;
    let part = match path.split('/').nth(1) {
        Some("targeting") => "its targeting",
        Some("rollouts") => "its rollouts",
        Some("barred") => "its barred candidates",
        Some("break_glass") => "its override",
        Some(_) | None => "what is stored of it",
    };
    match kind {
        ProblemKind::OverLimit => Rejection::over_limit(
            "",
            format!(
                "{part} in environment `{environment}` would be over a limit at {path}: {message}; {remedy}"
            ),
        ),
        ProblemKind::Invalid | ProblemKind::Unknown => Rejection::InUse {
            what: "flag",
            key: flag.to_string(),
            by: format!("{part} in environment `{environment}`, where {path} would be wrong: {message}"),
        },
    }
}

/// A problem of a segment, whose place in the request is below `segment`.
fn in_request(problem: Problem) -> Problem {
    Problem { path: format!("/segment{}", problem.path), ..problem }
}
