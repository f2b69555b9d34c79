//! Every key of a definition file, once: what is checked, published as schema, printed as reference, and turned into
//! the server's words and back.

use super::Kind;
use crate::limits::{NAME_MAX, TEXT_MAX};
use crate::shape::{Field, Shape};

/// Longest operand of a test, key of a subject or instant; the server's own limit is in bytes.
const OPERAND_MAX: usize = 4_096;

const TEXT: Shape = Shape::Text(TEXT_MAX);
const NAME: Shape = Shape::Name;
const WORD: Shape = Shape::Text(NAME_MAX);
const OPERAND: Shape = Shape::Text(OPERAND_MAX);
const OPERANDS: Shape = Shape::List(&OPERAND);

const FORMAT: Field = Field::optional(
    "sapwood",
    &Shape::Whole(1, 1),
    "version of the file format, which is 1; once in each file",
);
const KEY: Field = Field::required("key", &NAME, "its name");
const DESCRIPTION: Field = Field::optional("description", &TEXT, "what it is for").usual("\"\"");

const fn kind(shape: &'static Shape) -> Field {
    Field::required("kind", shape, "what is defined")
}

const ENVIRONMENT: &[Field] = &[
    FORMAT,
    kind(&Shape::Word(&["environment"])),
    KEY,
    Field::required("name", &TEXT, "what people call it"),
    Field::optional("production", &Shape::Truth, "whether real users are behind it; `false` without it")
        .usual("false"),
];

const METRIC: &[Field] = &[
    FORMAT,
    kind(&Shape::Word(&["metric"])),
    KEY,
    DESCRIPTION,
    Field::required(
        "metric",
        &Shape::Object(&[Field::required(
            "kind",
            &Shape::Word(&["event_rate"]),
            "what is counted: subjects with at least one such event",
        )]),
        "how it is measured",
    ),
];

const SEGMENT: &[Field] = &[
    FORMAT,
    kind(&Shape::Word(&["segment"])),
    KEY,
    Field::required(
        "segment",
        &Shape::Object(&[
            Field::required("condition", &CONDITION_HERE, "who belongs to it; `{any: []}` for a list alone"),
            Field::optional(
                "included",
                &Shape::LongList(&OPERAND),
                "targeting keys that belong to it anyway",
            ),
            Field::optional("excluded", &Shape::LongList(&OPERAND), "targeting keys that never do"),
        ]),
        "its members",
    ),
];

const LAYER: Shape = Shape::Object(&[
    Field::required("layer", &NAME, "the layer's name"),
    Field::optional("salt", &NAME, "its salt, the same in every flag of the layer; the layer's without it"),
    Field::optional(
        "from",
        &Shape::Share,
        "where the flag's slice begins; where it is, or where there is room, without it",
    ),
    Field::required("width", &Shape::Share, "how wide it is"),
]);

const DEFINED_FLAG: Shape = Shape::Object(&[
    Field::required(
        "type",
        &Shape::Word(&["boolean", "string", "integer", "number", "object"]),
        "the type of every variant's value",
    ),
    Field::required("variants", &Shape::Named(&Shape::Any), "values by name"),
    Field::optional("unit", &WORD, "the attribute that is bucketed and counted; `targetingKey` without it")
        .usual("\"targetingKey\""),
    Field::optional("client_visible", &Shape::Truth, "whether client tokens may see it; `false` without it")
        .usual("false"),
    Field::optional("layer", &LAYER, "its slice of a layer, for mutual exclusion"),
    Field::optional(
        "salt",
        &NAME,
        "seeds its buckets, for life; the server makes one for a new flag without it",
    ),
    Field::optional("bucketing", &Shape::Word(&["flagd-v3"]), "how units become buckets, for life")
        .usual("\"flagd-v3\""),
]);

const ABOUT: Shape = Shape::Object(&[
    DESCRIPTION,
    Field::optional("owner", &TEXT, "who answers for it"),
    Field::optional("tags", &Shape::List(&TEXT), "words to find it by").usual("[]"),
    Field::optional(
        "kind",
        &Shape::Word(&["release", "experiment", "ops", "permission"]),
        "what sort of switch it is; `release` without it",
    )
    .usual("\"release\""),
    Field::optional("expected_lifetime", &Shape::Lifetime, "how long it is expected to live")
        .wire("expected_lifetime_days"),
]);

const FLAG: &[Field] = &[
    FORMAT,
    kind(&Shape::Word(&["flag"])),
    KEY,
    Field::optional("about", &ABOUT, "for people, read by no evaluation").usual("{}"),
    Field::required("flag", &DEFINED_FLAG, "what evaluation reads, in all environments"),
    Field::optional(
        "environments",
        &Shape::Named(&TARGETING),
        "its rules in each environment that serves it",
    )
    .usual("{}"),
    Field::optional(
        "corrects",
        &Shape::List(&NAME),
        "variants whose values are corrected and still mean the same",
    )
    .usual("[]"),
];

const SLOT: Shape = Shape::Object(&[
    Field::required(
        "serve",
        &Shape::NameOrNothing,
        "the variant; `null` passes on to the next rule (`\"\"` in TOML)",
    ),
    Field::required("width", &Shape::Share, "its part of the buckets; all widths add up to 100%"),
]);

const SERVE: Shape = Shape::Either(&[
    &Shape::One(&[
        Field::optional("variant", &NAME, "this variant"),
        Field::optional("slots", &Shape::List(&SLOT), "by bucket, in this order"),
    ]),
    &Shape::Object(&[
        Field::required(
            "shares",
            &Shape::Named(&Shape::Share),
            "how much each variant gets; laid over the slots of the rule with this id, so that the fewest people move",
        ),
        Field::optional(
            "rest",
            &Shape::NameOrNothing,
            "the variant that takes what is left, or `null` to pass on (`\"\"` in TOML); without it the shares are the \
             whole",
        ),
    ]),
]);

const RULE: Shape = Shape::Object(&[
    Field::required("id", &NAME, "its name within the flag"),
    Field::required("when", &CONDITION_HERE, "whom it is for"),
    Field::required("serve", &SERVE, "what they get"),
]);

const TARGETING: Shape = Shape::Object(&[
    Field::required("on", &Shape::Truth, "whether rules, rollouts and default are in force"),
    Field::required("off_variant", &NAME, "what everybody gets while it is off"),
    Field::required("rules", &Shape::List(&RULE), "the first that matches and does not pass on decides"),
    Field::required("default", &SERVE, "what is served when no rule decides"),
]);

/// A condition, which may hold conditions.
const CONDITION_HERE: Shape = Shape::Called("condition", condition);

/// A function, because a constant that holds itself has no end.
pub(super) fn condition() -> &'static Shape {
    &CONDITION
}

static CONDITION: Shape = Shape::Either(&[&Shape::Word(&["always"]), &Shape::One(CONDITIONS)]);

/// What can be asked of a subject.
pub(super) const CONDITIONS: &[Field] = &[
    Field::optional("all", &Shape::List(&CONDITION_HERE), "every one of these holds"),
    Field::optional("any", &Shape::List(&CONDITION_HERE), "at least one of these holds"),
    Field::optional("not", &CONDITION_HERE, "this does not hold"),
    Field::optional("segment", &NAME, "members of this segment"),
    Field::optional(
        "serves",
        &Shape::Object(&[
            Field::required("flag", &NAME, "the other flag"),
            Field::required("variants", &Shape::List(&NAME), "any of these will do"),
        ]),
        "whoever is served one of these variants by another flag",
    ),
    Field::optional("attribute", &ATTRIBUTE, "whoever has an attribute that passes a test"),
    Field::optional("now", &INSTANT, "everybody, before or after an instant"),
];

const INSTANT: Shape = Shape::One(&[
    Field::optional("before", &OPERAND, "until right before this instant, like `2027-01-11T09:00:00Z`"),
    Field::optional("after", &OPERAND, "from this instant on"),
]);

const ATTRIBUTE: Shape = Shape::Object(&[
    Field::required("name", &WORD, "the attribute; `targetingKey` is one, too"),
    Field::required(
        "test",
        &Shape::Either(&[&Shape::Word(&["present", "absent"]), &Shape::One(TESTS)]),
        "`present`, `absent`, or a test",
    ),
]);

const TESTS: &[Field] = &[
    Field::optional("equals", &Shape::Scalar, "is this"),
    Field::optional("one_of", &Shape::List(&Shape::Scalar), "is one of these"),
    Field::optional("contains", &OPERANDS, "one of these occurs in the text, or is an element of the list"),
    Field::optional("starts_with", &OPERANDS, "a text that starts with one of these"),
    Field::optional("ends_with", &OPERANDS, "a text that ends with one of these"),
    Field::optional("number", &Shape::One(&compared(&Shape::Number)), "a number that compares so"),
    Field::optional("semver", &Shape::One(&compared(&OPERAND)), "a version that compares so"),
    Field::optional("date_time", &INSTANT, "an RFC 3339 instant"),
    Field::optional("cidr", &OPERANDS, "an IP address in one of these networks"),
    Field::optional("matches", &OPERAND, "a text in which this regular expression matches"),
];

const fn compared(operand: &'static Shape) -> [Field; 5] {
    [
        Field::optional("lt", operand, "less than"),
        Field::optional("lte", operand, "less than or equal to"),
        Field::optional("eq", operand, "equal to"),
        Field::optional("gte", operand, "greater than or equal to"),
        Field::optional("gt", operand, "greater than"),
    ]
}

const STAGE: Shape = Shape::Object(&[
    Field::optional("ring", &NAME, "a segment; a stage has this or a share"),
    Field::optional("share", &Shape::Share, "a share of the eligible subjects"),
    Field::optional("bake", &Shape::Seconds, "fresh data needed before the next stage; `10m` without it")
        .wire("bake_seconds"),
    Field::optional(
        "subjects_min",
        &Shape::Whole(0, 999_999_999_999_999),
        "subjects of each arm needed; 100 without it",
    ),
    Field::optional("approval", &Shape::Truth, "whether a person has to agree before the next stage")
        .or(&["needs_review"])
        .usual("false"),
]);

const LADDER: &[Field] = &[
    FORMAT,
    kind(&Shape::Word(&["ladder"])),
    KEY,
    DESCRIPTION,
    Field::required(
        "ladder",
        &Shape::Object(&[Field::required("stages", &Shape::List(&STAGE), "from the first to the last")]),
        "its stages",
    ),
];

const GUARDRAIL: &[Field] = &[
    FORMAT,
    kind(&Shape::Word(&["guardrail"])),
    KEY,
    DESCRIPTION,
    Field::required(
        "guardrail",
        &Shape::Object(&[
            Field::required("metric", &NAME, "what is measured"),
            Field::required("harm", &Shape::Word(&["up", "down"]), "which way is worse").or(&["worse_if"]),
            Field::optional("margin", &Shape::Margin, "how much worse is tolerated; `0%` without it")
                .or(&["by"])
                .wire("margin_permille")
                .usual("1000"),
            Field::optional(
                "action",
                &Shape::Word(&["roll_back", "hold", "notify"]),
                "what happens on harm; `roll_back` without it",
            )
            .usual("\"roll_back\""),
            Field::optional(
                "weight",
                &Shape::Weight,
                "its part of a rollout's budget; an equal part without it",
            ),
        ]),
        "what it watches and does",
    ),
];

/// The keys of one kind of definition.
pub(super) const fn of(kind: Kind) -> &'static [Field] {
    match kind {
        Kind::Environment => ENVIRONMENT,
        Kind::Metric => METRIC,
        Kind::Segment => SEGMENT,
        Kind::Flag => FLAG,
        Kind::Guardrail => GUARDRAIL,
        Kind::Ladder => LADDER,
    }
}
