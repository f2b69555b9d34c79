//! Plays the scenarios in `scenarios/` and compares, or with `--write` replaces, the transcripts beside them.
#![expect(clippy::print_stdout, reason = "an example talks to the person who started it")]

use std::fs;
use std::path::Path;

use sapwood_sim::{script, transcript};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let write = std::env::args().any(|argument| argument == "--write");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<_> =
        fs::read_dir(&folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    for path in files {
        let text = transcript::play(&script::read(&fs::read_to_string(&path)?)?)?;
        let beside = path.with_extension("transcript");
        let same = fs::read_to_string(&beside).is_ok_and(|known| known == text);
        if write && !same {
            fs::write(&beside, &text)?;
        }
        println!(
            "{}: {}",
            path.display(),
            if same {
                "the same"
            } else if write {
                "written"
            } else {
                "DIFFERS"
            }
        );
    }
    Ok(())
}
