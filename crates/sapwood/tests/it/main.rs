//! The program as people and scripts run it: real processes, real sockets, real files.

mod demo;
mod program;
mod serve;
