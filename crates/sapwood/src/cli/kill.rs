//! Arguments of `sapwood kill`.

use std::path::PathBuf;

use clap::Args;
use sapwood_core::id::{EnvironmentKey, ProjectKey};
use sapwood_eval::{FlagKey, VariantKey};

/// Options of `kill`.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command line, off unless it is given"
)]
pub(crate) struct KillArgs {
    /// The flag.
    #[arg(required_unless_present = "list")]
    pub(crate) flag: Option<FlagKey>,
    /// What everybody gets; without it what the flag serves when it is off.
    #[arg(long, conflicts_with_all = ["lift", "list"])]
    pub(crate) variant: Option<VariantKey>,
    /// Undo: let the flag's rules and rollouts decide again.
    #[arg(long, conflicts_with = "list")]
    pub(crate) lift: bool,
    /// Say what is overridden.
    #[arg(long, conflicts_with = "flag")]
    pub(crate) list: bool,
    /// Why; it goes into the log.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// The server's data directory.
    #[arg(long, env = "SAPWOOD_DATA", default_value = "sapwood-data")]
    pub(crate) data: PathBuf,
    /// The project.
    #[arg(long, env = "SAPWOOD_PROJECT", default_value = "default")]
    pub(crate) project: ProjectKey,
    /// The environment.
    #[arg(long, env = "SAPWOOD_ENVIRONMENT", default_value = "production")]
    pub(crate) environment: EnvironmentKey,
    /// Override a flag that was not served when the server last wrote down what it serves.
    #[arg(long)]
    pub(crate) force: bool,
    /// Print JSON, one object a line.
    #[arg(long)]
    pub(crate) json: bool,
}
