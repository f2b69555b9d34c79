//! `?dry_run=true` on every address that takes a change, as the description of the API has them: each says what it would
//! append and appends nothing, or refuses to be tried.

use serde_json::Value;

use crate::app::{PRODUCTION, PROJECT, TestApp};
use crate::every_body::{DOCUMENT, everything_named, samples};

/// Where something can be taken away, with what is there.
fn removals(token: &str) -> Vec<(&'static str, String)> {
    vec![
        ("/api/v1/projects/{project}/flags/{key}", format!("{PROJECT}/flags/unserved")),
        (
            "/api/v1/projects/{project}/environments/{environment}/flags/{key}",
            format!("{PRODUCTION}/flags/checkout"),
        ),
        ("/api/v1/projects/{project}/segments/{key}", format!("{PROJECT}/segments/s")),
        ("/api/v1/projects/{project}/metrics/{key}", format!("{PROJECT}/metrics/unused")),
        ("/api/v1/projects/{project}/ladders/{key}", format!("{PROJECT}/ladders/kept")),
        ("/api/v1/projects/{project}/guardrails/{key}", format!("{PROJECT}/guardrails/kept")),
        ("/api/v1/projects/{project}/tokens/{id}", format!("{PROJECT}/tokens/{token}")),
    ]
}

/// Things that nothing else names.
async fn things_to_remove(app: &TestApp) -> (String, u64) {
    let of = |json: &str| serde_json::from_str::<Value>(json).unwrap();
    let flag = of(r#"{"flag": {"type": "boolean", "variants": {"on": true, "off": false}}}"#);
    app.manage("PUT", &format!("{PROJECT}/flags/unserved"), flag).await;
    app.manage(
        "PUT",
        &format!("{PROJECT}/ladders/kept"),
        of(r#"{"ladder": {"stages": [{"share": 95000}]}}"#),
    )
    .await;
    let guardrail = of(r#"{"guardrail": {"metric": "checkout_error", "harm": "up"}}"#);
    app.manage("PUT", &format!("{PROJECT}/guardrails/kept"), guardrail).await;
    let token =
        app.manage("POST", &format!("{PROJECT}/tokens"), of(r#"{"kind": "admin", "name": "other"}"#)).await;
    let metric = of(r#"{"metric": {"kind": "event_rate"}}"#);
    let last = app.manage("PUT", &format!("{PROJECT}/metrics/unused"), metric).await;
    (token.json()["id"].as_str().unwrap().to_owned(), last.json()["version"].as_u64().unwrap())
}

#[tokio::test]
async fn every_change_can_be_tried_or_says_that_it_cannot() {
    let app = TestApp::start().await;
    let rollout = everything_named(&app).await;
    let (token, version) = things_to_remove(&app).await;
    let samples = samples(&rollout);
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let mut tried = 0;
    for (described, item) in document["paths"].as_object().unwrap() {
        for method in ["put", "post", "delete"].into_iter().filter(|method| item[*method].is_object()) {
            let sample = samples.iter().find(|of| of.method == method && of.described == described);
            let (path, body) = match (sample, method) {
                (Some(sample), _) => (sample.path.clone(), sample.body.to_string()),
                (None, "delete") => {
                    let found = removals(&token).into_iter().find(|(of, _)| of == described);
                    (found.unwrap_or_else(|| panic!("nothing to remove at {described}")).1, String::new())
                }
                (None, _) if described.ends_with("/revert") => {
                    (format!("{PROJECT}/log/{version}/revert"), String::new())
                }
                // Evaluation changes nothing, and tolerates what the protocol does not know.
                (None, _) => {
                    assert!(described.starts_with("/ofrep/"), "no sample of {method} {described}");
                    continue;
                }
            };
            let is_of_events = described == "/api/v1/events";
            let token = if is_of_events { &app.server } else { &app.admin };
            let answer =
                app.send(&method.to_uppercase(), &format!("{path}?dry_run=true"), token, &body).await;
            let at = format!("{method} {path}: {} {}", answer.status, answer.text);
            let can = item[method]["parameters"].as_array().into_iter().flatten();
            let can = can.filter_map(|one| one["$ref"].as_str()).any(|name| name.ends_with("/DryRun"));
            assert_eq!(can, !is_of_events && !described.ends_with("/explain"), "{at}");
            if can {
                assert_eq!(answer.status, 200, "{at}");
                let json = answer.json();
                assert_eq!(json["changed"], true, "{at}");
                let would = json["would"].as_array().unwrap_or_else(|| panic!("{at}"));
                assert!(!would.is_empty() && would.iter().all(|one| one["kind"].is_string()), "{at}");
                assert!(!answer.text.contains("secret"), "{at}");
                tried += 1;
            } else {
                assert_eq!(answer.problem(), "malformed_body", "{at}");
                assert!(answer.json()["detail"].as_str().unwrap().contains("`dry_run`"), "{at}");
            }
            let head = app.get(PROJECT).await.json()["version"].as_u64().unwrap();
            assert_eq!(head, version, "{at}");
        }
    }
    assert!(tried > 20, "{tried}");
}
