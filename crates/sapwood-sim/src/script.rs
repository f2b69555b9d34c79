//! Scenarios as text: what a world is and what people do in it, one line each, in the words people use.
//!
//! ```text
//! subjects 4000
//! traffic 600 a minute
//! metric errors 2 % up
//! ladder checkout 5 % 25 % 95 %, 10 minutes each, 50 subjects
//! fault checkout errors x5 from minute 12
//! at minute 15 hold checkout: the release notes are missing
//! run 60 minutes
//! ```
//!
//! `#` begins a comment. Everything else that is not understood is refused with its line number.

use sapwood_stats::Harm;

use crate::case::{Case, Fault, Lane, Mail, Metric, Minute, Ring};
use crate::pool::Habits;
use crate::rng::count;

/// A scenario that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// The seed of its world.
    pub seed: u64,
    /// Its world.
    pub case: Case,
    /// What people and machines do, by minute.
    pub acts: Vec<(Minute, Act)>,
}

/// Something that is done in a minute.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// A person takes a step of a lane's rollout.
    Step {
        /// Which lane.
        lane: usize,
        /// Which step.
        step: Move,
        /// Why.
        reason: String,
    },
    /// A person edits the rules above a lane's rollout.
    Edit {
        /// Which lane.
        lane: usize,
    },
    /// The server is stopped between two looks and starts again.
    Restart,
    /// The server dies with a slice of time in its memory and starts again.
    Crash,
    /// The server's clock jumps by so many seconds.
    Clock(i64),
    /// So many visits a minute from now on.
    Traffic(f64),
    /// Events of whoever has a candidate are reported, or not.
    SilentTreated(bool),
    /// Events are reported, or not.
    SourceDown(bool),
    /// Batches are sent twice, or once.
    Twice(bool),
    /// The next save of the ledger fails.
    RefuseLedger,
    /// The next batch of events is stored, but the answer is lost.
    LoseAnswer,
}

/// A step a person takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// Stand still.
    Hold,
    /// Go on.
    Resume,
    /// Agree to leave the stage it stands on.
    Approve,
    /// Everyone back.
    RollBack,
}

/// A line that was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ScriptError {
    line: usize,
    message: String,
}

const FLAGS: [&str; 2] = ["checkout", "receipt"];
const METRICS: [&str; 2] = ["errors", "orders"];

/// Reads a scenario.
pub fn read(text: &str) -> Result<Script, ScriptError> {
    let mut case = Case { lanes: Vec::new(), metrics: Vec::new(), ..Case::high_traffic() };
    (case.minutes_max, case.looks_per_minute) = (0, 6);
    let mut script = Script { seed: 1, case, acts: Vec::new() };
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if !line.is_empty() {
            read_line(&mut script, line).map_err(|message| ScriptError { line: number, message })?;
        }
    }
    if script.case.lanes.is_empty() || script.case.metrics.is_empty() || script.case.minutes_max == 0 {
        let message = "a scenario needs a `metric`, a `ladder` and `run … minutes`".to_owned();
        return Err(ScriptError { line: text.lines().count(), message });
    }
    Ok(script)
}

fn read_line(script: &mut Script, line: &str) -> Result<(), String> {
    let cleaned = line.replace([',', '%'], " ");
    let words: Vec<&str> = cleaned.split_whitespace().collect();
    match words.as_slice() {
        ["seed", seed] => script.seed = number(seed)?,
        ["subjects", subjects] => {
            script.case.habits = Habits::Recurring { subjects: number(subjects)?, shape: 1.4, sigma: 0.7 };
        }
        ["traffic", visits, "a", "minute"] => script.case.visits_per_minute = number(visits)?,
        ["ring", permille, "in", "1000", "errors", factor] => {
            script.case.ring = Some(Ring { permille: number(permille)?, factor: times(factor)? });
        }
        ["mail", "loses", lost, "of", "exposures", "events", "late", "by", delay, "seconds"] => {
            let lost: f64 = number(lost)?;
            script.case.mail =
                Mail { exposures_lost: lost / 100.0, exposure_delay: 0, event_delay: number(delay)? };
        }
        ["metric", metric, rate, harm] => {
            script.case.metrics.push(Metric {
                key: known(metric, &METRICS)?,
                rate: number::<f64>(rate)? / 100.0,
                harm: if *harm == "down" { Harm::Down } else { Harm::Up },
                follows: 0.0,
            });
        }
        ["ladder", flag, rest @ ..] => script.case.lanes.push(ladder(flag, rest)?),
        ["fault", whose, metric, factor, "from", "minute", from, rest @ ..] => {
            let fault = fault(script, whose, metric, factor, from, rest)?;
            script.case.faults.push(fault);
        }
        ["at", "minute", minute, act @ ..] => {
            let reason = line.split_once(':').map_or("", |(_, reason)| reason).trim();
            let act = read_act(script, act, reason)?;
            script.acts.push((number(minute)?, act));
        }
        ["run", minutes, "minutes"] => script.case.minutes_max = number(minutes)?,
        _ => return Err(format!("`{line}` is not understood")),
    }
    Ok(())
}

/// `5 % 25 % ring 95 %, 10 minutes each, 50 subjects[, approval on stage 2][, needs checkout from stage 2]`
fn ladder(flag: &str, words: &[&str]) -> Result<Lane, String> {
    let mut lane = Lane { shares: Vec::new(), ..Lane::named(known(flag, &FLAGS)?) };
    let mut words = words;
    loop {
        words = match words {
            [] => return Ok(lane),
            ["ring", rest @ ..] => {
                lane.ring_before = Some(lane.shares.len());
                rest
            }
            [minutes, "minutes", "each", rest @ ..] => {
                lane.bake_minutes = number(minutes)?;
                rest
            }
            [subjects, "subjects", rest @ ..] => {
                lane.subjects_min = number(subjects)?;
                rest
            }
            ["approval", "on", "stage", stage, rest @ ..] => {
                lane.approval = Some(number::<usize>(stage)?.saturating_sub(1));
                rest
            }
            ["needs", _, "from", "stage", stage, rest @ ..] => {
                lane.needs = Some((0, number::<usize>(stage)?.saturating_sub(1)));
                rest
            }
            [share, rest @ ..] => {
                lane.shares.push(count(number::<f64>(share)? * 1000.0));
                rest
            }
        };
    }
}

fn fault(
    script: &Script,
    whose: &str,
    metric: &str,
    factor: &str,
    from: &str,
    rest: &[&str],
) -> Result<Fault, String> {
    let key = known(metric, &METRICS)?;
    let place = script.case.metrics.iter().position(|metric| metric.key == key);
    Ok(Fault {
        metric: place.ok_or_else(|| format!("`{metric}` is measured by no line above"))?,
        lane: if whose == "everybody" { None } else { Some(lane(script, whose)?) },
        factor: times(factor)?,
        from: number(from)?,
        until: match rest {
            ["to", "minute", until] => Some(number(until)?),
            [] => None,
            _ => return Err("a fault ends with `to minute N` or not at all".to_owned()),
        },
    })
}

fn read_act(script: &Script, words: &[&str], reason: &str) -> Result<Act, String> {
    // What follows a colon is the reason and was taken already.
    let end =
        words.iter().position(|word| word.ends_with(':')).map_or(words.len(), |at| at.saturating_add(1));
    let words: Vec<&str> = words.iter().take(end).map(|word| word.trim_end_matches(':')).collect();
    let step =
        |flag: &str, step: Move| Ok(Act::Step { lane: lane(script, flag)?, step, reason: reason.to_owned() });
    match words.as_slice() {
        ["hold", flag] => step(flag, Move::Hold),
        ["resume", flag] => step(flag, Move::Resume),
        ["approve", flag] => step(flag, Move::Approve),
        ["roll", "back", flag] => step(flag, Move::RollBack),
        ["edit", flag] => Ok(Act::Edit { lane: lane(script, flag)? }),
        ["restart"] => Ok(Act::Restart),
        ["crash"] => Ok(Act::Crash),
        ["clock", jump] => clock(jump).map(Act::Clock),
        ["traffic", visits] => number(visits).map(Act::Traffic),
        ["treated", "arm", word] => Ok(Act::SilentTreated(either(word, "silent", "speaks")?)),
        ["source", word] => Ok(Act::SourceDown(either(word, "down", "up")?)),
        ["batches", word] => Ok(Act::Twice(either(word, "twice", "once")?)),
        ["ledger", "refuses"] => Ok(Act::RefuseLedger),
        ["answer", "lost"] => Ok(Act::LoseAnswer),
        _ => Err(format!("`{}` is nothing that can be done", words.join(" "))),
    }
}

fn lane(script: &Script, flag: &str) -> Result<usize, String> {
    let place = script.case.lanes.iter().position(|lane| lane.flag == flag);
    place.ok_or_else(|| format!("`{flag}` has no `ladder` line above"))
}

fn either(word: &str, yes: &str, no: &str) -> Result<bool, String> {
    if word == yes || word == no { Ok(word == yes) } else { Err(format!("`{word}`: say `{yes}` or `{no}`")) }
}

/// `+1h`, `-30m`, `+90s`, in seconds.
fn clock(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no jump of a clock; write +1h, -30m or +90s");
    let unit = match text.chars().last() {
        Some('h') => 3600,
        Some('m') => 60,
        Some('s') => 1,
        Some(_) | None => return Err(wrong()),
    };
    let digits = text.trim_end_matches(['h', 'm', 's']).trim_start_matches('+');
    digits.parse::<i64>().map(|n| n.saturating_mul(unit)).map_err(|_| wrong())
}

fn times(text: &str) -> Result<f64, String> {
    number(text.strip_prefix('x').ok_or_else(|| format!("`{text}` is no factor; write x2"))?)
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number that fits here"))
}

fn known(word: &str, words: &[&'static str]) -> Result<&'static str, String> {
    let found = words.iter().find(|known| **known == word).copied();
    found.ok_or_else(|| format!("`{word}` is not one of {}", words.join(", ")))
}
