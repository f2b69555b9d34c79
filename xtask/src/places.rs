//! Where things are: the repository, the build output, and what the steps leave behind.

use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

use crate::failure::Failure;

/// Folders every step may rely on.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) root: PathBuf,
    /// Cargo's output folder, wherever the developer's configuration puts it.
    pub(crate) target: PathBuf,
}

impl Places {
    pub(crate) fn find() -> Result<Self, Failure> {
        let root = repository_root();
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .no_deps()
            .exec()
            .map_err(|error| Failure::Found(format!("cargo metadata: {error}")))?;
        Ok(Self { root, target: metadata.target_directory.into_std_path_buf() })
    }

    /// The program as the dev profile builds it.
    pub(crate) fn binary(&self) -> PathBuf {
        self.target.join("debug").join("sapwood")
    }

    /// A folder under the build output, created when absent.
    pub(crate) fn scratch(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.target.join(name);
        std::fs::create_dir_all(&path).map_err(Failure::io(format!("creating {}", path.display())))?;
        Ok(path)
    }
}

/// The folder that holds the workspace manifest.
pub(crate) fn repository_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
