//! All definitions of a project at once: to commands, and back.

use std::collections::BTreeSet;

use sapwood_api::manage::{FlagRequest, MetricRequest, Moves, SegmentRequest, TargetingRequest};
use sapwood_api::resources::{
    AppliedChange, Definition, DefinitionsResponse, GuardrailRequest, LadderRequest,
};
use sapwood_core::command::Command;
use sapwood_core::decide::Placed;
use sapwood_core::moves;
use sapwood_core::rejection::Rejection;
use sapwood_core::resource::Resource;
use sapwood_core::state::State;
use serde_json::{Value, json};

use super::{flag, guardrail, ladder, metric, moves as shown_moves, parse, segment, targeting};
use crate::ask::Made;
use crate::error::SubmitError;
use crate::shown;

/// The commands of one definition.
fn commands_of(state: &State, salt: &str, item: Definition) -> Result<Vec<Command>, Rejection> {
    Ok(match item {
        Definition::Environment { key, name, production } => {
            vec![Command::DefineEnvironment { key: parse("/key", &key)?, name, production }]
        }
        Definition::Metric { key, metric: body, description } => {
            vec![metric(&key, MetricRequest { metric: body, description })?]
        }
        Definition::Segment { key, segment: body } => vec![segment(&key, SegmentRequest { segment: body })?],
        Definition::Flag { key, flag: body, about, environments, corrects } => {
            let mut commands = vec![flag(state, salt, &key, FlagRequest { flag: body, about, corrects })?];
            for (environment, body) in environments {
                let set = targeting(&environment, &key, &TargetingRequest { targeting: body });
                commands.push(set.map_err(|rejection| within(&environment, rejection))?);
            }
            commands
        }
        Definition::Guardrail { key, guardrail: body, description } => {
            vec![guardrail(&key, GuardrailRequest { guardrail: body, description })?]
        }
        Definition::Ladder { key, ladder: body, description } => {
            vec![ladder(&key, LadderRequest { ladder: body, description })?]
        }
    })
}

/// A refusal of a flag's rules, with the environment they are for in its path.
pub(crate) fn within(environment: &str, rejection: Rejection) -> Rejection {
    rejection.moved(|path| {
        let rest = path.strip_prefix("/targeting").unwrap_or(path);
        format!("/environments/{environment}{rest}")
    })
}

/// `PUT …/definitions`: each command with the place of its definition in `items`; what `prune` takes away has none.
///
/// # Errors
/// Everything whose shape is wrong, by its place.
pub fn definitions(
    state: &State,
    salts: &[String],
    items: &[Definition],
    prune: bool,
) -> Result<Vec<Made>, SubmitError> {
    let (mut commands, mut refused) = (Vec::new(), Vec::new());
    let mut named = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        if !named.insert((item.kind(), item.key())) {
            let message = format!("{} `{}` is there twice; keep one", item.kind(), item.key());
            refused.push((Some(index), Rejection::invalid("/key", message)));
            continue;
        }
        let salt = salts.get(index).map(String::as_str).unwrap_or_default();
        match commands_of(state, salt, item.clone()) {
            Ok(of) => commands.extend(of.into_iter().map(|command| Made { item: Some(index), command })),
            Err(rejection) => refused.push((Some(index), rejection)),
        }
    }
    if !refused.is_empty() {
        return Err(SubmitError::Refused(refused));
    }
    if prune {
        commands.extend(superfluous(state, items).into_iter().map(Made::from));
    }
    Ok(commands)
}

/// What is there and not among `items`. An environment stays: tokens, streams and history hang on it.
fn superfluous(state: &State, items: &[Definition]) -> Vec<Command> {
    let named: BTreeSet<_> = items.iter().map(|item| (item.kind(), item.key())).collect();
    let gone = |kind: &'static str, key: &str| !named.contains(&(kind, key));
    let served: BTreeSet<_> = items
        .iter()
        .flat_map(|item| match item {
            Definition::Flag { key, environments, .. } => {
                environments.keys().map(|place| (place.as_str(), key.as_str())).collect()
            }
            Definition::Environment { .. }
            | Definition::Metric { .. }
            | Definition::Segment { .. }
            | Definition::Guardrail { .. }
            | Definition::Ladder { .. } => Vec::new(),
        })
        .collect();
    let mut commands = Vec::new();
    for (place, environment) in &state.environments {
        let flags = environment.targeting.keys();
        let unserved = flags.filter(|flag| {
            !gone("flag", flag.as_str()) && !served.contains(&(place.as_str(), flag.as_str()))
        });
        commands.extend(
            unserved.map(|flag| Command::RemoveTargeting { environment: place.clone(), flag: flag.clone() }),
        );
    }
    let flags = state.flags.keys().filter(|key| gone("flag", key.as_str())).cloned();
    commands.extend(flags.map(|flag| Command::RetireFlag { flag }));
    let ladders = state.ladders.keys().filter(|key| gone("ladder", key.as_str())).cloned();
    commands.extend(ladders.map(|key| Command::RemoveLadder { key }));
    let guardrails = state.guardrails.keys().filter(|key| gone("guardrail", key.as_str())).cloned();
    commands.extend(guardrails.map(|key| Command::RemoveGuardrail { key }));
    let segments = state.segments.keys().filter(|key| gone("segment", key.as_str())).cloned();
    commands.extend(segments.map(|key| Command::RemoveSegment { key }));
    let metrics = state.metrics.keys().filter(|key| gone("metric", key.as_str())).cloned();
    commands.extend(metrics.map(|key| Command::RemoveMetric { key }));
    commands
}

/// All definitions of a project, each as it may be put back.
pub fn all_definitions(state: &State) -> DefinitionsResponse {
    let environments = state.environments.iter().map(|(key, of)| Definition::Environment {
        key: key.to_string(),
        name: of.name.clone(),
        production: of.production,
    });
    let metrics = state.metrics.iter().map(|(key, of)| Definition::Metric {
        key: key.to_string(),
        metric: shown::value_of(&of.value.metric),
        description: of.value.description.clone(),
    });
    let segments = state.segments.iter().map(|(key, of)| Definition::Segment {
        key: key.to_string(),
        segment: shown::segment_body(&of.value),
    });
    let flags = state.flags.iter().map(|(key, of)| Definition::Flag {
        key: key.to_string(),
        flag: shown::flag_body(&of.value.flag),
        about: shown::about(&of.value.about),
        environments: state
            .environments
            .iter()
            .filter_map(|(place, environment)| {
                let rules = environment.targeting.get(key)?;
                Some((place.to_string(), shown::targeting_body(&rules.value)))
            })
            .collect(),
        corrects: Vec::new(),
    });
    let guardrails = state.guardrails.iter().map(|(key, of)| Definition::Guardrail {
        key: key.to_string(),
        guardrail: shown::template(&of.value.guardrail),
        description: of.value.description.clone(),
    });
    let ladders = state.ladders.iter().map(|(key, of)| Definition::Ladder {
        key: key.to_string(),
        ladder: shown::ladder_body(&of.value.ladder),
        description: of.value.description.clone(),
    });
    DefinitionsResponse {
        version: state.version,
        items: environments
            .chain(metrics)
            .chain(segments)
            .chain(flags)
            .chain(guardrails)
            .chain(ladders)
            .collect(),
    }
}

/// What one command of many came to; `None` if it was so already. `after` is the state once all of them happened.
pub(crate) fn applied(
    before: &State,
    after: &State,
    command: &Command,
    placed: &[Placed],
) -> Option<AppliedChange> {
    placed.first()?;
    let about = command.resource();
    let (kind, key, environment) = named(&about)?;
    let opened = placed.iter().filter_map(|(_, event)| match event.kind() {
        "epoch_opened.v1" => event.rollout().map(ToString::to_string),
        _ => None,
    });
    Some(AppliedChange {
        kind: kind.to_owned(),
        key,
        environment,
        before: shown_of(before, &about),
        after: shown_of(after, &about),
        paused: opened.collect(),
        moves: moves_of(before, after, &about),
    })
}

/// Whom it moves.
fn moves_of(before: &State, after: &State, about: &Resource) -> Vec<Moves> {
    let Resource::Targeting(place, flag) = about else { return Vec::new() };
    let of = |state: &'_ State| Some(state.environments.get(place)?.targeting.get(flag)?.value.clone());
    of(before).zip(of(after)).map(|(was, is)| shown_moves(moves::between(&was, &is))).unwrap_or_default()
}

fn named(about: &Resource) -> Option<(&'static str, String, Option<String>)> {
    Some(match about {
        Resource::Environment(key) => ("environment", key.to_string(), None),
        Resource::Flag(key) => ("flag", key.to_string(), None),
        Resource::Targeting(place, key) => ("targeting", key.to_string(), Some(place.to_string())),
        Resource::Segment(key) => ("segment", key.to_string(), None),
        Resource::Metric(key) => ("metric", key.to_string(), None),
        Resource::Ladder(key) => ("ladder", key.to_string(), None),
        Resource::Guardrail(key) => ("guardrail", key.to_string(), None),
        Resource::Project
        | Resource::BreakGlass(..)
        | Resource::Token(_)
        | Resource::Rollout(..)
        | Resource::Definitions => return None,
    })
}

/// A definition as it is.
fn shown_of(state: &State, about: &Resource) -> Option<Value> {
    Some(match about {
        Resource::Environment(key) => {
            let of = state.environments.get(key)?;
            json!({"name": of.name, "production": of.production})
        }
        Resource::Flag(key) => {
            let of = &state.flags.get(key)?.value;
            json!({"flag": shown::flag_body(&of.flag), "about": shown::about(&of.about)})
        }
        Resource::Targeting(place, key) => {
            shown::targeting_body(&state.environments.get(place)?.targeting.get(key)?.value)
        }
        Resource::Segment(key) => json!(shown::segment_body(&state.segments.get(key)?.value)),
        Resource::Metric(key) => {
            let of = &state.metrics.get(key)?.value;
            json!({"metric": of.metric, "description": of.description})
        }
        Resource::Ladder(key) => {
            let of = &state.ladders.get(key)?.value;
            json!({"ladder": shown::ladder_body(&of.ladder), "description": of.description})
        }
        Resource::Guardrail(key) => {
            let of = &state.guardrails.get(key)?.value;
            json!({"guardrail": shown::template(&of.guardrail), "description": of.description})
        }
        Resource::Project
        | Resource::BreakGlass(..)
        | Resource::Token(_)
        | Resource::Rollout(..)
        | Resource::Definitions => return None,
    })
}
