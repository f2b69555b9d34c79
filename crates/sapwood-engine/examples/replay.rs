//! How long a start takes for how long a log: `cargo run --release -p sapwood-engine --example replay -- 100000`.
//!
//! The log is a project of 1 000 flags whose rules are set again and again, which is the dearest kind of entry that is
//! common. Printed are the read with its checks alone, and the whole start.
#![expect(clippy::print_stdout, reason = "figures are what it is for")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use sapwood_core::entry::{Actor, Draft};
use sapwood_core::id::{ProjectKey, Stream};
use sapwood_engine::{Engine, OsEntropy, Store, SystemClock};
use sapwood_store::{Append, SqliteStore, verify};
use serde_json::{Value, json};
use uuid::Uuid;

const FLAGS: u64 = 1_000;
const ENTRIES: u64 = 100_000;
const ENTRIES_PER_APPEND: u64 = 1_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let entries = std::env::args().nth(1).map_or(Ok(ENTRIES), |text| text.parse())?;
    let dir = std::env::temp_dir().join(format!("sapwood-replay-{}", std::process::id()));
    let outcome = measure(&dir, entries).await;
    std::fs::remove_dir_all(&dir)?;
    outcome
}

async fn measure(dir: &Path, entries: u64) -> Result<(), Box<dyn Error>> {
    let project: ProjectKey = "default".parse()?;
    let store = SqliteStore::open(dir, Arc::new(SystemClock)).await?;
    let mut version = 0;
    while version < entries {
        let upto = entries.min(version.saturating_add(ENTRIES_PER_APPEND));
        let drafts = (version..upto).map(draft).collect::<Result<Vec<_>, _>>()?;
        let (stream, actor) = (Stream::Project(project.clone()), Actor::User("ann".to_owned()));
        store.append(Append { stream, expected: version, actor, drafts, decided: None }).await?;
        version = upto;
    }
    store.close().await;

    let store = SqliteStore::open(dir, Arc::new(SystemClock)).await?;
    let began = Instant::now();
    verify(&store, Stream::Project(project.clone())).await?;
    let read = began.elapsed();
    store.close().await;

    let began = Instant::now();
    let store = Arc::new(SqliteStore::open(dir, Arc::new(SystemClock)).await?);
    let shared: Arc<dyn Store> = Arc::<SqliteStore>::clone(&store);
    let engine = Engine::open(shared, Arc::new(SystemClock), Arc::new(OsEntropy)).await?;
    let start = began.elapsed();
    let folded = engine.read(&project, |state| (state.version, state.flags.len()));
    println!(
        "{}",
        json!({
            "entries": entries, "folded": folded,
            "read_and_check_ms": read.as_millis(), "start_ms": start.as_millis(),
        })
    );
    store.close().await;
    Ok(())
}

/// The project, its environment, its flags, and then rules for them in turn.
fn draft(n: u64) -> Result<Draft, Box<dyn Error>> {
    let flag = format!("flag-{}", n % FLAGS);
    let (kind, environment, body): (&str, Option<&str>, Value) = match n {
        0 => ("project_defined.v1", None, json!({"project": "default", "name": "Default"})),
        1 => (
            "environment_defined.v1",
            None,
            json!({"key": "production", "name": "Production", "production": true}),
        ),
        _ if n < FLAGS.saturating_add(2) => {
            let flag = json!({
                "key": flag, "type": "boolean", "variants": {"off": false, "on": true},
                "client_visible": false, "bucketing": "flagd-v3", "salt": format!("{n:032x}"),
            });
            let about = json!({"description": "", "tags": [], "kind": "release"});
            ("flag_defined.v1", None, json!({"flag": flag, "about": about}))
        }
        _ => {
            let when =
                json!({"attribute": {"name": "country", "test": {"one_of": ["NL", "BE", n.to_string()]}}});
            let rules = json!([{"id": "near", "when": when, "serve": {"variant": "on"}}]);
            let targeting =
                json!({"on": true, "off_variant": "off", "rules": rules, "default": {"variant": "off"}});
            ("targeting_set.v1", Some("production"), json!({"flag": flag, "targeting": targeting}))
        }
    };
    Ok(Draft {
        id: Uuid::from_u128(u128::from(n).saturating_add(1)),
        kind: kind.to_owned(),
        environment: environment.map(str::parse).transpose()?,
        body: body.to_string(),
    })
}
