//! What would change, and what is wrong, for people and for programs.

use std::io::{IsTerminal as _, Write as _};

use sapwood_api::log::{FieldChange, LogChange};
use sapwood_api::manage::{Moved, Moves};
use sapwood_api::problem::{Fault, Problem};
use sapwood_api::resources::{Applied, AppliedChange};
use sapwood_core::diff::ResourceChange;
use sapwood_core::resource::Resource;
use sapwood_eval::Share;
use sapwood_file::Finding;
use sapwood_file::definitions::{mention, place};
use serde_json::{Value, json};

use super::FORMAT;
use super::load::Files;
use crate::commands::log::say;
use crate::failure::Failure;
use crate::plan::load::{coloured, counted};

/// What there is to do, in a sentence.
pub(super) fn tally(changes: &[AppliedChange]) -> String {
    let count = |wanted: fn(&AppliedChange) -> bool| changes.iter().filter(|change| wanted(change)).count();
    let added = count(|change| change.before.is_none());
    let gone = count(|change| change.after.is_none());
    let changed = changes.len().saturating_sub(added).saturating_sub(gone);
    format!("{added} to add, {changed} to change, {gone} to take away")
}

/// The changes, thing by thing and field by field.
pub(super) fn changes(changes: &[AppliedChange]) -> String {
    let colour = coloured(std::io::stdout().is_terminal());
    let mut lines = Vec::new();
    for one in changes {
        let shown = say::change(&as_log_change(one));
        let tint = match (&one.before, &one.after) {
            (None, _) => "32",
            (Some(_), None) => "31",
            (Some(_), Some(_)) => "33",
        };
        lines.extend(shown.into_iter().enumerate().map(|(place, line)| {
            if colour && place == 0 { format!("\x1b[{tint}m{line}\x1b[0m") } else { line }
        }));
        lines.extend(
            one.paused
                .iter()
                .map(|rollout| format!("    pauses rollout {rollout}: look at it and resume it")),
        );
        lines.extend(one.moves.iter().map(moves));
    }
    lines.join("\n")
}

/// Whom the change of one rule's table moves.
fn moves(of: &Moves) -> String {
    let percent = |parts| Share::from_parts(parts).unwrap_or(Share::WHOLE);
    let served =
        |key: &Option<String>| key.as_ref().map_or("the next rule".to_owned(), |key| format!("`{key}`"));
    let one =
        |one: &Moved| format!("{} from {} to {}", percent(one.share), served(&one.from), served(&one.to));
    let between: Vec<String> = of.between.iter().map(one).collect();
    let rule = of.rule.as_ref().map_or("the default".to_owned(), |rule| format!("rule `{rule}`"));
    format!("    moves {} of those who reach {rule}: {}", percent(of.moved), between.join(", "))
}

fn as_log_change(change: &AppliedChange) -> LogChange {
    let name = match &change.environment {
        Some(environment) => format!("environments/{environment}/flags/{}", change.key),
        None => format!("{}s/{}", change.kind, change.key),
    };
    let (before, after) = (change.before.clone(), change.after.clone());
    let resource = name.parse::<Resource>();
    let compared =
        resource.map(|resource| ResourceChange { resource, before: before.clone(), after: after.clone() });
    let fields = compared.map(|compared| compared.fields()).unwrap_or_default();
    let fields = fields.into_iter().map(|field| FieldChange {
        path: field.path,
        before: field.before,
        after: field.after,
    });
    LogChange { resource: name, before, after, fields: fields.collect() }
}

/// The changes for programs.
pub(super) fn as_json(event: &str, applied: &Applied, files: &Files) -> Value {
    json!({
        "format": FORMAT, "event": event, "version": applied.version, "changed": applied.changed,
        "definitions": files.definitions.len(), "changes": applied.changes,
    })
}

/// Everything that is wrong with the files: to people on standard error, to programs on standard output.
pub(super) fn findings(files: &Files, found: &[(usize, Finding)], json: bool) -> Result<(), Failure> {
    let drawn = found.iter().filter_map(|(place, finding)| Some((files.sources.get(*place)?, finding)));
    if json {
        let all: Vec<Value> = drawn.map(|(source, finding)| finding.json(source)).collect();
        writeln!(std::io::stdout(), "{}", json!({ "format": FORMAT, "event": "refused", "findings": all }))?;
        return Ok(());
    }
    let colour = coloured(std::io::stderr().is_terminal());
    let mut stderr = std::io::stderr().lock();
    for (source, finding) in drawn {
        writeln!(stderr, "{}", finding.render(source, colour))?;
    }
    writeln!(stderr, "{}; nothing was changed", counted(found.len(), "error"))?;
    Ok(())
}

/// What the server refuses, at its places in the files; `None` if some of it is about no file: what would be taken away
/// stands in none.
pub(super) fn located(problem: &Problem, files: &Files) -> Option<Vec<(usize, Finding)>> {
    if let Some(faults) = &problem.errors {
        let one = |fault: &Fault| at(files, fault.index?, fault.path.as_deref(), &fault.code, &fault.detail);
        return faults.iter().map(one).collect();
    }
    let rest = problem.path.as_deref()?.strip_prefix("/items/")?;
    let (index, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some(vec![at(files, index.parse().ok()?, Some(path), &problem.code, &problem.detail)?])
}

/// At the path the server names; without one where the name is that its sentence quotes.
fn at(files: &Files, index: usize, path: Option<&str>, code: &str, detail: &str) -> Option<(usize, Finding)> {
    let placed = files.definitions.get(index)?;
    let quoted = || detail.split('`').nth(1).and_then(|name| mention(&placed.definition, name));
    let span = match path {
        Some(path) => place(&placed.definition, path),
        None => quoted().unwrap_or_else(|| placed.definition.at.clone()),
    };
    Some((placed.source, Finding::error(code, span, detail, "")))
}
