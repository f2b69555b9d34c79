//! `sapwood log`: the log read, checked, compared and taken back, from a server or from a data directory.

pub(crate) mod say;
mod source;

use std::collections::VecDeque;
use std::process::ExitCode;

use sapwood_api::manage::LogEntry;
use sapwood_core::entry::Hash;
use sapwood_core::id::Stream;
use sapwood_engine::LogFilter;
use sapwood_store::{Head, verify_chain};
use serde_json::json;

use crate::cli::log::{DiffArgs, LogCommand, RevertArgs, ShowArgs, VerifyArgs};
use crate::failure::Failure;
use crate::out::Out;
use source::Source;

/// Version of what `--json` prints; it grows, and this number changes only if a program could misread it.
const FORMAT: u32 = 1;

pub(crate) async fn run(command: LogCommand) -> Result<ExitCode, Failure> {
    match command {
        LogCommand::Show(args) => show(args).await,
        LogCommand::Verify(args) => verify(args).await,
        LogCommand::Diff(args) => diff(args).await,
        LogCommand::Revert(args) => revert(args).await,
    }
}

async fn show(args: ShowArgs) -> Result<ExitCode, Failure> {
    let out = Out::new(args.place.json);
    let source = Source::open(&args.place).await?;
    let stream = source.stream()?;
    let filter = LogFilter { since: args.since, actor: args.actor, kind: args.kind, resource: args.resource };
    let (mut after, mut last) = (args.after, VecDeque::new());
    loop {
        let page = source.page(&stream, after, &filter).await?;
        for entry in page.items {
            match args.tail {
                None => say_entry(out, &entry, args.body)?,
                Some(tail) => {
                    last.push_back(entry);
                    if last.len() > tail {
                        last.pop_front();
                    }
                }
            }
        }
        let Some(next) = page.next else { break };
        after =
            next.parse().map_err(|_| Failure::Said(format!("the server's cursor `{next}` is no version")))?;
    }
    last.iter().try_for_each(|entry| say_entry(out, entry, args.body))?;
    Ok(ExitCode::SUCCESS)
}

fn say_entry(out: Out, entry: &LogEntry, body: bool) -> std::io::Result<()> {
    out.say(&say::entry(entry, body), &json!({"format": FORMAT, "event": "entry", "entry": entry}))
}

async fn verify(args: VerifyArgs) -> Result<ExitCode, Failure> {
    let out = Out::new(args.place.json);
    let source = Source::open(&args.place).await?;
    let mut anchored = args.anchor.is_none();
    for stream in source.streams().await? {
        let ours = args.anchor.filter(|_| stream == source.stream().unwrap_or(Stream::Server));
        let head = check(&source, &stream, ours).await?;
        anchored |= ours.is_some();
        let text = format!(
            "{stream}: {} entries, none altered, none missing; anchor {}:{}",
            head.version, head.version, head.hash
        );
        let json = json!({
            "format": FORMAT, "event": "verified", "stream": stream, "version": head.version, "hash": head.hash,
        });
        out.say(&text, &json)?;
    }
    if !anchored {
        return Err(Failure::Said("the anchor's project has no log here; name it with --project".to_owned()));
    }
    let said = source.check_files().await?;
    if let Some(said) = said {
        out.say(&said, &json!({"format": FORMAT, "event": "files_verified"}))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Follows one stream from its first entry to its last.
async fn check(source: &Source, stream: &Stream, anchor: Option<(u64, Hash)>) -> Result<Head, Failure> {
    let mut head = Head::default();
    let mut met = anchor.is_none();
    loop {
        let page = source.page(stream, head.version, &LogFilter::default()).await?;
        let entries = page.items.iter().map(sapwood_engine::convert::entry).collect::<Result<Vec<_>, _>>();
        let entries = entries.map_err(Failure::Damaged)?;
        head = verify_chain(head, &entries).map_err(|error| Failure::Damaged(error.to_string()))?;
        if let Some((version, hash)) = anchor
            && let Some(entry) = entries.iter().find(|entry| entry.version == version)
        {
            if entry.hash != hash {
                return Err(Failure::Damaged(format!(
                    "stream {stream}: entry {version} is not the one that was anchored; the log was rewritten"
                )));
            }
            met = true;
        }
        if page.next.is_none() || page.items.is_empty() {
            break;
        }
    }
    match anchor {
        Some((version, _)) if !met => Err(Failure::Damaged(format!(
            "stream {stream}: the anchored entry {version} is missing; the log ends at {}",
            head.version
        ))),
        Some(_) | None => Ok(head),
    }
}

async fn diff(args: DiffArgs) -> Result<ExitCode, Failure> {
    let source = Source::open(&args.place).await?;
    let diff = source.diff(args.from, args.to).await?;
    let json = json!({"format": FORMAT, "event": "diff", "diff": diff});
    Out::new(args.place.json).say(&say::diff(&diff), &json)?;
    Ok(ExitCode::SUCCESS)
}

async fn revert(args: RevertArgs) -> Result<ExitCode, Failure> {
    let source = Source::open_to_write(&args.place).await?;
    let changed = source.revert(args.version).await;
    source.close().await;
    let changed = changed?;
    let text = if changed.changed {
        format!("Entry {} is taken back by entry {}", args.version, changed.version)
    } else {
        format!("Nothing to do: it already is as it was before entry {}", args.version)
    };
    let json = json!({"format": FORMAT, "event": "reverted", "entry": args.version, "changed": changed});
    Out::new(args.place.json).say(&text, &json)?;
    Ok(ExitCode::SUCCESS)
}
