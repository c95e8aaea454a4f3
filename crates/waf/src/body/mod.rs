//! Bodies of requests: what they are made of.

pub(crate) mod json;
pub(crate) mod multipart;
mod processor;
pub(crate) mod xml;

pub(crate) use processor::Processor;

/// How much of a structure is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimits {
    /// Deepest nesting.
    pub(crate) depth: usize,
    /// Most values.
    pub(crate) values: usize,
    /// Most files.
    pub(crate) files: usize,
}
