//! From a path to a plan, or to findings printed where people and programs look for them.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use jiff::civil::Date;
use sapwood_file::plan::{PlanFile, read};
use sapwood_file::{Finding, Severity, Source, limits};
use sapwood_planner::cuts::Level;
use sapwood_planner::{Answer, Effort, Network, Solver, solve};
use serde_json::{Value, json};

use super::JSON_VERSION;
use super::args::{EffortArgs, SolverChoice};
use crate::exit;
use crate::failure::Failure;

/// What a command goes on with, or the code it ends with because something was said already.
pub(super) type Loaded<T> = Result<Result<T, ExitCode>, Failure>;

/// Reads a text.
pub(crate) fn source(path: &Path) -> Result<Source, Failure> {
    let name = path.display().to_string();
    let limit = u64::try_from(limits::FILE_BYTES_MAX).unwrap_or(u64::MAX) + 1;
    let mut bytes = Vec::new();
    if name == "-" {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        let file =
            std::fs::File::open(path).map_err(|source| Failure::File { path: name.clone(), source })?;
        file.take(limit)
            .read_to_end(&mut bytes)
            .map_err(|source| Failure::File { path: name.clone(), source })?;
    }
    let name = if name == "-" { "standard input".to_owned() } else { name };
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::Invalid(format!("{name} is not text: byte {at} is no UTF-8; save it as UTF-8"))
    })?;
    Source::new(name, text).map_err(Failure::Invalid)
}

/// Reads a plan file; what is wrong with it is printed.
pub(super) fn plan(path: &Path, json: bool) -> Loaded<(PlanFile, Source)> {
    let source = source(path)?;
    match read(&source, today()) {
        Ok(plan) => Ok(Ok((plan, source))),
        Err(findings) => Ok(Err(refuse(&source, &findings, json)?)),
    }
}

/// Reads a plan file and refuses one whose cuts contradict themselves.
pub(super) fn sound_plan(path: &Path, json: bool) -> Loaded<(PlanFile, Source)> {
    let (plan, source) = match plan(path, json)? {
        Ok(both) => both,
        Err(code) => return Ok(Err(code)),
    };
    let verdicts = plan.check(None);
    let findings: Vec<Finding> = verdicts
        .iter()
        .filter(|verdict| verdict.level == Level::Fail)
        .map(|verdict| plan.finding(verdict))
        .collect();
    if findings.is_empty() { Ok(Ok((plan, source))) } else { Ok(Err(refuse(&source, &findings, json)?)) }
}

/// Says what is wrong: to people on standard error, to programs on standard output.
pub(super) fn refuse(source: &Source, findings: &[Finding], json: bool) -> Result<ExitCode, Failure> {
    if json {
        let all: Vec<Value> = findings.iter().map(|finding| finding.json(source)).collect();
        print(&json!({ "version": JSON_VERSION, "findings": all }).to_string())?;
    } else {
        let colour = coloured(std::io::stderr().is_terminal());
        let mut stderr = std::io::stderr().lock();
        for finding in findings {
            writeln!(stderr, "{}", finding.render(source, colour))?;
        }
        let count = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        writeln!(stderr, "{}: {}", source.name, counted(count, "error"))?;
    }
    // A plan without slices is a question without content, not a wrong answer.
    let is_empty = findings.iter().all(|finding| finding.code == "empty");
    Ok(if is_empty { exit::USAGE } else { exit::REFUSED }.into())
}

/// Whether to colour: a terminal, and nobody asked not to.
pub(crate) fn coloured(is_terminal: bool) -> bool {
    is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Writes to standard output.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()?;
    Ok(())
}

/// `1 error`, `2 errors`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Solves with a clock beside the steps, if there is a limit.
pub(super) fn solved(network: &Network, args: &EffortArgs) -> Answer {
    let solver = match args.solver {
        SolverChoice::Auto => Solver::Auto,
        SolverChoice::Exact => Solver::Exact,
        SolverChoice::Heuristic => Solver::Heuristic,
    };
    let Some(seconds) = args.time_limit else {
        return solve(network, Effort { solver, ..Effort::default() }, &mut || true);
    };
    let end = Instant::now() + Duration::from_secs(seconds);
    solve(network, Effort::within_seconds(solver, seconds), &mut || Instant::now() < end)
}

/// Today's date in UTC.
pub(super) fn today() -> Option<Date> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let now = jiff::Timestamp::from_second(i64::try_from(now.as_secs()).ok()?).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(now).date())
}
