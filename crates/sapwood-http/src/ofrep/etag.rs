//! Entity tags of what was evaluated: made from the bytes of the answer, compared as leniently as clients write them.

use axum::http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};

/// Bytes of the hash that are kept: enough that two answers never share a tag by accident.
const KEPT: usize = 16;

/// A strong entity tag, without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Etag(String);

impl Etag {
    /// The tag of an answer that is made of these parts.
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            // With their lengths, so that no byte can move from one part to the next unnoticed.
            hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part);
        }
        let hash = hasher.finalize();
        let kept = hash.iter().take(KEPT).fold(0_u128, |kept, byte| kept << 8 | u128::from(*byte));
        Self(format!("{kept:032x}"))
    }

    /// As a header's value, in quotes.
    pub(crate) fn header(&self) -> HeaderValue {
        let Self(tag) = self;
        HeaderValue::try_from(format!("\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\""))
    }

    /// Whether the client says that it has this answer already.
    pub(crate) fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(header::IF_NONE_MATCH).into_iter();
        values.any(|value| value.to_str().is_ok_and(|list| tags(list).any(|tag| tag == "*" || tag == self.0)))
    }
}

/// The tags of an `If-None-Match`, without quotes and without the mark of weakness: `"a"`, `W/"a"` and, as some
/// clients send it, `a`. What is not a tag ends the list.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return None;
        }
        let strong = rest.strip_prefix("W/").unwrap_or(rest);
        let tag = if let Some(quoted) = strong.strip_prefix('"') {
            let (tag, after) = quoted.split_once('"')?;
            rest = after;
            tag
        } else {
            let (tag, after) = strong.split_once(',').unwrap_or((strong, ""));
            rest = after;
            tag.trim_end()
        };
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_clients_write_them() {
        let read = |list: &'static str| tags(list).collect::<Vec<_>>();
        assert_eq!(read(r#""a""#), ["a"]);
        assert_eq!(read("a"), ["a"]);
        assert_eq!(read("*"), ["*"]);
        assert_eq!(read(r#"W/"a", "b,c" ,d,	W/e"#), ["a", "b,c", "d", "e"]);
        assert_eq!(read(r#", ,"a",,"#), ["a"]);
        assert_eq!(read(""), Vec::<&str>::new());
        assert_eq!(read(r#""unclosed"#), Vec::<&str>::new());
        assert_eq!(read(r#""a""b""#), ["a", "b"]);
    }

    #[test]
    fn parts_do_not_run_into_one_another() {
        assert_ne!(Etag::of(&[b"ab", b"c"]), Etag::of(&[b"a", b"bc"]));
        assert_eq!(Etag::of(&[b"ab", b"c"]), Etag::of(&[b"ab", b"c"]));
    }

    #[test]
    fn every_line_of_the_header_counts() {
        let tag = Etag::of(&[b"x"]);
        let mut headers = HeaderMap::new();
        assert!(!tag.is_in(&headers));
        headers.append(header::IF_NONE_MATCH, HeaderValue::from_static("\"other\""));
        assert!(!tag.is_in(&headers));
        headers.append(header::IF_NONE_MATCH, HeaderValue::from_bytes(b"\xff\xfe").unwrap());
        assert!(!tag.is_in(&headers));
        headers.append(header::IF_NONE_MATCH, tag.header());
        assert!(tag.is_in(&headers));
    }
}
