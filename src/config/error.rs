//! What is wrong with a configuration, all of it at once.

use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// The key's path (`permissions.doctypes.Customer.read`), the environment's variable, or `line 3, column 7`; empty for
    /// the file as a whole.
    pub place: String,
    /// The rule that is broken, and what would be right.
    pub message: String,
    /// The lines of the file where the key stands; none where it is missing, or not of a file.
    pub lines: Vec<usize>,
}

impl ConfigError {
    pub(super) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into(), lines: Vec::new() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lines.as_slice() {
            [] => {}
            [line] => write!(f, "line {line}: ")?,
            [first, rest @ ..] => {
                write!(f, "lines {first}")?;
                rest.iter().try_for_each(|line| write!(f, ", {line}"))?;
                write!(f, ": ")?;
            }
        }
        match self.place.as_str() {
            "" => f.write_str(&self.message),
            place => write!(f, "{place}: {}", self.message),
        }
    }
}

/// Everything that is wrong with a configuration; never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigErrors {
    /// The file, where there is one.
    pub file: Option<PathBuf>,
    /// In the order of the file; what is missing comes last.
    pub errors: Vec<ConfigError>,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "the configuration {} cannot be used:", file.display())?,
            None => write!(f, "the configuration from the environment cannot be used:")?,
        }
        self.errors.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

impl std::error::Error for ConfigErrors {}
