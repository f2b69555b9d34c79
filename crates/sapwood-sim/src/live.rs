//! The whole driver: the same world over the engine, on the memory store and a clock that is set by hand.
//!
//! Subjects are evaluated and exposed, events are reported in batches, the controller settles once per slice. What
//! can go wrong around the engine goes wrong here: restarts, clocks that jump, sources that fall silent, batches
//! that arrive twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use sapwood_api::events::{EventBatch, EventItem};
use sapwood_api::manage::RolloutResponse;
use sapwood_core::command::Command;
use sapwood_core::entry::{Actor, Entry};
use sapwood_core::id::ProjectKey;
use sapwood_core::rollout::Rollout;
use sapwood_core::time::Timestamp;
use sapwood_engine::{
    Engine, Entropy, ManualClock, OpenError, ReportError, Scope, SeededEntropy, Snapshot, StoreError,
    SubmitError,
};
use sapwood_eval::{Context, ContextError, Outcome, RolloutId};
use sapwood_store::{LedgerScope, LoadedLedger, MemoryStore, Store};
use serde_json::json;

use crate::case::{Case, Fault};
use crate::setup::{ENVIRONMENT, PROJECT, STAFF, START, SetupError, definitions, names, shape, start};
use crate::track::key_of;
use crate::world::{Happening, LANES_MAX, Visit, World};

/// What is wrong with the reports, beside what the case says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trouble {
    /// Events of whoever has a candidate are not reported.
    pub silent_treated: bool,
    /// No event is reported at all.
    pub source_down: bool,
    /// Each batch is sent twice.
    pub twice: bool,
}

/// A world under the whole engine.
pub struct Live {
    case: Case,
    seed: u64,
    world: World,
    store: Arc<MemoryStore>,
    clock: ManualClock,
    entropy: Arc<dyn Entropy>,
    engine: Engine,
    scope: Scope,
    rollouts: Vec<RolloutId>,
    mail: BTreeMap<u32, Vec<Happening>>,
    slice: u32,
    /// How far the server's clock is ahead of the world's, in milliseconds.
    ahead_ms: i64,
    /// What is wrong now.
    pub trouble: Trouble,
}

impl Live {
    /// A world at its start, everything defined and nothing rolled out.
    pub async fn open(case: &Case, seed: u64) -> Result<Self, LiveError> {
        let clock = ManualClock::new(START);
        let store = Arc::new(MemoryStore::new(Arc::new(clock.clone())));
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(seed));
        let engine = Engine::open(store.clone(), Arc::new(clock.clone()), entropy.clone()).await?;
        let project: ProjectKey = shape(json!(PROJECT))?;
        for command in definitions(case)? {
            engine.submit(&project, operator(), command).await?;
        }
        let ids = (0..case.lanes.len()).map(|lane| names(seed, lane).map(|(id, _)| id));
        Ok(Self {
            rollouts: ids.collect::<Result<_, _>>()?,
            world: World::new(case, seed),
            case: case.clone(),
            seed,
            store,
            clock,
            entropy,
            engine,
            scope: Scope { project, environment: shape(json!(ENVIRONMENT))? },
            mail: BTreeMap::new(),
            slice: 0,
            ahead_ms: 0,
            trouble: Trouble::default(),
        })
    }

    /// One slice of time: people come, reports arrive, the controller looks.
    pub async fn step(&mut self) -> Result<(), LiveError> {
        self.start_what_is_due().await?;
        self.live_through().await?;
        self.engine.settle().await?;
        Ok(())
    }

    /// One slice of time at the end of which the server dies: what it had not journaled is lost.
    pub async fn crash(&mut self) -> Result<(), LiveError> {
        self.start_what_is_due().await?;
        self.live_through().await?;
        self.restart().await?;
        self.engine.settle().await?;
        Ok(())
    }

    /// A new process over what the old one left behind.
    pub async fn restart(&mut self) -> Result<(), LiveError> {
        self.store = Arc::new(self.store.restarted());
        let clock = Arc::new(self.clock.clone());
        self.engine = Engine::open(self.store.clone(), clock, self.entropy.clone()).await?;
        Ok(())
    }

    /// The server's clock jumps; the world's does not.
    pub fn jump(&mut self, seconds: i64) {
        self.ahead_ms = self.ahead_ms.saturating_add(seconds.saturating_mul(1000));
        self.clock.set(self.server_time(self.now()));
    }

    /// A person changes something.
    pub async fn submit(&self, command: Command) -> Result<(), LiveError> {
        self.engine.submit(&self.scope.project, operator(), command).await?;
        Ok(())
    }

    /// Something more goes wrong in the world.
    pub fn break_with(&mut self, fault: Fault) {
        self.world.break_with(fault);
    }

    /// More or fewer people come from now on.
    pub const fn visits_per_minute(&mut self, visits: f64) {
        self.world.visits_per_minute = visits;
    }

    /// The storage, to make calls fail.
    pub fn store(&self) -> &MemoryStore {
        &self.store
    }

    /// The world's present moment.
    pub fn now(&self) -> Timestamp {
        let looks = i64::from(self.case.looks_per_minute.max(1));
        let ms = i64::from(self.slice).saturating_mul(60_000).checked_div(looks).unwrap_or(0);
        Timestamp::from_ms(START.ms().saturating_add(ms))
    }

    /// Id of the rollout of a lane.
    pub fn rollout_id(&self, lane: usize) -> Option<&RolloutId> {
        self.rollouts.get(lane)
    }

    /// A lane's rollout as people see it; `None` before it starts.
    pub fn rollout(&self, lane: usize) -> Option<RolloutResponse> {
        self.engine.rollout(&self.scope, self.rollouts.get(lane)?.as_str())
    }

    /// A lane's rollout as the log folds; `None` before it starts.
    pub fn folded(&self, lane: usize) -> Option<Rollout> {
        let id = self.rollouts.get(lane)?;
        self.engine.read(&self.scope.project, |state| {
            state.environments.get(&self.scope.environment)?.rollouts.get(id).cloned()
        })?
    }

    /// The log after a version.
    pub async fn log(&self, after: u64) -> Result<Vec<Entry>, LiveError> {
        Ok(self.engine.log(&self.scope.project, after, usize::MAX).await?)
    }

    /// What is stored of a lane's ledger.
    pub async fn ledger(&self, lane: usize) -> Result<LoadedLedger, LiveError> {
        let Some(rollout) = self.rollouts.get(lane).cloned() else { return Ok(LoadedLedger::default()) };
        let Scope { project, environment } = self.scope.clone();
        Ok(self.store.ledger_load(LedgerScope { project, environment, rollout }).await?)
    }

    async fn start_what_is_due(&mut self) -> Result<(), LiveError> {
        for lane in 0..self.rollouts.len() {
            if self.rollout(lane).is_some() || !self.is_due(lane) {
                continue;
            }
            let command = start(&self.case, self.seed, lane, self.engine.now())?;
            match self.submit(command).await {
                // What stands in its way now may be gone by the next slice.
                Ok(()) | Err(LiveError::Submit(SubmitError::Rejected(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn is_due(&self, lane: usize) -> bool {
        let Some((base, stage)) = self.case.lanes.get(lane).and_then(|lane| lane.needs) else { return true };
        self.rollout(base).is_some_and(|base| base.state == "running" && base.stage > stage)
    }

    async fn live_through(&mut self) -> Result<(), LiveError> {
        let mut visits = Vec::new();
        self.world.visits(self.slice, &mut visits);
        let Some(snapshot) = self.engine.snapshot(&self.scope) else { return Ok(()) };
        for visit in &visits {
            self.clock.set(self.server_time(visit.at));
            let has = self.meet(&snapshot, visit)?;
            for happening in self.world.happenings(visit, has).into_iter().flatten() {
                let silent = self.trouble.silent_treated && has.contains(&true);
                if !silent && !self.trouble.source_down {
                    self.post(happening);
                }
            }
        }
        self.slice = self.slice.saturating_add(1);
        self.clock.set(self.server_time(self.now()));
        self.deliver().await
    }

    /// Evaluates every flag for a subject, as an application would on one page.
    fn meet(&self, snapshot: &Snapshot, visit: &Visit) -> Result<[bool; LANES_MAX], LiveError> {
        let key = key_of(visit.subject);
        let mut context = Context::new(&key);
        if visit.in_ring {
            context = context.with(STAFF, true)?;
        }
        let arrives = self.world.exposure_delay(visit).is_some();
        let mut has = [false; LANES_MAX];
        for (lane, slot) in self.case.lanes.iter().zip(&mut has) {
            let now = self.server_time(visit.at).ms();
            let Outcome::Found(evaluation) = snapshot.flags.evaluate(lane.flag, &context, now) else {
                continue;
            };
            *slot = evaluation.variant().as_str() == "on";
            if arrives {
                self.engine.expose(snapshot, &evaluation, &key, self.engine.now());
            }
        }
        Ok(has)
    }

    fn post(&mut self, happening: Happening) {
        let looks = i64::from(self.case.looks_per_minute.max(1));
        let later = happening.delay_ms.saturating_mul(looks).checked_div(60_000).unwrap_or(0);
        let slice = self.slice.saturating_add(1).saturating_add(u32::try_from(later).unwrap_or(u32::MAX));
        self.mail.entry(slice).or_default().push(happening);
    }

    async fn deliver(&mut self) -> Result<(), LiveError> {
        let later = self.mail.split_off(&self.slice.saturating_add(1));
        let due = std::mem::replace(&mut self.mail, later);
        let items: Vec<EventItem> =
            due.into_values().flatten().filter_map(|event| self.item(event)).collect();
        for chunk in items.chunks(sapwood_api::events::ITEMS_MAX) {
            let batch = EventBatch {
                batch: self.entropy.id(self.now()),
                sent_at: Some(self.now().to_string()),
                items: chunk.to_vec(),
            };
            if self.trouble.twice {
                self.engine.report(&self.scope, batch.clone()).await?;
            }
            match self.engine.report(&self.scope, batch.clone()).await {
                // The application tries again until somebody says that it is stored.
                Err(ReportError::Store(_)) => self.engine.report(&self.scope, batch).await?,
                answer => answer?,
            };
        }
        Ok(())
    }

    fn item(&self, happening: Happening) -> Option<EventItem> {
        let metric = self.case.metrics.get(happening.metric)?;
        Some(EventItem::Metric {
            metric: metric.key.to_owned(),
            unit: key_of(happening.subject),
            at: happening.at.to_string(),
            value: None,
        })
    }

    const fn server_time(&self, at: Timestamp) -> Timestamp {
        Timestamp::from_ms(at.ms().saturating_add(self.ahead_ms))
    }
}

fn operator() -> Actor {
    Actor::User("operator".to_owned())
}

/// Why a world could not go on.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The case does not fit.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The engine could not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A change was not made.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// A batch was not taken.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A subject's context was refused.
    #[error(transparent)]
    Context(#[from] ContextError),
}
