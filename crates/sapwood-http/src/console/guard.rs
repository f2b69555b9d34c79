//! Only the console's own pages may make it do something. Cookies go along with forms of other sites too, so where a
//! request comes from is looked at; and an open console answers to loopback names only, so that no site can reach it
//! by letting a name of its own point here.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sapwood_api::problem::Code;

use super::answer::refused;
use crate::app::App;
use crate::auth::has_database;
use crate::problem::Refusal;

/// Refuses what another site may have sent.
pub(crate) async fn own_pages_only(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if app.options.console_open && !is_for_loopback(headers) {
        let detail =
            "this console needs no sign-in and is for this machine only; open it as http://localhost";
        return Refusal::new(Code::Forbidden, detail).into_response();
    }
    if !request.method().is_safe() && !is_from_here(headers) {
        let detail =
            "this form was sent from another site; nothing was changed. Open the console and send it there";
        return Refusal::new(Code::Forbidden, detail).into_response();
    }
    if let Err(refusal) = has_database(&app.engine) {
        return refused(&app, None, &refusal);
    }
    next.run(request).await
}

/// Whether the request's page is one of ours. Browsers say so in `Sec-Fetch-Site`, older ones in `Origin`; who says
/// nothing is not a browser and has no session worth protecting, but may be something that strips both, and waits.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let host = text(header::HOST.as_str());
            host.is_some_and(|host| origin.split_once("://").is_some_and(|(_, from)| from == host))
        }
        (None, None) => false,
    }
}

/// Whether the request was made under a name that only this machine can have.
pub(crate) fn is_for_loopback(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|value| value.to_str().ok()) else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => host.split(':').next(),
    };
    name.is_some_and(|name| {
        name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn forms_of_other_sites_are_told_from_our_own() {
        let from_here = |pairs| is_from_here(&headers(pairs));
        assert!(from_here(&[("sec-fetch-site", "same-origin")]));
        assert!(!from_here(&[("sec-fetch-site", "cross-site"), ("origin", "http://a"), ("host", "a")]));
        assert!(!from_here(&[("sec-fetch-site", "same-site")]));
        assert!(from_here(&[("origin", "http://flags.example:8080"), ("host", "flags.example:8080")]));
        assert!(!from_here(&[("origin", "null"), ("host", "flags.example")]));
        assert!(!from_here(&[]));
    }

    #[test]
    fn loopback_has_three_names() {
        for (host, is) in [
            ("localhost:8080", true),
            ("127.0.0.1", true),
            ("127.1.2.3:80", true),
            ("[::1]:8080", true),
            ("localhost.evil.example", false),
            ("192.168.0.4:8080", false),
        ] {
            assert_eq!(is_for_loopback(&headers(&[("host", host)])), is, "{host}");
        }
    }
}
