//! The file of local overrides: written by `sapwood kill` and by nobody else, read by the server.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sapwood_engine::{Override, Overrides};
use sapwood_store::checked;
use sapwood_store::limits::OVERRIDES_FILE;

use crate::failure::Failure;

/// Keeps two who override at once from losing what one of them said.
const LOCK: &str = "break-glass.lock";

/// The overrides in a data directory; none if there is no file.
///
/// # Errors
/// Why the file cannot be used, in a sentence.
pub(crate) fn read(data: &Path) -> Result<Overrides, String> {
    let path = data.join(OVERRIDES_FILE);
    let unusable = |why: String| format!("{} cannot be used: {why}", path.display());
    match checked::read(&path) {
        Ok(line) => Overrides::from_line(&line).map_err(unusable),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Overrides::default()),
        Err(error) => Err(unusable(error.to_string())),
    }
}

/// Adds one; on disk when this returns. A file that cannot be used is put aside, because nothing may stand in the way of
/// stopping; what it said that the log knows stays in force. Answers where it was put.
pub(crate) fn add(data: &Path, new: Override) -> Result<Option<PathBuf>, Failure> {
    if !data.is_dir() {
        return Err(Failure::Said(format!(
            "there is no directory {}; name the server's with --data",
            data.display()
        )));
    }
    let lock = File::create(data.join(LOCK))?;
    lock.lock()?;
    let path = data.join(OVERRIDES_FILE);
    let known = read(data).ok();
    let mut aside = None;
    if known.is_none() {
        let place = data.join(format!("{OVERRIDES_FILE}.damaged"));
        fs::rename(&path, &place)?;
        aside = Some(place);
    }
    let mut overrides = known.unwrap_or_default();
    overrides.set(new).map_err(Failure::Said)?;
    checked::write(&path, &overrides.to_line()?)?;
    Ok(aside)
}

/// Notices when the file changes, by looking at it: a look costs one call of the system.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    data: PathBuf,
    seen: Option<Mark>,
    looked: bool,
}

/// What changes when a file is replaced.
type Mark = (u64, u64, Option<SystemTime>);

impl Watch {
    pub(crate) fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), seen: None, looked: false }
    }

    /// What the file says, if it says something else than at the last look. Off the runtime's threads: a disk that hangs
    /// must not take them with it.
    pub(crate) async fn look(&mut self) -> Option<Overrides> {
        let (data, seen, looked) = (self.data.clone(), self.seen, self.looked);
        let looking = tokio::task::spawn_blocking(move || {
            let now = mark(&data.join(OVERRIDES_FILE));
            let is_new = !looked || now != seen;
            is_new.then(|| (now, read(&data)))
        });
        let (mark, read) = looking.await.ok().flatten()?;
        (self.seen, self.looked) = (mark, true);
        match read {
            Ok(overrides) => Some(overrides),
            Err(why) => {
                tracing::error!(
                    "{why}; what is in force stays in force. Say again what you want with `sapwood kill`"
                );
                None
            }
        }
    }
}

fn mark(path: &Path) -> Option<Mark> {
    let file = fs::metadata(path).ok()?;
    Some((file.ino(), file.len(), file.modified().ok()))
}
