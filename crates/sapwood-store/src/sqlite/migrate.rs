//! Bringing a file to the schema this program knows, in one transaction, and refusing one it does not know.

use std::cmp::Ordering;

use sqlx::{Executor, SqliteConnection};

use super::connect::{File, OpenError};

/// Steps of a schema; the first leads to schema 1. Only ever added to.
const LOG: &[&str] = &[include_str!("../../migrations/sqlite/log/0001_entries.sql")];
const EVIDENCE: &[&str] = &[include_str!("../../migrations/sqlite/evidence/0001_journal_ledger.sql")];

/// Applies the steps that are missing; all of them or none.
pub(super) async fn run(db: &mut SqliteConnection, file: File) -> Result<(), OpenError> {
    let steps = steps(file);
    db.execute("begin immediate").await.map_err(file.failed("migrate"))?;
    match apply(db, file, steps).await {
        Ok(()) => db.execute("commit").await.map(drop).map_err(file.failed("migrate")),
        Err(error) => {
            // The connection is about to be dropped, which undoes whatever this does not.
            db.execute("rollback").await.ok();
            Err(error)
        }
    }
}

const fn steps(file: File) -> &'static [&'static str] {
    match file {
        File::Log => LOG,
        File::Evidence => EVIDENCE,
    }
}

/// Refuses a schema this program does not read: a newer one, or an older one that has to be brought up first.
pub(super) async fn check(db: &mut SqliteConnection, file: File) -> Result<(), OpenError> {
    let found: i64 = sqlx::query_scalar("select coalesce(max(version), 0) from schema_version")
        .fetch_one(&mut *db)
        .await
        .map_err(file.failed("read the schema of"))?;
    let known = i64::try_from(steps(file).len()).unwrap_or(i64::MAX);
    match found.cmp(&known) {
        Ordering::Greater => Err(OpenError::NewerSchema { file: file.name(), found, known }),
        Ordering::Less => Err(OpenError::OlderSchema { file: file.name(), found, known }),
        Ordering::Equal => Ok(()),
    }
}

async fn apply(db: &mut SqliteConnection, file: File, steps: &[&'static str]) -> Result<(), OpenError> {
    let failed = |error| file.failed("migrate")(error);
    let versions = "create table if not exists schema_version (version integer primary key) strict";
    db.execute(versions).await.map_err(failed)?;
    let found = sqlx::query_scalar("select coalesce(max(version), 0) from schema_version");
    let found: i64 = found.fetch_one(&mut *db).await.map_err(failed)?;
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(OpenError::NewerSchema { file: file.name(), found, known });
    }
    for (version, step) in (1_i64..).zip(steps).filter(|(version, _)| *version > found) {
        sqlx::raw_sql(*step).execute(&mut *db).await.map_err(failed)?;
        let record = sqlx::query("insert into schema_version values (?)").bind(version);
        record.execute(&mut *db).await.map_err(failed)?;
    }
    Ok(())
}
