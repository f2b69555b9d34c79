//! Plan files: what a team writes down, ready for the planner.

mod keys;
mod ladders;
mod measure;
mod read;

use std::collections::BTreeMap;

use jiff::civil::Date;
use sapwood_planner::cuts::{Check, Cut, Level, Surroundings, Verdict, check_cuts};
use sapwood_planner::what_if::Range;
use sapwood_planner::{Network, Plan, Schedule, SliceId};
use serde_json::{Value as Json, json};

use crate::calendar::Calendar;
use crate::finding::{Finding, Severity};
use crate::schema;
use crate::source::{Source, Span};
use crate::tree::Node;

/// An example with comments: what `sapwood plan init` writes.
pub const EXAMPLE: &str = include_str!("plan/example.yaml");

/// A plan file that keeps the format and does not contradict itself.
#[derive(Debug, Clone)]
pub struct PlanFile {
    /// The plan's name.
    pub key: String,
    /// What the team ships; empty if the file does not say.
    pub project: String,
    /// Days to dates, if the file says when the plan starts.
    pub calendar: Option<Calendar>,
    /// What the planner is asked.
    pub plan: Plan,
    /// The same, checked and contracted.
    pub network: Network,
    /// What is known about each slice beside its numbers, in the file's order.
    pub cuts: Vec<Cut>,
    /// Efforts that are ranges.
    pub ranges: BTreeMap<SliceId, Range>,
    /// Lens of each slice that has one.
    pub lenses: BTreeMap<SliceId, String>,
    around: Surroundings,
    root: Node,
}

/// Reads a plan file. `today` is the day rehearsals are counted from, if the file does not say.
///
/// # Errors
/// Everything that is wrong with the file, by place.
pub fn read(source: &Source, today: Option<Date>) -> Result<PlanFile, Vec<Finding>> {
    read::read(source, today)
}

/// The published JSON Schema of plan files.
pub fn json_schema() -> Json {
    let mut schema = schema::json_schema(&keys::SHAPE);
    if let Some(map) = schema.as_object_mut() {
        map.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        map.insert("title".to_owned(), json!("Sapwood plan file"));
    }
    schema
}

/// The keys of plan files as Markdown tables.
pub fn reference() -> String {
    let mut out = String::new();
    schema::table("The plan", keys::PLAN, &mut out);
    out
}

impl PlanFile {
    /// Checks every cut; with a schedule also what depends on days.
    pub fn check(&self, schedule: Option<&Schedule>) -> Vec<Verdict> {
        let releases = schedule.into_iter().flat_map(|schedule| &schedule.releases);
        let mut live: BTreeMap<SliceId, u64> =
            releases.flat_map(|release| release.slices.iter().map(|id| (id.clone(), release.live))).collect();
        for shipped in &self.plan.shipped {
            live.extend(shipped.slices.iter().map(|id| (id.clone(), shipped.live)));
        }
        check_cuts(&self.cuts, &Surroundings { live, ..self.around.clone() })
    }

    /// A verdict that is not a pass, at its places in the file.
    pub fn finding(&self, verdict: &Verdict) -> Finding {
        let key = match verdict.check {
            Check::Value => "value",
            Check::Confusion => "surfaces",
            Check::Dependencies => "learn_from",
            Check::Isolation => "isolated",
            Check::Measure => "measure",
            Check::Rollback => "rollback",
            Check::Ladder => "ladder",
            Check::Announcement => "comms",
            Check::Estimate => "effort",
        };
        let mut places = vec![(self.place(&verdict.slice, key), String::new())];
        for other in &verdict.with {
            let other_key = if verdict.check == Check::Isolation { "surfaces" } else { "id" };
            places.push((self.place(other, other_key), format!("{other} is here")));
        }
        let code = serde_json::to_value(verdict.check).ok();
        Finding {
            severity: if verdict.level == Level::Fail { Severity::Error } else { Severity::Warning },
            code: code.as_ref().and_then(Json::as_str).unwrap_or("check").to_owned(),
            message: format!("{}: {}", verdict.slice, verdict.message),
            remedy: verdict.remedy.clone(),
            places,
        }
    }

    /// Where a slice says something, or where it is named if it does not.
    fn place(&self, id: &SliceId, key: &str) -> Span {
        let slices = self.root.get(&["slices"]).map(Node::items).unwrap_or_default();
        let named = |node: &&Node| node.get(&["id"]).and_then(Node::text) == Some(id.as_str());
        let Some(slice) = slices.iter().find(named) else { return 0..0 };
        let entry = slice.entries().iter().find(|(entry, _)| entry.text == key);
        let entry = entry.or_else(|| slice.entries().iter().find(|(entry, _)| entry.text == "id"));
        entry.map_or(slice.span.clone(), |(key, node)| key.span.start..node.span.end)
    }
}
