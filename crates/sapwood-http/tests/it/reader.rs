//! Reads streams of server-sent events, piece by piece.

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::Request;
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};

use crate::app::TestApp;

/// A reader of a stream.
pub(crate) struct Reader(pub(crate) BodyDataStream);

impl Reader {
    /// The next piece; `None` at the end.
    pub(crate) async fn piece(&mut self) -> Option<String> {
        let piece: Bytes = self.0.next().await?.unwrap();
        Some(String::from_utf8(piece.to_vec()).unwrap())
    }

    pub(crate) async fn notice(&mut self) -> (String, Value) {
        let piece = self.piece().await.unwrap();
        parsed(&piece).unwrap_or_else(|| panic!("no notice: {piece}"))
    }

    /// Whether nothing is said.
    pub(crate) fn is_silent(&mut self) -> bool {
        self.0.next().now_or_never().is_none()
    }
}

/// A field of an event.
pub(crate) fn field<'a>(piece: &'a str, name: &str) -> Option<&'a str> {
    piece.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

/// Id and data of the event in a piece.
pub(crate) fn parsed(piece: &str) -> Option<(String, Value)> {
    let data = field(piece, "data:")?;
    assert!(piece.ends_with("\n\n"), "{piece}");
    Some((field(piece, "id:").unwrap().to_owned(), serde_json::from_str(data).unwrap()))
}

impl TestApp {
    pub(crate) async fn address(&self, token: &str) -> String {
        let answer = self.bulk(token, json!({}), &[]).await.json();
        let stream = &answer["eventStreams"][0];
        assert_eq!((&stream["type"], &stream["inactivityDelaySec"]), (&json!("sse"), &json!(120)));
        stream["endpoint"]["requestUri"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn listen(&self, address: &str, headers: &[(&str, &str)]) -> Reader {
        let mut request = Request::get(address).header("accept", "text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.open(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), 200, "{address}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Reader(response.into_body().into_data_stream())
    }

    pub(crate) async fn refused(&self, address: &str) -> (u16, Value) {
        let answer = self.raw(Request::get(address).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.header("content-type"), "application/json");
        assert!(answer.json()["errorDetails"].is_string());
        (answer.status.as_u16(), answer.json())
    }

    pub(crate) fn revision(&self) -> u64 {
        let scope = sapwood_engine::Scope {
            project: "default".parse().unwrap(),
            environment: "production".parse().unwrap(),
        };
        self.engine.standing(&scope).unwrap().mark.version
    }
}
