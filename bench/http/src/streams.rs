//! A change on its way to clients that listen: how soon each sees it, and what an open stream costs the server.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::api::Api;
use crate::failure::Failure;
use crate::options::Options;
use crate::process::Server;
use crate::report::{quantile, under};
use crate::routes::fresh;
use crate::seed;

const OPEN_WITHIN: Duration = Duration::from_secs(10);
const SEEN_WITHIN: Duration = Duration::from_secs(10);
/// Between two changes, so that each is seen by itself; a server may put changes in quick succession together.
const PAUSE: Duration = Duration::from_millis(300);

/// Where to listen, and what a message that tells of a change contains.
#[derive(Debug, Clone)]
struct Source {
    request: String,
    address: String,
    marker: &'static [u8],
}

pub(crate) fn measure(options: &Options) -> Result<(), Failure> {
    let (server, tokens) = fresh(options, "streams")?;
    let api = Api::new(&server, &tokens.admin);
    seed::flags(&api, 0, 100)?;
    let source = source(&server, &Api::new(&server, &tokens.server), &tokens.admin);
    // One thread, as the load has one core.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::while_doing("starting the load"))?;
    runtime.block_on(listen(options, &server, &api, &source))
}

/// The stream that the answer to a bulk evaluation names; the activity stream where there is none.
fn source(server: &Server, application: &Api, admin: &str) -> Source {
    let address = server.url.trim_start_matches("http://").to_owned();
    let answer = application.post("/ofrep/v1/evaluate/flags", &json!({"context": seed::context(1)}));
    let named = answer.ok().and_then(|answer| {
        let stream = answer.get("eventStreams")?.get(0)?.clone();
        let path =
            stream.get("endpoint").and_then(|endpoint| endpoint.get("requestUri")).and_then(Value::as_str);
        let url =
            stream.get("url").and_then(Value::as_str).and_then(|url| url.strip_prefix(server.url.as_str()));
        path.or(url).map(str::to_owned)
    });
    let (path, authorization, marker): (_, _, &[u8]) = match named {
        Some(path) => (path, String::new(), b"refetchEvaluation"),
        None => (
            "/api/v1/stream/activity?environment=production".to_owned(),
            format!("Authorization: Bearer {admin}\r\n"),
            b"\"type\":\"entry\"",
        ),
    };
    println!("\nstreams: {}", path.split('?').next().unwrap_or_default());
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n{authorization}\r\n");
    Source { request, address, marker }
}

async fn listen(options: &Options, server: &Server, api: &Api, source: &Source) -> Result<(), Failure> {
    let (saw, mut seen) = mpsc::unbounded_channel();
    // Two before counting: what the first stream allocates is not what each costs.
    let mut clients = Vec::new();
    for client in 0..2 {
        clients.push(open(source, client, saw.clone()).await?);
    }
    tokio::time::sleep(PAUSE).await;
    let before = server.resident_kib();
    for client in 2..options.streams + 2 {
        match open(source, client, saw.clone()).await {
            Ok(task) => clients.push(task),
            Err(failure) if client > 2 => {
                println!("after {client} streams no more could be opened: {failure}");
                break;
            }
            Err(failure) => return Err(failure),
        }
    }
    tokio::time::sleep(PAUSE * 3).await;
    let open = clients.len();
    let kib = server.resident_kib().saturating_sub(before);
    let each = f64::from(u32::try_from(kib).unwrap_or(u32::MAX))
        / f64::from(u32::try_from(open.max(3) - 2).unwrap_or(1));
    under(&format!("memory a stream, {open} open"), each, "KiB", Some(6.0));
    let (mut all, mut last) = (Vec::new(), Vec::new());
    for edition in 1..=options.changes {
        tokio::time::sleep(PAUSE).await;
        while seen.try_recv().is_ok() {}
        let latencies = change(api, edition, open, &mut seen).await?;
        last.extend(latencies.iter().copied().reduce(f64::max));
        all.extend(latencies);
    }
    all.sort_by(f64::total_cmp);
    last.sort_by(f64::total_cmp);
    let limit = (open <= 1_100).then_some(50.0);
    under(&format!("change seen by {open} streams, median"), quantile(&all, 500), "ms", None);
    under(&format!("change seen by {open} streams, 99 of 100"), quantile(&all, 990), "ms", limit);
    under("the last of them, median of the changes", quantile(&last, 500), "ms", Some(250.0));
    under("the last of them, worst of the changes", quantile(&last, 1000), "ms", None);
    under(
        &format!("memory a stream after {} changes", options.changes),
        after(server, before, open),
        "KiB",
        None,
    );
    for client in clients {
        client.abort();
    }
    Ok(())
}

fn after(server: &Server, before: u64, open: usize) -> f64 {
    let kib = server.resident_kib().saturating_sub(before);
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / f64::from(u32::try_from(open.max(3) - 2).unwrap_or(1))
}

/// Changes a flag; milliseconds from before it was sent until each stream told of it.
async fn change(
    api: &Api,
    edition: usize,
    open: usize,
    seen: &mut mpsc::UnboundedReceiver<(usize, Instant)>,
) -> Result<Vec<f64>, Failure> {
    let began = Instant::now();
    let sending = {
        let api = api.clone();
        tokio::task::spawn_blocking(move || seed::put_targeting(&api, 1, edition))
    };
    let mut told = vec![false; open];
    let mut latencies = Vec::with_capacity(open);
    while latencies.len() < open {
        let next = timeout(SEEN_WITHIN.saturating_sub(began.elapsed()), seen.recv()).await;
        let Ok(Some((client, at))) = next else {
            let missing = open - latencies.len();
            return Err(Failure(format!(
                "{missing} of {open} streams did not tell of a change within {SEEN_WITHIN:?}"
            )));
        };
        if let Some(told) = told.get_mut(client).filter(|told| !**told) {
            *told = true;
            latencies.push(at.duration_since(began).as_secs_f64() * 1e3);
        }
    }
    sending.await.map_err(Failure::while_doing("changing a flag"))??;
    Ok(latencies)
}

/// Opens a stream and follows it, as soon as the server has answered.
async fn open(
    source: &Source,
    client: usize,
    saw: mpsc::UnboundedSender<(usize, Instant)>,
) -> Result<tokio::task::JoinHandle<()>, Failure> {
    let opening = async {
        let mut stream = TcpStream::connect(&source.address).await?;
        stream.write_all(source.request.as_bytes()).await?;
        let mut head = vec![0; 2048];
        let length = stream.read(&mut head).await?;
        head.truncate(length);
        Ok::<_, std::io::Error>((stream, head))
    };
    let opened = timeout(OPEN_WITHIN, opening).await.map_err(Failure::while_doing("opening a stream"))?;
    let (mut stream, head) = opened.map_err(Failure::while_doing("opening a stream"))?;
    if !head.starts_with(b"HTTP/1.1 200") {
        return Err(Failure(format!("a stream was refused: {}", String::from_utf8_lossy(&head))));
    }
    let marker = source.marker;
    Ok(tokio::spawn(async move {
        let mut buffer = [0; 2048];
        let mut kept = 0;
        while let Ok(length @ 1..) = stream.read(buffer.get_mut(kept..).unwrap_or_default()).await {
            let at = Instant::now();
            let filled = buffer.get(..kept + length).unwrap_or_default();
            if filled.windows(marker.len()).any(|window| window == marker) {
                // The driver may be done already.
                let _ = saw.send((client, at));
                kept = 0;
            } else {
                // A marker may be cut in two.
                kept = filled.len().min(marker.len() - 1);
                let start = filled.len() - kept;
                buffer.copy_within(start..start + kept, 0);
            }
        }
    }))
}
