//! `plan solve --instance`: answers to planner instances, one line each.

use std::process::ExitCode;

use sapwood_file::instances::{Instance, Refused, read, read_wt};
use sapwood_planner::Answer;
use serde_json::{Value, json};

use super::args::{Format, SolveArgs};
use super::load::{print, refuse, solved, source};
use super::order::promise;
use crate::exit;
use crate::failure::Failure;

pub(super) fn run(args: &SolveArgs) -> Result<ExitCode, Failure> {
    let Some(path) = &args.instance else {
        return Err(Failure::Said("no instance is named".to_owned()));
    };
    let source = source(path)?;
    let instances = match args.format {
        Format::Json => read(&source),
        Format::Wt => read_wt(&source, usize::from(args.n.unwrap_or(0))),
    };
    let instances = match instances {
        Ok(instances) => instances,
        Err(findings) => return refuse(&source, &findings, args.json),
    };
    let mut all_good = true;
    for instance in instances {
        match instance {
            Ok(instance) => {
                let answer = solved(&instance.network, &args.effort);
                print(&if args.json {
                    as_json(&instance, &answer).to_string()
                } else {
                    as_text(&instance, &answer)
                })?;
            }
            Err(Refused { id, findings }) => {
                all_good = false;
                if args.json {
                    let all: Vec<Value> = findings.iter().map(|finding| finding.json(&source)).collect();
                    print(&json!({ "id": id, "findings": all }).to_string())?;
                } else {
                    refuse(&source, &findings, false)?;
                }
            }
        }
    }
    Ok(if all_good { ExitCode::SUCCESS } else { exit::REFUSED.into() })
}

fn as_json(instance: &Instance, answer: &Answer) -> Value {
    let releases = answer.schedule.releases.iter();
    let releases = releases.map(|release| json!({ "slices": release.slices, "live": release.live }));
    json!({
        "id": instance.id,
        "objective": answer.schedule.score.cost,
        "releases": releases.collect::<Vec<Value>>(),
        "proven": answer.proven,
        "bound": answer.bound,
        "interrupted": answer.interrupted,
    })
}

fn as_text(instance: &Instance, answer: &Answer) -> String {
    let releases = answer.schedule.releases.len();
    format!(
        "{:<20} {:>12}  {} · {releases} releases",
        instance.id,
        answer.schedule.score.cost,
        promise(answer)
    )
}
