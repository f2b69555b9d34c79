//! `cargo xtask bench planner`: how long an answer takes and what it proves, from 5 slices to 500.

use std::collections::BTreeSet;
use std::time::Instant;

use sapwood_planner::{Answer, Effort, Network, Plan, Requirement, Slice, SliceId, Solver, Surface, solve};

/// The rules a plan is measured under.
#[derive(Clone, Copy)]
struct Rules {
    name: &'static str,
    overhead: u64,
    settle: u64,
    teams: u32,
    dates: bool,
    /// Percent of the slices that require one of the five before them.
    edges: u64,
}

const FREE: Rules =
    Rules { name: "order, no edges", overhead: 0, settle: 0, teams: 1, dates: false, edges: 0 };
const ORDER: Rules = Rules { name: "order", edges: 40, ..FREE };
const DUE: Rules = Rules { name: "due days", dates: true, ..ORDER };
const BATCH: Rules = Rules { name: "overhead 2d", overhead: 2, ..ORDER };
const SETTLE: Rules = Rules { name: "settle 10d", settle: 10, ..ORDER };
const BOTH: Rules = Rules { name: "overhead and settle", overhead: 2, settle: 10, ..ORDER };
const TEAMS: Rules = Rules { name: "2 teams", teams: 2, overhead: 1, ..ORDER };

const SIZES: &[u64] = &[5, 10, 15, 20, 30, 50, 100, 200, 500];

fn main() {
    println!("Exact answers at 20 slices, five plans each: longest time, and how many are proven.");
    println!("{:<22} {:>9} {:>8}", "rules", "longest", "proven");
    for rules in [FREE, ORDER, DUE, BATCH, SETTLE, BOTH, TEAMS] {
        let answers: Vec<(f64, Answer)> =
            (0..5).map(|seed| measured(rules, 20, seed, Solver::Auto)).collect();
        let longest = answers.iter().map(|(seconds, _)| *seconds).fold(0.0, f64::max);
        let proven = answers.iter().filter(|(_, answer)| answer.proven).count();
        println!("{:<22} {longest:>8.3}s {proven:>6}/5", rules.name);
    }
    println!("\nGrowth: seconds, and what is proven (0 % is optimal).");
    print!("{:<22}", "slices");
    for size in SIZES {
        print!(" {size:>14}");
    }
    println!();
    for rules in [ORDER, DUE, BATCH, SETTLE, BOTH, TEAMS] {
        print!("{:<22}", rules.name);
        for size in SIZES {
            let (seconds, answer) = measured(rules, *size, 7, Solver::Auto);
            let gap = answer
                .gap_permille()
                .map_or("no bound".to_owned(), |gap| format!("{}.{}%", gap / 10, gap % 10));
            print!(" {:>14}", format!("{seconds:.2}s {gap}"));
        }
        println!();
    }
    println!(
        "\nWeighted tardiness, as in OR-Library (random, no edges): seconds for the whole search, cost found."
    );
    for size in [40, 50, 100] {
        let rules = Rules { dates: true, ..FREE };
        let (seconds, answer) = measured(rules, size, 3, Solver::Heuristic);
        println!("{size:>4} slices {seconds:>8.2}s {:>10}", answer.schedule.score.cost);
    }
}

fn measured(rules: Rules, size: u64, seed: u64, solver: Solver) -> (f64, Answer) {
    let network = Network::new(&plan(rules, size, seed)).expect("random plans have no contradictions");
    let begin = Instant::now();
    let answer = solve(&network, Effort { solver, ..Effort::default() }, &mut || true);
    (begin.elapsed().as_secs_f64(), answer)
}

fn plan(rules: Rules, size: u64, seed: u64) -> Plan {
    let mut state = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut below = move |end: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % end
    };
    let id = |number: u64| SliceId::new(&format!("s{number}")).expect("a letter and digits");
    let mut slices = Vec::new();
    let mut requires = Vec::new();
    for number in 0..size {
        let value = if below(5) == 0 { 0 } else { 1 + below(40) };
        let mut slice = Slice::new(id(number), 1 + below(15), value);
        if rules.dates {
            slice.due = below(8 * size);
        }
        let places = (2 + size / 5).min(40);
        let surfaces = (0..=below(2)).map(|_| Surface(format!("surface-{}", below(places))));
        slice.surfaces = if rules.settle > 0 { surfaces.collect() } else { BTreeSet::new() };
        slices.push(slice);
        if number > 0 && below(100) < rules.edges {
            requires.push(Requirement { needs: id(number - 1 - below(number.min(5))), slice: id(number) });
        }
    }
    let mut plan = Plan::new(slices);
    (plan.requires, plan.overhead, plan.settle, plan.teams) =
        (requires, rules.overhead, rules.settle, rules.teams);
    plan
}
