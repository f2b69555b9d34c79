//! Arguments of `sapwood apply` and `sapwood export`.

use std::path::PathBuf;

use clap::Args;

/// Which server and project, and who asks.
#[derive(Debug, Clone, Args)]
pub(crate) struct ProjectArgs {
    /// The server's address.
    #[arg(long, env = "SAPWOOD_SERVER", default_value = "http://127.0.0.1:8080")]
    pub(crate) server: String,
    /// An admin token of the whole project.
    #[arg(long, env = "SAPWOOD_TOKEN", hide_env_values = true)]
    pub(crate) token: String,
    /// The project.
    #[arg(long, env = "SAPWOOD_PROJECT", default_value = "default")]
    pub(crate) project: String,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `apply`.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(crate) struct ApplyArgs {
    /// A file, or a folder of which every .yaml, .yml, .json and .toml is read; may be given several times. `-` reads
    /// YAML or JSON from standard input.
    #[arg(short, long = "file", required = true, value_name = "FILE|DIR")]
    pub(crate) files: Vec<PathBuf>,
    /// Take away what no file defines: flags are retired, and their keys are never used again. Environments stay.
    #[arg(long)]
    pub(crate) prune: bool,
    /// Show what would change and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask before something is taken away or a rollout paused.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Only if the project still stands at this version, as `export` or `apply --dry-run` printed it: then nothing
    /// happens but what was looked at.
    #[arg(long, value_name = "VERSION")]
    pub(crate) expect: Option<u64>,
    /// Let an environment come to serve more than twice as much as before.
    #[arg(long)]
    pub(crate) confirm_growth: bool,
    #[command(flatten)]
    pub(crate) place: ProjectArgs,
}

/// Options of `export`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ExportArgs {
    /// The folder; made if it is not there.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Replace the definition files that are in the folder: those that changed are written anew, and those of what is
    /// gone are removed. Comments in them are lost; plans and other files stay.
    #[arg(long)]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) place: ProjectArgs,
}
