//! A disk that fails, is full, or is slow; a database that is gone. Flags are served through all of it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::Program;
use crate::server::{Access, Answer, PRODUCTION, PROJECT, Server, now, targeting};
use crate::strace::Strace;

#[path = "../../../sapwood-store/tests/support/trace.rs"]
mod trace;

const SYNCS: [&str; 2] = ["-e", "trace=fdatasync,fsync"];

/// A server with a flag that serves `on`, a metric, and a rollout of another flag.
fn shop(server: Server) -> (Server, String) {
    let access = &server.access;
    access.flag("checkout", "on");
    access.flag("search", "off");
    assert_eq!(access.metric("errors", "").status, 200);
    let rollout = json!({
        "flag": "search", "baseline": "off", "candidate": "on",
        "ladder": {"stages": [{"share": 100_000}]}, "holdback": 0,
    });
    let started = access.manage("POST", &format!("{PRODUCTION}/rollouts"), &rollout);
    assert_eq!(started.status, 201, "{started:?}");
    assert_eq!(access.evaluate("search").json["variant"], "on");
    let id = started.json["id"].as_str().unwrap().to_owned();
    (server, id)
}

fn event(access: &Access, n: u128) -> Answer {
    let body = json!({
        "batch": uuid::Uuid::from_u128(n),
        "items": [{"type": "alive", "metric": "errors", "at": now()}],
    });
    access.try_send("POST", "/api/v1/events", &access.application, &body).unwrap()
}

/// Changes until one is refused; the refusal.
fn first_refusal(access: &Access) -> Answer {
    let mut answers = (0..5_000).map(|n| access.metric("errors", &n.to_string()));
    answers.find(|answer| answer.status != 200).expect("the fault that was injected is met")
}

fn serves_on(access: &Access) {
    let answer = access.evaluate("checkout");
    assert_eq!((answer.status, &answer.json["value"]), (200, &json!(true)), "{answer:?}");
}

fn is_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, &answer.json["code"]), (status, &json!(code)), "{answer:?}");
}

#[test]
fn over_http_every_acknowledgement_follows_its_sync() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::first(&home.path().join("data"));
    let access = &server.access;
    assert_eq!(access.metric("errors", "").status, 200);
    let mut counts = Vec::new();
    for (round, inject) in [(0, &[][..]), (100, &["-e", "inject=fdatasync,fsync:retval=0"])] {
        let path = home.path().join(format!("trace-{round}"));
        let calls = ["-e", "trace=pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg"];
        let strace = Strace::attach(server.program.id(), &[&calls, inject].concat(), &path);
        for n in 0..5 {
            assert_eq!(access.metric("errors", &format!("{round}-{n}")).status, 200);
            assert_eq!(event(access, round + n + 1).status, 202);
        }
        strace.detach();
        let text = fs::read_to_string(&path).unwrap();
        counts.push(trace::acknowledgements(&text, "log.db-wal", "HTTP/1.1 200"));
        counts.push(trace::acknowledgements(&text, "evidence.db-wal", "HTTP/1.1 202"));
    }
    assert_eq!(counts[..2], [Ok(5), Ok(5)]);
    assert!(
        counts[2..].iter().all(Result::is_err),
        "syncs that were not carried out are noticed: {counts:?}"
    );
    server.stop();
}

/// After a sync that failed nobody knows what is on the disk; only a new start, which reads it, does.
#[test]
fn a_sync_that_fails_ends_all_writing_until_a_restart() {
    for when in [1, 3] {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        let (server, rollout) = shop(Server::first(&data));
        let access = server.access.clone();
        let inject = format!("inject=fdatasync,fsync:error=EIO:when={when}");
        let calls = [&SYNCS[..], &["-e", &inject]].concat();
        let strace = Strace::attach(server.program.id(), &calls, &home.path().join("trace"));
        is_problem(&first_refusal(&access), 503, "storage_failed");
        strace.detach();
        // The disk works again, and still nothing is written.
        let hold = format!("{PRODUCTION}/rollouts/{rollout}/hold");
        for answer in [
            access.metric("errors", "again"),
            event(&access, 1),
            access.manage("POST", &hold, &json!({"reason": "fault"})),
        ] {
            is_problem(&answer, 503, "storage_failed");
            assert!(answer.json["detail"].as_str().unwrap().contains("restart the server"), "{answer:?}");
        }
        serves_on(&access);
        let health = access.get("/healthz");
        assert_eq!((health.status, &health.json["restart"]), (200, &json!(true)), "{health:?}");
        assert_eq!(health.json["events_shed"], 1);
        assert_eq!((access.get("/readyz").status, access.get("/readyz/writes").status), (200, 503));
        let mut program = server.program;
        program.kill();
        let server = Server::again(&data, &access);
        assert_eq!(server.access.metric("errors", "after").status, 200);
        assert_eq!(server.access.get("/readyz/writes").status, 200);
        serves_on(&server.access);
        server.stop();
    }
}

#[test]
fn a_write_that_finds_no_room_is_refused_and_the_next_one_is_not() {
    let home = tempfile::tempdir().unwrap();
    let (server, _) = shop(Server::first(&home.path().join("data")));
    let access = &server.access;
    for when in [1, 2, 5] {
        let inject = format!("inject=pwrite64:error=ENOSPC:when={when}");
        let calls = ["-e", "trace=pwrite64", "-e", &inject];
        let strace = Strace::attach(server.program.id(), &calls, &home.path().join("trace"));
        is_problem(&first_refusal(access), 507, "storage_full");
        strace.detach();
        assert_eq!(access.metric("errors", &format!("after {when}")).status, 200);
        serves_on(access);
    }
    server.stop();
}

/// The disk really is full here: a small one, filled to its last page.
#[test]
fn on_a_full_disk_flags_are_served_and_rollouts_held_and_rolled_back() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::on_small_disk(home.path(), 24 << 20);
    let inside = PathBuf::from(format!("/proc/{}/root", server.program.id()));
    let filler = inside.join(home.path().strip_prefix("/").unwrap()).join("filler");
    let (server, rollout) = shop(server);
    let access = &server.access;
    fill(&filler);
    is_problem(&first_refusal(access), 507, "storage_full");
    let shed = (1..5_000).map(|n| event(access, n)).find(|answer| answer.status != 202).unwrap();
    is_problem(&shed, 507, "storage_full");
    let ready = access.get("/readyz/writes");
    assert_eq!(ready.status, 503);
    assert!(ready.json["detail"].as_str().unwrap().contains("The disk is full"), "{ready:?}");
    serves_on(access);
    let step = |step: &str| {
        let body = json!({"reason": "the disk is full"});
        access.manage("POST", &format!("{PRODUCTION}/rollouts/{rollout}/{step}"), &body)
    };
    let held = step("hold");
    assert_eq!((held.status, &held.json["state"]), (200, &json!("held")), "{held:?}");
    let rolled_back = step("roll-back");
    assert_eq!(
        (rolled_back.status, &rolled_back.json["state"]),
        (200, &json!("rolled_back")),
        "{rolled_back:?}"
    );
    assert_eq!(access.evaluate("search").json["variant"], "off");
    // What room was found for them is not given to anybody else.
    is_problem(&access.metric("errors", "not this"), 507, "storage_full");
    let health = access.get("/healthz").json;
    assert_eq!((&health["status"], &health["restart"]), (&json!("full"), &json!(false)), "{health}");
    assert!(health["events_shed"].as_u64().unwrap() > 0, "{health}");

    fs::remove_file(&filler).unwrap();
    let mut answers = (0..1_000_000).map(|_| access.metric("errors", "room again").status);
    assert!(answers.any(|status| status == 200), "it goes on by itself once there is room");
    assert_eq!(access.get("/readyz/writes").status, 200);
    assert_eq!(access.get(&format!("{PRODUCTION}/rollouts/{rollout}")).json["state"], "rolled_back");
    server.stop();
}

/// Writes until there is no room for another byte.
fn fill(filler: &Path) {
    let mut file = fs::File::create(filler).unwrap();
    for size in [1 << 16, 1 << 12, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

#[test]
fn while_the_disk_is_slow_flags_are_served_and_the_change_waits_for_it() {
    let home = tempfile::tempdir().unwrap();
    let (server, _) = shop(Server::first(&home.path().join("data")));
    let calls = [&SYNCS[..], &["-e", "inject=fdatasync,fsync:delay_enter=4000000"]].concat();
    let path = home.path().join("trace");
    let strace = Strace::attach(server.program.id(), &calls, &path);
    let (done, answered) = mpsc::channel();
    let access = server.access.clone();
    let change = thread::spawn(move || {
        let answer = access.metric("errors", "slow");
        done.send(()).unwrap();
        answer
    });
    // The change is on its way once the tracer has seen the sync of the log begin.
    while !fs::read_to_string(&path).unwrap().contains("log.db-wal") {
        assert!(answered.try_recv().is_err(), "it is answered after its sync, not before");
        serves_on(&server.access);
    }
    serves_on(&server.access);
    assert!(answered.try_recv().is_err(), "it is answered after its sync, not before");
    assert_eq!(change.join().unwrap().status, 200);
    strace.detach();
    server.stop();
}

/// What can be done to a database, and a word of what is said then.
type Ruin = (fn(&Path), &'static str);

#[test]
fn without_its_database_a_server_serves_what_it_last_served() {
    const RUINS: [Ruin; 4] = [
        (|data| fs::write(data.join("log.db"), vec![0xa5; 100_000]).unwrap(), "log.db"),
        (|data| fs::remove_file(data.join("log.db")).unwrap(), "log.db"),
        (|data| fs::write(data.join("evidence.db"), "nonsense").unwrap(), "evidence.db"),
        (alter_an_entry, "does not match its hash"),
    ];
    let (data, access) = stopped_shop();
    for (n, (ruin, word)) in RUINS.into_iter().enumerate() {
        let home = tempfile::tempdir().unwrap();
        let dir = copy(data.path(), home.path());
        ruin(&dir);
        let server = Server::again(&dir, &access);
        assert_eq!(server.ready["serving"], "last_known_good", "{n}: {}", server.ready);
        let access = &server.access;
        serves_on(access);
        let ready = access.get("/readyz");
        assert_eq!((ready.status, &ready.json["writes"]), (200, &json!(false)), "{ready:?}");
        for refused in [access.metric("errors", "x"), event(access, 1), access.get(&format!("{PROJECT}/log"))]
        {
            is_problem(&refused, 503, "storage_failed");
        }
        let said = access.get("/readyz/writes");
        assert_eq!(said.status, 503);
        let detail = said.json["detail"].as_str().unwrap();
        assert!(detail.contains(word) && detail.contains("Repair or restore it"), "{n}: {detail}");
        server.stop();
    }
    let server = Server::again(data.path(), &access);
    assert_eq!(server.ready["serving"], Value::Null);
    server.stop();
}

/// An older log in the place of the one that was served from: entries are missing, and only the last known good knows.
#[test]
fn a_log_that_lost_entries_is_noticed() {
    let home = tempfile::tempdir().unwrap();
    let (data, old) = (home.path().join("data"), home.path().join("old"));
    let server = Server::first(&data);
    let access = server.access.clone();
    access.flag("checkout", "off");
    server.stop();
    fs::create_dir(&old).unwrap();
    let old = copy(&data, &old);
    let server = Server::again(&data, &access);
    server.access.put(&format!("{PRODUCTION}/flags/checkout"), &targeting("on"));
    server.stop();
    for file in ["log.db", "evidence.db"] {
        fs::copy(old.join(file), data.join(file)).unwrap();
    }
    let server = Server::again(&data, &access);
    assert_eq!(server.ready["serving"], "last_known_good");
    serves_on(&server.access);
    let detail = server.access.get("/readyz/writes").json["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("the log lost entries"), "{detail}");
    server.stop();
    fs::remove_file(data.join("last-known-good.json")).unwrap();
    let server = Server::again(&data, &access);
    assert_eq!(server.access.evaluate("checkout").json["variant"], "off", "going back was what was wanted");
    server.stop();
}

#[test]
fn with_nothing_to_serve_a_server_does_not_start() {
    let (data, _) = stopped_shop();
    fs::write(data.path().join("log.db"), vec![0xa5; 100_000]).unwrap();
    fs::write(data.path().join("last-known-good.json"), "{}\n").unwrap();
    let program =
        Program::start(&["serve", "--listen", "127.0.0.1:0", "--data", data.path().to_str().unwrap()]);
    let (status, said) = program.end();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("log.db") && said.contains("last-known-good.json"), "{said}");
}

/// A directory that a server left in order.
fn stopped_shop() -> (TempDir, Access) {
    let home = tempfile::tempdir().unwrap();
    let (server, _) = shop(Server::first(home.path()));
    let access = server.access.clone();
    server.stop();
    assert!(home.path().join("last-known-good.json").is_file());
    (home, access)
}

fn copy(from: &Path, to: &Path) -> PathBuf {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
    to.to_owned()
}

/// Changes one letter of what the log says: the file is a sound database, and the log is not.
fn alter_an_entry(data: &Path) {
    let path = data.join("log.db");
    let mut bytes = fs::read(&path).unwrap();
    // Wherever it stands: a page may keep what was moved to another one.
    let places = 0..bytes.len() - 10;
    let places: Vec<_> = places.filter(|place| bytes[*place..].starts_with(b"off_variant")).collect();
    for place in places {
        bytes[place] = b'O';
    }
    fs::write(&path, bytes).unwrap();
}
