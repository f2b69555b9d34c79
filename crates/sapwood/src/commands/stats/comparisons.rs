//! Questions about several e-values together, and about planned looks, which decide nothing here.

use sapwood_stats::combine::{self, Weighted};
use sapwood_stats::spending::{self, Sides, obrien_fleming_spending, power_spending, stepwise_boundaries};
use serde_json::{Value, json};

use super::input::{Fault, Input};
use super::kinds::{Kind, number, numbers};

pub(super) const KINDS: &[Kind] = &[
    Kind { name: "comb", fields: &["log_e", "weights"], evaluate: log_average },
    Kind { name: "v-mean", fields: &["e", "weights"], evaluate: average },
    Kind { name: "v-ebh", fields: &["e", "alpha"], evaluate: discoveries },
    Kind { name: "sp-ld", fields: &["t", "alpha", "rho", "ztrun", "sides"], evaluate: power_family },
    Kind { name: "sq-ld", fields: &["t", "alpha", "iuse", "phi"], evaluate: one_sided_looks },
];

fn log_average(input: &Input<'_>) -> Result<Value, Fault> {
    let each = input.field("log_e")?.list()?;
    let log_es = each.iter().map(Input::extended).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "log_avg": number(weighted(&log_es, &input.field("weights")?)?) }))
}

fn average(input: &Input<'_>) -> Result<Value, Fault> {
    let log_es: Vec<f64> = e_values(&input.field("e")?)?.into_iter().map(f64::ln).collect();
    Ok(number(weighted(&log_es, &input.field("weights")?)?.exp()))
}

fn weighted(log_es: &[f64], weights: &Input<'_>) -> Result<f64, Fault> {
    let each = weights.list()?;
    if each.len() != log_es.len() {
        return Err(weights.fault(&format!(
            "must have one weight for each e-value: {} weights, {} e-values",
            each.len(),
            log_es.len()
        )));
    }
    let weights = each.iter().map(Input::not_negative).collect::<Result<Vec<_>, _>>()?;
    let items: Vec<Weighted> =
        weights.into_iter().zip(log_es).map(|(weight, &log_e)| Weighted { weight, log_e }).collect();
    Ok(combine::log_average(&items, 0.0))
}

fn e_values(input: &Input<'_>) -> Result<Vec<f64>, Fault> {
    let e_value = |each: &Input<'_>| {
        let e = each.extended()?;
        if e >= 0.0 { Ok(e) } else { Err(each.fault("must be an e-value: at least 0")) }
    };
    input.list()?.iter().map(e_value).collect()
}

fn discoveries(input: &Input<'_>) -> Result<Value, Fault> {
    let log_es: Vec<f64> = e_values(&input.field("e")?)?.into_iter().map(f64::ln).collect();
    let alpha = input.field("alpha")?.between(0.0, 1.0)?;
    Ok(combine::discoveries(&log_es, alpha).into_iter().collect())
}

fn power_family(input: &Input<'_>) -> Result<Value, Fault> {
    let (at, times) = looks(input)?;
    let (alpha, power) = (input.field("alpha")?.between(0.0, 1.0)?, input.field("rho")?.positive()?);
    let sides = input.field("sides")?;
    let alpha = match sides.count()? {
        1 => alpha,
        2 => 0.5 * alpha,
        _ => return Err(sides.fault("must be 1 or 2")),
    };
    let truncation = match input.optional("ztrun")? {
        Some(truncation) => truncation.positive()?,
        None => 8.0,
    };
    let spent: Vec<f64> = times.iter().map(|&time| power_spending(alpha, power, time)).collect();
    let boundaries = stepwise_boundaries(&times, &spent, truncation);
    boundaries
        .map(numbers)
        .ok_or_else(|| at.fault("cannot be searched: looks too close together, or nothing to spend"))
}

fn one_sided_looks(input: &Input<'_>) -> Result<Value, Fault> {
    let (_, times) = looks(input)?;
    let alpha = match input.optional("alpha")? {
        Some(alpha) => alpha.between(0.0, 1.0)?,
        // The package's default.
        None => 0.05,
    };
    let power = match input.optional("iuse")? {
        None => None,
        Some(family) => match family.count()? {
            1 => None,
            3 => Some(input.field("phi")?.positive()?),
            _ => {
                return Err(
                    family.fault("must be 1 (in the manner of O'Brien and Fleming) or 3 (power family)")
                );
            }
        },
    };
    let spent: Vec<f64> = times
        .iter()
        .map(|&time| match power {
            Some(power) => power_spending(alpha, power, time),
            None => obrien_fleming_spending(alpha, time),
        })
        .collect();
    let mut before = 0.0;
    let each = spent.iter().map(|spent| spent - std::mem::replace(&mut before, *spent));
    let spending = numbers(each);
    let upper = spending::boundaries(&times, &spent, Sides::One);
    let nominal = upper.iter().map(|z| spending::nominal_level(*z));
    Ok(
        json!({ "nominal_alpha": numbers(nominal), "upper": numbers(upper.iter().copied()), "spending": spending }),
    )
}

/// The times of the looks, in (0, 1] and never falling, and their place.
fn looks<'a>(input: &Input<'a>) -> Result<(Input<'a>, Vec<f64>), Fault> {
    let at = input.field("t")?;
    let each = at.list()?;
    if each.len() > LOOKS_MAX {
        return Err(at.fault(&format!("has {} looks; {LOOKS_MAX} is the limit", each.len())));
    }
    let mut before = 0.0;
    let mut times = Vec::new();
    for look in &each {
        let time = look.finite()?;
        if time <= 0.0 || time > 1.0 || time < before {
            return Err(look.fault("must be above 0, at most 1, and not before the look before it"));
        }
        before = time;
        times.push(time);
    }
    Ok((at, times))
}

/// Looks of one question: their number enters the time it takes to the first power, their closeness to the second.
const LOOKS_MAX: usize = 200;
