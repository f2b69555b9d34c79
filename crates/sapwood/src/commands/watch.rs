//! `sapwood rollout watch`: the ladder and the guardrails of one rollout, live, until it ends.

use std::process::ExitCode;

use futures_util::StreamExt as _;
use sapwood_api::manage::{GuardrailResponse, Page, RolloutResponse, StageResponse};
use sapwood_api::stream::Activity;
use sapwood_core::sentence;
use serde_json::json;

use crate::cli::WatchArgs;
use crate::client::Client;
use crate::exit;
use crate::failure::Failure;
use crate::out::Out;

/// Follows a rollout. Looks once, then at every message of the stream; a stream that ends is opened again.
pub(crate) async fn run(args: WatchArgs) -> Result<ExitCode, Failure> {
    let client = Client::new(&args.server.server, &args.server.token)?;
    let scope = format!("/api/v1/projects/{}/environments/{}", args.server.project, args.server.environment);
    let id = match args.rollout {
        Some(id) => id,
        None => newest_live(&client, &scope).await?,
    };
    let mut screen = Screen { out: Out::new(args.json), lines: 0, last: None };
    loop {
        let stream = format!("/api/v1/stream/activity?environment={}", args.server.environment);
        let mut events = Box::pin(client.events(&stream).await?);
        let mut rollout: RolloutResponse = client.get(&format!("{scope}/rollouts/{id}")).await?;
        loop {
            screen.show(&rollout)?;
            match rollout.state.as_str() {
                "completed" => return Ok(ExitCode::SUCCESS),
                "rolled_back" => return Ok(exit::ROLLED_BACK.into()),
                _ => {}
            }
            let Some(next) = next_look(&mut events, &id).await else { break };
            rollout = next;
        }
    }
}

async fn newest_live(client: &Client, scope: &str) -> Result<String, Failure> {
    let page: Page<RolloutResponse> = client.get(&format!("{scope}/rollouts")).await?;
    let live = page.items.iter().find(|rollout| matches!(rollout.state.as_str(), "running" | "held"));
    live.map(|rollout| rollout.id.clone())
        .ok_or_else(|| Failure::Said("no rollout is live here; name one, or start one".to_owned()))
}

/// The next message about this rollout; `None` when the stream ended.
async fn next_look(
    events: &mut (impl futures_util::Stream<Item = String> + Unpin),
    id: &str,
) -> Option<RolloutResponse> {
    loop {
        let data = events.next().await?;
        match serde_json::from_str(&data) {
            Ok(Activity::Rollout { rollout }) if rollout.id == id => return Some(rollout),
            // Other rollouts, entries, and messages of a newer server are not for us.
            Ok(Activity::Rollout { .. } | Activity::Entry { .. } | Activity::Turned { .. }) | Err(_) => {}
        }
    }
}

struct Screen {
    out: Out,
    lines: usize,
    last: Option<String>,
}

impl Screen {
    fn show(&mut self, rollout: &RolloutResponse) -> Result<(), Failure> {
        if self.out.is_live() {
            let text = picture(rollout);
            Out::redraw(self.lines, &text)?;
            self.lines = text.lines().count();
            return Ok(());
        }
        let line = format!("{} · {}", rollout.flag, rollout.sentence);
        if self.last.as_ref() != Some(&line) {
            self.out.say(&line, &json!({ "event": "rollout", "rollout": rollout }))?;
            self.last = Some(line);
        }
        Ok(())
    }
}

/// The rollout in a dozen lines.
fn picture(rollout: &RolloutResponse) -> String {
    let mut lines = vec![
        format!("{} · {} → {} · {}", rollout.flag, rollout.baseline, rollout.candidate, rollout.state),
        rollout.stages.iter().map(stage).collect::<Vec<_>>().join("  "),
        rollout.sentence.clone(),
    ];
    if let Some(gate) = &rollout.gate {
        lines.push(format!(
            "bake {} of {} minutes · treated {} · control {} · {} of each needed",
            gate.bake_minutes,
            gate.bake_minutes_needed,
            sentence::count(gate.treated),
            sentence::count(gate.control),
            sentence::count(gate.subjects_needed),
        ));
    }
    lines.extend(rollout.guardrails.iter().map(guardrail));
    lines.join("\n")
}

fn stage(stage: &StageResponse) -> String {
    let mark = match stage.state.as_str() {
        "passed" => "●",
        "growing" => "◐",
        "held" => "◫",
        "lost" => "✗",
        _ => "○",
    };
    format!("{mark} {}", stage.name)
}

fn guardrail(guardrail: &GuardrailResponse) -> String {
    format!(
        "{:<8} {} · evidence {} of {} · treated {}, expected {:.0}, control {}",
        guardrail.state,
        guardrail.key,
        sentence::odds(guardrail.evidence.ln()),
        sentence::odds(guardrail.limit.ln()),
        sentence::count(guardrail.treated),
        guardrail.expected_treated,
        sentence::count(guardrail.control),
    )
}
