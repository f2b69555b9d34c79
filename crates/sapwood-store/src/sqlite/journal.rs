//! The journal's table.

use sapwood_core::id::{EnvironmentKey, ProjectKey};
use sapwood_core::time::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::fence::storage;
use super::row::Columns;
use crate::error::StoreError;
use crate::store::Journaled;

pub(super) const APPENDING: &str = "append to the journal";
pub(super) const READING: &str = "read the journal";

/// A batch with its records deflated.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) id: Uuid,
    pub(super) project: ProjectKey,
    pub(super) environment: EnvironmentKey,
    pub(super) received_at: Timestamp,
    pub(super) body: Vec<u8>,
}

/// Stores a batch inside an open transaction, or finds it.
pub(super) async fn insert(db: &mut SqliteConnection, batch: &Packed) -> Result<Journaled, StoreError> {
    let inserted = sqlx::query(
        "insert into journal (batch_id, project, environment, received_at, body) values (?, ?, ?, ?, ?)
         on conflict (batch_id) do nothing",
    )
    .bind(&batch.id.as_bytes()[..])
    .bind(batch.project.as_str())
    .bind(batch.environment.as_str())
    .bind(batch.received_at.ms())
    .bind(&batch.body)
    .execute(&mut *db)
    .await
    .map_err(storage(APPENDING))?;
    let duplicate = inserted.rows_affected() == 0;
    let offset = if duplicate {
        let found = sqlx::query_scalar("select journal_offset from journal where batch_id = ?");
        found.bind(&batch.id.as_bytes()[..]).fetch_one(db).await.map_err(storage(APPENDING))?
    } else {
        inserted.last_insert_rowid()
    };
    let offset = u64::try_from(offset).map_err(|error| StoreError::failed(APPENDING, error))?;
    Ok(Journaled { offset, duplicate })
}

/// A page of batches, still deflated.
pub(super) async fn read(
    db: &SqlitePool,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, Packed)>, StoreError> {
    let rows = sqlx::query("select * from journal where journal_offset > ? order by journal_offset limit ?")
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(db)
        .await
        .map_err(storage(READING))?;
    rows.iter().map(packed).collect()
}

fn packed(row: &SqliteRow) -> Result<(u64, Packed), StoreError> {
    let columns = Columns { row, what: "a batch of the journal" };
    let id = Uuid::from_slice(columns.plain("batch_id")?).map_err(|error| columns.damaged(error))?;
    let packed = Packed {
        id,
        project: columns.typed::<String, _>("project")?,
        environment: columns.typed::<String, _>("environment")?,
        received_at: Timestamp::from_ms(columns.plain("received_at")?),
        body: columns.plain("body")?,
    };
    Ok((columns.typed::<i64, _>("journal_offset")?, packed))
}
