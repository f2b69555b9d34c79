//! A server with a project, two environments and a token of each kind.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use sapwood_api::manage::TokenRequest;
use sapwood_core::command::Command;
use sapwood_core::entry::Actor;
use sapwood_core::id::ProjectKey;
use sapwood_core::time::Timestamp;
use sapwood_engine::{Engine, ManualClock, MemoryStore, SeededEntropy, Store, convert};
use sapwood_http::{Options, router};
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const PRODUCTION: &str = "/api/v1/projects/default/environments/production";
pub(crate) const PROJECT: &str = "/api/v1/projects/default";

pub(crate) struct TestApp {
    pub(crate) engine: Engine,
    pub(crate) clock: ManualClock,
    store: Arc<MemoryStore>,
    router: Router,
    pub(crate) admin: String,
    pub(crate) server: String,
    pub(crate) client: String,
    pub(crate) ingest: String,
    pub(crate) elsewhere: String,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The problem's code, of an answer that is a problem in every respect.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16(), "{problem}");
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{problem}");
        problem["code"].as_str().unwrap().to_owned()
    }
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let clock = ManualClock::new("2026-11-22T14:00:00.000Z".parse::<Timestamp>().unwrap());
        let entropy = Arc::new(SeededEntropy::new(1));
        let store = Arc::new(MemoryStore::new(Arc::new(clock.clone())));
        let shared: Arc<dyn Store> = Arc::<MemoryStore>::clone(&store);
        let engine = Engine::open(shared, Arc::new(clock.clone()), entropy).await.unwrap();
        let project: ProjectKey = "default".parse().unwrap();
        let mut commands = vec![Command::DefineProject { project: project.clone(), name: "Shop".to_owned() }];
        for (key, production) in [("production", true), ("staging", false)] {
            let (key, name) = (key.parse().unwrap(), key.to_owned());
            commands.push(Command::DefineEnvironment { key, name, production });
        }
        for command in commands {
            engine.submit(&project, Actor::System, command).await.unwrap();
        }
        let mut secrets = Vec::new();
        for (kind, environment) in [
            ("admin", None),
            ("server", Some("production")),
            ("client", Some("production")),
            ("ingest", Some("production")),
            ("server", Some("staging")),
        ] {
            let environment = environment.map(str::to_owned);
            let request = TokenRequest { kind: kind.to_owned(), name: kind.to_owned(), environment };
            let (command, _, secret) = convert::token(&engine, request).unwrap();
            engine.submit(&project, Actor::System, command).await.unwrap();
            secrets.push(secret);
        }
        let [admin, server, client, ingest, elsewhere] = secrets.try_into().unwrap();
        let router = router(engine.clone(), options);
        Self { engine, clock, store, router, admin, server, client, ingest, elsewhere }
    }

    /// The same server, started again.
    pub(crate) async fn restarted(self) -> Self {
        let store: Arc<dyn Store> = Arc::<MemoryStore>::clone(&self.store);
        let (clock, entropy) = (Arc::new(self.clock.clone()), Arc::new(SeededEntropy::new(3)));
        let engine = Engine::open(store, clock, entropy).await.unwrap();
        Self { router: router(engine.clone(), Options::default()), engine, ..self }
    }

    /// The same server, started again without its database.
    pub(crate) fn without_database(self) -> Self {
        let (clock, entropy) = (Arc::new(self.clock.clone()), Arc::new(SeededEntropy::new(2)));
        let known = self.engine.last_known_good().unwrap();
        let engine = Engine::serve_last_known_good(known, "log.db is not a database", clock, entropy);
        Self { router: router(engine.clone(), Options::default()), engine, ..self }
    }

    pub(crate) async fn raw(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 64 << 20).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub(crate) async fn open(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(&self, method: &str, path: &str, token: &str, body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.raw(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// As an administrator; the answer must be good.
    pub(crate) async fn manage(&self, method: &str, path: &str, body: Value) -> Answer {
        let answer = self.send(method, path, &self.admin, &body.to_string()).await;
        assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.text);
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &self.admin, "").await
    }

    pub(crate) async fn evaluate(&self, key: &str, context: Value) -> Answer {
        let path = format!("/ofrep/v1/evaluate/flags/{key}");
        self.send("POST", &path, &self.server, &json!({"context": context}).to_string()).await
    }

    /// All flags for a context, asked for with a token and headers.
    pub(crate) async fn bulk(&self, token: &str, context: Value, headers: &[(&str, &str)]) -> Answer {
        self.bulk_at("/ofrep/v1/evaluate/flags", token, context, headers).await
    }

    pub(crate) async fn bulk_at(
        &self,
        path: &str,
        token: &str,
        context: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::post(path).header("content-type", "application/json");
        request = request.header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.raw(request.body(Body::from(json!({"context": context}).to_string())).unwrap()).await
    }

    /// A boolean flag that clients may see and that serves `off`.
    pub(crate) async fn visible_flag(&self, key: &str) {
        self.flag(key).await;
        let flag = json!({"flag": {"type": "boolean", "variants": {"on": true, "off": false}, "client_visible": true}});
        self.manage("PUT", &format!("{PROJECT}/flags/{key}"), flag).await;
    }

    /// Changes what a flag serves to everybody in production.
    pub(crate) async fn serve(&self, key: &str, variant: &str) {
        let targeting = json!({"targeting": {"on": true, "off_variant": "off", "rules": [], "default": {"variant": variant}}});
        self.manage("PUT", &format!("{PRODUCTION}/flags/{key}"), targeting).await;
    }

    /// A boolean flag that serves `off`.
    pub(crate) async fn flag(&self, key: &str) {
        let flag = json!({"flag": {"type": "boolean", "variants": {"on": true, "off": false}}});
        self.manage("PUT", &format!("{PROJECT}/flags/{key}"), flag).await;
        let targeting = json!({"targeting": {"on": true, "off_variant": "off", "rules": [], "default": {"variant": "off"}}});
        self.manage("PUT", &format!("{PRODUCTION}/flags/{key}"), targeting).await;
    }

    /// A rollout of a new flag to half and then most of everybody; its id.
    pub(crate) async fn rollout(&self, flag: &str) -> String {
        self.flag(flag).await;
        let metric = json!({"metric": {"kind": "event_rate"}});
        self.manage("PUT", &format!("{PROJECT}/metrics/checkout_error"), metric).await;
        let rollout = json!({
            "flag": flag, "baseline": "off", "candidate": "on",
            "ladder": {"stages": [{"share": 50_000}, {"share": 95_000}]},
            "guardrails": [{"key": "errors", "metric": "checkout_error", "harm": "up"}],
        });
        let answer = self.manage("POST", &format!("{PRODUCTION}/rollouts"), rollout).await;
        assert_eq!(answer.status, StatusCode::CREATED);
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(answer.header("location"), format!("{PRODUCTION}/rollouts/{id}"));
        id
    }

    /// Some time passes and the controller looks.
    pub(crate) async fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.engine.settle().await.unwrap();
    }
}
