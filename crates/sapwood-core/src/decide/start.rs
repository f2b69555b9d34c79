//! Starting a rollout: everything that is agreed is checked before anybody is exposed.

use std::collections::BTreeSet;

use sapwood_eval::limits::Limits;
use sapwood_eval::{Problem, RolloutRule, Share, check_config};

use super::reach::askers_still_fit;
use super::{Placed, definition::refuse_first, environment, limit, rollout::prerequisites_hold, text};
use crate::compose::{flag_config, rollout_rule, surroundings};
use crate::event::{Because, Event, RolloutStarted, StageEntered};
use crate::id::EnvironmentKey;
use crate::limits::{BAKE_SECONDS_MAX, GUARDRAILS_MAX, STAGES_MAX, WEIGHT_PERMILLE_MAX};
use crate::rejection::Rejection;
use crate::rollout::{Guardrail, Phase, Rollout, RolloutSpec, Stage, Who};
use crate::state::{Environment, State};
use crate::time::Timestamp;

pub(super) fn start(
    state: &State,
    key: &EnvironmentKey,
    spec: RolloutSpec,
    now: Timestamp,
) -> Result<Vec<Placed>, Rejection> {
    let environment = environment(state, key)?;
    if let Some(known) = environment.rollouts.get(&spec.id)
        && (&known.spec.flag, &known.spec.candidate) == (&spec.flag, &spec.candidate)
    {
        return Ok(Vec::new());
    }
    is_new(state, environment, &spec)?;
    flag_is_ready(state, environment, &spec)?;
    budget_is_sane(&spec)?;
    ladder_climbs(state, &spec.ladder.stages)?;
    guardrails_fit(state, &spec.guardrails, WEIGHT_PERMILLE_MAX)?;
    let first = Rollout {
        started_at: now,
        revision: 0,
        phase: Phase::Running,
        epochs: Vec::new(),
        approved_stage: None,
        weight_spent_permille: 0,
        spec,
    };
    let share = first.spec.effective_share(0);
    composes(state, environment, &first)?;
    prerequisites_hold(environment, &first, share)?;
    let entered = StageEntered {
        rollout: first.spec.id.clone(),
        stage: 0,
        epoch: 1,
        share,
        because: Because { reason: "The rollout starts".to_owned(), evidence: None },
    };
    let started = RolloutStarted { rollout: first.spec };
    Ok([Event::from(started), Event::from(entered)].map(|event| (Some(key.clone()), event)).into())
}

/// An id names one rollout of the project, and a salt draws once: with the salt of an earlier attempt the same
/// people would be treated again, so that its harm would look like this one's.
fn is_new(state: &State, environment: &Environment, spec: &RolloutSpec) -> Result<(), Rejection> {
    if state.environments.values().any(|other| other.rollouts.contains_key(&spec.id)) {
        return Err(Rejection::invalid("/id", "another rollout has this id; mint a new one"));
    }
    let mut earlier = environment.rollouts.values().filter(|earlier| earlier.spec.flag == spec.flag);
    if let Some(same) = earlier.find(|earlier| earlier.spec.salt == spec.salt) {
        let message = format!("rollout {} of this flag had this salt; mint a new one", same.spec.id);
        return Err(Rejection::invalid("/salt", message));
    }
    Ok(())
}

/// Whatever the audience names must exist, prerequisites must not run in a circle, and so on: exactly what
/// compilation would say once the rollout is there.
pub(super) fn composes(state: &State, environment: &Environment, rollout: &Rollout) -> Result<(), Rejection> {
    let Some(served) = flag_config(state, environment, &rollout.spec.flag) else { return Ok(()) };
    let mut config = served.clone();
    config.rollouts.retain(|rule| rule.id != rollout.spec.id);
    // With the rings of the whole ladder, so that no later stage is what fails to compile.
    let rings = rollout.spec.ladder.stages.iter().filter_map(|stage| stage.who.ring().cloned()).collect();
    config.rollouts.extend(rollout_rule(rollout).map(|rule| RolloutRule { rings, ..rule }));
    let last = format!("/rollouts/{}", config.rollouts.len().saturating_sub(1));
    let problems = check_config(&config, &surroundings(state, environment, &config)).into_iter();
    // The rules of the flag are stored; what is wrong with what they ask is wrong with what the rollout adds to it.
    let asks = if rollout.spec.prerequisites.is_empty() { "/audience" } else { "/prerequisites" };
    let in_rules = |path: &str| if path == "/targeting/rules" { asks.to_owned() } else { path.to_owned() };
    refuse_first(problems.map(|problem| in_request(problem, &last)))
        .and_then(|()| askers_still_fit(state, environment, Some(&served), &config))
        .map_err(|rejection| rejection.moved(in_rules))
}

/// A problem of the rollout that is asked for, at its place in the request.
fn in_request(problem: Problem, rollout: &str) -> Problem {
    let path = match problem.path.strip_prefix(rollout) {
        Some(rest) if rest.starts_with("/rings") => "/ladder/stages".to_owned(),
        Some(rest) => rest.to_owned(),
        None if problem.path == "/rollouts" => "/flag".to_owned(),
        None => return problem,
    };
    Problem { path, ..problem }
}

fn flag_is_ready(state: &State, environment: &Environment, spec: &RolloutSpec) -> Result<(), Rejection> {
    let unknown = || Rejection::UnknownFlag(spec.flag.clone());
    let flag = &state.flags.get(&spec.flag).ok_or_else(unknown)?.value.flag;
    let targeting = environment.targeting.get(&spec.flag).ok_or_else(|| {
        Rejection::invalid(
            "/flag",
            format!("`{}` has no targeting in this environment; set it first", spec.flag),
        )
    })?;
    if !targeting.value.on {
        let message =
            format!("`{}` is off in this environment, so nobody would be exposed; switch it on", spec.flag);
        return Err(Rejection::invalid("/flag", message));
    }
    // Should this one be rolled back, its candidate is barred, and the flag must still compile.
    let barred = environment.barred.get(&spec.flag).into_iter().flatten();
    let others = barred.filter(|bar| bar.candidate != spec.candidate).count();
    let what = "candidates of a flag that are barred, should this one be, too";
    limit("/candidate", what, others.saturating_add(1), Limits::PUBLISH.rollout_parts)?;
    if let Some(live) = environment.live_rollout(&spec.flag) {
        return Err(Rejection::RolloutLive { flag: spec.flag.clone(), rollout: live.spec.id.clone() });
    }
    for (path, variant) in [("/baseline", &spec.baseline), ("/candidate", &spec.candidate)] {
        if !flag.variants.contains_key(variant) {
            let known: Vec<_> = flag.variants.keys().map(ToString::to_string).collect();
            let message =
                format!("flag `{}` has no variant `{variant}`; it has {}", spec.flag, known.join(", "));
            return Err(Rejection::invalid(path, message));
        }
    }
    if spec.baseline == spec.candidate {
        return Err(Rejection::invalid("/candidate", "must differ from the baseline"));
    }
    if let Some(after) = &spec.after
        && !targeting.value.rules.iter().any(|rule| rule.id == *after)
    {
        return Err(Rejection::invalid("/after", format!("flag `{}` has no rule `{after}`", spec.flag)));
    }
    for needs in &spec.prerequisites {
        let needed =
            state.flags.get(&needs.flag).ok_or_else(|| Rejection::UnknownFlag(needs.flag.clone()))?;
        if needs.flag == spec.flag {
            return Err(Rejection::invalid("/prerequisites", "a flag cannot need itself"));
        }
        if let Some(variant) =
            needs.variants.iter().find(|variant| !needed.value.flag.variants.contains_key(*variant))
        {
            let message = format!("flag `{}` has no variant `{variant}`", needs.flag);
            return Err(Rejection::invalid("/prerequisites", message));
        }
    }
    Ok(())
}

fn budget_is_sane(spec: &RolloutSpec) -> Result<(), Rejection> {
    if spec.holdback > Share::from_parts(50_000).unwrap_or(Share::WHOLE) {
        return Err(Rejection::invalid("/holdback", format!("{} is over the limit of 50 %", spec.holdback)));
    }
    if !(100..=50_000).contains(&spec.false_rollback_ppm) {
        let message = format!("{} ppm is outside 100 to 50 000 (0.01 % to 5 %)", spec.false_rollback_ppm);
        return Err(Rejection::invalid("/false_rollback_ppm", message));
    }
    spec.owner.as_ref().map_or(Ok(()), |owner| text("/owner", owner))
}

/// What every ladder must be, wherever it stands.
pub(super) fn ladder_climbs(state: &State, stages: &[Stage]) -> Result<(), Rejection> {
    limit("/ladder/stages", "stages of a ladder", stages.len(), STAGES_MAX)?;
    let mut reached = Share::NONE;
    for (index, stage) in stages.iter().enumerate() {
        let path = |field: &str| format!("/ladder/stages/{index}/{field}");
        if stage.bake_seconds > BAKE_SECONDS_MAX {
            let message = format!("{} is over the limit of {BAKE_SECONDS_MAX}", stage.bake_seconds);
            return Err(Rejection::over_limit(path("bake_seconds"), message));
        }
        match &stage.who {
            Who::Ring(segment) if !state.segments.contains_key(segment) => {
                return Err(Rejection::UnknownSegment(segment.clone()));
            }
            Who::Ring(_) => {}
            Who::Share(share) if *share <= reached => {
                let message = format!("{share} does not climb: the stage before reaches {reached}");
                return Err(Rejection::invalid(path("share"), message));
            }
            Who::Share(share) => reached = *share,
        }
    }
    if reached == Share::NONE {
        return Err(Rejection::invalid("/ladder/stages", "at least one stage with a share is needed"));
    }
    Ok(())
}

/// What the guardrails of a rollout must be; together they weigh at most `weight_max` thousandths.
pub(super) fn guardrails_fit(
    state: &State,
    guardrails: &[Guardrail],
    weight_max: u32,
) -> Result<(), Rejection> {
    limit("/guardrails", "guardrails of a rollout", guardrails.len(), GUARDRAILS_MAX)?;
    let mut names = BTreeSet::new();
    let mut spent: u32 = 0;
    for (index, guardrail) in guardrails.iter().enumerate() {
        let path = |field: &str| format!("/guardrails/{index}/{field}");
        if !names.insert(&guardrail.key) {
            return Err(Rejection::invalid(path("key"), format!("`{}` is there twice", guardrail.key)));
        }
        if !state.metrics.contains_key(&guardrail.metric) {
            return Err(Rejection::UnknownMetric(guardrail.metric.clone()));
        }
        margin_is_sane(&path("margin_permille"), guardrail.margin_permille)?;
        weight_is_sane(&path("weight"), guardrail.weight_permille)?;
        spent = spent.saturating_add(guardrail.weight_permille);
    }
    if spent > weight_max {
        let message = format!(
            "the weights add up to {spent} of 1000; at most {weight_max} may be spent, \
             the rest is kept for guardrails added later"
        );
        return Err(Rejection::invalid("/guardrails", message));
    }
    Ok(())
}

pub(super) fn margin_is_sane(path: &str, permille: u32) -> Result<(), Rejection> {
    if (100..=10_000).contains(&permille) {
        return Ok(());
    }
    Err(Rejection::invalid(path, format!("{permille} is outside 100 to 10 000 (a tenth to tenfold)")))
}

pub(super) fn weight_is_sane(path: &str, permille: u32) -> Result<(), Rejection> {
    if permille > 0 {
        return Ok(());
    }
    Err(Rejection::invalid(path, "must be at least 1 of 1000, or it can never act"))
}
