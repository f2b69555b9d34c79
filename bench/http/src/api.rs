//! The management API, as far as seeding needs it.

use serde_json::Value;

use crate::failure::Failure;
use crate::process::Server;

/// Asks a server over connections that stay open.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    agent: ureq::Agent,
    url: String,
    token: String,
}

impl Api {
    pub(crate) fn new(server: &Server, token: &str) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        Self { agent: config.into(), url: server.url.clone(), token: token.to_owned() }
    }

    /// Says what something is to be; the answer must be good.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Result<(), Failure> {
        let request = self.agent.put(format!("{}{path}", self.url));
        let answer = request.header("authorization", format!("Bearer {}", self.token)).send_json(body);
        self.check(path, answer).map(drop)
    }

    /// Sends a body; the answer must be good.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let answer = request.header("authorization", format!("Bearer {}", self.token)).send_json(body);
        let text = self.check(path, answer)?;
        serde_json::from_str(&text).map_err(Failure::while_doing(format!("reading the answer of {path}")))
    }

    /// The entity tag of an answer to a body, which is sent to the byte as the load sends it.
    pub(crate) fn tag(&self, path: &str, body: &Value) -> Result<Option<String>, Failure> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        let answer = request.header("content-type", "application/json").send(body.to_string());
        let mut answer = answer.map_err(Failure::while_doing(format!("asking {path}")))?;
        let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        // Read to its end, so that the connection can be used again.
        answer.body_mut().read_to_string().map_err(Failure::while_doing(format!("reading {path}")))?;
        Ok(tag)
    }

    /// The text of an answer, whatever its status; `None` if nothing is at the address.
    pub(crate) fn text(&self, path: &str) -> Result<Option<String>, Failure> {
        let request = self.agent.get(format!("{}{path}", self.url));
        let answer = request.header("authorization", format!("Bearer {}", self.token)).call();
        let mut answer = answer.map_err(Failure::while_doing(format!("asking {path}")))?;
        let text = answer.body_mut().read_to_string();
        let text = text.map_err(Failure::while_doing(format!("reading the answer of {path}")))?;
        Ok(answer.status().is_success().then_some(text))
    }

    fn check(
        &self,
        path: &str,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<String, Failure> {
        let mut answer = answer.map_err(Failure::while_doing(format!("asking {}{path}", self.url)))?;
        let text = answer.body_mut().read_to_string();
        let text = text.map_err(Failure::while_doing(format!("reading the answer of {path}")))?;
        if answer.status().is_success() {
            return Ok(text);
        }
        Err(Failure(format!("{path} answered {}: {text}", answer.status())))
    }
}
