//! Questions about mixtures: evidence from a running sum and its variance, and the boundary the sum must cross.

use sapwood_stats::mixture::beta_binomial::{BetaBinomial, Sides};
use sapwood_stats::mixture::gamma_exponential::GammaExponential;
use sapwood_stats::mixture::gamma_poisson::GammaPoisson;
use sapwood_stats::mixture::{
    one_sided_bound, one_sided_log_e, one_sided_rho, two_sided_bound, two_sided_log_e, two_sided_rho,
};
use serde_json::Value;

use super::input::{Fault, Input};
use super::kinds::{Kind, number};

/// The level a mixture is tuned for when the question does not say, as in the package the names come from.
const TUNED_AT: f64 = 0.05;

pub(super) const KINDS: &[Kind] = &[
    Kind { name: "nm-log", fields: &["s", "v", "v_opt", "alpha_opt", "is_one_sided"], evaluate: normal_log },
    Kind {
        name: "nm-bound",
        fields: &["v", "alpha", "v_opt", "alpha_opt", "is_one_sided"],
        evaluate: normal_bound,
    },
    Kind { name: "ge-log", fields: &["s", "v", "v_opt", "c", "alpha_opt"], evaluate: gamma_exponential_log },
    Kind {
        name: "ge-bound",
        fields: &["v", "alpha", "v_opt", "c", "alpha_opt"],
        evaluate: gamma_exponential_bound,
    },
    Kind { name: "gp-log", fields: &["s", "v", "v_opt", "c", "alpha_opt"], evaluate: gamma_poisson_log },
    Kind {
        name: "gp-bound",
        fields: &["v", "alpha", "v_opt", "c", "alpha_opt"],
        evaluate: gamma_poisson_bound,
    },
    Kind {
        name: "bb-log",
        fields: &["s", "v", "v_opt", "g", "h", "alpha_opt", "is_one_sided"],
        evaluate: beta_binomial_log,
    },
    Kind {
        name: "bb-bound",
        fields: &["v", "alpha", "v_opt", "g", "h", "alpha_opt", "is_one_sided"],
        evaluate: beta_binomial_bound,
    },
];

fn normal_log(input: &Input<'_>) -> Result<Value, Fault> {
    let (sum, variance) = (input.field("s")?.finite()?, input.field("v")?.not_negative()?);
    let (rho, one_sided) = normal_tuning(input)?;
    let log_e = if one_sided { one_sided_log_e } else { two_sided_log_e };
    Ok(number(log_e(sum, variance, rho)))
}

fn normal_bound(input: &Input<'_>) -> Result<Value, Fault> {
    let variance = input.field("v")?.not_negative()?;
    let alpha = input.field("alpha")?.between(0.0, 1.0)?;
    let (rho, one_sided) = normal_tuning(input)?;
    let bound = if one_sided { one_sided_bound } else { two_sided_bound };
    Ok(number(bound(variance, alpha, rho)))
}

/// The tuning `rho`, and whether the mixture is one-sided.
fn normal_tuning(input: &Input<'_>) -> Result<(f64, bool), Fault> {
    let (optimal, alpha, one_sided) = tuning(input, true)?;
    let rho = if one_sided { one_sided_rho(optimal, alpha) } else { two_sided_rho(optimal, alpha) };
    Ok((rho.ok_or_else(|| untuned(input))?, one_sided))
}

/// Where the mixture is tightest: variance and level; and whether it is one-sided.
fn tuning(input: &Input<'_>, one_sided_default: bool) -> Result<(f64, f64, bool), Fault> {
    let optimal = input.field("v_opt")?.positive()?;
    let one_sided = match input.optional("is_one_sided")? {
        Some(flag) => flag.flag()?,
        None => one_sided_default,
    };
    let alpha = match input.optional("alpha_opt")? {
        Some(alpha) => alpha.between(0.0, if one_sided { 0.5 } else { 1.0 })?,
        None => TUNED_AT,
    };
    Ok((optimal, alpha, one_sided))
}

fn untuned(input: &Input<'_>) -> Fault {
    input.fault("`v_opt` and `alpha_opt` give no tuning: it would be zero or infinite")
}

fn gamma_exponential(input: &Input<'_>) -> Result<GammaExponential, Fault> {
    let (optimal, alpha, _) = tuning(input, true)?;
    let scale = input.field("c")?.positive()?;
    GammaExponential::new(optimal, alpha, scale).ok_or_else(|| untuned(input))
}

fn gamma_exponential_log(input: &Input<'_>) -> Result<Value, Fault> {
    let mixture = gamma_exponential(input)?;
    let (sum, variance) = (input.field("s")?.finite()?, input.field("v")?.not_negative()?);
    mixture.log_e_if_possible(sum, variance).map(number).ok_or_else(|| impossible(input))
}

fn gamma_exponential_bound(input: &Input<'_>) -> Result<Value, Fault> {
    let mixture = gamma_exponential(input)?;
    let variance = input.field("v")?.not_negative()?;
    Ok(number(mixture.bound(variance, input.field("alpha")?.between(0.0, 1.0)?)))
}

fn gamma_poisson(input: &Input<'_>) -> Result<GammaPoisson, Fault> {
    let (optimal, alpha, _) = tuning(input, true)?;
    let scale = input.field("c")?.positive()?;
    GammaPoisson::new(optimal, alpha, scale).ok_or_else(|| untuned(input))
}

fn gamma_poisson_log(input: &Input<'_>) -> Result<Value, Fault> {
    let mixture = gamma_poisson(input)?;
    let (sum, variance) = (input.field("s")?.finite()?, input.field("v")?.not_negative()?);
    mixture.log_e_if_possible(sum, variance).map(number).ok_or_else(|| impossible(input))
}

fn gamma_poisson_bound(input: &Input<'_>) -> Result<Value, Fault> {
    let mixture = gamma_poisson(input)?;
    let variance = input.field("v")?.not_negative()?;
    Ok(number(mixture.bound(variance, input.field("alpha")?.between(0.0, 1.0)?)))
}

fn beta_binomial(input: &Input<'_>) -> Result<BetaBinomial, Fault> {
    let (optimal, alpha, one_sided) = tuning(input, true)?;
    let (down, up) = (input.field("g")?.positive()?, input.field("h")?.positive()?);
    let sides = if one_sided { Sides::One } else { Sides::Two };
    BetaBinomial::new(optimal, alpha, down, up, sides).ok_or_else(|| untuned(input))
}

fn beta_binomial_log(input: &Input<'_>) -> Result<Value, Fault> {
    let mixture = beta_binomial(input)?;
    let (sum, variance) = (input.field("s")?.finite()?, input.field("v")?.not_negative()?);
    mixture.log_e_if_possible(sum, variance).map(number).ok_or_else(|| impossible(input))
}

fn beta_binomial_bound(input: &Input<'_>) -> Result<Value, Fault> {
    let mixture = beta_binomial(input)?;
    let variance = input.field("v")?.not_negative()?;
    Ok(number(mixture.bound(variance, input.field("alpha")?.between(0.0, 1.0)?)))
}

fn impossible(input: &Input<'_>) -> Fault {
    input.fault("steps of these sizes cannot lead to the sum `s` with the variance `v`")
}
