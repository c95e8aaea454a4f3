//! The answer, and why.

use std::fmt;

use crate::Grant;

/// Whether a request may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Allowed,
    /// Nobody is signed in: whoever asks may try again with an identity.
    SignInFirst,
    /// Whoever asks may, once they have proved anew who they are.
    SignInAgain,
    /// Whoever asks is known, and may not.
    Forbidden,
}

impl Decision {
    /// The HTTP status of a refusal (RFC 9110, sections 15.5.2 and 15.5.4, RFC 9470); `None` when there is
    /// none.
    #[must_use]
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::Allowed => None,
            Self::SignInFirst | Self::SignInAgain => Some(401),
            Self::Forbidden => Some(403),
        }
    }

    /// Whether the request may go on.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed)
    }
}

/// Why a decision came out as it did: for the operator, never for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// Who asked; `None` when nobody was signed in.
    pub principal: Option<String>,
    /// What was asked for, part by part, in the order of the text; what stands in brackets is one
    /// step deeper.
    pub steps: Vec<Step>,
}

/// One part of what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// How deep it stands.
    pub depth: usize,
    /// The part as text.
    pub asked: String,
    /// Whether it was met, and by what.
    pub met: Met,
}

/// Whether a part was met, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Met {
    /// By these roles.
    Granted(Vec<Grant>),
    /// By something else, which the text names.
    By(String),
    /// It was not; the text says what was missing.
    Missing(String),
}

impl Met {
    /// Whether it was met.
    #[must_use]
    pub const fn is_met(&self) -> bool {
        !matches!(self, Self::Missing(_))
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = self.principal.as_deref().unwrap_or("nobody signed in");
        writeln!(f, "{who}: {:?}", self.decision)?;
        for step in &self.steps {
            let indent = "  ".repeat(step.depth.saturating_add(1));
            write!(f, "{indent}{}: ", step.asked)?;
            match &step.met {
                Met::Granted(grants) => {
                    let grants = grants.iter().map(|grant| match &grant.through {
                        Some(through) => format!("`{}` through `{through}`", grant.role),
                        None => format!("`{}`", grant.role),
                    });
                    writeln!(f, "given by {}", grants.collect::<Vec<_>>().join(", "))?;
                }
                Met::By(what) => writeln!(f, "{what}")?,
                Met::Missing(what) => writeln!(f, "missing: {what}")?,
            }
        }
        Ok(())
    }
}
