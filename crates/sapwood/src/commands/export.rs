//! `sapwood export`: a project's definitions as files, one for each, that `apply` reads without loss.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sapwood_file::definitions::{Contents, Kind, Unwritable, read, write};
use serde_json::{Value, json};

use crate::cli::files::ExportArgs;
use crate::client::Client;
use crate::commands::apply::{FORMAT, load};
use crate::failure::Failure;
use crate::out::Out;
use crate::plan::load::{counted, source};

pub(crate) async fn run(args: ExportArgs) -> Result<ExitCode, Failure> {
    let client = Client::new(&args.place.server, &args.place.token)?;
    let path = format!("/api/v1/projects/{}/definitions", args.place.project);
    let all: Value = client.get(&path).await?;
    let version = all.get("version").and_then(Value::as_u64).unwrap_or(0);
    let items = all.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    // Everything is written in memory first: a definition that cannot be leaves no half of a folder behind.
    let files = texts(items)?;
    let old = old_files(&args.out)?;
    if !args.replace
        && let Some(first) = old.first()
    {
        let message = format!(
            "{} holds definitions already, such as {}; name an empty folder, or say --replace, which loses comments",
            args.out.display(),
            first.display()
        );
        return Err(Failure::Exists(message));
    }
    let mut kept = BTreeSet::new();
    let mut written: usize = 0;
    for (name, text) in &files {
        let path = args.out.join(name);
        if std::fs::read_to_string(&path).ok().as_ref() != Some(text) {
            put(&path, text)?;
            written = written.saturating_add(1);
        }
        kept.insert(path);
    }
    let gone: Vec<&PathBuf> = old.iter().filter(|path| !kept.contains(*path)).collect();
    for path in &gone {
        std::fs::remove_file(path)
            .map_err(|source| Failure::File { path: path.display().to_string(), source })?;
    }
    let text = format!(
        "{} in {} at version {version}: {written} written, {} as before, {} removed",
        counted(files.len(), "definition"),
        args.out.display(),
        files.len().saturating_sub(written),
        gone.len()
    );
    let json = json!({
        "format": FORMAT, "event": "exported", "version": version, "definitions": files.len(), "written": written,
        "removed": gone.len(),
    });
    Out::new(args.place.json).say(&text, &json)?;
    Ok(ExitCode::SUCCESS)
}

/// Name and text of each file.
fn texts(items: &[Value]) -> Result<Vec<(PathBuf, String)>, Failure> {
    let mut names = BTreeSet::new();
    let mut files = Vec::with_capacity(items.len());
    for item in items {
        let text =
            write(item).map_err(|Unwritable(why)| Failure::Said(format!("{why}; nothing was written")))?;
        let word = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
        let folder = Kind::of(word("kind")).map_or("others", Kind::folder);
        // Some disks do not tell upper from lower case.
        let mut stem = word("key").to_owned();
        while !names.insert((folder, stem.to_ascii_lowercase())) {
            stem.push('~');
        }
        files.push((Path::new(folder).join(format!("{stem}.yaml")), text));
    }
    Ok(files)
}

/// Files of the folder that hold definitions and nothing else.
fn old_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut all = Vec::new();
    if folder.exists() {
        load::walk(folder, 0, &mut all)?;
    }
    let mut old = Vec::new();
    for path in all {
        if matches!(source(&path).map(|source| read(&source)), Ok(Ok(Contents::Definitions(_)))) {
            old.push(path);
        }
    }
    Ok(old)
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    let refuse = |source| Failure::File { path: path.display().to_string(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(refuse)?;
    }
    std::fs::write(path, text).map_err(refuse)
}
