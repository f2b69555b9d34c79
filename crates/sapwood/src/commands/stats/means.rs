//! Questions about means and scores, which are asymptotic and live in information time.

use sapwood_stats::mean::{self, Epoch, Sums};
use sapwood_stats::mixture::{one_sided_log_e, one_sided_rho};
use sapwood_stats::score;
use serde_json::{Value, json};

use super::counts::harm;
use super::input::{Fault, Input};
use super::kinds::{Kind, number};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "itm",
        fields: &["stages", "margin", "worse", "v_opt", "alpha_opt"],
        evaluate: mean_in_information_time,
    },
    Kind { name: "rsm", fields: &["d", "rho"], evaluate: score_mixture },
];

fn mean_in_information_time(input: &Input<'_>) -> Result<Value, Fault> {
    let stages = input.field("stages")?.list()?;
    let epochs = stages.iter().map(epoch).collect::<Result<Vec<_>, _>>()?;
    let optimal = input.field("v_opt")?;
    let alpha = input.field("alpha_opt")?.between(0.0, 0.5)?;
    let rho = one_sided_rho(optimal.positive()?, alpha)
        .ok_or_else(|| optimal.fault("gives no tuning: it would be zero or infinite"))?;
    // The formula by itself, without the least number of subjects a guardrail asks for.
    let score = mean::score_from(&epochs, harm(input)?, input.field("margin")?.finite()?, 1);
    let log_e =
        if score.information > 0.0 { one_sided_log_e(score.harm, score.information, rho) } else { 0.0 };
    Ok(json!({
        "U": number(score.harm),
        "I": number(score.information),
        "rho": number(rho),
        "log_e": number(log_e),
    }))
}

fn epoch(stage: &Input<'_>) -> Result<Epoch, Fault> {
    stage.only(&["n_t", "sum_t", "sumsq_t", "n_c", "sum_c", "sumsq_c"])?;
    let sums = |units: &str, sum: &str, squares: &str| {
        let read = Sums {
            units: stage.field(units)?.count()?,
            sum: stage.field(sum)?.finite()?,
            sum_squares: stage.field(squares)?.not_negative()?,
        };
        Ok(read)
    };
    Ok(Epoch { treated: sums("n_t", "sum_t", "sumsq_t")?, control: sums("n_c", "sum_c", "sumsq_c")? })
}

fn score_mixture(input: &Input<'_>) -> Result<Value, Fault> {
    let surpluses = input.field("d")?.numbers()?;
    let rho = input.field("rho")?.positive()?;
    let squares = surpluses.iter().map(|surplus| surplus * surplus).sum();
    let log_e = score::log_e_of_sums(surpluses.iter().sum(), squares, rho);
    Ok(json!({ "log_e": number(log_e) }))
}
