//! The server over HTTP, on an engine that forgets.

#[cfg(test)]
mod again;
#[cfg(test)]
mod app;
#[cfg(test)]
mod authorization;
#[cfg(test)]
mod bulk;
#[cfg(test)]
mod conditions;
#[cfg(test)]
mod console;
#[cfg(test)]
mod cors;
#[cfg(test)]
mod degraded;
#[cfg(test)]
mod events;
#[cfg(test)]
mod every_body;
#[cfg(test)]
mod explain;
#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "tests hand over the JSON they have just made")]
mod limits;
#[cfg(test)]
mod manage;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod odd;
#[cfg(test)]
mod ofrep;
#[cfg(test)]
mod reader;
#[cfg(test)]
mod repeated;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod shares;
#[cfg(test)]
mod sockets;
#[cfg(test)]
mod stored;
#[cfg(test)]
mod stream;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod trials;
#[cfg(test)]
mod whole;
