//! `sapwood explain` and `sapwood eval`: what a subject gets, with every step that leads to it, or without.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

use reqwest::Method;
use sapwood_api::explain::{ExplainRequest, ExplainResponse};
use sapwood_api::problem::Code;
use sapwood_words::{Fault, Spot, tree};
use serde_json::{Map, Value, json};

use crate::cli::ServerArgs;
use crate::cli::explain::{EvalArgs, ExplainArgs};
use crate::client::Client;
use crate::exit;
use crate::failure::Failure;
use crate::out::Out;
use crate::plan::load::{coloured, source};

const FORMAT: u32 = 1;
/// What of a request is a draft.
const FIELDS: [&str; 3] = ["targeting", "flag", "segments"];

/// Prints the walk. Exits with 10 if the flag is not served there, 11 if it cannot be evaluated for this subject.
pub(crate) async fn explain(args: ExplainArgs) -> Result<ExitCode, Failure> {
    let mut request = Map::new();
    if let Some(draft) = &args.draft {
        request = self::draft(draft)?;
    }
    request.insert("context".to_owned(), Value::Object(args.context));
    request.extend(args.at.map(|at| ("at".to_owned(), json!(at))));
    let answer = ask(&args.server, &args.flag, &Value::Object(request)).await?;
    Out::new(args.json).say(
        &walk(&answer, coloured(std::io::stdout().is_terminal())),
        &json!({"format": FORMAT, "explanation": answer}),
    )?;
    Ok(ending(&answer))
}

/// Prints the answer. Exits as [`explain`] does.
pub(crate) async fn eval(args: EvalArgs) -> Result<ExitCode, Failure> {
    let request = ExplainRequest { context: args.context, at: args.at, ..ExplainRequest::default() };
    let answer = ask(&args.server, &args.flag, &json!(request)).await?;
    let last = answer.text.lines().last().unwrap_or_default().trim();
    let text = match (&answer.variant, &answer.value) {
        (Some(_), Some(value)) => format!("{value}\n{} {last}", answer.key),
        _ => format!("{} {last}", answer.key),
    };
    let said = json!({
        "format": FORMAT, "key": answer.key, "variant": answer.variant, "value": answer.value,
        "reason": answer.reason, "error_code": answer.error_code,
    });
    Out::new(args.json).say(&text, &said)?;
    Ok(ending(&answer))
}

async fn ask(server: &ServerArgs, flag: &str, request: &Value) -> Result<ExplainResponse, Failure> {
    let client = Client::new(&server.server, &server.token)?;
    let (project, environment) = (segment(&server.project), segment(&server.environment));
    let path =
        format!("/api/v1/projects/{project}/environments/{environment}/flags/{}/explain", segment(flag));
    match client.send_json(Method::POST, &path, request).await {
        Err(Failure::Problem(problem))
            if problem.code == Code::UnknownReference.as_str() && !has_draft(request) =>
        {
            Err(Failure::Absent(problem.detail))
        }
        answered @ (Ok(_) | Err(_)) => answered,
    }
}

/// A draft may name what is not there; without one it is the flag.
fn has_draft(request: &Value) -> bool {
    FIELDS.iter().any(|field| request.get(field).is_some())
}

/// A name as one step of an address, whatever is in it.
fn segment(name: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    name.bytes()
        .map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The draft as the server takes it.
fn draft(path: &Path) -> Result<Map<String, Value>, Failure> {
    let source = source(path)?;
    let wrong = |fault: Fault| Failure::Written { name: source.name.clone(), fault };
    let read = tree(source.text.as_bytes()).map_err(wrong)?;
    // Only which parts there are is looked at here; what is in them is the server's to judge.
    let spot = Spot::new("", &read);
    spot.fields("a draft", &FIELDS).map_err(wrong)?;
    let Value::Object(map) = read else { return Ok(Map::new()) };
    Ok(map)
}

/// The walk, with what held and what did not in colours, and what a draft would do below.
fn walk(answer: &ExplainResponse, colour: bool) -> String {
    let mut lines: Vec<String> = answer.text.lines().map(|line| painted(line, colour)).collect();
    if let Some(would) = &answer.would {
        let kinds: Vec<&str> = would.iter().map(|one| one.kind.as_str()).collect();
        let what = if kinds.is_empty() { "nothing; it is so already".to_owned() } else { kinds.join(", ") };
        lines.push(format!("a draft; putting it would append {what}"));
    }
    lines.extend(answer.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.join("\n")
}

fn painted(line: &str, colour: bool) -> String {
    let code = if line.ends_with(": yes") {
        "32"
    } else if line.ends_with(": no") {
        "2"
    } else if line.trim_start().starts_with("serves ") {
        "1"
    } else {
        ""
    };
    if colour && !code.is_empty() { format!("\x1b[{code}m{line}\x1b[0m") } else { line.to_owned() }
}

fn ending(answer: &ExplainResponse) -> ExitCode {
    match answer.error_code.as_deref() {
        None => ExitCode::SUCCESS,
        Some("FLAG_NOT_FOUND") => exit::NOT_SERVED.into(),
        Some(_) => exit::NO_ANSWER.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals() {
        for (line, code) in [("  rule a: yes", "32"), ("  rule a: no", "2"), ("  serves on: rule a", "1")] {
            assert_eq!(painted(line, false), line);
            assert_eq!(painted(line, true), format!("\x1b[{code}m{line}\x1b[0m"));
        }
        assert_eq!(painted("flag a", true), "flag a");
    }

    #[test]
    fn any_name_is_one_step_of_an_address() {
        assert_eq!(segment("new-checkout_1.0"), "new-checkout_1.0");
        assert_eq!(segment("a/b ü?"), "a%2Fb%20%C3%BC%3F");
    }
}
