//! The crates of the workspace and everything below them, as cargo resolves it for the platform we ship.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use crate::failure::Failure;

const PLATFORM: &str = "x86_64-unknown-linux-gnu";

#[derive(Debug, Default)]
pub(super) struct Graph {
    /// By cargo's package id.
    pub(super) packages: BTreeMap<String, Package>,
}

#[derive(Debug, Default)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) licence: Option<String>,
    /// A member of this workspace.
    pub(super) ours: bool,
    /// What the manifest declares, optional dependencies included.
    pub(super) declared: Vec<Declared>,
    /// Ids of the packages it is built on: normal dependencies only.
    pub(super) normal: Vec<String>,
}

/// A line of a manifest.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) for_tests_only: bool,
}

impl Graph {
    pub(super) fn read(root: &Path) -> Result<Self, Failure> {
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .other_options(["--filter-platform".to_owned(), PLATFORM.to_owned()])
            .exec()
            .map_err(|error| Failure::Found(format!("cargo metadata: {error}")))?;
        Ok(Self::from_metadata(&metadata))
    }

    fn from_metadata(metadata: &Metadata) -> Self {
        let ours: BTreeSet<String> = metadata.workspace_members.iter().map(ToString::to_string).collect();
        let mut packages: BTreeMap<String, Package> = BTreeMap::new();
        for package in &metadata.packages {
            let id = package.id.to_string();
            let declared = package.dependencies.iter().map(|dependency| Declared {
                name: dependency.name.clone(),
                for_tests_only: dependency.kind == DependencyKind::Development,
            });
            let entry = Package {
                name: package.name.to_string(),
                version: package.version.to_string(),
                licence: package.license.clone(),
                ours: ours.contains(&id),
                declared: declared.collect(),
                normal: Vec::new(),
            };
            packages.insert(id, entry);
        }
        for node in metadata.resolve.iter().flat_map(|resolve| &resolve.nodes) {
            let is_normal = |kinds: &[cargo_metadata::DepKindInfo]| {
                kinds.iter().any(|info| info.kind == DependencyKind::Normal)
            };
            let normal = node.deps.iter().filter(|dependency| is_normal(&dependency.dep_kinds));
            if let Some(package) = packages.get_mut(&node.id.to_string()) {
                package.normal = normal.map(|dependency| dependency.pkg.to_string()).collect();
            }
        }
        Self { packages }
    }

    pub(super) fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().filter(|package| package.ours)
    }

    pub(super) fn ours_named(&self, name: &str) -> Option<&Package> {
        self.ours().find(|package| package.name == name)
    }

    /// Ids of everything `name` is built on, itself left out.
    pub(super) fn below(&self, name: &str) -> BTreeSet<&str> {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut queue: Vec<&Package> = self.ours_named(name).into_iter().collect();
        while let Some(package) = queue.pop() {
            for id in &package.normal {
                if seen.insert(id) {
                    queue.extend(self.packages.get(id));
                }
            }
        }
        seen
    }

    /// A graph of our own crates with declared dependencies, for the self-tests of rules.
    #[cfg(test)]
    pub(super) fn of_ours(crates: &[(&str, &[&str])]) -> Self {
        let packages = crates.iter().map(|(name, dependencies)| {
            let declared = dependencies
                .iter()
                .map(|dependency| Declared { name: (*dependency).to_owned(), for_tests_only: false });
            let package = Package {
                name: (*name).to_owned(),
                ours: true,
                declared: declared.collect(),
                ..Package::default()
            };
            ((*name).to_owned(), package)
        });
        Self { packages: packages.collect() }
    }

    /// Adds an outside crate below one of ours, for the self-tests of rules.
    #[cfg(test)]
    pub(super) fn with_outside(mut self, below: &str, name: &str, licence: Option<&str>) -> Self {
        let package =
            Package { name: name.to_owned(), licence: licence.map(str::to_owned), ..Package::default() };
        self.packages.insert(name.to_owned(), package);
        if let Some(parent) = self.packages.get_mut(below) {
            parent.normal.push(name.to_owned());
        }
        self
    }
}
