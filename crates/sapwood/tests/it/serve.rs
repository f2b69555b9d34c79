//! `serve`: the first start, what a restart keeps, and how it refuses.

use std::io::{Read as _, Write as _};

use serde_json::Value;

use crate::program::Program;

fn start(data: &std::path::Path) -> (Program, Value) {
    let data = data.to_str().unwrap();
    let mut program = Program::start(&["serve", "--listen", "127.0.0.1:0", "--data", data, "--json"]);
    let ready = program.line().unwrap();
    (program, ready)
}

#[test]
fn tokens_are_shown_once_and_work_after_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let (first, ready) = start(home.path());
    let admin = ready["admin_token"].as_str().unwrap().to_owned();
    assert!(admin.starts_with("sw_admin_"), "{admin}");
    assert!(ready["server_token"].as_str().unwrap().starts_with("sw_server_"));
    first.terminate();
    assert_eq!(first.end().0.code(), Some(0));

    let (second, ready) = start(home.path());
    assert_eq!(ready["admin_token"], Value::Null, "a restart must not show or make tokens");
    let url = ready["url"].as_str().unwrap();
    let (status, said) = watch(url, &admin).end();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("no rollout is live here"), "{said}");
    let (status, said) = watch(url, "sw_admin_wrong").end();
    assert_eq!(status.code(), Some(7), "{said}");
    second.terminate();
    assert_eq!(second.end().0.code(), Some(0));
    for file in std::fs::read_dir(home.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let found = bytes.windows(admin.len()).any(|window| window == admin.as_bytes());
        assert!(!found, "the log holds hashes of secrets, not secrets");
    }
}

fn watch(url: &str, token: &str) -> Program {
    Program::start(&["rollout", "watch", "--server", url, "--token", token, "--json"])
}

#[test]
fn an_open_stream_does_not_keep_the_server_from_stopping() {
    let home = tempfile::tempdir().unwrap();
    let (server, ready) = start(home.path());
    let (url, admin) = (ready["url"].as_str().unwrap(), ready["admin_token"].as_str().unwrap());
    let mut reader = std::net::TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let request = format!(
        "GET /api/v1/stream/activity?environment=production HTTP/1.1\r\nHost: sapwood\r\n\
         Authorization: Bearer {admin}\r\n\r\n"
    );
    reader.write_all(request.as_bytes()).unwrap();
    let mut status = [0; 15];
    reader.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200 OK");
    server.terminate();
    assert_eq!(server.end().0.code(), Some(0));
}

#[test]
fn a_body_that_says_it_is_too_large_is_refused_before_it_comes() {
    let home = tempfile::tempdir().unwrap();
    let (server, ready) = start(home.path());
    let (url, admin) = (ready["url"].as_str().unwrap(), ready["admin_token"].as_str().unwrap());
    for (method, path, limit) in [
        ("PUT", "/api/v1/projects/default/flags/a", "4194304"),
        ("PUT", "/api/v1/projects/default/definitions", "67108864"),
        ("POST", "/ofrep/v1/evaluate/flags", "262144"),
    ] {
        let mut client = std::net::TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: sapwood\r\nAuthorization: Bearer {admin}\r\n\
             Content-Type: application/json\r\nConnection: close\r\nContent-Length: 1099511627776\r\n\r\n{{"
        );
        client.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 413"), "{path}: {answer}");
        let figures = format!("the body has 1099511627776 bytes, which is over the limit of {limit} bytes");
        assert!(answer.contains(&figures), "{path}: {answer}");
    }
    server.terminate();
    assert_eq!(server.end().0.code(), Some(0));
}

#[test]
fn one_directory_serves_one_process() {
    let home = tempfile::tempdir().unwrap();
    let (first, _) = start(home.path());
    let second =
        Program::start(&["serve", "--listen", "127.0.0.1:0", "--data", home.path().to_str().unwrap()]);
    let (status, said) = second.end();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("the data directory cannot be used"), "{said}");
    first.terminate();
    assert_eq!(first.end().0.code(), Some(0));
}

#[test]
fn an_address_in_use_is_said_with_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = tempfile::tempdir().unwrap();
    let program = Program::start(&["serve", "--listen", &address, "--data", home.path().to_str().unwrap()]);
    let (status, said) = program.end();
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("--listen"), "{said}");
}

#[test]
fn a_server_that_is_not_there_is_said_plainly() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (status, said) = watch(&format!("http://{free}"), "sw_admin_any").end();
    assert_eq!(status.code(), Some(8), "{said}");
    assert!(said.contains("cannot be reached"), "{said}");
}
