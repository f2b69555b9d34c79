//! Plays a scenario and writes down what people would see: every entry of the log, and why a rollout waits whenever
//! the reason changes. The same text every time; the expected ones lie beside the scenarios.

use std::fmt::Write as _;

use sapwood_core::command::{Command, Step};
use sapwood_core::entry::Entry;
use sapwood_core::event::{Because, Event, EventError};
use sapwood_core::rollout::HoldCause;
use sapwood_store::{Call, Fault};
use serde_json::json;

use crate::live::{Live, LiveError};
use crate::script::{Act, Move, Script};
use crate::setup::{ABOVE, ENVIRONMENT, SetupError, shape, targeting};

/// Why a scenario could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The engine or the world.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// An entry of the log cannot be read.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The scenario names something that cannot be.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// No task could be run.
    #[error("the scenario could not be played")]
    Runtime(#[from] std::io::Error),
}

/// Plays a scenario from its first minute to its last.
pub fn play(script: &Script) -> Result<String, PlayError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let live = Live::open(&script.case, script.seed).await?;
        let mut play = Play { live, script, version: 0, heard: Vec::new(), text: String::new() };
        play.version = play.live.log(0).await?.last().map_or(0, |entry| entry.version);
        play.run().await?;
        Ok(play.text)
    })
}

struct Play<'a> {
    live: Live,
    script: &'a Script,
    /// The last entry written down.
    version: u64,
    /// The shape of the last sentence of each lane.
    heard: Vec<String>,
    text: String,
}

impl Play<'_> {
    async fn run(&mut self) -> Result<(), PlayError> {
        let case = &self.script.case;
        self.heard = vec![String::new(); case.lanes.len()];
        for minute in 0..case.minutes_max {
            let mut crash = false;
            for (_, act) in self.script.acts.iter().filter(|(at, _)| *at == minute) {
                crash |= *act == Act::Crash;
                self.act(act).await?;
            }
            for look in 0..case.looks_per_minute {
                if crash && look == 0 {
                    self.live.crash().await?;
                } else if let Err(error) = self.live.step().await {
                    // A look that fails is made again.
                    self.line(&format!("the look failed: {error}"));
                }
                self.write_down().await?;
            }
        }
        for (lane, walk) in case.lanes.iter().enumerate() {
            let state = self.live.rollout(lane).map_or_else(|| "never started".to_owned(), |r| r.state);
            self.line(&format!("{}: {state}", walk.flag));
        }
        Ok(())
    }

    async fn act(&mut self, act: &Act) -> Result<(), PlayError> {
        match act {
            Act::Step { lane, step, reason } => self.step(*lane, *step, reason).await?,
            Act::Edit { lane } => {
                let flag = self.script.case.lanes.get(*lane).map_or("", |lane| lane.flag);
                self.live.submit(targeting(flag, &["partners", ABOVE])?).await?;
            }
            Act::Restart => {
                self.line("(the server restarts)");
                self.live.restart().await?;
            }
            Act::Crash => self.line("(the server dies and starts again)"),
            Act::Clock(seconds) => {
                self.line(&format!("(the server's clock jumps by {seconds} s)"));
                self.live.jump(*seconds);
            }
            Act::Traffic(visits) => {
                self.line(&format!("({visits} visits a minute)"));
                self.live.visits_per_minute(*visits);
            }
            Act::SilentTreated(silent) => self.live.trouble.silent_treated = *silent,
            Act::SourceDown(down) => self.live.trouble.source_down = *down,
            Act::Twice(twice) => self.live.trouble.twice = *twice,
            Act::RefuseLedger => self.live.store().fail_next(Call::LedgerSave, Fault::Refused),
            Act::LoseAnswer => self.live.store().fail_next(Call::JournalAppend, Fault::AnswerLost),
        }
        Ok(())
    }

    async fn step(&mut self, lane: usize, step: Move, reason: &str) -> Result<(), PlayError> {
        let (Some(id), Some(rollout)) = (self.live.rollout_id(lane), self.live.rollout(lane)) else {
            self.line("(there is no rollout to step)");
            return Ok(());
        };
        let step = match step {
            Move::Hold => Step::Hold { cause: HoldCause::Operator },
            Move::Resume => Step::Resume,
            Move::Approve => Step::Approve { stage: rollout.stage.saturating_sub(1) },
            Move::RollBack => Step::RollBack,
        };
        let command = Command::Step {
            environment: shape(json!(ENVIRONMENT))?,
            rollout: id.clone(),
            step,
            because: Box::new(Because { reason: reason.to_owned(), evidence: None }),
        };
        if let Err(LiveError::Submit(refusal)) = self.live.submit(command).await {
            self.line(&format!("(refused: {refusal})"));
        }
        Ok(())
    }

    async fn write_down(&mut self) -> Result<(), PlayError> {
        let before = self.text.len();
        for entry in self.live.log(self.version).await? {
            self.version = entry.version;
            let text = self.told(&entry)?;
            self.line(&text);
        }
        for lane in 0..self.heard.len() {
            let Some(rollout) = self.live.rollout(lane) else { continue };
            let shape = shape_of(&rollout.sentence);
            let said = self.heard.get_mut(lane).map(|heard| std::mem::replace(heard, shape.clone()));
            let just_told = self.text.get(before..).is_some_and(|told| told.contains(&rollout.sentence));
            if said.as_ref() != Some(&shape) && !just_told {
                self.line(&format!("{} says: {}", rollout.flag, rollout.sentence));
            }
        }
        Ok(())
    }

    fn line(&mut self, text: &str) {
        let seconds = self.live.now().seconds_since(crate::setup::START);
        let (minutes, seconds) = (seconds.div_euclid(60), seconds.rem_euclid(60));
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{minutes:3}:{seconds:02}  {text}");
    }

    /// One entry in a line.
    fn told(&self, entry: &Entry) -> Result<String, EventError> {
        let event = Event::read(entry)?;
        let flag = event.rollout().and_then(|id| {
            let lane = (0..self.heard.len()).find(|lane| self.live.rollout_id(*lane) == Some(id))?;
            self.script.case.lanes.get(lane).map(|lane| lane.flag)
        });
        let flag = flag.unwrap_or_default();
        Ok(match event {
            Event::RolloutStarted(started) => format!("{} starts", started.rollout.flag),
            Event::StageEntered(entered) => format!(
                "{flag} enters stage {} with {} in epoch {}: {}",
                entered.stage.saturating_add(1),
                entered.share,
                entered.epoch,
                entered.because.reason
            ),
            Event::EpochOpened(opened) => {
                format!("{flag} opens epoch {}: {}", opened.epoch, opened.because.reason)
            }
            Event::StageApproved(approved) => {
                format!(
                    "{flag} may leave stage {}: {}",
                    approved.stage.saturating_add(1),
                    approved.because.reason
                )
            }
            Event::RolloutHeld(held) => {
                format!(
                    "{flag} is held ({}): {}",
                    json!(held.cause).as_str().unwrap_or_default(),
                    held.because.reason
                )
            }
            Event::RolloutResumed(resumed) => format!("{flag} goes on: {}", resumed.because.reason),
            Event::RolloutRolledBack(taken) => format!("{flag} is rolled back: {}", taken.because.reason),
            Event::RolloutCompleted(done) => format!("{flag} is complete: {}", done.because.reason),
            Event::RolloutAmended(amended) => format!("{flag} is amended: {}", amended.because.reason),
            Event::TargetingSet(set) => format!("{} gets new rules from {}", set.flag, entry.actor),
            Event::ProjectDefined(_)
            | Event::EnvironmentDefined(_)
            | Event::FlagDefined(_)
            | Event::FlagRetired(_)
            | Event::TargetingRemoved(_)
            | Event::BreakGlassSet(_)
            | Event::BreakGlassLifted(_)
            | Event::SegmentDefined(_)
            | Event::SegmentRemoved(_)
            | Event::MetricDefined(_)
            | Event::MetricRemoved(_)
            | Event::LadderDefined(_)
            | Event::LadderRemoved(_)
            | Event::GuardrailDefined(_)
            | Event::GuardrailRemoved(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_) => entry.kind.clone(),
        })
    }
}

/// A sentence without its numbers: whether it says something else, or the same with other figures.
fn shape_of(sentence: &str) -> String {
    let words = sentence.split_whitespace().filter(|word| !word.starts_with(|c: char| c.is_ascii_digit()));
    words.collect::<Vec<_>>().join(" ").replace("minutes", "minute")
}
