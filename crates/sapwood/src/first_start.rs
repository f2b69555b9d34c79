//! The first start of an empty data directory: a project, two environments, and tokens that are shown once.

use sapwood_api::manage::TokenRequest;
use sapwood_core::command::Command;
use sapwood_core::entry::Actor;
use sapwood_core::id::ProjectKey;
use sapwood_engine::{Engine, convert};

use crate::failure::Failure;

/// The project that exists from the start.
pub(crate) const PROJECT: &str = "default";
/// Where real users are.
pub(crate) const PRODUCTION: &str = "production";

/// Secrets of the first tokens.
#[derive(Debug, Clone)]
pub(crate) struct FirstTokens {
    pub(crate) admin: String,
    pub(crate) server: String,
    pub(crate) client: String,
}

/// The default project's key.
pub(crate) fn project() -> Result<ProjectKey, Failure> {
    PROJECT.parse().map_err(|error| Failure::Said(format!("{error}")))
}

/// Defines what must be there; answers the tokens if this was the first start.
///
/// Each step changes nothing when it is already done, so a start that was cut short is simply made again; tokens
/// are issued last, so that whoever sees them can use them.
pub(crate) async fn prepare(engine: &Engine) -> Result<Option<FirstTokens>, Failure> {
    let project = project()?;
    if engine.read(&project, |state| !state.tokens.is_empty()) == Some(true) {
        return Ok(None);
    }
    let mut commands = vec![Command::DefineProject { project: project.clone(), name: "Default".to_owned() }];
    for (key, name, production) in [(PRODUCTION, "Production", true), ("staging", "Staging", false)] {
        let key = key.parse().map_err(|error| Failure::Said(format!("{error}")))?;
        commands.push(Command::DefineEnvironment { key, name: name.to_owned(), production });
    }
    let (admin_command, _, admin) = convert::token(engine, token("admin", "First admin", None))?;
    let (server_command, _, server) =
        convert::token(engine, token("server", "First server", Some(PRODUCTION)))?;
    let (client_command, _, client) =
        convert::token(engine, token("client", "First client", Some(PRODUCTION)))?;
    commands.extend([server_command, client_command, admin_command]);
    for command in commands {
        engine.submit(&project, Actor::System, command).await?;
    }
    Ok(Some(FirstTokens { admin, server, client }))
}

fn token(kind: &str, name: &str, environment: Option<&str>) -> TokenRequest {
    TokenRequest {
        kind: kind.to_owned(),
        name: name.to_owned(),
        environment: environment.map(ToOwned::to_owned),
    }
}
