//! Shares, slices without a place, and corrections, as the API takes them: read, edited, put back.

use serde_json::{Value, json};

use crate::app::{PRODUCTION, PROJECT, TestApp};

/// An app with flag `split` of three texts.
async fn app() -> TestApp {
    let app = TestApp::start().await;
    let flag = json!({"flag": {"type": "string", "variants": {"a": "A", "b": "B", "off": "-"}}});
    app.manage("PUT", &format!("{PROJECT}/flags/split"), flag).await;
    app
}

fn targeting(serve: &Value) -> Value {
    let rules = json!([{"id": "tenth", "when": "always", "serve": serve}]);
    json!({"targeting": {"on": true, "off_variant": "off", "rules": rules, "default": {"variant": "off"}}})
}

#[tokio::test]
async fn shares_are_read_edited_and_put_back_and_the_trial_says_who_moves() {
    let app = app().await;
    let address = format!("{PRODUCTION}/flags/split");
    let put =
        async |query: &str, body: &Value| app.manage("PUT", &format!("{address}{query}"), body.clone()).await;
    let first = put("", &targeting(&json!({"shares": {"a": "10%", "b": "10%"}, "rest": "off"}))).await.json();
    assert_eq!(first["moves"], Value::Null, "the rule is new");

    let mut shown = app.get(&address).await.json();
    let serve = shown["targeting"]["rules"][0]["serve"].clone();
    assert_eq!(serve["shares"], json!({"a": 10_000, "b": 10_000, "off": 80_000}));
    assert_eq!(serve["slots"].as_array().unwrap().len(), 4, "{serve}");
    assert!(!serve.as_object().unwrap().contains_key("rest"), "everybody has something: {serve}");
    let body = |shown: &Value| json!({"targeting": shown["targeting"]});
    assert_eq!(put("", &body(&shown)).await.json()["changed"], false, "as it was read");

    shown["targeting"]["rules"][0]["serve"]["shares"] = json!({"a": 25_000, "b": 10_000, "off": 65_000});
    let expected = json!([{
        "rule": "tenth", "moved": 15_000, "between": [{"from": "off", "to": "a", "share": 15_000}],
    }]);
    let tried = put("?dry_run=true", &body(&shown)).await.json();
    assert_eq!(tried["moves"], expected);
    let slots = tried["would"][0]["body"]["targeting"]["rules"][0]["serve"].clone();
    assert!(slots.get("slots").is_some() && slots.get("shares").is_none(), "the log keeps slots: {slots}");
    assert_eq!(put("", &body(&shown)).await.json()["moves"], expected);
    let again = app.get(&address).await.json();
    assert_eq!(put("", &body(&again)).await.json()["changed"], false);
    assert_eq!(again["targeting"]["rules"][0]["serve"]["slots"], slots["slots"]);
}

#[tokio::test]
async fn what_passes_on_is_shown_as_the_rest() {
    let app = app().await;
    let address = format!("{PRODUCTION}/flags/split");
    app.manage("PUT", &address, targeting(&json!({"shares": {"a": "0.001%"}, "rest": null}))).await;
    let serve = app.get(&address).await.json()["targeting"]["rules"][0]["serve"].clone();
    assert_eq!(serve["shares"], json!({"a": 1}));
    assert_eq!(serve.as_object().unwrap().get("rest"), Some(&Value::Null));
    assert_eq!(app.manage("PUT", &address, targeting(&serve)).await.json()["changed"], false);
}

#[tokio::test]
async fn all_definitions_take_and_show_shares_too() {
    let app = app().await;
    let address = format!("{PROJECT}/definitions");
    let serve = json!({"shares": {"a": "10%"}, "rest": "off"});
    app.manage("PUT", &format!("{PRODUCTION}/flags/split"), targeting(&serve)).await;
    let mut items = app.get(&address).await.json()["items"].clone();
    let same = app.manage("PUT", &address, json!({"items": items})).await.json();
    assert_eq!(same["changed"], false, "{same}");
    let at = items.as_array().unwrap().iter().position(|item| item["kind"] == "flag").unwrap();
    let rule = &mut items[at]["environments"]["production"]["rules"][0];
    rule["serve"]["shares"] = json!({"a": 20_000, "off": 80_000});
    let changed = app.manage("PUT", &format!("{address}?dry_run=true"), json!({"items": items})).await.json();
    assert_eq!(changed["changes"][0]["moves"][0]["moved"], 10_000, "{changed}");
    assert_eq!(changed["changes"][0]["after"]["rules"][0]["serve"]["shares"]["a"], 20_000, "{changed}");
    items[at]["environments"]["production"]["rules"][0]["serve"] = json!({"shares": {"a": "10%"}});
    let refused = app.send("PUT", &address, &app.admin, &json!({"items": items}).to_string()).await;
    let error = &refused.json()["errors"][0];
    assert_eq!(
        (&error["code"], &error["path"]),
        (&json!("invalid_value"), &json!("/environments/production/rules/0/serve/shares"))
    );
}

#[tokio::test]
async fn a_draft_with_shares_is_explained() {
    let app = app().await;
    app.manage("PUT", &format!("{PRODUCTION}/flags/split"), targeting(&json!({"variant": "off"}))).await;
    let draft = targeting(&json!({"shares": {"a": "100%"}}))["targeting"].clone();
    let address = format!("{PRODUCTION}/flags/split/explain");
    let body = json!({"context": {"targetingKey": "u"}, "targeting": draft});
    let explained = app.manage("POST", &address, body).await.json();
    assert_eq!((&explained["variant"], &explained["reason"]), (&json!("a"), &json!("SPLIT")), "{explained}");
    let wrong = targeting(&json!({"shares": {"a": "99%"}}))["targeting"].clone();
    let body = json!({"context": {"targetingKey": "u"}, "targeting": wrong}).to_string();
    let refused = app.send("POST", &address, &app.admin, &body).await;
    assert_eq!(refused.json()["path"], "/targeting/rules/0/serve/shares", "{}", refused.text);
}

#[tokio::test]
async fn a_slice_of_a_layer_finds_its_place() {
    let app = TestApp::start().await;
    let put = async |key: &str, layer: Value| {
        let flag = json!({"flag": {"type": "boolean", "variants": {"on": true}, "layer": layer}});
        app.send("PUT", &format!("{PROJECT}/flags/{key}"), &app.admin, &flag.to_string()).await
    };
    let wide = |width: u32| json!({"layer": "pricing", "width": width});
    assert!(put("first", wide(60_000)).await.status.is_success());
    assert!(put("second", wide(30_000)).await.status.is_success());
    let shown = async |key: &str| app.get(&format!("{PROJECT}/flags/{key}")).await.json()["flag"].clone();
    let (first, second) = (shown("first").await, shown("second").await);
    assert_eq!((&first["layer"]["from"], &second["layer"]["from"]), (&json!(0), &json!(60_000)));
    assert_eq!(first["layer"]["salt"], second["layer"]["salt"]);
    assert_ne!(
        first["layer"]["salt"], first["salt"],
        "or a slice would be the first of the flag's own buckets"
    );
    assert_eq!(put("first", first["layer"].clone()).await.json()["changed"], false, "as it was read");
    let refused = put("third", wide(20_000)).await;
    assert_eq!(
        (refused.problem().as_str(), &refused.json()["path"]),
        ("invalid_value", &json!("/flag/layer/width"))
    );
    assert!(
        refused
            .text
            .contains("taken: 0 to 59999 by `first`, 60000 to 89999 by `second`; free: 90000 to 99999")
    );
    assert!(put("third", wide(10_000)).await.status.is_success());
    let unknown = put("fourth", json!({"layer": "pricing", "wide": 1})).await;
    assert!(unknown.text.contains("has no field `wide`"), "{}", unknown.text);
}

#[tokio::test]
async fn a_value_changes_only_where_it_is_called_a_correction() {
    let app = app().await;
    let address = format!("{PROJECT}/flags/split");
    let put = async |variants: Value, corrects: Value| {
        let body =
            json!({"flag": {"type": "string", "variants": variants}, "corrects": corrects}).to_string();
        app.send("PUT", &address, &app.admin, &body).await
    };
    let silent = put(json!({"a": "A!", "b": "B", "off": "-"}), json!([])).await;
    assert_eq!(
        (silent.problem().as_str(), &silent.json()["path"]),
        ("fixed_for_life", &json!("/flag/variants/a"))
    );
    let version = put(json!({"a": "A!", "b": "B", "off": "-"}), json!(["a"])).await.json()["version"].clone();
    assert!(put(json!({"a": "A!", "off": "-"}), json!([])).await.status.is_success());
    let again = put(json!({"a": "A!", "b": "C", "off": "-"}), json!(["b"])).await;
    assert_eq!(
        (again.problem().as_str(), &again.json()["path"]),
        ("key_retired", &json!("/flag/variants/b"))
    );
    let none = put(json!({"a": "A!", "off": "-"}), json!(["b"])).await;
    assert_eq!((none.problem().as_str(), &none.json()["path"]), ("invalid_value", &json!("/corrects")));
    let nonsense = put(json!({"a": "A!", "off": "-"}), json!(["?"])).await;
    assert_eq!(nonsense.json()["path"], "/corrects/0", "{}", nonsense.text);
    // Taking an entry back gives a variant its old value, which is meant.
    assert!(put(json!({"a": "A!", "b": "B", "off": "-"}), json!([])).await.status.is_success());
    let revert = format!("{PROJECT}/log/{version}/revert");
    assert_eq!(app.send("POST", &revert, &app.admin, "").await.problem(), "touched_later");
    let last = put(json!({"a": "A", "b": "B", "off": "-"}), json!(["a"])).await.json()["version"].clone();
    let reverted = app.send("POST", &format!("{PROJECT}/log/{last}/revert"), &app.admin, "").await;
    assert!(reverted.status.is_success(), "{}", reverted.text);
    assert_eq!(app.get(&address).await.json()["flag"]["variants"]["a"], "A!");
}
