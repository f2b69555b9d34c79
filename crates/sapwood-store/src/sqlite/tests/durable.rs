//! Every acknowledgement follows its sync, and this test would notice if it did not.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use sapwood_core::entry::{Actor, Draft};
use sapwood_core::id::Stream;
use sapwood_core::time::Timestamp;
use uuid::Uuid;

#[path = "../../../tests/support/trace.rs"]
mod trace;

use super::super::SqliteStore;
use super::super::connect::PLANT_NO_SYNC;
use crate::clock::ManualClock;
use crate::store::{Append, JournalBatch, Store as _};

const DIRECTORY: &str = "SAPWOOD_TEST_DIRECTORY";
const ROUNDS: u8 = 5;
const FILES: [(&str, &str); 2] = [("log.db-wal", "appended"), ("evidence.db-wal", "journaled")];

/// The test runs itself under `strace`; inside, it is the program that is watched.
#[test]
fn every_acknowledgement_follows_its_sync() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        return runtime.block_on(store_and_say(Path::new(&directory)));
    }
    let good = traced(false);
    for (file, word) in FILES {
        assert_eq!(trace::acknowledgements(&good, file, word), Ok(ROUNDS.into()), "{file}");
    }
    let bad = traced(true);
    for (file, word) in FILES {
        let early = trace::acknowledgements(&bad, file, word).unwrap_err();
        assert!(early.contains("written: true"), "synchronous=OFF must be noticed: {early}");
    }
}

/// What the system was asked for while a store took entries and batches, with or without syncs.
fn traced(planted: bool) -> String {
    let home = tempfile::tempdir().unwrap();
    let trace = home.path().join("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-s", "16", "-e", "trace=pwrite64,fdatasync,fsync,write", "-o"]).arg(&trace);
    command.arg(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "sqlite::tests::durable::every_acknowledgement_follows_its_sync",
        "--nocapture",
    ]);
    command.env(DIRECTORY, home.path().join("data"));
    if planted {
        command.env(PLANT_NO_SYNC, "1");
    }
    let output = command.output().expect("strace is needed: apt-get install strace");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "strace must be allowed to trace here (ptrace): {said}");
    std::fs::read_to_string(trace).unwrap()
}

#[expect(clippy::print_stdout, reason = "what it prints is what is looked for in the trace")]
async fn store_and_say(directory: &Path) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_ms(0)));
    let store = SqliteStore::open(directory, clock).await.unwrap();
    for n in 0..ROUNDS {
        let draft = Draft {
            id: Uuid::from_u128(u128::from(n) + 1),
            kind: "project_defined.v1".to_owned(),
            environment: None,
            body: r#"{"project":"shop","name":"Shop"}"#.to_owned(),
        };
        let (stream, actor) = (Stream::Project("shop".parse().unwrap()), Actor::System);
        let append = Append { stream, expected: n.into(), actor, drafts: vec![draft], decided: None };
        store.append(append).await.unwrap();
        println!("appended");
    }
    for n in 0..ROUNDS {
        let batch = JournalBatch {
            id: Uuid::from_u128(u128::from(n) + 1),
            project: "shop".parse().unwrap(),
            environment: "production".parse().unwrap(),
            received_at: Timestamp::from_ms(0),
            records: Vec::new(),
        };
        store.journal_append(vec![batch]).await.unwrap();
        println!("journaled");
    }
}
