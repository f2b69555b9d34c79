//! What was asked for on the command line.

use std::path::PathBuf;

use crate::failure::Failure;

const USAGE: &str = "\
options: --only single,bulk,big,streams   parts to measure (all)
         --seconds N                      seconds of load a round (4)
         --rounds N                       rounds, of which the median counts (3)
         --connections N                  connections that ask at once (64)
         --streams N                      streaming clients (1000)
         --changes N                      changes told to the streams (20)
         --flags N                        flags of the big environment (10000)
         --bulk N,N                       flags asked for all at once (1,100,500)
         --sapwood PATH                   the program to measure
         --scratch PATH                   a folder for data and scripts";

/// Part of the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// One flag at a time.
    Single,
    /// All flags at once, and 304.
    Bulk,
    /// Memory, start and republish with many flags.
    Big,
    /// A change on its way to streaming clients.
    Streams,
}

/// Everything that can be set.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) parts: Vec<Part>,
    pub(crate) seconds: u32,
    pub(crate) rounds: usize,
    pub(crate) connections: u32,
    pub(crate) streams: usize,
    pub(crate) changes: usize,
    pub(crate) flags: usize,
    pub(crate) bulk: Vec<usize>,
    pub(crate) sapwood: PathBuf,
    pub(crate) scratch: PathBuf,
}

impl Options {
    pub(crate) fn read(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self {
            parts: vec![Part::Single, Part::Bulk, Part::Big, Part::Streams],
            seconds: 4,
            rounds: 3,
            connections: 64,
            streams: 1000,
            changes: 20,
            flags: 10_000,
            bulk: vec![1, 100, 500],
            sapwood: PathBuf::from("target/release/sapwood"),
            scratch: PathBuf::from("target/bench-http-data"),
        };
        let mut words = arguments.iter();
        while let Some(option) = words.next() {
            let value = words.next().ok_or_else(|| usage(&format!("`{option}` needs a value")))?;
            match option.as_str() {
                "--only" => options.parts = value.split(',').map(part).collect::<Result<_, _>>()?,
                "--seconds" => options.seconds = number(option, value)?,
                "--rounds" => options.rounds = number(option, value)?,
                "--connections" => options.connections = number(option, value)?,
                "--streams" => options.streams = number(option, value)?,
                "--changes" => options.changes = number(option, value)?,
                "--flags" => options.flags = number(option, value)?,
                "--bulk" => {
                    let sizes = value.split(',').map(|size| number(option, size));
                    options.bulk = sizes.collect::<Result<_, _>>()?;
                }
                "--sapwood" => options.sapwood = PathBuf::from(value),
                "--scratch" => options.scratch = PathBuf::from(value),
                _ => return Err(usage(&format!("there is no option `{option}`"))),
            }
        }
        std::fs::create_dir_all(&options.scratch)
            .map_err(Failure::while_doing(format!("creating {}", options.scratch.display())))?;
        Ok(options)
    }
}

fn part(word: &str) -> Result<Part, Failure> {
    match word {
        "single" => Ok(Part::Single),
        "bulk" => Ok(Part::Bulk),
        "big" => Ok(Part::Big),
        "streams" => Ok(Part::Streams),
        _ => Err(usage(&format!("there is no part `{word}`"))),
    }
}

fn number<T: std::str::FromStr + PartialOrd + From<u8>>(option: &str, value: &str) -> Result<T, Failure> {
    let number = value.parse().ok().filter(|number| *number >= T::from(1));
    number.ok_or_else(|| usage(&format!("`{option}` takes a whole number from 1, not `{value}`")))
}

fn usage(what: &str) -> Failure {
    Failure(format!("{what}\n{USAGE}"))
}
