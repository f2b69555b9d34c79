//! `sapwood stats eval`: each statistic by itself, one question a line, so that its numbers can be held against others.

mod comparisons;
mod counts;
mod input;
mod kinds;
mod means;
mod mixtures;
mod streams;

use std::io::{BufRead, Write};
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::cli::StatsEvalArgs;
use crate::exit;
use crate::failure::Failure;
use crate::limits;
use input::{Fault, Input};

/// Answers every line of standard input on standard output.
pub(crate) fn eval(args: &StatsEvalArgs) -> Result<ExitCode, Failure> {
    let stdout = std::io::stdout().lock();
    let faults = answer_all(std::io::stdin().lock(), stdout, args.json)?;
    Ok(if faults == 0 { ExitCode::SUCCESS } else { exit::REFUSED.into() })
}

/// Answers every line, in order, as soon as it is read; says how many could not be answered.
fn answer_all(mut lines: impl BufRead, mut out: impl Write, as_json: bool) -> std::io::Result<u64> {
    let (mut number, mut faults) = (0, 0);
    while let Some(line) = next_line(&mut lines)? {
        number += 1;
        let (id, answer) = match line {
            Line::Text(text) if text.trim_ascii().is_empty() => continue,
            Line::Text(text) => answer(&text),
            Line::TooLong => (Value::Null, Err(Fault::line_too_long())),
        };
        match answer {
            Ok(output) if as_json => writeln!(out, "{}", json!({ "id": id, "output": output }))?,
            Ok(output) => writeln!(out, "{}: {output}", plain(&id))?,
            Err(fault) => {
                faults += 1;
                let Fault { at, message } = fault;
                if as_json {
                    let error = json!({ "line": number, "at": at, "message": message });
                    writeln!(out, "{}", json!({ "id": id, "error": error }))?;
                } else {
                    writeln!(out, "{}: line {number}, {at}: {message}", plain(&id))?;
                }
            }
        }
        // Whoever asks one question and waits for its answer must not wait for a full buffer.
        out.flush()?;
    }
    Ok(faults)
}

/// One question: its id, as far as there is one, and the answer.
fn answer(text: &[u8]) -> (Value, Result<Value, Fault>) {
    let question: Value = match serde_json::from_slice(text) {
        Ok(question) => question,
        Err(error) => return (Value::Null, Err(Fault::not_json(&error))),
    };
    let id = question.get("id").cloned().unwrap_or(Value::Null);
    let answer = Input::of_question(&question).and_then(|question| {
        let id = question.field("id")?;
        if !id.value().is_string() && !id.value().is_number() {
            return Err(id.fault("must be a text or a number, to tell the answers apart"));
        }
        let kind = question.field("kind")?;
        let kind_name = kind.text()?;
        let input = question.field("input")?;
        let Some(kind_of) = kinds::find(kind_name) else {
            let known: Vec<&str> = kinds::names().collect();
            return Err(
                kind.fault(&format!("`{kind_name}` is not a kind; known kinds are {}", known.join(", ")))
            );
        };
        input.only(kind_of.fields)?;
        (kind_of.evaluate)(&input)
    });
    (id, answer)
}

enum Line {
    Text(Vec<u8>),
    TooLong,
}

/// The next line without its end; a line over the limit is skipped to its end. `None` at the end of the input.
fn next_line(lines: &mut impl BufRead) -> std::io::Result<Option<Line>> {
    let mut text = Vec::new();
    let mut too_long = false;
    loop {
        let chunk = lines.fill_buf()?;
        if chunk.is_empty() {
            let nothing = text.is_empty() && !too_long;
            return Ok((!nothing).then_some(if too_long { Line::TooLong } else { Line::Text(text) }));
        }
        let (part, ended) = match chunk.iter().position(|byte| *byte == b'\n') {
            Some(end) => (chunk.get(..end).unwrap_or_default(), true),
            None => (chunk, false),
        };
        too_long |= text.len() + part.len() > limits::STATS_LINE_BYTES_MAX;
        if !too_long {
            text.extend_from_slice(part);
        }
        let used = part.len() + usize::from(ended);
        lines.consume(used);
        if ended {
            return Ok(Some(if too_long { Line::TooLong } else { Line::Text(text) }));
        }
    }
}

fn plain(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}
