//! The management API: each handler extracts, makes one call, converts the answer.

pub(crate) mod definitions;
pub(crate) mod log;
pub(crate) mod rollouts;
pub(crate) mod tokens;

use sapwood_api::manage::Changed;
use sapwood_engine::Submitted;
use serde::Deserialize;

use crate::limits::{PAGE_ITEMS, PAGE_ITEMS_MAX};

/// Which page of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// The cursor of the page before.
    pub(crate) after: Option<String>,
    /// How many items.
    limit: Option<usize>,
}

impl PageQuery {
    pub(crate) fn limit(&self) -> usize {
        page_limit(self.limit)
    }
}

fn page_limit(asked: Option<usize>) -> usize {
    asked.unwrap_or(PAGE_ITEMS).clamp(1, PAGE_ITEMS_MAX)
}

fn changed(submitted: &Submitted) -> Changed {
    Changed { version: submitted.version, changed: submitted.changed() }
}
