//! A small client of the server's API, for commands and the demo's shop.

use futures_util::{Stream, StreamExt as _};
use reqwest::{Method, RequestBuilder, Response};
use sapwood_api::problem::{Code, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// One server, asked with one token.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    pub(crate) fn new(base: &str, token: &str) -> Result<Self, Failure> {
        if !base.starts_with("http://") {
            let message = format!("`{base}` must start with http://; this client does not speak TLS yet");
            return Err(Failure::Said(message));
        }
        let http = reqwest::Client::builder().no_proxy().build();
        let http = http.map_err(|error| Failure::Said(format!("no HTTP client could be made: {error}")))?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), token: token.to_owned() })
    }

    /// Asks for JSON.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let response = self.send(self.request(Method::GET, path)).await?;
        self.json(response).await
    }

    /// Sends JSON, and reads JSON.
    pub(crate) async fn send_json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, Failure> {
        let response = self.send(self.request(method, path).json(body)).await?;
        self.json(response).await
    }

    /// The same, only if what is there has this version.
    pub(crate) async fn put_if<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
        version: Option<u64>,
    ) -> Result<T, Failure> {
        let mut request = self.request(Method::PUT, path).json(body);
        if let Some(version) = version {
            request = request.header("if-match", format!("\"{version}\""));
        }
        let response = self.send(request).await?;
        self.json(response).await
    }

    /// Opens an event stream; each item is the `data` of one event.
    pub(crate) async fn events(&self, path: &str) -> Result<impl Stream<Item = String> + use<>, Failure> {
        let response =
            self.send(self.request(Method::GET, path).header("accept", "text/event-stream")).await?;
        Ok(data_of(response))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let response = request.send().await.map_err(|source| Failure::Unreachable {
            url: self.base.clone(),
            source: source.without_url(),
        })?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let text = self.text(response).await?;
        let problem = serde_json::from_str(&text).unwrap_or_else(|_| {
            let said: String = text.chars().take(200).collect();
            let mut problem = Problem::new(Code::Internal, format!("the server answered {status}: {said}"));
            problem.status = status.as_u16();
            problem
        });
        Err(Failure::Problem(Box::new(problem)))
    }

    async fn json<T: DeserializeOwned>(&self, response: Response) -> Result<T, Failure> {
        Ok(serde_json::from_str(&self.text(response).await?)?)
    }

    async fn text(&self, response: Response) -> Result<String, Failure> {
        let cut_off = |source: reqwest::Error| Failure::Unreachable {
            url: self.base.clone(),
            source: source.without_url(),
        };
        response.text().await.map_err(cut_off)
    }
}

/// The `data` of each event, joined over its lines; comments and other fields are skipped.
fn data_of(response: Response) -> impl Stream<Item = String> {
    let parser = (Box::pin(response.bytes_stream()), String::new());
    futures_util::stream::unfold(parser, |(mut bytes, mut buffer)| async move {
        loop {
            if let Some(end) = buffer.find("\n\n") {
                let event: String = buffer.drain(..end.saturating_add(2)).collect();
                let lines: Vec<_> = event.lines().filter_map(|line| line.strip_prefix("data:")).collect();
                if !lines.is_empty() {
                    let data = lines.iter().map(|line| line.trim_start()).collect::<Vec<_>>().join("\n");
                    return Some((data, (bytes, buffer)));
                }
                continue;
            }
            match bytes.next().await {
                Some(Ok(chunk)) => buffer.push_str(&String::from_utf8_lossy(&chunk)),
                Some(Err(_)) | None => return None,
            }
        }
    })
}
