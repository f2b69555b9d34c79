//! How many files this process may have open: every connection and every stream is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sapwood_engine::limits::STREAMS_MAX;

/// Files beside streams: the database, the listener, and connections that evaluate.
const BESIDE_STREAMS: u64 = 1_024;

/// Takes as many files as this process may without asking anybody, and says it when those are too few for all streams.
pub(crate) fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = needed();
    if current.is_some_and(|current| maximum.is_none_or(|maximum| current < maximum)) {
        // Without a limit, a round figure will do: kernels refuse what is beyond theirs.
        let most = maximum.unwrap_or(wanted).max(current.unwrap_or(0));
        if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum }) {
            tracing::warn!(%error, "the limit of open files could not be raised to {most}");
        }
    }
    if let Some(warning) = too_few(getrlimit(Resource::Nofile).current) {
        tracing::warn!("{warning}");
    }
}

fn needed() -> u64 {
    u64::try_from(STREAMS_MAX).unwrap_or(u64::MAX).saturating_add(BESIDE_STREAMS)
}

fn too_few(limit: Option<u64>) -> Option<String> {
    let (limit, needed) = (limit?, needed());
    (limit < needed).then(|| {
        format!(
            "this process may have {limit} files open, and every connection and stream is one: for {STREAMS_MAX} \
             streams raise the limit to {needed} (`ulimit -n`, or `LimitNOFILE=` of its unit)"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_files_are_named_with_what_to_do() {
        assert_eq!(too_few(None), None);
        assert_eq!(too_few(Some(needed())), None);
        let said = too_few(Some(1_024)).unwrap();
        assert!(
            said.contains("1024 files") && said.contains("11024") && said.contains("ulimit -n"),
            "{said}"
        );
    }

    #[test]
    fn the_limit_is_as_high_as_it_may_be() {
        raise();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert!(maximum.is_none() || current == maximum, "{current:?} of {maximum:?}");
    }
}
