//! From values with places to a plan: every key is checked already, so what is left is what one key says about another.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday};
use sapwood_planner::contradiction::Place;
use sapwood_planner::cuts::{Announcement, Class, Cut, Rollback, Surroundings};
use sapwood_planner::what_if::Range;
use sapwood_planner::{Absence, Network, Plan, Requirement, Shipped, Slice, SliceId, Surface};

use super::ladders::{Ladder, ladders, unknown};
use super::{PlanFile, keys, measure};
use crate::calendar::{Calendar, weekday};
use crate::finding::Finding;
use crate::quantity;
use crate::shape::check;
use crate::source::{Source, Span};
use crate::tree::{self, Node};

pub(super) fn read(source: &Source, today: Option<Date>) -> Result<PlanFile, Vec<Finding>> {
    let root = tree::read(source).map_err(|finding| vec![finding])?;
    let found = check(&root, &keys::SHAPE);
    if !found.is_empty() {
        return Err(found);
    }
    let mut reader = Reader::new(&root);
    let ladders = ladders(&root, &mut reader.found);
    let today = reader.text("today").and_then(|text| quantity::date(text).ok()).or(today);
    let slices = list(&root, "slices");
    let mut plan = Plan::new(Vec::new());
    let mut cuts = Vec::new();
    let mut ranges = BTreeMap::new();
    let mut requirements = Vec::new();
    let mut lenses = BTreeMap::new();
    for node in slices {
        let Some(id) = id_of(node) else { continue };
        let range = reader.effort(node);
        if let Some(range) = range.filter(|range| range.low < range.high) {
            ranges.insert(id.clone(), range);
        }
        let ladder = reader.ladder(node, &ladders);
        plan.slices.push(reader.slice(&id, node, range, ladder));
        for need in list(node, "requires") {
            if let Some(needs) = slice_id(need) {
                plan.requires.push(Requirement { needs, slice: id.clone() });
                requirements.push(need.span.clone());
            }
        }
        if let Some(lens) = node.get(&["lens"]).and_then(Node::text) {
            lenses.insert(id.clone(), lens.to_owned());
        }
        cuts.push(reader.cut(id, node, range, ladder, today));
    }
    reader.learning(slices);
    reader.rules(&mut plan);
    if !reader.found.is_empty() {
        return Err(reader.found);
    }
    let places = Places { root: &root, requirements };
    let network = Network::new(&plan).map_err(|all| {
        all.iter().map(|one| crate::finding_of(one, |place| places.of(place))).collect::<Vec<Finding>>()
    })?;
    let text = |names: &[&str]| root.get(names).and_then(Node::text).unwrap_or_default().to_owned();
    let max_step = root.get(&["max_step"]).and_then(Node::text).and_then(|text| quantity::points(text).ok());
    let surfaces = list(&root, "surfaces").iter().filter_map(Node::text).map(str::to_owned).collect();
    Ok(PlanFile {
        key: text(&["plan", "key"]),
        project: text(&["project"]),
        calendar: reader.calendar,
        plan,
        network,
        cuts,
        ranges,
        lenses,
        around: Surroundings { surfaces, max_step, live: BTreeMap::new() },
        root,
    })
}

struct Reader<'a> {
    root: &'a Node,
    calendar: Option<Calendar>,
    from_last_stage: bool,
    groups: BTreeSet<SliceId>,
    found: Vec<Finding>,
}

impl<'a> Reader<'a> {
    fn new(root: &'a Node) -> Self {
        let words = list(root, "workdays");
        let weekdays: Vec<Weekday> = if words.is_empty() {
            vec![Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday]
        } else {
            words.iter().filter_map(Node::text).filter_map(weekday).collect()
        };
        let start = root.get(&["start"]).and_then(Node::text).and_then(|text| quantity::date(text).ok());
        Self {
            calendar: start.map(|start| Calendar::new(start, &weekdays)),
            from_last_stage: root.get(&["settle_after"]).and_then(Node::text) == Some("last_stage"),
            groups: list(root, "together").iter().flat_map(Node::items).filter_map(slice_id).collect(),
            found: Vec::new(),
            root,
        }
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.root.get(&[key]).and_then(Node::text)
    }

    /// A day of the plan from a number of days or a date.
    fn day(&mut self, node: Option<&Node>) -> Option<u64> {
        let node = node?;
        let text = node.text()?;
        if let Ok(days) = quantity::days(text) {
            return Some(days);
        }
        let date = quantity::date(text).ok()?;
        let Some(calendar) = &self.calendar else {
            let message = "a date needs to know when the plan starts";
            self.found.push(Finding::error(
                "no_start",
                node.span.clone(),
                message,
                "add `start` to the plan",
            ));
            return None;
        };
        let day = calendar.day(date);
        if day.is_none() {
            let message = format!("{date} lies before the start of the plan");
            self.found.push(Finding::error(
                "before_start",
                node.span.clone(),
                message,
                "move `start`, or the date",
            ));
        }
        day
    }

    fn effort(&mut self, node: &Node) -> Option<Range> {
        let effort = node.get(&["effort"])?;
        let days = |node: &Node| node.text().and_then(|text| quantity::days(text).ok());
        if let Some(likely) = days(effort) {
            return Some(Range { low: likely, likely, high: likely });
        }
        let part = |key: &str| effort.get(&[key]).and_then(days);
        let range = Range { low: part("low")?, likely: part("likely")?, high: part("high")? };
        if range.low > range.likely || range.likely > range.high {
            let message =
                format!("{}d, {}d and {}d are not low, likely and high", range.low, range.likely, range.high);
            self.found.push(Finding::error(
                "effort",
                effort.span.clone(),
                message,
                "sort them: low ≤ likely ≤ high",
            ));
        }
        Some(range)
    }

    fn ladder<'b>(&mut self, node: &Node, ladders: &'b BTreeMap<String, Ladder>) -> Option<&'b Ladder> {
        let named = node.get(&["ladder"])?;
        let name = named.text()?;
        let ladder = ladders.get(name);
        if ladder.is_none() && self.root.get(&["ladders"]).is_none_or(|all| all.get(&[name]).is_none()) {
            self.found.push(unknown("ladder", name, named, ladders.keys().map(String::as_str)));
        }
        ladder
    }

    fn slice(&mut self, id: &SliceId, node: &Node, effort: Option<Range>, ladder: Option<&Ladder>) -> Slice {
        let value = node.get(&["value"]).and_then(Node::text).and_then(|text| quantity::per_day(text).ok());
        let mut slice = Slice::new(id.clone(), effort.map_or(0, |range| range.likely), value.unwrap_or(0));
        slice.due = self.day(node.get(&["due"])).unwrap_or(0);
        slice.not_after = self.day(node.get(&["not_after"]));
        slice.surfaces = list(node, "surfaces")
            .iter()
            .filter_map(Node::text)
            .map(|text| Surface(text.to_owned()))
            .collect();
        if self.from_last_stage {
            slice.climb = ladder.map_or(0, |ladder| ladder.climb.days);
        }
        slice
    }

    fn cut(
        &mut self,
        id: SliceId,
        node: &Node,
        effort: Option<Range>,
        ladder: Option<&Ladder>,
        today: Option<Date>,
    ) -> Cut {
        let text = |key: &str| node.get(&[key]).and_then(Node::text).unwrap_or_default();
        let is = |key: &str| text(key) == "true";
        let everybody = self.text("subjects_per_day").and_then(quantity::whole);
        let announcement = node.get(&["comms"]).map(|comms| Announcement {
            audience: comms.get(&["audience"]).and_then(Node::text).unwrap_or_default().to_owned(),
            text: comms.get(&["text"]).and_then(Node::text).unwrap_or_default().to_owned(),
            day: self.day(comms.get(&["on"])),
        });
        Cut {
            enabler: is("enabler"),
            whom: text("for").to_owned(),
            problem: text("problem").to_owned(),
            value: quantity::per_day(text("value")).unwrap_or(0),
            effort: effort.map(|range| range.likely),
            surfaces: list(node, "surfaces").iter().filter_map(Node::text).map(str::to_owned).collect(),
            requires: list(node, "requires").iter().filter_map(slice_id).collect(),
            learn_from: list(node, "learn_from").iter().filter_map(slice_id).collect(),
            isolated: is("isolated"),
            in_group: self.groups.contains(&id),
            measure: measure::measured(node.get(&["measure"]), ladder, everybody),
            rollback: node.get(&["rollback"]).and_then(|node| rollback(node, today)),
            announcement,
            ladder: ladder.map(|ladder| ladder.climb.clone()),
            id: Some(id),
        }
    }

    /// Whoever is to be learned from exists, and is somebody else.
    fn learning(&mut self, slices: &[Node]) {
        let known: Vec<&str> =
            slices.iter().filter_map(|node| node.get(&["id"])).filter_map(Node::text).collect();
        for node in slices {
            for from in list(node, "learn_from") {
                let Some(name) = from.text() else { continue };
                if !known.contains(&name) {
                    self.found.push(unknown("slice", name, from, known.iter().copied()));
                } else if node.get(&["id"]).and_then(Node::text) == Some(name) {
                    let message = format!("`{name}` is to learn from itself");
                    self.found.push(Finding::error(
                        "learn_from",
                        from.span.clone(),
                        message,
                        "name another slice",
                    ));
                }
            }
        }
    }

    /// What holds for the plan as a whole.
    fn rules(&mut self, plan: &mut Plan) {
        let days = |text: Option<&str>| text.and_then(|text| quantity::days(text).ok()).unwrap_or(0);
        plan.overhead = days(self.text("release_overhead"));
        plan.settle = days(self.text("settle"));
        let capacity = self.root.get(&["capacity"]);
        let teams =
            capacity.and_then(|node| node.get(&["teams"])).and_then(Node::text).and_then(quantity::whole);
        plan.teams = teams.and_then(|teams| u32::try_from(teams).ok()).unwrap_or(1);
        let groups = |key| {
            list(self.root, key).iter().map(|group| group.items().iter().filter_map(slice_id).collect())
        };
        plan.together = groups("together").collect();
        plan.apart = groups("apart").collect();
        plan.today = self.day(self.root.get(&["today"])).unwrap_or(0);
        for node in capacity.map(|node| list(node, "absences")).unwrap_or_default() {
            let (Some(from), Some(until)) = (self.day(node.get(&["from"])), self.day(node.get(&["until"])))
            else {
                continue;
            };
            let team = node.get(&["team"]).and_then(Node::text).and_then(quantity::whole);
            let team = team.and_then(|team| u32::try_from(team).ok());
            let teams = team.map_or(0..plan.teams, |team| team.saturating_sub(1)..team);
            plan.absences.extend(teams.map(|team| Absence { team, from, until }));
        }
        for node in list(self.root, "live") {
            let Some(live) = self.day(node.get(&["on"])) else { continue };
            plan.shipped
                .push(Shipped { slices: list(node, "slices").iter().filter_map(slice_id).collect(), live });
        }
        let last = plan.shipped.iter().map(|release| release.live).max().unwrap_or(0);
        if self.root.get(&["today"]).is_none() {
            plan.today = last;
        }
    }
}

fn rollback(node: &Node, today: Option<Date>) -> Option<Rollback> {
    let text = |key: &str| node.get(&[key]).and_then(Node::text);
    let class = match text("class")? {
        "flag" => Class::Flag,
        "flag+data" => Class::FlagAndData,
        _ => Class::ForwardOnly,
    };
    let rehearsed = text("rehearsed").and_then(|text| quantity::date(text).ok());
    let ago = rehearsed.zip(today).and_then(|(then, today)| then.until(today).ok());
    Some(Rollback {
        class,
        steps: text("steps").unwrap_or_default().to_owned(),
        rehearsed_days_ago: ago.and_then(|span| u64::try_from(span.get_days()).ok()),
    })
}

fn list<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    node.get(&[key]).map(Node::items).unwrap_or_default()
}

fn slice_id(node: &Node) -> Option<SliceId> {
    node.text().and_then(|text| SliceId::new(text).ok())
}

fn id_of(slice: &Node) -> Option<SliceId> {
    slice.get(&["id"]).and_then(slice_id)
}

/// Where the parts of a plan are in its file.
struct Places<'a> {
    root: &'a Node,
    requirements: Vec<Span>,
}

impl Places<'_> {
    fn of(&self, place: &Place) -> Span {
        let at = |key: &str, number: usize| list(self.root, key).get(number).map(|node| node.span.clone());
        let span = match place {
            Place::Slice(number) => {
                let slice = list(self.root, "slices").get(*number);
                slice.and_then(|slice| slice.get(&["id"])).map(|id| id.span.clone())
            }
            Place::Requires(number) => self.requirements.get(*number).cloned(),
            Place::Together(number) => at("together", *number),
            Place::Apart(number) => at("apart", *number),
            Place::Shipped(number) => at("live", *number),
            Place::Absence(_) => self.root.get(&["capacity"]).map(|node| node.span.clone()),
            Place::Locked(_) | Place::Plan => None,
        };
        span.unwrap_or_else(|| self.root.entries().first().map_or(0..0, |(key, _)| key.span.clone()))
    }
}
