//! Pages that only say something: sign in, not found, refused.

use askama::Template;

use super::frame::Frame;

/// Asks for a token.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignInPage<'a> {
    frame: &'a Frame,
    icon: &'a str,
    title: String,
    announcement: String,
    problem: Option<&'a str>,
    /// Where to go afterwards; a path on this server.
    next: &'a str,
}

impl<'a> SignInPage<'a> {
    /// The page, with what was wrong the last time.
    pub(crate) fn new(frame: &'a Frame, problem: Option<&'a str>, next: &'a str) -> Self {
        let (title, announcement) = ("Sign in".to_owned(), String::new());
        Self { frame, icon: frame.icon(None), title, announcement, problem, next }
    }
}

/// Says what is wrong and where to go.
#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct MessagePage<'a> {
    frame: &'a Frame,
    icon: &'a str,
    title: String,
    announcement: String,
    heading: &'a str,
    text: &'a str,
}

impl<'a> MessagePage<'a> {
    /// A heading and a sentence.
    pub(crate) fn new(frame: &'a Frame, heading: &'a str, text: &'a str) -> Self {
        let (title, announcement) = (heading.to_owned(), String::new());
        Self { frame, icon: frame.icon(None), title, announcement, heading, text }
    }
}
