//! What only this crate can provoke: a full disk and a failing one.

mod durable;

use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use sapwood_core::time::Timestamp;
use sqlx::Executor;
use uuid::Uuid;

use super::connect::{self, File};
use super::evidence::Writer;
use super::fence::Fence;
use super::journal::{self, Packed};
use super::lock::DirectoryLock;
use super::space::Space;
use crate::error::StoreError;

async fn writer(dir: &Path) -> Writer {
    let db = connect::writer(dir, File::Evidence).await.unwrap();
    let lock = Arc::new(DirectoryLock::take(dir).unwrap());
    Writer { db, fence: Fence::default(), space: Space::open(dir), lock }
}

fn packed(id: u128) -> Packed {
    Packed {
        id: Uuid::from_u128(id),
        project: "shop".parse().unwrap(),
        environment: "production".parse().unwrap(),
        received_at: Timestamp::from_ms(0),
        body: vec![7; 3_000],
    }
}

#[tokio::test]
async fn a_full_disk_refuses_the_write_at_hand_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path()).await;
    writer.db.execute("pragma max_page_count = 60").await.unwrap();
    let mut stored = 0;
    let error = loop {
        match writer.commit(&[vec![packed(stored)]]).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full(_)), "{error}");
    assert!(stored > 10);
    writer.fence.check().unwrap();

    writer.db.execute("pragma max_page_count = 1000").await.unwrap();
    writer.commit(&[vec![packed(stored)]]).await.unwrap();
    let readers = connect::readers(dir.path(), File::Evidence);
    let kept = journal::read(&readers, 0, 1_000).await.unwrap();
    assert_eq!(
        kept.iter().map(|(_, batch)| batch.id.as_u128()).collect::<Vec<_>>(),
        (0..=stored).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_disk_that_fails_stops_all_writing() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = writer(dir.path()).await;
    first.commit(&[(0..200).map(packed).collect()]).await.unwrap();
    connect::close(first.db, File::Evidence).await;
    drop(first.lock);

    // Everything behind the first pages, which hold the schema, turns to noise.
    let mut file = OpenOptions::new().write(true).open(dir.path().join("evidence.db")).unwrap();
    let length = file.seek(SeekFrom::End(0)).unwrap();
    file.seek(SeekFrom::Start(4096 * 20)).unwrap();
    file.write_all(&vec![0xa5; usize::try_from(length).unwrap() - 4096 * 20]).unwrap();

    let mut second = writer(dir.path()).await;
    let error = second.commit(&[vec![packed(100)]]).await.unwrap_err();
    assert!(matches!(error, StoreError::Failed(_)), "{error}");
    let error = second.commit(&[vec![packed(1_000)]]).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly), "{error}");
}
