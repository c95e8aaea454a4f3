//! An emitted event as the sinks see it.

use std::sync::OnceLock;

use crate::Event;

/// An emitted event, shared by all sinks: stamped, without secrets, and rendered at most once.
#[derive(Debug)]
pub struct Record {
    event: Event,
    line: OnceLock<String>,
}

impl Record {
    /// INVARIANT: `event` has been sealed, or is made of constants only.
    pub(crate) const fn new(event: Event) -> Self {
        Self { event, line: OnceLock::new() }
    }

    /// The event.
    #[must_use]
    pub const fn event(&self) -> &Event {
        &self.event
    }

    /// The event as one line of JSON without the line break.
    #[must_use]
    pub fn line(&self) -> &str {
        self.line.get_or_init(|| self.event.to_json())
    }

    /// About how many bytes the record takes in memory once it is rendered.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>() + 2 * self.event.weight()
    }
}
