//! `sapwood kill`: break the glass. It needs the data directory and nothing else: no server, no database, no network.

use std::process::ExitCode;

use sapwood_engine::{Clock as _, Entropy as _, OsEntropy, Override, Scope, SystemClock, What};
use sapwood_eval::{FlagConfig, FlagKey};
use serde_json::json;

use crate::cli::kill::KillArgs;
use crate::failure::Failure;
use crate::out::Out;
use crate::{keeper, override_file};

const FORMAT: u32 = 1;

pub(crate) fn run(args: &KillArgs) -> Result<ExitCode, Failure> {
    match &args.flag {
        Some(flag) => kill(args, flag),
        None => list(args),
    }
}

fn kill(args: &KillArgs, flag: &FlagKey) -> Result<ExitCode, Failure> {
    let what = match (args.lift, &args.variant) {
        (true, _) => What::Lifted,
        (false, Some(variant)) => What::Variant(variant.clone()),
        (false, None) => What::Off,
    };
    let served = check(args, flag, &what)?;
    let now = SystemClock.now();
    let word = if args.lift { "lifted from the command line" } else { "killed from the command line" };
    let new = Override {
        id: OsEntropy.id(now),
        project: args.project.clone(),
        environment: args.environment.clone(),
        flag: flag.clone(),
        what,
        by: who(),
        at: now,
        reason: args.reason.clone().unwrap_or_else(|| word.to_owned()),
    };
    let aside = override_file::add(&args.data, new.clone())?;
    if let Some(aside) = aside {
        let aside = aside.display();
        tracing::warn!(
            "the file of overrides was damaged and is at {aside} now; say again what else it said"
        );
    }
    let place = format!(
        "--project {} --environment {} --data {}",
        args.project,
        args.environment,
        args.data.display()
    );
    let text = if args.lift {
        format!(
            "`{flag}` in {} is no longer overridden, within a second: its rules and rollouts decide again.\n\
             A rollout of it stays held until somebody resumes it.",
            args.environment
        )
    } else {
        format!(
            "Everybody in {} gets {} of `{flag}`, within a second, whatever its rules and rollouts say.\n\
             It is on disk, needs no database, and survives restarts; the log gets an entry as soon as it takes one.\n\
             Undo: sapwood kill --lift {flag} {place}",
            args.environment,
            served
                .map_or_else(|| "what is served when it is off".to_owned(), |variant| format!("`{variant}`")),
        )
    };
    let event = if args.lift { "lifted" } else { "killed" };
    Out::new(args.json).say(&text, &json!({"format": FORMAT, "event": event, "override": new}))?;
    Ok(ExitCode::SUCCESS)
}

/// Looks at what was served last for mistakes of typing; answers what everybody will get, if that is known. A file that
/// cannot be read is no reason not to stop something.
fn check(args: &KillArgs, flag: &FlagKey, what: &What) -> Result<Option<String>, Failure> {
    let known = match keeper::read(&args.data) {
        Ok(Some(known)) => known,
        Ok(None) => return Ok(None),
        Err(why) => {
            tracing::warn!("{why}; so it is not checked whether there is such a flag");
            return Ok(None);
        }
    };
    let scope = Scope { project: args.project.clone(), environment: args.environment.clone() };
    let flags = known.flags(&scope).unwrap_or_default();
    let Some(config) = flags.iter().find(|config| config.flag.key == *flag) else {
        if args.force {
            return Ok(None);
        }
        return Err(Failure::Absent(format!(
            "there was no flag `{flag}` in {scope} when the server last wrote down what it serves, at {}; check the \
             names, or insist with --force",
            known.written_at()
        )));
    };
    variant(config, what).map(Some)
}

fn variant(config: &FlagConfig, what: &What) -> Result<String, Failure> {
    let off = config.targeting.off_variant.to_string();
    match what {
        What::Off | What::Lifted => Ok(off),
        What::Variant(variant) if config.flag.variants.contains_key(variant) => Ok(variant.to_string()),
        What::Variant(variant) => {
            let has: Vec<_> = config.flag.variants.keys().map(ToString::to_string).collect();
            let has = has.join(", ");
            Err(Failure::Absent(format!("`{}` has no variant `{variant}`; it has {has}", config.flag.key)))
        }
    }
}

fn list(args: &KillArgs) -> Result<ExitCode, Failure> {
    let out = Out::new(args.json);
    let overrides = override_file::read(&args.data).map_err(Failure::Said)?;
    for one in overrides.all() {
        let what = match &one.what {
            What::Off => "gets what is served when it is off".to_owned(),
            What::Variant(variant) => format!("gets `{variant}`"),
            What::Lifted => "is no longer overridden".to_owned(),
        };
        let text = format!(
            "{}/{} `{}` {what}, said by {} at {}: {}",
            one.project, one.environment, one.flag, one.by, one.at, one.reason
        );
        out.say(&text, &json!({"format": FORMAT, "event": "override", "override": one}))?;
    }
    if overrides.all().is_empty() {
        out.say_to_people("Nothing is overridden here")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Who is at the keyboard, as the system says: whoever asked for more rights, before the one who has them.
fn who() -> String {
    let names = ["SUDO_USER", "USER", "LOGNAME"];
    let found = names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    found.unwrap_or_else(|| "somebody at the server".to_owned())
}
