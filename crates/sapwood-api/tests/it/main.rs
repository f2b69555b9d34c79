//! The wire shapes, frozen: what is written today is what was written in `fixtures/api/v1`, byte by byte.

#[cfg(test)]
mod document;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod problems;
#[cfg(test)]
mod shapes;
