//! The console: pages, sessions, forms, and what keeps others out.

use axum::body::Body;
use axum::http::Request;
use sapwood_http::Options;

use crate::app::{Answer, PRODUCTION, TestApp};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

async fn browse(app: &TestApp, method: &str, path: &str, cookie: &str, form: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:8080")
        .header("accept", "text/html")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", cookie)
        .header("content-type", "application/x-www-form-urlencoded");
    app.raw(request.body(Body::from(form.to_owned())).unwrap()).await
}

async fn sign_in(app: &TestApp) -> String {
    let answer = browse(app, "POST", "/sign-in", "", &format!("token={}&next=/", app.admin)).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"));
    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn pages_are_for_those_who_signed_in() {
    let app = TestApp::start().await;
    let id = app.rollout("checkout").await;
    let page = format!("/rollouts/{id}");
    let away = browse(&app, "GET", &page, "", "").await;
    assert_eq!((away.status.as_u16(), away.header("location")), (303, &*format!("/sign-in?next={page}")));
    for wrong in ["nonsense", &app.server] {
        assert_eq!(browse(&app, "POST", "/sign-in", "", &format!("token={wrong}")).await.status, 401);
    }
    let cookie = sign_in(&app).await;
    assert_eq!(browse(&app, "GET", &page, &cookie, "").await.status, 200);
    let out = browse(&app, "POST", "/sign-out", &cookie, "").await;
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(browse(&app, "GET", &page, &cookie, "").await.status, 303);
}

#[tokio::test]
async fn a_session_ends_when_left_alone_and_with_its_token() {
    let app = TestApp::start().await;
    let cookie = sign_in(&app).await;
    app.clock.advance(std::time::Duration::from_hours(7));
    assert_eq!(browse(&app, "GET", "/", &cookie, "").await.status, 200);
    app.clock.advance(std::time::Duration::from_hours(8));
    assert_eq!(browse(&app, "GET", "/", &cookie, "").await.status, 303);

    let cookie = sign_in(&app).await;
    let tokens = "/api/v1/projects/default/tokens";
    let log = app.get("/api/v1/projects/default/log").await.json();
    let issued =
        log["items"].as_array().unwrap().iter().find(|entry| entry["kind"] == "token_issued.v1").unwrap();
    let id = issued["body"]["token"]["id"].as_str().unwrap();
    app.manage("POST", tokens, serde_json::json!({ "kind": "admin", "name": "second" })).await;
    app.manage("DELETE", &format!("{tokens}/{id}"), serde_json::Value::Null).await;
    assert_eq!(browse(&app, "GET", "/", &cookie, "").await.status, 303);
}

#[tokio::test]
async fn pages_show_how_things_stand() {
    let app = TestApp::start().await;
    let cookie = sign_in(&app).await;
    let empty = browse(&app, "GET", "/", &cookie, "").await;
    assert!(
        empty.text.contains("Nothing is growing") && empty.text.contains("curl http://localhost:8080/api")
    );
    let id = app.rollout("checkout").await;
    app.pass(1).await;
    let home = browse(&app, "GET", "/", &cookie, "").await;
    assert!(home.text.contains(&format!("/rollouts/{id}")), "{}", home.text);
    let page = browse(&app, "GET", &format!("/rollouts/{id}"), &cookie, "").await;
    let sentence = app.get(&format!("{PRODUCTION}/rollouts/{id}")).await.json()["sentence"].clone();
    let shown = page.text.replace('\u{a0}', " ");
    assert!(shown.contains(sentence.as_str().unwrap()), "{sentence}");
    assert!(shown.contains("<title>growing at 50 % · checkout · Sapwood</title>"));
    for text in [&empty.text, &home.text, &page.text] {
        assert!(!text.contains(" style=") && !text.contains("<style") && !text.contains(" onclick"));
    }
    assert_eq!(page.header("content-security-policy"), POLICY);
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_form_takes_a_step_and_tells_what_was_refused() {
    let app = TestApp::start().await;
    let id = app.rollout("checkout").await;
    let cookie = sign_in(&app).await;
    let page = format!("/rollouts/{id}");
    let ask = browse(&app, "GET", &format!("{page}/hold"), &cookie, "").await;
    assert!(ask.text.contains("Hold here"), "{}", ask.text);
    let held = browse(&app, "POST", &format!("{page}/hold"), &cookie, "reason=lunch&stage=1").await;
    assert_eq!((held.status.as_u16(), held.header("location")), (303, &*page));
    let shown = browse(&app, "GET", &page, &cookie, "").await;
    assert!(shown.text.contains("lunch") && shown.text.contains("Held because of a person"));
    let late = browse(&app, "POST", &format!("{page}/advance"), &cookie, "reason=go&stage=2").await;
    assert_eq!(late.status, 409);
    assert!(late.text.contains("Nothing was changed"), "{}", late.text);
    let back = browse(&app, "POST", &format!("{page}/roll-back"), &cookie, "reason=enough&stage=1").await;
    assert_eq!(back.status, 303);
    assert!(browse(&app, "GET", &page, &cookie, "").await.text.contains("icon-harmed."));
    assert_eq!(browse(&app, "GET", &format!("{page}/hold"), &cookie, "").await.status, 303);
}

#[tokio::test]
async fn forms_of_other_sites_change_nothing() {
    let app = TestApp::start().await;
    let id = app.rollout("checkout").await;
    let cookie = sign_in(&app).await;
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("origin", "http://evil.example"), ("x-nothing", "1")]
    {
        let request = Request::post(format!("/rollouts/{id}/roll-back"))
            .header("host", "localhost")
            .header("cookie", &cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .header(name, value);
        assert_eq!(app.raw(request.body(Body::from("reason=x")).unwrap()).await.problem(), "forbidden");
    }
    assert_eq!(app.get(&format!("{PRODUCTION}/rollouts/{id}")).await.json()["state"], "running");
}

#[tokio::test]
async fn an_open_console_is_for_this_machine_only() {
    let app = TestApp::with(Options { console_open: true, ..Options::default() }).await;
    assert_eq!(browse(&app, "GET", "/", "", "").await.status, 200);
    for host in ["rebound.example:8080", "192.168.1.4:8080"] {
        let request = Request::get("/").header("host", host).body(Body::empty()).unwrap();
        assert_eq!(app.raw(request).await.status, 403, "{host}");
        let stream =
            Request::get("/api/v1/stream/activity").header("host", host).body(Body::empty()).unwrap();
        assert_eq!(app.raw(stream).await.status, 401, "{host}");
    }
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_names_of_their_content() {
    let app = TestApp::with(Options { console_open: true, ..Options::default() }).await;
    let page = browse(&app, "GET", "/", "", "").await.text;
    let addresses: Vec<_> = page.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert_eq!(addresses.len(), 3, "{addresses:?}");
    for address in addresses {
        let asset = browse(&app, "GET", address, "", "").await;
        assert_eq!(asset.status, 200, "{address}");
        assert!(asset.header("cache-control").contains("immutable"));
    }
    assert_eq!(browse(&app, "GET", "/assets/console.000000000000.css", "", "").await.status, 404);
    assert_eq!(browse(&app, "GET", "/assets/../Cargo.toml", "", "").await.status, 404);
}

#[tokio::test]
async fn people_get_a_page_where_nothing_is() {
    let app = TestApp::with(Options { console_open: true, ..Options::default() }).await;
    let page = browse(&app, "GET", "/nothing", "", "").await;
    assert_eq!(page.status, 404);
    assert!(page.text.contains("<h1>There is nothing here</h1>"), "{}", page.text);
    let unknown = browse(&app, "GET", "/rollouts/nothing", "", "").await;
    assert_eq!(unknown.status, 404);
    assert_eq!(app.get("/nothing").await.problem(), "not_found");
    assert!(browse(&app, "GET", "/?environment=nowhere", "", "").await.status == 404);
}
