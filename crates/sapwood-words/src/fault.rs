//! What is wrong with something that was written, and where.

/// Something cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, as a JSON pointer; empty for all of it.
    pub path: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Whether it is a number or a text that the grammar allows and that has no value.
    pub is_of_the_value: bool,
}

impl Fault {
    /// This is wrong there.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), is_of_the_value: false }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

impl std::error::Error for Fault {}
