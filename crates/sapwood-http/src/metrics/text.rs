//! The Prometheus text format, version 0.0.4.

use std::fmt::{Display, Write as _};

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sapwood_core::id::ProjectKey;
use sapwood_engine::Engine;

use super::{Ended, Metrics, Route, STATUSES};
use crate::app::App;
use crate::auth::Overview;

/// `GET /metrics`. What is said of single environments is said of the caller's project only.
pub(crate) async fn exposition(State(app): State<App>, caller: Overview) -> Response {
    let text = write(&app.metrics, &app.engine, &caller.project);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// Everything, in the order of `docs/reference/metrics.md`.
pub(super) fn write(metrics: &Metrics, engine: &Engine, project: &ProjectKey) -> String {
    let mut page = Page(String::with_capacity(8 << 10));
    page.family("sapwood_build_info", "gauge", "1; the version is in the label");
    page.line("sapwood_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    requests(&mut page, metrics);
    engine_wide(&mut page, engine);
    environments(&mut page, engine, project);
    page.0
}

fn requests(page: &mut Page, metrics: &Metrics) {
    let name = "sapwood_http_requests_total";
    page.family(name, "counter", "Requests answered");
    for route in Route::ALL {
        for (place, status) in STATUSES.iter().enumerate() {
            let count = metrics.requests(route, place);
            // What never happened would be most of the page; a scrape that does not find it reads nothing as none.
            if count > 0 {
                page.line(name, &[("route", route.as_str()), ("status", status)], count);
            }
        }
    }
    let name = "sapwood_evaluations_total";
    page.family(name, "counter", "Flags evaluated");
    for (all_at_once, route) in [(false, Route::Single), (true, Route::Bulk)] {
        for ended in Ended::ALL {
            // Nothing is asked for by name when everything is asked for.
            if !(all_at_once && ended == Ended::NotFound) {
                let count = metrics.evaluations(all_at_once, ended);
                page.line(name, &[("route", route.as_str()), ("outcome", ended.as_str())], count);
            }
        }
    }
}

fn engine_wide(page: &mut Page, engine: &Engine) {
    page.single("sapwood_streams_open", "gauge", "Streams open now, of all kinds", engine.streams_open());
    let waiting = engine.exposures_waiting();
    page.single(
        "sapwood_exposures_waiting",
        "gauge",
        "Automatic exposures that wait to be journaled",
        waiting,
    );
    let taken = engine.exposures_taken();
    page.single(
        "sapwood_exposures_journaled_total",
        "counter",
        "Automatic exposures taken to be journaled",
        taken,
    );
    let dropped = engine.exposures_dropped();
    page.single(
        "sapwood_exposures_shed_total",
        "counter",
        "Automatic exposures shed by a full queue",
        dropped,
    );
    let batches = engine.batches_waiting();
    page.single(
        "sapwood_intake_batches_waiting",
        "gauge",
        "Batches of events that wait for the disk",
        batches,
    );
    let looks = engine.looks();
    page.single(
        "sapwood_controller_looks_total",
        "counter",
        "Looks of the controller that ended",
        looks.ended,
    );
    let name = "sapwood_controller_looks_failed_total";
    page.single(name, "counter", "Looks that met a failure of storage", looks.failed);
    let name = "sapwood_controller_last_look_timestamp_seconds";
    page.single(name, "gauge", "When the last look ended", looks.last.map_or(0, |at| at.ms() / 1000));
}

fn environments(page: &mut Page, engine: &Engine, project: &ProjectKey) {
    let environments = engine.environments(project);
    let labels = |key: &str| [("project", project.as_str().to_owned()), ("environment", key.to_owned())];
    let mut each = |name: &str, help: &str, figure: &dyn Fn(&sapwood_engine::Snapshot) -> u64| {
        page.family(name, "gauge", help);
        for (key, snapshot) in &environments {
            let labels = labels(key.as_str());
            let labels = labels.each_ref().map(|(name, value)| (*name, value.as_str()));
            page.line(name, &labels, figure(snapshot));
        }
    };
    each("sapwood_snapshot_version", "Version of the log that is served", &|snapshot| snapshot.version);
    let count = |snapshot: &sapwood_engine::Snapshot| u64::try_from(snapshot.flags.len()).unwrap_or(u64::MAX);
    each("sapwood_snapshot_flags", "Flags that are served", &count);
    let changed =
        |snapshot: &sapwood_engine::Snapshot| u64::try_from(snapshot.changed_at.ms() / 1000).unwrap_or(0);
    each("sapwood_snapshot_timestamp_seconds", "When what is served last changed", &changed);
}

/// A page being written.
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.push(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn single(&mut self, name: &str, kind: &str, help: &str, figure: impl Display) {
        self.family(name, kind, help);
        self.line(name, &[], figure);
    }

    /// Label values are names of our own alphabet, which needs no escaping.
    fn line(&mut self, name: &str, labels: &[(&str, &str)], figure: impl Display) {
        self.push(format_args!("{name}"));
        for (place, (label, value)) in labels.iter().enumerate() {
            let before = if place == 0 { "{" } else { "," };
            self.push(format_args!("{before}{label}=\"{value}\""));
        }
        let after = if labels.is_empty() { "" } else { "}" };
        self.push(format_args!("{after} {figure}\n"));
    }

    fn push(&mut self, what: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.0.write_fmt(what);
    }
}
