//! `sapwood backup`: make, check, put back.

use std::process::ExitCode;
use std::sync::Arc;

use sapwood_engine::SystemClock;
use sapwood_store::backup::{self, Manifest};
use serde_json::json;

use crate::cli::backup::{BackupCommand, BackupVerifyArgs, CreateArgs, RestoreArgs};
use crate::failure::Failure;
use crate::out::Out;

pub(crate) async fn run(command: BackupCommand) -> Result<ExitCode, Failure> {
    match command {
        BackupCommand::Create(CreateArgs { backup, data, json }) => {
            let manifest = backup::create(&data, &backup, Arc::new(SystemClock)).await?;
            let text = format!("{} is a backup of {}", backup.display(), data.display());
            say(Out::new(json), "backup_created", &text, &manifest)
        }
        BackupCommand::Verify(BackupVerifyArgs { backup, json }) => {
            let manifest = backup::check(&backup).await?;
            let text = format!("{} is good: not a bit of it was changed", backup.display());
            say(Out::new(json), "backup_verified", &text, &manifest)
        }
        BackupCommand::Restore(RestoreArgs { backup, data, json }) => {
            let manifest = backup::restore(&backup, &data).await?;
            let text = format!(
                "{} has the data of {}; start the server with --data {}",
                data.display(),
                backup.display(),
                data.display()
            );
            say(Out::new(json), "backup_restored", &text, &manifest)
        }
    }
}

fn say(out: Out, event: &str, text: &str, manifest: &Manifest) -> Result<ExitCode, Failure> {
    let streams = manifest.streams.iter();
    let lines: Vec<String> = streams
        .map(|of| format!("  {}: {} entries, anchor {}:{}", of.stream, of.version, of.version, of.hash))
        .collect();
    let bytes = manifest.files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
    let text = format!(
        "{text}\n{}\n  journal up to offset {}\n  {bytes} bytes, made at {}",
        lines.join("\n"),
        manifest.journal_offset,
        manifest.made_at
    );
    out.say(&text, &json!({"format": 1, "event": event, "manifest": manifest}))?;
    Ok(ExitCode::SUCCESS)
}
