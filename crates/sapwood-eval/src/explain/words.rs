//! The sentences of an explanation.

use crate::attributes::{Attributes, Seen, Source};
use crate::condition::Comparison;
use crate::name::Names;
use crate::outcome::{Outcome, Reason, RuleRef};
use crate::program::{CompiledServes, CompiledTest, Cond, Moment, OneOf, Operand};
use crate::share::Share;
use crate::trace::{Fact, Place};

use super::StepKind;

/// How many entries of a list are shown, and how many characters of a value.
const SHOWN_ENTRIES_MAX: usize = 5;
const SHOWN_CHARACTERS_MAX: usize = 60;

pub(super) fn place(place: Place<'_>, attributes: Attributes<'_>, names: &Names) -> (StepKind, String) {
    match place {
        Place::Flag(flag) => (StepKind::Flag, format!("flag {}", flag.key())),
        Place::Rule(id) => (StepKind::Rule, format!("rule {id}")),
        Place::Rollout(id) => (StepKind::Rollout, format!("rollout {id}")),
        Place::Prerequisite(serves) => {
            (StepKind::Prerequisite, format!("prerequisite: {}", prerequisite(serves)))
        }
        Place::Audience => (StepKind::Audience, "in the audience".to_owned()),
        Place::Ring(key) => (StepKind::Ring, format!("in ring {key}")),
        Place::Condition(condition) => (StepKind::Condition, self::condition(condition, attributes, names)),
    }
}

pub(super) fn fact(fact: Fact<'_>) -> String {
    match fact {
        Fact::NoUnit(name) => format!("{name} is not a non-empty text, so there is no bucket"),
        Fact::Layer { bucket, slice } => {
            let lies = if slice.contains(bucket) { "in" } else { "outside" };
            let (layer, from, until) = (&slice.layer, slice.from, slice.until());
            format!("bucket {bucket} in layer {layer} lies {lies} this flag's slice {from}..{until}")
        }
        Fact::Share { bucket, share } => {
            let (side, arm) = if bucket < share { ("below", "treated") } else { ("not below", "control") };
            let percent = Share::from_parts(share).map(|share| share.to_string()).unwrap_or_default();
            format!("bucket {bucket} is {side} the share of {share} ({percent}): {arm}")
        }
        Fact::Slot { bucket, serve: Some(variant) } => {
            format!("bucket {bucket} lies in a slot of {variant}")
        }
        Fact::Slot { bucket, serve: None } => format!("bucket {bucket} lies in a slot that passes on"),
        Fact::Listed { included: true } => "listed as included".to_owned(),
        Fact::Listed { included: false } => "listed as excluded".to_owned(),
        Fact::Barred { rollout, baseline } => {
            format!(
                "the variant written here was rolled back by rollout {rollout}, so {baseline} takes its place"
            )
        }
        Fact::NoSuchFlag => "there is no such flag, so it serves nothing".to_owned(),
        Fact::BudgetSpent => "too many prerequisites in a row, so this one does not hold".to_owned(),
    }
}

pub(super) fn answer(outcome: &Outcome<'_>) -> String {
    match outcome {
        Outcome::NotFound => "there is no such flag".to_owned(),
        Outcome::Failed(failure) => format!("{}: {}", failure.code, failure.code.details()),
        Outcome::Found(found) => {
            let why = match (found.rule(), found.reason()) {
                (Some(RuleRef::BreakGlass), _) => "break-glass override".to_owned(),
                (Some(RuleRef::Rule(id)), _) => format!("rule {id}"),
                (Some(RuleRef::Rollout(id)), _) => format!("rollout {id}"),
                (None, Reason::Disabled) => "the flag is off".to_owned(),
                (None, Reason::Static) => "there are no rules".to_owned(),
                (None, Reason::Split | Reason::Default | Reason::TargetingMatch) => {
                    "no rule decided".to_owned()
                }
            };
            format!("serves {}: {why} ({})", found.variant(), found.reason())
        }
    }
}

fn prerequisite(serves: &CompiledServes) -> String {
    format!("flag {} serves {}", serves.flag, list(serves.variants.iter().map(ToString::to_string)))
}

fn condition(condition: &Cond, attributes: Attributes<'_>, names: &Names) -> String {
    match condition {
        Cond::Always => "everybody".to_owned(),
        Cond::Test(asked) => {
            let test = &asked.test.test;
            let at = test.name();
            attribute(names.get(at).map(|name| &*name.text), test, attributes.find(names, at))
        }
        Cond::All(_) => "all of".to_owned(),
        Cond::Any(_) => "any of".to_owned(),
        Cond::Not(_) => "not".to_owned(),
        Cond::Segment(segment) => format!("in segment {}", segment.key),
        Cond::Serves(serves) => prerequisite(serves),
        Cond::Now(moment) => format!("now is {}", side(moment)),
    }
}

fn attribute(name: Option<&str>, test: &CompiledTest, seen: Option<Seen<'_>>) -> String {
    let found = match seen {
        None => "absent".to_owned(),
        Some(Seen::Text(text)) => quoted(text.text),
        Some(seen) => abridged(&seen.to_json().to_string()),
    };
    format!("{} is {found}, asked to {}", name.unwrap_or_default(), asked(test))
}

fn asked(test: &CompiledTest) -> String {
    let texts = |texts: &[Operand]| list(texts.iter().map(|text| quoted(&text.text)));
    let plain = |texts: &[Box<str>]| list(texts.iter().map(|text| quoted(text)));
    match test {
        CompiledTest::Present(_) => "be present".to_owned(),
        CompiledTest::Absent(_) => "be absent".to_owned(),
        CompiledTest::Boolean(_, wanted) => format!("be {wanted}"),
        CompiledTest::Is(_, wanted) => format!("be {wanted}"),
        CompiledTest::Text(_, _, wanted) => format!("be {}", quoted(&wanted.text)),
        CompiledTest::OneOf(_, _, wanted) => format!("be one of {}", one_of(wanted)),
        CompiledTest::Contains(_, wanted) => format!("contain {}", texts(wanted)),
        CompiledTest::StartsWith(_, wanted) => format!("start with {}", plain(wanted)),
        CompiledTest::EndsWith(_, wanted) => format!("end with {}", plain(wanted)),
        CompiledTest::Number(_, wanted) => format!("be a number {}", compared(wanted, ToString::to_string)),
        CompiledTest::Release(_, wanted) => format!("be a version {}", compared(wanted, ToString::to_string)),
        CompiledTest::Semver(_, wanted) => {
            format!("be a version {}", compared(wanted, |version| version.text.clone().into_string()))
        }
        CompiledTest::DateTime(_, moment) => format!("be an instant {}", side(moment)),
        CompiledTest::Cidr(_, networks) => {
            format!("be an address in {}", list(networks.iter().map(ToString::to_string)))
        }
        CompiledTest::Matches(_, pattern) => format!("match {}", abridged(pattern.as_str())),
    }
}

fn one_of(wanted: &OneOf) -> String {
    let booleans = [(wanted.yes, "true"), (wanted.no, "false")];
    let booleans = booleans.into_iter().filter(|(named, _)| *named).map(|(_, name)| name.to_owned());
    let numbers = wanted.numbers.iter().map(ToString::to_string);
    list(wanted.texts.iter().map(quoted).chain(numbers).chain(booleans))
}

fn compared<T>(comparison: &Comparison<T>, show: impl Fn(&T) -> String) -> String {
    let how = match comparison {
        Comparison::Lt(_) => "less than",
        Comparison::Lte(_) => "at most",
        Comparison::Eq(_) => "equal to",
        Comparison::Gte(_) => "at least",
        Comparison::Gt(_) => "greater than",
    };
    format!("{how} {}", show(comparison.operand()))
}

fn side(moment: &Moment) -> String {
    if moment.before { format!("before {}", moment.text) } else { format!("at or after {}", moment.text) }
}

/// The first entries of a list, and how many more there are.
fn list(mut entries: impl Iterator<Item = String>) -> String {
    let shown: Vec<String> = entries.by_ref().take(SHOWN_ENTRIES_MAX).collect();
    let shown = shown.join(", ");
    match entries.count() {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn quoted(text: &str) -> String {
    format!("{:?}", abridged(text))
}

fn abridged(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
