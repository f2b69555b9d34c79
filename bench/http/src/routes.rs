//! Requests per second of the evaluation routes, beside the echo under the same load.

use serde_json::{Value, json};

use crate::api::Api;
use crate::failure::Failure;
use crate::load::{Ask, Load, Round, median};
use crate::options::Options;
use crate::process::{Server, Tokens};
use crate::report::{self, Bar};
use crate::seed;

/// Subjects who ask.
const SUBJECTS: usize = 10_000;
/// Subjects who ask again with the entity tag of their last answer.
const SUBJECTS_WITH_TAG: usize = 1_000;
/// Whose pages ask.
const PAGE: &str = "https://shop.example";
const SINGLE: &str = "/ofrep/v1/evaluate/flags/";
const ALL: &str = "/ofrep/v1/evaluate/flags";

/// A new server and its tokens.
pub(crate) fn fresh(options: &Options, name: &str) -> Result<(Server, Tokens), Failure> {
    let data = options.scratch.join(name);
    if data.exists() {
        std::fs::remove_dir_all(&data)
            .map_err(Failure::while_doing(format!("emptying {}", data.display())))?;
    }
    std::fs::create_dir_all(&data).map_err(Failure::while_doing(format!("creating {}", data.display())))?;
    let (server, tokens) = Server::sapwood(&options.sapwood, &data)?;
    let tokens =
        tokens.ok_or_else(|| Failure("sapwood serve gave no tokens on its first start".to_owned()))?;
    Ok((server, tokens))
}

/// One flag at a time.
pub(crate) fn single(options: &Options) -> Result<(), Failure> {
    let (server, tokens) = fresh(options, "single")?;
    let api = Api::new(&server, &tokens.admin);
    seed::flags(&api, 0, 100)?;
    seed::rollout(&api)?;
    report::heading("one flag, 100 flags in the environment, server token");
    let bar = Bar { must: 0.55, aim: Some(0.86) };
    let mixed = |subject| format!("{SINGLE}{}", seed::key(subject % 100));
    let counted = |_| format!("{SINGLE}{}", seed::ROLLED_OUT);
    let asks = |path: &dyn Fn(usize) -> String| -> Vec<Ask> {
        let ask = |subject| Ask {
            path: path(subject),
            tag: None,
            origin: None,
            body: json!({"context": seed::context(subject)}),
        };
        (0..SUBJECTS).map(ask).collect()
    };
    compare(options, &server, &tokens, "single flag, four kinds in turn", &asks(&mixed), bar, 200)?;
    compare(options, &server, &tokens, "single flag, in a rollout, counted", &asks(&counted), bar, 200)
}

/// All flags at once, and the answer that nothing changed.
pub(crate) fn bulk(options: &Options) -> Result<(), Failure> {
    let (server, tokens) = fresh(options, "bulk")?;
    let api = Api::new(&server, &tokens.admin);
    let application = Api::new(&server, &tokens.server);
    report::heading("all flags of the environment, server token");
    let mut seeded = 0;
    for &flags in &options.bulk {
        seed::flags(&api, seeded, flags)?;
        seeded = seeded.max(flags);
        let asks: Vec<Ask> = (0..SUBJECTS).map(|subject| ask_all(subject)).collect();
        let from_pages: Vec<Ask> = asks.iter().map(|ask| Ask { origin: Some(PAGE), ..ask.clone() }).collect();
        let known = (0..SUBJECTS_WITH_TAG).map(|subject| {
            let ask = ask_all(subject);
            let tag = application.tag(ALL, &ask.body)?;
            Ok(Ask { tag: Some(tag.ok_or_else(|| Failure(format!("{ALL} gives no entity tag")))?), ..ask })
        });
        let known = known.collect::<Result<Vec<Ask>, Failure>>()?;
        let (must, aim) = if flags > 100 { (0.20, 0.38) } else { (0.36, 0.68) };
        let (all, nothing_new) = (Bar { must, aim: Some(aim) }, Bar { must: 0.70, aim: None });
        compare(options, &server, &tokens, &format!("bulk of {flags}"), &asks, all, 200)?;
        compare(options, &server, &tokens, &format!("bulk of {flags}, from a page"), &from_pages, all, 200)?;
        compare(
            options,
            &server,
            &tokens,
            &format!("bulk of {flags}, nothing new"),
            &known,
            nothing_new,
            304,
        )?;
    }
    Ok(())
}

/// All flags for a subject.
fn ask_all(subject: usize) -> Ask {
    Ask { path: ALL.to_owned(), tag: None, origin: None, body: json!({"context": seed::context(subject)}) }
}

/// Rounds against the server and the echo in turn; says whether every answer had the status it should have.
fn compare(
    options: &Options,
    server: &Server,
    tokens: &Tokens,
    name: &str,
    asks: &[Ask],
    bar: Bar,
    status: u16,
) -> Result<(), Failure> {
    let echo = Server::echo()?;
    let ours = Load::new(options, "ours", &tokens.server, asks)?;
    let same: Vec<Ask> = asks.iter().map(|ask| Ask { path: "/echo".to_owned(), ..ask.clone() }).collect();
    let theirs = Load::new(options, "echo", &tokens.server, &same)?;
    let (connections, seconds) = (options.connections, options.seconds);
    // Once without looking: caches fill and the allocator finds its size.
    ours.run(server, connections, 1)?;
    theirs.run(&echo, connections, 1)?;
    let metrics = Api::new(server, &tokens.admin);
    let (mut rounds, mut floors) = (Vec::new(), Vec::new());
    let counted_before = answered(&metrics, status)?;
    for _ in 0..options.rounds {
        rounds.push(ours.run(server, connections, seconds)?);
        floors.push(theirs.run(&echo, connections, seconds)?);
    }
    let counted_after = answered(&metrics, status)?;
    let sent: u64 = rounds.iter().map(|round| round.requests).sum();
    let answers = judge(&rounds, sent, counted_before.zip(counted_after), status);
    report::ratio(name, median(rounds), median(floors), bar, &answers);
    Ok(())
}

/// What the answers were, by wrk's count and by the server's own.
fn judge(rounds: &[Round], sent: u64, counted: Option<(u64, u64)>, status: u16) -> String {
    let (refused, failed) = rounds
        .iter()
        .fold((0, 0), |(refused, failed), round| (refused + round.refused, failed + round.failed));
    if refused + failed > 0 {
        return format!("{refused} refused, {failed} failed");
    }
    match counted {
        // Requests in flight when wrk hangs up are answered and counted by nobody.
        Some((before, after)) if after - before >= sent => format!("all {status}"),
        Some((before, after)) => format!("{} of {sent} were {status}", after - before),
        None => "none refused".to_owned(),
    }
}

/// How many evaluations were answered with a status so far, by the server's own count.
fn answered(metrics: &Api, status: u16) -> Result<Option<u64>, Failure> {
    let Some(text) = metrics.text("/metrics")? else { return Ok(None) };
    let wanted = format!("status=\"{status}\"");
    let lines = text
        .lines()
        .filter(|line| line.starts_with("sapwood_http_requests_total{") && line.contains(&wanted));
    let evaluations =
        lines.filter(|line| line.contains("route=\"single\"") || line.contains("route=\"bulk\""));
    let counts = evaluations.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    Ok(Some(counts.sum()))
}

/// One evaluation's answer, as far as it says which version was served.
pub(crate) fn version_of(answer: &Value) -> Option<u64> {
    answer.get("metadata")?.get("version")?.as_u64()
}
