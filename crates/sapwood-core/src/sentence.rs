//! The sentences people read: what happened or why it waits, with the numbers. Console and terminal show them
//! verbatim.

use crate::evidence::GuardrailReading;
use crate::rollout::{Guardrail, Rollout, Who};
use crate::tick::Gate;

/// The finding of one guardrail: how many of the affected had the candidate, how many would if it were harmless,
/// the evidence with its limit, and the ratio with its interval.
pub fn harm(rollout: &Rollout, guardrail: &Guardrail, reading: &GuardrailReading) -> String {
    let affected = reading.treated.saturating_add(reading.control);
    let only = if reading.expected_treated > to_f64(reading.treated) { "only " } else { "" };
    format!(
        "{only}{} of {} subjects with `{}` had `{}`, {} expected if it were harmless; evidence {} (limit {}){}",
        count(reading.treated),
        count(affected),
        guardrail.metric,
        rollout.spec.candidate,
        about(reading.expected_treated),
        odds(reading.log_e),
        odds(reading.limit_log_e),
        interval(rollout, guardrail, reading).map(|text| format!("; {text}")).unwrap_or_default(),
    )
}

/// `ratio 2.2 (98.4 % interval 1.1 to 3.9)`, or nothing before anybody is affected.
pub fn interval(rollout: &Rollout, guardrail: &Guardrail, reading: &GuardrailReading) -> Option<String> {
    let ratio = reading.ratio?;
    let level = percent(1.0 - 2.0 * rollout.spec.alpha() * crate::evidence::weight(guardrail));
    let lower = reading.ratio_lower.map_or_else(|| "0".to_owned(), two_digits);
    let upper = reading.ratio_upper.map_or_else(|| "no upper bound".to_owned(), two_digits);
    Some(format!("ratio {} ({level} % interval {lower} to {upper})", two_digits(ratio)))
}

/// `25 %`, or the ring's name.
pub fn stage_name(rollout: &Rollout, stage: usize) -> String {
    match rollout.spec.ladder.stages.get(stage).map(|stage| &stage.who) {
        Some(Who::Share(_)) => rollout.spec.effective_share(stage).to_string(),
        Some(Who::Ring(segment)) => format!("ring `{segment}`"),
        None => "the end".to_owned(),
    }
}

/// What is still missing before the stage may end.
pub fn waiting(rollout: &Rollout, gate: &Gate) -> String {
    let here = stage_name(rollout, rollout.epoch().stage);
    let mut missing = Vec::new();
    if gate.bake_minutes < gate.bake_minutes_needed {
        let left = gate.bake_minutes_needed.saturating_sub(gate.bake_minutes);
        missing.push(format!("{left} more {} of fresh data", if left == 1 { "minute" } else { "minutes" }));
    }
    if gate.treated < gate.subjects_needed {
        let who = if on_a_ring(rollout) { "members" } else { "treated subjects" };
        missing.push(format!("{} of {} {who}", count(gate.treated), count(gate.subjects_needed)));
    }
    if gate.control < gate.subjects_needed && !gate.ring {
        missing.push(format!("{} of {} control subjects", count(gate.control), count(gate.subjects_needed)));
    }
    if missing.is_empty() {
        return format!("On {here}: ready to go on");
    }
    format!("On {here}: waiting for {}", missing.join(" and "))
}

/// What a stage had when it was left, and where the rollout goes.
pub fn passed(rollout: &Rollout, gate: &Gate, next: usize) -> String {
    let here = stage_name(rollout, rollout.epoch().stage);
    let next = stage_name(rollout, next);
    let minutes =
        format!("{} {}", gate.bake_minutes, if gate.bake_minutes == 1 { "minute" } else { "minutes" });
    if on_a_ring(rollout) {
        return format!(
            "{here} held for {minutes} with {} of its members; on to {next}",
            count(gate.treated)
        );
    }
    format!(
        "{here} held for {minutes} with {} treated and {} control subjects; on to {next}",
        count(gate.treated),
        count(gate.control),
    )
}

fn on_a_ring(rollout: &Rollout) -> bool {
    rollout.stage().is_some_and(|stage| stage.who.ring().is_some())
}

/// An e-value as odds: `275:1`, capped where digits stop meaning anything.
pub fn odds(log_e: f64) -> String {
    if log_e >= 1e6_f64.ln() { "over 1 000 000:1".to_owned() } else { format!("{}:1", about(log_e.exp())) }
}

/// `1 234`: groups of three digits, as people read them.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A fraction close to one as percent, with as many digits as it takes not to say 100.
fn percent(fraction: f64) -> String {
    let text = format!("{:.5}", 100.0 * fraction);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn about(value: f64) -> String {
    if value < 10.0 { two_digits(value) } else { format!("{value:.0}") }
}

fn two_digits(value: f64) -> String {
    if value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

fn to_f64(n: u64) -> f64 {
    u32::try_from(n).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1 000");
        assert_eq!(count(1_234_567), "1 234 567");
        assert_eq!(odds(0.0), "1.0:1");
        assert_eq!(odds(275.4_f64.ln()), "275:1");
        assert_eq!(odds(100.0), "over 1 000 000:1");
    }
}
