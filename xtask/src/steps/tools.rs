//! Programs the steps stand on: found, installed where this machine allows it, or named with the way to get them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Report;
use crate::failure::Failure;
use crate::places::Places;
use crate::shell::{cargo, probe, run};

const NODE_MAJOR_MIN: u32 = 20;
const CHROMIUM: &str = "/usr/bin/chromium";

/// Looks for everything before failing, so that one run names everything that is missing.
pub(super) fn all(places: &Places, _report: &mut Report) -> Result<(), Failure> {
    let found = [
        component(places, "fmt", "rustfmt"),
        component(places, "clippy", "clippy"),
        nextest(places).map(drop),
        npm_packages(&places.root.join(super::sdk::NODE)),
        python(places, &places.root.join(super::sdk::PYTHON)).map(drop),
        python(places, &places.root.join(super::api::FOLDER)).map(drop),
        npm_packages(&places.root.join(super::browser::FOLDER)),
        chromium().map(drop),
        strace(),
    ];
    let missing: Vec<String> =
        found.into_iter().filter_map(Result::err).map(|failure| failure.to_string()).collect();
    if missing.is_empty() {
        println!("everything is here");
        return Ok(());
    }
    Err(Failure::Found(missing.join("\n")))
}

/// A cargo subcommand that comes with the toolchain.
pub(super) fn component(places: &Places, subcommand: &str, name: &str) -> Result<(), Failure> {
    match probe(cargo(&places.root).args([subcommand, "--version"])) {
        Some(_) => Ok(()),
        None => Err(Failure::missing(name, &format!("install it with `rustup component add {name}`"))),
    }
}

/// `None` when `cargo nextest` works as it is, else the search path with which it does.
pub(super) fn nextest(places: &Places) -> Result<Option<OsString>, Failure> {
    if probe(cargo(&places.root).args(["nextest", "--version"])).is_some() {
        return Ok(None);
    }
    let folder = places.scratch("tools")?;
    let programs = folder.join("bin");
    if !programs.join("cargo-nextest").exists() {
        run(cargo(&places.root).args(["install", "cargo-nextest", "--locked", "--root"]).arg(&folder))?;
    }
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(programs).chain(std::env::split_paths(&inherited));
    let joined = std::env::join_paths(path).map_err(|error| Failure::Found(format!("PATH: {error}")))?;
    Ok(Some(joined))
}

/// Installs exactly what the lock file of `folder` says, once per lock file.
pub(super) fn npm_packages(folder: &Path) -> Result<(), Failure> {
    let install = "install Node.js 20 or newer with npm (https://nodejs.org)";
    let version =
        probe(Command::new("node").arg("--version")).ok_or_else(|| Failure::missing("node", install))?;
    if node_major(&version).is_none_or(|major| major < NODE_MAJOR_MIN) {
        return Err(Failure::missing(&format!("node {NODE_MAJOR_MIN} (this is {version})"), install));
    }
    if probe(Command::new("npm").arg("--version")).is_none() {
        return Err(Failure::missing("npm", install));
    }
    let stamp =
        Stamp::of(&folder.join("package-lock.json"), folder.join("node_modules/.installed-lock.json"))?;
    if stamp.is_current() {
        return Ok(());
    }
    let quiet = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    run(Command::new("npm").args(quiet).current_dir(folder))?;
    stamp.write()
}

/// `v20.20.2` → 20
fn node_major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

/// A virtual environment with the pinned requirements of `folder`; its interpreter.
pub(super) fn python(places: &Places, folder: &Path) -> Result<PathBuf, Failure> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let environment = places.target.join(format!("venv-{name}"));
    let interpreter = environment.join("bin/python");
    let stamp = Stamp::of(&folder.join("requirements.txt"), environment.join("installed-requirements.txt"))?;
    if stamp.is_current() {
        return Ok(interpreter);
    }
    let debian = "install it with `apt-get install python3 python3-venv`";
    let has_venv = || probe(Command::new("python3").args(["-c", "import venv, ensurepip"])).is_some();
    if !has_venv() {
        apt_install(&["python3", "python3-venv"])
            .map_err(|_| Failure::missing("python3 with venv", debian))?;
    }
    if !has_venv() {
        return Err(Failure::missing("python3 with venv", debian));
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut pip = Command::new(&interpreter);
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]);
    // Wheels only: nothing is compiled on the machine of somebody who runs the tests.
    pip.args(["--only-binary", ":all:", "-r"]);
    run(pip.arg("requirements.txt").current_dir(folder))?;
    stamp.write()?;
    Ok(interpreter)
}

/// The tests of durability and faults watch a server's calls, and make them fail, with `strace`.
fn strace() -> Result<(), Failure> {
    let works = || probe(Command::new("strace").args(["-f", "-o", "/dev/null", "true"])).is_some();
    let advice = "install it with `apt-get install strace`, and allow tracing here (CAP_SYS_PTRACE)";
    if !works() {
        apt_install(&["strace"]).map_err(|_| Failure::missing("strace", advice))?;
    }
    if works() { Ok(()) } else { Err(Failure::missing("strace that may trace", advice)) }
}

/// Chromium: the one named by `SAPWOOD_CHROMIUM`, or the distribution's.
pub(super) fn chromium() -> Result<PathBuf, Failure> {
    if let Some(named) = std::env::var_os("SAPWOOD_CHROMIUM") {
        return existing(PathBuf::from(named), "SAPWOOD_CHROMIUM names a file that does not exist");
    }
    let path = PathBuf::from(CHROMIUM);
    let advice = "install it with `apt-get install chromium`, or set SAPWOOD_CHROMIUM to the path of one";
    if !path.exists() {
        apt_install(&["chromium", "fonts-dejavu-core"]).map_err(|_| Failure::missing("chromium", advice))?;
    }
    existing(path, advice)
}

fn existing(path: PathBuf, advice: &str) -> Result<PathBuf, Failure> {
    if path.exists() { Ok(path) } else { Err(Failure::missing("chromium", advice)) }
}

/// Debian packages, when this is Debian and we may.
fn apt_install(packages: &[&str]) -> Result<(), Failure> {
    let is_root = probe(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    let has_apt = probe(Command::new("apt-get").arg("--version")).is_some();
    if !is_root || !has_apt {
        return Err(Failure::Found("no right to install packages here".to_owned()));
    }
    run(Command::new("apt-get").args(["update", "-q"]))?;
    let mut install = Command::new("apt-get");
    install.args(["install", "-q", "-y", "--no-install-recommends"]).args(packages);
    run(install.env("DEBIAN_FRONTEND", OsString::from("noninteractive")))
}

/// Remembers which lock file an installation was made from, by keeping a copy of it inside.
#[derive(Debug)]
struct Stamp {
    wanted: Vec<u8>,
    installed: PathBuf,
}

impl Stamp {
    fn of(lock: &Path, installed: PathBuf) -> Result<Self, Failure> {
        let wanted = std::fs::read(lock).map_err(Failure::io(format!("reading {}", lock.display())))?;
        Ok(Self { wanted, installed })
    }

    fn is_current(&self) -> bool {
        std::fs::read(&self.installed).is_ok_and(|installed| installed == self.wanted)
    }

    fn write(&self) -> Result<(), Failure> {
        let doing = format!("writing {}", self.installed.display());
        std::fs::write(&self.installed, &self.wanted).map_err(Failure::io(doing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_are_read() {
        assert_eq!(node_major("v20.20.2"), Some(20));
        assert_eq!(node_major("nonsense"), None);
    }
}
