//! Journal batches as they lie on disk: records as JSON lines, deflated. Coding is kept off the runtime's
//! threads, and to a few cores, because evaluation lives there too.

use std::sync::Arc;

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use sapwood_core::record::Record;
use tokio::sync::Semaphore;

use super::journal::{APPENDING, Packed, READING};
use crate::error::StoreError;
use crate::limits::{BATCH_BYTES_MAX, CODERS_MAX};
use crate::store::JournalBatch;

/// Fast is enough: keys repeat from line to line.
const LEVEL: u8 = 1;

/// Encodes and decodes, a few batches at a time.
#[derive(Debug, Clone)]
pub(super) struct Codec(Arc<Semaphore>);

impl Default for Codec {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CODERS_MAX)))
    }
}

impl Codec {
    pub(super) async fn encode(&self, batches: Vec<JournalBatch>) -> Result<Vec<Packed>, StoreError> {
        self.aside(APPENDING, || batches.into_iter().map(pack).collect()).await
    }

    pub(super) async fn decode(
        &self,
        rows: Vec<(u64, Packed)>,
    ) -> Result<Vec<(u64, JournalBatch)>, StoreError> {
        let unpack_row = |(offset, packed)| unpack(offset, packed).map(|batch| (offset, batch));
        self.aside(READING, move || rows.into_iter().map(unpack_row).collect()).await
    }

    async fn aside<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.0.clone().acquire_owned().await;
        let permit = permit.map_err(|error| StoreError::failed(doing, error))?;
        let done = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(permit);
            outcome
        });
        done.await.map_err(|error| StoreError::failed(doing, error))?
    }
}

fn pack(batch: JournalBatch) -> Result<Packed, StoreError> {
    let mut lines = Vec::new();
    for record in &batch.records {
        serde_json::to_writer(&mut lines, record).map_err(|error| StoreError::failed(APPENDING, error))?;
        lines.push(b'\n');
    }
    if lines.len() > BATCH_BYTES_MAX {
        let (what, found) = ("a batch's bytes", lines.len());
        return Err(StoreError::TooLarge { what, found, limit: BATCH_BYTES_MAX });
    }
    let JournalBatch { id, project, environment, received_at, records: _ } = batch;
    Ok(Packed { id, project, environment, received_at, body: compress_to_vec(&lines, LEVEL) })
}

fn unpack(offset: u64, packed: Packed) -> Result<JournalBatch, StoreError> {
    let Packed { id, project, environment, received_at, body } = packed;
    let damaged = |detail: String| StoreError::Corrupt {
        what: "the journal",
        detail: format!("batch {id} at offset {offset}: {detail}"),
    };
    let lines = decompress_to_vec_with_limit(&body, BATCH_BYTES_MAX).map_err(|e| damaged(e.to_string()))?;
    let records =
        serde_json::Deserializer::from_slice(&lines).into_iter::<Record>().collect::<Result<_, _>>();
    let records = records.map_err(|error| damaged(error.to_string()))?;
    Ok(JournalBatch { id, project, environment, received_at, records })
}
