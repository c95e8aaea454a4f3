//! What is wrong with a configuration.

use std::fmt;

use crate::Place;

/// The most problems that are kept; a file that has more is told so.
pub(crate) const MAX_PROBLEMS: usize = 500;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The configuration cannot be used.
    Error,
    /// It can be used, and probably does not do what was meant.
    Warning,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where it lies.
    pub place: Place,
    /// How bad it is.
    pub level: Level,
    /// What is wrong: lower case, no full stop, input in backticks.
    pub message: String,
    /// What to do; `None` when there is nothing more to say.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        write!(f, "{}: {level}: {}", self.place, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Problems, sorted by place, none twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
    /// Whether an error was left out because the list was full.
    is_cut: bool,
}

impl Problems {
    /// Whether any of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.is_cut || self.list.iter().any(|problem| problem.level == Level::Error)
    }

    /// How many are warnings.
    #[must_use]
    pub fn warnings(&self) -> usize {
        self.list.iter().filter(|problem| problem.level == Level::Warning).count()
    }

    /// The problems in order of their places.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.list.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Keeps `problem` in its place, unless it is already there or the list is full.
    pub(crate) fn add(&mut self, problem: Problem) {
        let Err(at) = self.list.binary_search(&problem) else {
            return;
        };
        if self.list.len() < MAX_PROBLEMS {
            self.list.insert(at, problem);
        } else {
            self.is_cut |= problem.level == Level::Error;
        }
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.list {
            writeln!(f, "{problem}")?;
        }
        if self.is_cut {
            writeln!(f, "further problems are not shown")?;
        }
        Ok(())
    }
}
