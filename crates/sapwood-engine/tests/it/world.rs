//! A small shop with one engine: short ways to define, start, meet, report and look.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sapwood_api::events::{BatchResponse, EventBatch};
use sapwood_api::manage::RolloutResponse;
use sapwood_core::command::{Command, Step};
use sapwood_core::entry::{Actor, Entry};
use sapwood_core::event::Because;
use sapwood_core::id::{ProjectKey, Stream};
use sapwood_core::rollout::HoldCause;
use sapwood_core::time::Timestamp;
use sapwood_engine::{
    Engine, ManualClock, MemoryStore, ReportError, Scope, SeededEntropy, Snapshot, Store, SubmitError,
    Submitted, convert,
};
use sapwood_eval::{Context, bucket};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// Noon of the day on which every test begins.
pub(crate) const NOON: Timestamp = Timestamp::from_ms(1_795_348_800_000);

pub(crate) fn read<T: DeserializeOwned>(json: Json) -> T {
    serde_json::from_value(json).unwrap()
}

pub(crate) fn ann() -> Actor {
    Actor::User("ann".to_owned())
}

pub(crate) fn shop() -> ProjectKey {
    "shop".parse().unwrap()
}

pub(crate) fn place(environment: &str) -> Scope {
    Scope { project: shop(), environment: environment.parse().unwrap() }
}

pub(crate) fn production() -> Scope {
    place("production")
}

/// The id of the `n`th rollout.
pub(crate) fn id(n: u32) -> String {
    format!("0192f0c1-2345-7abc-8def-{n:012x}")
}

pub(crate) fn flag(key: &str) -> Command {
    let flag = json!({
        "key": key, "type": "boolean", "variants": {"off": false, "on": true}, "salt": format!("{key}-salt")
    });
    Command::DefineFlag { flag: read::<sapwood_eval::Flag>(flag).into(), about: read(json!({})) }
}

pub(crate) fn targeting(environment: &str, key: &str, rules: &Json) -> Command {
    let targeting = json!({"on": true, "off_variant": "off", "rules": rules, "default": {"variant": "off"}});
    let environment = environment.parse().unwrap();
    Command::SetTargeting { environment, flag: key.parse().unwrap(), targeting: read(targeting) }
}

/// A rule that serves `on` to a segment.
pub(crate) fn to_segment(segment: &str) -> Json {
    json!([{"id": "named", "when": {"segment": segment}, "serve": {"variant": "on"}}])
}

pub(crate) fn segment(key: &str, included: &[&str]) -> Command {
    Command::DefineSegment {
        segment: read(json!({"key": key, "condition": {"any": []}, "included": included})),
    }
}

pub(crate) fn metric(key: &str) -> Command {
    let metric = read(json!({"kind": "event_rate"}));
    Command::DefineMetric { key: key.parse().unwrap(), metric, description: String::new() }
}

pub(crate) fn environment(key: &str) -> Command {
    Command::DefineEnvironment { key: key.parse().unwrap(), name: key.to_owned(), production: true }
}

/// Rollout `n` of a flag: half of the people less 5 % holdback at first, then all; one guardrail on `error`.
pub(crate) fn rollout(n: u32, flag: &str) -> Json {
    json!({
        "id": id(n), "flag": flag, "baseline": "off", "candidate": "on",
        "ladder": {"stages": [
            {"share": 50_000, "bake_seconds": 120, "subjects_min": 10},
            {"share": 100_000, "bake_seconds": 120, "subjects_min": 10},
        ]},
        "guardrails": [{"key": "errors", "metric": "error", "harm": "up"}],
    })
}

/// The same with some fields replaced.
pub(crate) fn but(mut body: Json, fields: Json) -> Json {
    let (Json::Object(body_fields), Json::Object(fields)) = (&mut body, fields) else { panic!("objects") };
    body_fields.extend(fields);
    body
}

pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) entropy: Arc<SeededEntropy>,
    pub(crate) engine: Engine,
}

impl World {
    /// An engine on this store, with nothing defined that is not in it.
    pub(crate) async fn on(store: Arc<dyn Store>, clock: &ManualClock, entropy: &Arc<SeededEntropy>) -> Self {
        let engine = Engine::open(store, Arc::new(clock.clone()), entropy.clone()).await.unwrap();
        Self { clock: clock.clone(), entropy: entropy.clone(), engine }
    }

    /// A shop in memory with the flag `checkout`.
    pub(crate) async fn memory() -> (Self, Arc<MemoryStore>) {
        let clock = ManualClock::new(NOON);
        let store = Arc::new(MemoryStore::new(Arc::new(clock.clone())));
        let world = Self::on(store.clone(), &clock, &Arc::new(SeededEntropy::new(1))).await;
        world.set_up().await;
        (world, store)
    }

    /// Another process on another store, later in the same world.
    pub(crate) async fn again(&self, store: Arc<dyn Store>) -> Self {
        Self::on(store, &self.clock, &self.entropy).await
    }

    pub(crate) async fn set_up(&self) {
        self.submit(Command::DefineProject { project: shop(), name: "Shop".to_owned() }).await;
        for command in [
            environment("production"),
            environment("staging"),
            metric("error"),
            segment("staff", &["sam", "sue"]),
            flag("checkout"),
            targeting("production", "checkout", &json!([])),
        ] {
            self.submit(command).await;
        }
    }

    pub(crate) async fn try_submit(&self, command: Command) -> Result<Submitted, SubmitError> {
        self.engine.submit(&shop(), ann(), command).await
    }

    pub(crate) async fn submit(&self, command: Command) -> Submitted {
        self.try_submit(command).await.unwrap()
    }

    pub(crate) async fn start(&self, body: Json) {
        self.submit(self.start_command(body)).await;
    }

    pub(crate) fn start_command(&self, body: Json) -> Command {
        let minted = self.engine.mint();
        let made = self
            .engine
            .read(&shop(), |state| convert::rollout(state, &minted, "production", read(body)).unwrap().0);
        made.unwrap()
    }

    pub(crate) async fn step(&self, n: u32, step: Step) -> Submitted {
        self.submit(step_of(n, step)).await
    }

    pub(crate) async fn settle(&self) {
        self.engine.settle().await.unwrap();
    }

    pub(crate) fn forward(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The present moment and `seconds` more, as reports write it.
    pub(crate) fn at(&self, seconds: i64) -> String {
        self.engine.now().plus_seconds(seconds).to_string()
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.engine.snapshot(&production()).unwrap()
    }

    /// What somebody gets, without a trace.
    pub(crate) fn serves(&self, flag: &str, who: &str) -> Option<String> {
        serves(&self.snapshot(), flag, who)
    }

    /// Somebody meets a flag the way a single evaluation with a server token does.
    pub(crate) fn meet(&self, flag: &str, who: &str) -> String {
        let snapshot = self.snapshot();
        let outcome = snapshot.flags.evaluate(flag, &Context::new(who), self.engine.now().ms());
        let evaluation = outcome.found().unwrap();
        self.engine.expose(&snapshot, evaluation, who, self.engine.now());
        evaluation.variant().to_string()
    }

    pub(crate) async fn try_report(&self, batch: u32, items: Json) -> Result<BatchResponse, ReportError> {
        let batch = json!({"batch": Uuid::from_u128(batch.into()), "items": items});
        self.engine.report(&production(), read::<EventBatch>(batch)).await
    }

    pub(crate) async fn report(&self, batch: u32, items: Json) -> BatchResponse {
        self.try_report(batch, items).await.unwrap()
    }

    pub(crate) fn view(&self, n: u32) -> RolloutResponse {
        self.engine.rollout(&production(), &id(n)).unwrap()
    }

    /// People who have the candidate of a rollout from half of the people on, and people who do not before the
    /// end: `n` of each, in the same order every time.
    pub(crate) fn people(&self, n: usize, rollout: u32) -> (Vec<String>, Vec<String>) {
        let salt = self.engine.read(&shop(), |state| {
            let rollouts = &state.environments.get("production").unwrap().rollouts;
            rollouts.get(id(rollout).as_str()).unwrap().spec.salt.clone()
        });
        let salt = salt.unwrap();
        let everybody = || (0..1_000 + 100 * n).map(|person| format!("person-{person}"));
        let treated = everybody().filter(|who| bucket(salt.as_str(), who) < 50_000).take(n);
        let control = everybody().filter(|who| bucket(salt.as_str(), who) >= 95_000).take(n);
        (treated.collect(), control.collect())
    }
}

pub(crate) fn serves(snapshot: &Snapshot, flag: &str, who: &str) -> Option<String> {
    let outcome = snapshot.flags.evaluate(flag, &Context::new(who), NOON.ms());
    outcome.found().map(|evaluation| evaluation.variant().to_string())
}

pub(crate) fn step_of(n: u32, step: Step) -> Command {
    Command::Step {
        environment: "production".parse().unwrap(),
        rollout: id(n).parse().unwrap(),
        step,
        because: Box::new(Because { reason: "Ann says so".to_owned(), evidence: None }),
    }
}

pub(crate) const HOLD: Step = Step::Hold { cause: HoldCause::Operator };

/// An event of a metric.
pub(crate) fn event(metric: &str, unit: &str, at: &str) -> Json {
    json!({"type": "metric", "metric": metric, "unit": unit, "at": at})
}

/// The whole log of the shop.
pub(crate) async fn log(store: &dyn Store) -> Vec<Entry> {
    store.read_from(Stream::Project(shop()), 0, 10_000).await.unwrap()
}

pub(crate) async fn kinds(store: &dyn Store) -> Vec<String> {
    log(store).await.into_iter().map(|entry| entry.kind).collect()
}

/// How many entries of a kind there are.
pub(crate) async fn count(store: &dyn Store, kind: &str) -> usize {
    kinds(store).await.iter().filter(|known| *known == kind).count()
}

pub(crate) fn codes(response: &BatchResponse) -> Vec<(usize, &str)> {
    response.rejected.iter().map(|problem| (problem.index, problem.code.as_str())).collect()
}

pub(crate) fn distinct<T: Ord>(items: impl IntoIterator<Item = T>) -> usize {
    items.into_iter().collect::<BTreeSet<_>>().len()
}
