//! What was served last, small enough to lie beside the data: enough to go on evaluating when the database is gone.
//!
//! It is a copy of what the log came to, never a second truth: it decides nothing while the log can be read, and it
//! names the last entry it stands for, so that a log that lost entries since is noticed.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use sapwood_core::break_glass::BreakGlass;
use sapwood_core::entry::Hash;
use sapwood_core::id::{EnvironmentKey, ProjectKey, Stream};
use sapwood_core::state::{Environment, Revised, State};
use sapwood_core::time::Timestamp;
use sapwood_core::token::Token;
use sapwood_eval::{FlagConfig, FlagSet, Segment, SetConfig};
use sapwood_store::{Clock, DeadStore};
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::answers::Answers;
use crate::engine::{Dead, Engine, Inner, Secrets};
use crate::entropy::Entropy;
use crate::error::OpenError;
use crate::fingerprint::Fingerprint;
use crate::overrides::Locals;
use crate::project::{Project, Served};
use crate::snapshot::{Scope, Snapshot};

/// Version of the shape; a reader refuses a newer one.
const FORMAT: u32 = 1;

/// What every environment of every project served at one moment, and who may ask.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LastKnownGood {
    format: u32,
    written_at: Timestamp,
    projects: Vec<KnownProject>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct KnownProject {
    key: ProjectKey,
    name: String,
    version: u64,
    hash: Hash,
    tokens: Vec<Token>,
    environments: Vec<KnownEnvironment>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct KnownEnvironment {
    key: EnvironmentKey,
    name: String,
    production: bool,
    version: u64,
    revision: u64,
    changed_at: Timestamp,
    flags: Vec<FlagConfig>,
    segments: Vec<Segment>,
}

/// Which entries of the log the file stands for, without what was served: all that is needed of it while the log can be
/// read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KnownHeads {
    format: u32,
    projects: Vec<KnownHead>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct KnownHead {
    key: ProjectKey,
    version: u64,
    hash: Hash,
}

impl KnownHeads {
    /// From one line of JSON, of which most is passed over.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn from_line(line: &str) -> Result<Self, String> {
        let heads: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        readable(heads.format)?;
        Ok(heads)
    }

    /// Whether there is nothing to serve.
    pub const fn is_empty(&self) -> bool {
        self.projects.is_empty()
    }
}

fn readable(format: u32) -> Result<(), String> {
    if format > FORMAT {
        return Err(format!("it has format {format}, and this program reads up to {FORMAT}"));
    }
    Ok(())
}

impl LastKnownGood {
    /// From one line of JSON.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn from_line(line: &str) -> Result<Self, String> {
        let known: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        readable(known.format)?;
        Ok(known)
    }

    /// When it was taken.
    pub const fn written_at(&self) -> Timestamp {
        self.written_at
    }

    /// Whether there is nothing to serve.
    pub const fn is_empty(&self) -> bool {
        self.projects.is_empty()
    }

    /// The flags of an environment, as they were served; `None` if there is no such environment.
    pub fn flags(&self, scope: &Scope) -> Option<&[FlagConfig]> {
        let project = self.projects.iter().find(|project| project.key == scope.project)?;
        let environment = project.environments.iter().find(|known| known.key == scope.environment)?;
        Some(&environment.flags)
    }
}

impl Engine {
    /// What is served now.
    ///
    /// # Errors
    /// What is wrong with what was written, in a sentence; that would be a defect.
    pub fn last_known_good(&self) -> Result<LastKnownGood, String> {
        let mut line = Vec::new();
        self.write_last_known_good(&mut line).map_err(|error| error.to_string())?;
        LastKnownGood::from_line(&String::from_utf8_lossy(&line))
    }

    /// Writes what is served now as one line of JSON, from where it is served: of ten thousand flags no copy is made.
    ///
    /// # Errors
    /// That of `out`.
    pub fn write_last_known_good(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let projects = self.all_projects().into_iter().filter(|project| project.exists());
        let projects = projects.map(|project| written_project(&project)).collect();
        let written = Whole { format: FORMAT, written_at: self.now(), projects };
        Ok(serde_json::to_writer(out, &written)?)
    }

    /// An engine that serves what was served last, takes no changes and no events, and says `why`.
    pub fn serve_last_known_good(
        known: LastKnownGood,
        why: &str,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let dead = Dead { since: known.written_at, why: why.to_owned() };
        // Nothing that units are named in can be written, and streams are opened anew, so any keys will do.
        let secrets = Secrets { unit: entropy.bytes(), stream: entropy.bytes() };
        let store = Arc::new(DeadStore::new(why));
        let engine = Self(Arc::new(Inner::new(store, clock, entropy, &secrets, Some(dead))));
        for project in known.projects {
            engine.adopt(project.key.clone(), Arc::new(revive(project)));
        }
        engine.index();
        engine
    }

    /// Checks that the log still has what was served from it.
    ///
    /// # Errors
    /// [`OpenError::Behind`] if entries were lost or replaced since.
    pub async fn confirm(&self, known: &KnownHeads) -> Result<(), OpenError> {
        for project in known.projects.iter().filter(|project| project.version > 0) {
            let stream = Stream::Project(project.key.clone());
            let entries = self.0.store.read_from(stream, project.version.saturating_sub(1), 1).await?;
            if entries.first().is_none_or(|entry| entry.hash != project.hash) {
                return Err(OpenError::Behind { project: project.key.clone(), version: project.version });
            }
        }
        Ok(())
    }
}

fn written_project(project: &Project) -> WrittenProject {
    let served = project.served();
    let state = project.state();
    let environments = served.iter().map(|(scope, served)| {
        let snapshot = served.snapshot.load_full();
        let known = state.environments.get(&scope.environment);
        WrittenEnvironment {
            key: scope.environment.clone(),
            name: known.map(|known| known.name.clone()).unwrap_or_default(),
            production: known.is_some_and(|known| known.production),
            version: snapshot.version,
            revision: snapshot.revision,
            changed_at: snapshot.changed_at,
            flags: Flags(Arc::clone(&snapshot)),
            segments: Segments(snapshot),
        }
    });
    WrittenProject {
        key: project.key.clone(),
        name: state.project.as_ref().map(|(_, name)| name.clone()).unwrap_or_default(),
        version: state.version,
        hash: state.hash,
        tokens: state.tokens.values().map(|token| token.value.clone()).collect(),
        environments: environments.collect(),
    }
}

/// [`LastKnownGood`] as it is written.
#[derive(Serialize)]
struct Whole {
    format: u32,
    written_at: Timestamp,
    projects: Vec<WrittenProject>,
}

#[derive(Serialize)]
struct WrittenProject {
    key: ProjectKey,
    name: String,
    version: u64,
    hash: Hash,
    tokens: Vec<Token>,
    environments: Vec<WrittenEnvironment>,
}

#[derive(Serialize)]
struct WrittenEnvironment {
    key: EnvironmentKey,
    name: String,
    production: bool,
    version: u64,
    revision: u64,
    changed_at: Timestamp,
    flags: Flags,
    segments: Segments,
}

/// The flags of a snapshot, as they are served.
struct Flags(Arc<Snapshot>);

impl Serialize for Flags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.flags.flags().map(|flag| flag.config()))
    }
}

/// The segments of a snapshot.
struct Segments(Arc<Snapshot>);

impl Serialize for Segments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.segments.values())
    }
}

fn revive(known: KnownProject) -> Project {
    let KnownProject { key, name, version, hash, tokens, environments } = known;
    let mut state = State { project: Some((key.clone(), name)), version, hash, ..State::default() };
    state.tokens = tokens
        .into_iter()
        .map(|token| (token.id, Revised { value: token, revision: version, bytes: 0 }))
        .collect();
    let mut served = BTreeMap::new();
    for known in environments {
        let scope = Scope { project: key.clone(), environment: known.key.clone() };
        let (name, production) = (known.name.clone(), known.production);
        let said = known.flags.iter().filter_map(|flag| Some((flag.flag.key.clone(), said_of(flag)?)));
        let environment =
            Environment { name, production, break_glass: said.collect(), ..Environment::default() };
        state.environments.insert(known.key.clone(), environment);
        let (snapshot, here) = (Arc::new(snapshot(&scope, known)), Served::default());
        let changed_at = snapshot.changed_at;
        here.show(snapshot, changed_at);
        served.insert(scope, Arc::new(here));
    }
    Project::revived(key, state, served)
}

/// What was in force then stays in force unless something else is said now.
fn said_of(flag: &FlagConfig) -> Option<BreakGlass> {
    let variant = Some(flag.break_glass.clone()?);
    Some(BreakGlass { variant, record: Uuid::nil(), reason: String::new(), revision: flag.revision })
}

/// A flag that does not compile any more is left out, and the others are served.
fn snapshot(scope: &Scope, known: KnownEnvironment) -> Snapshot {
    let said = hash(&known);
    let segments: BTreeMap<_, _> =
        known.segments.iter().map(|segment| (segment.key.clone(), segment.clone())).collect();
    let (flags, warnings) = FlagSet::compile(SetConfig::new(known.flags, known.segments), None);
    for warning in warnings {
        tracing::warn!(scope = %scope, "not served: {warning}");
    }
    Snapshot {
        version: known.version,
        revision: known.revision,
        changed_at: known.changed_at,
        fingerprint: Fingerprint::new(&said, &scope.environment, &Locals::new()),
        said,
        flag_set: scope.to_string(),
        answers: Answers::default().next(&flags),
        flags,
        segments: Arc::new(segments),
        ..Snapshot::default()
    }
}

/// Of all that was known: the log it came from cannot be read, and overrides of then are part of it.
#[expect(clippy::expect_used, reason = "keys are texts and numbers are finite, by their types")]
fn hash(known: &KnownEnvironment) -> Hash {
    let text = serde_json::to_vec(known).expect("what is known is JSON");
    Hash::from_bytes(Sha256::digest(text).into())
}
