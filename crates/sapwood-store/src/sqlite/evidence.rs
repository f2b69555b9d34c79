//! The writer of evidence: one task that puts many callers' batches into one commit.

use std::sync::Arc;

use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use super::Answer;
use super::connect::{self, File};
use super::fence::{Fence, no_room, storage};
use super::journal::{self, Packed};
use super::ledger;
use super::lock::DirectoryLock;
use super::space::Space;
use crate::error::StoreError;
use crate::limits::{GROUP_BATCHES_MAX, GROUP_BYTES_MAX};
use crate::store::{Journaled, LedgerCommit};

pub(super) const KEEPING: &str = "keep a secret";

/// What the writer of evidence is asked for.
pub(super) enum Job {
    Journal(Vec<Packed>, Answer<Vec<Journaled>>),
    Ledger(LedgerCommit, Answer<()>),
    Secret(&'static str, [u8; 32], Answer<[u8; 32]>),
    Close(oneshot::Sender<()>),
}

/// Calls that share one commit.
#[derive(Default)]
struct Group {
    calls: Vec<(Vec<Packed>, Answer<Vec<Journaled>>)>,
    batches: usize,
    bytes: usize,
}

impl Group {
    fn push(&mut self, batches: Vec<Packed>, answer: Answer<Vec<Journaled>>) {
        self.batches = self.batches.saturating_add(batches.len());
        self.bytes = batches.iter().fold(self.bytes, |sum, batch| sum.saturating_add(batch.body.len()));
        self.calls.push((batches, answer));
    }

    fn is_full(&self) -> bool {
        self.batches >= GROUP_BATCHES_MAX || self.bytes >= GROUP_BYTES_MAX
    }
}

/// The only one who writes evidence.
pub(super) struct Writer {
    pub(super) db: SqliteConnection,
    pub(super) fence: Fence,
    pub(super) space: Space,
    pub(super) lock: Arc<DirectoryLock>,
}

impl Writer {
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut closing = None;
        let mut next = jobs.recv().await;
        while let Some(job) = next.take() {
            match job {
                Job::Journal(batches, answer) => {
                    let mut group = Group::default();
                    group.push(batches, answer);
                    next = gather(&mut group, &mut jobs);
                    self.journal(group).await;
                }
                // Whoever asked may have left; the same holds for every answer here.
                Job::Ledger(commit, answer) => drop(answer.send(self.ledger(commit).await)),
                Job::Secret(name, minted, answer) => drop(answer.send(self.secret(name, minted).await)),
                Job::Close(answer) => {
                    closing = Some(answer);
                    break;
                }
            }
            if next.is_none() {
                next = jobs.recv().await;
            }
        }
        connect::close(self.db, File::Evidence).await;
        drop(self.lock);
        if let Some(answer) = closing {
            answer.send(()).ok();
        }
    }

    async fn journal(&mut self, group: Group) {
        let (calls, answers): (Vec<_>, Vec<_>) = group.calls.into_iter().unzip();
        match self.commit(&calls).await {
            Ok(journaled) => {
                for (answer, journaled) in answers.into_iter().zip(journaled) {
                    answer.send(Ok(journaled)).ok();
                }
            }
            Err(error) => {
                for answer in answers {
                    answer.send(Err(error.clone())).ok();
                }
            }
        }
    }

    /// Stores the batches of many calls in one transaction.
    pub(super) async fn commit(&mut self, calls: &[Vec<Packed>]) -> Result<Vec<Vec<Journaled>>, StoreError> {
        self.begin(journal::APPENDING).await?;
        let outcome = insert_all(&mut self.db, calls).await;
        self.finish(journal::APPENDING, outcome).await
    }

    async fn ledger(&mut self, commit: LedgerCommit) -> Result<(), StoreError> {
        self.begin(ledger::SAVING).await?;
        let outcome = ledger::save(&mut self.db, &commit).await;
        self.finish(ledger::SAVING, outcome).await
    }

    async fn secret(&mut self, name: &'static str, minted: [u8; 32]) -> Result<[u8; 32], StoreError> {
        self.begin(KEEPING).await?;
        let outcome = keep(&mut self.db, name, minted).await;
        self.finish(KEEPING, outcome).await
    }

    /// Evidence waits for room; what room is left on a full disk belongs to decisions.
    async fn begin(&mut self, doing: &'static str) -> Result<(), StoreError> {
        if !self.space.is_open() {
            return Err(no_room(doing));
        }
        self.fence.begin(&mut self.db, doing).await
    }

    async fn finish<T>(
        &mut self,
        doing: &'static str,
        outcome: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let outcome = self.fence.finish(&mut self.db, doing, outcome).await;
        self.space.note(!matches!(outcome, Err(StoreError::Full(_))));
        outcome
    }
}

/// Adds the calls that wait already, and returns the first job that is of another kind. It waits for nobody:
/// while one group is being committed, the next one gathers by itself.
fn gather(group: &mut Group, jobs: &mut mpsc::Receiver<Job>) -> Option<Job> {
    while !group.is_full() {
        match jobs.try_recv().ok()? {
            Job::Journal(batches, answer) => group.push(batches, answer),
            other @ (Job::Ledger(..) | Job::Secret(..) | Job::Close(_)) => return Some(other),
        }
    }
    None
}

async fn insert_all(
    db: &mut SqliteConnection,
    calls: &[Vec<Packed>],
) -> Result<Vec<Vec<Journaled>>, StoreError> {
    let mut all = Vec::with_capacity(calls.len());
    for call in calls {
        let mut journaled = Vec::with_capacity(call.len());
        for batch in call {
            journaled.push(journal::insert(db, batch).await?);
        }
        all.push(journaled);
    }
    Ok(all)
}

async fn keep(
    db: &mut SqliteConnection,
    name: &'static str,
    minted: [u8; 32],
) -> Result<[u8; 32], StoreError> {
    let query = sqlx::query("insert into secret (name, value) values (?, ?) on conflict (name) do nothing");
    query.bind(name).bind(&minted[..]).execute(&mut *db).await.map_err(storage(KEEPING))?;
    secret(db, name).await.map(|kept| kept.unwrap_or(minted))
}

/// The secret of that name, if there is one.
pub(super) async fn secret(
    db: impl sqlx::SqliteExecutor<'_>,
    name: &'static str,
) -> Result<Option<[u8; 32]>, StoreError> {
    let query = sqlx::query_scalar("select value from secret where name = ?").bind(name);
    let found: Option<Vec<u8>> = query.fetch_optional(db).await.map_err(storage("read a secret"))?;
    let Some(bytes) = found else { return Ok(None) };
    let detail = format!("{name} has {} bytes instead of 32", bytes.len());
    bytes.try_into().map(Some).map_err(|_| StoreError::Corrupt { what: "a secret", detail })
}
