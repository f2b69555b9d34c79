//! Definition files from disk: found, read, and every mistake in any of them collected.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sapwood_file::definitions::{Contents, Definition, Kind, read};
use sapwood_file::{Finding, Source};

use crate::failure::Failure;
use crate::limits::{FILES_MAX, FOLDERS_DEEP_MAX};
use crate::plan::load;

/// Ends of names that are read.
const ENDS: &[&str] = &["yaml", "yml", "json", "toml"];

/// All files that were read.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) sources: Vec<Source>,
    /// In an order in which what is named comes before what names it.
    pub(crate) definitions: Vec<Placed>,
    /// Names of files that are plans.
    pub(crate) plans: Vec<String>,
    /// Everything that is wrong, with the file it is in.
    pub(crate) found: Vec<(usize, Finding)>,
}

/// A definition and the file it is in.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) source: usize,
    pub(crate) definition: Definition,
}

/// Reads files and folders.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Files, Failure> {
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() { walk(path, 0, &mut all)? } else { all.push(path.clone()) }
    }
    let mut files = Files::default();
    for path in &all {
        files.read(path)?;
    }
    files.refuse_twice();
    files.definitions.sort_by_key(|placed| placed.definition.kind);
    Ok(files)
}

/// Every file of a folder whose name says that it may be one, in the order of their names; hidden ones are left alone.
pub(crate) fn walk(folder: &Path, depth: usize, all: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let refuse = |source| Failure::File { path: folder.display().to_string(), source };
    if depth > FOLDERS_DEEP_MAX {
        let folder = folder.display();
        return Err(Failure::Invalid(format!(
            "{folder} is more than {FOLDERS_DEEP_MAX} folders deep; name one further down"
        )));
    }
    let entries = std::fs::read_dir(folder).map_err(refuse)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(refuse)?;
    paths.sort();
    for path in paths {
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            walk(&path, depth.saturating_add(1), all)?;
        } else if end.is_some_and(|end| ENDS.contains(&end.as_str())) {
            if all.len() >= FILES_MAX {
                return Err(Failure::Invalid(format!(
                    "there are more than {FILES_MAX} files; name a folder with fewer"
                )));
            }
            all.push(path);
        }
    }
    Ok(())
}

impl Files {
    fn read(&mut self, path: &Path) -> Result<(), Failure> {
        let source = load::source(path)?;
        let place = self.sources.len();
        match read(&source) {
            Ok(Contents::Plan) => self.plans.push(source.name.clone()),
            Ok(Contents::Definitions(definitions)) => self
                .definitions
                .extend(definitions.into_iter().map(|definition| Placed { source: place, definition })),
            Err(found) => self.found.extend(found.into_iter().map(|finding| (place, finding))),
        }
        self.sources.push(source);
        Ok(())
    }

    /// One thing is defined once.
    fn refuse_twice(&mut self) {
        let mut known: BTreeMap<(Kind, &str), &Placed> = BTreeMap::new();
        for placed in &self.definitions {
            let Definition { kind, key, at, .. } = &placed.definition;
            let Some(first) = known.insert((*kind, key), placed) else { continue };
            let other = self.sources.get(first.source).map_or_else(String::new, |source| {
                let (line, column) = source.position(first.definition.at.start);
                format!("{}:{line}:{column}", source.name)
            });
            let message = format!("{} `{key}` is defined twice, first in {other}", kind.word());
            let finding = Finding::error("duplicate", at.clone(), message, "keep one of them");
            self.found.push((placed.source, finding));
        }
    }
}
