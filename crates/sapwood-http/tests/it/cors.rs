//! Pages of other origins, and clients that ask too often or in the wrong way.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use sapwood_http::{Options, Origins};
use serde_json::json;

use crate::app::{Answer, TestApp};

const SHOP: &str = "https://shop.example";
const FLAGS: &str = "/ofrep/v1/evaluate/flags";

async fn asked(app: &TestApp, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.raw(request.body(Body::from("{}")).unwrap()).await
}

async fn in_advance(app: &TestApp, path: &str, origin: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type,if-none-match"),
    ];
    asked(app, "OPTIONS", path, &headers).await
}

#[tokio::test]
async fn a_browser_that_asks_in_advance_is_told_what_it_needs() {
    let app = TestApp::start().await;
    for path in [FLAGS, "/ofrep/v1/evaluate/flags/a", "/ofrep/v1/stream", "/ofrep/v1/nothing"] {
        let answer = in_advance(&app, path, SHOP).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (204, ""), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-max-age"), "86400");
        assert!(answer.header("access-control-allow-credentials").is_empty());
        let allowed: Vec<_> = answer.header("access-control-allow-headers").split(", ").collect();
        for name in ["authorization", "x-api-key", "content-type", "if-none-match"] {
            assert!(allowed.contains(&name), "{allowed:?}");
        }
        assert!(answer.header("access-control-allow-methods").contains("POST"));
    }
    // Nothing else here is for pages of others.
    for path in ["/api/v1/projects/default/log", "/api/v1/stream/activity", "/healthz"] {
        let answer = in_advance(&app, path, SHOP).await;
        assert!(answer.header("access-control-allow-origin").is_empty(), "{path}");
        let answer = asked(&app, "GET", path, &[("origin", SHOP)]).await;
        assert!(answer.header("access-control-allow-origin").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn a_page_may_read_every_answer_with_its_tag_and_its_wait() {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    let bearer = format!("Bearer {}", app.client);
    let tag = app.bulk(&app.client, json!({}), &[]).await.header("etag").to_owned();
    for (method, path, token, condition, status) in [
        ("POST", FLAGS, &*bearer, "", 200),
        ("POST", FLAGS, &*bearer, &*tag, 304),
        ("POST", FLAGS, "Bearer nonsense", "", 401),
        ("GET", FLAGS, &*bearer, "", 405),
        ("POST", "/ofrep/v1/evaluate/flags/nothing", &*bearer, "", 404),
        ("POST", "/ofrep/v2/nothing", &*bearer, "", 404),
        ("GET", "/ofrep/v1/stream?ticket=x", "", "", 401),
    ] {
        let headers = [("origin", SHOP), ("authorization", token), ("if-none-match", condition)];
        let answer = asked(&app, method, path, &headers).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-expose-headers"), "etag, retry-after");
        assert!(answer.header("vary").is_empty());
    }
    assert!(asked(&app, "POST", FLAGS, &[]).await.header("access-control-allow-origin").is_empty());
}

#[tokio::test]
async fn only_pages_that_were_named_may_if_any_were() {
    let allow_origins = Origins::These(vec![SHOP.parse().unwrap(), "http://localhost:3000".parse().unwrap()]);
    let app = TestApp::with(Options { allow_origins, ..Options::default() }).await;
    for (origin, allowed) in [
        (SHOP, SHOP),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://shop.example.evil", ""),
        ("http://shop.example", ""),
        ("null", ""),
    ] {
        for answer in [
            in_advance(&app, FLAGS, origin).await,
            asked(&app, "POST", FLAGS, &[("origin", origin), ("x-api-key", &app.client)]).await,
        ] {
            assert_eq!(answer.header("access-control-allow-origin"), allowed, "{origin}");
            assert_eq!(answer.header("vary"), "origin");
        }
    }
    assert_eq!(asked(&app, "POST", FLAGS, &[]).await.header("vary"), "origin");
}

#[tokio::test(start_paused = true)]
async fn who_asks_too_often_is_told_how_long_to_wait() {
    let app = TestApp::with(Options { rate_limit: NonZeroU32::new(3), ..Options::default() }).await;
    app.visible_flag("banner").await;
    let one = async |token: &str| app.send("POST", "/ofrep/v1/evaluate/flags/banner", token, "{}").await;
    let all = async |token: &str| app.bulk(token, json!({}), &[]).await;
    let address = all(&app.client).await.json()["eventStreams"][0]["endpoint"]["requestUri"].clone();
    assert_eq!(one(&app.client).await.status, 200);
    let stream = Request::get(address.as_str().unwrap()).body(Body::empty()).unwrap();
    assert_eq!(app.open(stream).await.status(), 200);
    for answer in [
        one(&app.client).await,
        all(&app.client).await,
        asked(&app, "GET", address.as_str().unwrap(), &[]).await,
        // Refused before its body is looked at.
        app.send("POST", FLAGS, &app.client, "{").await,
    ] {
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "1"));
        assert_eq!(answer.header("content-type"), "application/json");
        assert!(answer.json()["errorDetails"].as_str().unwrap().contains("more than 3"), "{}", answer.text);
    }
    // Others are not held to it, nor is what is no evaluation.
    assert_eq!(one(&app.server).await.status, 200);
    for _ in 0..10 {
        assert_eq!(app.get("/api/v1/projects/default/log").await.status, 200);
    }
    tokio::time::advance(Duration::from_secs(1)).await;
    for _ in 0..3 {
        assert_eq!(one(&app.client).await.status, 200);
    }
    assert_eq!(one(&app.client).await.status, 429);
}

#[tokio::test]
async fn a_body_that_says_it_is_not_json_is_not_read() {
    let app = TestApp::start().await;
    app.flag("banner").await;
    for (name, value, status) in [
        ("content-type", "application/json", 200),
        ("content-type", "application/json; charset=utf-8", 200),
        ("content-type", "Application/JSON", 200),
        ("content-type", "application/ld+json", 200),
        ("content-type", "application/x-www-form-urlencoded", 415),
        ("content-type", "text/plain", 415),
        ("content-type", "", 415),
        ("content-encoding", "identity", 200),
        ("content-encoding", "gzip", 415),
        ("content-encoding", "br, gzip", 415),
    ] {
        for path in [FLAGS, "/ofrep/v1/evaluate/flags/banner"] {
            let answer = asked(&app, "POST", path, &[("x-api-key", &app.server), (name, value)]).await;
            assert_eq!(answer.status, status, "{name}: {value}");
            assert!(status == 200 || answer.json()["errorDetails"].is_string());
        }
    }
}

#[tokio::test]
async fn methods_that_are_not_taken_are_refused_in_the_protocols_words() {
    let app = TestApp::start().await;
    for (method, path, allow) in [
        ("GET", FLAGS, "POST"),
        ("PUT", FLAGS, "POST"),
        ("DELETE", "/ofrep/v1/evaluate/flags/a", "POST"),
        ("OPTIONS", FLAGS, "POST"),
        ("POST", "/ofrep/v1/stream", "GET,HEAD"),
    ] {
        let answer = asked(&app, method, path, &[("x-api-key", &app.server)]).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, allow), "{method} {path}");
        assert!(answer.json()["errorDetails"].is_string());
    }
    let head = asked(&app, "HEAD", FLAGS, &[("x-api-key", &app.server)]).await;
    assert_eq!(head.status, 405);
}
