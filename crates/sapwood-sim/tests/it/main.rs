//! The simulated world against itself: scenarios read as written, both drivers tell the same story, bars hold.

#[cfg(test)]
mod bars;
#[cfg(test)]
mod drivers;
#[cfg(test)]
mod scenarios;
