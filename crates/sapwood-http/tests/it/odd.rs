//! What is wrong outside of the bodies of the management API: bodies of evaluation, and addresses. Nothing is answered in a
//! parser's words, or in a framework's.

use serde_json::Value;

use crate::app::TestApp;
use crate::every_body::{DOCUMENT, PARSERS_WORDS};

#[tokio::test]
async fn evaluation_names_the_place_of_what_it_cannot_use() {
    let app = TestApp::start().await;
    app.flag("a").await;
    for (body, code, said) in [
        ("", "PARSE_ERROR", "there is nothing here; write JSON"),
        ("{", "PARSE_ERROR", "this is no JSON: it ends within an object, line 1 column 1"),
        ("[]", "PARSE_ERROR", "the body is not a JSON object; send one with `context`"),
        ("7", "PARSE_ERROR", "the body is not a JSON object"),
        (r#"{"context": 5}"#, "INVALID_CONTEXT", "at `/context`, this is the number 5; write an object"),
        (r#"{"context": []}"#, "INVALID_CONTEXT", "at `/context`, this is an empty list; write an object"),
        (r#"{"context": "u"}"#, "INVALID_CONTEXT", "at `/context`, this is the text \"u\"; write an object"),
        (
            r#"{"context": {"a": [1, 1e400]}}"#,
            "INVALID_CONTEXT",
            "at `/context/a/1`, a number is beyond the range",
        ),
        (
            r#"{"context": {"a": "\ud800"}}"#,
            "INVALID_CONTEXT",
            "at `/context/a`, a text has half a surrogate pair",
        ),
        (r#"{"context": {"a": 1} "b": 2}"#, "PARSE_ERROR", "this is no JSON"),
    ] {
        for path in ["/ofrep/v1/evaluate/flags/a", "/ofrep/v1/evaluate/flags"] {
            let answer = app.send("POST", path, &app.server, body).await;
            // Without a media type the body is JSON or it is nothing.
            let json = answer.json();
            assert_eq!(
                (answer.status.as_u16(), &json["errorCode"]),
                (400, &Value::from(code)),
                "{body}: {json}"
            );
            let details = json["errorDetails"].as_str().unwrap();
            assert!(details.contains(said), "{path} {body}: {details}");
            let words = PARSERS_WORDS.iter().filter(|word| details.contains(**word)).count();
            assert_eq!(words, 0, "{body}: {details}");
        }
    }
}

#[tokio::test]
async fn no_address_is_refused_in_a_frameworks_words() {
    let app = TestApp::start().await;
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let mut sent = 0;
    for (described, item) in document["paths"].as_object().unwrap() {
        if !described.starts_with("/api/") || described.contains("/stream/") {
            continue;
        }
        for method in item.as_object().unwrap().keys().filter(|name| *name != "parameters") {
            let mut odd = Vec::new();
            let steps: Vec<&str> = described.split('/').collect();
            for (place, step) in steps.iter().enumerate().filter(|(_, step)| step.starts_with('{')) {
                for wrong in ["%FF", "%00", "a%2Fb", "%ZZ", "..", "%20"] {
                    let path = steps.iter().enumerate().map(|(at, step)| match *step {
                        _ if at == place => wrong,
                        "{project}" => "default",
                        "{environment}" => "production",
                        "{version}" => "1",
                        "{step}" => "hold",
                        step if step.starts_with('{') => "x",
                        step => step,
                    });
                    odd.push((path.collect::<Vec<_>>().join("/"), *step));
                }
            }
            odd.push((format!("{}?limit=x&%FF=1", described.replace("{project}", "default")), "query"));
            odd.push((format!("{}?limit=1&limit=2", described.replace("{project}", "default")), "query"));
            for (path, what) in odd {
                let answer = app.send(&method.to_uppercase(), &path, &app.admin, "{}").await;
                sent += 1;
                if answer.status.is_success() || answer.header("content-type") == "text/event-stream" {
                    continue;
                }
                let said = format!("{method} {path} ({what}): {} {}", answer.status, answer.text);
                assert!(answer.status.is_client_error(), "{said}");
                assert_eq!(answer.header("content-type"), "application/problem+json", "{said}");
                let detail = answer.json()["detail"].as_str().unwrap().to_owned();
                assert!(PARSERS_WORDS.iter().all(|word| !detail.contains(word)), "{said}");
            }
        }
    }
    assert!(sent > 200, "{sent}");
    for query in ["next=/a&next=/b", "next=%FF", "%FF=1", "next"] {
        let answer = app.send("GET", &format!("/sign-in?{query}"), "", "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (200, "text/html; charset=utf-8"),
            "{query}"
        );
    }
}
