//! `plan init`: an example to change into one's own.

use std::io::Write as _;
use std::process::ExitCode;

use sapwood_file::plan::EXAMPLE;

use super::args::InitArgs;
use super::load::print;
use crate::failure::Failure;

pub(super) fn run(args: &InitArgs) -> Result<ExitCode, Failure> {
    let name = args.file.display().to_string();
    if name == "-" {
        print(EXAMPLE.trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&args.file);
    let mut file = match file {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Failure::Exists(name));
        }
        Err(source) => return Err(Failure::File { path: name, source }),
    };
    file.write_all(EXAMPLE.as_bytes()).map_err(|source| Failure::File { path: name.clone(), source })?;
    print(&format!("Wrote {name}. Next: sapwood plan check {name}, then sapwood plan solve {name}"))?;
    Ok(ExitCode::SUCCESS)
}
