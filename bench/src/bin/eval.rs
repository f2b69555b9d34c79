//! `cargo xtask bench eval`: evaluation in process on six workloads, beside a floor and two peers, and what memory,
//! loading and one change cost. Bars are printed, never asserted.
//!
//! Names after the command (`W1` to `W6`, `prepare`, `memory`, `load`) choose; without any, everything is measured.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use allocation_counter::measure;
use sapwood_bench::eval::floor::Floor;
use sapwood_bench::eval::workload::{FLAGS, Kind, NOW_MS, Subject, mixed, subjects};
use sapwood_bench::eval::{eppo, ours, yggdrasil};
use sapwood_bench::rounds::{Runner, Times, interleaved, scaling};
use sapwood_eval::{Context, FlagSet, Pairs, Prepared, SetConfig};

const ROUNDS: usize = 15;
const ROUND_MS: u128 = 8;
/// Subjects of one pass of W6.
const SUBJECTS_OF_ALL: usize = 100;

struct Workload {
    name: &'static str,
    kind: Option<Kind>,
    must_ns: f64,
    stretch_ns: f64,
}

const fn workload(name: &'static str, kind: Kind, must_ns: f64, stretch_ns: f64) -> Workload {
    Workload { name, kind: Some(kind), must_ns, stretch_ns }
}

const WORKLOADS: [Workload; 6] = [
    workload("W1", Kind::W1, 25.0, 16.0),
    workload("W2", Kind::W2, 60.0, 41.0),
    workload("W3", Kind::W3, 30.0, 18.0),
    workload("W4", Kind::W4, 250.0, 152.0),
    workload("W5", Kind::W5, 55.0, 35.0),
    Workload { name: "W6", kind: None, must_ns: 12_000.0, stretch_ns: 5_653.0 },
];

/// Every form of every subject.
struct Subjects<'a> {
    plain: &'a [Subject],
    pairs: Vec<Pairs<'a>>,
    contexts: Vec<Context>,
    yggdrasil: Vec<unleash_types::client_features::Context>,
    eppo: Vec<(eppo_core::Str, Arc<eppo_core::Attributes>)>,
}

struct Engines<'a> {
    set: &'a FlagSet,
    floor: Floor,
    yggdrasil: unleash_yggdrasil::EngineState,
    eppo: eppo_core::Configuration,
    subjects: Subjects<'a>,
    prepared: Vec<Prepared<'a, 'a>>,
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|asked| asked == name);
    let plain = subjects();
    let held: Vec<_> = plain.iter().map(ours::held).collect();
    println!(
        "ns per evaluation (W6: per subject, 500 flags): median of {ROUNDS} interleaved rounds [min–max]\n"
    );
    print!("{:<4}{:>8}{:>9}", "", "must", "stretch");
    for column in ["floor", "raw", "context", "prepared", "yggdrasil", "eppo"] {
        print!("{column:>24}");
    }
    println!();
    for workload in WORKLOADS.iter().filter(|workload| wanted(workload.name)) {
        one(workload, &plain, &held);
    }
    if wanted("prepare") {
        preparation(&plain, &held);
    }
    if wanted("memory") {
        memory();
    }
    if wanted("load") {
        loading();
    }
}

fn one(workload: &Workload, plain: &[Subject], held: &[Vec<(&str, sapwood_eval::Attribute<'_>)>]) {
    let flags = || {
        let all: Vec<_> = match workload.kind {
            // One flag among as many as in W6, so that finding it costs what it costs.
            Some(kind) => mixed(FLAGS - 1).chain([("the-flag-asked".to_owned(), kind)]).collect(),
            None => mixed(FLAGS).collect(),
        };
        all.into_iter()
    };
    let set = ours::set(flags());
    let contexts: Vec<Context> = plain.iter().map(ours::context).collect();
    let prepared_of: Vec<Context> = contexts.clone();
    let engines = Engines {
        set: &set,
        floor: Floor::new(flags().map(|(key, _)| key)),
        yggdrasil: yggdrasil::engine(flags()),
        eppo: eppo::configuration(flags()),
        subjects: Subjects {
            plain,
            pairs: plain.iter().zip(held).map(|(subject, held)| ours::pairs(subject, held)).collect(),
            contexts,
            yggdrasil: plain.iter().map(yggdrasil::subject).collect(),
            eppo: plain
                .iter()
                .map(|subject| {
                    let (key, attributes) = eppo::subject(subject);
                    // Its rules see attributes only, so the segment asks for the key under the name `id`.
                    let mut attributes = Arc::unwrap_or_clone(attributes);
                    attributes.insert("id".into(), subject.key.as_str().into());
                    (key, Arc::new(attributes))
                })
                .collect(),
        },
        prepared: prepared_of.iter().map(|context| set.prepare(context)).collect(),
    };
    let keys: Vec<(String, Kind)> = flags().collect();
    let runners = match workload.kind {
        Some(kind) => single(&engines, kind),
        None => all(&engines, &keys),
    };
    let times = interleaved(&runners, ROUNDS, ROUND_MS);
    print_line(workload, &runners, &times);
}

const KEY: &str = "the-flag-asked";

fn single<'a>(engines: &'a Engines<'a>, kind: Kind) -> Vec<Runner<'a>> {
    let Engines { set, floor, yggdrasil, eppo, subjects, prepared } = engines;
    let evaluations = subjects.plain.len();
    let runner =
        |name: &str, pass: Box<dyn Fn() + Sync + 'a>| Runner { name: name.to_owned(), evaluations, pass };
    vec![
        runner(
            "floor",
            Box::new(move || {
                for subject in subjects.plain {
                    black_box(floor.answer(black_box(KEY), kind, subject));
                }
            }),
        ),
        runner(
            "raw",
            Box::new(move || {
                for pairs in &subjects.pairs {
                    black_box(set.evaluate(black_box(KEY), *pairs, NOW_MS));
                }
            }),
        ),
        runner(
            "context",
            Box::new(move || {
                for context in &subjects.contexts {
                    black_box(set.evaluate(black_box(KEY), context, NOW_MS));
                }
            }),
        ),
        runner(
            "prepared",
            Box::new(move || {
                for prepared in prepared {
                    black_box(prepared.evaluate(black_box(KEY), NOW_MS));
                }
            }),
        ),
        runner(
            "yggdrasil",
            Box::new(move || {
                for context in &subjects.yggdrasil {
                    black_box(yggdrasil::answer(yggdrasil, black_box(KEY), kind, context));
                }
            }),
        ),
        runner(
            "eppo",
            Box::new(move || {
                for subject in &subjects.eppo {
                    black_box(eppo::answer(eppo, black_box(KEY), subject));
                }
            }),
        ),
    ]
}

fn all<'a>(engines: &'a Engines<'a>, keys: &'a [(String, Kind)]) -> Vec<Runner<'a>> {
    let Engines { set, floor, yggdrasil, eppo, subjects, prepared } = engines;
    let runner = |name: &str, evaluations, pass: Box<dyn Fn() + Sync + 'a>| Runner {
        name: name.to_owned(),
        evaluations,
        pass,
    };
    let every = |prepared: &Prepared<'_, '_>| {
        for at in 0..set.len() {
            black_box(prepared.evaluate_at(at, NOW_MS));
        }
    };
    let many = subjects.plain.len();
    vec![
        runner(
            "floor",
            many,
            Box::new(move || {
                for subject in subjects.plain {
                    black_box(floor.all(subject));
                }
            }),
        ),
        runner(
            "raw",
            SUBJECTS_OF_ALL,
            Box::new(move || {
                for pairs in subjects.pairs.iter().take(SUBJECTS_OF_ALL) {
                    every(&set.prepare(*pairs));
                }
            }),
        ),
        runner(
            "context",
            SUBJECTS_OF_ALL,
            Box::new(move || {
                for context in subjects.contexts.iter().take(SUBJECTS_OF_ALL) {
                    every(&set.prepare(context));
                }
            }),
        ),
        runner(
            "prepared",
            SUBJECTS_OF_ALL,
            Box::new(move || prepared.iter().take(SUBJECTS_OF_ALL).for_each(every)),
        ),
        runner(
            "yggdrasil",
            10,
            Box::new(move || {
                for context in subjects.yggdrasil.iter().take(10) {
                    black_box(yggdrasil.resolve_all(context, &None));
                }
            }),
        ),
        runner(
            "eppo",
            10,
            Box::new(move || {
                for subject in subjects.eppo.iter().take(10) {
                    for (key, _) in keys {
                        black_box(eppo::answer(eppo, key, subject));
                    }
                }
            }),
        ),
    ]
}

fn print_line(workload: &Workload, runners: &[Runner<'_>], times: &[Times]) {
    print!("{:<4}{:>8.0}{:>9.0}", workload.name, workload.must_ns, workload.stretch_ns);
    for times in times {
        let (least, most) = times.range();
        print!("{:>24}", format!("{:.1} [{least:.1}–{most:.1}]", times.median()));
    }
    println!();
    let medians: Vec<f64> = times.iter().map(Times::median).collect();
    let [floor, raw, _, prepared, yggdrasil, eppo] = medians[..] else { return };
    let peer = yggdrasil.min(eppo);
    let met = |bar: f64| if raw <= bar { "met" } else { "missed" };
    println!(
        "      raw: must {}, stretch {}; {:.2}x floor, {:.1}x faster than the best peer; prepared {:.2}x raw",
        met(workload.must_ns),
        met(workload.stretch_ns),
        raw / floor,
        peer / raw,
        prepared / raw
    );
    let of = |runner: &Runner<'_>| {
        let allocations = measure(|| (runner.pass)()).count_total;
        format!(
            "{} {:.2}/eval, 2 threads {:.2}x",
            runner.name,
            ratio(allocations, runner.evaluations),
            scaling(runner, 20, 5)
        )
    };
    let lines: Vec<String> = runners.iter().skip(1).map(of).collect();
    println!("      allocations: {}", lines.join("; "));
}

#[allow(clippy::cast_precision_loss)]
fn ratio(count: u64, of: usize) -> f64 {
    count as f64 / of as f64
}

fn preparation(plain: &[Subject], held: &[Vec<(&str, sapwood_eval::Attribute<'_>)>]) {
    let set = ours::set(mixed(FLAGS));
    let pairs: Vec<_> = plain.iter().zip(held).map(|(subject, held)| ours::pairs(subject, held)).collect();
    let contexts: Vec<Context> = plain.iter().map(ours::context).collect();
    let runner = |name: &str, pass| Runner { name: name.to_owned(), evaluations: plain.len(), pass };
    let runners = [
        runner("pairs", Box::new(|| pairs.iter().for_each(|pairs| drop(black_box(set.prepare(*pairs)))))),
        runner(
            "context",
            Box::new(|| contexts.iter().for_each(|context| drop(black_box(set.prepare(context))))),
        ),
    ];
    let runners: Vec<Runner<'_>> = runners.into_iter().collect();
    let times = interleaved(&runners, ROUNDS, ROUND_MS);
    for (runner, times) in runners.iter().zip(&times) {
        let (least, most) = times.range();
        println!(
            "prepare 8 attributes from {}: {:.0} ns [{least:.0}–{most:.0}] (must 250, stretch 112)",
            runner.name,
            times.median()
        );
    }
}

fn memory() {
    let megabytes = |bytes: i64| f64::from(i32::try_from(bytes).unwrap_or(i32::MAX)) / 1e6;
    let kept = |build: &dyn Fn() -> FlagSet| {
        let mut set = None;
        let info = measure(|| set = Some(build()));
        drop(set);
        info.bytes_current
    };
    let read = |json: serde_json::Value| -> SetConfig { serde_json::from_value(json).expect("definitions") };
    let compiled = |config: SetConfig| FlagSet::compile(config, None).0;
    let flags = kept(&|| {
        let mut config = read(ours::config(mixed(FLAGS)));
        config.segments.clear();
        compiled(config)
    });
    let segment = kept(&|| compiled(read(ours::config(mixed(0)))));
    println!("heap of 500 flags, definitions included: {:.2} MB (must 0.6)", megabytes(flags));
    println!("heap of a segment of 10 000 ids, compiled: {:.2} MB (must 0.6)", megabytes(segment));
}

fn loading() {
    const MANY: usize = 10_000;
    let text = ours::config(mixed(MANY)).to_string();
    let ms = |begun: Instant| begun.elapsed().as_secs_f64() * 1e3;
    let middle = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        (all[all.len() / 2], all[0], all[all.len() - 1])
    };
    let (mut parse, mut compile, mut tree) = (Vec::new(), Vec::new(), Vec::new());
    let mut set = FlagSet::default();
    for _ in 0..7 {
        let begun = Instant::now();
        let config: SetConfig = serde_json::from_str(&text).expect("definitions");
        parse.push(ms(begun));
        let begun = Instant::now();
        set = FlagSet::compile(config, None).0;
        compile.push(ms(begun));
        let begun = Instant::now();
        black_box(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"));
        tree.push(ms(begun));
    }
    let both: Vec<f64> = parse.iter().zip(&compile).map(|(parse, compile)| parse + compile).collect();
    let ((both, least, most), (parse, ..), (compile, ..), (tree, ..)) =
        (middle(both), middle(parse), middle(compile), middle(tree));
    println!(
        "load of 10 000 flags ({:.1} MB of JSON): {both:.0} ms [{least:.0}–{most:.0}] (must 80, stretch 50) = {parse:.0} parse + {compile:.0} compile; serde_json to a tree: {tree:.0} ms",
        text.len() as f64 / 1e6
    );
    let mut once = Vec::new();
    for n in 0..50 {
        let definition = ours::definition(&format!("flag-{:05}", n * 199), Kind::W2);
        let begun = Instant::now();
        set = set.republish(definition).0;
        once.push(ms(begun));
    }
    let (middle, least, most) = middle(once);
    println!("one flag changed among 10 000: {middle:.3} ms [{least:.3}–{most:.3}] (must 5, stretch 1)");
}
