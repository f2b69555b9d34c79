//! Which token opens which address: all of them, with the five tokens a project may have.

use crate::app::{PRODUCTION, PROJECT, TestApp};

/// Every address of the management API, with a method it takes.
fn managed(id: &str) -> Vec<(&'static str, String)> {
    let rollout = format!("{PRODUCTION}/rollouts/{id}");
    vec![
        ("PUT", format!("{PROJECT}/flags/a")),
        ("PUT", format!("{PRODUCTION}/flags/a")),
        ("PUT", format!("{PROJECT}/segments/a")),
        ("PUT", format!("{PROJECT}/metrics/a")),
        ("GET", format!("{PRODUCTION}/rollouts")),
        ("POST", format!("{PRODUCTION}/rollouts")),
        ("GET", rollout.clone()),
        ("POST", format!("{rollout}/hold")),
        ("POST", format!("{PROJECT}/tokens")),
        ("DELETE", format!("{PROJECT}/tokens/0197a3c0-0000-7000-8000-000000000001")),
        ("GET", format!("{PROJECT}/log")),
        ("GET", format!("{PROJECT}/log/diff?from=0&to=1")),
        ("POST", format!("{PROJECT}/log/1/revert")),
        ("GET", "/api/v1/projects".to_owned()),
        ("GET", PROJECT.to_owned()),
        ("PUT", PROJECT.to_owned()),
        ("GET", format!("{PROJECT}/environments")),
        ("GET", PRODUCTION.to_owned()),
        ("PUT", PRODUCTION.to_owned()),
        ("GET", format!("{PROJECT}/flags")),
        ("GET", format!("{PROJECT}/flags/a")),
        ("DELETE", format!("{PROJECT}/flags/a")),
        ("GET", format!("{PROJECT}/retired-flags")),
        ("GET", format!("{PRODUCTION}/flags")),
        ("GET", format!("{PRODUCTION}/flags/a")),
        ("DELETE", format!("{PRODUCTION}/flags/a")),
        ("GET", format!("{PROJECT}/segments")),
        ("GET", format!("{PROJECT}/segments/a")),
        ("DELETE", format!("{PROJECT}/segments/a")),
        ("GET", format!("{PROJECT}/metrics")),
        ("GET", format!("{PROJECT}/metrics/a")),
        ("DELETE", format!("{PROJECT}/metrics/a")),
        ("GET", format!("{PROJECT}/ladders")),
        ("GET", format!("{PROJECT}/ladders/a")),
        ("PUT", format!("{PROJECT}/ladders/a")),
        ("DELETE", format!("{PROJECT}/ladders/a")),
        ("GET", format!("{PROJECT}/guardrails")),
        ("GET", format!("{PROJECT}/guardrails/a")),
        ("PUT", format!("{PROJECT}/guardrails/a")),
        ("DELETE", format!("{PROJECT}/guardrails/a")),
        ("GET", format!("{PROJECT}/definitions")),
        ("PUT", format!("{PROJECT}/definitions")),
        ("GET", format!("{PROJECT}/tokens")),
        ("GET", format!("{PROJECT}/tokens/a")),
        ("POST", format!("{rollout}/amend")),
        ("POST", format!("{rollout}/shrink")),
    ]
}

#[tokio::test]
async fn each_address_opens_to_the_tokens_it_is_for() {
    let app = TestApp::start().await;
    let id = app.rollout("checkout").await;
    let manage = managed(&id);
    for (method, path) in &manage {
        for (token, refused) in [
            ("", Some("unauthenticated")),
            ("nonsense", Some("unauthenticated")),
            (&*app.server, Some("forbidden")),
            (&*app.client, Some("forbidden")),
            (&*app.ingest, Some("forbidden")),
            (&*app.admin, None),
        ] {
            let answer = app.send(method, path, token, "").await;
            match refused {
                Some(code) => assert_eq!(answer.problem(), code, "{method} {path}"),
                None => {
                    assert!(
                        ![401, 403].contains(&answer.status.as_u16()),
                        "{method} {path}: {}",
                        answer.text
                    );
                }
            }
        }
    }
    for (token, status) in
        [("", 401), (&*app.admin, 403), (&*app.client, 403), (&*app.server, 400), (&*app.ingest, 400)]
    {
        assert_eq!(app.send("POST", "/api/v1/events", token, "").await.status, status);
    }
    for (token, status) in [("", 401), (&*app.server, 403), (&*app.client, 403), (&*app.ingest, 403)] {
        assert_eq!(app.send("GET", "/api/v1/stream/activity", token, "").await.status, status);
    }
}

#[tokio::test]
async fn a_token_opens_its_own_project_and_environment_only() {
    let app = TestApp::start().await;
    let other = app.send("GET", "/api/v1/projects/other/log", &app.admin, "").await;
    assert_eq!(other.problem(), "forbidden");
    let nowhere =
        app.send("GET", "/api/v1/projects/default/environments/nowhere/rollouts", &app.admin, "").await;
    assert_eq!(nowhere.problem(), "not_found");
    let token = r#"{"kind":"admin","name":"staging only","environment":"staging"}"#;
    let narrow = app.send("POST", &format!("{PROJECT}/tokens"), &app.admin, token).await.json();
    let narrow = narrow["token"].as_str().unwrap();
    let reads = async |path: &str| app.send("GET", path, narrow, "").await.status.as_u16();
    assert_eq!(reads("/api/v1/projects/default/environments/staging/rollouts").await, 200);
    assert_eq!(reads(&format!("{PRODUCTION}/rollouts")).await, 403);
    assert_eq!(reads(&format!("{PROJECT}/log")).await, 403);
    let elsewhere = "/ofrep/v1/evaluate/flags/a?environment=production";
    assert_eq!(app.send("POST", elsewhere, &app.elsewhere, "{}").await.status, 403);
}

#[tokio::test]
async fn a_revoked_token_opens_nothing() {
    let app = TestApp::start().await;
    let token = r#"{"kind":"server","name":"shop","environment":"production"}"#;
    let answer = app.send("POST", &format!("{PROJECT}/tokens"), &app.admin, token).await;
    assert_eq!(answer.status, 201);
    let (id, secret) = (answer.json()["id"].clone(), answer.json()["token"].clone());
    let asks =
        async || app.send("POST", "/ofrep/v1/evaluate/flags/a", secret.as_str().unwrap(), "{}").await.status;
    assert_eq!(asks().await, 404);
    app.manage("DELETE", &format!("{PROJECT}/tokens/{}", id.as_str().unwrap()), serde_json::Value::Null)
        .await;
    assert_eq!(asks().await, 401);
    let again =
        app.send("DELETE", &format!("{PROJECT}/tokens/{}", id.as_str().unwrap()), &app.admin, "").await;
    assert_eq!(again.problem(), "not_found");
}
