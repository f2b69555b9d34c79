//! What the numbers of a rollout say: one reading of its ledger, a pure function of the sums.
//!
//! Formulas: stage-stratified conditional-binomial mixture e-processes per guardrail, rolled back on when any
//! of them reaches `1 / (alpha * weight)`; their weighted average serves the reversible hold. The same reading
//! is stored with each decision and can be replayed from the ledger.

use sapwood_eval::Share;
use sapwood_stats::{Harm, Prior, Stratum, combine, power, ratio, silent, srm};
use serde::{Deserialize, Serialize};

use crate::id::GuardrailKey;
use crate::ledger::{Cell, EXPOSURE, REACH, RolloutLedger};
use crate::limits::{SILENT_ALPHA, SRM_ALPHA};
use crate::rollout::{Guardrail, GuardrailAction, Rollout};
use crate::time::Timestamp;

/// Version of the formulas below; stored with each reading so that a replay knows which to use.
pub const FORMULA: u32 = 1;

/// One reading of a rollout's ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// [`FORMULA`] at the time.
    pub formula: u32,
    /// The controller's time of the reading.
    pub at: Timestamp,
    /// Journal batches folded into the ledger by then.
    pub ledger_offset: u64,
    /// One per guardrail, in the rollout's order.
    pub guardrails: Vec<GuardrailReading>,
    /// Natural logarithm of the weighted average e-value, the unspent weight betting nothing.
    pub log_average: f64,
    /// Natural logarithm of the sample-ratio e-value; an alarm from `ln(1 / 0.001)` on.
    pub sample_ratio_log_e: f64,
    /// Subjects whose first exposure was treated.
    pub exposed_treated: u64,
    /// Subjects whose first exposure was control.
    pub exposed_control: u64,
    /// Subjects who had the candidate at any time: how many people a rollback takes it from.
    #[serde(default, skip_serializing_if = "nobody")]
    pub had_candidate: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn nobody(count: &u64) -> bool {
    *count == 0
}

/// What one guardrail says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuardrailReading {
    /// Which guardrail.
    pub guardrail: GuardrailKey,
    /// Which revision of it.
    pub revision: u32,
    /// Natural logarithm of its e-value.
    pub log_e: f64,
    /// Natural logarithm of its own limit, `1 / (alpha * weight)`.
    pub limit_log_e: f64,
    /// Affected subjects who had the candidate at their first affecting event.
    pub treated: u64,
    /// Affected subjects who had the baseline.
    pub control: u64,
    /// How many of the affected would be treated if the slice were harmless.
    pub expected_treated: f64,
    /// Ratio treated : control of the rates; absent before anybody is affected, and in readings not made
    /// [`Evidence::with_intervals`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// Lower end of its confidence sequence at level 1 - 2 alpha weight; it crosses the margin when the limit does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio_lower: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio_upper: Option<f64>,
    /// Chance that a doubling of harm would have crossed the limit by now; only in readings made
    /// [`Evidence::with_power`], because it costs milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_have_seen_doubling: Option<f64>,
    /// E-value (natural logarithm) of affected subjects without an exposure being unevenly split.
    pub exposure_loss_log_e: f64,
    /// Whether the treated arm says nothing where the control arm's rate makes silence incredible.
    pub silent_treated: bool,
}

impl GuardrailReading {
    /// Whether the limit is reached.
    pub fn crossed(&self) -> bool {
        self.log_e >= self.limit_log_e
    }
}

impl Evidence {
    /// Reads the ledger of `rollout`.
    pub fn read(rollout: &Rollout, ledger: &RolloutLedger, ledger_offset: u64, at: Timestamp) -> Self {
        let alpha = rollout.spec.alpha();
        let guardrails: Vec<_> = rollout
            .spec
            .guardrails
            .iter()
            .map(|guardrail| read_guardrail(rollout, ledger, guardrail, alpha))
            .collect();
        let bets: Vec<_> = rollout
            .spec
            .guardrails
            .iter()
            .zip(&guardrails)
            .filter(|(guardrail, _)| guardrail.action != GuardrailAction::Notify)
            .map(|(guardrail, reading)| combine::Weighted { weight: weight(guardrail), log_e: reading.log_e })
            .collect();
        let unspent = 1.0 - bets.iter().map(|bet| bet.weight).sum::<f64>();
        let exposures = cells(rollout, ledger, EXPOSURE, 0, Cell::Treated, Cell::Control);
        Self {
            formula: FORMULA,
            at,
            ledger_offset,
            guardrails,
            log_average: combine::log_average(&bets, unspent),
            sample_ratio_log_e: srm::log_e(&exposures),
            exposed_treated: exposures.iter().map(|stratum| stratum.treated).sum(),
            exposed_control: exposures.iter().map(|stratum| stratum.control).sum(),
            had_candidate: ledger.had_candidate(),
        }
    }

    /// Whether the first exposures are split as the shares say, as far as can be told.
    pub fn sample_ratio_alarm(&self) -> bool {
        self.sample_ratio_log_e >= -SRM_ALPHA.ln()
    }
}

/// Subjects of `cell` seen in the epoch now in force.
pub fn reached_now(rollout: &Rollout, ledger: &RolloutLedger, cell: Cell) -> u64 {
    ledger.subjects(rollout.epoch().number, REACH, 0, cell)
}

/// Weight of a guardrail as a fraction.
pub fn weight(guardrail: &Guardrail) -> f64 {
    f64::from(guardrail.weight_permille) / 1000.0
}

fn read_guardrail(
    rollout: &Rollout,
    ledger: &RolloutLedger,
    guardrail: &Guardrail,
    alpha: f64,
) -> GuardrailReading {
    let affected = affected(rollout, ledger, guardrail);
    let unexposed = strata(rollout, ledger, guardrail, Cell::UnexposedTreated, Cell::UnexposedControl);
    let treated = affected.iter().map(|stratum| stratum.treated).sum();
    GuardrailReading {
        guardrail: guardrail.key.clone(),
        revision: guardrail.revision,
        log_e: ratio::log_e(&affected, guardrail.harm, margin(guardrail), &Prior::guardrail()),
        limit_log_e: combine::rollback_line(alpha, weight(guardrail)),
        treated,
        control: affected.iter().map(|stratum| stratum.control).sum(),
        // From a positive zero, because the sum of nothing is a negative one, and would be stored and said so.
        expected_treated: affected
            .iter()
            .fold(0.0, |sum, stratum| sum + units(stratum) * stratum.treated_share),
        ratio: None,
        ratio_lower: None,
        ratio_upper: None,
        would_have_seen_doubling: None,
        exposure_loss_log_e: exposure_loss(&unexposed),
        silent_treated: treated == 0 && silent::log_p_silent(&affected) < SILENT_ALPHA.ln(),
    }
}

impl Evidence {
    /// Adds each guardrail's ratio with its interval: for people to read, half a millisecond each.
    #[must_use]
    pub fn with_intervals(mut self, rollout: &Rollout, ledger: &RolloutLedger) -> Self {
        for (reading, guardrail) in self.guardrails.iter_mut().zip(&rollout.spec.guardrails) {
            // The interval's bound crosses the margin exactly when the limit is reached: each side spends the budget.
            let level = 2.0 * rollout.spec.alpha() * weight(guardrail);
            let interval = ratio::interval(&affected(rollout, ledger, guardrail), level, &Prior::guardrail());
            reading.ratio = interval.estimate;
            reading.ratio_lower = interval.lower;
            reading.ratio_upper = interval.upper;
        }
        self
    }

    /// Adds how likely a doubling of harm would have been seen by now, guardrail by guardrail.
    #[must_use]
    pub fn with_power(mut self, rollout: &Rollout, ledger: &RolloutLedger) -> Self {
        for (reading, guardrail) in self.guardrails.iter_mut().zip(&rollout.spec.guardrails) {
            let watch = power::Watch {
                harm: guardrail.harm,
                margin_ratio: margin(guardrail),
                prior: Prior::guardrail(),
                line: reading.limit_log_e,
            };
            let doubling = match guardrail.harm {
                Harm::Up => 2.0,
                Harm::Down => 0.5,
            };
            let affected = affected(rollout, ledger, guardrail);
            reading.would_have_seen_doubling = Some(power::probability_seen(&watch, &affected, doubling));
        }
        self
    }
}

fn margin(guardrail: &Guardrail) -> f64 {
    f64::from(guardrail.margin_permille) / 1000.0
}

fn affected(rollout: &Rollout, ledger: &RolloutLedger, guardrail: &Guardrail) -> Vec<Stratum> {
    strata(rollout, ledger, guardrail, Cell::Treated, Cell::Control)
}

fn strata(
    rollout: &Rollout,
    ledger: &RolloutLedger,
    guardrail: &Guardrail,
    treated: Cell,
    control: Cell,
) -> Vec<Stratum> {
    cells(rollout, ledger, guardrail.key.as_str(), guardrail.revision, treated, control)
}

/// One stratum per epoch, in order; an epoch in which nobody or everybody is treated carries no information.
fn cells(
    rollout: &Rollout,
    ledger: &RolloutLedger,
    name: &str,
    revision: u32,
    treated: Cell,
    control: Cell,
) -> Vec<Stratum> {
    rollout
        .epochs
        .iter()
        .filter(|epoch| epoch.share > Share::NONE && epoch.share < Share::WHOLE)
        .map(|epoch| Stratum {
            treated_share: epoch.share.fraction(),
            treated: ledger.subjects(epoch.number, name, revision, treated),
            control: ledger.subjects(epoch.number, name, revision, control),
        })
        .collect()
}

/// Affected subjects nobody saw an exposure of must be split as the shares say, whichever way they are not.
fn exposure_loss(unexposed: &[Stratum]) -> f64 {
    let prior = Prior::guardrail();
    let sides = [Harm::Up, Harm::Down]
        .map(|harm| combine::Weighted { weight: 0.5, log_e: ratio::log_e(unexposed, harm, 1.0, &prior) });
    combine::log_average(&sides, 0.0)
}

fn units(stratum: &Stratum) -> f64 {
    // Counts of people stay far below 2^53, where an f64 stops being exact.
    u32::try_from(stratum.treated.saturating_add(stratum.control)).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests;
