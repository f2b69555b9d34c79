//! The program as people and scripts run it: real processes, real sockets, real files.

#![cfg(test)]

mod crash;
mod demo;
mod exits;
mod explain;
mod faults;
mod files;
mod generated;
mod kill;
mod log;
mod plan;
mod program;
mod serve;
mod server;
mod stats;
mod strace;
