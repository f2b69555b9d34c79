//! Origins as browsers send them: what never matches would look like permission and be none, so it is refused at start.

use axum::http::HeaderValue;

/// Reads one origin, or `*` for everybody's.
pub(crate) fn origin(text: &str) -> Result<HeaderValue, String> {
    let sent = if text == "*" { text.to_owned() } else { as_browsers_send(&text.to_ascii_lowercase())? };
    HeaderValue::from_str(&sent).map_err(|_| "write it in ASCII".to_owned())
}

/// What is wrong with all of them together.
pub(crate) fn check_all(origins: &[HeaderValue]) -> Result<(), String> {
    for (index, origin) in origins.iter().enumerate() {
        let shown = origin.to_str().unwrap_or_default();
        if origins.iter().take(index).any(|before| before == origin) {
            return Err(format!("--allow-origin has `{shown}` twice, as browsers send it; keep one"));
        }
        if shown == "*" && origins.len() > 1 {
            let said = "--allow-origin `*` allows everybody's pages already; leave out the others, or `*`";
            return Err(said.to_owned());
        }
    }
    Ok(())
}

/// Without the port that the scheme has anyway: browsers leave it out.
fn as_browsers_send(text: &str) -> Result<String, String> {
    if text == "null" {
        return Err(
            "that is what browsers send of files and sandboxes, whosever they are; serve the page from an \
                    address and name that, or write `*` for everybody's pages"
                .to_owned(),
        );
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        let place = if text.is_empty() { "shop.example" } else { text };
        return Err(format!("an origin begins with its scheme; write `https://{}`", shortened(place)));
    };
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    if !scheme.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        || !scheme.as_bytes().iter().all(is_letter)
    {
        return Err(format!("that is no scheme; write `https://{}`", shortened(rest)));
    }
    let shorter = shortened(rest);
    if shorter != rest {
        return Err(format!(
            "browsers send no path, no slash at the end and no name of a person with an origin; write `{scheme}://{shorter}`"
        ));
    }
    let (host, port) = split(rest);
    check_host(scheme, host)?;
    let Some(port) = port else { return Ok(format!("{scheme}://{host}")) };
    let number = Some(port).filter(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let number: u16 = number.and_then(|port| port.parse().ok()).ok_or_else(|| {
        format!("`{port}` is no port; write a number from 1 to 65535, or leave it out: `{scheme}://{host}`")
    })?;
    let usual = match scheme {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    };
    Ok(if usual == Some(number) {
        format!("{scheme}://{host}")
    } else {
        format!("{scheme}://{host}:{number}")
    })
}

/// What of an address browsers send.
fn shortened(rest: &str) -> &str {
    let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
    place.rsplit_once('@').map_or(place, |(_, place)| place)
}

fn split(place: &str) -> (&str, Option<&str>) {
    match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        Some(_) | None => (place, None),
    }
}

fn check_host(scheme: &str, host: &str) -> Result<(), String> {
    if host.is_empty() {
        return Err(format!("the host is missing; write `{scheme}://shop.example`"));
    }
    if host.contains('*') {
        return Err(format!(
            "an origin has no wildcards, so this would never match; write each one, such as `{scheme}://shop.example` and \
             `{scheme}://www.shop.example`, or `*` alone for everybody's pages"
        ));
    }
    if !host.is_ascii() {
        return Err("browsers send the host in ASCII; write it as `xn--…`".to_owned());
    }
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_good = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
    };
    if is_good {
        return Ok(());
    }
    Err(format!(
        "`{host}` is no host; write scheme, host and, where it is not the usual one, port, as `{scheme}://shop.example`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_send_them() {
        for (text, sent) in [
            ("https://shop.example", "https://shop.example"),
            ("https://shop.example:443", "https://shop.example"),
            ("https://shop.example:0443", "https://shop.example"),
            ("http://shop.example:443", "http://shop.example:443"),
            ("http://localhost:80", "http://localhost"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://[::1]:80", "http://[::1]"),
            ("http://[::1]", "http://[::1]"),
            ("app://shop:443", "app://shop:443"),
            ("chrome-extension://abcdef", "chrome-extension://abcdef"),
            ("*", "*"),
            ("HTTPS://Shop.example", "https://shop.example"),
        ] {
            assert_eq!(origin(text).unwrap(), sent, "{text}");
        }
    }

    #[test]
    fn what_would_never_match_is_refused_with_what_to_write_instead() {
        for (text, said) in [
            ("shop.example", "an origin begins with its scheme; write `https://shop.example`"),
            ("shop.example/a", "write `https://shop.example`"),
            ("", "write `https://shop.example`"),
            ("://shop.example", "that is no scheme; write `https://shop.example`"),
            ("ht tp://shop.example", "that is no scheme; write `https://shop.example`"),
            ("null", "write `*` for everybody's pages"),
            ("NULL", "write `*` for everybody's pages"),
            ("https://*", "an origin has no wildcards, so this would never match; write each one"),
            (
                "https://*.shop.example",
                "such as `https://shop.example` and `https://www.shop.example`, or `*` alone",
            ),
            (
                "https://shop.example/",
                "no slash at the end and no name of a person with an origin; write `https://shop.example`",
            ),
            ("https://a/b", "write `https://a`"),
            ("https://a?b", "write `https://a`"),
            ("https://a#b", "write `https://a`"),
            ("https://me@shop.example", "write `https://shop.example`"),
            ("https://", "the host is missing; write `https://shop.example`"),
            ("https://:80", "the host is missing"),
            ("https://a b", "`a b` is no host; write scheme, host"),
            ("https://a:b:1", "`a:b` is no host"),
            ("https://[::x]", "`[::x]` is no host"),
            ("https://a:", "`` is no port; write a number from 1 to 65535, or leave it out: `https://a`"),
            ("https://a:+1", "`+1` is no port"),
            ("https://a:65536", "`65536` is no port"),
            ("https://bücher.example", "write it as `xn--…`"),
        ] {
            let refused = origin(text).unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }

    #[test]
    fn several_are_each_something_else() {
        for (texts, expected) in [
            (&["https://a", "https://b", "http://a"][..], None),
            (&["*"], None),
            (&[], None),
            (
                &["https://a", "https://b", "https://A:443"],
                Some("has `https://a` twice, as browsers send it; keep one"),
            ),
            (&["https://a", "*"], Some("allows everybody's pages already; leave out the others")),
            (&["*", "https://a"], Some("allows everybody's pages already")),
        ] {
            let origins: Vec<HeaderValue> = texts.iter().map(|text| origin(text).unwrap()).collect();
            match (check_all(&origins), expected) {
                (Ok(()), None) => {}
                (Err(said), Some(expected)) => assert!(said.contains(expected), "{texts:?}: {said}"),
                (found, expected) => panic!("{texts:?}: {found:?}, {expected:?}"),
            }
        }
    }
}
