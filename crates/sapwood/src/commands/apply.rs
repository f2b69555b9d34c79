//! `sapwood apply`: a project's definitions become what files say, whole or not at all.

pub(crate) mod load;
mod say;

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use sapwood_api::manage::{LogEntry, Page};
use sapwood_api::problem::Problem;
use sapwood_api::resources::{Applied, AppliedChange};
use serde_json::{Value, json};

use crate::cli::files::ApplyArgs;
use crate::client::Client;
use crate::commands::log;
use crate::exit;
use crate::failure::Failure;
use crate::limits::{APPLY_ATTEMPTS_MAX, ENTRIES_NAMED_MAX};
use crate::out::Out;
use crate::plan::load::counted;
use load::Files;

/// Version of what `--json` prints; it grows, and this number changes only if a program could misread it.
pub(crate) const FORMAT: u32 = 1;

pub(crate) async fn run(args: ApplyArgs) -> Result<ExitCode, Failure> {
    let files = load::files(&args.files)?;
    if !files.found.is_empty() {
        say::findings(&files, &files.found, args.place.json)?;
        return Ok(exit::REFUSED.into());
    }
    let out = Out::new(args.place.json);
    for plan in &files.plans {
        out.say_to_people(&format!("{plan} is a plan and left alone; `sapwood plan check` reads it"))?;
    }
    if files.definitions.is_empty() {
        let said = "there is no definition in these files; nothing was changed";
        return Err(Failure::Usage(said.to_owned()));
    }
    let server = Server::new(&args, &files)?;
    match server.apply(&args, &files, out).await {
        Err(Failure::Problem(problem)) => match say::located(&problem, &files) {
            Some(found) => {
                say::findings(&files, &found, args.place.json)?;
                Ok(Failure::Problem(problem).exit().into())
            }
            None => Err(Failure::Problem(problem)),
        },
        ended => ended,
    }
}

struct Server {
    client: Client,
    project: String,
    path: String,
    body: Value,
}

impl Server {
    fn new(args: &ApplyArgs, files: &Files) -> Result<Self, Failure> {
        let items: Vec<&Value> = files.definitions.iter().map(|placed| &placed.definition.wire).collect();
        let project = format!("/api/v1/projects/{}", args.place.project);
        let (prune, growth) = (args.prune, args.confirm_growth);
        let path = format!("{project}/definitions?prune={prune}&confirm_growth={growth}");
        let client = Client::new(&args.place.server, &args.place.token)?;
        Ok(Self { client, project, path, body: json!({ "items": items }) })
    }

    async fn apply(&self, args: &ApplyArgs, files: &Files, out: Out) -> Result<ExitCode, Failure> {
        let shown = match (self.attempt(true, args.expect).await, args.expect) {
            (Err(Failure::Problem(problem)), Some(since)) if problem.status == 412 => {
                return Err(self.overtaken(since, *problem).await);
            }
            (tried, _) => tried?,
        };
        if shown.changes.is_empty() {
            let text = format!("Nothing to change: all of it is so already, at version {}", shown.version);
            out.say(&text, &say::as_json("unchanged", &shown, files))?;
            return Ok(ExitCode::SUCCESS);
        }
        out.say_to_people(&say::changes(&shown.changes))?;
        for warning in &shown.warnings {
            out.say_to_people(&format!("note: {warning}"))?;
        }
        let tally = say::tally(&shown.changes);
        if args.dry_run {
            let text = format!("\n{tally}, at version {}; nothing was changed", shown.version);
            out.say(&text, &say::as_json("would_apply", &shown, files))?;
            return Ok(ExitCode::SUCCESS);
        }
        out.say_to_people(&format!("\n{tally}, at version {}", shown.version))?;
        if !args.yes && !agreed(&shown.changes, args.place.json)? {
            return Err(Failure::Usage("nobody agreed; nothing was changed".to_owned()));
        }
        let done = self.make(&shown, args.expect.is_some()).await?;
        let text =
            format!("{} changed, now at version {}", counted(done.changes.len(), "definition"), done.version);
        out.say(&text, &say::as_json("applied", &done, files))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn attempt(&self, dry_run: bool, version: Option<u64>) -> Result<Applied, Failure> {
        let path = format!("{}&dry_run={dry_run}", self.path);
        self.client.put_if(&path, &self.body, version).await
    }

    /// Makes what was shown, and nothing else. What happened meanwhile without touching it is no obstacle, because a
    /// controller that takes a step must not make people ask again.
    async fn make(&self, shown: &Applied, strictly: bool) -> Result<Applied, Failure> {
        let mut version = shown.version;
        for _ in 0..APPLY_ATTEMPTS_MAX {
            match self.attempt(false, Some(version)).await {
                Err(Failure::Problem(problem)) if problem.status == 412 && !strictly => {}
                Err(Failure::Problem(problem)) if problem.status == 412 => {
                    return Err(self.overtaken(shown.version, *problem).await);
                }
                ended => return ended,
            }
            let again = self.attempt(true, None).await?;
            if again.changes != shown.changes {
                let detail =
                    "the definitions were changed meanwhile, so this would do something else than was shown";
                let problem = Problem::new(sapwood_api::problem::Code::RevisionMoved, detail);
                return Err(self.overtaken(shown.version, problem).await);
            }
            version = again.version;
        }
        Err(Failure::Said("the project is changed all the time; nothing was changed. Try again".to_owned()))
    }

    /// The refusal, with who did what since.
    async fn overtaken(&self, since: u64, mut problem: Problem) -> Failure {
        let path = format!("{}/log?after={since}&limit={ENTRIES_NAMED_MAX}", self.project);
        let entries: Vec<LogEntry> = match self.client.get::<Page<LogEntry>>(&path).await {
            Ok(page) => page.items,
            Err(error) => return error,
        };
        problem.detail.push_str("; nothing was changed. Since then:");
        for entry in &entries {
            problem.detail.push('\n');
            problem.detail.push_str(&log::say::entry(entry, false));
        }
        Failure::Problem(Box::new(problem))
    }
}

/// Whether somebody agrees to what is not easily taken back. Off a terminal nobody is asked.
fn agreed(changes: &[AppliedChange], json: bool) -> Result<bool, Failure> {
    let gone = changes.iter().filter(|change| change.after.is_none()).count();
    let retired = changes.iter().any(|change| change.after.is_none() && change.kind == "flag");
    let paused: usize = changes.iter().map(|change| change.paused.len()).sum();
    if gone == 0 && paused == 0 {
        return Ok(true);
    }
    let key = if retired { " (keys of retired flags are never used again)" } else { "" };
    let taken = (gone > 0).then(|| format!("takes away {}{key}", counted(gone, "definition")));
    let paused = (paused > 0).then(|| format!("pauses {}", counted(paused, "rollout")));
    let all: Vec<String> = taken.into_iter().chain(paused).collect();
    let question = format!("This {}", all.join(" and "));
    let mut stderr = std::io::stderr().lock();
    if json || !std::io::stdin().is_terminal() || !stderr.is_terminal() {
        return Err(Failure::Usage(format!("{question}; say --yes to agree. Nothing was changed")));
    }
    write!(stderr, "{question}. Go on? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
