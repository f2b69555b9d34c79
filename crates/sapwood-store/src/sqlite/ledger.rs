//! The ledger's tables: sums, subject rows and sources, saved as whole new values with the offset they stand for.

use sapwood_core::ledger::{Cell, RowKey, SubjectRow, SumKey, Sums};
use sapwood_core::record::UnitHash;
use sapwood_core::time::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool};

use super::fence::storage;
use super::row::{Columns, signed};
use crate::error::StoreError;
use crate::limits::ROWS_PER_STATEMENT;
use crate::store::{LedgerCommit, LedgerScope, LoadedLedger, SourceRow};

pub(super) const SAVING: &str = "save the ledger";
const LOADING: &str = "load the ledger";

/// Saves all of it inside an open transaction.
pub(super) async fn save(db: &mut SqliteConnection, commit: &LedgerCommit) -> Result<(), StoreError> {
    for (scope, changes) in &commit.changes {
        for chunk in changes.sums.chunks(ROWS_PER_STATEMENT) {
            run(db, sums_statement(scope, chunk), chunk.len()).await?;
        }
        for chunk in changes.rows.chunks(ROWS_PER_STATEMENT) {
            run(db, rows_statement(scope, chunk)?, chunk.len()).await?;
        }
    }
    for chunk in commit.sources.chunks(ROWS_PER_STATEMENT) {
        run(db, sources_statement(chunk)?, chunk.len()).await?;
    }
    let mark = sqlx::query("update ledger_mark set journal_offset = ?").bind(signed(SAVING, commit.offset)?);
    mark.execute(db).await.map(drop).map_err(storage(SAVING))
}

type Statement = QueryBuilder<Sqlite>;

/// Only full statements look alike, so only they are worth keeping prepared.
async fn run(db: &mut SqliteConnection, mut statement: Statement, rows: usize) -> Result<(), StoreError> {
    let query = statement.build().persistent(rows == ROWS_PER_STATEMENT);
    query.execute(db).await.map(drop).map_err(storage(SAVING))
}

fn sums_statement(scope: &LedgerScope, sums: &[(SumKey, Sums)]) -> Statement {
    let mut statement = QueryBuilder::new(
        "insert into ledger_sum (project, environment, rollout, epoch, guardrail, guardrail_revision, arm, \
         minute, subjects, records) ",
    );
    statement.push_values(sums, |mut row, (key, sum)| {
        row.push_bind(scope.project.as_str())
            .push_bind(scope.environment.as_str())
            .push_bind(scope.rollout.as_str())
            .push_bind(key.epoch)
            .push_bind(&key.guardrail)
            .push_bind(key.revision)
            .push_bind(key.arm.as_str())
            .push_bind(key.minute)
            .push_bind(sum.subjects)
            .push_bind(sum.records);
    });
    statement.push(
        " on conflict (project, environment, rollout, epoch, guardrail, guardrail_revision, arm, minute) \
         do update set subjects = excluded.subjects, records = excluded.records",
    );
    statement
}

fn rows_statement(scope: &LedgerScope, rows: &[(RowKey, SubjectRow)]) -> Result<Statement, StoreError> {
    let texts = rows.iter().map(|(_, row)| serde_json::to_string(row)).collect::<Result<Vec<_>, _>>();
    let texts = texts.map_err(|error| StoreError::failed(SAVING, error))?;
    let mut statement = QueryBuilder::new(
        "insert into ledger_subject (project, environment, rollout, guardrail, shard, subject, \"row\") ",
    );
    statement.push_values(rows.iter().zip(texts), |mut row, (((guardrail, unit), _), text)| {
        row.push_bind(scope.project.as_str())
            .push_bind(scope.environment.as_str())
            .push_bind(scope.rollout.as_str())
            .push_bind(guardrail)
            .push_bind(unit.shard())
            .push_bind(unit.to_bytes().to_vec())
            .push_bind(text);
    });
    statement
        .push(" on conflict (rollout, guardrail, shard, subject) do update set \"row\" = excluded.\"row\"");
    Ok(statement)
}

fn sources_statement(sources: &[SourceRow]) -> Result<Statement, StoreError> {
    let events = sources.iter().map(|source| signed(SAVING, source.events)).collect::<Result<Vec<_>, _>>()?;
    let mut statement =
        QueryBuilder::new("insert into source (project, environment, metric, first_at, last_at, events) ");
    statement.push_values(sources.iter().zip(events), |mut row, (source, events)| {
        row.push_bind(source.project.as_str())
            .push_bind(source.environment.as_str())
            .push_bind(source.metric.as_str())
            .push_bind(source.first.ms())
            .push_bind(source.last.ms())
            .push_bind(events);
    });
    statement.push(
        " on conflict (project, environment, metric) do update set \
         first_at = excluded.first_at, last_at = excluded.last_at, events = excluded.events",
    );
    Ok(statement)
}

pub(super) async fn offset(db: &SqlitePool) -> Result<u64, StoreError> {
    let query = sqlx::query("select journal_offset from ledger_mark");
    let row = query.fetch_one(db).await.map_err(storage(LOADING))?;
    Columns { row: &row, what: "the ledger's mark" }.typed::<i64, _>("journal_offset")
}

/// Reads sums and rows as they were at one moment.
pub(super) async fn load(db: &SqlitePool, scope: LedgerScope) -> Result<LoadedLedger, StoreError> {
    let mut view = db.begin().await.map_err(storage(LOADING))?;
    let sums = sqlx::query(
        "select * from ledger_sum where project = ? and environment = ? and rollout = ?
         order by epoch, guardrail, guardrail_revision, arm, minute",
    );
    let sums = bind(sums, &scope).fetch_all(&mut *view).await.map_err(storage(LOADING))?;
    let rows = sqlx::query(
        "select * from ledger_subject where project = ? and environment = ? and rollout = ?
         order by guardrail, shard, subject",
    );
    let rows = bind(rows, &scope).fetch_all(&mut *view).await.map_err(storage(LOADING))?;
    view.commit().await.map_err(storage(LOADING))?;
    let mut sums = sums.iter().map(sum).collect::<Result<Vec<_>, _>>()?;
    // The table orders arms by their words, the key by their meaning.
    sums.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(LoadedLedger { sums, rows: rows.iter().map(subject).collect::<Result<_, _>>()? })
}

pub(super) async fn sources(db: &SqlitePool) -> Result<Vec<SourceRow>, StoreError> {
    let query = sqlx::query("select * from source order by project, environment, metric");
    let rows = query.fetch_all(db).await.map_err(storage("load the sources"))?;
    rows.iter().map(source).collect()
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, sqlx::sqlite::SqliteArguments>;

fn bind<'q>(query: Query<'q>, scope: &'q LedgerScope) -> Query<'q> {
    query.bind(scope.project.as_str()).bind(scope.environment.as_str()).bind(scope.rollout.as_str())
}

fn sum(row: &SqliteRow) -> Result<(SumKey, Sums), StoreError> {
    let columns = Columns { row, what: "a sum of the ledger" };
    let word: &str = columns.plain("arm")?;
    let key = SumKey {
        epoch: columns.typed::<i64, _>("epoch")?,
        guardrail: columns.plain("guardrail")?,
        revision: columns.typed::<i64, _>("guardrail_revision")?,
        arm: Cell::parse(word).ok_or_else(|| columns.damaged(format_args!("unknown arm `{word}`")))?,
        minute: columns.plain("minute")?,
    };
    Ok((key, Sums { subjects: columns.plain("subjects")?, records: columns.plain("records")? }))
}

fn subject(row: &SqliteRow) -> Result<(RowKey, SubjectRow), StoreError> {
    let columns = Columns { row, what: "a subject of the ledger" };
    let bytes: &[u8] = columns.plain("subject")?;
    let unit = UnitHash::from_bytes(bytes.try_into().map_err(|error| columns.damaged(error))?);
    let value = serde_json::from_str(columns.plain("row")?).map_err(|error| columns.damaged(error))?;
    Ok(((columns.plain("guardrail")?, unit), value))
}

fn source(row: &SqliteRow) -> Result<SourceRow, StoreError> {
    let columns = Columns { row, what: "a source of the ledger" };
    Ok(SourceRow {
        project: columns.typed::<String, _>("project")?,
        environment: columns.typed::<String, _>("environment")?,
        metric: columns.typed::<String, _>("metric")?,
        first: Timestamp::from_ms(columns.plain("first_at")?),
        last: Timestamp::from_ms(columns.plain("last_at")?),
        events: columns.typed::<i64, _>("events")?,
    })
}
