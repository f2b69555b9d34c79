//! Questions about several e-values together, and about planned looks, which decide nothing here.

use sapwood_stats::combine::{self, Weighted};
use sapwood_stats::quantile;
use sapwood_stats::spending::{self, Sides, obrien_fleming_spending, power_spending, stepwise_boundaries};
use sapwood_stats::stitching::{self, Epochs, Quantile};
use serde_json::{Value, json};

use super::input::{Fault, Input};
use super::kinds::{Kind, number, numbers};

pub(super) const KINDS: &[Kind] = &[
    Kind { name: "comb", fields: &["log_e", "weights"], evaluate: log_average },
    Kind { name: "v-mean", fields: &["e", "weights"], evaluate: average },
    Kind { name: "v-cal", fields: &["p"], evaluate: calibrated },
    Kind { name: "v-ebh", fields: &["e", "alpha"], evaluate: discoveries },
    Kind { name: "sp-ld", fields: &["t", "alpha", "rho", "ztrun", "sides"], evaluate: power_family },
    Kind { name: "sq-ld", fields: &["t", "alpha", "iuse", "phi"], evaluate: one_sided_looks },
    Kind { name: "stitch", fields: &["v", "alpha", "v_min", "c", "s", "eta"], evaluate: sub_gamma },
    Kind { name: "lil", fields: &["t", "alpha", "t_min", "A"], evaluate: distribution },
    Kind {
        name: "dstitch",
        fields: &["quantile_p", "t", "alpha", "t_opt", "delta", "s", "eta"],
        evaluate: quantile_rank,
    },
    Kind { name: "quant-ab", fields: &["a", "b", "quantile_p", "t_opt", "alpha_opt"], evaluate: two_samples },
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

fn calibrated(input: &Input<'_>) -> Result<Value, Fault> {
    let p = input.field("p")?;
    let value = p.not_negative()?;
    if value > 1.0 {
        return Err(p.fault("must be a p-value: at most 1"));
    }
    Ok(number(combine::log_e_of_p_value(value).exp()))
}

fn epochs(input: &Input<'_>) -> Result<Epochs, Fault> {
    let mut epochs = Epochs::default();
    for (name, value) in [("s", &mut epochs.s), ("eta", &mut epochs.eta)] {
        if let Some(given) = input.optional(name)? {
            *value = given.finite()?;
            if *value <= 1.0 {
                return Err(given.fault("must be above 1"));
            }
        }
    }
    Ok(epochs)
}

fn sub_gamma(input: &Input<'_>) -> Result<Value, Fault> {
    let (variance, start) = (input.field("v")?.not_negative()?, input.field("v_min")?.positive()?);
    let (alpha, scale) = (input.field("alpha")?.between(0.0, 1.0)?, input.field("c")?.not_negative()?);
    Ok(number(stitching::sub_gamma_bound(variance, alpha, start, scale, epochs(input)?)))
}

fn distribution(input: &Input<'_>) -> Result<Value, Fault> {
    let (time, start) = (input.field("t")?.positive()?, input.field("t_min")?.positive()?);
    let alpha = input.field("alpha")?.between(0.0, 1.0)?;
    let factor = match input.optional("A")? {
        Some(factor) if factor.finite()? > std::f64::consts::FRAC_1_SQRT_2 => factor.finite()?,
        Some(factor) => return Err(factor.fault("must be above 0.7072, the square root of a half")),
        None => 0.85,
    };
    Ok(number(stitching::distribution_bound(time, alpha, start, factor)))
}

fn quantile_rank(input: &Input<'_>) -> Result<Value, Fault> {
    let delta = match input.optional("delta")? {
        Some(delta) => delta.positive()?,
        None => 0.5,
    };
    let asked = Quantile {
        part: input.field("quantile_p")?.between(0.0, 1.0)?,
        time: input.field("t")?.positive()?,
        time_optimal: input.field("t_opt")?.positive()?,
        delta,
    };
    let alpha = input.field("alpha")?.between(0.0, 1.0)?;
    Ok(number(stitching::quantile_bound(asked, alpha, epochs(input)?)))
}

fn two_samples(input: &Input<'_>) -> Result<Value, Fault> {
    let (first, second) = (sample(&input.field("a")?)?, sample(&input.field("b")?)?);
    let part = input.field("quantile_p")?.between(0.0, 1.0)?;
    let alpha = match input.optional("alpha_opt")? {
        Some(alpha) => alpha.between(0.0, 1.0)?,
        None => 0.05,
    };
    let tuning = quantile::Tuning { values: input.field("t_opt")?.positive()?, alpha };
    Ok(number((-quantile::log_e(&first, &second, part, tuning)).exp().min(1.0)))
}

/// A list of values, or whole numbers written as `from..to`, both ends included.
fn sample(input: &Input<'_>) -> Result<Vec<f64>, Fault> {
    if input.value().is_array() {
        return input.numbers();
    }
    let ends = input.text().ok().and_then(|text| text.split_once(".."));
    let range = ends.and_then(|(from, to)| Some(from.parse::<u32>().ok()?..=to.parse::<u32>().ok()?));
    let range =
        range.ok_or_else(|| input.fault("must be a list of numbers, or whole numbers as \"1..1000\""))?;
    if range.clone().count() > SAMPLE_MAX {
        return Err(input.fault(&format!("has more than {SAMPLE_MAX} values, which is the limit")));
    }
    Ok(range.map(f64::from).collect())
}

/// Values of one sample written as a range.
const SAMPLE_MAX: usize = 100_000;

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
