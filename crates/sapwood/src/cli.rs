//! The command line: what can be asked, and what is assumed when it is not said.

pub(crate) mod backup;
pub(crate) mod explain;
pub(crate) mod files;
pub(crate) mod kill;
pub(crate) mod log;
pub(crate) mod origin;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use axum::http::HeaderValue;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands;
use crate::commands::design::{Metric, Minutes, Part, PerMinute, Times};
use crate::demo;
use crate::failure::Failure;
use crate::plan::{self, PlanCommand};
use crate::serve;

/// Release in small slices: flags, staged rollouts, and guardrails that take a bad slice back by themselves.
#[derive(Debug, Parser)]
#[command(name = "sapwood", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = crate::exit::help())]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch Sapwood save a launch: a simulated shop, a fault, and the slice taken back. Needs nothing set up.
    Demo(DemoArgs),
    /// Run the server on an embedded database.
    Serve(ServeArgs),
    /// Plan slices: check the cuts, find the order that unlocks value earliest. Works on a file, without a server.
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Look at rollouts.
    #[command(subcommand)]
    Rollout(RolloutCommand),
    /// What a flag gives a subject, and every step that leads to it; for another moment, or for a draft.
    Explain(explain::ExplainArgs),
    /// What a flag gives a subject: the value, and why in one line.
    Eval(explain::EvalArgs),
    /// Look at the statistics by themselves.
    #[command(subcommand)]
    Stats(StatsCommand),
    /// Read, check and compare the log, and take entries back.
    #[command(subcommand)]
    Log(log::LogCommand),
    /// Make a project's definitions what files say: flags with their rules, segments, metrics, ladders, guardrails,
    /// environments. Shows what changes; all of it happens, or nothing.
    Apply(files::ApplyArgs),
    /// Write a project's definitions as files: what `apply` reads, without loss.
    Export(files::ExportArgs),
    /// Break the glass: give everybody one variant of a flag, at once, with the database dead if need be.
    Kill(kill::KillArgs),
    /// Copy all data while the server runs, check a copy, and put one back.
    #[command(subcommand)]
    Backup(backup::BackupCommand),
}

/// Options of `demo`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DemoArgs {
    /// What goes wrong, if anything.
    #[arg(long, value_enum, default_value_t = Scenario::Errors)]
    pub(crate) scenario: Scenario,
    /// Exit when the story is over instead of keeping the console open, and run as fast as the machine can.
    #[arg(long)]
    pub(crate) headless: bool,
    /// One JSON object a line; the last one is the outcome.
    #[arg(long)]
    pub(crate) json: bool,
    /// The same seed tells the same story.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Virtual seconds per second; without it 60, or as fast as the machine can with --headless.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) speed: Option<u32>,
    /// Port of the console; the next free one is taken if it is in use. 0 takes any.
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,
}

/// What goes wrong in the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Nothing: both slices reach everybody.
    Good,
    /// One slice makes checkouts fail from its 25 % stage on.
    Errors,
}

/// Options of `serve`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServeArgs {
    /// Address to listen on; port 0 takes any free one.
    #[arg(long, env = "SAPWOOD_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Directory of the embedded database; made if it is not there.
    #[arg(long, env = "SAPWOOD_DATA", default_value = "sapwood-data")]
    pub(crate) data: PathBuf,
    /// Whose pages may evaluate flags, such as `https://shop.example`; may be given several times. Everybody's if absent:
    /// a page can do no more than its token allows.
    #[arg(long, env = "SAPWOOD_ALLOW_ORIGIN", value_delimiter = ',', value_name = "ORIGIN", value_parser = origin::origin)]
    pub(crate) allow_origin: Vec<HeaderValue>,
    /// How many evaluations one token may ask for a second; more are answered with 429. No limit if absent.
    #[arg(long, env = "SAPWOOD_RATE_LIMIT", value_name = "PER_SECOND")]
    pub(crate) rate_limit: Option<NonZeroU32>,
    /// Print one JSON object when ready.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
enum RolloutCommand {
    /// Follow a rollout until it ends. Exits with 0 when completed, 6 when rolled back.
    Watch(WatchArgs),
    /// What a ladder could see at this traffic, and a better one. Offline. Exits with 12 when a harm budget is not kept.
    Design(DesignArgs),
}

/// Options of `rollout design`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DesignArgs {
    /// A metric with its usual rate, such as errors=1%, or orders=3%:down where fewer are harm. Repeat for more.
    #[arg(long = "metric", required = true, value_name = "NAME=RATE")]
    pub(crate) metrics: Vec<Metric>,
    /// Eligible subjects who come by, each counted the first time: 10000/min, 50/h, 2000/day.
    #[arg(long)]
    pub(crate) traffic: PerMinute,
    /// Shares of the stages, such as 1%,5%,25%,50%,100%. Without it one is proposed.
    #[arg(long, value_delimiter = ',', value_name = "SHARES")]
    pub(crate) ladder: Vec<Part>,
    /// Bake of each stage; the shortest one of a proposal.
    #[arg(long, default_value = "10m")]
    pub(crate) bake: Minutes,
    /// The longest bake of a stage that is acceptable.
    #[arg(long, default_value = "24h")]
    pub(crate) longest_bake: Minutes,
    /// The harm that should be seen, as "how many times worse": 2 is a doubling, or half where fewer are harm.
    #[arg(long, default_value = "2")]
    pub(crate) harm: Times,
    /// How many people may meet that harm before it is taken back.
    #[arg(long, value_name = "PEOPLE")]
    pub(crate) harm_budget: Option<u32>,
    /// Chance of rolling a harmless slice back, over all metrics, stages and looks.
    #[arg(long, default_value = "1%")]
    pub(crate) false_rollbacks: Part,
    /// Part kept without the slice to the end, so that there is something to compare with.
    #[arg(long, default_value = "5%")]
    pub(crate) holdback: Part,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `rollout watch`.
#[derive(Debug, Clone, Args)]
pub(crate) struct WatchArgs {
    /// The rollout's id; without it the newest live one.
    pub(crate) rollout: Option<String>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
enum StatsCommand {
    /// Answer one question a line: {"id": …, "kind": …, "input": …}. Exits with 3 if one could not be answered.
    Eval(StatsEvalArgs),
}

/// Options of `stats eval`.
#[derive(Debug, Clone, Args)]
pub(crate) struct StatsEvalArgs {
    /// One JSON object a line: {"id": …, "output": …} or {"id": …, "error": …}.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which server, and who asks.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerArgs {
    /// The server's address.
    #[arg(long, env = "SAPWOOD_SERVER", default_value = "http://127.0.0.1:8080")]
    pub(crate) server: String,
    /// An admin token.
    #[arg(long, env = "SAPWOOD_TOKEN", hide_env_values = true)]
    pub(crate) token: String,
    /// The project.
    #[arg(long, env = "SAPWOOD_PROJECT", default_value = "default")]
    pub(crate) project: String,
    /// The environment.
    #[arg(long, env = "SAPWOOD_ENVIRONMENT", default_value = "production")]
    pub(crate) environment: String,
}

impl Cli {
    /// A server says what it does; commands speak for themselves.
    pub(crate) const fn default_log_level(&self) -> &'static str {
        match self.command {
            Command::Serve(_) => "info",
            Command::Kill(_) => "warn",
            Command::Demo(_)
            | Command::Plan(_)
            | Command::Rollout(_)
            | Command::Explain(_)
            | Command::Eval(_)
            | Command::Stats(_)
            | Command::Log(_)
            | Command::Apply(_)
            | Command::Export(_)
            | Command::Backup(_) => "error",
        }
    }

    pub(crate) async fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Demo(args) => demo::run(args).await,
            Command::Serve(args) => serve::run(args).await,
            Command::Plan(command) => plan::run(command),
            Command::Rollout(RolloutCommand::Watch(args)) => commands::watch::run(args).await,
            Command::Rollout(RolloutCommand::Design(args)) => commands::design::run(&args),
            Command::Explain(args) => commands::explain::explain(args).await,
            Command::Eval(args) => commands::explain::eval(args).await,
            Command::Stats(StatsCommand::Eval(args)) => commands::stats::eval(&args),
            Command::Log(command) => commands::log::run(command).await,
            Command::Apply(args) => commands::apply::run(args).await,
            Command::Export(args) => commands::export::run(args).await,
            Command::Kill(args) => commands::kill::run(&args),
            Command::Backup(command) => commands::backup::run(command).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
