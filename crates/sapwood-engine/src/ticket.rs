//! Tickets for streams: a browser's event source can send no header, so what it may hear stands in the address. Not the
//! token itself, because addresses are kept in places where secrets are not: a ticket opens one environment's stream, for
//! a day or two, as long as its token is valid.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sapwood_core::id::EnvironmentKey;
use sapwood_core::time::Timestamp;
use sha2::Sha256;
use uuid::Uuid;

use crate::engine::{Caller, Engine};
use crate::entropy::hex;
use crate::snapshot::Scope;

const DAY_MS: i64 = 86_400_000;
/// Bytes of the signature that are kept; 128 bits cannot be guessed.
const SIGNATURE: usize = 16;

/// The same all day for one token and environment, so that streams are not opened anew for a new address.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    token: Uuid,
    day: u32,
    signature: [u8; SIGNATURE],
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:08x}{}", self.token.simple(), self.day, hex(&self.signature))
    }
}

/// Never the signature: what is printed for debugging may end in a log.
impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("token", &self.token).field("day", &self.day).finish_non_exhaustive()
    }
}

/// Why a ticket opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Not made here, not for this environment, or its token was revoked.
    #[error(
        "this ticket is not valid here, or its token was revoked; evaluate all flags again for a new one"
    )]
    Unknown,
    /// It is of another day.
    #[error("this ticket has expired; evaluate all flags again for a new one")]
    Expired,
}

/// Signs tickets. The key is worked in once, when the engine opens.
pub(crate) struct TicketPrinter(Hmac<Sha256>);

impl TicketPrinter {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length; the constructor cannot fail")]
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    fn mac(&self, scope: &Scope, token: Uuid, day: u32) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for name in [scope.project.as_str(), scope.environment.as_str()] {
            mac.update(name.as_bytes());
            // No name has such a byte, so none can run into the next.
            mac.update(&[0]);
        }
        mac.update(token.as_bytes());
        mac.update(&day.to_be_bytes());
        mac
    }

    fn ticket(&self, scope: &Scope, token: Uuid, day: u32) -> Ticket {
        let signed: [u8; 32] = self.mac(scope, token, day).finalize().into_bytes().into();
        let mut signature = [0; SIGNATURE];
        signature.iter_mut().zip(signed).for_each(|(to, from)| *to = from);
        Ticket { token, day, signature }
    }

    /// Whether this printer made the ticket; takes as long whatever is wrong with it.
    fn made(&self, ticket: &Ticket, scope: &Scope) -> bool {
        self.mac(scope, ticket.token, ticket.day).verify_truncated_left(&ticket.signature).is_ok()
    }
}

impl Ticket {
    /// Reads what [`Ticket`] prints, and no other spelling of it.
    fn read(text: &str) -> Option<Self> {
        let canonical = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let (token, rest) = text.split_at_checked(32).filter(|_| canonical)?;
        let (day, signature) = rest.split_at_checked(8)?;
        let digits = |text: &str| u128::from_str_radix(text, 16).ok();
        let signature = digits(signature).filter(|_| signature.len() == SIGNATURE * 2)?.to_be_bytes();
        let (token, day) = (Uuid::from_u128(digits(token)?), u32::from_str_radix(day, 16).ok()?);
        Some(Self { token, day, signature })
    }
}

impl Engine {
    /// Today's ticket of a token for an environment's stream.
    pub fn ticket(&self, caller: &Caller, scope: &Scope) -> Ticket {
        self.0.tickets.ticket(scope, caller.token.id, day(self.now()))
    }

    /// Who shows this ticket, and what for. `environment` says which one, for tokens that are for all.
    ///
    /// # Errors
    /// If the ticket opens nothing.
    pub fn admit(
        &self,
        ticket: &str,
        environment: Option<&str>,
    ) -> Result<(Arc<Caller>, Scope), TicketError> {
        let ticket = Ticket::read(ticket).ok_or(TicketError::Unknown)?;
        let caller = self.caller(ticket.token).ok_or(TicketError::Unknown)?;
        let asked =
            environment.map(str::parse::<EnvironmentKey>).transpose().map_err(|_| TicketError::Unknown)?;
        let environment = match (&caller.token.environment, asked) {
            (Some(own), Some(asked)) if *own != asked => return Err(TicketError::Unknown),
            (Some(own), _) => own.clone(),
            (None, asked) => asked.ok_or(TicketError::Unknown)?,
        };
        let scope = Scope { project: caller.project.clone(), environment };
        if !self.0.tickets.made(&ticket, &scope) {
            return Err(TicketError::Unknown);
        }
        // Clocks may be set back over midnight.
        let age = i64::from(day(self.now())).saturating_sub(i64::from(ticket.day));
        if (-1..=1).contains(&age) { Ok((caller, scope)) } else { Err(TicketError::Expired) }
    }
}

fn day(now: Timestamp) -> u32 {
    u32::try_from(now.ms().div_euclid(DAY_MS)).unwrap_or(0)
}
