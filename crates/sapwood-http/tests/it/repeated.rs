//! A field that an object has twice: whichever of them counted, the other was meant.

use serde_json::json;

use crate::app::{PRODUCTION, PROJECT, TestApp};

#[tokio::test]
async fn a_field_that_is_there_twice_is_refused_wherever_it_is() {
    let app = TestApp::start().await;
    app.flag("checkout").await;
    let on = r#"{"type":"boolean","variants":{"on":true,"on":false}}"#;
    let rules = r#"{"on":true,"off_variant":"off","default":{"variant":"off"},"rules":[{"id":"a","when":{"all":["always",{"segment":"a","segment":"b"}]},"serve":{"variant":"on"}}]}"#;
    for (method, path, body, place, name) in [
        ("PUT", format!("{PROJECT}/flags/a"), format!(r#"{{"flag":{on}}}"#), "/flag/variants/on", "on"),
        ("PUT", format!("{PROJECT}/flags/a"), r#"{"flag":{"type":"object","variants":{"a":{"b":[{"c":1,"c":2}]}}}}"#.to_owned(), "/flag/variants/a/b/0/c", "c"),
        ("PUT", format!("{PRODUCTION}/flags/checkout"), format!(r#"{{"targeting":{rules}}}"#), "/targeting/rules/0/when/all/1/segment", "segment"),
        ("PUT", format!("{PRODUCTION}/flags/checkout"), r#"{"targeting":{},"targeting":{}}"#.to_owned(), "/targeting", "targeting"),
        ("POST", format!("{PRODUCTION}/flags/checkout/explain"), format!(r#"{{"targeting":{rules}}}"#), "/targeting/rules/0/when/all/1/segment", "segment"),
        ("POST", format!("{PRODUCTION}/flags/checkout/explain"), r#"{"context":{"plan":"pro","a/b":1,"plan":"free"}}"#.to_owned(), "/context/plan", "plan"),
        ("POST", format!("{PRODUCTION}/flags/checkout/explain"), r#"{"context":{"a/b":1,"a\u002fb":2}}"#.to_owned(), "/context/a~1b", "a/b"),
        ("PUT", format!("{PROJECT}/segments/s"), r#"{"segment":{"condition":"always","condition":{"any":[]}}}"#.to_owned(), "/segment/condition", "condition"),
        ("PUT", format!("{PROJECT}/definitions"), format!(r#"{{"items":[{{"kind":"flag","key":"a","flag":{on}}}]}}"#), "/items/0/flag/variants/on", "on"),
        ("POST", format!("{PRODUCTION}/rollouts"), r#"{"flag":"checkout","baseline":"off","candidate":"on","ladder":{"stages":[{"share":1000,"share":95000}]}}"#.to_owned(), "/ladder/stages/0/share", "share"),
    ] {
        let answer = app.send(method, &path, &app.admin, &body).await;
        assert_eq!(answer.problem(), "malformed_body", "{body}");
        let problem = answer.json();
        assert_eq!(problem["path"], place, "{problem}");
        let said = format!("`{name}` is written twice in one object, and only one of them can count; keep one");
        assert_eq!(problem["detail"], said);
    }
    let event = r#"{"batch":"0197a3c0-0000-7000-8000-000000000001","items":[{"type":"alive","metric":"a","metric":"b","at":"2026-11-22T14:00:00.000Z"}]}"#;
    let answer = app.send("POST", "/api/v1/events", &app.server, event).await;
    assert_eq!(
        (answer.problem().as_str(), &answer.json()["path"]),
        ("malformed_body", &json!("/items/0/metric"))
    );
}
