//! Definitions as the API shows them: what may be put back as it was read.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::Bound;

use sapwood_api::manage::{FlagBody, LadderBody, Page, StageBody};
use sapwood_api::resources::{
    EnvironmentResponse, FlagResponse, GuardrailTemplateBody, KeptGuardrailResponse, LadderResponse,
    MetricResponse, ProjectResponse, RetiredFlag, SegmentResponse, TargetingResponse, TokenInfo,
};
use sapwood_core::event::About;
use sapwood_core::rollout::{GuardrailAction, GuardrailTemplate, Ladder, Stage, Who};
use sapwood_core::state::{
    DefinedFlag, DefinedGuardrail, DefinedLadder, DefinedMetric, Environment, Revised, State,
};
use sapwood_core::token::Token;
use sapwood_eval::{Flag, Segment, Serve, Targeting, shares};
use sapwood_stats::Harm;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::view::action_word;

/// Which page of a list, and what of it.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The last key of the page before.
    pub after: Option<&'a str>,
    /// Items of a page.
    pub limit: usize,
}

impl Part<'_> {
    /// One page of what is kept by key, of those that are wanted.
    pub fn of<K, V, T: Keyed>(
        &self,
        all: &BTreeMap<K, V>,
        wanted: impl Fn(&V) -> bool,
        show: impl Fn(&str, &V) -> T,
    ) -> Page<T>
    where
        K: Ord + Borrow<str>,
    {
        let begin = self.after.map_or(Bound::Unbounded, Bound::Excluded);
        let rest = all.range::<str, _>((begin, Bound::Unbounded)).filter(|(_, value)| wanted(value));
        self.cut(rest.map(|(key, value)| show(key.borrow(), value)))
    }

    /// The page that `rest`, all items after the cursor, begins with.
    pub fn cut<T: Keyed>(&self, rest: impl Iterator<Item = T>) -> Page<T> {
        let mut items: Vec<_> = rest.take(self.limit.saturating_add(1)).collect();
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let next = items.last().filter(|_| more).map(|item| item.cursor().to_owned());
        Page { items, next }
    }
}

/// What a list is ordered by.
pub trait Keyed {
    /// The key, which is also the cursor.
    fn cursor(&self) -> &str;
}

macro_rules! keyed {
    ($($shape:ident by $field:ident),*) => {
        $(impl Keyed for $shape {
            fn cursor(&self) -> &str {
                &self.$field
            }
        })*
    };
}

keyed!(
    ProjectResponse by key, EnvironmentResponse by key, FlagResponse by key, RetiredFlag by key,
    TargetingResponse by key, SegmentResponse by key, MetricResponse by key, LadderResponse by key,
    KeptGuardrailResponse by key, TokenInfo by id
);

/// A project.
pub fn project(state: &State) -> Option<ProjectResponse> {
    let (key, name) = state.project.as_ref()?;
    let (key, name) = (key.to_string(), name.clone());
    Some(ProjectResponse { key, revision: state.project_revision, name, version: state.version })
}

/// An environment.
pub fn environment(key: &str, of: &Environment) -> EnvironmentResponse {
    let (key, name) = (key.to_owned(), of.name.clone());
    EnvironmentResponse { key, revision: of.revision, name, production: of.production }
}

/// A flag's definition.
pub fn flag(state: &State, key: &str, of: &Revised<DefinedFlag>) -> FlagResponse {
    let serving = state.environments.iter().filter(|(_, place)| place.targeting.contains_key(key));
    FlagResponse {
        key: key.to_owned(),
        revision: of.revision,
        flag: flag_body(&of.value.flag),
        about: about(&of.value.about),
        environments: serving.map(|(place, _)| place.to_string()).collect(),
    }
}

/// What evaluation reads of a flag.
pub fn flag_body(flag: &Flag) -> FlagBody {
    FlagBody {
        value_type: text_of(&flag.value_type),
        variants: object_of(&flag.variants),
        unit: Some(flag.unit.to_string()),
        client_visible: flag.client_visible,
        layer: flag.layer.as_ref().map(value_of),
        salt: Some(flag.salt.as_str().to_owned()),
        bucketing: Some(text_of(&flag.bucketing)),
    }
}

/// What people read of a flag.
pub fn about(about: &About) -> Map<String, Value> {
    object_of(about)
}

/// A flag's rules in one environment.
pub fn targeting(key: &str, of: &Revised<Targeting>) -> TargetingResponse {
    TargetingResponse { key: key.to_owned(), revision: of.revision, targeting: targeting_body(&of.value) }
}

/// Rules with the shares of their slots beside them, so that either can be edited and put back.
pub fn targeting_body(targeting: &Targeting) -> Value {
    let mut body = value_of(targeting);
    let rules = body.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten();
    for (shown, rule) in rules.zip(&targeting.rules) {
        with_shares(shown.get_mut("serve"), &rule.serve);
    }
    with_shares(body.get_mut("default"), &targeting.default);
    body
}

fn with_shares(shown: Option<&mut Value>, serve: &Serve) {
    let (Some(Value::Object(fields)), Serve::Slots(slots)) = (shown, serve) else { return };
    let has = shares(slots);
    let named = has.iter().filter_map(|(key, share)| Some((key.as_ref()?.to_string(), json!(share))));
    fields.insert("shares".to_owned(), Value::Object(named.collect()));
    if has.contains_key(&None) {
        fields.insert("rest".to_owned(), Value::Null);
    }
}

/// A segment.
pub fn segment(key: &str, of: &Revised<Segment>) -> SegmentResponse {
    SegmentResponse { key: key.to_owned(), revision: of.revision, segment: segment_body(&of.value) }
}

/// A segment without its key.
pub fn segment_body(segment: &Segment) -> Map<String, Value> {
    let mut fields = object_of(segment);
    fields.remove("key");
    fields
}

/// A metric.
pub fn metric(key: &str, of: &Revised<DefinedMetric>) -> MetricResponse {
    let (metric, description) = (value_of(&of.value.metric), of.value.description.clone());
    MetricResponse { key: key.to_owned(), revision: of.revision, metric, description }
}

/// A kept ladder.
pub fn ladder(key: &str, of: &Revised<DefinedLadder>) -> LadderResponse {
    let (ladder, description) = (ladder_body(&of.value.ladder), of.value.description.clone());
    LadderResponse { key: key.to_owned(), revision: of.revision, ladder, description }
}

/// Stages, with everything said.
pub fn ladder_body(ladder: &Ladder) -> LadderBody {
    let stage = |stage: &Stage| {
        let (ring, share) = match &stage.who {
            Who::Ring(segment) => (Some(segment.to_string()), None),
            Who::Share(share) => (None, Some(share.parts())),
        };
        StageBody {
            ring,
            share,
            bake_seconds: Some(stage.bake_seconds),
            subjects_min: Some(stage.subjects_min),
            approval: stage.approval,
        }
    };
    LadderBody { stages: ladder.stages.iter().map(stage).collect() }
}

/// A kept guardrail.
pub fn guardrail(key: &str, of: &Revised<DefinedGuardrail>) -> KeptGuardrailResponse {
    let (guardrail, description) = (template(&of.value.guardrail), of.value.description.clone());
    KeptGuardrailResponse { key: key.to_owned(), revision: of.revision, guardrail, description }
}

/// A guardrail's template, with everything said.
pub fn template(template: &GuardrailTemplate) -> GuardrailTemplateBody {
    GuardrailTemplateBody {
        metric: template.metric.to_string(),
        harm: harm_word(template.harm).to_owned(),
        margin_permille: Some(template.margin_permille),
        action: Some(action_of(template.action)),
        weight: template.weight_permille,
    }
}

/// A token, without its secret and without the secret's hash.
pub fn token(of: &Revised<Token>) -> TokenInfo {
    TokenInfo {
        id: of.value.id.to_string(),
        revision: of.revision,
        kind: of.value.kind.as_str().to_owned(),
        name: of.value.name.clone(),
        environment: of.value.environment.as_ref().map(ToString::to_string),
    }
}

fn action_of(action: GuardrailAction) -> String {
    action_word(action).to_owned()
}

const fn harm_word(harm: Harm) -> &'static str {
    match harm {
        Harm::Up => "up",
        Harm::Down => "down",
    }
}

/// A definition as JSON. Its keys are texts and its numbers finite, by their types.
pub(crate) fn value_of(value: &impl Serialize) -> Value {
    json!(value)
}

fn object_of(value: &impl Serialize) -> Map<String, Value> {
    match value_of(value) {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

fn text_of(value: &impl Serialize) -> String {
    value_of(value).as_str().unwrap_or_default().to_owned()
}
