//! What the server counts about itself: every metric has a section in the reference, who may read it, what it counts,
//! and what it never says.

use serde_json::json;

use crate::app::{PRODUCTION, PROJECT, TestApp};

const PAGE: &str = include_str!("../../../../docs/reference/metrics.md");

#[tokio::test]
async fn every_metric_has_a_section_and_every_section_a_metric() {
    let app = TestApp::start().await;
    let text = app.get("/metrics").await.text;
    let families: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split_once(' '))
        .map(|(name, kind)| format!("`{name}` ({kind})"))
        .collect();
    let sections: Vec<&str> = PAGE.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(families, sections);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, figure) = line.rsplit_once(' ').unwrap();
        assert!(figure.parse::<u64>().is_ok(), "{line}");
        let name = name.split('{').next().unwrap();
        assert!(families.iter().any(|family| family.starts_with(&format!("`{name}`"))), "{line}");
    }
}

#[tokio::test]
async fn what_happened_is_counted_once() {
    let app = TestApp::start().await;
    app.rollout("checkout").await;
    let counts = async |name: &str| {
        let text = app.get("/metrics").await.text;
        let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).map(str::to_owned);
        line.and_then(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok())
    };
    for user in 0..5 {
        app.evaluate("checkout", json!({"targetingKey": format!("user-{user}")})).await;
    }
    app.evaluate("nothing", json!({})).await;
    app.send("POST", "/ofrep/v1/evaluate/flags/checkout", "", "{}").await;
    let tag = app.bulk(&app.server, json!({"targetingKey": "u"}), &[]).await.header("etag").to_owned();
    app.bulk(&app.server, json!({"targetingKey": "u"}), &[("if-none-match", &tag)]).await;
    // A page of another origin is counted like anybody else.
    app.bulk(&app.server, json!({"targetingKey": "u"}), &[("origin", "https://shop.example")]).await;
    for (name, expected) in [
        (r#"sapwood_http_requests_total{route="single",status="200"}"#, Some(5)),
        (r#"sapwood_http_requests_total{route="single",status="404"}"#, Some(1)),
        (r#"sapwood_http_requests_total{route="single",status="401"}"#, Some(1)),
        (r#"sapwood_http_requests_total{route="bulk",status="200"}"#, Some(2)),
        (r#"sapwood_http_requests_total{route="bulk",status="304"}"#, Some(1)),
        (r#"sapwood_http_requests_total{route="bulk",status="500"}"#, None),
        (r#"sapwood_evaluations_total{route="single",outcome="served"}"#, Some(5)),
        (r#"sapwood_evaluations_total{route="single",outcome="not_found"}"#, Some(1)),
        (r#"sapwood_evaluations_total{route="bulk",outcome="served"}"#, Some(2)),
        (r#"sapwood_evaluations_total{route="bulk",outcome="failed"}"#, Some(0)),
        ("sapwood_exposures_waiting", Some(5)),
        ("sapwood_exposures_shed_total", Some(0)),
        ("sapwood_controller_looks_total", Some(0)),
        (r#"sapwood_snapshot_flags{project="default",environment="production"}"#, Some(1)),
        (r#"sapwood_snapshot_flags{project="default",environment="staging"}"#, Some(0)),
    ] {
        assert_eq!(counts(name).await, expected, "{name}");
    }
    app.pass(1).await;
    assert_eq!(counts("sapwood_exposures_waiting").await, Some(0));
    assert_eq!(counts("sapwood_exposures_journaled_total").await, Some(5));
    assert_eq!(counts("sapwood_controller_looks_total").await, Some(1));
    let last = counts("sapwood_controller_last_look_timestamp_seconds").await.unwrap();
    assert_eq!(i64::try_from(last).unwrap(), app.engine.now().ms() / 1000);
}

#[tokio::test]
async fn whoever_reads_them_learns_no_key_and_nothing_of_others() {
    let app = TestApp::start().await;
    app.flag("secret-plan").await;
    let segment = json!({"segment": {"condition": {"any": []}, "included": ["secret-person"]}});
    app.manage("PUT", &format!("{PROJECT}/segments/secret-people"), segment).await;
    app.evaluate("secret-plan", json!({"targetingKey": "secret-person", "secret-name": "secret-value"}))
        .await;
    app.get(&format!("{PRODUCTION}/rollouts/secret-rollout")).await;
    app.get("/secret-address").await;
    let text = app.get("/metrics").await.text;
    assert!(!text.contains("secret"), "{text}");
    for token in ["", "nonsense"] {
        assert_eq!(app.send("GET", "/metrics", token, "").await.status, 401);
    }
    for token in [&app.server, &app.client, &app.ingest] {
        let answer = app.send("GET", "/metrics", token, "").await;
        assert_eq!(answer.problem(), "forbidden");
    }
    let token = r#"{"kind":"admin","name":"staging only","environment":"staging"}"#;
    let narrow = app.send("POST", &format!("{PROJECT}/tokens"), &app.admin, token).await.json();
    assert_eq!(app.send("GET", "/metrics", narrow["token"].as_str().unwrap(), "").await.status, 403);
}
