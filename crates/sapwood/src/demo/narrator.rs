//! Tells the story as it happens: reads the log and the rollouts through the API, and says what is new.

use std::time::Instant;

use sapwood_api::manage::{LogEntry, Page, RolloutResponse};
use sapwood_core::sentence;
use serde_json::{Value, json};

use super::stage::{Cast, rollout_path};
use crate::cli::Scenario;
use crate::client::Client;
use crate::failure::Failure;
use crate::first_start::FirstTokens;
use crate::out::Out;

/// Both rollouts as they stand.
#[derive(Debug)]
pub(crate) struct Rollouts {
    pub(crate) safe: RolloutResponse,
    pub(crate) risky: RolloutResponse,
}

impl Rollouts {
    pub(crate) fn both_ended(&self) -> bool {
        let ended = |rollout: &RolloutResponse| matches!(rollout.state.as_str(), "completed" | "rolled_back");
        ended(&self.safe) && ended(&self.risky)
    }

    fn by_id(&self, id: &str) -> Option<&RolloutResponse> {
        [&self.safe, &self.risky].into_iter().find(|rollout| rollout.id == id)
    }
}

/// Says what happens.
#[derive(Debug)]
pub(crate) struct Narrator {
    out: Out,
    admin: Client,
    began: Instant,
    told: u64,
}

impl Narrator {
    pub(crate) const fn new(out: Out, admin: Client, began: Instant) -> Self {
        Self { out, admin, began, told: 0 }
    }

    /// The first words: where to look.
    pub(crate) fn open(&self, url: &str, cast: &Cast, tokens: &FirstTokens) -> Result<(), Failure> {
        let page = format!("{url}/rollouts/{}", cast.risky);
        let seconds = self.seconds();
        let text = format!(
            "Sapwood demo: a shop with 20 000 visitors rolls out two slices, 1 → 5 → 25 → 50 → 95 %.\n\
             Watch it at  {page}   (first page after {seconds:.1} s)\n"
        );
        let json = json!({
            "event": "listening", "url": page, "console": url, "seconds": seconds,
            "admin_token": tokens.admin, "server_token": tokens.server,
        });
        Ok(self.out.say(&text, &json)?)
    }

    /// Reads what is new in the log, says it, and answers how both rollouts stand.
    pub(crate) async fn look(&mut self, cast: &Cast) -> Result<Rollouts, Failure> {
        let rollouts = Rollouts {
            safe: self.admin.get(&rollout_path(&cast.safe)).await?,
            risky: self.admin.get(&rollout_path(&cast.risky)).await?,
        };
        loop {
            let path = format!("/api/v1/projects/default/log?after={}&limit=500", self.told);
            let page: Page<LogEntry> = self.admin.get(&path).await?;
            let Some(last) = page.items.last() else { break };
            self.told = last.version;
            for entry in &page.items {
                self.say_entry(entry, &rollouts)?;
            }
        }
        Ok(rollouts)
    }

    fn say_entry(&self, entry: &LogEntry, rollouts: &Rollouts) -> Result<(), Failure> {
        let field = |name: &str| entry.body.get(name).and_then(Value::as_str);
        let Some(rollout) = field("rollout").and_then(|id| rollouts.by_id(id)) else { return Ok(()) };
        let reason = entry.body.pointer("/because/reason").and_then(Value::as_str).unwrap_or_default();
        let clock = entry.at.get(11..16).unwrap_or_default();
        let kind = entry.kind.split('.').next().unwrap_or_default();
        let seconds = self.seconds();
        let text = match kind {
            "rollout_rolled_back" => format!(
                "{clock}  {:<14} ROLLED BACK after {seconds:.1} s, {} visitors had seen it\n       {reason}",
                rollout.flag,
                sentence::count(rollout.had_candidate),
            ),
            "rollout_held" => format!("{clock}  {:<14} held: {reason}", rollout.flag),
            _ => format!("{clock}  {:<14} {reason}", rollout.flag),
        };
        let json = json!({
            "event": kind, "flag": rollout.flag, "rollout": rollout.id, "at": entry.at, "version": entry.version,
            "stage": rollout.stage, "sentence": reason, "seconds": seconds,
        });
        Ok(self.out.say(&text, &json)?)
    }

    /// The audience knows before Sapwood does.
    pub(crate) fn announce_fault(&self, risky: &RolloutResponse) -> Result<(), Failure> {
        let text = format!(
            "       {:<14} in one minute a bad deploy makes its checkouts fail; Sapwood is not told",
            risky.flag
        );
        let json = json!({ "event": "fault", "flag": risky.flag, "seconds": self.seconds() });
        Ok(self.out.say(&text, &json)?)
    }

    /// The last line: how it ended.
    pub(crate) fn close(
        &self,
        scenario: Scenario,
        rollouts: &Rollouts,
        as_expected: bool,
    ) -> Result<(), Failure> {
        let scenario = match scenario {
            Scenario::Good => "good",
            Scenario::Errors => "errors",
        };
        let line = |rollout: &RolloutResponse| {
            format!("  {:<14} {}: {}", rollout.flag, rollout.state.replace('_', " "), rollout.sentence)
        };
        let verdict = if as_expected { "as it should" } else { "NOT as it should" };
        let text =
            format!("\nThe story ended {verdict}.\n{}\n{}", line(&rollouts.safe), line(&rollouts.risky));
        let json = json!({
            "event": "outcome", "scenario": scenario, "as_expected": as_expected, "seconds": self.seconds(),
            "rollouts": [summary(&rollouts.safe), summary(&rollouts.risky)],
        });
        Ok(self.out.say(&text, &json)?)
    }

    /// What to do next.
    pub(crate) fn stay(&self, url: &str) -> Result<(), Failure> {
        let text = format!(
            "\nThe console stays open at {url}; Ctrl-C ends it and leaves nothing behind.\n\n\
             Next\n  another story      sapwood demo --scenario good, or --seed 2\n  \
             your own server    sapwood serve\n  your application   see \"Connect your app\" in the README"
        );
        // Programs had their last line.
        self.out.say_to_people(&text).map_err(Failure::from)
    }

    fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
}

fn summary(rollout: &RolloutResponse) -> Value {
    json!({
        "flag": rollout.flag, "rollout": rollout.id, "state": rollout.state, "stage": rollout.stage,
        "sentence": rollout.sentence, "exposed_treated": rollout.exposed_treated,
        "exposed_control": rollout.exposed_control, "had_candidate": rollout.had_candidate,
    })
}
