//! What the rules look at: every text file of the repository, and the graph of crates.

use std::path::Path;

use super::graph::Graph;
use crate::failure::Failure;

/// What machines made, at any depth. In a linked work tree `.git` is a file.
const NOT_OURS: &[&str] =
    &[".git", "target", "node_modules", ".venv", "__pycache__", ".hypothesis", ".schemathesis"];

#[derive(Debug, Default)]
pub(super) struct Repo {
    pub(super) files: Vec<File>,
    pub(super) graph: Graph,
}

/// A text file; `path` is relative to the root and has forward slashes.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

impl Repo {
    pub(super) fn read(root: &Path) -> Result<Self, Failure> {
        let mut files = Vec::new();
        collect(root, "", &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files, graph: Graph::read(root)? })
    }

    /// A repository of one file, for the self-tests of rules.
    #[cfg(test)]
    pub(super) fn of_file(path: &str, text: &str) -> Self {
        let file = File { path: path.to_owned(), text: text.to_owned() };
        Self { files: vec![file], graph: Graph::default() }
    }

    pub(super) fn rust_files(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.has_extension(&["rs"]))
    }

    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    pub(super) fn has_extension(&self, extensions: &[&str]) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
    }

    /// Code that others wrote and we carry along unchanged.
    pub(super) fn is_vendored(&self) -> bool {
        self.path.contains("/vendor/") || self.path.ends_with(".min.js") || self.path.ends_with(".min.css")
    }

    pub(super) fn numbered_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

/// Reads every UTF-8 file under `folder`; symbolic links are not followed.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<File>) -> Result<(), Failure> {
    let reading = || format!("reading {}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(Failure::io(reading()))? {
        let entry = entry.map_err(Failure::io(reading()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().map_err(Failure::io(reading()))?;
        let path = format!("{prefix}{name}");
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        if kind.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file()
            && let Ok(text) = std::fs::read_to_string(entry.path())
        {
            files.push(File { path, text });
        }
    }
    Ok(())
}
