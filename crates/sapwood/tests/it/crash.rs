//! Killed without warning while eight writers write: whatever was acknowledged is there when it is back.
//!
//! `SAPWOOD_CRASH_ROUNDS` asks for more rounds; `cargo xtask crash --rounds N` sets it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::program::Program;
use crate::server::{Access, PROJECT, Server, now};

const WRITERS: u64 = 8;
const ROUNDS: u64 = 10;

/// Something the server said yes to.
#[derive(Debug)]
enum Acknowledged {
    /// An entry: its version, what it is about, and what it says.
    Entry(u64, String, String),
    /// A batch of events.
    Batch(Uuid),
}

#[test]
fn nothing_acknowledged_is_lost_to_a_kill() {
    let asked = std::env::var("SAPWOOD_CRASH_ROUNDS");
    let rounds = asked.map_or(ROUNDS, |text| text.parse().expect("SAPWOOD_CRASH_ROUNDS is a number"));
    let home = tempfile::tempdir().unwrap();
    let mut server = Server::first(home.path());
    assert_eq!(server.access.metric("errors", "").status, 200);
    let mut entries = BTreeMap::new();
    for round in 0..rounds {
        let access = server.access.clone();
        let answers = 5 + round * 37 % 90;
        let acknowledged = write_until_killed(server, round, answers);
        assert!(u64::try_from(acknowledged.len()).unwrap() >= answers);
        server = Server::again(home.path(), &access);
        check(&server.access, &acknowledged, &mut entries);
        verify(home.path(), round);
        assert_eq!(server.access.get("/readyz/writes").status, 200);
    }
    server.stop();
}

/// Lets the writers write until so many answers came, and kills the server then, in the middle of whatever they are
/// doing; what was acknowledged.
fn write_until_killed(mut server: Server, round: u64, answers: u64) -> Vec<Acknowledged> {
    let (said, heard) = mpsc::channel();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (access, said) = (server.access.clone(), said.clone());
            thread::spawn(move || write(&access, round, writer, &said))
        })
        .collect();
    drop(said);
    for _ in 0..answers {
        heard.recv().expect("writers write until the server is killed");
    }
    server.program.kill();
    writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
}

/// A change and a batch in turn, until the server does not answer any more.
fn write(access: &Access, round: u64, writer: u64, said: &mpsc::Sender<()>) -> Vec<Acknowledged> {
    let mut acknowledged = Vec::new();
    for n in 0_u64.. {
        let about = format!("writer-{writer}");
        let says = format!("{round}-{writer}-{n}");
        let metric = json!({"metric": {"kind": "event_rate"}, "description": says});
        let path = format!("{PROJECT}/metrics/{about}");
        let Ok(answer) = access.try_send("PUT", &path, &access.admin, &metric) else { break };
        assert_eq!(answer.status, 200, "{answer:?}");
        acknowledged.push(Acknowledged::Entry(answer.json["version"].as_u64().unwrap(), about, says));
        // Whoever counts has heard enough by the time it is gone.
        let _ = said.send(());
        let id = Uuid::from_u64_pair(round * WRITERS + writer + 1, n);
        let Ok(answer) = access.try_send("POST", "/api/v1/events", &access.application, &batch(id)) else {
            break;
        };
        assert_eq!((answer.status, &answer.json["duplicate"]), (202, &json!(false)), "{answer:?}");
        acknowledged.push(Acknowledged::Batch(id));
        let _ = said.send(());
    }
    acknowledged
}

fn batch(id: Uuid) -> Value {
    json!({"batch": id, "items": [{"type": "metric", "metric": "errors", "unit": "user-1", "at": now()}]})
}

/// Every entry is where it was said to be, as it was said, and what was there before is still the same; every batch is
/// known.
fn check(access: &Access, acknowledged: &[Acknowledged], entries: &mut BTreeMap<u64, String>) {
    let mut now = BTreeMap::new();
    let mut path = format!("{PROJECT}/log?limit=500");
    loop {
        let page = access.get(&path).json;
        for entry in page["items"].as_array().unwrap() {
            now.insert(entry["version"].as_u64().unwrap(), entry["text"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{PROJECT}/log?limit=500&after={next}");
    }
    assert!(entries.iter().all(|(version, text)| now.get(version) == Some(text)), "history changed");
    for one in acknowledged {
        match one {
            Acknowledged::Entry(version, about, says) => {
                let text = now.get(version).unwrap_or_else(|| panic!("{one:?} is lost"));
                let body: Value = serde_json::from_str(text).unwrap();
                assert_eq!(
                    (body["key"].as_str(), body["description"].as_str()),
                    (Some(&**about), Some(&**says))
                );
            }
            Acknowledged::Batch(id) => {
                let again =
                    access.try_send("POST", "/api/v1/events", &access.application, &batch(*id)).unwrap();
                assert_eq!((again.status, &again.json["duplicate"]), (202, &json!(true)), "{one:?} is lost");
            }
        }
    }
    *entries = now;
}

fn verify(data: &Path, round: u64) {
    let mut program = Program::start(&["log", "verify", "--data", data.to_str().unwrap(), "--json"]);
    let lines = program.lines();
    let (status, said) = program.end();
    assert!(status.success(), "round {round}: {said}");
    assert_eq!(lines.last().unwrap()["event"], "files_verified", "{lines:?}");
}
