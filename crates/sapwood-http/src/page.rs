//! The console's pages: what the API answers, drawn and put into words. Nothing here knows about requests.

mod curve;
mod frame;
mod gauge;
mod grove;
mod guardrail;
mod labels;
mod message;
mod rollout;
mod seed;
mod state;
mod steps;
mod story;
mod tree;
mod wood;
mod words;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod preview;

pub(crate) use frame::{Frame, Icons};
pub(crate) use grove::GrovePage;
pub(crate) use message::{MessagePage, SignInPage};
pub(crate) use rollout::{ConfirmPage, RolloutPage};
pub(crate) use steps::actions;
