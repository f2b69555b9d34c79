//! What the store keeps, frozen: journal records, sums and rows of version 1, to the byte, and the fold between.

use serde::Deserialize;

use super::*;
use crate::event::Event;
use crate::record::Record;
use crate::rollout::RolloutSpec;
use crate::testing::{at, id};

const JOURNAL: &str = include_str!("../../../../fixtures/journal/v1.jsonl");
const LEDGER: &str = include_str!("../../../../fixtures/ledger/v1.json");

#[derive(Deserialize)]
struct Stored {
    sums: Vec<(SumKey, Sums)>,
    rows: Vec<(RowKey, SubjectRow)>,
}

fn stored() -> Stored {
    serde_json::from_str(LEDGER).unwrap()
}

fn records() -> Vec<Record> {
    JOURNAL.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Sums and rows as the fixture has them, one on a line.
fn printed(sums: &[(SumKey, Sums)], rows: &[(RowKey, SubjectRow)]) -> String {
    let sums: Vec<_> = sums.iter().map(|sum| serde_json::to_string(sum).unwrap()).collect();
    let rows: Vec<_> = rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect();
    format!("{{\"sums\":[\n{}\n],\"rows\":[\n{}\n]}}\n", sums.join(",\n"), rows.join(",\n"))
}

/// The rollout the journal is about, as the golden log has it.
fn spec() -> RolloutSpec {
    let started = crate::event::tests::golden().into_iter().find_map(|entry| match Event::read(&entry) {
        Ok(Event::RolloutStarted(event)) if event.rollout.id == id(2) => Some(event.rollout),
        Ok(_) | Err(_) => None,
    });
    started.unwrap()
}

#[test]
fn every_record_kind_is_written_back_to_the_byte() {
    let mut kinds = BTreeSet::new();
    for (line, record) in JOURNAL.lines().zip(records()) {
        assert_eq!(serde_json::to_string(&record).unwrap(), line);
        kinds.insert(match record {
            Record::Exposure { .. } => "exposure",
            Record::Event { .. } => "event",
            Record::Activity { .. } => "activity",
            Record::Seen { .. } => "seen",
        });
    }
    assert_eq!(kinds.len(), 4, "{kinds:?}");
}

#[test]
fn sums_and_rows_are_written_back_to_the_byte() {
    let Stored { sums, rows } = stored();
    assert_eq!(printed(&sums, &rows), LEDGER);
    let cells: BTreeSet<_> = sums.iter().map(|(key, _)| key.arm.as_str()).collect();
    assert_eq!(cells.len(), 5, "every cell is there: {cells:?}");
}

#[test]
fn the_golden_journal_folds_into_the_golden_ledger() {
    let mut ledger = crate::testing::folded(&spec(), &records());
    ledger.settle(at(2_500));
    let Changes { sums, rows } = ledger.take_changes();
    assert_eq!(printed(&sums, &rows), LEDGER);
    let stored = stored();
    assert_eq!(RolloutLedger::restore(stored.sums, stored.rows), ledger);
}

#[test]
fn cells_are_stored_under_the_word_they_are_read_by() {
    for cell in [Cell::Treated, Cell::Control, Cell::Ring, Cell::UnexposedTreated, Cell::UnexposedControl] {
        assert_eq!(Cell::parse(cell.as_str()), Some(cell));
        assert_eq!(serde_json::to_string(&cell).unwrap(), format!("\"{}\"", cell.as_str()));
    }
    assert_eq!(Cell::parse("nobody"), None);
}

#[test]
fn a_unit_hash_is_32_digits_and_its_first_four_are_the_shard() {
    let text = "0a0b00000000000000000000000000ff";
    let unit = UnitHash::try_from(text.to_owned()).unwrap();
    assert_eq!((unit.to_string().as_str(), unit.shard()), (text, 0x0a0b));
    assert_eq!(UnitHash::from_bytes(unit.to_bytes()), unit);
    for bad in ["", "0a", "zz0b00000000000000000000000000ff", "+a0b00000000000000000000000000ff"] {
        assert!(UnitHash::try_from(bad.to_owned()).is_err(), "{bad}");
    }
}

#[test]
fn changes_are_whole_new_values_and_zero_where_nothing_is_left() {
    let key =
        |minute| SumKey { epoch: 1, guardrail: "g".to_owned(), revision: 1, arm: Cell::Treated, minute };
    let one = Sums { subjects: 1, records: 0 };
    let mut ledger = RolloutLedger::default();
    ledger.add(key(1), one);
    ledger.add(key(1), one);
    assert_eq!(ledger.take_changes().sums, [(key(1), Sums { subjects: 2, records: 0 })]);
    assert_eq!(ledger.take_changes(), Changes::default());
    ledger.add(key(1), Sums { subjects: -2, records: 0 });
    ledger.add(key(2), one);
    let changes = ledger.take_changes();
    assert_eq!(changes.sums, [(key(1), Sums::default()), (key(2), one)]);
    assert_eq!(RolloutLedger::restore(changes.sums, []), ledger);
    assert_eq!((ledger.subjects(1, "g", 1, Cell::Treated), ledger.sums().len()), (1, 1));
}
