//! Arguments of `sapwood log`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sapwood_core::entry::Hash;
use sapwood_core::resource::Resource;
use sapwood_core::time::Timestamp;

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Print entries, the oldest first.
    Show(ShowArgs),
    /// Check that no entry was altered, lost or added, from the first to the last.
    Verify(VerifyArgs),
    /// Say what is different between two versions.
    Diff(DiffArgs),
    /// Take one entry back: what it is about gets its old value in a new entry. Steps of rollouts are not taken back.
    Revert(RevertArgs),
}

/// Where the log is.
#[derive(Debug, Clone, Args)]
pub(crate) struct LogPlace {
    /// Look into this data directory instead of asking a server; a server may be running on it, except for `revert`.
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// The server's address.
    #[arg(long, env = "SAPWOOD_SERVER", default_value = "http://127.0.0.1:8080")]
    pub(crate) server: String,
    /// An admin token; not needed with --data.
    #[arg(long, env = "SAPWOOD_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// The project.
    #[arg(long, env = "SAPWOOD_PROJECT", default_value = "default")]
    pub(crate) project: String,
    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `log show`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) place: LogPlace,
    /// Entries after this version.
    #[arg(long, default_value_t = 0)]
    pub(crate) after: u64,
    /// Only the last so many of them.
    #[arg(long)]
    pub(crate) tail: Option<usize>,
    /// Entries of this moment or later, such as 2026-11-22T14:03:07.250Z.
    #[arg(long)]
    pub(crate) since: Option<Timestamp>,
    /// Entries by this user id or token id, or by `system`.
    #[arg(long)]
    pub(crate) actor: Option<String>,
    /// Entries of this kind, such as `flag_defined`.
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// Entries about this thing, such as `environments/production/flags/new-checkout`.
    #[arg(long)]
    pub(crate) resource: Option<Resource>,
    /// Print the events, too.
    #[arg(long)]
    pub(crate) body: bool,
}

/// Options of `log verify`.
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) place: LogPlace,
    /// VERSION:HASH as an earlier `verify` printed it: also check that this entry is still the same, which shows even a
    /// log that was rewritten from there to its end.
    #[arg(long, value_parser = anchor)]
    pub(crate) anchor: Option<(u64, Hash)>,
}

/// Options of `log diff`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    pub(crate) place: LogPlace,
    /// The one version; 0 is before the first entry.
    pub(crate) from: u64,
    /// The other version.
    pub(crate) to: u64,
}

/// Options of `log revert`.
#[derive(Debug, Clone, Args)]
pub(crate) struct RevertArgs {
    #[command(flatten)]
    pub(crate) place: LogPlace,
    /// The version of the entry.
    pub(crate) version: u64,
}

fn anchor(text: &str) -> Result<(u64, Hash), String> {
    let (version, hash) =
        text.split_once(':').ok_or("write VERSION:HASH, as `sapwood log verify` prints it")?;
    let version = version.parse().map_err(|error| format!("{version}: {error}"))?;
    Ok((version, Hash::try_from(hash.to_owned())?))
}
