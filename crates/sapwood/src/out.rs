//! What the program prints: sentences for people, or one JSON object a line for programs.

use std::io::{IsTerminal as _, Write as _};

use serde_json::Value;

/// Standard output in one of two voices.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Out {
    json: bool,
}

impl Out {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a person may be watching: a terminal, and not JSON.
    pub(crate) fn is_live(self) -> bool {
        !self.json && std::io::stdout().is_terminal()
    }

    /// Says one happening: `text` to people, `json` to programs. A reader who hung up ends the program.
    pub(crate) fn say(self, text: &str, json: &Value) -> std::io::Result<()> {
        let mut stdout = std::io::stdout().lock();
        if self.json {
            writeln!(stdout, "{json}")?;
        } else if !text.is_empty() {
            writeln!(stdout, "{text}")?;
        }
        stdout.flush()
    }

    /// Says something only people need.
    pub(crate) fn say_to_people(self, text: &str) -> std::io::Result<()> {
        if self.json { Ok(()) } else { self.say(text, &Value::Null) }
    }

    /// Draws over the last `lines` lines; only when [`Out::is_live`].
    pub(crate) fn redraw(lines: usize, text: &str) -> std::io::Result<()> {
        let mut stdout = std::io::stdout().lock();
        if lines > 0 {
            write!(stdout, "\x1b[{lines}A\x1b[J")?;
        }
        writeln!(stdout, "{text}")?;
        stdout.flush()
    }
}
