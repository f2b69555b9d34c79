//! Questions about counts: affected units of two arms, splits over several, one arm by itself.

use sapwood_stats::mixture::gamma_poisson::log_e_of_count;
use sapwood_stats::multinomial::{self, Arm};
use sapwood_stats::proportion::{self, Tuning};
use sapwood_stats::{Harm, Prior, Stratum, ratio};
use serde_json::{Value, json};

use super::input::{Fault, Input};
use super::kinds::{Kind, number, numbers};

pub(super) const KINDS: &[Kind] = &[
    Kind { name: "cbm", fields: &["stages", "r0", "worse", "prior"], evaluate: ratio_log_e },
    Kind { name: "cbm-cs", fields: &["stages", "alpha", "prior"], evaluate: ratio_interval },
    Kind {
        name: "bern-ci",
        fields: &["num_successes", "num_trials", "alpha", "t_opt", "alpha_opt"],
        evaluate: bernoulli_interval,
    },
    Kind { name: "srm", fields: &["theta_0", "k", "counts"], evaluate: split },
    Kind {
        name: "sq-mult",
        fields: &["counts", "assignment_probabilities", "dirichlet_alpha"],
        evaluate: split_p_value,
    },
    Kind { name: "pois2", fields: &["rho", "counts", "weights", "k", "alpha"], evaluate: two_streams },
    Kind { name: "pp", fields: &["N_A", "N_B", "phi"], evaluate: two_processes },
];

fn ratio_log_e(input: &Input<'_>) -> Result<Value, Fault> {
    let strata = strata(input)?;
    let (margin, harm, prior) = (input.field("r0")?.positive()?, harm(input)?, prior(input)?);
    Ok(json!({ "log_e": number(ratio::log_e(&strata, harm, margin, &prior)) }))
}

fn ratio_interval(input: &Input<'_>) -> Result<Value, Fault> {
    let strata = strata(input)?;
    let (alpha, prior) = (input.field("alpha")?.between(0.0, 1.0)?, prior(input)?);
    let interval = ratio::interval(&strata, alpha, &prior);
    let affected = strata.iter().any(|stratum| stratum.treated > 0);
    // Nothing affected in control alone: any ratio, however large, is less likely than a larger one.
    let unknown = if affected { f64::INFINITY } else { f64::NAN };
    Ok(json!({
        "ratio_mle": number(interval.estimate.unwrap_or(unknown)),
        "lower": number(interval.lower.unwrap_or(0.0)),
        "upper": number(interval.upper.unwrap_or(f64::INFINITY)),
    }))
}

fn strata(input: &Input<'_>) -> Result<Vec<Stratum>, Fault> {
    let stratum = |stage: &Input<'_>| {
        stage.only(&["pi", "treated", "total"])?;
        let share = stage.field("pi")?;
        let treated_share = share.finite()?;
        if !(0.0..=1.0).contains(&treated_share) {
            return Err(share.fault("must be a probability: from 0 to 1"));
        }
        let (treated, total) = (stage.field("treated")?.count()?, stage.field("total")?.count()?);
        let control = total.checked_sub(treated);
        let control =
            control.ok_or_else(|| stage.fault(&format!("treated {treated} is more than total {total}")))?;
        Ok(Stratum { treated_share, treated, control })
    };
    input.field("stages")?.list()?.iter().map(stratum).collect()
}

pub(super) fn harm(input: &Input<'_>) -> Result<Harm, Fault> {
    let worse = input.field("worse")?;
    match worse.text()? {
        "up" => Ok(Harm::Up),
        "down" => Ok(Harm::Down),
        _ => Err(worse.fault("must be \"up\" or \"down\"")),
    }
}

/// Half-normal weights on 32 points; other grids are refused rather than taken for it.
fn prior(input: &Input<'_>) -> Result<Prior, Fault> {
    let prior = input.field("prior")?;
    prior.only(&["kind", "sigma", "hi", "k", "lo"])?;
    let (sigma, hi) = (prior.field("sigma")?.positive()?, prior.field("hi")?);
    if let Some(points) = prior.optional("k")?
        && points.count()? != 32
    {
        return Err(points.fault("must be 32: the grid has 32 points"));
    }
    if let Some(low) = prior.optional("lo")?
        && low.text()? != "ln(hi)/150"
    {
        return Err(low.fault("must be \"ln(hi)/150\": the grid begins there"));
    }
    Prior::new(sigma, hi.finite()?).ok_or_else(|| hi.fault("must be above 1 and at most 1000000"))
}

fn bernoulli_interval(input: &Input<'_>) -> Result<Value, Fault> {
    let successes = input.field("num_successes")?;
    let (affected, units) = (successes.count()?, input.field("num_trials")?.count()?);
    let unaffected = units.checked_sub(affected);
    let unaffected = unaffected
        .ok_or_else(|| successes.fault(&format!("{affected} successes are more than {units} trials")))?;
    let alpha = input.field("alpha")?.between(0.0, 1.0)?;
    let tuned_at = match input.optional("alpha_opt")? {
        Some(alpha) => alpha.between(0.0, 1.0)?,
        None => 0.05,
    };
    let tuning = Tuning { units: input.field("t_opt")?.positive()?, alpha: tuned_at };
    let interval = proportion::interval(affected, unaffected, alpha, tuning);
    Ok(numbers([interval.lower, interval.upper]))
}

fn split(input: &Input<'_>) -> Result<Value, Fault> {
    let arms = arms(&input.field("theta_0")?, &input.field("counts")?)?;
    let log_e = multinomial::log_e(&arms, concentration(input)?);
    Ok(json!({ "log_bayes_factor": number(log_e), "p_value": number((-log_e).exp().min(1.0)) }))
}

/// The same as an always-valid p-value, with the concentration written as `100*p`.
fn split_p_value(input: &Input<'_>) -> Result<Value, Fault> {
    let arms = arms(&input.field("assignment_probabilities")?, &input.field("counts")?)?;
    let concentration = match input.optional("dirichlet_alpha")? {
        None => multinomial::CONCENTRATION,
        Some(written) => written
            .text()?
            .strip_suffix("*p")
            .and_then(|factor| factor.parse().ok())
            .filter(|factor: &f64| factor.is_finite() && *factor > 0.0)
            .ok_or_else(|| {
                written.fault("must be a positive number followed by \"*p\", such as \"100*p\"")
            })?,
    };
    Ok(number((-multinomial::log_e(&arms, concentration)).exp().min(1.0)))
}

fn concentration(input: &Input<'_>) -> Result<f64, Fault> {
    match input.optional("k")? {
        None => Ok(multinomial::CONCENTRATION),
        Some(concentration) => concentration.positive(),
    }
}

fn arms(shares: &Input<'_>, counts: &Input<'_>) -> Result<Vec<Arm>, Fault> {
    let listed = shares.list()?;
    let each = listed.iter().map(|share| share.between(0.0, 1.0)).collect::<Result<Vec<_>, _>>()?;
    let units = counts.counts()?;
    if each.len() != units.len() || each.len() < 2 {
        return Err(counts.fault(&format!(
            "must have one count for each share, at least two: {} counts, {} shares",
            units.len(),
            each.len()
        )));
    }
    let total: f64 = each.iter().sum();
    if (total - 1.0).abs() >= 1e-9 {
        return Err(shares.fault(&format!("must sum to 1, not to {total}")));
    }
    Ok(each.into_iter().zip(units).map(|(share, units)| Arm { share, units }).collect())
}

fn two_streams(input: &Input<'_>) -> Result<Value, Fault> {
    let counts = input.field("counts")?;
    let arms = arms(&input.field("rho")?, &counts)?;
    let &[first, second] = arms.as_slice() else {
        return Err(counts.fault("must have two counts: the question is about two streams"));
    };
    let (concentration, alpha) = (concentration(input)?, input.field("alpha")?.between(0.0, 1.0)?);
    let turned = contrast_is_turned(input)?;
    let pair = if turned { [second, first] } else { [first, second] };
    let ratio = multinomial::rate_ratio(pair, alpha, concentration);
    let [base, other] = pair;
    let estimate = ratio.log_estimate.unwrap_or(match (base.units, other.units) {
        (0, 0) => f64::NAN,
        (0, _) => f64::INFINITY,
        _ => f64::NEG_INFINITY,
    });
    let lower = ratio.log_lower.unwrap_or(f64::NEG_INFINITY);
    Ok(json!({
        "log_ratio_ci": numbers([lower, ratio.log_upper.unwrap_or(f64::INFINITY)]),
        "log_ratio_hat": number(estimate),
        "log_bayes_factor": number(multinomial::log_e(&arms, concentration)),
    }))
}

/// Two counting processes of equal exposure, each held against the mean of both.
fn two_processes(input: &Input<'_>) -> Result<Value, Fault> {
    let counts = [input.field("N_A")?.count()?, input.field("N_B")?.count()?];
    let shape = input.field("phi")?.positive()?;
    // Counts above 2^53 are rounded here, as they are in every float.
    let expected = 0.5 * (input.field("N_A")?.finite()? + input.field("N_B")?.finite()?);
    let log_e: f64 = counts.iter().map(|events| log_e_of_count(*events, expected, shape)).sum();
    Ok(json!({ "log_p": number(-log_e) }))
}

/// Whether the question is about the first stream's rate against the second's, rather than the other way round.
fn contrast_is_turned(input: &Input<'_>) -> Result<bool, Fault> {
    let Some(weights) = input.optional("weights")? else { return Ok(false) };
    let rows = weights.list()?.iter().map(Input::numbers).collect::<Result<Vec<_>, _>>()?;
    let is = |row: [f64; 2]| rows == [row.to_vec()];
    if is([-1.0, 1.0]) {
        Ok(false)
    } else if is([1.0, -1.0]) {
        Ok(true)
    } else {
        Err(weights.fault("must be [[-1, 1]] (second stream against first) or [[1, -1]]"))
    }
}
