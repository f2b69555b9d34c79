//! Flags that answer otherwise because time went by: streams are told at the moment a condition on the time turns.

use std::future;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sapwood_api::stream::Activity;
use sapwood_core::time::Timestamp;

use crate::engine::Engine;

impl Engine {
    /// When some flag of some environment next answers otherwise without anybody having changed it.
    pub fn next_turn(&self) -> Option<Timestamp> {
        let now = self.now().ms();
        let projects = self.all_projects();
        let served = projects.iter().flat_map(|project| project.served().into_values());
        let next = served.filter_map(|served| served.snapshot.load().flags.next_boundary(now)).min();
        next.map(Timestamp::from_ms)
    }

    /// Tells the streams which flags have turned since this was last asked.
    pub(crate) async fn tell_what_turned(&self) {
        let now = self.now();
        let since = self.0.turns_told_until.fetch_max(now.ms(), Ordering::SeqCst);
        if since >= now.ms() {
            return;
        }
        for project in self.all_projects() {
            for served in project.served().into_values() {
                if served.snapshot.load().flags.turned(since, now.ms()).is_empty() {
                    continue;
                }
                // Under the writer's lock, so that this comes after the entries of the version it names.
                let _writer = project.writer.lock().await;
                served.tide.turn(now);
                if !served.broadcaster.has_readers() {
                    continue;
                }
                let snapshot = served.snapshot.load_full();
                let flags = snapshot.flags.turned(since, now.ms());
                let flags = flags.into_iter().map(|flag| flag.key().to_string()).collect();
                served.broadcaster.tell(snapshot.version, Activity::Turned { at: now.to_string(), flags });
            }
        }
    }

    /// Waits until the next turn by this process's clock; for ever if there is none.
    pub(crate) async fn until_next_turn(&self) {
        let Some(next) = self.next_turn() else { return future::pending().await };
        let ahead = next.ms().saturating_sub(self.now().ms());
        tokio::time::sleep(Duration::from_millis(u64::try_from(ahead).unwrap_or(0))).await;
    }
}
