//! Numbers and words the way people write them.

use std::fmt::Write as _;

use askama::filters::{Escaper as _, Html};

/// Keeps a number and its unit, or the digits of one number, on one line.
const NO_BREAK: char = '\u{a0}';

/// `1 234`.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            text.push(NO_BREAK);
        }
        text.push(digit);
    }
    text
}

/// `5 %` from parts per 100 000.
pub(super) fn share(parts: u32) -> String {
    let (whole, thousandths) = (parts / 1000, parts % 1000);
    let fraction = format!("{thousandths:03}");
    match fraction.trim_end_matches('0') {
        "" => format!("{whole}{NO_BREAK}%"),
        fraction => format!("{whole}.{fraction}{NO_BREAK}%"),
    }
}

/// `275 : 1`.
pub(super) fn odds(e: f64) -> String {
    format!("{}{NO_BREAK}:{NO_BREAK}1", about(e))
}

/// Two digits that mean something: `0.42`, `1.9`, `31`; capped where digits stop meaning anything.
pub(super) fn about(value: f64) -> String {
    if value >= 1e6 {
        format!("over 1{NO_BREAK}000{NO_BREAK}000")
    } else if value < 0.005 {
        "0".to_owned()
    } else if value < 1.0 {
        format!("{value:.2}")
    } else if value < 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// `22 Nov 14:03` from RFC 3339; what is not a time comes back as it is.
pub(super) fn moment(rfc3339: &str) -> String {
    day_and_clock(rfc3339).map_or_else(|| rfc3339.to_owned(), |(day, clock)| format!("{day}, {clock}"))
}

/// `22 Nov`.
pub(super) fn day(rfc3339: &str) -> String {
    day_and_clock(rfc3339).map_or_else(|| rfc3339.to_owned(), |(day, _)| day)
}

/// `14:03`.
pub(super) fn clock(rfc3339: &str) -> String {
    day_and_clock(rfc3339).map_or_else(|| rfc3339.to_owned(), |(_, clock)| clock)
}

fn day_and_clock(rfc3339: &str) -> Option<(String, String)> {
    let (date, time) = rfc3339.split_once('T')?;
    let mut parts = date.split('-').skip(1);
    let month = match parts.next()? {
        "01" => "Jan",
        "02" => "Feb",
        "03" => "Mar",
        "04" => "Apr",
        "05" => "May",
        "06" => "Jun",
        "07" => "Jul",
        "08" => "Aug",
        "09" => "Sep",
        "10" => "Oct",
        "11" => "Nov",
        "12" => "Dec",
        _ => return None,
    };
    let day = parts.next()?.trim_start_matches('0');
    Some((format!("{day}{NO_BREAK}{month}"), time.get(..5)?.to_owned()))
}

/// `45 s`, `10 min`, `2 h`, `3 d`: the largest unit that loses nothing worth keeping.
pub(super) fn duration(seconds: u32) -> String {
    let (amount, unit) = match seconds {
        0..120 => (seconds, "s"),
        120..7_200 => (seconds / 60, "min"),
        7_200..172_800 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "d"),
    };
    format!("{amount}{NO_BREAK}{unit}")
}

/// A stage's name without the marks that sentences put around it: `internal` from ``ring `internal` ``.
pub(super) fn bare(name: &str) -> String {
    name.strip_prefix("ring ").unwrap_or(name).replace('`', "")
}

/// At most `max` characters, with an ellipsis where some are missing.
pub(super) fn short(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some(_) => text.chars().take(max.saturating_sub(1)).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// A sentence as HTML: escaped, what stands between backticks as code, and numbers kept on one line.
pub(super) fn rich(sentence: &str) -> String {
    let sentence = unbroken(sentence);
    let mut html = String::with_capacity(sentence.len().saturating_add(32));
    for (part, text) in sentence.split('`').enumerate() {
        let code = !part.is_multiple_of(2);
        html.push_str(if code { "<code>" } else { "" });
        // Writing to a text cannot fail.
        let _infallible = Html.write_escaped_str(&mut html, text);
        html.push_str(if code { "</code>" } else { "" });
    }
    html
}

/// Spaces inside of a number and before its percent sign do not break.
fn unbroken(sentence: &str) -> String {
    let around = |at: usize| {
        let before = sentence.get(..at).and_then(|text| text.chars().next_back());
        let after = sentence.get(at.saturating_add(1)..).and_then(|text| text.chars().next());
        before.is_some_and(|c| c.is_ascii_digit()) && after.is_some_and(|c| c.is_ascii_digit() || c == '%')
    };
    sentence.char_indices().map(|(at, c)| if c == ' ' && around(at) { NO_BREAK } else { c }).collect()
}

/// The same as plain text, for titles and text alternatives.
pub(super) fn plain(sentence: &str) -> String {
    sentence.replace('`', "")
}

/// `a, b and c`.
pub(super) fn list(parts: &[String]) -> String {
    match parts.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => {
            let mut text = rest.join(", ");
            let _infallible = write!(text, " and {last}");
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        let spaced = |text: String| text.replace(NO_BREAK, " ");
        assert_eq!(spaced(count(1_234_567)), "1 234 567");
        assert_eq!(spaced(share(5_000)), "5 %");
        assert_eq!(spaced(share(500)), "0.5 %");
        assert_eq!(spaced(odds(274.6)), "275 : 1");
        assert_eq!(spaced(odds(1.94)), "1.9 : 1");
        assert_eq!(spaced(odds(1e300)), "over 1 000 000 : 1");
        assert_eq!(spaced(duration(600)), "10 min");
        assert_eq!(spaced(duration(60)), "60 s");
        assert_eq!(spaced(moment("2026-11-02T14:03:07.250Z")), "2 Nov, 14:03");
        assert_eq!(moment("soon"), "soon");
    }

    #[test]
    fn a_sentence_is_escaped_and_its_keys_are_code() {
        assert_eq!(rich("`on` <b> `x"), "<code>on</code> &#60;b&#62; <code>x</code>");
        assert_eq!(rich("1 204 of 5 %, 3 more"), "1\u{a0}204 of 5\u{a0}%, 3 more");
        assert_eq!(bare("ring `internal`"), "internal");
        assert_eq!(short("developers", 5), "deve…");
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }
}
