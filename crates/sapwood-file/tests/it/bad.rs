//! Every mistake is shown with its place and what to do about it.

use sapwood_file::Finding;

use crate::plan;

const HEAD: &str = "sapwood: 1\nplan: p\nstart: 2027-01-11\nproject: shop\n";

/// The first finding.
#[track_caller]
fn first(name: &str, text: &str) -> Finding {
    plan(name, text).unwrap_err().1.remove(0)
}

/// The first finding of a text is of this kind, and at the place marked with `«`.
#[track_caller]
fn check_in(name: &str, text: &str, code: &str, words: &[&str]) {
    let at = text.find('«').unwrap();
    let finding = first(name, &text.replace('«', ""));
    let said = format!("{}; {}", finding.message, finding.remedy);
    assert_eq!((finding.code.as_str(), finding.places[0].0.start), (code, at), "{said}");
    for word in words {
        assert!(said.contains(word), "{said} does not say {word}");
    }
}

#[track_caller]
fn check(tail: &str, code: &str, words: &[&str]) {
    check_in("p.yaml", &format!("{HEAD}{tail}"), code, words);
}

#[test]
fn mistakes_point_at_their_place() {
    let slice = |text: &str| format!("slices:\n  - {{id: a, effort: 3d, value: 5/day, {text}}}\n");
    check("slices: «[\n", "syntax", &["not YAML"]);
    check("«slcies: []\n", "unknown_key", &["`slcies`", "did you mean `slices`?"]);
    check("«product: shop\nslices: []\n", "unknown_key", &["Sapwood calls it `project`"]);
    check(&slice("«efort: 3d"), "unknown_key", &["did you mean `effort`?"]);
    check(&slice("requires: [«b]"), "unknown_slice", &["no slice is called `b`"]);
    check(&slice("learn_from: [«aa]"), "unknown_slice", &["did you mean `a`?"]);
    check(&slice("ladder: «carful"), "unknown_ladder", &["has no ladder"]);
    check(&slice("surfaces: «entry"), "wrong_kind", &["a text, where a list belongs"]);
    check(&slice("due: «2026-01-01"), "before_start", &["before the start"]);
    check(&slice("not_after: «soon"), "bad_value", &["a date"]);
    check("slices:\n  - {id: a, effort: «3, value: 5/day}\n", "bad_value", &["`3`", "like `6d`"]);
    check("slices:\n  - {id: a, effort: 3d, value: «5}\n", "bad_value", &["like `30/day`"]);
    check("slices:\n  - {«effort: 3d}\n", "missing_key", &["`id` is missing"]);
    check("slices:\n  - {id: «a b}\n", "bad_name", &["is not a name"]);
    check("slices:\n  - id: a\n    effort: «{low: 5d, likely: 3d, high: 9d}\n", "effort", &["low ≤ likely"]);
    check("slices:\n  - id: a\n  - id: «a\n", "duplicate", &["two slices", "rename"]);
    check("slices:\n  - id: a\n    «id: b\n", "duplicate_key", &["given twice"]);
    check("capacity: {teams: «0}\nslices: []\n", "bad_value", &["from 1 to 100"]);
    check("settle: «10\nslices: []\n", "bad_value", &["like `6d`"]);
    check("max_step: «30%\nslices: []\n", "bad_value", &["30pp"]);
    check("slices: !!set «{a, b}\n", "tag", &["tag"]);
    assert!(first("p.yaml", &format!("{HEAD}slices: []\n")).message.contains("nothing to release"));
}

#[test]
fn ladders_can_be_climbed() {
    let ladder = |stages: &str| format!("ladders:\n  l: [{stages}]\nslices: [{{id: a, effort: 1d}}]\n");
    check(&ladder("{share: 5%, bake: 1d}, {share: «5%, bake: 1d}"), "ladder", &["shares rise"]);
    check(&ladder("{share: 5%, bake: 1d}, {ring: «dev, bake: 1d}"), "ladder", &["rings come first"]);
    check(&ladder("«{bake: 1d}"), "ladder", &["neither `ring` nor `share`"]);
    check(&ladder("{ring: a, share: «5%, bake: 1d}"), "ladder", &["not both"]);
    check(&ladder("{share: «101%, bake: 1d}"), "bad_value", &["between 0% and 100%"]);
    check(&ladder("{share: 5%, «watch: 1d}"), "unknown_key", &["Sapwood calls it `bake`"]);
    check(&ladder("{share: 5%, bake: 1d, gates: [«ok]}"), "unknown_guardrail", &["`ok`"]);
    check("ladders:\n  «l: []\nslices: [{id: a, effort: 1d}]\n", "ladder", &["1 to 50 stages"]);
}

#[test]
fn every_mistake_is_shown_at_once() {
    let text = format!("{HEAD}settle: 10\nslices:\n  - {{id: a, efort: 3d}}\n  - {{id: b, value: x}}\n");
    let (source, found) = plan("p.yaml", &text).unwrap_err();
    let lines: Vec<usize> =
        found.iter().map(|finding| source.position(finding.places[0].0.start).0).collect();
    assert_eq!(lines, [5, 7, 8]);
}

#[test]
fn bombs_are_refused() {
    let mut laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, before) in ["b", "c", "d", "e", "f", "g", "h"].iter().zip(["a", "b", "c", "d", "e", "f", "g"])
    {
        let all = vec![format!("*{before}"); 10].join(", ");
        laughs = format!("{laughs}{name}: &{name} [{all}]\n");
    }
    assert_eq!(first("p.yaml", &laughs).code, "too_large");
    let deep = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(first("p.yaml", &deep(76)).code, "too_deep");
    assert_eq!(first("p.toml", &format!("a = {}", deep(76))).code, "too_deep");
    // Far below, the parsers themselves have had enough.
    assert!(["too_deep", "syntax"].contains(&first("p.yaml", &deep(10_000)).code.as_str()));
    assert!(
        ["too_deep", "syntax"].contains(&first("p.toml", &format!("a = {}", deep(10_000))).code.as_str())
    );
    let wide: Vec<String> = (0..11_000).map(|key| format!("k{key}: 1")).collect();
    assert_eq!(first("p.yaml", &wide.join("\n")).code, "too_large");
    let long = format!("{HEAD}slices: [{{id: a, effort: 1d, problem: {}}}]\n", "x".repeat(5_000));
    assert_eq!(first("p.yaml", &long).code, "too_large");
    assert!(sapwood_file::Source::new("p.yaml", "x".repeat(9 << 20)).unwrap_err().contains("limit"));
}

#[test]
fn other_texts_are_refused_where_they_stop_making_sense() {
    assert_eq!(first("p.yaml", "").code, "empty");
    assert_eq!(first("p.toml", "").code, "empty");
    check_in("p.yaml", "«just words\n", "wrong_kind", &["a text, where a map belongs"]);
    assert_eq!(first("p.yaml", "a: 1\n---\nb: 2\n").code, "documents");
    check_in("p.yaml", "? «[a]\n: 1\n", "key", &["name as key"]);
    let toml = "sapwood = 1\nplan = \"p\"\nslices = [{id = \"a\", effort = «3}]\n";
    check_in("p.toml", toml, "bad_value", &["like `6d`"]);
    assert_eq!(first("p.toml", "sapwood = 1\nplan = p\n").code, "syntax");
    let json = "{\"sapwood\": 1,\n\t\"plan\": \"p\",\n\t\"slices\": [{\"id\": 7}, {\"id\": «null}]}";
    check_in("p.json", json, "wrong_kind", &["here is nothing"]);
}

#[test]
fn a_drawing_points_at_what_it_means() {
    let text = format!(
        "{HEAD}slices:\n  - {{id: a, effort: 3d, requires: [walets]}}\n  - {{id: wallets, effort: 1d}}\n"
    );
    let (source, found) = plan("p.yaml", &text).unwrap_err();
    let drawn = found[0].render(&source, false);
    let expected = "error: no slice is called `walets`\n --> p.yaml:6:36\n6 |   - {id: a, effort: 3d, requires: [walets]}\n  |                                    ^^^^^^\n  = did you mean `wallets`?\n";
    assert_eq!(drawn, expected);
    assert!(found[0].render(&source, true).contains("\x1b[1;31m"));
    let json = found[0].json(&source);
    assert_eq!(json["places"][0]["line"], 6);
    assert_eq!(json["code"], "unknown_slice");
}
