//! The worked example: what it must say, in whatever it is written.

use sapwood_file::Source;
use sapwood_file::plan::{EXAMPLE, PlanFile};
use sapwood_planner::cuts::{Check, Level};
use sapwood_planner::explain::{Tie, why_merged};
use sapwood_planner::{Answer, Effort, SliceId, baseline, solve};

use crate::plan;

const CONTRADICTING: &str = include_str!("../../../../fixtures/planner/checkout.yaml");
const TOML: &str = include_str!("../../../../fixtures/planner/checkout.toml");
const JSON: &str = include_str!("../../../../fixtures/planner/checkout.json");

fn solved(plan: &PlanFile) -> Answer {
    solve(&plan.network, Effort::default(), &mut || true)
}

#[test]
fn one_error_and_six_slices_that_name_neither_measure_nor_way_back() {
    let plan = plan("checkout.yaml", CONTRADICTING).unwrap();
    let verdicts = plan.check(Some(&solved(&plan).schedule));
    let failed: Vec<_> = verdicts.iter().filter(|verdict| verdict.level == Level::Fail).collect();
    let [isolation] = failed.as_slice() else { panic!("{failed:?}") };
    assert_eq!((isolation.slice.as_str(), isolation.check), ("address-autocomplete", Check::Isolation));
    assert!(isolation.message.contains("`address-form` with one-page-layout"), "{}", isolation.message);
    let source = Source::new("checkout.yaml", CONTRADICTING).unwrap();
    let finding = plan.finding(isolation);
    let lines: Vec<&str> =
        finding.places.iter().map(|(span, _)| source.line(source.position(span.start).0)).collect();
    assert!(lines[0].contains("isolated: true") && lines[1].contains("one-page-layout"), "{lines:?}");
    let drawn = finding.render(&source, false);
    assert!(drawn.contains("isolated: true\n") || drawn.contains("isolated: true,"), "{drawn}");
    assert!(drawn.contains("remove `isolated: true`"), "{drawn}");
    for check in [Check::Measure, Check::Rollback] {
        let warned = verdicts.iter().filter(|verdict| verdict.check == check && verdict.level == Level::Warn);
        assert_eq!(warned.count(), 6, "{check:?}");
    }
    assert_eq!(verdicts.iter().filter(|verdict| verdict.level == Level::Warn).count(), 12);
}

#[test]
fn its_best_order_is_proven_and_explained() {
    let plan = plan("plan.yaml", EXAMPLE).unwrap();
    let answer = solved(&plan);
    assert!(answer.proven);
    assert_eq!(answer.schedule.score.cost, 4153);
    let days: Vec<u64> = answer.schedule.releases.iter().map(|release| release.live).collect();
    assert_eq!(days, [10, 32, 43, 53, 64]);
    let baseline = baseline(&plan.network);
    assert_eq!((baseline.big_bang, baseline.greedy), (6720, 4546));
    let id = |text| SliceId::new(text).unwrap();
    assert_eq!(answer.schedule.releases[2].slices, [id("address-autocomplete"), id("order-tracking")]);
    let third = why_merged(&plan.network, &answer.schedule, 2).unwrap();
    assert_eq!((third.forced, third.apart.unwrap().cost), (vec![], 4175));
    let second = why_merged(&plan.network, &answer.schedule, 1).unwrap();
    assert_eq!(second.forced, [Tie::Together { slices: vec![id("payment-sheet"), id("wallets")] }]);
    assert_eq!(second.apart.unwrap().cost, 4333);
    let calendar = plan.calendar.unwrap();
    assert_eq!(calendar.date(64), "2027-04-09".parse().unwrap());
}

#[test]
fn yaml_json_and_toml_say_the_same() {
    let yaml = plan("checkout.yaml", CONTRADICTING).unwrap();
    for (name, text) in [("checkout.toml", TOML), ("checkout.json", JSON)] {
        let other =
            plan(name, text).unwrap_or_else(|(source, found)| panic!("{}", found[0].render(&source, false)));
        assert_eq!(other.plan, yaml.plan, "{name}");
        assert_eq!(other.cuts, yaml.cuts, "{name}");
        assert_eq!(other.ranges, yaml.ranges, "{name}");
    }
}
