//! Who may do what. A handler names what it needs as an argument, so it cannot run without it; what a kind of token
//! may do is decided by `sapwood_core::token::TokenKind::may` and nowhere else.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use sapwood_api::problem::Code;
use sapwood_core::id::{EnvironmentKey, ProjectKey};
use sapwood_core::token::Permission;
use sapwood_engine::{Audience, Bearer, Caller, Engine, Outlet, Scope};

use crate::app::App;
use crate::problem::Refusal;

/// May read and change the project in the address.
#[derive(Debug, Clone)]
pub(crate) struct ManageProject {
    pub(crate) caller: Arc<Caller>,
    pub(crate) project: ProjectKey,
}

/// May read and change the environment in the address.
#[derive(Debug, Clone)]
pub(crate) struct Manage {
    pub(crate) caller: Arc<Caller>,
    pub(crate) scope: Scope,
}

/// May evaluate flags of the environment.
#[derive(Debug, Clone)]
pub(crate) struct Evaluate {
    pub(crate) caller: Arc<Caller>,
    pub(crate) outlet: Arc<Outlet>,
}

impl Evaluate {
    /// Whether flags that clients do not see, and which rule decided, are for this caller.
    pub(crate) fn inspects(&self) -> bool {
        self.caller.token.kind.may(Permission::Inspect)
    }

    /// Who the answer is written for.
    pub(crate) fn audience(&self) -> Audience {
        if self.inspects() { Audience::Server } else { Audience::Client }
    }
}

/// May report exposures and events of the environment.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) scope: Scope,
}

/// May read how the server and the caller's project are doing.
#[derive(Debug, Clone)]
pub(crate) struct Overview {
    pub(crate) project: ProjectKey,
}

impl FromRequestParts<App> for Overview {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let caller = permitted(&parts.headers, &app.engine, Permission::Manage)?;
        if let Some(own) = &caller.token.environment {
            return Err(forbidden(format!(
                "this token is for environment `{own}` only, and this is of all of the server"
            )));
        }
        Ok(Self { project: caller.project.clone() })
    }
}

impl FromRequestParts<App> for ManageProject {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let caller = permitted(&parts.headers, &app.engine, Permission::Manage)?;
        let project = address(parts, app, "project").await?;
        own_project(&caller, &project)?;
        has_database(&app.engine)?;
        if let Some(own) = &caller.token.environment {
            return Err(forbidden(format!(
                "this token is for environment `{own}` only, and this is for all of the project"
            )));
        }
        Ok(Self { caller, project })
    }
}

impl FromRequestParts<App> for Manage {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let caller = permitted(&parts.headers, &app.engine, Permission::Manage)?;
        let project = address(parts, app, "project").await?;
        let environment = address(parts, app, "environment").await?;
        own_project(&caller, &project)?;
        let scope = Scope { project, environment };
        own_environment(&caller, &scope.environment)?;
        has_database(&app.engine)?;
        exists(&app.engine, &scope)?;
        Ok(Self { caller, scope })
    }
}

impl Evaluate {
    /// Whoever asks, from the head of the request. Tokens of one environment, which ask all the time, cost one look-up.
    pub(crate) fn of(parts: &Parts, engine: &Engine) -> Result<Self, Refusal> {
        let Bearer { caller, outlet } = bearer(&parts.headers, engine)?;
        allowed(&caller, Permission::Evaluate)?;
        match outlet {
            Some(outlet) if query(parts, "environment").is_none() => Ok(Self { caller, outlet }),
            Some(_) | None => {
                let scope = token_scope(&caller, parts, engine)?;
                let outlet = engine.outlet(&scope).ok_or_else(|| nowhere(&scope))?;
                Ok(Self { caller, outlet })
            }
        }
    }
}

impl FromRequestParts<App> for Report {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let caller = permitted(&parts.headers, &app.engine, Permission::Report)?;
        let scope = token_scope(&caller, parts, &app.engine)?;
        Ok(Self { scope })
    }
}

/// Whoever shows a valid token that may do this.
pub(crate) fn permitted(
    headers: &HeaderMap,
    engine: &Engine,
    permission: Permission,
) -> Result<Arc<Caller>, Refusal> {
    let caller = bearer(headers, engine)?.caller;
    allowed(&caller, permission)?;
    Ok(caller)
}

fn allowed(caller: &Caller, permission: Permission) -> Result<(), Refusal> {
    let kind = caller.token.kind;
    if kind.may(permission) {
        return Ok(());
    }
    let what = match permission {
        Permission::Manage => "read or change the project; use an admin token",
        Permission::Evaluate => "evaluate flags; use a server or client token",
        Permission::Inspect => "read what only servers may know; use a server token",
        Permission::Report => "report events; use a server or ingest token",
    };
    Err(forbidden(format!("a token of kind `{}` may not {what}", kind.as_str())))
}

fn bearer(headers: &HeaderMap, engine: &Engine) -> Result<Bearer, Refusal> {
    let Some(secret) = secret(headers) else {
        let detail =
            "this address needs a token: send `Authorization: Bearer <token>` or `X-API-Key: <token>`";
        return Err(Refusal::new(Code::Unauthenticated, detail));
    };
    let unknown = || {
        Refusal::new(Code::Unauthenticated, "this token is not valid here, or was revoked; make a new one")
    };
    engine.bearer(secret).ok_or_else(unknown)
}

/// The token as `Authorization: Bearer` or `X-API-Key`.
fn secret(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, secret) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim())
    });
    let key = || headers.get("x-api-key").and_then(|value| value.to_str().ok());
    bearer.or_else(key).filter(|secret| !secret.is_empty())
}

/// A name in the address.
async fn address<T: std::str::FromStr>(
    parts: &mut Parts,
    app: &App,
    name: &'static str,
) -> Result<T, Refusal> {
    let params = RawPathParams::from_request_parts(parts, app).await;
    let text = params
        .ok()
        .and_then(|params| params.iter().find(|(param, _)| *param == name).map(|(_, text)| text.to_owned()));
    text.and_then(|text| text.parse().ok()).ok_or_else(|| Refusal::nothing(&format!("such {name}")))
}

/// The environment a token is for. An admin token may be for all; then `?environment=` says which.
pub(crate) fn token_scope(caller: &Caller, parts: &Parts, engine: &Engine) -> Result<Scope, Refusal> {
    let asked = query(parts, "environment");
    let environment: EnvironmentKey = match (&caller.token.environment, asked) {
        (Some(own), None) => own.clone(),
        (Some(own), Some(asked)) if own.as_str() == asked => own.clone(),
        (Some(own), Some(_)) => return Err(forbidden(format!("this token is for environment `{own}` only"))),
        (None, asked) => asked
            .unwrap_or("production")
            .parse()
            .map_err(|error| Refusal::new(Code::NotFound, format!("`environment`: {error}")))?,
    };
    let scope = Scope { project: caller.project.clone(), environment };
    exists(engine, &scope)?;
    Ok(scope)
}

/// A value of the address's query, as it stands there: names need no escaping.
pub(crate) fn query<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    let pairs = parts.uri.query().unwrap_or_default().split('&');
    pairs.filter_map(|pair| pair.split_once('=')).find(|(known, _)| *known == name).map(|(_, value)| value)
}

fn own_project(caller: &Caller, project: &ProjectKey) -> Result<(), Refusal> {
    if caller.project == *project {
        return Ok(());
    }
    Err(forbidden(format!("this token is for project `{}` only", caller.project)))
}

fn own_environment(caller: &Caller, environment: &EnvironmentKey) -> Result<(), Refusal> {
    match &caller.token.environment {
        Some(own) if own != environment => {
            Err(forbidden(format!("this token is for environment `{own}` only")))
        }
        Some(_) | None => Ok(()),
    }
}

/// Without its database a server knows what to serve and nothing else; an empty list would be a lie.
pub(crate) fn has_database(engine: &Engine) -> Result<(), Refusal> {
    let health = engine.health();
    match health.last_known_good {
        None => Ok(()),
        Some(_) => Err(Refusal::new(Code::StorageFailed, health.sentence().unwrap_or_default())),
    }
}

fn exists(engine: &Engine, scope: &Scope) -> Result<(), Refusal> {
    match engine.snapshot(scope) {
        Some(_) => Ok(()),
        None => Err(nowhere(scope)),
    }
}

fn nowhere(scope: &Scope) -> Refusal {
    Refusal::nothing(&format!("environment `{}` in project `{}`", scope.environment, scope.project))
}

fn forbidden(detail: String) -> Refusal {
    Refusal::new(Code::Forbidden, detail)
}
