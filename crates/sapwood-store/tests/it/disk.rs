//! What only a store on disk can go through: tampering, two processes, a newer schema; and faults on demand.

use std::path::Path;
use std::sync::Arc;

use sapwood_store::{
    Call, Fault, LedgerCommit, ManualClock, MemoryStore, OpenError, SqliteStore, Store, StoreError, verify,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::rig::{NOON, append, batch, shop};

async fn open(dir: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(dir, Arc::new(ManualClock::new(NOON))).await
}

/// Does to a file of a closed store what somebody with a database tool could do.
async fn tamper(dir: &Path, file: &str, sql: &'static str) {
    let mut db = SqliteConnectOptions::new().filename(dir.join(file)).connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn an_altered_log_is_found_out() {
    for (sql, found) in [
        ("update entry set body = '{}' where version = 2", "entry 2 does not match its hash"),
        ("update entry set at = at + 1 where version = 3", "entry 3 does not match its hash"),
        ("update entry set actor = '{\"kind\":\"system\"}' where version = 1", "entry 1 does not match"),
        ("delete from entry where version = 2", "version 2 expected, 3 found"),
        ("delete from entry where version = 3", "entry 3 is missing"),
        ("update head set hash = replace(hash, substr(hash, 1, 1), 'x')", "a stream's head is damaged"),
        ("update head set hash = printf('%064d', 0)", "entry 3 is not the one its head names"),
        ("update entry set id = 'no' where version = 1", "an entry of the log is damaged"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await.unwrap();
        store.append(append(shop(), 0, &[1, 2, 3])).await.unwrap();
        store.close().await;
        tamper(dir.path(), "log.db", sql).await;
        let store = open(dir.path()).await.unwrap();
        let error = verify(&store, shop()).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Corrupt { .. }) && error.to_string().contains(found),
            "{sql}: {error}"
        );
        store.close().await;
    }
}

#[tokio::test]
async fn a_log_missing_what_the_reader_has_seen_is_found_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    store.append(append(shop(), 0, &[1, 2, 3])).await.unwrap();
    store.close().await;
    tamper(dir.path(), "log.db", "delete from entry where version = 2").await;
    let store = open(dir.path()).await.unwrap();
    let error = store.read_from(shop(), 2, 10).await.unwrap_err();
    assert_eq!(error.to_string(), "the log is damaged: stream shop: entry 2 is missing");
}

#[tokio::test]
async fn a_damaged_batch_is_found_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    store.journal_append(vec![batch(1, 20)]).await.unwrap();
    store.close().await;
    tamper(dir.path(), "evidence.db", "update journal set body = substr(body, 1, 20)").await;
    let store = open(dir.path()).await.unwrap();
    let error = store.journal_read(0, 10).await.unwrap_err().to_string();
    assert!(
        error.starts_with("the journal is damaged: batch 00000000-0000-0000-0000-000000000001"),
        "{error}"
    );
}

#[tokio::test]
async fn a_directory_has_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("data/of/ours");
    let store = open(&dir).await.unwrap();
    let error = open(&dir).await.err().unwrap().to_string();
    let holder = format!("is in use by process {}; stop it, or give this one", std::process::id());
    assert!(error.contains(&holder), "{error}");
    store.close().await;
    open(&dir).await.unwrap().close().await;
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    store.close().await;
    store.close().await;
    let error = store.append(append(shop(), 0, &[1])).await.unwrap_err();
    assert_eq!(error.to_string(), "could not append to the log");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the store is closed");
    store.journal_append(vec![batch(1, 1)]).await.unwrap_err();
    store.read_from(shop(), 0, 1).await.unwrap_err();
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.unwrap().close().await;
    tamper(dir.path(), "evidence.db", "insert into schema_version values (7)").await;
    assert_eq!(
        open(dir.path()).await.err().unwrap().to_string(),
        "evidence.db has schema 7, and this program knows schemas up to 1; run the newer program that wrote it, \
         or restore the backup from before the upgrade"
    );
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("log.db"), "x".repeat(10_000)).unwrap();
    let error = open(dir.path()).await.err().unwrap();
    assert!(matches!(error, OpenError::Database { file: "log.db", .. }), "{error}");
}

#[tokio::test]
async fn faults_come_when_asked_for_and_only_then() {
    let store = MemoryStore::new(Arc::new(ManualClock::new(NOON)));
    store.fail_next(Call::Append, Fault::Refused);
    store.fail_next(Call::JournalAppend, Fault::AnswerLost);
    store.fail_next(Call::LedgerSave, Fault::Refused);

    store.append(append(shop(), 0, &[1])).await.unwrap_err();
    assert_eq!(store.streams().await.unwrap(), []);
    store.append(append(shop(), 0, &[1])).await.unwrap();

    store.journal_append(vec![batch(1, 1)]).await.unwrap_err();
    assert!(store.journal_append(vec![batch(1, 1)]).await.unwrap()[0].duplicate);

    store.ledger_save(LedgerCommit { offset: 1, ..LedgerCommit::default() }).await.unwrap_err();
    assert_eq!(store.ledger_offset().await.unwrap(), 0);

    let next = store.restarted();
    store.append(append(shop(), 1, &[2])).await.unwrap();
    assert_eq!(next.read_from(shop(), 0, 10).await.unwrap().len(), 1);
}
