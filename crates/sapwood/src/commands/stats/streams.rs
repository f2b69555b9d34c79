//! Questions about streams of values, whose order matters.

use sapwood_stats::betting::{Bettor, Direction, Hedge};
use serde_json::Value;

use super::input::{Fault, Input};
use super::kinds::{Kind, numbers};

/// The fields of a bet on a bounded mean.
const BET: &[&str] = &["x", "m", "alpha", "theta", "trunc_scale", "convex_comb"];

pub(super) const KINDS: &[Kind] = &[
    Kind { name: "bet", fields: BET, evaluate: capital },
    Kind { name: "bet-one", fields: BET, evaluate: capital },
];

/// The capital after each value.
fn capital(input: &Input<'_>) -> Result<Value, Fault> {
    let (null, alpha) = (input.field("m")?.between(0.0, 1.0)?, input.field("alpha")?.between(0.0, 1.0)?);
    let above = unit(&input.field("theta")?)?;
    let stake = input.field("trunc_scale")?;
    let hedge = match input.optional("convex_comb")? {
        Some(sum) if sum.flag()? => Hedge::Sum,
        Some(_) | None => Hedge::Larger,
    };
    let mut bettor = Bettor::new(null, Direction::Either, alpha, stake.positive()?)
        .ok_or_else(|| stake.fault("must be above 0 and at most 1"))?;
    let values = input.field("x")?.list()?.iter().map(unit).collect::<Result<Vec<_>, _>>()?;
    Ok(numbers(values.into_iter().map(|value| {
        bettor.observe(value);
        bettor.log_hedged(above, hedge).exp()
    })))
}

fn unit(input: &Input<'_>) -> Result<f64, Fault> {
    let value = input.finite()?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err(input.fault("must be from 0 to 1")) }
}
