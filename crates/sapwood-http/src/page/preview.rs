//! Every page in every state, checked for what the content security policy would refuse. With `SAPWOOD_PREVIEW`
//! naming a folder the pages are written there, to be looked at without a server.

use askama::Template;

use super::{ConfirmPage, Frame, GrovePage, Icons, MessagePage, RolloutPage, SignInPage, actions, fixtures};

fn frame() -> Frame {
    let icon = |name: &str| format!("assets/icon-{name}.svg");
    Frame {
        css: "assets/console.css".to_owned(),
        js: "assets/console.js".to_owned(),
        icons: Icons {
            calm: icon("calm"),
            growing: icon("growing"),
            held: icon("held"),
            harmed: icon("harmed"),
            done: icon("done"),
        },
        project: "default".to_owned(),
        environment: "production".to_owned(),
        environments: vec!["production".to_owned(), "staging".to_owned()],
        signed_in: true,
        now: "2026-11-22T14:09:30.000Z".to_owned(),
    }
}

fn pages() -> Vec<(String, String)> {
    let frame = frame();
    let origin = || "http://localhost:8080".to_owned();
    let mut pages = vec![
        ("grove".to_owned(), GrovePage::new(&frame, &fixtures::all(), origin()).render().unwrap()),
        ("empty".to_owned(), GrovePage::new(&frame, &[], origin()).render().unwrap()),
        (
            "sign-in".to_owned(),
            SignInPage::new(&frame, Some("This is not a valid token."), "/").render().unwrap(),
        ),
        (
            "message".to_owned(),
            MessagePage::new(&frame, "There is nothing here", "Look again.").render().unwrap(),
        ),
    ];
    for rollout in fixtures::all() {
        let log = fixtures::log(&rollout);
        let page = RolloutPage::new(&frame, &rollout, &log, None).render().unwrap();
        pages.push((rollout.flag.clone(), page));
    }
    let rollout = fixtures::running();
    for action in actions(&rollout) {
        pages.push((
            format!("ask-{}", action.step),
            ConfirmPage::new(&frame, &rollout, &action).render().unwrap(),
        ));
    }
    pages
}

#[test]
fn pages_need_nothing_the_policy_refuses() {
    for (name, page) in pages() {
        for refused in [" style=", "<style", " onclick", " onload", "javascript:"] {
            assert!(!page.contains(refused), "{name} contains {refused}");
        }
        assert_eq!(page.matches("<script").count(), 1, "{name}");
    }
}

#[test]
fn ids_are_unique_on_each_page() {
    for (name, page) in pages() {
        let mut ids: Vec<_> =
            page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all, "{name} has an id twice");
    }
}

#[test]
fn previews_are_written_where_asked() {
    let Some(folder) = std::env::var_os("SAPWOOD_PREVIEW").map(std::path::PathBuf::from) else { return };
    for (name, page) in pages() {
        std::fs::write(folder.join(format!("{name}.html")), page).unwrap();
    }
}
