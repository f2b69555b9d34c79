//! Sidney's decomposition, and what it proves about every order.
//!
//! The initial sets of greatest value per effort, taken one after the other, are the blocks; some cheapest order of one
//! team without overhead processes block after block (Sidney, Operations Research 23, 1975). The blocks are found by
//! minimum cuts (Margot, Queyranne and Wang, 2003), halving the set at its own ratio.

use std::collections::BTreeMap;

use crate::exact::ideals::topological;
use crate::flow::heaviest_closed_set;
use crate::network::Network;

/// The blocks of some bundles, in order; within a block bundles are sorted topologically.
///
/// `value` is the value of each bundle of the network, which need not be its own.
pub(crate) fn blocks(network: &Network, bundles: &[usize], value: &[u64]) -> Vec<Vec<usize>> {
    let value = |bundle: usize| value.get(bundle).copied().unwrap_or(0);
    let mut found = Vec::new();
    let mut open = vec![bundles.to_vec()];
    while let Some(set) = open.pop() {
        let (first, rest) = divide(network, &set, &value);
        if first.is_empty() || rest.is_empty() {
            found.push(topological(network, &set));
        } else {
            open.push(rest);
            open.push(first);
        }
    }
    found
}

/// The part of a set whose value per effort lies above that of the whole, and the rest.
fn divide(network: &Network, set: &[usize], value: &impl Fn(usize) -> u64) -> (Vec<usize>, Vec<usize>) {
    let total_effort: u64 = set.iter().map(|bundle| network.bundle(*bundle).effort).sum();
    let total_value: u64 = set.iter().map(|bundle| value(*bundle)).sum();
    let places: BTreeMap<usize, usize> =
        set.iter().enumerate().map(|(place, bundle)| (*bundle, place)).collect();
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    // Total value times total effort is below COST_MAX, so neither product overflows.
    let weights: Vec<i64> = set
        .iter()
        .map(|bundle| {
            signed(value(*bundle) * total_effort) - signed(network.bundle(*bundle).effort * total_value)
        })
        .collect();
    let needs: Vec<Vec<usize>> = set
        .iter()
        .map(|bundle| {
            network.bundle(*bundle).requires.iter().filter_map(|need| places.get(need).copied()).collect()
        })
        .collect();
    let chosen = heaviest_closed_set(&weights, &needs);
    let mut is_chosen = vec![false; set.len()];
    for place in chosen {
        if let Some(flag) = is_chosen.get_mut(place) {
            *flag = true;
        }
    }
    let of = |side: bool| {
        set.iter().zip(&is_chosen).filter(|(_, flag)| **flag == side).map(|(bundle, _)| *bundle).collect()
    };
    (of(true), of(false))
}

/// A sum that every order's `Σ value · (live day − start)` reaches, doubled and times the number of teams so that it
/// stays whole.
///
/// One team: `Σ_blocks before · v(B) + ½ (e(B) v(B) + Σ e_j v_j)`. Several teams work like one that is as fast as all
/// together, but each bundle still takes its own effort, so only the first two terms are shared among them.
pub(crate) fn least_sum(network: &Network, blocks: &[Vec<usize>], value: &[u64]) -> u128 {
    let teams = u128::try_from(network.teams).unwrap_or(1);
    let mut before: u128 = 0;
    let mut shared: u128 = 0;
    let mut own: u128 = 0;
    for block in blocks {
        let mut effort: u128 = 0;
        let mut worth: u128 = 0;
        for bundle in block {
            let (days, per_day) = (network.bundle(*bundle).effort, value.get(*bundle).copied().unwrap_or(0));
            effort += u128::from(days);
            worth += u128::from(per_day);
            own += u128::from(days) * u128::from(per_day);
        }
        shared += 2 * before * worth + effort * worth;
        before += effort;
    }
    shared + teams * own
}
