//! What all pages share: head, bar, and the addresses of their assets.

use super::state::Standing;

/// What a page needs besides its own content.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Address of the style sheet.
    pub(crate) css: String,
    /// Address of the module.
    pub(crate) js: String,
    /// Addresses of the icons, by state.
    pub(crate) icons: Icons,
    /// The project, once somebody is signed in.
    pub(crate) project: String,
    /// The environment that is shown.
    pub(crate) environment: String,
    /// All environments, to change to another.
    pub(crate) environments: Vec<String>,
    /// Whether there is a session that can be ended.
    pub(crate) signed_in: bool,
    /// When the page was made, RFC 3339.
    pub(crate) now: String,
}

/// One icon per state, for the tab.
#[derive(Debug, Clone)]
pub(crate) struct Icons {
    pub(crate) calm: String,
    pub(crate) growing: String,
    pub(crate) held: String,
    pub(crate) harmed: String,
    pub(crate) done: String,
}

impl Frame {
    pub(super) fn icon(&self, standing: Option<Standing>) -> &str {
        match standing {
            None => &self.icons.calm,
            Some(Standing::Running) => &self.icons.growing,
            Some(Standing::Held) => &self.icons.held,
            Some(Standing::RolledBack) => &self.icons.harmed,
            Some(Standing::Completed) => &self.icons.done,
        }
    }

    pub(super) fn clock(&self) -> String {
        super::words::clock(&self.now)
    }
}
