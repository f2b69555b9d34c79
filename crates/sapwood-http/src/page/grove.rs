//! The home page: one small tree per rollout in flight, ordered by what needs somebody, and those that ended below.

use askama::Template;
use sapwood_api::manage::RolloutResponse;

use super::frame::Frame;
use super::rollout::{here, standing_words};
use super::state::{self, Standing};
use super::tree::{self, Tree};
use super::words;

/// Ended rollouts that are shown.
const ENDED_MAX: usize = 24;

/// The page.
#[derive(Template)]
#[template(path = "grove.html")]
pub(crate) struct GrovePage<'a> {
    frame: &'a Frame,
    icon: &'a str,
    title: String,
    announcement: String,
    summary: String,
    live: Vec<Plot>,
    ended: Vec<Plot>,
    origin: String,
}

/// One tree with its name.
struct Plot {
    id: String,
    flag: String,
    class: &'static str,
    standing: String,
    sentence: String,
    needs: Option<String>,
    tree: Tree,
}

impl<'a> GrovePage<'a> {
    /// The page for these rollouts, newest first. `origin` is where the server is reached, for the snippet.
    pub(crate) fn new(frame: &'a Frame, rollouts: &[RolloutResponse], origin: String) -> Self {
        let (mut live, ended): (Vec<_>, Vec<_>) =
            rollouts.iter().partition(|rollout| Standing::of(rollout).is_live());
        // A stable sort: among equals the newest comes first.
        live.sort_by_key(|rollout| urgency(rollout));
        let worst = live.first().map(|rollout| Standing::of(rollout));
        let waiting = live.iter().filter(|rollout| needs(rollout).is_some()).count();
        let summary = summary(live.len(), waiting);
        Self {
            frame,
            icon: frame.icon(worst),
            title: format!("{summary} · {}", frame.environment),
            announcement: summary.clone(),
            summary,
            live: live.into_iter().map(plot).collect(),
            ended: ended.into_iter().take(ENDED_MAX).map(plot).collect(),
            origin,
        }
    }
}

fn summary(live: usize, waiting: usize) -> String {
    match (live, waiting) {
        (0, _) => "Nothing is growing".to_owned(),
        (1, 0) => "1 rollout is growing".to_owned(),
        (live, 0) => format!("{live} rollouts are growing"),
        (live, 1) => format!("1 of {live} needs somebody"),
        (live, waiting) => format!("{waiting} of {live} need somebody"),
    }
}

fn plot(rollout: &RolloutResponse) -> Plot {
    let standing = Standing::of(rollout);
    Plot {
        id: rollout.id.clone(),
        flag: rollout.flag.clone(),
        class: standing.class(),
        standing: standing_words(standing, &here(rollout)),
        sentence: words::rich(&rollout.sentence),
        needs: needs(rollout),
        tree: Tree::small(rollout),
    }
}

/// What somebody should do, if anybody should.
fn needs(rollout: &RolloutResponse) -> Option<String> {
    let approval = rollout.gate.is_some_and(|gate| gate.approval_missing);
    match Standing::of(rollout) {
        Standing::Held => {
            let cause = rollout.cause.as_deref().map_or("a person", state::cause);
            Some(format!("Held by {cause}"))
        }
        Standing::Running if approval => Some("Wants an approval".to_owned()),
        Standing::Running | Standing::RolledBack | Standing::Completed => None,
    }
}

/// Smaller is more urgent.
fn urgency(rollout: &RolloutResponse) -> u32 {
    match (Standing::of(rollout), needs(rollout)) {
        (Standing::Held, _) => 0,
        (_, Some(_)) => 1,
        (_, None) if tree::progress(rollout).harm > 0.5 => 2,
        (_, None) => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    #[test]
    fn what_needs_somebody_comes_first() {
        let mut all = fixtures::all();
        all.sort_by_key(urgency);
        let flags: Vec<_> = all.iter().map(|rollout| rollout.flag.as_str()).take(2).collect();
        assert_eq!(flags, ["search-ranking-v2", "invoice.layout"]);
    }

    #[test]
    fn the_summary_is_a_sentence_a_colleague_would_say() {
        assert_eq!(summary(0, 0), "Nothing is growing");
        assert_eq!(summary(3, 0), "3 rollouts are growing");
        assert_eq!(summary(3, 1), "1 of 3 needs somebody");
    }
}
