//! A small world for tests: a shop with three flags, and short ways to start, step and feed its rollouts.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use sapwood_eval::{Condition, Context, Flag, FlagSet, RolloutId, Segment, Serves, Share, Targeting};
use sapwood_stats::Harm;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::command::{Command, Step};
use crate::compose::set_config;
use crate::decide::{Placed, decide};
use crate::entry::{Actor, Entry};
use crate::event::{About, Because, Event, MetricKind};
use crate::id::{EnvironmentKey, MetricKey, Stream};
use crate::ledger::RolloutLedger;
use crate::record::{Arm, Record, UnitHash};
use crate::rejection::Rejection;
use crate::rollout::{
    ExposureSource, Guardrail, GuardrailAction, HoldCause, Ladder, Phase, Rollout, RolloutSpec, Stage, Who,
};
use crate::state::{Environment, State};
use crate::tick::{Observed, Report, SourceSeen, tick};
use crate::time::Timestamp;

/// Noon of the day on which every test begins.
pub(crate) const NOON_MS: i64 = 1_795_348_800_000;

/// A name of whatever kind is wanted.
pub(crate) fn name<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// So many seconds after noon.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_ms(NOON_MS).plus_seconds(seconds)
}

pub(crate) fn id(n: u32) -> RolloutId {
    name(&format!("0192f0c1-2345-7abc-8def-{n:012x}"))
}

pub(crate) fn unit(n: u32) -> UnitHash {
    UnitHash::from_bytes(u128::from(n).to_be_bytes())
}

pub(crate) fn percent(percent: u32) -> Share {
    Share::from_parts(percent * 1000).unwrap()
}

pub(crate) fn read<T: serde::de::DeserializeOwned>(json: Json) -> T {
    serde_json::from_value(json).unwrap()
}

pub(crate) fn production() -> EnvironmentKey {
    name("production")
}

pub(crate) fn ann() -> Actor {
    Actor::User("ann".to_owned())
}

pub(crate) fn because(reason: &str) -> Because {
    Because { reason: reason.to_owned(), evidence: None }
}

/// A boolean flag.
pub(crate) fn flag(key: &str) -> Flag {
    read(json!({
        "key": key, "type": "boolean", "variants": {"off": false, "on": true}, "salt": format!("{key}-salt")
    }))
}

/// Targeting that is on, has these rules and serves `off` to everybody else.
pub(crate) fn targeting(rules: &Json) -> Targeting {
    read(json!({"on": true, "off_variant": "off", "rules": rules, "default": {"variant": "off"}}))
}

/// A rule that serves `on` to one targeting key.
pub(crate) fn rule_for(id: &str, key: &str) -> Json {
    let when = json!({"attribute": {"name": "targetingKey", "test": {"one_of": [key]}}});
    json!({"id": id, "when": when, "serve": {"variant": "on"}})
}

pub(crate) fn segment(key: &str, included: &[&str]) -> Segment {
    read(json!({"key": key, "condition": {"any": []}, "included": included}))
}

/// The candidate of another flag.
pub(crate) fn needs(flag: &str) -> Serves {
    Serves { flag: name(flag), variants: BTreeSet::from([name("on")]) }
}

pub(crate) fn stage(share: u32) -> Stage {
    Stage { who: Who::Share(percent(share)), bake_seconds: 600, subjects_min: 100, approval: false }
}

pub(crate) fn ring(segment: &str) -> Stage {
    Stage { who: Who::Ring(name(segment)), bake_seconds: 600, subjects_min: 100, approval: false }
}

pub(crate) fn guardrail(key: &str, metric: &str) -> Guardrail {
    Guardrail {
        key: name(key),
        revision: 1,
        metric: name(metric),
        harm: Harm::Up,
        margin_permille: 1000,
        action: GuardrailAction::RollBack,
        weight_permille: 400,
        since: at(0),
    }
}

/// Rollout `n` of `flag`: 10 %, 50 %, everybody, less 5 % holdback; one guardrail on `error`.
pub(crate) fn spec(n: u32, flag: &str) -> RolloutSpec {
    RolloutSpec {
        id: id(n),
        flag: name(flag),
        baseline: name("off"),
        candidate: name("on"),
        salt: name(&format!("r{n}")),
        after: None,
        prerequisites: Vec::new(),
        audience: Condition::Always,
        ladder: Ladder { stages: vec![stage(10), stage(50), stage(100)] },
        holdback: percent(5),
        guardrails: vec![guardrail("errors", "error")],
        false_rollback_ppm: 10_000,
        exposure_source: ExposureSource::ServerEval,
        owner: None,
    }
}

/// The same, altered.
pub(crate) fn spec_with(n: u32, flag: &str, alter: impl FnOnce(&mut RolloutSpec)) -> RolloutSpec {
    let mut spec = spec(n, flag);
    alter(&mut spec);
    spec
}

/// A project, its log, and a clock that tests set.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) entries: Vec<Entry>,
    pub(crate) now: Timestamp,
    pub(crate) ledgers: BTreeMap<RolloutId, RolloutLedger>,
    pub(crate) sources: BTreeMap<(EnvironmentKey, MetricKey), SourceSeen>,
}

impl World {
    /// Without anything.
    pub(crate) fn empty() -> Self {
        Self {
            state: State::default(),
            entries: Vec::new(),
            now: at(0),
            ledgers: BTreeMap::new(),
            sources: BTreeMap::new(),
        }
    }

    /// Project `shop` with the environment `production`, the flags `a`, `b` and `c`, the segment `internal` of
    /// `dev-1` and `dev-2`, and the metric `error`.
    pub(crate) fn shop() -> Self {
        let mut world = Self::empty();
        world.run(Command::DefineProject { project: name("shop"), name: "Shop".to_owned() });
        let key = production();
        world.run(Command::DefineEnvironment { key, name: "Production".to_owned(), production: true });
        world.run(Command::DefineSegment { segment: segment("internal", &["dev-1", "dev-2"]) });
        let (metric, description) = (MetricKind::EventRate, String::new());
        world.run(Command::DefineMetric { key: name("error"), metric, description });
        for key in ["a", "b", "c"] {
            world.run(Command::DefineFlag { flag: flag(key).into(), about: About::default() });
            world.target(key, &json!([])).unwrap();
        }
        world
    }

    /// The shop with rollout 1 of flag `a` started.
    pub(crate) fn started(spec: RolloutSpec) -> Self {
        let mut world = Self::shop();
        world.start(spec).unwrap();
        world
    }

    pub(crate) fn ask(&self, actor: &Actor, command: Command) -> Result<Vec<Placed>, Rejection> {
        decide(&self.state, actor, command, self.now)
    }

    /// Decides, appends and folds.
    pub(crate) fn submit(&mut self, actor: &Actor, command: Command) -> Result<Vec<Event>, Rejection> {
        let placed = self.ask(actor, command)?;
        for (environment, event) in &placed {
            self.append(actor.clone(), event, environment.clone());
        }
        Ok(placed.into_iter().map(|(_, event)| event).collect())
    }

    pub(crate) fn append(&mut self, actor: Actor, event: &Event, environment: Option<EnvironmentKey>) {
        let version = self.state.version + 1;
        let draft = event.draft(Uuid::from_u128(u128::from(version)), environment).unwrap();
        let stream = Stream::Project(name("shop"));
        let entry = Entry::seal(stream, version, self.state.hash, actor, self.now, draft);
        self.state.apply(&entry).unwrap();
        self.entries.push(entry);
    }

    /// As Ann, who is never refused here.
    pub(crate) fn run(&mut self, command: Command) -> Vec<Event> {
        self.submit(&ann(), command).unwrap()
    }

    pub(crate) fn target(&mut self, flag: &str, rules: &Json) -> Result<Vec<Event>, Rejection> {
        let targeting = targeting(rules);
        let command = Command::SetTargeting {
            environment: production(),
            flag: name(flag),
            targeting: targeting.into(),
        };
        self.submit(&ann(), command)
    }

    pub(crate) fn start(&mut self, spec: RolloutSpec) -> Result<Vec<Event>, Rejection> {
        let rollout = Box::new(spec);
        self.submit(&ann(), Command::StartRollout { environment: production(), rollout })
    }

    pub(crate) fn step(&mut self, rollout: u32, step: Step) -> Result<Vec<Event>, Rejection> {
        self.submit(&ann(), step_of(rollout, step))
    }

    /// Advances rollout `n` by hand until it stands on `stage`.
    pub(crate) fn advance_to(&mut self, n: u32, stage: usize) {
        while self.rollout(n).epoch().stage < stage {
            let from = self.rollout(n).epoch().stage;
            self.step(n, Step::Advance { from }).unwrap();
        }
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.state.environments["production"]
    }

    pub(crate) fn rollout(&self, n: u32) -> &Rollout {
        &self.environment().rollouts[&id(n)]
    }

    /// Puts a rollout into a phase without asking anybody.
    pub(crate) fn put(&mut self, n: u32, phase: Phase) {
        let environment = self.state.environments.get_mut("production").unwrap();
        environment.rollouts.get_mut(&id(n)).unwrap().phase = phase;
    }

    /// What `production` serves, compiled without a warning.
    pub(crate) fn flags(&self) -> FlagSet {
        let (set, warnings) = FlagSet::compile(set_config(&self.state, self.environment()), None);
        assert_eq!(warnings, []);
        set
    }

    /// The variant a targeting key gets.
    pub(crate) fn variant(&self, flag: &str, key: &str) -> String {
        let set = self.flags();
        let outcome = set.evaluate(flag, &Context::new(key), self.now.ms());
        outcome.found().unwrap().variant().to_string()
    }

    pub(crate) fn look(&self) -> Vec<Report> {
        self.look_at(self.now)
    }

    pub(crate) fn look_at(&self, now: Timestamp) -> Vec<Report> {
        let observed = Observed { ledgers: &self.ledgers, sources: &self.sources, ledger_offset: 7 };
        tick(&self.state, &observed, now)
    }

    /// What the tick says of rollout `n`.
    pub(crate) fn report(&self, n: u32) -> Report {
        self.look().into_iter().find(|report| report.rollout == id(n)).unwrap()
    }

    /// Lets the controller do what it proposes.
    pub(crate) fn obey(&mut self) -> Vec<Event> {
        let commands: Vec<_> = self.look().into_iter().filter_map(|report| report.command).collect();
        commands.into_iter().flat_map(|command| self.submit(&Actor::System, command).unwrap()).collect()
    }
}

pub(crate) fn step_of(rollout: u32, step: Step) -> Command {
    Command::Step {
        environment: production(),
        rollout: id(rollout),
        step,
        because: Box::new(because("a test says so")),
    }
}

pub(crate) fn held(cause: HoldCause) -> Phase {
    Phase::Held { cause, reason: "it was held".to_owned(), since: at(0) }
}

/// Records of one rollout, whose epoch and arm a test chooses.
pub(crate) fn exposure(n: u32, epoch: u32, arm: Arm, subject: u32, seconds: i64) -> Record {
    Record::Exposure { rollout: id(n), epoch, arm, unit: unit(subject), at: at(seconds) }
}

pub(crate) fn event(n: u32, epoch: u32, arm: Arm, subject: u32, seconds: i64) -> Record {
    Record::Event { rollout: id(n), epoch, arm, unit: unit(subject), at: at(seconds), metric: name("error") }
}

pub(crate) fn folded(spec: &RolloutSpec, records: &[Record]) -> RolloutLedger {
    let mut ledger = RolloutLedger::default();
    for record in records {
        ledger.fold(spec, record);
    }
    ledger
}
