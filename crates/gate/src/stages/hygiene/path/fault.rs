//! Why a path was refused, in words for the operator.

use std::fmt;

/// Longest piece of a path quoted in an error, in bytes before escaping.
const QUOTE_LIMIT: usize = 60;

/// Why a path has no normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PathFault {
    /// It does not start with a slash.
    NotAbsolute,
    /// It holds a byte that must be escaped in a path.
    IllegalByte,
    /// It holds a control byte, escaped or not.
    ControlByte,
    /// A percent sign is not followed by two hexadecimal digits.
    BadEscape,
    /// An escaped slash or a backslash.
    EncodedSlash,
    /// Escapes that are not UTF-8.
    InvalidUtf8,
    /// An escape within an escape.
    DoubleEncoding,
    /// A semicolon.
    PathParameter,
    /// Two slashes in a row.
    DuplicateSlash,
    /// `..` at the root.
    AboveRoot,
    /// A dot segment that some readers see behind an escaped slash or before a semicolon.
    HiddenTraversal,
}

impl PathFault {
    /// The code for logs and events: kebab-case, stable.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAbsolute => "not-absolute",
            Self::IllegalByte => "illegal-byte",
            Self::ControlByte => "control-byte",
            Self::BadEscape => "bad-escape",
            Self::EncodedSlash => "encoded-slash",
            Self::InvalidUtf8 => "invalid-utf8",
            Self::DoubleEncoding => "double-encoding",
            Self::PathParameter => "path-parameter",
            Self::DuplicateSlash => "duplicate-slash",
            Self::AboveRoot => "above-root",
            Self::HiddenTraversal => "hidden-traversal",
        }
    }

    const fn hint(self) -> &'static str {
        match self {
            Self::EncodedSlash => "let it pass with `encoded_slash` if the application needs it",
            Self::InvalidUtf8 => "let it pass with `invalid_utf8` if the application needs it",
            Self::DoubleEncoding => {
                "let it pass with `double_encoding` if the application needs it"
            }
            Self::PathParameter => "let it pass with `path_parameters` if the application needs it",
            Self::DuplicateSlash => "merge or keep them with `duplicate_slashes`",
            _ => "the client has to send another path",
        }
    }
}

/// A refused path: the rule, and where it was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathError {
    fault: PathFault,
    bytes: Box<str>,
}

impl PathError {
    pub(super) fn new(fault: PathFault, bytes: &[u8]) -> Self {
        let cut = bytes.get(..QUOTE_LIMIT).unwrap_or(bytes);
        Self { fault, bytes: cut.escape_ascii().to_string().into_boxed_str() }
    }

    /// The rule that was broken.
    #[must_use]
    pub const fn fault(&self) -> PathFault {
        self.fault
    }

    /// The code of that rule: kebab-case, stable.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.fault.code()
    }

    /// The path from the offending byte on, or the offending segment; escaped and cut.
    #[must_use]
    pub fn bytes(&self) -> &str {
        &self.bytes
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, bytes } = self;
        write!(f, "path refused ({}) at `{bytes}`: {}", fault.code(), fault.hint())
    }
}

impl std::error::Error for PathError {}
