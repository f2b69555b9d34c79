//! Golden vectors: the scripts beside them, run again with other people's libraries, must write the committed files byte for
//! byte. That our own code agrees with the files is what the tests of `sapwood-eval` say.

use std::process::Command;

use super::{Report, sdk, tools};
use crate::failure::Failure;
use crate::places::Places;

const FOLDER: &str = "fixtures/eval";
/// Each has a script that prints it.
const VECTORS: [&str; 2] = ["buckets", "operators"];

pub(super) fn run(places: &Places, report: &mut Report) -> Result<(), Failure> {
    let python = tools::python(places, &places.root.join(sdk::PYTHON))?;
    let folder = places.root.join(FOLDER);
    for name in VECTORS {
        let script = format!("{name}.py");
        let ran = Command::new(&python).args(["-B", &script]).current_dir(&folder).output();
        let ran = ran.map_err(Failure::io(format!("starting {script}")))?;
        if !ran.status.success() {
            let said = String::from_utf8_lossy(&ran.stderr);
            return Err(Failure::Found(format!("{FOLDER}/{script} failed:\n{said}")));
        }
        let file = folder.join(name).with_extension("json");
        let committed = std::fs::read(&file).map_err(Failure::io(format!("reading {}", file.display())))?;
        differs(name, &committed, &ran.stdout).map_or(Ok(()), |found| Err(Failure::Found(found)))?;
        report.tests += 1;
    }
    Ok(())
}

/// Where the script's answer differs from the file, if it does.
fn differs(name: &str, committed: &[u8], printed: &[u8]) -> Option<String> {
    if committed == printed {
        return None;
    }
    let (committed, printed) = (String::from_utf8_lossy(committed), String::from_utf8_lossy(printed));
    let same = committed.lines().zip(printed.lines()).take_while(|(one, other)| one == other).count();
    Some(format!(
        "{FOLDER}/{name}.json is not what {name}.py prints, from line {} on; vectors are contracts, so find out why",
        same.saturating_add(1)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(differs("a", b"1\n2\n", b"1\n2\n"), None);
        let found = differs("a", b"1\n2\n3\n", b"1\n2\n4\n").unwrap_or_default();
        assert!(found.contains("from line 3 on"), "{found}");
        assert!(differs("a", b"1\n", b"1").is_some(), "byte for byte");
    }
}
