//! From a case to the commands that set it up: the same ones for either driver.

use sapwood_core::command::Command;
use sapwood_core::event::{About, MetricKind};
use sapwood_core::limits::WEIGHT_PERMILLE_MAX;
use sapwood_core::rollout::{ExposureSource, Guardrail, GuardrailAction, Ladder, RolloutSpec, Stage, Who};
use sapwood_core::time::Timestamp;
use sapwood_eval::{Condition, Flag, RolloutId, Salt, Share};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::case::{Case, Lane};
use crate::rng::mix;

/// The project of every simulated world.
pub const PROJECT: &str = "default";
/// Its environment.
pub const ENVIRONMENT: &str = "production";
/// The attribute that ring members carry.
pub const STAFF: &str = "staff";
/// The segment of ring members.
pub const RING: &str = "internal";
/// Minute 0 of every world: 2026-01-05T08:00:00Z, a Monday.
pub const START: Timestamp = Timestamp::from_ms(1_767_600_000_000);

/// The case does not fit the rules of the control plane.
#[derive(Debug, thiserror::Error)]
#[error("the case cannot be set up: {0}")]
pub struct SetupError(pub String);

/// Reads a name or a definition.
pub fn shape<T: DeserializeOwned>(json: Value) -> Result<T, SetupError> {
    serde_json::from_value(json).map_err(|error| SetupError(error.to_string()))
}

/// Project, environment, metrics, ring and flags.
pub fn definitions(case: &Case) -> Result<Vec<Command>, SetupError> {
    let mut commands = vec![
        Command::DefineProject { project: shape(json!(PROJECT))?, name: "A simulated shop".to_owned() },
        Command::DefineEnvironment {
            key: shape(json!(ENVIRONMENT))?,
            name: "Production".to_owned(),
            production: true,
        },
    ];
    for metric in &case.metrics {
        let description = String::new();
        let key = shape(json!(metric.key))?;
        commands.push(Command::DefineMetric { key, metric: MetricKind::EventRate, description });
    }
    if case.ring.is_some() {
        let condition = json!({"attribute": {"name": STAFF, "test": {"equals": true}}});
        commands
            .push(Command::DefineSegment { segment: shape(json!({"key": RING, "condition": condition}))? });
    }
    for lane in &case.lanes {
        let flag = json!({
            "key": lane.flag, "type": "boolean", "variants": {"off": false, "on": true}, "salt": lane.flag,
        });
        commands.push(Command::DefineFlag { flag: shape::<Flag>(flag)?.into(), about: About::default() });
        commands.push(targeting(lane.flag, &[ABOVE])?);
    }
    Ok(commands)
}

/// The rule every rollout sits below; nobody in the world carries what it asks for.
pub const ABOVE: &str = "support";

/// The command that gives a flag these rules, each of which takes out whoever carries an attribute of its name.
pub fn targeting(flag: &str, rules: &[&str]) -> Result<Command, SetupError> {
    let rule = |name: &&str| {
        let when = json!({"attribute": {"name": name, "test": {"equals": true}}});
        json!({"id": name, "when": when, "serve": {"variant": "off"}})
    };
    let rules: Vec<Value> = rules.iter().map(rule).collect();
    let targeting = json!({"on": true, "off_variant": "off", "rules": rules, "default": {"variant": "off"}});
    Ok(Command::SetTargeting {
        environment: shape(json!(ENVIRONMENT))?,
        flag: shape(json!(flag))?,
        targeting: shape(targeting)?,
    })
}

/// Id and salt of a lane's rollout: from the seed, so that both drivers draw the same buckets.
pub fn names(seed: u64, lane: usize) -> Result<(RolloutId, Salt), SetupError> {
    let bits = mix(seed ^ u64::try_from(lane).unwrap_or(u64::MAX).rotate_left(32));
    let ms = u64::try_from(START.ms()).unwrap_or(0);
    let mut random = [0, u8::try_from(lane).unwrap_or(u8::MAX), 0, 0, 0, 0, 0, 0, 0, 0];
    random.iter_mut().skip(2).zip(bits.to_le_bytes()).for_each(|(to, from)| *to = from);
    let id = uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid();
    Ok((shape(json!(id.to_string()))?, shape(json!(format!("{bits:016x}")))?))
}

/// The command that starts the rollout of a lane.
pub fn start(case: &Case, seed: u64, lane: usize, now: Timestamp) -> Result<Command, SetupError> {
    let walk = case.lanes.get(lane).ok_or_else(|| SetupError(format!("there is no lane {lane}")))?;
    let (id, salt) = names(seed, lane)?;
    let needed = walk.needs.and_then(|(base, _)| case.lanes.get(base));
    let prerequisites: Vec<_> =
        needed.map(|base| json!({"flag": base.flag, "variants": ["on"]})).into_iter().collect();
    let spec = RolloutSpec {
        id,
        flag: shape(json!(walk.flag))?,
        baseline: shape(json!("off"))?,
        candidate: shape(json!("on"))?,
        salt,
        after: Some(shape(json!(ABOVE))?),
        prerequisites: shape(json!(prerequisites))?,
        audience: Condition::Always,
        ladder: Ladder { stages: stages(walk)? },
        holdback: shape(json!(5_000))?,
        guardrails: guardrails(case, now)?,
        false_rollback_ppm: 10_000,
        exposure_source: ExposureSource::ServerEval,
        owner: None,
    };
    Ok(Command::StartRollout { environment: shape(json!(ENVIRONMENT))?, rollout: Box::new(spec) })
}

fn stages(lane: &Lane) -> Result<Vec<Stage>, SetupError> {
    let mut stages = Vec::new();
    let stage = |who| Stage {
        who,
        bake_seconds: lane.bake_minutes.saturating_mul(60),
        subjects_min: lane.subjects_min,
        approval: false,
    };
    for (place, parts) in lane.shares.iter().enumerate() {
        if lane.ring_before == Some(place) {
            stages.push(stage(Who::Ring(shape(json!(RING))?)));
        }
        let share = Share::from_parts(*parts).map_err(|error| SetupError(error.to_string()))?;
        stages.push(stage(Who::Share(share)));
    }
    if let Some(stage) = lane.approval.and_then(|place| stages.get_mut(place)) {
        stage.approval = true;
    }
    Ok(stages)
}

/// Equal parts of the budget, like the API's default.
fn guardrails(case: &Case, now: Timestamp) -> Result<Vec<Guardrail>, SetupError> {
    let count = u32::try_from(case.metrics.len()).unwrap_or(u32::MAX);
    let weight = WEIGHT_PERMILLE_MAX.checked_div(count).unwrap_or(0);
    let guardrail = |metric: &crate::case::Metric| {
        Ok(Guardrail {
            key: shape(json!(metric.key))?,
            revision: 1,
            metric: shape(json!(metric.key))?,
            harm: metric.harm,
            margin_permille: 1_000,
            action: GuardrailAction::RollBack,
            weight_permille: weight,
            since: now,
        })
    };
    case.metrics.iter().map(guardrail).collect()
}
