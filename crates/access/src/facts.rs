//! What a request is about.

use mantlet_types::{DataClass, Timestamp};

use crate::Consulted;

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Action {
    /// It looks.
    Read,
    /// It changes something; what is not known does.
    #[default]
    Write,
}

/// What somebody may with the thing by belonging to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Membership {
    /// They do not belong to it.
    #[default]
    None,
    /// They may look.
    Read,
    /// They may change it.
    Write,
}

/// What a request is about: from its path and from the application, never from what the client says
/// about itself. What is missing counts against the request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// Values by name: parameters of the path, and what the application told.
    pub values: &'a [(&'a str, &'a str)],
    /// The name of the thing, for approvals.
    pub resource: Option<&'a str>,
    /// How sensitive it is; `None` counts as restricted.
    pub class: Option<DataClass>,
    /// Whether the principal belongs to it.
    pub membership: Membership,
    /// What is to be done with it.
    pub action: Action,
    /// Approvals that may concern it.
    pub approvals: &'a [Approval],
    /// When who asks last proved who they are, by themselves and not by something they left with a
    /// program; `None` when that is not known.
    pub authenticated: Option<Timestamp>,
    /// Whether they showed a second factor then.
    pub has_second_factor: bool,
    /// Whom requirements ask that name an action; `None` where there are no policies, and then
    /// nobody meets them.
    pub consulted: Option<Consulted<'a>>,
}

impl Facts<'_> {
    /// The value of this name; `None` when it is not known, or twice with different values.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let mut found = self.values.iter().filter(|(own, _)| *own == name).map(|(_, value)| *value);
        let value = found.next()?;
        found.all(|other| other == value).then_some(value)
    }

    /// The class of the thing.
    #[must_use]
    pub fn class(&self) -> DataClass {
        self.class.unwrap_or_default()
    }
}

/// What the resource of an approval begins with that is for everything of a class:
/// `class:restricted`. Nothing else is called so.
pub const CLASS_PREFIX: &str = "class:";

/// That somebody may use a restricted thing for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who may.
    pub principal: String,
    /// What: the name of a thing, or `class:` and the name of a class for everything of it.
    pub resource: String,
    /// The most that they may do.
    pub action: Action,
    /// Who approved it: somebody else.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Until when; there is none for ever.
    pub until: Timestamp,
}

impl Approval {
    /// Whether it lets `principal` do that with the thing now.
    #[must_use]
    pub fn covers(&self, principal: &str, facts: &Facts<'_>, now: Timestamp) -> bool {
        self.principal == principal
            && self.by != self.principal
            && self.is_about(facts)
            && facts.action <= self.action
            && self.at <= now
            && now < self.until
    }

    fn is_about(&self, facts: &Facts<'_>) -> bool {
        match self.resource.strip_prefix(CLASS_PREFIX) {
            Some(class) => facts.class().as_str() == class,
            None => facts.resource == Some(self.resource.as_str()),
        }
    }
}
