//! The engine as the rest of the program sees it: open, snapshot, submit, report, settle.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::slice;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arc_swap::ArcSwap;
use sapwood_api::resources::AppliedChange;
use sapwood_core::decide::Placed;
use sapwood_core::entry::{Actor, Entry, Hash};
use sapwood_core::id::{EnvironmentKey, ProjectKey, Stream};
use sapwood_core::moves::RuleMoves;
use sapwood_core::state::State;
use sapwood_core::time::Timestamp;
use sapwood_core::token::Token;
use sapwood_store::{Clock, MemoryStore, Store, StoreError};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::activity::{Place, Subscription};
use crate::entropy::Entropy;
use crate::error::OpenError;
use crate::exposure::Desk;
use crate::folder::Ledgers;
use crate::limits::{ENTRIES_PER_READ, LOG_PAGE_MAX};
use crate::looks::{LookCount, Looks};
use crate::project::{Project, Served, read, write};
use crate::snapshot::{Scope, Snapshot};
use crate::standing::{Follower, Standing};
use crate::ticket::TicketPrinter;
use crate::unit::UnitHasher;

/// Whoever shows a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The project the token belongs to.
    pub project: ProjectKey,
    /// The token.
    pub token: Token,
}

impl Caller {
    /// Who the log says did it.
    pub const fn actor(&self) -> Actor {
        Actor::Token(self.token.id)
    }
}

/// What a change came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Submitted {
    /// Version of the project's stream now.
    pub version: u64,
    /// Version of the last entry that touched what was asked about; `None` if there is no such thing (any more).
    pub revision: Option<u64>,
    /// The entries appended; none if it was already so, or was only tried.
    pub entries: Vec<Entry>,
    /// What was decided: the events appended, or, of what was only tried, those that would have been.
    pub placed: Vec<Placed>,
    /// What each of several definitions came to, where several were asked for as one.
    pub applied: Vec<AppliedChange>,
    /// Whom the change of slot tables moves, or would; of several definitions, each says it for itself.
    pub moves: Vec<RuleMoves>,
    /// What is worth a look, though it was done.
    pub warnings: Vec<String>,
}

impl Submitted {
    /// Whether anything changed, or would have.
    pub const fn changed(&self) -> bool {
        !self.placed.is_empty()
    }
}

/// Where to look things up without a lock; replaced whole when tokens or environments change.
#[derive(Debug, Default)]
struct Directory {
    callers: HashMap<[u8; 32], Bearer>,
    callers_by_id: HashMap<Uuid, Arc<Caller>>,
    served: BTreeMap<Scope, Arc<Served>>,
}

/// Whoever shows a valid token, and the environment it is bound to, at hand without another look-up.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// Who it is.
    pub caller: Arc<Caller>,
    /// The token's environment; `None` for a token of the whole project, or if there is no such environment.
    pub outlet: Option<Arc<Outlet>>,
}

/// One environment at hand.
#[derive(Debug)]
pub struct Outlet {
    scope: Scope,
    served: Arc<Served>,
    room: AtomicUsize,
}

impl Outlet {
    const fn new(scope: Scope, served: Arc<Served>) -> Self {
        Self { scope, served, room: AtomicUsize::new(0) }
    }

    /// Which environment this is.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Bytes that the longest answer so far took: room for the next.
    pub fn room(&self) -> usize {
        self.room.load(Ordering::Relaxed)
    }

    /// An answer took so many bytes.
    pub fn took(&self, bytes: usize) {
        // Nearly always it fits, and then nothing that threads share is written.
        if bytes > self.room() {
            self.room.store(bytes, Ordering::Relaxed);
        }
    }

    /// What it serves now; to be taken once a request. No lock, no wait, and nothing that threads would share.
    pub fn look(&self) -> Look {
        Look(self.served.snapshot.load())
    }
}

/// A snapshot being looked at: cheaper than a share of it, and to be let go of soon.
#[derive(Debug)]
pub struct Look(arc_swap::Guard<Arc<Snapshot>>);

impl std::ops::Deref for Look {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.0
    }
}

/// There was no database at the start.
#[derive(Debug)]
pub(crate) struct Dead {
    /// When what is served was known.
    pub(crate) since: Timestamp,
    /// What is wrong with the database.
    pub(crate) why: String,
}

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) units: UnitHasher,
    pub(crate) tickets: TicketPrinter,
    pub(crate) exposures: Desk,
    pub(crate) ledgers: tokio::sync::Mutex<Ledgers>,
    pub(crate) dead: Option<Dead>,
    pub(crate) events_shed: AtomicU64,
    projects: RwLock<BTreeMap<ProjectKey, Arc<Project>>>,
    directory: ArcSwap<Directory>,
    indexing: Mutex<()>,
    streams_open: Arc<AtomicUsize>,
    streams_ended: AtomicBool,
    pub(crate) batches_waiting: AtomicUsize,
    pub(crate) looks: LookCount,
    /// Milliseconds since 1970 up to which the streams know which flags the time has turned.
    pub(crate) turns_told_until: AtomicI64,
}

/// A handle on the engine; cloning it is cheap.
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Inner>);

/// Keys of this server's own, the same over all of its starts.
pub(crate) struct Secrets {
    /// Names units in the journal.
    pub(crate) unit: [u8; 32],
    /// Signs the addresses of streams.
    pub(crate) stream: [u8; 32],
}

impl Inner {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        secrets: &Secrets,
        dead: Option<Dead>,
    ) -> Self {
        Self {
            turns_told_until: AtomicI64::new(clock.now().ms()),
            store,
            clock,
            entropy,
            units: UnitHasher::new(&secrets.unit),
            tickets: TicketPrinter::new(&secrets.stream),
            exposures: Desk::default(),
            ledgers: tokio::sync::Mutex::default(),
            dead,
            events_shed: AtomicU64::default(),
            projects: RwLock::default(),
            directory: ArcSwap::default(),
            indexing: Mutex::default(),
            streams_open: Arc::default(),
            streams_ended: AtomicBool::new(false),
            batches_waiting: AtomicUsize::new(0),
            looks: LookCount::default(),
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Folds the log, loads the ledgers and publishes what every environment serves.
    pub async fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        let secrets = Secrets {
            unit: store.secret("unit", entropy.bytes()).await?,
            stream: store.secret("stream", entropy.bytes()).await?,
        };
        let streams = store.streams().await?;
        let engine = Self(Arc::new(Inner::new(store, clock, entropy, &secrets, None)));
        for stream in streams {
            if let Stream::Project(key) = stream {
                let project = engine.load_project(&key).await?;
                engine.adopt(key, Arc::new(project));
            }
        }
        engine.index();
        // What turned since the last entry was appended turned before anybody could be told.
        let now = engine.now();
        engine.0.directory.load().served.values().for_each(|served| served.tide.turn(now));
        let mut ledgers = engine.0.ledgers.lock().await;
        *ledgers = engine.load_ledgers().await?;
        engine.read_ended(&ledgers).await?;
        drop(ledgers);
        Ok(engine)
    }

    /// An engine that forgets everything when it is dropped, for simulated worlds and tests.
    pub async fn in_memory(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, OpenError> {
        Self::open(Arc::new(MemoryStore::new(Arc::clone(&clock))), clock, entropy).await
    }

    /// The engine's present moment.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The source of ids, salts and secrets.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.0.entropy
    }

    /// All projects.
    pub fn projects(&self) -> Vec<ProjectKey> {
        let projects = read(&self.0.projects);
        projects.values().filter(|project| project.exists()).map(|project| project.key.clone()).collect()
    }

    /// Where the log of each project stands.
    pub fn versions(&self) -> Vec<(ProjectKey, u64)> {
        let projects = read(&self.0.projects);
        let standing = projects.values().filter(|project| project.exists());
        standing.map(|project| (project.key.clone(), project.state().version)).collect()
    }

    /// Looks at a project's state; `None` if there is no such project. `look` must be quick: changes wait for it.
    pub fn read<R>(&self, project: &ProjectKey, look: impl FnOnce(&State) -> R) -> Option<R> {
        let project = self.project(project)?;
        let state = project.state();
        Some(look(&state))
    }

    /// What an environment serves now. No lock, no wait.
    pub fn snapshot(&self, scope: &Scope) -> Option<Arc<Snapshot>> {
        self.served(scope).map(|served| served.snapshot.load_full())
    }

    /// Who shows this secret; `None` if nobody valid does. No lock, no wait.
    ///
    /// Looked up by hash, so that neither the time it takes nor a dump of memory gives the secret away.
    pub fn authenticate(&self, secret: &str) -> Option<Arc<Caller>> {
        self.bearer(secret).map(|bearer| bearer.caller)
    }

    /// The same, with the environment the token is bound to.
    pub fn bearer(&self, secret: &str) -> Option<Bearer> {
        let hash: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        self.0.directory.load().callers.get(&hash).cloned()
    }

    /// An environment; `None` if there is no such one.
    pub fn outlet(&self, scope: &Scope) -> Option<Arc<Outlet>> {
        self.served(scope).map(|served| Arc::new(Outlet::new(scope.clone(), served)))
    }

    /// The hash a token's secret is known by.
    pub fn secret_hash(secret: &str) -> Hash {
        Hash::from_bytes(Sha256::digest(secret.as_bytes()).into())
    }

    /// Opens a stream of what happens in an environment; `None` if there is no such environment or too many
    /// streams are open.
    pub fn subscribe(&self, scope: &Scope) -> Option<Subscription> {
        let served = self.served(scope)?;
        Some(served.broadcaster.subscribe(Place::take(&self.0.streams_open)?))
    }

    /// Opens a stream of changes of what an environment serves; `None` if there is no such environment or too many
    /// streams are open.
    pub fn follow(&self, scope: &Scope) -> Option<Follower> {
        let served = self.served(scope)?;
        Some(served.tide.follow(Place::take(&self.0.streams_open)?))
    }

    /// How many streams are open, over all environments.
    pub fn streams_open(&self) -> usize {
        self.0.streams_open.load(Ordering::Relaxed)
    }

    /// The server stops: every stream of changes is to end, those that are open and those that would be opened.
    pub fn end_streams(&self) {
        self.0.streams_ended.store(true, Ordering::SeqCst);
        let projects = self.all_projects();
        projects
            .iter()
            .flat_map(|project| project.served().into_values())
            .for_each(|served| served.tide.wake());
    }

    /// Whether streams are to end. Looked at after each wait and before the first.
    pub fn has_ended_streams(&self) -> bool {
        self.0.streams_ended.load(Ordering::SeqCst)
    }

    /// How what an environment serves stands; `None` if there is no such environment. No wait.
    pub fn standing(&self, scope: &Scope) -> Option<Arc<Standing>> {
        self.served(scope).map(|served| served.tide.standing())
    }

    /// How an environment stands once it stands as `enough` says. Somebody knows of a change that is not served here
    /// yet, so the log is looked at again, which the controller does within a second; never ends if there is none.
    pub async fn reach(&self, scope: &Scope, mut enough: impl FnMut(&Standing) -> bool) {
        let Some(served) = self.served(scope) else { return };
        if enough(&served.tide.standing()) {
            return;
        }
        if let Some(project) = self.project(&scope.project) {
            project.doubt(true);
        }
        served.tide.reach(|standing| enough(standing)).await;
    }

    /// The token of this id, if it is valid still. No lock, no wait.
    pub fn caller(&self, token: Uuid) -> Option<Arc<Caller>> {
        self.0.directory.load().callers_by_id.get(&token).cloned()
    }

    /// What each environment of a project serves now, in order of key.
    pub fn environments(&self, project: &ProjectKey) -> Vec<(EnvironmentKey, Arc<Snapshot>)> {
        let served = self.project(project).map(|project| project.served()).unwrap_or_default();
        served.into_iter().map(|(scope, served)| (scope.environment, served.snapshot.load_full())).collect()
    }

    /// Batches of events whose senders wait for the disk.
    pub fn batches_waiting(&self) -> usize {
        self.0.batches_waiting.load(Ordering::Relaxed)
    }

    /// How often the controller looked.
    pub fn looks(&self) -> Looks {
        self.0.looks.read()
    }

    /// Entries of a project's log after a version, at most 500.
    pub async fn log(
        &self,
        project: &ProjectKey,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.0.store.read_from(Stream::Project(project.clone()), after, limit.min(LOG_PAGE_MAX)).await
    }

    pub(crate) fn served(&self, scope: &Scope) -> Option<Arc<Served>> {
        self.0.directory.load().served.get(scope).cloned()
    }

    /// The project, if there is anything of it in the log.
    pub(crate) fn project(&self, key: &ProjectKey) -> Option<Arc<Project>> {
        read(&self.0.projects).get(key).filter(|project| project.exists()).cloned()
    }

    /// The project, made if it is not there: its first command defines it.
    pub(crate) fn project_or_new(&self, key: &ProjectKey) -> Arc<Project> {
        let mut projects = write(&self.0.projects);
        Arc::clone(projects.entry(key.clone()).or_insert_with(|| Arc::new(Project::new(key.clone()))))
    }

    /// Drops a project that nothing came of, unless somebody else is still trying.
    pub(crate) fn forget_attempt(&self, project: &Arc<Project>) {
        let mut projects = write(&self.0.projects);
        let others = Arc::strong_count(project).saturating_sub(2);
        if others == 0 && !project.exists() && !project.is_in_doubt() {
            projects.remove(&project.key);
        }
    }

    /// Takes in a project that was made elsewhere.
    pub(crate) fn adopt(&self, key: ProjectKey, project: Arc<Project>) {
        write(&self.0.projects).insert(key, project);
    }

    pub(crate) fn all_projects(&self) -> Vec<Arc<Project>> {
        read(&self.0.projects).values().cloned().collect()
    }

    /// Folds a project's whole log, and publishes once, at the end. Should something in it not compile any
    /// more, the log is folded entry by entry instead, so that the last version that does is served as before.
    async fn load_project(&self, key: &ProjectKey) -> Result<Project, StoreError> {
        let project = Project::new(key.clone());
        self.replay(&project, |entries| project.absorb(entries).1.is_ok()).await?;
        if project.publish(&[]) {
            return Ok(project);
        }
        tracing::warn!(project = %key, "looking in the log for versions that compile");
        let project = Project::new(key.clone());
        let fold_each =
            |entries: &[Entry]| entries.iter().all(|entry| project.fold(slice::from_ref(entry)).is_ok());
        self.replay(&project, fold_each).await?;
        Ok(project)
    }

    /// Reads a project's log to its end, or until `fold` meets what it cannot read. The next page is read while this one
    /// is folded: the two cost about the same, and a start should use both cores.
    async fn replay(&self, project: &Project, fold: impl Fn(&[Entry]) -> bool) -> Result<(), StoreError> {
        let read = |after: u64| {
            let (store, stream) = (Arc::clone(&self.0.store), Stream::Project(project.key.clone()));
            tokio::spawn(async move { store.read_from(stream, after, ENTRIES_PER_READ).await })
        };
        let mut page = read(project.state().version);
        loop {
            let ended = |error| StoreError::failed("read the log", error);
            let entries = page.await.map_err(ended)??;
            let next = entries.last().filter(|_| entries.len() == ENTRIES_PER_READ).map(|last| last.version);
            let Some(next) = next else {
                fold(&entries);
                return Ok(());
            };
            page = read(next);
            if !fold(&entries) {
                return Ok(());
            }
        }
    }

    /// Rebuilds the directory after tokens or environments may have changed. One at a time, because an older
    /// directory stored over a newer one would let a revoked token in again.
    pub(crate) fn index(&self) {
        let _one_at_a_time = self.0.indexing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut directory = Directory::default();
        for project in self.all_projects() {
            directory.served.extend(project.served());
            let mut outlets: BTreeMap<Scope, Arc<Outlet>> = BTreeMap::new();
            for token in project.state().tokens.values() {
                let caller = Caller { project: project.key.clone(), token: token.value.clone() };
                let caller = Arc::new(caller);
                directory.callers_by_id.insert(token.value.id, Arc::clone(&caller));
                let bound = token.value.environment.clone();
                let outlet = bound.and_then(|environment| {
                    let scope = Scope { project: project.key.clone(), environment };
                    let served = Arc::clone(directory.served.get(&scope)?);
                    let outlet = || Arc::new(Outlet::new(scope.clone(), served));
                    Some(Arc::clone(outlets.entry(scope.clone()).or_insert_with(outlet)))
                });
                let bearer = Bearer { caller, outlet };
                directory.callers.insert(*token.value.secret_hash.as_bytes(), bearer);
            }
        }
        self.0.directory.store(Arc::new(directory));
    }
}
