//! Entity tags of what was evaluated: made from the question and from the bytes of the answer, compared as leniently as
//! clients write them.

use axum::http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};

/// Bytes of a hash that are kept: enough that two answers never share a tag by accident.
const KEPT: usize = 16;
/// Letters of a half.
const HALF: usize = KEPT * 2;

/// One half of a tag: the hash of what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Half(u128);

impl Half {
    /// The half that stands for these parts.
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            // With their lengths, so that no byte can move from one part to the next unnoticed.
            hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part);
        }
        let hash = hasher.finalize();
        Self(hash.iter().take(KEPT).fold(0_u128, |kept, byte| kept << 8 | u128::from(*byte)))
    }

    /// Reads what is printed in a tag, and no other spelling of it.
    fn read(text: &str) -> Option<Self> {
        let canonical =
            text.len() == HALF && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        u128::from_str_radix(text, 16).ok().filter(|_| canonical).map(Self)
    }
}

/// A strong entity tag. Its first half stands for all that the answer was made of: what is served, to whom, and the bytes
/// of the question; who shows it has the answer already, and nothing need be evaluated to know that. Its second half stands
/// for the answer, and stays the same when something changed that makes no difference to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Etag {
    pub(crate) asked: Half,
    pub(crate) answered: Half,
}

impl Etag {
    /// As a header's value, in quotes.
    pub(crate) fn header(&self) -> HeaderValue {
        let Self { asked: Half(asked), answered: Half(answered) } = self;
        HeaderValue::try_from(format!("\"{asked:032x}.{answered:032x}\""))
            .unwrap_or(HeaderValue::from_static("\"\""))
    }

    fn read(tag: &str) -> Option<Self> {
        let (asked, answered) = tag.split_once('.')?;
        Some(Self { asked: Half::read(asked)?, answered: Half::read(answered)? })
    }
}

/// What the client says that it has already.
#[derive(Debug, Default)]
pub(crate) struct Had {
    tags: Vec<Etag>,
    /// Whatever there is: `*`.
    anything: bool,
}

impl Had {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut had = Self::default();
        let values = headers.get_all(header::IF_NONE_MATCH).into_iter();
        for tag in values.filter_map(|value| value.to_str().ok()).flat_map(tags) {
            had.anything |= tag == "*";
            had.tags.extend(Etag::read(tag));
        }
        had
    }

    /// The tag of the answer to this question, if the client has it.
    pub(crate) fn asked(&self, asked: Half) -> Option<Etag> {
        self.tags.iter().find(|tag| tag.asked == asked).copied()
    }

    /// Whether the client has an answer like this.
    pub(crate) fn answered(&self, tag: Etag) -> bool {
        self.anything || self.tags.iter().any(|had| had.answered == tag.answered)
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
        assert_ne!(Half::of(&[b"ab", b"c"]), Half::of(&[b"a", b"bc"]));
        assert_eq!(Half::of(&[b"ab", b"c"]), Half::of(&[b"ab", b"c"]));
    }

    #[test]
    fn every_line_of_the_header_counts() {
        let tag = Etag { asked: Half::of(&[b"x"]), answered: Half::of(&[b"y"]) };
        let mut headers = HeaderMap::new();
        let has = |headers: &HeaderMap| Had::of(headers).asked(tag.asked) == Some(tag);
        assert!(!has(&headers));
        headers.append(header::IF_NONE_MATCH, HeaderValue::from_static("\"other\""));
        assert!(!has(&headers));
        headers.append(header::IF_NONE_MATCH, HeaderValue::from_bytes(b"\xff\xfe").unwrap());
        assert!(!has(&headers));
        headers.append(header::IF_NONE_MATCH, tag.header());
        assert!(has(&headers));
    }

    #[test]
    fn either_half_is_enough_where_it_counts_and_only_as_it_is_printed() {
        let [one, other] = [Half::of(&[b"one"]), Half::of(&[b"other"])];
        let had = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::try_from(text).unwrap());
            let had = Had::of(&headers);
            let tag = Etag { asked: one, answered: one };
            (had.asked(one).is_some(), had.answered(tag))
        };
        let text = |asked: Half, answered: Half| {
            let header = Etag { asked, answered }.header();
            header.to_str().unwrap().trim_matches('"').to_owned()
        };
        let exact = text(one, one);
        for (tag, expected) in [
            (exact.clone(), (true, true)),
            (text(one, other), (true, false)),
            (text(other, one), (false, true)),
            (text(other, other), (false, false)),
            (format!("{}, {}", text(other, one), text(one, other)), (true, true)),
            ("*".to_owned(), (false, true)),
            (format!("{exact}0"), (false, false)),
            (exact[1..].to_owned(), (false, false)),
            (exact.replace('.', "-"), (false, false)),
            (exact[..33].to_owned(), (false, false)),
            (exact.to_uppercase(), (false, false)),
            (format!("+{}", &exact[1..]), (false, false)),
            (".".to_owned(), (false, false)),
        ] {
            assert_eq!(had(&tag), expected, "{tag}");
        }
    }
}
