//! Every key of a plan file, once: what is checked, published as schema and printed as reference.

use crate::limits::{NAME_MAX, TEXT_MAX};
use crate::shape::{Field, Shape};

const TEXT: Shape = Shape::Text(TEXT_MAX);
const NAME: Shape = Shape::Name;
const NAMES: Shape = Shape::List(&NAME);
const SURFACES: Shape = Shape::List(&Shape::Text(NAME_MAX));
const DAY: Shape = Shape::Day;
const TRUTH: Shape = Shape::Truth;

const EFFORT: Shape = Shape::Either(&[
    &Shape::Days,
    &Shape::Object(&[
        Field::required("low", &Shape::Days, "if all goes well"),
        Field::required("likely", &Shape::Days, "most likely; this is what the planner uses"),
        Field::required("high", &Shape::Days, "if little does"),
    ]),
]);

const MEASURE: Shape = Shape::Object(&[
    Field::required("metric", &NAME, "what is measured"),
    Field::required("better_if", &Shape::Word(&["up", "down"]), "which way is better"),
    Field::required("smallest", &Shape::Percent, "the smallest relative effect that matters"),
    Field::optional(
        "baseline",
        &Shape::Share,
        "share of people whom the metric counts today; with it, how long the effect takes to show is known",
    ),
    Field::optional(
        "subjects_per_day",
        &Shape::Whole(1, 1_000_000_000),
        "people who meet the slice's surface each day",
    ),
]);

const ROLLBACK: Shape = Shape::Object(&[
    Field::required(
        "class",
        &Shape::Word(&["flag", "flag+data", "forward_only"]),
        "how far it can be taken back: by switching off, with data to mend, or not at all",
    ),
    Field::optional("steps", &TEXT, "what to do"),
    Field::optional("owner", &TEXT, "who does it"),
    Field::optional("rehearsed", &Shape::Date, "when somebody last tried it"),
]);

const COMMS: Shape = Shape::Object(&[
    Field::optional("audience", &TEXT, "who is told"),
    Field::optional("text", &TEXT, "what they are told"),
    Field::optional("on", &Shape::Date, "when, if the day is fixed"),
]);

const STAGE: Shape = Shape::Object(&[
    Field::optional("ring", &NAME, "a named segment; rings come before shares"),
    Field::optional("share", &Shape::Share, "a share of the eligible people; shares rise"),
    Field::required("bake", &Shape::Time, "time with fresh data before the next stage"),
    Field::optional("gates", &NAMES, "guardrails that must not object"),
    Field::optional("needs_review", &TRUTH, "a second person has to agree before the next stage"),
]);

const GUARDRAIL: Shape = Shape::Object(&[
    Field::required("metric", &NAME, "what is measured"),
    Field::optional("source", &NAMES, "where it comes from"),
    Field::required("harm", &Shape::Word(&["up", "down"]), "which way is worse").or(&["worse_if"]),
    Field::optional("margin", &Shape::Percent, "how much worse is tolerated").or(&["by"]),
    Field::required("action", &Shape::Word(&["roll_back", "hold", "notify"]), "what happens on a breach"),
]);

const SLICE: Shape = Shape::Object(&[
    Field::required("id", &NAME, "its name, which is also its flag's key"),
    Field::optional("for", &TEXT, "who gains"),
    Field::optional("problem", &TEXT, "what they lack today"),
    Field::optional("value", &Shape::PerDay, "what one day without it costs, in one unit for the whole plan"),
    Field::optional("effort", &EFFORT, "team-days to build it"),
    Field::optional("enabler", &TRUTH, "it has no value of its own, and something requires it"),
    Field::optional("surfaces", &SURFACES, "where users meet it"),
    Field::optional("requires", &NAMES, "slices that must be live first, or ship with it"),
    Field::optional("learn_from", &NAMES, "slices whose decision comes first"),
    Field::optional(
        "isolated",
        &TRUTH,
        "nothing else touches it: no requirement, no shared surface, no group",
    ),
    Field::optional("due", &DAY, "delay costs only after this day"),
    Field::optional("not_after", &DAY, "the last day on which it may go live"),
    Field::optional("measure", &MEASURE, "how its effect is seen"),
    Field::optional("rollback", &ROLLBACK, "how it is taken back"),
    Field::optional("comms", &COMMS, "how it is announced"),
    Field::optional("ladder", &NAME, "the ladder it climbs"),
    Field::optional("lens", &TEXT, "page, flow or any other way to sort slices"),
    Field::optional("owner", &TEXT, "who answers for it"),
]);

const ABSENCE: Shape = Shape::Object(&[
    Field::optional("team", &Shape::Whole(1, 100), "which team, from 1; all of them without it"),
    Field::required("from", &DAY, "first day away"),
    Field::required("until", &DAY, "first day back"),
]);

const LIVE: Shape = Shape::Object(&[
    Field::required("slices", &NAMES, "what went live together"),
    Field::required("on", &DAY, "when"),
]);

/// The keys of a plan file.
pub(super) const PLAN: &[Field] = &[
    Field::required("sapwood", &Shape::Whole(1, 1), "version of the file format, which is 1"),
    Field::optional("kind", &Shape::Word(&["plan"]), "what the file is"),
    Field::required("plan", &NAME, "the plan's name").or(&["key"]),
    Field::optional("project", &NAME, "what the team ships"),
    Field::optional("start", &Shape::Date, "day 0; the first working day on or after it"),
    Field::optional(
        "workdays",
        &Shape::List(&Shape::Word(&["mon", "tue", "wed", "thu", "fri", "sat", "sun"])),
        "days that count; Monday to Friday without it",
    ),
    Field::optional("today", &DAY, "from when the rest is planned, once something is live"),
    Field::optional(
        "capacity",
        &Shape::Object(&[
            Field::optional(
                "teams",
                &Shape::Whole(1, 100),
                "teams that build, one release each at a time; 1 without it",
            ),
            Field::optional("absences", &Shape::List(&ABSENCE), "when they are away"),
        ]),
        "who builds",
    ),
    Field::optional(
        "release_overhead",
        &Shape::Days,
        "team-days every release costs beside its efforts; 0d without it",
    ),
    Field::optional("settle", &Shape::Days, "least days between two releases on one surface; 0d without it"),
    Field::optional(
        "settle_after",
        &Shape::Word(&["first_exposure", "last_stage"]),
        "what the settle window counts from; `first_exposure` without it",
    ),
    Field::optional("max_step", &Shape::Points, "largest step between two shares of a ladder"),
    Field::optional(
        "subjects_per_day",
        &Shape::Whole(1, 1_000_000_000),
        "people who use the product each day, for slices that do not say it",
    ),
    Field::optional("surfaces", &SURFACES, "surfaces of the project, so that a slip of the pen is noticed"),
    Field::optional(
        "ladders",
        &Shape::Named(&Shape::List(&STAGE)),
        "ladders by name: their stages from the first to the last",
    ),
    Field::optional("guardrails", &Shape::Named(&GUARDRAIL), "guardrails by name"),
    Field::required("slices", &Shape::List(&SLICE), "what is to be released"),
    Field::optional("together", &Shape::List(&NAMES), "groups that ship in one release"),
    Field::optional("apart", &Shape::List(&NAMES), "groups of which no two ship in one release"),
    Field::optional("live", &Shape::List(&LIVE), "what is live already"),
];

/// The shape of a plan file.
pub(super) static SHAPE: Shape = Shape::Object(PLAN);
