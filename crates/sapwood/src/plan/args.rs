//! What `sapwood plan` can be asked.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Write an example plan with comments.
    Init(InitArgs),
    /// Check every cut: does it deliver value alone, can it be seen, undone, announced? Exits with 3 on errors.
    Check(CheckArgs),
    /// Find the order of releases that unlocks value earliest.
    Solve(SolveArgs),
    /// Say why releases are merged or apart, with both numbers.
    Explain(ExplainArgs),
    /// Compare the orders of two plan files.
    Diff(DiffArgs),
    /// Solve the plan under other overheads, settle windows and numbers of teams.
    WhatIf(WhatIfArgs),
    /// Show when each slice goes live, against one big launch, and where on the map it is.
    Show(FileArgs),
    /// Print the plan as a Markdown page: releases, announcements, open answers.
    Report(FileArgs),
}

/// A plan file and how to print.
#[derive(Debug, Clone, Args)]
pub(crate) struct FileArgs {
    /// The plan file: YAML, JSON or TOML; `-` reads YAML or JSON from standard input.
    pub(crate) file: PathBuf,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) effort: EffortArgs,
}

/// How hard to try.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct EffortArgs {
    /// Who answers.
    #[arg(long, value_enum, default_value_t = SolverChoice::Auto)]
    pub(crate) solver: SolverChoice,
    /// Seconds to spend per plan; steps are derived from it, and a clock ends what takes longer.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) time_limit: Option<u64>,
}

/// Who answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SolverChoice {
    /// Exact where possible, the heuristic otherwise.
    #[default]
    Auto,
    /// The exact solver; the heuristic answers only if it runs out of steps.
    Exact,
    /// The heuristic alone, with its bound.
    Heuristic,
}

/// Options of `plan init`.
#[derive(Debug, Clone, Args)]
pub(crate) struct InitArgs {
    /// Where to write; `-` prints it.
    #[arg(default_value = "plan.yaml")]
    pub(crate) file: PathBuf,
}

/// Options of `plan check`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CheckArgs {
    /// The plan files; several plans of one project are checked against each other, too.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Every check, also those that pass.
    #[arg(long)]
    pub(crate) all: bool,
    /// Warnings are errors.
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Options of `plan solve`.
#[derive(Debug, Clone, Args)]
pub(crate) struct SolveArgs {
    /// The plan file: YAML, JSON or TOML; `-` reads YAML or JSON from standard input.
    #[arg(required_unless_present = "instance", conflicts_with = "instance")]
    pub(crate) file: Option<PathBuf>,
    /// A file of planner instances instead of a plan.
    #[arg(long, value_name = "FILE")]
    pub(crate) instance: Option<PathBuf>,
    /// What the instances are written in.
    #[arg(long, value_enum, default_value_t = Format::Json, requires = "instance")]
    pub(crate) format: Format,
    /// Slices per instance, for `--format wt`.
    #[arg(long, value_name = "SLICES", required_if_eq("format", "wt"), value_parser = clap::value_parser!(u16).range(1..=2_000))]
    pub(crate) n: Option<u16>,
    /// JSON: one object for a plan, one object a line for instances.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) effort: EffortArgs,
    /// How often efforts are drawn from their ranges to see whether the order depends on them; 0 for never.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub(crate) draws: u32,
    #[command(flatten)]
    pub(crate) rules: RulesArgs,
}

/// Other rules than the file's, to see the difference.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RulesArgs {
    /// Plan with this many teams instead, and show the difference.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) teams: Option<u32>,
    /// Plan with this overhead per release instead, like `2d`.
    #[arg(long, value_parser = days)]
    pub(crate) overhead: Option<u64>,
    /// Plan with this settle window instead, like `10d`.
    #[arg(long, value_parser = days)]
    pub(crate) settle: Option<u64>,
}

/// What instances are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// `sapwood-planner-instances/1`.
    Json,
    /// OR-Library weighted tardiness: n efforts, n weights, n due days per instance.
    Wt,
}

/// Options of `plan explain`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,
    /// Two slices: why are they in one release, or in two? Without them, every release and every pair of neighbours.
    #[arg(num_args = 2, value_names = ["SLICE", "SLICE"])]
    pub(crate) slices: Vec<String>,
}

/// Options of `plan diff`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DiffArgs {
    /// The plan as it was.
    pub(crate) old: PathBuf,
    /// The plan as it is.
    pub(crate) new: PathBuf,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) effort: EffortArgs,
}

/// Options of `plan what-if`.
#[derive(Debug, Clone, Args)]
pub(crate) struct WhatIfArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,
    /// Overheads to try, like `0d,2d,5d`; without any of the three, usual ones around the file's.
    #[arg(long, value_delimiter = ',', value_parser = days)]
    pub(crate) overhead: Vec<u64>,
    /// Settle windows to try, like `0d,10d`.
    #[arg(long, value_delimiter = ',', value_parser = days)]
    pub(crate) settle: Vec<u64>,
    /// Numbers of teams to try, like `1,2`.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) teams: Vec<u32>,
}

/// `10d` as 10.
fn days(text: &str) -> Result<u64, String> {
    let number = text.strip_suffix('d').and_then(|number| number.parse::<u64>().ok());
    let days = number.filter(|days| *days <= sapwood_planner::limits::DAYS_MAX);
    days.ok_or_else(|| "write whole days, like `2d`".to_owned())
}
