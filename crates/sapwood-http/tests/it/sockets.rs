//! The server on real connections: streams that are written without the machinery of HTTP are to the letter what they would
//! be with it, whatever was asked on the connection before, and whatever their reader does.

use std::time::Duration;

use sapwood_http::{Options, serve};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, yield_now};

use crate::app::{PRODUCTION, PROJECT, TestApp};
use crate::reader::{field, parsed};

const GRACE: Duration = Duration::from_secs(5);

struct Running {
    app: TestApp,
    at: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

async fn running() -> Running {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let stopped = async move { stopped.await.unwrap() };
    let serving = tokio::spawn(serve(listener, app.engine.clone(), Options::default(), stopped, GRACE));
    Running { app, at, stop, serving }
}

/// A connection, and what was read from it and not looked at yet.
struct Wire(TcpStream, Vec<u8>);

impl Running {
    async fn connect(&self, requests: &str) -> Wire {
        let mut socket = TcpStream::connect(self.at).await.unwrap();
        socket.write_all(requests.as_bytes()).await.unwrap();
        Wire(socket, Vec::new())
    }

    async fn all_are_gone(&self) {
        while self.app.engine.streams_open() > 0 {
            yield_now().await;
        }
    }
}

impl Wire {
    /// What comes before `end`, without it; everything that still comes, if that is the end of the connection.
    async fn until(&mut self, end: &str) -> Option<String> {
        loop {
            if let Some(at) = self.1.windows(end.len()).position(|window| window == end.as_bytes()) {
                let rest = self.1.split_off(at + end.len());
                let before = std::mem::replace(&mut self.1, rest);
                return Some(String::from_utf8(before[..at].to_vec()).unwrap());
            }
            if self.0.read_buf(&mut self.1).await.unwrap() == 0 {
                return None;
            }
        }
    }

    async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await.unwrap()
    }

    async fn exactly(&mut self, bytes: usize) -> String {
        while self.1.len() < bytes {
            assert!(self.0.read_buf(&mut self.1).await.unwrap() > 0, "it broke off");
        }
        let rest = self.1.split_off(bytes);
        String::from_utf8(std::mem::replace(&mut self.1, rest)).unwrap()
    }

    /// The next chunk; empty at the end of the answer.
    async fn chunk(&mut self) -> String {
        let length = usize::from_str_radix(&self.until("\r\n").await.unwrap(), 16).unwrap();
        let chunk = self.exactly(length).await;
        assert_eq!(self.exactly(2).await, "\r\n");
        chunk
    }

    async fn is_closed(&mut self) -> bool {
        self.1.is_empty() && self.0.read_buf(&mut self.1).await.unwrap() == 0
    }
}

fn get(address: &str) -> String {
    format!("GET {address} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (known, value) = line.split_once(": ")?;
        known.eq_ignore_ascii_case(name).then_some(value)
    })
}

#[tokio::test]
async fn a_stream_is_an_answer_like_any_other() {
    let server = running().await;
    let address = server.app.address(&server.app.client).await;
    let page = "Origin: https://shop.example\r\n\r\n";
    let mut wire = server.connect(&get(&address).replacen("\r\n\r\n", &format!("\r\n{page}"), 1)).await;
    let head = wire.head().await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
        ("x-content-type-options", "nosniff"),
        ("access-control-allow-origin", "*"),
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("date", "Sun, 22 Nov 2026 14:00:00 GMT"),
    ] {
        assert_eq!(header(&head, name), Some(value), "{name} in {head}");
    }
    assert_eq!(header(&head, "content-length"), None);
    let first = wire.chunk().await;
    assert!(field(&first, "retry:").is_some(), "{first}");
    assert_eq!(server.app.engine.streams_open(), 1);
    for variant in ["on", "off"] {
        server.app.serve("banner", variant).await;
        let (id, notice) = parsed(&wire.chunk().await).unwrap();
        assert_eq!((id, &notice["type"]), (server.app.revision().to_string(), &json!("refetchEvaluation")));
    }
    let bearer = format!("\r\nAuthorization: Bearer {}\r\n\r\n", server.app.admin);
    let mut metrics = server.connect(&get("/metrics").replacen("\r\n\r\n", &bearer, 1)).await;
    let head = metrics.head().await;
    let counted = metrics.exactly(header(&head, "content-length").unwrap().parse().unwrap()).await;
    assert!(counted.contains(r#"sapwood_http_requests_total{route="stream",status="200"} 1"#), "{counted}");
    drop(wire);
    server.all_are_gone().await;
}

#[tokio::test]
async fn a_connection_that_asked_before_goes_on_as_a_stream() {
    let server = running().await;
    let app = &server.app;
    let address = app.address(&app.client).await;
    let body = json!({"context": {"targetingKey": "u"}}).to_string();
    let ask = format!(
        "POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        app.client,
        body.len()
    );
    // As browsers do it, one after another; and all at once, as nobody should.
    let mut polite = server.connect(&ask).await;
    let mut rude = server.connect(&format!("{ask}{ask}{}{ask}", get(&address))).await;
    for (wire, answers) in [(&mut polite, 1), (&mut rude, 2)] {
        for _ in 0..answers {
            let head = wire.head().await;
            let length = header(&head, "content-length").unwrap().parse().unwrap();
            let answer: Value = serde_json::from_str(&wire.exactly(length).await).unwrap();
            assert_eq!(answer["flags"][0]["key"], "banner");
        }
    }
    polite.0.write_all(get(&address).as_bytes()).await.unwrap();
    for wire in [&mut polite, &mut rude] {
        assert_eq!(header(&wire.head().await, "content-type"), Some("text/event-stream"));
        assert!(field(&wire.chunk().await, "retry:").is_some());
    }
    app.serve("banner", "on").await;
    for wire in [&mut polite, &mut rude] {
        // What was asked after the stream is never answered: the stream is.
        assert_eq!(parsed(&wire.chunk().await).unwrap().0, app.revision().to_string());
    }
}

#[tokio::test]
async fn what_is_refused_and_what_has_no_body_stays_with_http() {
    let server = running().await;
    let address = server.app.address(&server.app.client).await;
    let refused = get("/ofrep/v1/stream?ticket=wrong");
    let head = get(&address).replacen("GET", "HEAD", 1);
    let mut wire = server.connect(&format!("{refused}{head}")).await;
    let refusal = wire.head().await;
    assert!(refusal.starts_with("HTTP/1.1 401"), "{refusal}");
    wire.exactly(header(&refusal, "content-length").unwrap().parse().unwrap()).await;
    assert!(wire.head().await.starts_with("HTTP/1.1 200"));
    assert_eq!(server.app.engine.streams_open(), 0);
    // The connection still answers.
    wire.0.write_all(get(&address).as_bytes()).await.unwrap();
    wire.head().await;
    assert!(field(&wire.chunk().await, "retry:").is_some());
}

#[tokio::test]
async fn who_speaks_the_older_protocol_gets_no_chunks() {
    let server = running().await;
    let address = server.app.address(&server.app.client).await;
    let mut wire = server.connect(&get(&address).replace("HTTP/1.1", "HTTP/1.0")).await;
    let head = wire.head().await;
    assert_eq!(header(&head, "transfer-encoding"), None, "{head}");
    let first = wire.until("\n\n").await.unwrap();
    assert!(first.starts_with("retry:"), "{first}");
    server.app.serve("banner", "on").await;
    assert!(wire.until("\n\n").await.unwrap().starts_with("id: "));
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_with_the_server() {
    let server = running().await;
    let app = &server.app;
    let token = json!({"kind": "client", "name": "page", "environment": "production"});
    let token = app.manage("POST", &format!("{PROJECT}/tokens"), token).await.json();
    let theirs = app.address(token["token"].as_str().unwrap()).await;
    let mut revoked = server.connect(&get(&theirs)).await;
    let mut ours = server.connect(&get(&app.address(&app.client).await)).await;
    let mut idle = server.connect("").await;
    for wire in [&mut revoked, &mut ours] {
        wire.head().await;
        wire.chunk().await;
    }
    app.manage("DELETE", &format!("{PROJECT}/tokens/{}", token["id"].as_str().unwrap()), Value::Null).await;
    app.serve("banner", "on").await;
    assert_eq!(revoked.chunk().await, "");
    assert!(revoked.is_closed().await);
    assert!(parsed(&ours.chunk().await).is_some());
    server.stop.send(()).unwrap();
    // Properly, not broken off; and nobody waits for whoever asks nothing.
    assert_eq!(ours.chunk().await, "");
    assert!(ours.is_closed().await && idle.is_closed().await);
    server.serving.await.unwrap();
    assert!(TcpStream::connect(server.at).await.is_err());
    assert_eq!(server.app.engine.streams_open(), 0);
}

#[tokio::test]
async fn a_reader_that_talks_is_cut_off() {
    let server = running().await;
    let address = server.app.address(&server.app.client).await;
    let mut wire = server.connect(&get(&address)).await;
    wire.head().await;
    wire.chunk().await;
    // A little is overheard.
    wire.0.write_all(&[b'x'; 1_000]).await.unwrap();
    server.app.serve("banner", "on").await;
    assert!(parsed(&wire.chunk().await).is_some());
    let words = vec![b'x'; 4 << 20];
    // The connection may break while it is written to.
    let _ = wire.0.write_all(&words).await;
    server.all_are_gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_is_cut_off_and_holds_up_nobody() {
    let server = running().await;
    let app = &server.app;
    let much: Vec<String> = (0..10_000).map(|person| format!("{person:0>200}")).collect();
    for number in 0..4 {
        let segment = json!({"segment": {"condition": {"any": []}, "included": much}});
        app.manage("PUT", &format!("{PROJECT}/segments/many-{number}?confirm_growth=true"), segment).await;
    }
    let bearer = format!("\r\nAuthorization: Bearer {}\r\n\r\n", app.server);
    let request = get("/api/v1/stream/flags").replacen("\r\n\r\n", &bearer, 1);
    let (deaf, mut other) = (server.connect(&request).await, server.connect(&request).await);
    other.head().await;
    assert!(other.chunk().await.starts_with("retry:"));
    let off =
        json!({"targeting": {"on": false, "off_variant": "off", "rules": [], "default": {"variant": "on"}}});
    app.manage("PUT", &format!("{PRODUCTION}/flags/banner"), off).await;
    assert_eq!(parsed(&other.chunk().await).unwrap().1["type"], "patch");
    for _ in 0..120 {
        if app.engine.streams_open() < 2 {
            break;
        }
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(app.engine.streams_open(), 1);
    drop(deaf);
}
