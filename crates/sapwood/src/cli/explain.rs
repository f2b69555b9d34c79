//! Options of `explain` and `eval`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value};

use super::ServerArgs;

/// Options of `explain`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ExplainArgs {
    /// The flag.
    pub(crate) flag: String,
    /// The subject's attributes, `targetingKey` among them, as a JSON object.
    #[arg(long, default_value = "{}", value_name = "JSON", value_parser = context)]
    pub(crate) context: Map<String, Value>,
    /// The moment to ask about, such as 2026-12-01T08:00:00Z; now if absent.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// A JSON file with `targeting`, `flag` or `segments` as they would be put; - reads standard input. What is served if
    /// absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) draft: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `eval`.
#[derive(Debug, Clone, Args)]
pub(crate) struct EvalArgs {
    /// The flag.
    pub(crate) flag: String,
    /// The subject's attributes, `targetingKey` among them, as a JSON object.
    #[arg(long, default_value = "{}", value_name = "JSON", value_parser = context)]
    pub(crate) context: Map<String, Value>,
    /// The moment to ask about, such as 2026-12-01T08:00:00Z; now if absent.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

fn context(text: &str) -> Result<Map<String, Value>, String> {
    const SUCH_AS: &str = "write a JSON object, such as '{\"targetingKey\": \"user-1\"}'";
    match sapwood_words::tree(text.as_bytes()) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(SUCH_AS.to_owned()),
        Err(fault) if fault.path.is_empty() => Err(format!("{fault}; {SUCH_AS}")),
        Err(fault) => Err(fault.to_string()),
    }
}
