//! Backups: made under writers, checked to the bit, put back as they were.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sapwood_store::backup::{self, BackupError};
use sapwood_store::{JournalBatch, ManualClock, OpenError, SqliteStore, Store, StoreError, verify};
use tempfile::TempDir;

use crate::rig::{NOON, append, batch, shop, stream};

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(NOON))
}

/// A store with a few entries and batches, and its directory.
async fn filled() -> (SqliteStore, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), clock()).await.unwrap();
    for n in 0..10 {
        store.append(append(shop(), n, &[u128::from(n) + 1])).await.unwrap();
        store.journal_append(vec![batch(u128::from(n) + 1, 20)]).await.unwrap();
    }
    store.append(append(stream("zoo"), 0, &[100, 101])).await.unwrap();
    store.secret("unit", [7; 32]).await.unwrap();
    (store, dir)
}

fn place(dir: &TempDir, name: &str) -> PathBuf {
    dir.path().join(name)
}

async fn journal(store: &SqliteStore) -> Vec<(u64, JournalBatch)> {
    store.journal_read(0, 1_000_000).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_restored_is_what_was_there() {
    let (store, data) = filled().await;
    let home = tempfile::tempdir().unwrap();
    let made = backup::create(data.path(), &place(&home, "b"), clock()).await.unwrap();
    assert_eq!(backup::check(&place(&home, "b")).await.unwrap(), made);
    assert_eq!(backup::restore(&place(&home, "b"), &place(&home, "new")).await.unwrap(), made);
    assert_eq!(made.streams.iter().map(|of| of.version).collect::<Vec<_>>(), [10, 2]);
    assert_eq!(made.journal_offset, 10);

    let other = SqliteStore::open(&place(&home, "new"), clock()).await.unwrap();
    for stream in [shop(), stream("zoo")] {
        let (before, after) =
            (store.read_from(stream.clone(), 0, 100).await, other.read_from(stream, 0, 100).await);
        assert_eq!(before.unwrap(), after.unwrap());
    }
    assert_eq!(journal(&store).await, journal(&other).await);
    assert_eq!(other.secret("unit", [8; 32]).await.unwrap(), [7; 32]);
    // Life goes on where it stood, and numbers given out are not given out again.
    other.append(append(shop(), 10, &[11])).await.unwrap();
    assert_eq!(other.journal_append(vec![batch(11, 1)]).await.unwrap()[0].offset, 11);
    assert!(other.journal_append(vec![batch(3, 20)]).await.unwrap()[0].duplicate);
}

/// The log is never behind the evidence in a way that no moment had: both grow in step, entry before batch, and each
/// backup shows them in step.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn both_files_are_copied_as_they_were_at_one_moment() {
    let (store, data) = filled().await;
    let store = Arc::new(store);
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            let mut n = 10;
            while !*stopped.borrow_and_update() {
                store.append(append(shop(), n, &[u128::from(n) + 1_000])).await.unwrap();
                store.journal_append(vec![batch(u128::from(n) + 1_000, 50)]).await.unwrap();
                n += 1;
            }
            n
        }
    });
    let home = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    for round in 0..8 {
        let made = backup::create(data.path(), &place(&home, &round.to_string()), clock()).await.unwrap();
        let entries = made.streams[0].version;
        assert!([0, 1].contains(&(entries - made.journal_offset)), "{entries} {}", made.journal_offset);
        seen.push(entries);
    }
    stop.send(true).unwrap();
    assert!(writer.await.unwrap() >= *seen.last().unwrap());
    assert!(seen.is_sorted());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_change_of_any_bit_is_noticed() {
    let (_store, data) = filled().await;
    let home = tempfile::tempdir().unwrap();
    let dir = place(&home, "b");
    let made = backup::create(data.path(), &dir, clock()).await.unwrap();
    let names: Vec<String> =
        made.files.iter().map(|file| file.name.clone()).chain(["backup.json".to_owned()]).collect();
    let mut flipped = 0;
    for name in names {
        let path = dir.join(&name);
        let good = fs::read(&path).unwrap();
        // Every bit of what is small, and of the rest positions that have nothing to do with pages.
        let step = if good.len() < 4096 { 1 } else { good.len() * 8 / 211 };
        for bit in (0..good.len() * 8).step_by(step) {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &bad).unwrap();
            let error = backup::check(&dir).await.unwrap_err();
            assert!(matches!(error, BackupError::Damaged { .. }), "{name}, bit {bit}: {error}");
            flipped += 1;
        }
        fs::write(&path, &good).unwrap();
    }
    assert!(flipped > 1_000, "{flipped}");
    backup::check(&dir).await.unwrap();
    let error = backup::restore(&damaged(&dir), &place(&home, "new")).await.unwrap_err();
    assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
    assert!(!place(&home, "new").exists(), "nothing is put where a server could start on it");
}

/// Flips a bit in the middle of the log.
fn damaged(dir: &Path) -> PathBuf {
    let path = dir.join("log.db");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    dir.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_are_missing_or_too_many_are_noticed() {
    let (_store, data) = filled().await;
    let home = tempfile::tempdir().unwrap();
    let spoils: [fn(&Path); 3] = [
        |dir| fs::remove_file(dir.join("evidence.db")).unwrap(),
        |dir| fs::write(dir.join("log.db-wal"), "x").unwrap(),
        |dir| fs::remove_file(dir.join("backup.json")).unwrap(),
    ];
    for (n, spoil) in spoils.into_iter().enumerate() {
        let dir = place(&home, &n.to_string());
        backup::create(data.path(), &dir, clock()).await.unwrap();
        spoil(&dir);
        backup::check(&dir).await.unwrap_err();
    }
    let unfinished = backup::check(&place(&home, "2")).await.unwrap_err();
    assert!(matches!(unfinished, BackupError::NoManifest { .. }), "{unfinished}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_over_and_nothing_is_made_of_nothing() {
    let (_store, data) = filled().await;
    let home = tempfile::tempdir().unwrap();
    fs::write(place(&home, "mine"), "precious").unwrap();
    let error = backup::create(data.path(), home.path(), clock()).await.unwrap_err();
    assert!(matches!(error, BackupError::NotEmpty { .. }), "{error}");
    backup::create(data.path(), &place(&home, "b"), clock()).await.unwrap();
    let error = backup::restore(&place(&home, "b"), data.path()).await.unwrap_err();
    assert!(matches!(error, BackupError::NotEmpty { .. }), "{error}");
    let error = backup::create(&place(&home, "nowhere"), &place(&home, "c"), clock()).await.unwrap_err();
    assert!(matches!(error, BackupError::Open(OpenError::Nothing { .. })), "{error}");
    assert!(!place(&home, "c").exists() && !place(&home, "nowhere").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_in_use_can_be_looked_into_and_not_written_to() {
    let (store, data) = filled().await;
    let reader = SqliteStore::open_read_only(data.path()).await.unwrap();
    assert_eq!(verify(&reader, shop()).await.unwrap(), verify(&store, shop()).await.unwrap());
    store.append(append(shop(), 10, &[50])).await.unwrap();
    assert_eq!(verify(&reader, shop()).await.unwrap().version, 11);
    assert_eq!(reader.check_files().await.unwrap().batches, 10);
    let refused = reader.append(append(shop(), 11, &[60])).await.unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly), "{refused}");
    assert_eq!(reader.secret("unit", [9; 32]).await.unwrap(), [7; 32]);
    reader.close().await;
    store.close().await;
    // Nobody uses it any more, and what is read is the same.
    let reader = SqliteStore::open_read_only(data.path()).await.unwrap();
    assert_eq!(verify(&reader, shop()).await.unwrap().version, 11);
    reader.close().await;
    let error = SqliteStore::open_read_only(&place(&data, "nowhere")).await.err().unwrap();
    assert!(error.to_string().contains("check the path"), "{error}");
}
