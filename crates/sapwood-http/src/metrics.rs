//! What the server counts about itself, as text for Prometheus. Counting takes no lock, allocates nothing and looks no
//! label up: every count has its place, in a table of which each thread has its own.
//!
//! Names in labels are of routes, outcomes, projects and environments; never of flags, subjects or tokens.

mod text;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use axum::http::StatusCode;

pub(crate) use text::exposition;

/// Threads with a table of their own; beyond, some share one, which is slower and still right.
const TABLES: usize = 16;

/// What of the server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Single,
    Bulk,
    Stream,
    Events,
    Manage,
    Health,
    Console,
}

impl Route {
    pub(crate) const ALL: [Self; 7] =
        [Self::Single, Self::Bulk, Self::Stream, Self::Events, Self::Manage, Self::Health, Self::Console];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Bulk => "bulk",
            Self::Stream => "stream",
            Self::Events => "events",
            Self::Manage => "manage",
            Self::Health => "health",
            Self::Console => "console",
        }
    }

    /// Which route an address belongs to, be there anything at it or not.
    pub(crate) fn of(path: &str) -> Self {
        if let Some(rest) = path.strip_prefix("/ofrep/v1/evaluate/flags") {
            return if matches!(rest, "" | "/") { Self::Bulk } else { Self::Single };
        }
        if path.starts_with("/ofrep/v1/stream") || path.starts_with("/api/v1/stream/") {
            Self::Stream
        } else if path.starts_with("/api/v1/events") {
            Self::Events
        } else if path.starts_with("/api/") || path.starts_with("/ofrep/") {
            Self::Manage
        } else if matches!(path, "/healthz" | "/readyz" | "/version" | "/metrics") {
            Self::Health
        } else {
            Self::Console
        }
    }

    const fn place(self) -> usize {
        match self {
            Self::Single => 0,
            Self::Bulk => 1,
            Self::Stream => 2,
            Self::Events => 3,
            Self::Manage => 4,
            Self::Health => 5,
            Self::Console => 6,
        }
    }
}

/// The statuses this server gives, and a last one for any other.
const STATUSES: [&str; 19] = [
    "200", "201", "202", "204", "303", "304", "400", "401", "403", "404", "405", "409", "413", "415", "422",
    "429", "500", "503", "other",
];

const fn status_place(status: StatusCode) -> usize {
    match status.as_u16() {
        200 => 0,
        201 => 1,
        202 => 2,
        204 => 3,
        303 => 4,
        304 => 5,
        400 => 6,
        401 => 7,
        403 => 8,
        404 => 9,
        405 => 10,
        409 => 11,
        413 => 12,
        415 => 13,
        422 => 14,
        429 => 15,
        500 => 16,
        503 => 17,
        _ => 18,
    }
}

/// How an evaluation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Served,
    Failed,
    NotFound,
}

impl Ended {
    const ALL: [Self; 3] = [Self::Served, Self::Failed, Self::NotFound];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Failed => "failed",
            Self::NotFound => "not_found",
        }
    }

    const fn place(self) -> usize {
        match self {
            Self::Served => 0,
            Self::Failed => 1,
            Self::NotFound => 2,
        }
    }
}

/// The counts of one thread, apart from every other's in memory.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Table {
    requests: [[AtomicU64; STATUSES.len()]; Route::ALL.len()],
    /// Of one flag asked for by itself, and of flags asked for all at once.
    evaluations: [[AtomicU64; Ended::ALL.len()]; 2],
}

/// All counts.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    tables: [Table; TABLES],
}

thread_local! {
    static OWN: usize = {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        THREADS.fetch_add(1, Ordering::Relaxed) % TABLES
    };
}

impl Metrics {
    /// A request was answered.
    pub(crate) fn answered(&self, route: Route, status: StatusCode) {
        self.count(|table| table.requests.get(route.place())?.get(status_place(status)), 1);
    }

    /// A flag was asked for by itself.
    pub(crate) fn evaluated(&self, ended: Ended) {
        self.count(|table| table.evaluations.first()?.get(ended.place()), 1);
    }

    /// Flags were asked for all at once.
    pub(crate) fn evaluated_all(&self, served: u64, failed: u64) {
        self.count(|table| table.evaluations.last()?.get(Ended::Served.place()), served);
        self.count(|table| table.evaluations.last()?.get(Ended::Failed.place()), failed);
    }

    fn count(&self, of: impl Fn(&Table) -> Option<&AtomicU64>, by: u64) {
        let own = OWN.with(|own| *own);
        if let Some(count) = self.tables.get(own).and_then(of) {
            count.fetch_add(by, Ordering::Relaxed);
        }
    }

    fn sum(&self, of: impl Fn(&Table) -> Option<&AtomicU64>) -> u64 {
        self.tables.iter().filter_map(of).map(|count| count.load(Ordering::Relaxed)).sum()
    }

    fn requests(&self, route: Route, status: usize) -> u64 {
        self.sum(|table| table.requests.get(route.place())?.get(status))
    }

    fn evaluations(&self, all_at_once: bool, ended: Ended) -> u64 {
        self.sum(|table| table.evaluations.get(usize::from(all_at_once))?.get(ended.place()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn every_place_is_its_own() {
        for (place, route) in Route::ALL.iter().enumerate() {
            assert_eq!(route.place(), place);
        }
        for (place, ended) in Ended::ALL.iter().enumerate() {
            assert_eq!(ended.place(), place);
        }
        for (place, status) in STATUSES.iter().enumerate() {
            let status =
                status.parse().map_or(StatusCode::IM_A_TEAPOT, |code| StatusCode::from_u16(code).unwrap());
            assert_eq!(status_place(status), place);
        }
    }

    #[test]
    fn addresses_belong_to_routes() {
        for (path, route) in [
            ("/ofrep/v1/evaluate/flags", Route::Bulk),
            ("/ofrep/v1/evaluate/flags/", Route::Bulk),
            ("/ofrep/v1/evaluate/flags/a/b", Route::Single),
            ("/ofrep/v1/stream", Route::Stream),
            ("/api/v1/stream/activity", Route::Stream),
            ("/api/v1/events", Route::Events),
            ("/api/v1/projects/default/log", Route::Manage),
            ("/metrics", Route::Health),
            ("/nowhere", Route::Console),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        let metrics = Arc::new(Metrics::default());
        let threads: Vec<_> = (0..40)
            .map(|_| {
                let metrics = Arc::clone(&metrics);
                std::thread::spawn(move || {
                    for _ in 0..1_000 {
                        metrics.answered(Route::Bulk, StatusCode::NOT_MODIFIED);
                        metrics.evaluated_all(7, 1);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(metrics.requests(Route::Bulk, status_place(StatusCode::NOT_MODIFIED)), 40_000);
        assert_eq!(metrics.requests(Route::Single, status_place(StatusCode::NOT_MODIFIED)), 0);
        assert_eq!(metrics.evaluations(true, Ended::Served), 280_000);
        assert_eq!(metrics.evaluations(true, Ended::Failed), 40_000);
        assert_eq!(metrics.evaluations(false, Ended::Served), 0);
    }
}
