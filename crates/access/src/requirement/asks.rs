//! What a requirement asks about, for whoever has to find it out.

use std::time::Duration;

use mantlet_types::DataClass;

use super::Requirement;

impl Requirement {
    /// The names of the facts that it asks about besides the class of a thing.
    #[must_use]
    pub fn facts(&self) -> Vec<&str> {
        match self {
            Self::Owner(fact) => vec![fact],
            Self::All(list) | Self::Any(list) => list.iter().flat_map(Self::facts).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it asks about the class of a thing, or about belonging to it.
    #[must_use]
    pub fn has_class(&self) -> bool {
        match self {
            Self::Class(_) => true,
            Self::All(list) | Self::Any(list) => list.iter().any(Self::has_class),
            _ => false,
        }
    }

    /// The actions that policies are asked about.
    #[must_use]
    pub fn actions(&self) -> Vec<&str> {
        match self {
            Self::Policy(action) => vec![action],
            Self::All(list) | Self::Any(list) => list.iter().flat_map(Self::actions).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it asks policies about anything.
    #[must_use]
    pub fn has_policy(&self) -> bool {
        match self {
            Self::Policy(_) => true,
            Self::All(list) | Self::Any(list) => list.iter().any(Self::has_policy),
            _ => false,
        }
    }

    /// Whether it asks for the class among the facts, and whether it names `class` itself.
    #[must_use]
    pub fn asks_for(&self, class: DataClass) -> (bool, bool) {
        match self {
            Self::Class(named) => (named.is_none(), *named == Some(class)),
            Self::All(list) | Self::Any(list) => list
                .iter()
                .map(|part| part.asks_for(class))
                .fold((false, false), |found, part| (found.0 || part.0, found.1 || part.1)),
            _ => (false, false),
        }
    }

    /// What it asks of the sign-in: the shortest time since, and whether it asks for a second factor.
    #[must_use]
    pub fn freshness(&self) -> (Option<Duration>, bool) {
        match self {
            Self::Within(window) => (Some(*window), false),
            Self::SecondFactor => (None, true),
            Self::All(list) | Self::Any(list) => {
                list.iter().map(Self::freshness).fold((None, false), |found, part| {
                    let window = match (found.0, part.0) {
                        (Some(one), Some(two)) => Some(one.min(two)),
                        (one, two) => one.or(two),
                    };
                    (window, found.1 || part.1)
                })
            }
            _ => (None, false),
        }
    }
}
