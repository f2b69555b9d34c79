//! Streams of changes: who is told what and when, what who comes back is told, and who is let in.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt as _;
use sapwood_engine::limits::STREAMS_MAX;
use serde_json::{Value, json};

use crate::app::{PRODUCTION, PROJECT, TestApp};
use crate::reader::{field, parsed};

#[tokio::test]
async fn a_change_is_told_and_evaluating_again_shows_it() {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    let mut reader = app.listen(&app.address(&app.client).await, &[]).await;
    let first = reader.piece().await.unwrap();
    let retry: u64 = field(&first, "retry:").unwrap().parse().unwrap();
    assert!((1_000..=26_000).contains(&retry), "{first}");
    assert_eq!(field(&first, "id:"), Some(&*app.revision().to_string()));
    assert!(reader.is_silent());

    app.serve("banner", "on").await;
    let (id, notice) = reader.notice().await;
    assert_eq!(id, app.revision().to_string());
    assert_eq!(notice["type"], "refetchEvaluation");
    assert_eq!(notice["etag"], format!("\"{id}\""));
    assert_eq!(notice["lastModified"], app.engine.now().ms() / 1_000);
    assert_eq!(notice.as_object().unwrap().len(), 3);
    let path = format!(
        "/ofrep/v1/evaluate/flags?flagConfigEtag=%22{id}%22&flagConfigLastModified={}",
        notice["lastModified"]
    );
    assert_eq!(app.bulk_at(&path, &app.client, json!({}), &[]).await.json()["flags"][0]["value"], true);
}

#[tokio::test]
async fn what_changes_nothing_here_is_not_told() {
    let app = TestApp::start().await;
    app.flag("banner").await;
    let address = app.address(&app.server).await;
    let mut reader = app.listen(&address, &[]).await;
    reader.piece().await.unwrap();
    app.manage("PUT", &format!("{PROJECT}/metrics/m"), json!({"metric": {"kind": "event_rate"}})).await;
    let token = json!({"kind": "server", "name": "another", "environment": "production"});
    app.manage("POST", &format!("{PROJECT}/tokens"), token).await;
    let staging = format!("{PROJECT}/environments/staging/flags/banner");
    let targeting =
        json!({"targeting": {"on": true, "off_variant": "off", "rules": [], "default": {"variant": "on"}}});
    app.manage("PUT", &staging, targeting).await;
    assert!(reader.is_silent());
    assert_eq!(app.address(&app.server).await, address);
    app.serve("banner", "on").await;
    assert!(!reader.is_silent());
}

#[tokio::test]
async fn a_date_in_the_rules_is_told_when_it_is_reached_and_to_who_comes_later() {
    let app = TestApp::start().await;
    app.visible_flag("sale").await;
    let soon = "2026-11-22T14:01:30.000Z";
    let rule = json!({"id": "sale", "when": {"now": {"after": soon}}, "serve": {"variant": "on"}});
    let targeting = json!({"on": true, "off_variant": "off", "rules": [rule], "default": {"variant": "off"}});
    app.manage("PUT", &format!("{PRODUCTION}/flags/sale"), json!({"targeting": targeting})).await;
    let before = app.address(&app.client).await;
    let tag = app.bulk(&app.client, json!({}), &[]).await.header("etag").to_owned();
    let mut reader = app.listen(&before, &[]).await;
    assert_eq!(parsed(&reader.piece().await.unwrap()), None);
    app.pass(89).await;
    assert!(reader.is_silent());
    app.pass(1).await;
    let (id, notice) = reader.notice().await;
    let moment = soon.parse::<sapwood_core::time::Timestamp>().unwrap().ms();
    assert_eq!(id, format!("{}.{moment}", app.revision()));
    assert_eq!(
        (&notice["etag"], &notice["lastModified"]),
        (&json!(format!("\"{id}\"")), &json!(moment / 1_000))
    );
    // The client asks again as it does, and the body's own tag decides.
    let path = format!(
        "/ofrep/v1/evaluate/flags?flagConfigEtag=%22{id}%22&flagConfigLastModified={}",
        moment / 1_000
    );
    let answer = app.bulk_at(&path, &app.client, json!({}), &[("if-none-match", &tag)]).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["flags"][0]["value"]), (200, &json!(true)));
    app.pass(1).await;
    assert!(reader.is_silent());
    // Who was away while it happened is told; who evaluated since is not.
    let mut late = app.listen(&before, &[]).await;
    assert_eq!(parsed(&late.piece().await.unwrap()).unwrap().0, id);
    let mut new = app.listen(&app.address(&app.client).await, &[]).await;
    assert_eq!(parsed(&new.piece().await.unwrap()), None);
}

#[tokio::test]
async fn who_comes_back_is_told_what_it_missed_and_nothing_else() {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    let before = app.address(&app.client).await;
    let seen = app.revision().to_string();
    app.serve("banner", "on").await;
    let now = app.revision().to_string();
    let stable = before.split("&since=").next().unwrap();
    assert_eq!(app.address(&app.client).await, format!("{stable}&since={now}"));

    for (address, id, told) in [
        // From the address: between the answer and the stream nothing is lost.
        (before.clone(), None, true),
        (format!("{stable}&since={now}"), None, false),
        // The id of the last event is newer than the address, which an event source does not change.
        (before.clone(), Some(&*now), false),
        (format!("{stable}&since={now}"), Some(&*seen), true),
        // Whoever cannot say where it was may have missed something.
        (stable.to_owned(), None, true),
        (format!("{stable}&since="), None, true),
        (format!("{stable}&since=rubbish"), None, true),
        (before.clone(), Some("rubbish"), true),
        (before.clone(), Some("-1"), true),
        // A mark that was never given out, as after a restore of an older state.
        (before.clone(), Some("99999999999999999999999"), true),
        (before.clone(), Some("1000000"), true),
    ] {
        let headers: Vec<_> = id.map(|id| ("last-event-id", id)).into_iter().collect();
        let mut reader = app.listen(&address, &headers).await;
        let first = reader.piece().await.unwrap();
        assert_eq!(parsed(&first).is_some(), told, "{address} {id:?}: {first}");
        assert_eq!(field(&first, "id:"), Some(&*now));
        assert!(reader.is_silent());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_races_nobody_misses_the_last_change() {
    let app = Arc::new(TestApp::start().await);
    app.visible_flag("banner").await;
    let writers: Vec<_> = (0..2)
        .map(|writer| {
            let app = app.clone();
            tokio::spawn(async move {
                for turn in 0..40 {
                    app.serve("banner", if (turn + writer) % 2 == 0 { "on" } else { "off" }).await;
                }
            })
        })
        .collect();
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let (app, done) = (app.clone(), done.clone());
            tokio::spawn(async move {
                let address = app.address(&app.client).await;
                let mut seen: u64 = address.rsplit('=').next().unwrap().parse().unwrap();
                // Breaks off again and again, until it has been told of everything.
                loop {
                    // Nothing here waits for a network, and who never waits keeps writers from their turn.
                    tokio::task::yield_now().await;
                    let id = seen.to_string();
                    let mut reader = app.listen(&address, &[("last-event-id", &id)]).await;
                    let first = reader.piece().await.unwrap();
                    let told: u64 = field(&first, "id:").unwrap().parse().unwrap();
                    assert!(told >= seen, "{told} after {seen}");
                    assert_eq!(parsed(&first).is_some(), told > seen, "{first}");
                    seen = told;
                    if !reader.is_silent() {
                        continue;
                    }
                    let served = app.bulk(&app.client, json!({}), &[]).await.json();
                    assert!(served["metadata"]["version"].as_u64().unwrap() >= seen);
                    if done.load(Ordering::SeqCst) && seen == app.revision() {
                        return seen;
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        assert_eq!(reader.await.unwrap(), app.revision());
    }
}

#[tokio::test]
async fn a_thousand_readers_hear_of_a_change_and_share_its_bytes() {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    let address = app.address(&app.client).await;
    let mut readers = Vec::new();
    for _ in 0..1_000 {
        let mut reader = app.listen(&address, &[]).await;
        reader.piece().await.unwrap();
        readers.push(reader);
    }
    assert_eq!(app.engine.streams_open(), 1_000);
    // Nobody reads in between: the slow are told once, of the last.
    for variant in ["on", "off", "on"] {
        app.serve("banner", variant).await;
    }
    let mut heard = Vec::new();
    for reader in &mut readers {
        heard.push(reader.0.next().await.unwrap().unwrap());
        assert!(reader.is_silent());
    }
    let first = heard[0].clone();
    assert_eq!(parsed(std::str::from_utf8(&first).unwrap()).unwrap().0, app.revision().to_string());
    assert!(heard.iter().all(|piece| piece.as_ptr() == first.as_ptr()), "one copy for all");
    drop(readers);
    assert_eq!(app.engine.streams_open(), 0);
}

#[tokio::test]
async fn over_the_limit_new_readers_wait_and_old_ones_stay() {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    let address = app.address(&app.client).await;
    let mut readers = Vec::new();
    for _ in 0..STREAMS_MAX {
        readers.push(app.listen(&address, &[]).await);
    }
    let mut waits = BTreeSet::new();
    for _ in 0..20 {
        let answer = app.raw(Request::get(&address).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.json()["errorCode"], "GENERAL");
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((10..=20).contains(&wait), "{wait}");
        waits.insert(wait);
    }
    assert!(waits.len() > 3, "everybody would come back at once: {waits:?}");
    let flags = app.send("GET", "/api/v1/stream/flags", &app.server, "").await;
    assert_eq!((flags.status.as_u16(), flags.problem()), (503, "too_many_streams".to_owned()));
    // Evaluation goes on.
    assert_eq!(app.bulk(&app.client, json!({}), &[]).await.status, 200);
    readers.pop();
    readers.push(app.listen(&address, &[]).await);
    app.serve("banner", "on").await;
    for mut reader in readers.drain(..10) {
        reader.piece().await.unwrap();
        reader.notice().await;
    }
}

#[tokio::test]
async fn a_ticket_opens_one_environment_and_no_letter_of_it_may_differ() {
    let app = TestApp::start().await;
    let address = app.address(&app.client).await;
    let (path, ticket) = address.split_once("ticket=").unwrap();
    let ticket = ticket.split('&').next().unwrap();
    assert!(!address.contains(&app.client) && ticket.len() == 72, "{address}");
    app.listen(&format!("{path}ticket={ticket}"), &[]).await;
    for (at, letter) in ticket.char_indices() {
        for other in ["0", "1", "f", "F", "g", "-", "", "00", "%30"] {
            if other == letter.to_string() {
                continue;
            }
            let altered = format!("{}{other}{}", &ticket[..at], &ticket[at + 1..]);
            let (status, body) = app.refused(&format!("{path}ticket={altered}")).await;
            assert_eq!((status, &body["errorCode"]), (401, &json!("GENERAL")), "{at} {other}");
        }
    }
    for ticket in ["", "x", "é", &ticket[..71], &format!("{ticket}0"), &app.client, &ticket.to_uppercase()] {
        let ticket = ticket.replace('é', "%C3%A9");
        assert_eq!(app.refused(&format!("{path}ticket={ticket}")).await.0, 401, "{ticket}");
    }
    assert_eq!(app.refused("/ofrep/v1/stream").await.0, 401);

    // An administrator's is for the environment it was made for.
    let answer =
        app.bulk_at("/ofrep/v1/evaluate/flags?environment=staging", &app.admin, json!({}), &[]).await;
    let staging = answer.json()["eventStreams"][0]["endpoint"]["requestUri"].as_str().unwrap().to_owned();
    assert!(staging.contains("&environment=staging"), "{staging}");
    app.listen(&staging, &[]).await;
    for other in ["&environment=production", "&environment=%00", "&environment=", ""] {
        let altered = staging.replace("&environment=staging", other);
        assert_eq!(app.refused(&altered).await.0, 401, "{altered}");
    }
    // Nor does the address lend a token another environment than its own.
    assert_eq!(app.refused(&format!("{path}ticket={ticket}&environment=staging")).await.0, 401);
    app.listen(&format!("{path}ticket={ticket}&environment=production"), &[]).await;
    assert_eq!(app.engine.streams_open(), 0);
}

#[tokio::test]
async fn a_token_opens_the_stream_as_well_if_it_may_evaluate() {
    let app = TestApp::start().await;
    for (token, status) in [(&app.server, 200), (&app.client, 200), (&app.admin, 200), (&app.ingest, 403)] {
        let request = Request::get("/ofrep/v1/stream").header("x-api-key", token);
        assert_eq!(app.open(request.body(Body::empty()).unwrap()).await.status(), status);
    }
}

#[tokio::test]
async fn a_ticket_lasts_a_day_and_the_next_and_then_the_answer_brings_another() {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    let first = app.bulk(&app.client, json!({}), &[]).await;
    let tag = first.header("etag").to_owned();
    let address = app.address(&app.client).await;
    let again = async || app.bulk(&app.client, json!({}), &[("if-none-match", &tag)]).await;
    // 14:00 to 23:59 of the same day.
    app.clock.advance(Duration::from_secs(9 * 3_600 + 3_599));
    assert_eq!(again().await.status, 304);
    assert_eq!(app.address(&app.client).await, address);
    // The next day: who comes back is let in, who evaluates gets the new address although no flag changed.
    app.clock.advance(Duration::from_secs(1));
    app.listen(&address, &[]).await;
    let renewed = again().await;
    assert_eq!(renewed.status, 200);
    assert_eq!(renewed.json()["flags"], first.json()["flags"]);
    assert_ne!(app.address(&app.client).await, address);
    app.clock.advance(Duration::from_secs(86_399));
    app.listen(&address, &[]).await;
    app.clock.advance(Duration::from_secs(1));
    let (status, body) = app.refused(&address).await;
    assert_eq!(status, 401);
    assert!(body["errorDetails"].as_str().unwrap().contains("expired"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_is_told_nothing_more() {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    let token = json!({"kind": "client", "name": "page", "environment": "production"});
    let token = app.manage("POST", &format!("{PROJECT}/tokens"), token).await.json();
    let address = app.address(token["token"].as_str().unwrap()).await;
    let (mut one, mut other) = (app.listen(&address, &[]).await, app.listen(&address, &[]).await);
    one.piece().await.unwrap();
    other.piece().await.unwrap();
    app.manage("DELETE", &format!("{PROJECT}/tokens/{}", token["id"].as_str().unwrap()), Value::Null).await;
    assert_eq!(app.refused(&address).await.0, 401);
    let began = tokio::time::Instant::now();
    app.serve("banner", "on").await;
    assert_eq!((one.piece().await, began.elapsed()), (None, Duration::ZERO));
    drop(one);
    assert_eq!(app.engine.streams_open(), 1);
    assert_eq!(other.piece().await, None);
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_within_twenty_seconds_and_a_day_is_the_end() {
    let app = TestApp::start().await;
    let mut reader = app.listen(&app.address(&app.client).await, &[]).await;
    reader.piece().await.unwrap();
    let began = tokio::time::Instant::now();
    let mut last = began;
    while let Some(piece) = reader.piece().await {
        assert_eq!(piece, ": ping\n\n");
        assert!(last.elapsed() <= Duration::from_secs(20), "{:?}", last.elapsed());
        last = tokio::time::Instant::now();
    }
    let lasted = began.elapsed();
    assert!((Duration::from_hours(6)..=Duration::from_hours(12)).contains(&lasted), "{lasted:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_knows_more_than_the_server_waits_and_never_gets_a_stale_304() {
    let app = TestApp::start().await;
    app.visible_flag("banner").await;
    let tag = app.bulk(&app.client, json!({}), &[]).await.header("etag").to_owned();
    let next = app.revision() + 1;
    let ask = async |known: String| {
        let path = format!("/ofrep/v1/evaluate/flags?{known}");
        let began = tokio::time::Instant::now();
        let answer = app.bulk_at(&path, &app.client, json!({}), &[("if-none-match", &tag)]).await;
        (answer, began.elapsed())
    };
    // Nothing comes: 200 with what there is, after a moment.
    let (answer, waited) = ask(format!("flagConfigEtag=%22{next}%22")).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, &*tag));
    assert!((Duration::from_millis(500)..=Duration::from_secs(3)).contains(&waited), "{waited:?}");
    let soon = app.engine.now().ms() / 1_000 + 60;
    assert_eq!(ask(format!("flagConfigLastModified={soon}")).await.0.status, 200);
    // It comes: the answer has it, at once.
    let (told, ()) = tokio::join!(ask(format!("flagConfigEtag=%22{next}%22")), app.serve("banner", "on"));
    assert_eq!((told.0.status.as_u16(), told.1), (200, Duration::ZERO));
    assert_eq!(told.0.json()["flags"][0]["value"], true);
    // What is known here already, or says nothing, does not wait.
    for known in
        ["flagConfigEtag=%221%22", "flagConfigEtag=rubbish", "flagConfigLastModified=1", "flagConfigEtag="]
    {
        let (answer, waited) = ask(known.to_owned()).await;
        assert_eq!((answer.status.as_u16(), waited), (200, Duration::ZERO), "{known}");
        let current = answer.header("etag").to_owned();
        let path = format!("/ofrep/v1/evaluate/flags?{known}");
        let same = app.bulk_at(&path, &app.client, json!({}), &[("if-none-match", &current)]).await;
        assert_eq!(same.status, 304, "{known}");
    }
}

#[tokio::test]
async fn the_stream_of_flags_has_everything_and_then_what_changes() {
    let app = TestApp::start().await;
    app.flag("banner").await;
    let path = "/api/v1/stream/flags";
    for (token, status) in [("", 401), (&*app.ingest, 403), (&*app.client, 403)] {
        assert_eq!(app.send("GET", path, token, "").await.status, status);
    }
    let bearer = format!("Bearer {}", app.server);
    let listen = async |id: Option<&str>| {
        let mut headers = vec![("authorization", &*bearer)];
        headers.extend(id.map(|id| ("last-event-id", id)));
        app.listen(path, &headers).await
    };
    let mut reader = listen(None).await;
    let first = reader.piece().await.unwrap();
    let (id, put) = parsed(&first).unwrap();
    assert_eq!((&put["type"], &put["version"]), (&json!("put"), &json!(app.revision())));
    assert_eq!(put["flags"]["banner"]["targeting"]["default"]["variant"], "off");

    app.serve("banner", "on").await;
    let (changed, patch) = reader.notice().await;
    assert_eq!(
        (&patch["type"], &patch["section"], &patch["key"]),
        (&json!("patch"), &json!("flags"), &json!("banner"))
    );
    assert_eq!(patch["value"]["targeting"]["default"]["variant"], "on");
    // Who comes back gets the same step; who has it already, nothing; who was away for too long, everything.
    let piece = listen(Some(&id)).await.piece().await.unwrap();
    assert_eq!(parsed(&piece).unwrap(), (changed.clone(), patch));
    let piece = listen(Some(&changed)).await.piece().await.unwrap();
    assert_eq!((field(&piece, "data:"), field(&piece, "id:")), (None, Some(&*changed)));
    for unknown in ["1", "rubbish", "1000000"] {
        let piece = listen(Some(unknown)).await.piece().await.unwrap();
        assert_eq!(parsed(&piece).unwrap().1["type"], "put");
    }
    // A slow reader gets one step over everything it slept through.
    app.flag("other").await;
    app.serve("banner", "off").await;
    let piece = reader.piece().await.unwrap();
    assert_eq!(piece.matches("data: ").count(), 2, "{piece}");
    assert_eq!(piece.matches("id: ").count(), 1);
    assert!(piece.find("id: ") > piece.find("data: "), "{piece}");
    assert!(reader.is_silent());
}
