//! What the activity stream tells, and the admission limit of all streams.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sapwood_api::stream::Activity;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::limits::{STREAM_BACKLOG_MAX, STREAMS_MAX};

/// One message of the activity stream.
#[derive(Debug, Clone)]
pub struct Message {
    /// Version of the project's stream when it was said; the SSE id.
    pub version: u64,
    /// What is said.
    pub activity: Arc<Activity>,
}

/// Tells every reader of one environment.
#[derive(Debug)]
pub(crate) struct Broadcaster {
    sender: broadcast::Sender<Message>,
}

impl Default for Broadcaster {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(STREAM_BACKLOG_MAX) }
    }
}

impl Broadcaster {
    pub(crate) fn tell(&self, version: u64, activity: Activity) {
        // Nobody listening is not an error.
        let _ = self.sender.send(Message { version, activity: Arc::new(activity) });
    }

    pub(crate) fn has_readers(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// A new reader.
    pub(crate) fn subscribe(&self, place: Place) -> Subscription {
        Subscription { receiver: self.sender.subscribe(), place }
    }
}

/// A place among the open streams, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<AtomicUsize>);

impl Place {
    /// A place, unless too many streams are open. Whoever is in stays in: nobody loses theirs to somebody new.
    pub(crate) fn take(open: &Arc<AtomicUsize>) -> Option<Self> {
        let admitted = open.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |streams| {
            (streams < STREAMS_MAX).then_some(streams.saturating_add(1))
        });
        admitted.ok()?;
        Some(Self(Arc::clone(open)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An open stream.
#[derive(Debug)]
pub struct Subscription {
    receiver: broadcast::Receiver<Message>,
    #[expect(dead_code, reason = "held for its drop")]
    place: Place,
}

/// What a reader gets.
#[derive(Debug, Clone)]
pub enum Next {
    /// The next message.
    Message(Message),
    /// The reader was too slow and missed messages; what it shows must be fetched anew.
    Missed,
    /// The engine is gone.
    Closed,
}

impl Subscription {
    /// Waits for the next message.
    pub async fn next(&mut self) -> Next {
        match self.receiver.recv().await {
            Ok(message) => Next::Message(message),
            Err(RecvError::Lagged(_)) => Next::Missed,
            Err(RecvError::Closed) => Next::Closed,
        }
    }
}
