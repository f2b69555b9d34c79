//! The engine as HTTP and the simulator use it, on a manual clock, seeded randomness and stores that fail on demand.

#[cfg(test)]
mod ask;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod expose;
#[cfg(test)]
mod faulty;
#[cfg(test)]
mod flags;
#[cfg(test)]
mod history;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod overrides;
#[cfg(test)]
mod regression;
#[cfg(test)]
mod report;
#[cfg(test)]
mod settle;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod submit;
#[cfg(test)]
mod view;
#[cfg(test)]
mod world;
