//! Who asks for all flags again: when the tag alone says that there is nothing new, when evaluation does, and when there
//! is something new after all.

use sapwood_engine::{Override, Overrides, What};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{Answer, PRODUCTION, PROJECT, TestApp};

fn context() -> Value {
    json!({"targetingKey": "u", "plan": "free"})
}

async fn tag(app: &TestApp) -> String {
    app.bulk(&app.client, context(), &[]).await.header("etag").to_owned()
}

/// Asked again with a tag: the answer, and whether any flag was evaluated for it.
async fn again(app: &TestApp, token: &str, context: Value, tag: &str) -> (Answer, bool) {
    let evaluated = async || {
        let text = app.get("/metrics").await.text;
        let name = r#"sapwood_evaluations_total{route="bulk",outcome="served"}"#;
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok()).unwrap()
    };
    let before = evaluated().await;
    let answer = app.bulk(token, context, &[("if-none-match", tag)]).await;
    assert_eq!(answer.text.is_empty(), answer.status == 304);
    (answer, evaluated().await > before)
}

async fn expect(app: &TestApp, tag: &str, status: u16, evaluated: bool) -> Answer {
    let (answer, was) = again(app, &app.client, context(), tag).await;
    assert_eq!((answer.status.as_u16(), was), (status, evaluated), "{tag} {}", answer.text);
    answer
}

#[tokio::test]
async fn who_asks_the_same_of_what_is_the_same_is_answered_without_evaluation() {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    let tag = tag(&app).await;
    let answer = expect(&app, &tag, 304, false).await;
    assert_eq!(answer.header("etag"), tag);
    let (asked, answered) = tag.trim_matches('"').split_once('.').unwrap();
    // Of the halves, the first is enough, the second costs an evaluation, and neither alone is a tag.
    let zeros = "0".repeat(32);
    expect(&app, &format!("\"{asked}.{zeros}\""), 304, false).await;
    expect(&app, &format!("\"{zeros}.{answered}\""), 304, true).await;
    expect(&app, &format!("\"{zeros}.{zeros}\""), 200, true).await;
    expect(&app, &format!("\"{asked}\""), 200, true).await;
    expect(&app, &format!("\"{answered}.{asked}\""), 200, true).await;
}

#[tokio::test]
async fn what_changes_the_answer_is_always_answered() {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    let first = tag(&app).await;
    app.serve("banner", "on").await;
    let changed = expect(&app, &first, 200, true).await;
    assert_eq!(changed.json()["flags"][0]["value"], true);
    let now = changed.header("etag").to_owned();
    expect(&app, &now, 304, false).await;

    // Back to what it was is another version of the flag, and so another answer.
    app.serve("banner", "off").await;
    expect(&app, &first, 200, true).await;
    // A flag that comes, and one that goes.
    let before = tag(&app).await;
    app.visible_flag("another").await;
    expect(&app, &before, 200, true).await;
    let before = tag(&app).await;
    app.manage("DELETE", &format!("{PROJECT}/flags/another"), Value::Null).await;
    expect(&app, &before, 200, true).await;
}

#[tokio::test]
async fn another_context_or_another_token_is_another_question() {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    let rule = json!({"id": "pro", "when": {"attribute": {"name": "plan", "test": {"equals": "pro"}}}, "serve": {"variant": "on"}});
    let targeting = json!({"on": true, "off_variant": "off", "rules": [rule], "default": {"variant": "off"}});
    app.manage("PUT", &format!("{PRODUCTION}/flags/banner"), json!({"targeting": targeting})).await;
    let tag = tag(&app).await;
    let (answer, evaluated) =
        again(&app, &app.client, json!({"targetingKey": "u", "plan": "pro"}), &tag).await;
    assert_eq!((answer.status.as_u16(), evaluated), (200, true));
    assert_eq!(answer.json()["flags"][0]["value"], true);
    // A context that makes no difference is evaluated to find that out, and the tag of the answer is then of this context.
    let other = json!({"targetingKey": "u", "plan": "free", "age": 7});
    let (answer, evaluated) = again(&app, &app.client, other.clone(), &tag).await;
    assert_eq!((answer.status.as_u16(), evaluated), (304, true));
    let (answer, evaluated) = again(&app, &app.client, other, answer.header("etag")).await;
    assert_eq!((answer.status.as_u16(), evaluated), (304, false));
    for token in [&app.server, &app.admin] {
        let (answer, evaluated) = again(&app, token, context(), &tag).await;
        assert_eq!((answer.status.as_u16(), evaluated), (200, true));
    }
    // The same question to another environment.
    let path = "/ofrep/v1/evaluate/flags?environment=staging";
    let staging = app.bulk_at(path, &app.admin, context(), &[]).await;
    let production = app.bulk(&app.admin, context(), &[("if-none-match", staging.header("etag"))]).await;
    assert_eq!(production.status, 200);
}

#[tokio::test]
async fn a_date_that_is_reached_is_a_change() {
    let app = TestApp::start().await;
    app.visible_flag("sale").await;
    let rule = json!({"id": "sale", "when": {"now": {"after": "2026-11-22T14:01:30.000Z"}}, "serve": {"variant": "on"}});
    let targeting = json!({"on": true, "off_variant": "off", "rules": [rule], "default": {"variant": "off"}});
    app.manage("PUT", &format!("{PRODUCTION}/flags/sale"), json!({"targeting": targeting})).await;
    let before = tag(&app).await;
    app.clock.advance(std::time::Duration::from_millis(89_999));
    expect(&app, &before, 304, false).await;
    // Nobody looked, nobody told: the moment itself is enough.
    app.clock.advance(std::time::Duration::from_millis(1));
    let answer = expect(&app, &before, 200, true).await;
    assert_eq!(answer.json()["flags"][0]["value"], true);
    expect(&app, answer.header("etag"), 304, false).await;
}

#[tokio::test]
async fn what_makes_no_difference_here_leaves_the_answer_as_it_was() {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    let before = tag(&app).await;
    // Not of this environment's flags at all: not even evaluated.
    app.manage("PUT", &format!("{PROJECT}/metrics/m"), json!({"metric": {"kind": "event_rate"}})).await;
    let targeting =
        json!({"targeting": {"on": true, "off_variant": "off", "rules": [], "default": {"variant": "on"}}});
    let staging = format!("{PROJECT}/environments/staging/flags/banner");
    app.manage("PUT", &staging, targeting).await;
    expect(&app, &before, 304, false).await;
    // A flag of this environment that the client does not see: evaluated, and still nothing new.
    app.flag("hidden").await;
    let answer = expect(&app, &before, 304, true).await;
    let now = answer.header("etag").to_owned();
    assert_ne!(now, before);
    expect(&app, &now, 304, false).await;
    expect(&app, &format!("{before}, {now}"), 304, false).await;
}

#[tokio::test]
async fn after_a_restart_nothing_is_new() {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    // The last entry of the log is of another environment.
    let targeting =
        json!({"targeting": {"on": true, "off_variant": "off", "rules": [], "default": {"variant": "on"}}});
    app.manage("PUT", &format!("{PROJECT}/environments/staging/flags/banner"), targeting).await;
    let (tag, revision) = (tag(&app).await, app.revision());
    let app = app.restarted().await;
    assert_eq!(app.revision(), revision, "streams need not tell anybody");
    expect(&app, &tag, 304, false).await;
    app.serve("banner", "on").await;
    expect(&app, &tag, 200, true).await;
}

#[tokio::test]
async fn an_override_beside_the_data_is_a_change_and_lifted_it_is_another() {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    let before = tag(&app).await;
    let say = |what: What| {
        let mut overrides = Overrides::default();
        let one = Override {
            id: Uuid::from_u128(1),
            project: "default".parse().unwrap(),
            environment: "production".parse().unwrap(),
            flag: "banner".parse().unwrap(),
            what,
            by: "ann".to_owned(),
            at: app.engine.now(),
            reason: "an emergency".to_owned(),
        };
        overrides.set(one).unwrap();
        app.engine.set_overrides(&overrides);
    };
    say(What::Variant("on".parse().unwrap()));
    let answer = expect(&app, &before, 200, true).await;
    assert_eq!(answer.json()["flags"][0]["value"], true);
    let overridden = answer.header("etag").to_owned();
    expect(&app, &overridden, 304, false).await;
    // Another change of the environment does not make the override forgotten.
    app.flag("hidden").await;
    expect(&app, &overridden, 304, true).await;
    say(What::Lifted);
    assert_eq!(expect(&app, &overridden, 200, true).await.json()["flags"][0]["value"], false);
    // The answer is as before, and the question is not.
    expect(&app, &before, 304, true).await;
}

#[tokio::test]
async fn without_a_database_as_well() {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    let app = app.without_database();
    let tag = tag(&app).await;
    let body = json!({"context": context()}).to_string();
    let request = axum::http::Request::post("/ofrep/v1/evaluate/flags")
        .header("authorization", format!("Bearer {}", app.client))
        .header("if-none-match", &tag);
    let answer = app.raw(request.body(body.into()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (304, &*tag));
}
