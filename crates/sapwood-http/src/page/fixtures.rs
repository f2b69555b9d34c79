//! Rollouts in every state, to draw and to test pages with.

use sapwood_api::manage::{GateResponse, GuardrailResponse, LogEntry, RolloutResponse, StageResponse};
use serde_json::{Value, json};

/// One of each.
pub(super) fn all() -> Vec<RolloutResponse> {
    vec![held(), running(), ring(), approval(), many(), rolled_back(), completed()]
}

/// In the middle of a ladder, well.
pub(super) fn running() -> RolloutResponse {
    let mut rollout = base("0197a3c0-1111-7000-8000-000000000001", "new-checkout", LADDER, 4, "growing");
    rollout.sentence =
        "On 5 %: waiting for 3 more minutes of fresh data and 1 204 of 2 000 control subjects".to_owned();
    (rollout.exposed_treated, rollout.exposed_control, rollout.had_candidate) = (2_310, 1_204, 2_310);
    rollout
}

/// Held by a suspicious guardrail.
pub(super) fn held() -> RolloutResponse {
    let mut rollout = base("0197a3c0-2222-7000-8000-000000000002", "search-ranking-v2", LADDER, 5, "held");
    rollout.state = "held".to_owned();
    rollout.cause = Some("guardrail".to_owned());
    rollout.sentence = "Held on 25 %: 31 of 102 subjects with `search_timeout` had `v2`, 21 expected if it were harmless; evidence 6.4:1 (limit 125:1); ratio 1.7 (98.4 % interval 0.8 to 3.4)".to_owned();
    (rollout.exposed_treated, rollout.exposed_control, rollout.had_candidate) = (9_310, 28_120, 9_310);
    rollout.evidence = 6.4;
    if let Some(guardrail) = rollout.guardrails.first_mut() {
        *guardrail =
            guardrail_of("timeouts", "search_timeout", 6.4, (31, 71, 21.2), Some((1.7, 0.8, 3.4)), "suspect");
    }
    rollout
}

/// Still among named people.
pub(super) fn ring() -> RolloutResponse {
    let mut rollout = base("0197a3c0-3333-7000-8000-000000000003", "dark-mode", LADDER, 2, "growing");
    rollout.sentence = "On ring `internal`: waiting for 8 more minutes of fresh data".to_owned();
    rollout.share = 0;
    rollout.gate = Some(GateResponse {
        bake_minutes: 2,
        bake_minutes_needed: 10,
        treated: 4,
        control: 0,
        subjects_needed: 1,
        approval_missing: false,
    });
    rollout.guardrails = vec![guardrail_of("errors", "client_error", 1.0, (0, 0, 0.0), None, "quiet")];
    rollout
}

/// Waiting for a person.
pub(super) fn approval() -> RolloutResponse {
    let mut rollout = base("0197a3c0-4444-7000-8000-000000000004", "invoice.layout", LADDER, 5, "growing");
    rollout.sentence = "On 25 %: the gate is fulfilled; waiting for somebody to agree".to_owned();
    rollout.gate = Some(GateResponse {
        bake_minutes: 60,
        bake_minutes_needed: 60,
        treated: 2_412,
        control: 6_890,
        subjects_needed: 2_000,
        approval_missing: true,
    });
    (rollout.exposed_treated, rollout.exposed_control, rollout.had_candidate) = (4_412, 9_890, 4_412);
    rollout
}

/// More stages than fit comfortably.
pub(super) fn many() -> RolloutResponse {
    let ladder: Vec<(&str, u32)> = vec![
        ("developers", 0),
        ("internal", 0),
        ("early-access-programme-members", 0),
        ("0.1 %", 100),
        ("0.5 %", 500),
        ("1 %", 1_000),
        ("2 %", 2_000),
        ("3 %", 3_000),
        ("5 %", 5_000),
        ("7.5 %", 7_500),
        ("10 %", 10_000),
        ("15 %", 15_000),
        ("20 %", 20_000),
        ("30 %", 30_000),
        ("40 %", 40_000),
        ("50 %", 50_000),
        ("60 %", 60_000),
        ("75 %", 75_000),
        ("90 %", 90_000),
        ("95 %", 95_000),
    ];
    let mut rollout =
        base("0197a3c0-5555-7000-8000-000000000005", "payments.sepa-instant", &ladder, 11, "growing");
    rollout.sentence = "On 10 %: waiting for 212 of 400 treated subjects".to_owned();
    rollout
}

/// Taken back by a guardrail.
pub(super) fn rolled_back() -> RolloutResponse {
    let mut rollout = base("0197a3c0-6666-7000-8000-000000000006", "address-autofill", LADDER, 4, "lost");
    rollout.state = "rolled_back".to_owned();
    rollout.sentence = "Rolled back at 14:07 on 5 %: 31 of 302 subjects with `checkout_error` had `on`, 15 expected if it were harmless; evidence 275:1 (limit 125:1); ratio 2.2 (98.4 % interval 1.1 to 3.9)".to_owned();
    rollout.gate = None;
    rollout.evidence = 275.0;
    (rollout.exposed_treated, rollout.exposed_control, rollout.had_candidate) = (1_204, 22_180, 1_204);
    rollout.guardrails = vec![guardrail_of(
        "errors",
        "checkout_error",
        275.0,
        (31, 271, 15.1),
        Some((2.2, 1.1, 3.9)),
        "harmed",
    )];
    rollout
}

/// Everybody has it.
pub(super) fn completed() -> RolloutResponse {
    let mut rollout = base("0197a3c0-7777-7000-8000-000000000007", "faster-images", LADDER, 6, "passed");
    rollout.state = "completed".to_owned();
    rollout.sentence = "Completed at 16:40: the whole audience has `on`".to_owned();
    rollout.gate = None;
    (rollout.exposed_treated, rollout.exposed_control, rollout.had_candidate) = (88_412, 4_655, 88_412);
    rollout
}

/// A log that tells how `rollout` got to its second stage and was held.
pub(super) fn log(rollout: &RolloutResponse) -> Vec<LogEntry> {
    let id = &rollout.id;
    let told = [
        (
            "rollout_started.v1",
            json!({"rollout": {"id": id}}),
            json!({"kind": "token", "id": "0197a3b0-aaaa-7000"}),
        ),
        (
            "stage_entered.v1",
            json!({"rollout": id, "stage": 0, "because": {"reason": "Released with the Monday train"}}),
            json!({"kind": "token", "id": "0197a3b0-aaaa-7000"}),
        ),
        (
            "stage_entered.v1",
            json!({"rollout": id, "stage": 1, "because": {"reason": "On ring `developers`: 10 minutes of fresh data, 6 people"}}),
            json!({"kind": "system"}),
        ),
        (
            "rollout_held.v1",
            json!({"rollout": id, "cause": "no_data", "because": {"reason": "Nobody was evaluated for 3 minutes"}}),
            json!({"kind": "system"}),
        ),
    ];
    let numbered = (41_u64..).zip(told);
    numbered.map(|(version, (kind, body, actor))| entry(version, kind, body, actor)).collect()
}

const LADDER: &[(&str, u32)] =
    &[("developers", 0), ("internal", 0), ("1 %", 1_000), ("5 %", 5_000), ("25 %", 25_000), ("95 %", 95_000)];

fn entry(version: u64, kind: &str, body: Value, actor: Value) -> LogEntry {
    LogEntry {
        stream: "default".to_owned(),
        version,
        id: format!("0197a3c1-0000-7000-8000-{version:012}"),
        kind: kind.to_owned(),
        environment: Some("production".to_owned()),
        actor,
        at: format!("2026-11-22T13:{version:02}:09.120Z"),
        text: body.to_string(),
        body,
        prev_hash: "00".repeat(32),
        hash: "11".repeat(32),
    }
}

/// A rollout of `ladder` that stands on stage `at`, from 1.
fn base(id: &str, flag: &str, ladder: &[(&str, u32)], at: usize, here: &str) -> RolloutResponse {
    let stage = |(number, (name, share)): (usize, &(&str, u32))| StageResponse {
        name: (*name).to_owned(),
        ring: (*share == 0).then(|| (*name).to_owned()),
        share: *share,
        state: match number.cmp(&at) {
            std::cmp::Ordering::Less => "passed",
            std::cmp::Ordering::Equal => here,
            std::cmp::Ordering::Greater => "coming",
        }
        .to_owned(),
        entered_at: (number <= at).then(|| format!("2026-11-22T13:{:02}:07.250Z", number.saturating_mul(2))),
        bake_seconds: if *share == 0 { 600 } else { 3_600 },
    };
    let stages: Vec<_> = (1_usize..).zip(ladder).map(stage).collect();
    RolloutResponse {
        id: id.to_owned(),
        revision: 44,
        environment: "production".to_owned(),
        flag: flag.to_owned(),
        baseline: "off".to_owned(),
        candidate: "on".to_owned(),
        state: "running".to_owned(),
        cause: None,
        sentence: String::new(),
        stage: at,
        share: stages.get(at.saturating_sub(1)).map_or(0, |stage| stage.share),
        epoch: 4,
        started_at: "2026-11-22T13:02:07.250Z".to_owned(),
        holdback: 5_000,
        stages,
        gate: Some(GateResponse {
            bake_minutes: 7,
            bake_minutes_needed: 10,
            treated: 1_980,
            control: 1_204,
            subjects_needed: 2_000,
            approval_missing: false,
        }),
        guardrails: vec![
            guardrail_of("errors", "checkout_error", 1.9, (14, 131, 11.4), Some((1.3, 0.6, 2.6)), "quiet"),
            guardrail_of(
                "orders",
                "order_placed",
                0.4,
                (402, 1_980, 398.0),
                Some((1.02, 0.94, 1.1)),
                "quiet",
            ),
        ],
        evidence: 1.4,
        sample_ratio_evidence: 0.7,
        exposed_treated: 2_310,
        exposed_control: 1_204,
        had_candidate: 2_310,
    }
}

fn guardrail_of(
    key: &str,
    metric: &str,
    evidence: f64,
    (treated, control, expected_treated): (u64, u64, f64),
    ratio: Option<(f64, f64, f64)>,
    state: &str,
) -> GuardrailResponse {
    let down = metric == "order_placed";
    GuardrailResponse {
        key: key.to_owned(),
        metric: metric.to_owned(),
        harm: if down { "down" } else { "up" }.to_owned(),
        action: if down { "hold" } else { "roll_back" }.to_owned(),
        weight: 400,
        margin_permille: if down { 950 } else { 1_000 },
        evidence,
        limit: 125.0,
        treated,
        control,
        expected_treated,
        ratio: ratio.map(|ratio| ratio.0),
        ratio_lower: ratio.map(|ratio| ratio.1),
        ratio_upper: ratio.map(|ratio| ratio.2),
        state: state.to_owned(),
    }
}
