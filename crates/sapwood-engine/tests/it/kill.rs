//! The process dies at every call it makes on the store, in turn, before and after the call is carried out. Another
//! one goes on where it stood. The end is always the one of the run that nobody disturbed.

use std::sync::Arc;

use sapwood_core::command::Step;
use sapwood_core::record::Record;
use sapwood_engine::{ManualClock, MemoryStore, SeededEntropy};
use serde_json::{Value as Json, json};

use crate::expose::journal;
use crate::faulty::{Death, Faulty};
use crate::ledger::{assert_is_fold, saved, sums, sums_of_people};
use crate::world::{HOLD, NOON, World, ann, but, event, id, log, rollout, step_of};

/// Whether automatic exposures are made, or reported ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Evaluations,
    Reports,
}

const STEPS: u32 = 10;
const PEOPLE: usize = 60;

/// A step of half a minute: some people come by, some of them run into errors, and the controller looks. From the
/// sixth step on it is the treated who run into them. In the fourth step a person holds and resumes.
async fn step(world: &World, store: &MemoryStore, source: Source, number: u32) -> Result<(), ()> {
    let (treated, control) = world.people(PEOPLE, 1);
    let pace = PEOPLE / 10;
    let from = pace * usize::try_from(number).unwrap() % PEOPLE;
    let comes = |people: &[String]| people[from..from + pace].to_vec();
    let (treated, control) = (comes(&treated), comes(&control));
    let now = world.at(0);
    let version = world.snapshot().version;
    // Who came in vain, because the process died before their exposures were journaled, comes again.
    let noted = journal(store)
        .await
        .iter()
        .any(|record| matches!(record, Record::Exposure { at, .. } if *at == world.engine.now()));
    let mut items: Vec<Json> = vec![json!({"type": "alive", "metric": "error", "at": now})];
    for (who, variant) in treated.iter().map(|who| (who, "on")).chain(control.iter().map(|who| (who, "off")))
    {
        match source {
            Source::Evaluations if noted => {}
            Source::Evaluations => drop(world.meet("checkout", who)),
            Source::Reports => items.push(json!({
                "type": "exposure", "flag": "checkout", "rollout": id(1), "version": version,
                "unit": who, "variant": variant, "at": now
            })),
        }
    }
    if number >= 5 {
        items.extend(treated.iter().map(|who| event("error", who, &now)));
    }
    if number == 1 {
        items.push(event("error", &control[0], &now));
        items.push(event("error", &treated[0], &now));
    }
    world.try_report(100 + number, json!(items)).await.map_err(|_| ())?;
    if number == 3 {
        for (step, kind) in [(HOLD, "rollout_held.v1"), (Step::Resume, "rollout_resumed.v1")] {
            if !took(store, kind).await {
                world.try_submit(step_of(1, step)).await.map_err(|_| ())?;
            }
        }
    }
    world.engine.settle().await.map_err(|_| ())
}

/// A person who does not know whether a step was taken looks into the log before taking it again.
async fn took(store: &MemoryStore, kind: &str) -> bool {
    log(store).await.iter().any(|entry| entry.kind == kind && entry.actor == ann())
}

/// What a run comes to: the log without ids and hashes, the sums, and the verdict.
#[derive(Debug, PartialEq)]
struct End {
    log: Vec<(String, String, String)>,
    sums: Vec<String>,
    state: String,
    sentence: String,
    guardrails: Vec<sapwood_api::manage::GuardrailResponse>,
}

async fn end(world: &World, store: &MemoryStore, source: Source) -> End {
    let entries = log(store).await;
    let body = |body: &str| {
        let mut body: Json = serde_json::from_str(body).unwrap();
        // Where in the journal it stood depends on how often exposures were flushed.
        if let Some(evidence) = body.pointer_mut("/because/evidence") {
            evidence["ledger_offset"] = Json::Null;
        }
        body.to_string()
    };
    let saved = saved(store, 1).await;
    let sums = match source {
        Source::Reports => sums(&saved).iter().map(|sum| format!("{sum:?}")).collect(),
        Source::Evaluations => sums_of_people(&saved).iter().map(|sum| format!("{sum:?}")).collect(),
    };
    let view = world.view(1);
    End {
        log: entries.iter().map(|e| (e.kind.clone(), e.at.to_string(), body(&e.body))).collect(),
        sums,
        state: view.state,
        sentence: view.sentence,
        guardrails: view.guardrails,
    }
}

/// Runs to the end; the process dies at call `at`, if that is ever made. Answers how many calls there were.
async fn run(source: Source, death: Option<(usize, Death)>) -> (End, usize) {
    let clock = ManualClock::new(NOON);
    let store = Arc::new(MemoryStore::new(Arc::new(clock.clone())));
    let faulty = Faulty::new(store.clone());
    let mut world = World::on(faulty.clone(), &clock, &Arc::new(SeededEntropy::new(5))).await;
    world.set_up().await;
    let body = match source {
        Source::Evaluations => rollout(1, "checkout"),
        Source::Reports => but(rollout(1, "checkout"), json!({"exposure_source": "track"})),
    };
    let stages = json!({"stages": [
        {"share": 50_000, "bake_seconds": 60, "subjects_min": 2},
        {"share": 60_000, "bake_seconds": 3600, "subjects_min": 2},
    ]});
    world.start(but(body, json!({"ladder": stages}))).await;
    let before = faulty.calls();
    if let Some((at, death)) = death {
        faulty.die_at(at, death);
    }
    let mut replaced = false;
    for number in 0..STEPS {
        let taken = step(&world, &store, source, number).await;
        if taken.is_err() || (!replaced && faulty.died()) {
            replaced = true;
            assert!(death.is_some(), "step {number} failed by itself");
            // Nothing of the process is left but what the store had acknowledged.
            world = world.again(store.clone()).await;
            step(&world, &store, source, number).await.expect("the next process does not fail");
        }
        world.forward(30);
    }
    let calls = faulty.calls() - before;
    if !replaced && faulty.died() {
        world = world.again(store.clone()).await;
    }
    world.settle().await;
    assert_is_fold(&world, &*store, 1).await;
    (end(&world, &store, source).await, calls)
}

async fn dies_at_every_call(source: Source) {
    let (undisturbed, calls) = run(source, None).await;
    let kinds: Vec<_> = undisturbed.log.iter().map(|(kind, ..)| kind.as_str()).collect();
    for expected in ["stage_entered.v1", "rollout_held.v1", "rollout_resumed.v1", "rollout_rolled_back.v1"] {
        assert!(kinds.contains(&expected), "{kinds:?}");
    }
    assert!(calls > 30, "{calls}");
    for at in 0..calls {
        for death in [Death::Before, Death::After] {
            let (end, _) = run(source, Some((at, death))).await;
            let died = format!("died {death:?} call {at} of {calls}");
            for (one, other) in end.log.iter().zip(&undisturbed.log) {
                assert_eq!(one, other, "{died}");
            }
            assert_eq!(end.sums, undisturbed.sums, "{died}");
            assert_eq!(end, undisturbed, "{died}");
        }
    }
}

#[tokio::test]
async fn with_reported_exposures_every_sum_is_the_same() {
    dies_at_every_call(Source::Reports).await;
}

#[tokio::test]
async fn with_automatic_exposures_everybody_counts_where_they_would_have() {
    dies_at_every_call(Source::Evaluations).await;
}
