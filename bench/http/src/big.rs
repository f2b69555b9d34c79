//! What many flags cost: memory, the time to start, and a change of one of them.

use std::time::Instant;

use serde_json::json;

use crate::api::Api;
use crate::failure::Failure;
use crate::options::Options;
use crate::process::Server;
use crate::report::{quantile, under};
use crate::routes::{fresh, version_of};
use crate::seed;

const CHANGES: usize = 40;

pub(crate) fn measure(options: &Options) -> Result<(), Failure> {
    println!("\nmany flags");
    let (server, tokens) = fresh(options, "big")?;
    under("memory, no flags", mebibytes(&server), "MiB", Some(50.0));
    let api = Api::new(&server, &tokens.admin);
    let application = Api::new(&server, &tokens.server);
    seed::flags(&api, 0, 500)?;
    under("memory, 500 flags, after seeding", mebibytes(&server), "MiB", Some(50.0));
    changes(&api, &application, 500)?;
    seed::flags(&api, 500, options.flags)?;
    under(&format!("memory, {} flags, after seeding", options.flags), mebibytes(&server), "MiB", None);
    changes(&api, &application, options.flags)?;
    drop(server);
    let data = options.scratch.join("big");
    let mut starts = Vec::new();
    for _ in 0..5 {
        let (server, _) = Server::sapwood(&options.sapwood, &data)?;
        starts.push((server.started_in.as_secs_f64() * 1e3, mebibytes(&server)));
    }
    starts.sort_by(|one, other| one.0.total_cmp(&other.0));
    if let Some((milliseconds, mebibytes)) = starts.get(starts.len() / 2) {
        under(&format!("start to ready, {} flags", options.flags), *milliseconds, "ms", Some(1000.0));
        under(&format!("memory after a start, {} flags", options.flags), *mebibytes, "MiB", Some(50.0));
    }
    Ok(())
}

/// How long a change takes until it is answered, durably, and until an evaluation shows it.
fn changes(api: &Api, application: &Api, flags: usize) -> Result<(), Failure> {
    let path = format!("/ofrep/v1/evaluate/flags/{}", seed::key(0));
    let body = json!({"context": seed::context(1)});
    let version = || Ok::<_, Failure>(version_of(&application.post(&path, &body)?).unwrap_or(0));
    let (mut answered, mut seen) = (Vec::new(), Vec::new());
    for edition in 1..=CHANGES {
        let before = version()?;
        let (shown, took) = std::thread::scope(|scope| {
            let began = Instant::now();
            let looking = scope.spawn(move || {
                while version()? == before {}
                Ok::<_, Failure>(began.elapsed())
            });
            seed::put_targeting(api, 0, edition)?;
            let took = began.elapsed();
            let shown = looking.join().map_err(|_| Failure("the looking thread panicked".to_owned()))?;
            Ok::<_, Failure>((shown?, took))
        })?;
        answered.push(took.as_secs_f64() * 1e3);
        seen.push(shown.as_secs_f64() * 1e3);
    }
    answered.sort_by(f64::total_cmp);
    seen.sort_by(f64::total_cmp);
    let name = |what: &str| format!("one of {flags} flags changed: {what}");
    under(&name("answered, on disk, median"), quantile(&answered, 500), "ms", None);
    under(&name("seen, median"), quantile(&seen, 500), "ms", Some(5.0));
    under(&name("seen, 9 of 10"), quantile(&seen, 900), "ms", None);
    Ok(())
}

fn mebibytes(server: &Server) -> f64 {
    f64::from(u32::try_from(server.resident_kib()).unwrap_or(u32::MAX)) / 1024.0
}
