//! The page about the wire shows the fixtures, not something like them.

use sapwood_api::problem::Code;

use crate::fixture::{repository, text};

fn page() -> String {
    std::fs::read_to_string(repository().join("docs/reference/wire.md")).unwrap()
}

#[test]
fn every_example_is_a_fixture() {
    let page = page();
    let mut shown = 0;
    let mut last_named = None;
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.split("fixtures/api/v1/").nth(1).and_then(|rest| rest.split(".json").next())
        {
            last_named = Some(name.to_owned());
        }
        if line == "```json" {
            let name = last_named.take().unwrap_or_else(|| panic!("example {shown} names no fixture"));
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            assert_eq!(format!("{}\n", block.join("\n")), text(&name), "{name}");
            shown += 1;
        }
    }
    assert!(shown >= 10, "{shown}");
}

#[test]
fn every_code_is_listed_with_its_status() {
    let page = page();
    for code in Code::ALL {
        let row = format!("| `{}` | {} |", code.as_str(), code.status());
        assert!(page.contains(&row), "{row}");
    }
}
