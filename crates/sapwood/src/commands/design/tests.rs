//! Tests of `rollout design`: how quantities are read, and what is said of ladders that do not do.

use std::str::FromStr as _;

use clap::Parser as _;

use super::*;

fn args(words: &[&str]) -> DesignArgs {
    #[derive(clap::Parser)]
    struct Only {
        #[command(flatten)]
        args: DesignArgs,
    }
    Only::parse_from(std::iter::once(&"design").chain(words)).args
}

#[test]
fn quantities_are_read_as_people_write_them() {
    for (text, part) in [("1%", 0.01), ("0.5 %", 0.005), ("0.25", 0.25), ("100%", 1.0)] {
        assert!((Part::from_str(text).unwrap().0 - part).abs() < 1e-12, "{text}");
    }
    for (text, per_minute) in
        [("10000/min", 10_000.0), ("50/h", 50.0 / 60.0), ("1_440/day", 1.0), ("2/s", 120.0)]
    {
        assert!((PerMinute::from_str(text).unwrap().0 - per_minute).abs() < 1e-9, "{text}");
    }
    for (text, minutes) in [("10m", 10.0), ("90min", 90.0), ("24h", 1440.0), ("2d", 2880.0)] {
        assert!((Minutes::from_str(text).unwrap().0 - minutes).abs() < 1e-9, "{text}");
    }
    assert!((Times::from_str("x1.5").unwrap().0 - 1.5).abs() < 1e-12);
    let metric = Metric::from_str("orders=3%:down").unwrap();
    assert_eq!((metric.name.as_str(), metric.harm), ("orders", Harm::Down));
}

#[test]
fn what_cannot_be_read_says_what_to_write() {
    let part = |text: &str| Part::from_str(text).unwrap_err();
    assert!(
        part("101%").contains("write 5%")
            && part("-1%").contains("write 5%")
            && part("x").contains("not a number")
    );
    for text in ["10000", "10/fortnight", "0/min", "-1/h", "nan/h", "inf/min"] {
        assert!(PerMinute::from_str(text).is_err(), "{text}");
    }
    for text in ["10", "0m", "91d", "m", "1e9h"] {
        assert!(Minutes::from_str(text).is_err(), "{text}");
    }
    for text in ["1", "0", "-2", "101", "two"] {
        assert!(Times::from_str(text).is_err(), "{text}");
    }
    for text in ["errors", "=1%", "errors=1%:sideways", "errors=0%", "errors=200%"] {
        assert!(Metric::from_str(text).is_err(), "{text}");
    }
}

#[test]
fn much_traffic_keeps_a_budget_and_says_so() {
    let args = args(&["--metric", "errors=1%", "--traffic", "10000/min", "--harm-budget", "500"]);
    let design = design(&args);
    assert!(design.proposed && design.warnings.is_empty(), "{:?}", design.warnings);
    let seen = &design.metrics[0];
    assert!(design.keeps_budget(seen));
    let detection = seen.detection.unwrap();
    assert!(detection.stage == 0 && detection.harmed.people < 80.0, "{detection:?}");
    let text = picture::text(&design, &args);
    assert!(text.contains("evidence needed 125:1") && text.contains("Ladder: "), "{text}");
}

#[test]
fn a_budget_below_what_any_test_needs_is_refused() {
    let args = args(&["--metric", "errors=1%", "--traffic", "10000/min", "--harm-budget", "10"]);
    let design = design(&args);
    assert!(!design.keeps_budget(&design.metrics[0]));
    assert!(design.warnings.iter().any(|warning| warning.contains("and 10 may")), "{:?}", design.warnings);
}

#[test]
fn little_traffic_is_told_what_it_does_not_see() {
    let args = args(&[
        "--metric",
        "errors=1%",
        "--traffic",
        "50/h",
        "--ladder",
        "1%,5%,25%,50%,100%",
        "--bake",
        "24h",
    ]);
    let design = design(&args);
    assert!(!design.proposed && design.instead.is_none());
    let seen = &design.metrics[0];
    assert!(seen.sights[0].smallest.unwrap() > 20.0 && seen.detection.is_none());
    assert!(
        design.warnings.iter().any(|warning| warning.contains("would be missed")),
        "{:?}",
        design.warnings
    );
    assert!(
        design.warnings.iter().any(|warning| warning.contains("no first stage of up to")),
        "{:?}",
        design.warnings
    );
    assert!((design.ladder[4].treated_share - 0.95).abs() < 1e-12, "the holdback is kept");
}

#[test]
fn a_stage_that_cannot_see_anything_is_named() {
    let args = args(&["--metric", "errors=1%", "--traffic", "5/h", "--ladder", "1%,50%", "--bake", "24h"]);
    let design = design(&args);
    let said = &design.warnings;
    assert!(said.iter().any(|warning| warning.contains("the stage at 1% cannot see anything")), "{said:?}");
}

#[test]
fn a_careless_ladder_gets_a_better_one() {
    let args = args(&[
        "--metric",
        "errors=1%",
        "--metric",
        "orders=4%:down",
        "--traffic",
        "2000/min",
        "--ladder",
        "1%,100%",
    ]);
    let design = design(&args);
    assert_eq!(design.metrics.len(), 2);
    assert!((design.metrics[1].ratio - 0.5).abs() < 1e-12);
    let instead = design.instead.as_ref().unwrap();
    assert!(instead[0].minutes > 10.0);
    let said = design.json();
    assert_eq!(said["version"], 1);
    assert_eq!(said["metrics"][1]["harm"], "down");
    assert_eq!(said["metrics"][0]["stages"].as_array().unwrap().len(), 2);
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let base = ["--metric", "errors=1%", "--traffic", "100/min"];
    for (more, said) in [
        (["--ladder", "5%,1%"], "does not follow"),
        (["--ladder", "0%,1%"], "does not follow"),
        (["--false-rollbacks", "0%"], "must be above 0"),
        (["--holdback", "60%"], "at most 50%"),
    ] {
        let args = args(&[&base[..], &more[..]].concat());
        assert!(check(&args).unwrap_err().contains(said), "{more:?}");
    }
    let many = ["--metric", "errors=1%"].repeat(21);
    assert!(check(&args(&[&many[..], &["--traffic", "1/min"]].concat())).unwrap_err().contains("too many"));
    assert_eq!(check(&args(&base)), Ok(()));
}

#[test]
fn numbers_read_well() {
    let percents = [0.0, 0.001, 0.0125, 0.05, 0.25, 0.95, 1.0].map(picture::percent);
    assert_eq!(percents, ["0%", "0.1%", "1.2%", "5%", "25%", "95%", "100%"]);
    let durations = [10.0, 119.0, 120.0, 90.0 * 60.0, 1440.0].map(picture::duration);
    assert_eq!(durations, ["10m", "119m", "2h", "3.8d", "24h"]);
    let people = [0.0, 2.4, 14.0, 1470.4, 1_234_567.0].map(picture::people);
    assert_eq!(people, ["0", "2.4", "14", "1 470", "1 234 567"]);
    let ratios = [1.234, 2.04, 12.3, 0.5].map(picture::ratio);
    assert_eq!(ratios, ["×1.23", "×2", "×12", "×0.5"]);
}
