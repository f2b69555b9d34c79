//! The page of a rollout, and what people do there.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use sapwood_api::manage::{LogEntry, RolloutResponse, StepRequest};
use sapwood_api::problem::Code;
use sapwood_engine::{Engine, Scope, convert};
use serde::Deserialize;

use super::answer::{frame, page as answer, refused};
use super::session::Visitor;
use crate::app::App;
use crate::limits::{PAGE_ITEMS_MAX, STORY_ENTRIES_MAX};
use crate::manage::rollouts::step_name;
use crate::page::{ConfirmPage, RolloutPage, actions};
use crate::problem::Refusal;

/// What a form says.
#[derive(Debug, Deserialize)]
pub(super) struct Said {
    reason: String,
    stage: Option<usize>,
}

/// `GET /rollouts/{id}`.
pub(super) async fn page(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Response {
    show(&app, &visitor, &id, None).await
}

/// `GET /rollouts/{id}/{step}`: asks before the step, for browsers without scripts.
pub(super) async fn ask(
    State(app): State<App>,
    visitor: Visitor,
    Path((id, step)): Path<(String, String)>,
) -> Response {
    let Some((_, rollout)) = find(&app.engine, &visitor, &id) else {
        return refused(&app, Some(&visitor), &Refusal::nothing("such rollout"));
    };
    let frame = frame(&app, Some(&visitor), Some(&rollout.environment));
    match actions(&rollout).iter().find(|action| action.step == step) {
        Some(action) => answer(StatusCode::OK, &ConfirmPage::new(&frame, &rollout, action)),
        // Somebody else did it, or it can no longer be done; the page says how things stand.
        None => Redirect::to(&format!("/rollouts/{id}")).into_response(),
    }
}

/// `POST /rollouts/{id}/{step}`.
pub(super) async fn step(
    State(app): State<App>,
    visitor: Visitor,
    Path((id, step)): Path<(String, String)>,
    said: Result<Form<Said>, FormRejection>,
) -> Response {
    let done = match said {
        Ok(Form(said)) => take(&app.engine, &visitor, &id, &step, said).await,
        Err(error) => Err(Refusal::new(Code::MalformedBody, error.body_text())),
    };
    match done {
        Ok(()) => Redirect::to(&format!("/rollouts/{id}")).into_response(),
        Err(refusal) => show(&app, &visitor, &id, Some(refusal)).await,
    }
}

async fn take(engine: &Engine, visitor: &Visitor, id: &str, step: &str, said: Said) -> Result<(), Refusal> {
    let (scope, _) = find(engine, visitor, id).ok_or_else(|| Refusal::nothing("such rollout"))?;
    let step = step_name(step).ok_or_else(|| Refusal::nothing("such step of a rollout"))?;
    let request = StepRequest { reason: said.reason, stage: said.stage, to: None };
    let command = convert::step(scope.environment.as_str(), id, step, request)?;
    engine.submit(&visitor.project, visitor.actor.clone(), command).await?;
    Ok(())
}

/// The page, with what was refused.
async fn show(app: &App, visitor: &Visitor, id: &str, problem: Option<Refusal>) -> Response {
    let Some((_, rollout)) = find(&app.engine, visitor, id) else {
        return refused(app, Some(visitor), &Refusal::nothing("such rollout"));
    };
    let log = match story(&app.engine, visitor, id).await {
        Ok(log) => log,
        Err(refusal) => return refused(app, Some(visitor), &refusal),
    };
    let status = problem.as_ref().map_or(StatusCode::OK, Refusal::status);
    let problem = problem.map(|refusal| refusal.detail);
    let frame = frame(app, Some(visitor), Some(&rollout.environment));
    answer(status, &RolloutPage::new(&frame, &rollout, &log, problem))
}

/// A rollout by id alone: ids are unique over environments.
fn find(engine: &Engine, visitor: &Visitor, id: &str) -> Option<(Scope, RolloutResponse)> {
    let keys =
        engine.read(&visitor.project, |state| state.environments.keys().cloned().collect::<Vec<_>>())?;
    keys.into_iter().find_map(|environment| {
        let scope = Scope { project: visitor.project.clone(), environment };
        let rollout = engine.rollout(&scope, id)?;
        Some((scope, rollout))
    })
}

/// The entries since the rollout started; of a very long log, its end.
async fn story(engine: &Engine, visitor: &Visitor, id: &str) -> Result<Vec<LogEntry>, Refusal> {
    let ends = engine.read(&visitor.project, |state| {
        let rollouts = state.environments.values().flat_map(|environment| environment.rollouts.values());
        let started = rollouts
            .filter(|rollout| rollout.spec.id.as_str() == id)
            .filter_map(|rollout| rollout.epochs.first());
        (started.map(|epoch| epoch.version).next().unwrap_or(1), state.version)
    });
    let (started, now) = ends.unwrap_or((1, 0));
    let far = u64::try_from(STORY_ENTRIES_MAX).unwrap_or(u64::MAX);
    // The entry that starts a rollout stands before the one that opens its first epoch.
    let mut after = started.saturating_sub(2).max(now.saturating_sub(far));
    let mut log = Vec::new();
    while after < now {
        let entries = engine.log(&visitor.project, after, PAGE_ITEMS_MAX).await?;
        let Some(last) = entries.last() else { break };
        after = last.version;
        log.extend(entries.iter().map(convert::log_entry));
    }
    Ok(log)
}
