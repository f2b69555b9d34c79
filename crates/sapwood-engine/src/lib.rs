#![doc = include_str!("../README.md")]

mod activity;
mod answers;
mod commit;
mod controller;
pub mod convert;
mod engine;
mod entropy;
mod error;
mod exposure;
mod flags_message;
mod folder;
mod history;
mod intake;
pub mod limits;
mod looks;
mod project;
mod snapshot;
mod standing;
mod ticket;
mod turn;
mod unit;
mod view;

pub use activity::{Message, Next, Subscription};
pub use answers::{Audience, Written};
pub use engine::{Bearer, Caller, Engine, Look, Outlet, Submitted};
pub use entropy::{Entropy, OsEntropy, SeededEntropy};
pub use error::{HistoryError, OpenError, ReportError, SubmitError};
pub use history::{LogDiff, LogFilter, LogPage};
pub use looks::Looks;
pub use sapwood_store::{Clock, ManualClock, MemoryStore, Store, StoreError, SystemClock};
pub use snapshot::{Scope, Snapshot};
pub use standing::{Encoded, Follower, Mark, NotAMark, Standing};
pub use ticket::{Ticket, TicketError};
