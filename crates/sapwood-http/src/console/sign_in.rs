//! Signing in with an admin token, and out again.

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use sapwood_core::token::Permission;
use serde::Deserialize;

use super::answer::{frame, page as answer};
use super::session::{COOKIE, Visitor};
use crate::app::App;
use crate::limits::SESSION_IDLE_SECONDS;
use crate::page::SignInPage;

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    next: String,
}

/// What the form says.
#[derive(Debug, Deserialize)]
pub(super) struct Shown {
    token: String,
    #[serde(default)]
    next: String,
}

/// `GET /sign-in`.
pub(super) async fn page(
    State(app): State<App>,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    // Where to go afterwards is a comfort; a query that cannot be read leads home.
    let next = asked.map_or_else(|_| String::new(), |Query(asked)| asked.next);
    let next = own_path(&next);
    if Visitor::of(&headers, &app).is_some() {
        return Redirect::to(next).into_response();
    }
    answer(StatusCode::OK, &SignInPage::new(&frame(&app, None, None), None, next))
}

/// `POST /sign-in`.
pub(super) async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    shown: Result<Form<Shown>, FormRejection>,
) -> Response {
    let Ok(Form(shown)) = shown else { return again(&app, "Paste a token.", "/") };
    let next = own_path(&shown.next);
    let Some(caller) = app.engine.authenticate(shown.token.trim()) else {
        return again(&app, "This is not a valid token, or it was revoked.", next);
    };
    if !caller.token.kind.may(Permission::Manage) || caller.token.environment.is_some() {
        return again(
            &app,
            "This token is valid but not for the console; use an admin token of the project.",
            next,
        );
    }
    let id = app.sessions.open(&app.engine, &caller);
    (cookie(&headers, &id, SESSION_IDLE_SECONDS), Redirect::to(next)).into_response()
}

/// `POST /sign-out`.
pub(super) async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Response {
    app.sessions.close(&headers);
    (cookie(&headers, "", 0), Redirect::to("/sign-in")).into_response()
}

fn again(app: &App, problem: &str, next: &str) -> Response {
    answer(StatusCode::UNAUTHORIZED, &SignInPage::new(&frame(app, None, None), Some(problem), next))
}

/// A path of this server and nothing else; anything that could lead elsewhere leads home.
fn own_path(next: &str) -> &str {
    let plain =
        next.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.'));
    if next.starts_with('/') && !next.starts_with("//") && plain { next } else { "/" }
}

fn cookie(headers: &HeaderMap, id: &str, seconds: i64) -> [(HeaderName, String); 1] {
    // Behind a proxy that speaks TLS the browser says so in the origin of the form.
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    let secure = if origin.is_some_and(|origin| origin.starts_with("https://")) { "; Secure" } else { "" };
    let text = format!("{COOKIE}={id}; HttpOnly; SameSite=Lax; Path=/; Max-Age={seconds}{secure}");
    [(header::SET_COOKIE, text)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_nowhere_else() {
        assert_eq!(own_path("/rollouts/0197-a"), "/rollouts/0197-a");
        for bad in ["", "//evil.example", "https://evil.example", "/\\evil.example", "/a?b", "javascript:x"] {
            assert_eq!(own_path(bad), "/", "{bad}");
        }
    }
}
