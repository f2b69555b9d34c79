//! What is different between two states of a project, thing by thing and field by field.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::resource::Resource;
use crate::rollout::{Phase, Rollout};
use crate::state::State;

/// One thing that is not what it was.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceChange {
    /// Which.
    pub resource: Resource,
    /// What it was; `None` if it was not there.
    pub before: Option<Value>,
    /// What it is; `None` if it is gone.
    pub after: Option<Value>,
}

/// One field that is not what it was.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// A path into the thing, such as `/targeting/rules/internal/serve`. Items of a list that have an `id` are named
    /// by it.
    pub path: String,
    /// What it was.
    pub before: Option<Value>,
    /// What it is.
    pub after: Option<Value>,
}

/// What is different in `after`, in the order of the things' names.
pub fn diff(before: &State, after: &State) -> Vec<ResourceChange> {
    let mut names: BTreeSet<Resource> = resources(before).collect();
    names.extend(resources(after));
    // What no entry touched is not turned into JSON to be compared.
    let changed = names.into_iter().filter(|name| before.revision(name) != after.revision(name));
    changed
        .map(|resource| {
            let (before, after) = (describe(before, &resource), describe(after, &resource));
            ResourceChange { resource, before, after }
        })
        .filter(|change| change.before != change.after)
        .collect()
}

impl ResourceChange {
    /// The fields that are different; none for a thing that is new or gone.
    pub fn fields(&self) -> Vec<FieldChange> {
        let mut found = Vec::new();
        if let (Some(before), Some(after)) = (&self.before, &self.after) {
            compare(&mut found, String::new(), before, after);
        }
        found
    }
}

fn resources(state: &State) -> impl Iterator<Item = Resource> {
    let project = state.project.iter().map(|_| Resource::Project);
    let flags = state.flags.keys().cloned().map(Resource::Flag);
    let segments = state.segments.keys().cloned().map(Resource::Segment);
    let metrics = state.metrics.keys().cloned().map(Resource::Metric);
    let ladders = state.ladders.keys().cloned().map(Resource::Ladder);
    let guardrails = state.guardrails.keys().cloned().map(Resource::Guardrail);
    let kept = ladders.chain(guardrails);
    let tokens = state.tokens.keys().copied().map(Resource::Token);
    let inside = state.environments.iter().flat_map(|(key, environment)| {
        let rules = environment.targeting.keys().cloned();
        let rollouts = environment.rollouts.keys().cloned();
        let said = environment.break_glass.keys().cloned();
        std::iter::once(Resource::Environment(key.clone()))
            .chain(rules.map(|flag| Resource::Targeting(key.clone(), flag)))
            .chain(said.map(|flag| Resource::BreakGlass(key.clone(), flag)))
            .chain(rollouts.map(|id| Resource::Rollout(key.clone(), id)))
    });
    project.chain(flags).chain(segments).chain(metrics).chain(kept).chain(tokens).chain(inside)
}

/// A thing as people and programs read it; `None` if it is not there. Without hashes of secrets.
pub fn describe(state: &State, resource: &Resource) -> Option<Value> {
    Some(match resource {
        Resource::Project => {
            let (key, name) = state.project.as_ref()?;
            json!({"key": key, "name": name})
        }
        Resource::Environment(key) => {
            let environment = state.environments.get(key)?;
            json!({"name": environment.name, "production": environment.production})
        }
        Resource::Flag(key) => {
            let known = &state.flags.get(key)?.value;
            json!({"flag": value(&known.flag), "about": value(&known.about)})
        }
        Resource::Targeting(key, flag) => {
            let rules = state.environments.get(key)?.targeting.get(flag)?;
            json!({"targeting": value(&rules.value)})
        }
        Resource::BreakGlass(key, flag) => {
            let said = state.environments.get(key)?.break_glass.get(flag)?;
            json!({"variant": said.variant, "reason": said.reason})
        }
        Resource::Segment(key) => json!({"segment": value(&state.segments.get(key)?.value)}),
        Resource::Metric(key) => {
            let known = &state.metrics.get(key)?.value;
            json!({"metric": value(&known.metric), "description": known.description})
        }
        Resource::Ladder(key) => {
            let known = &state.ladders.get(key)?.value;
            json!({"ladder": value(&known.ladder), "description": known.description})
        }
        Resource::Guardrail(key) => {
            let known = &state.guardrails.get(key)?.value;
            json!({"guardrail": value(&known.guardrail), "description": known.description})
        }
        Resource::Definitions => return None,
        Resource::Token(id) => {
            let token = &state.tokens.get(id)?.value;
            json!({"kind": token.kind, "name": token.name, "environment": token.environment})
        }
        Resource::Rollout(key, id) => rollout(state.environments.get(key)?.rollouts.get(id)?),
    })
}

fn rollout(rollout: &Rollout) -> Value {
    let (phase, reason) = match &rollout.phase {
        Phase::Running => ("running", None),
        Phase::Held { reason, .. } => ("held", Some(reason)),
        Phase::RolledBack { reason, .. } => ("rolled_back", Some(reason)),
        Phase::Completed { .. } => ("completed", None),
    };
    let epoch = rollout.epoch();
    json!({
        "rollout": value(&rollout.spec), "state": phase, "reason": reason,
        "stage": epoch.stage.saturating_add(1), "share": epoch.share.parts(), "epoch": epoch.number,
    })
}

/// Keys are texts and numbers finite, by their types, so this never fails; should it, the difference is still shown.
fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_else(|error| Value::String(error.to_string()))
}

/// Objects are compared field by field, lists of things with an `id` thing by thing, all else as a whole. Recursion is
/// as deep as what was accepted, which is bounded where it came in.
fn compare(found: &mut Vec<FieldChange>, path: String, before: &Value, after: &Value) {
    if before == after {
        return;
    }
    let fields = match (before, after) {
        (Value::Object(before), Value::Object(after)) => Some((before.clone(), after.clone())),
        (Value::Array(before), Value::Array(after)) => by_id(before).zip(by_id(after)),
        _ => None,
    };
    let Some((before_fields, after_fields)) = fields else {
        found.push(FieldChange { path, before: Some(before.clone()), after: Some(after.clone()) });
        return;
    };
    let whole = found.len();
    let names: BTreeSet<&String> = before_fields.keys().chain(after_fields.keys()).collect();
    for name in names {
        let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
        match (before_fields.get(name), after_fields.get(name)) {
            (Some(before), Some(after)) => compare(found, path, before, after),
            (before, after) => {
                found.push(FieldChange { path, before: before.cloned(), after: after.cloned() });
            }
        }
    }
    if found.len() == whole {
        // Nothing but the order of a list.
        found.push(FieldChange { path, before: Some(before.clone()), after: Some(after.clone()) });
    }
}

/// The items of a list by their ids; `None` unless all have one and no two have the same.
fn by_id(items: &[Value]) -> Option<Map<String, Value>> {
    let mut named = Map::new();
    for item in items {
        let id = item.get("id")?.as_str()?;
        if named.insert(id.to_owned(), item.clone()).is_some() {
            return None;
        }
    }
    Some(named)
}

#[cfg(test)]
mod tests;
