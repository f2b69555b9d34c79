//! The log on SQLite: one task appends, readers check the chain of what they read.

use std::sync::Arc;

use sapwood_core::entry::{Actor, Entry, Hash};
use sapwood_core::id::{EnvironmentKey, Stream};
use sapwood_core::time::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::Answer;
use super::connect::{self, File};
use super::fence::{Fence, no_room, storage};
use super::lock::DirectoryLock;
use super::row::{Columns, signed};
use super::space::Space;
use crate::admit;
use crate::clock::Clock;
use crate::error::StoreError;
use crate::store::Append;
use crate::verify::{Head, verify_chain};

pub(super) const APPENDING: &str = "append to the log";
const READING: &str = "read the log";

/// What the writer of the log is asked for.
pub(super) enum Job {
    Append(Append, Answer<Vec<Entry>>),
    Close(oneshot::Sender<()>),
}

/// The only one who writes to the log. A task of its own, so that a caller who goes away mid-append leaves no
/// transaction behind.
pub(super) struct Writer {
    pub(super) db: SqliteConnection,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) fence: Fence,
    pub(super) space: Space,
    pub(super) lock: Arc<DirectoryLock>,
}

impl Writer {
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut closing = None;
        while let Some(job) = jobs.recv().await {
            match job {
                Job::Append(append, answer) => {
                    let outcome = self.append(append).await;
                    // Whoever asked may have left.
                    answer.send(outcome).ok();
                }
                Job::Close(answer) => {
                    closing = Some(answer);
                    break;
                }
            }
        }
        connect::close(self.db, File::Log).await;
        drop(self.lock);
        if let Some(answer) = closing {
            answer.send(()).ok();
        }
    }

    /// Appends, and on a full disk gives the reserve to what stops or takes back.
    pub(super) async fn append(&mut self, append: Append) -> Result<Vec<Entry>, StoreError> {
        let stops = append.stops();
        if !self.space.is_open() && !stops {
            return Err(no_room(APPENDING));
        }
        let again = stops.then(|| append.clone());
        let mut outcome = self.try_append(append).await;
        if let (Err(StoreError::Full(_)), Some(again)) = (&outcome, again)
            && self.space.release()
        {
            outcome = self.try_append(again).await;
        }
        self.space.note(!matches!(outcome, Err(StoreError::Full(_))));
        outcome
    }

    async fn try_append(&mut self, append: Append) -> Result<Vec<Entry>, StoreError> {
        let now = self.clock.now();
        self.fence.begin(&mut self.db, APPENDING).await?;
        let outcome = insert(&mut self.db, append, now).await;
        self.fence.finish(&mut self.db, APPENDING, outcome).await
    }
}

async fn insert(db: &mut SqliteConnection, append: Append, now: Timestamp) -> Result<Vec<Entry>, StoreError> {
    let Some(first) = append.drafts.first().map(|draft| draft.id) else { return Ok(Vec::new()) };
    if let Some(entries) = appended_before(db, &append.stream, first).await? {
        return Ok(entries);
    }
    let stream = append.stream.clone();
    let decision = append.expected.saturating_add(1);
    let head = head(&mut *db, &stream, APPENDING).await?;
    let entries = admit::seal(append, head, now)?;
    let Some(last) = entries.last() else { return Ok(entries) };
    sqlx::query(
        "insert into head (stream, version, hash) values (?, ?, ?)
         on conflict (stream) do update set version = excluded.version, hash = excluded.hash",
    )
    .bind(stream.as_str())
    .bind(signed(APPENDING, last.version)?)
    .bind(last.hash.to_string())
    .execute(&mut *db)
    .await
    .map_err(storage(APPENDING))?;
    for entry in &entries {
        insert_entry(db, entry, decision).await?;
    }
    Ok(entries)
}

async fn insert_entry(db: &mut SqliteConnection, entry: &Entry, decision: u64) -> Result<(), StoreError> {
    let actor = serde_json::to_string(&entry.actor).map_err(|error| StoreError::failed(APPENDING, error))?;
    let inserted = sqlx::query(
        "insert into entry (stream, version, id, kind, environment, actor, at, body, prev_hash, hash, decision)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(entry.stream.as_str())
    .bind(signed(APPENDING, entry.version)?)
    .bind(entry.id.to_string())
    .bind(&entry.kind)
    .bind(entry.environment.as_ref().map(EnvironmentKey::as_str))
    .bind(actor)
    .bind(entry.at.ms())
    .bind(&entry.body)
    .bind(entry.prev_hash.to_string())
    .bind(entry.hash.to_string())
    .bind(signed(APPENDING, decision)?)
    .execute(db)
    .await;
    inserted.map(drop).map_err(|error| match error.as_database_error() {
        Some(database) if database.is_unique_violation() => StoreError::Reused { id: entry.id },
        Some(_) | None => storage(APPENDING)(error),
    })
}

/// The entries that were appended together with `first` at their head, if they were.
async fn appended_before(
    db: &mut SqliteConnection,
    stream: &Stream,
    first: Uuid,
) -> Result<Option<Vec<Entry>>, StoreError> {
    let place: Option<(String, i64, i64)> =
        sqlx::query_as("select stream, version, decision from entry where id = ?")
            .bind(first.to_string())
            .fetch_optional(&mut *db)
            .await
            .map_err(storage(APPENDING))?;
    let Some((found, version, decision)) = place else { return Ok(None) };
    if found != stream.as_str() || version != decision {
        return Err(StoreError::Reused { id: first });
    }
    let rows = sqlx::query(
        "select * from entry where stream = ? and version >= ? and decision = ? order by version",
    )
    .bind(found)
    .bind(version)
    .bind(decision)
    .fetch_all(db)
    .await
    .map_err(storage(APPENDING))?;
    rows.iter().map(entry).collect::<Result<_, _>>().map(Some)
}

async fn head(
    db: impl sqlx::SqliteExecutor<'_>,
    stream: &Stream,
    doing: &'static str,
) -> Result<Head, StoreError> {
    let row = sqlx::query("select version, hash from head where stream = ?")
        .bind(stream.as_str())
        .fetch_optional(db)
        .await
        .map_err(storage(doing))?;
    let Some(row) = row else { return Ok(Head::default()) };
    let columns = Columns { row: &row, what: "a stream's head" };
    Ok(Head { version: columns.typed::<i64, _>("version")?, hash: columns.typed::<String, _>("hash")? })
}

/// Reads a page and checks that it continues the chain, and that nothing is missing before the head.
pub(super) async fn read_from(
    db: &SqlitePool,
    stream: Stream,
    after: u64,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    // The head is read first: what is appended meanwhile comes with the next page.
    let head = head(db, &stream, READING).await?;
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    let last = after.saturating_add(limit).min(head.version);
    if last <= after {
        return Ok(Vec::new());
    }
    let rows =
        sqlx::query("select * from entry where stream = ? and version between ? and ? order by version")
            .bind(stream.as_str())
            .bind(signed(READING, after)?)
            .bind(signed(READING, last)?)
            .fetch_all(db)
            .await
            .map_err(storage(READING))?;
    let mut entries = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let mut from = Head::default();
    if after > 0 {
        let before = entries.first().filter(|entry| entry.version == after);
        let before = before.ok_or_else(|| missing(&stream, after))?;
        from = Head { version: after, hash: before.hash };
        entries.remove(0);
    }
    let end = verify_chain(from, &entries)?;
    if end.version != last {
        return Err(missing(&stream, end.version.saturating_add(1)));
    }
    if end.version == head.version && end.hash != head.hash {
        let detail = format!("stream {stream}: entry {} is not the one its head names", end.version);
        return Err(StoreError::Corrupt { what: "the log", detail });
    }
    Ok(entries)
}

fn missing(stream: &Stream, version: u64) -> StoreError {
    StoreError::Corrupt { what: "the log", detail: format!("stream {stream}: entry {version} is missing") }
}

pub(super) async fn streams(db: &SqlitePool) -> Result<Vec<Stream>, StoreError> {
    let names: Vec<String> =
        sqlx::query_scalar("select stream from head").fetch_all(db).await.map_err(storage(READING))?;
    let mut streams = Vec::with_capacity(names.len());
    for name in names {
        let stream = Stream::try_from(name);
        let damaged = |error| StoreError::Corrupt { what: "a stream's name", detail: format!("{error}") };
        streams.push(stream.map_err(damaged)?);
    }
    streams.sort();
    Ok(streams)
}

fn entry(row: &SqliteRow) -> Result<Entry, StoreError> {
    let columns = Columns { row, what: "an entry of the log" };
    let environment: Option<String> = columns.plain("environment")?;
    let environment = environment.map(EnvironmentKey::try_from).transpose();
    let actor: Actor =
        serde_json::from_str(columns.plain("actor")?).map_err(|error| columns.damaged(error))?;
    Ok(Entry {
        stream: columns.typed::<String, _>("stream")?,
        version: columns.typed::<i64, _>("version")?,
        id: columns.plain::<&str>("id")?.parse().map_err(|error| columns.damaged(error))?,
        kind: columns.plain("kind")?,
        environment: environment.map_err(|error| columns.damaged(error))?,
        actor,
        at: Timestamp::from_ms(columns.plain("at")?),
        body: columns.plain("body")?,
        prev_hash: columns.typed::<String, Hash>("prev_hash")?,
        hash: columns.typed::<String, Hash>("hash")?,
    })
}
