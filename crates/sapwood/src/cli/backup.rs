//! Arguments of `sapwood backup`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Copy log and evidence as they are at one moment; the server may be running.
    Create(CreateArgs),
    /// Check a backup: every bit, the structure of its files, and the chain of the log.
    Verify(BackupVerifyArgs),
    /// Check a backup and put it into an empty data directory.
    Restore(RestoreArgs),
}

/// Options of `backup create`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CreateArgs {
    /// Directory to make; must be empty or not there.
    pub(crate) backup: PathBuf,
    /// The data directory.
    #[arg(long, env = "SAPWOOD_DATA", default_value = "sapwood-data")]
    pub(crate) data: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `backup verify`.
#[derive(Debug, Clone, Args)]
pub(crate) struct BackupVerifyArgs {
    /// The backup.
    pub(crate) backup: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `backup restore`.
#[derive(Debug, Clone, Args)]
pub(crate) struct RestoreArgs {
    /// The backup.
    pub(crate) backup: PathBuf,
    /// The data directory to make; must be empty or not there.
    #[arg(long, env = "SAPWOOD_DATA", default_value = "sapwood-data")]
    pub(crate) data: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}
