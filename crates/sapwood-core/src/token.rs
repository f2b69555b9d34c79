//! Tokens: what a program shows to prove what it may do. The log holds only the hash of the secret.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entry::Hash;
use crate::id::EnvironmentKey;

/// What a token is for. Each kind may do what [`TokenKind::may`] says and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Manages the project; for people's command lines and automation.
    Admin,
    /// Evaluates flags, makes exposures and reports events; for back ends.
    Server,
    /// Evaluates client-visible flags only; for browsers and apps.
    Client,
    /// Reports events only.
    Ingest,
}

/// What can be asked for with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Read and change the project.
    Manage,
    /// Evaluate flags that are visible to clients.
    Evaluate,
    /// Evaluate flags that are not, too, and be told which rule decided.
    Inspect,
    /// Report exposures and metric events.
    Report,
}

impl TokenKind {
    /// The one policy table for tokens.
    pub const fn may(self, permission: Permission) -> bool {
        match (self, permission) {
            (Self::Admin, Permission::Manage | Permission::Evaluate | Permission::Inspect)
            | (Self::Server, Permission::Evaluate | Permission::Inspect | Permission::Report)
            | (Self::Client, Permission::Evaluate)
            | (Self::Ingest, Permission::Report) => true,
            (Self::Admin, Permission::Report)
            | (Self::Server, Permission::Manage)
            | (Self::Client, Permission::Manage | Permission::Inspect | Permission::Report)
            | (Self::Ingest, Permission::Manage | Permission::Evaluate | Permission::Inspect) => false,
        }
    }

    /// The word in a token's prefix.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Server => "server",
            Self::Client => "client",
            Self::Ingest => "ingest",
        }
    }
}

/// A token as the log knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Minted at the edge.
    pub id: Uuid,
    /// What it is for.
    pub kind: TokenKind,
    /// What people call it.
    pub name: String,
    /// The environment it is bound to; `None` only for admin tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentKey>,
    /// SHA-256 of the secret. The secret has 256 random bits, so a slow hash would add nothing.
    pub secret_hash: Hash,
}
