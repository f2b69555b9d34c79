//! Files of planner instances: what the planner is measured with.
//!
//! Two formats. `sapwood-planner-instances/1` is JSON with slices, requirements, groups and rules; keys that describe a
//! known answer are read over. `wt` is the OR-Library's weighted tardiness: per instance n efforts, n weights and n due
//! days, separated by white space.

use sapwood_planner::{Network, Plan, Requirement, Slice, SliceId, Surface, contradiction::Place};

use crate::finding::Finding;
use crate::limits::{INSTANCES_MAX, NAME_MAX};
use crate::quantity::whole;
use crate::shape::{Field, Shape, check};
use crate::source::{Source, Span};
use crate::tree::{self, Node, Value};

/// One question.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its name.
    pub id: String,
    /// The plan to solve, without contradictions.
    pub network: Network,
}

/// A question that cannot be asked.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Its name, or its number in the file.
    pub id: String,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

const DAYS: Shape = Shape::Whole(0, sapwood_planner::limits::DAYS_MAX);
const NAME: Shape = Shape::Name;
const NAMES: Shape = Shape::List(&NAME);
const SURFACES: Shape = Shape::List(&Shape::Text(NAME_MAX));
const SLICE: Shape = Shape::Object(&[
    Field::required("id", &NAME, "the slice"),
    Field::required("effort", &DAYS, "days to build it"),
    Field::required("value", &Shape::Whole(0, sapwood_planner::limits::VALUE_MAX), "worth of a day"),
    Field::optional("due", &DAYS, "delay costs only after this day"),
    Field::optional("surfaces", &SURFACES, "where users meet it"),
]);
const INSTANCE: &[Field] = &[
    Field::required("id", &Shape::Text(NAME_MAX), "the instance"),
    Field::required("slices", &Shape::List(&SLICE), "what is to be released"),
    Field::optional("requires", &Shape::List(&NAMES), "pairs: the second needs the first"),
    Field::optional("together", &Shape::List(&NAMES), "groups that ship in one release"),
    Field::optional("overhead", &DAYS, "team-days per release"),
    Field::optional("settle", &DAYS, "days between releases on one surface"),
    Field::optional("teams", &Shape::Whole(1, 100), "teams that build"),
];
static INSTANCE_SHAPE: Shape = Shape::Object(INSTANCE);

/// Keys of an instance that say something about it or its answer.
const ABOUT: &[&str] = &["family", "seed", "optimal", "note"];

/// Reads `sapwood-planner-instances/1`: a file of instances, a list of them, or one.
///
/// An instance that is wrong does not spoil the others: it is handed back with what is wrong with it.
///
/// # Errors
/// What is wrong with the file as a whole.
pub fn read(source: &Source) -> Result<Vec<Result<Instance, Refused>>, Vec<Finding>> {
    let root = tree::read(source).map_err(|finding| vec![finding])?;
    let format = root.get(&["format"]);
    if let Some(format) = format.filter(|format| format.text() != Some("sapwood-planner-instances/1")) {
        let message = "this is another format than `sapwood-planner-instances/1`";
        return Err(vec![Finding::error("format", format.span.clone(), message, "convert the file first")]);
    }
    let mut nodes: Vec<&Node> = Vec::new();
    let lists = [root.get(&["instances"]), root.get(&["examples"])];
    for list in lists.into_iter().flatten() {
        if !matches!(list.value, Value::List(_)) {
            let message = format!("here is {}, where a list of instances belongs", list.kind());
            return Err(vec![Finding::error("wrong_kind", list.span.clone(), message, "")]);
        }
        nodes.extend(list.items());
    }
    if lists.iter().all(Option::is_none) {
        match &root.value {
            Value::List(items) => nodes.extend(items),
            Value::Map(_) => nodes.push(&root),
            Value::Null | Value::Scalar { .. } => {}
        }
    }
    if nodes.is_empty() || nodes.len() > INSTANCES_MAX {
        let message = format!("the file holds {} instances; 1 to {INSTANCES_MAX} are possible", nodes.len());
        return Err(vec![Finding::error("count", root.span.clone(), message, "see `instances`")]);
    }
    let read = nodes.into_iter().enumerate().map(|(number, node)| {
        let id = node.get(&["id"]).and_then(Node::text);
        let id = id.map_or_else(|| format!("#{}", number + 1), |id| id.chars().take(NAME_MAX).collect());
        instance(node).map_err(|findings| Refused { id, findings })
    });
    Ok(read.collect())
}

fn instance(node: &Node) -> Result<Instance, Vec<Finding>> {
    let mut known = node.clone();
    if let Value::Map(entries) = &mut known.value {
        entries.retain(|(key, _)| !ABOUT.contains(&key.text.as_str()));
    }
    let found = check(&known, &INSTANCE_SHAPE);
    if !found.is_empty() {
        return Err(found);
    }
    let list = |key: &str| known.get(&[key]).map(Node::items).unwrap_or_default();
    let id = |node: &Node| node.text().and_then(|text| SliceId::new(text).ok());
    let ids = |node: &Node| node.items().iter().filter_map(id).collect::<Vec<SliceId>>();
    let number = |node: &Node, key: &str| node.get(&[key]).and_then(Node::text).and_then(whole);
    let slices = list("slices").iter().filter_map(|node| {
        let effort = number(node, "effort")?;
        let mut slice = Slice::new(node.get(&["id"]).and_then(id)?, effort, number(node, "value")?);
        slice.due = number(node, "due").unwrap_or(0);
        let surfaces = node.get(&["surfaces"]).map(Node::items).unwrap_or_default();
        slice.surfaces =
            surfaces.iter().filter_map(Node::text).map(|text| Surface(text.to_owned())).collect();
        Some(slice)
    });
    let mut plan = Plan::new(slices.collect());
    for pair in list("requires") {
        let ids = ids(pair);
        let [needs, slice] = ids.as_slice() else {
            let message = format!("a requirement names {} slices", ids.len());
            let remedy = "name two: `[a, b]` says that b needs a";
            return Err(vec![Finding::error("requires", pair.span.clone(), message, remedy)]);
        };
        plan.requires.push(Requirement { needs: needs.clone(), slice: slice.clone() });
    }
    plan.together = list("together").iter().map(ids).collect();
    plan.overhead = number(&known, "overhead").unwrap_or(0);
    plan.settle = number(&known, "settle").unwrap_or(0);
    plan.teams = number(&known, "teams").and_then(|teams| u32::try_from(teams).ok()).unwrap_or(1);
    let place = |place: &Place| -> Span {
        let at = |key: &str, number: usize| list(key).get(number).map(|node| node.span.clone());
        let span = match place {
            Place::Slice(number) => at("slices", *number),
            Place::Requires(number) => at("requires", *number),
            Place::Together(number) => at("together", *number),
            Place::Plan | Place::Apart(_) | Place::Shipped(_) | Place::Locked(_) | Place::Absence(_) => None,
        };
        span.unwrap_or_else(|| known.get(&["id"]).map_or(known.span.clone(), |id| id.span.clone()))
    };
    let network = Network::new(&plan)
        .map_err(|all| all.iter().map(|one| crate::finding_of(one, place)).collect::<Vec<Finding>>())?;
    let name = known.get(&["id"]).and_then(Node::text).unwrap_or_default();
    Ok(Instance { id: name.to_owned(), network })
}

/// Reads weighted tardiness instances of `count` slices each. They are named `wt40-001`, `wt40-002` and so on.
///
/// # Errors
/// Everything that is wrong with the file, by place.
pub fn read_wt(source: &Source, count: usize) -> Result<Vec<Result<Instance, Refused>>, Vec<Finding>> {
    let mut numbers = Vec::new();
    let mut at = 0;
    for word in source.text.split_whitespace() {
        let begin = source.text.get(at..).and_then(|rest| rest.find(word)).map_or(at, |offset| at + offset);
        at = begin + word.len();
        let Some(number) = whole(word) else {
            let shown: String = word.chars().take(40).collect();
            let message = format!("`{shown}` is not a whole number");
            return Err(vec![Finding::error(
                "bad_value",
                begin..at,
                message,
                "efforts, weights and due days are whole numbers",
            )]);
        };
        numbers.push((number, begin..at));
    }
    let end = source.text.len();
    if count == 0 || numbers.is_empty() || !numbers.len().is_multiple_of(3 * count) {
        let message = format!("{} numbers are no whole number of instances of 3 × {count}", numbers.len());
        return Err(vec![Finding::error(
            "count",
            end..end,
            message,
            "give the number of slices per instance with `--n`",
        )]);
    }
    if numbers.len() / (3 * count) > INSTANCES_MAX {
        let message =
            format!("the file holds {} instances; {INSTANCES_MAX} is the limit", numbers.len() / (3 * count));
        return Err(vec![Finding::error("count", 0..0, message, "split the file")]);
    }
    let mut instances = Vec::new();
    for (number, chunk) in numbers.chunks(3 * count).enumerate() {
        let id = format!("wt{count}-{:03}", number + 1);
        let (efforts, rest) = chunk.split_at(count);
        let (weights, dues) = rest.split_at(count);
        let slices = efforts.iter().zip(weights).zip(dues).enumerate().filter_map(
            |(place, ((effort, weight), due))| {
                let mut slice =
                    Slice::new(SliceId::new(&format!("j{}", place + 1)).ok()?, effort.0, weight.0);
                slice.due = due.0;
                Some(slice)
            },
        );
        let place = |place: &Place| match place {
            Place::Slice(slice) => chunk.get(*slice).map_or(0..0, |(_, span)| span.clone()),
            Place::Plan
            | Place::Requires(_)
            | Place::Together(_)
            | Place::Apart(_)
            | Place::Shipped(_)
            | Place::Locked(_)
            | Place::Absence(_) => 0..0,
        };
        let network = Network::new(&Plan::new(slices.collect()));
        instances.push(match network {
            Ok(network) => Ok(Instance { id, network }),
            Err(all) => {
                let findings = all.iter().map(|one| crate::finding_of(one, place)).collect();
                Err(Refused { id, findings })
            }
        });
    }
    Ok(instances)
}
