//! What the application tells of a thing: whose it is, who belongs to it, how sensitive it is.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use mantlet_access::{CLASS_PREFIX, Membership};
use mantlet_types::DataClass;
use serde::Deserialize;

use crate::pipeline::Exchange;

/// The largest answer, in bytes.
pub(crate) const MAX_ANSWER: usize = 64 * 1024;

/// The application's answer, later: `None` for a thing that it does not know, a text for why there
/// is none.
pub(crate) type Answer<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Told>, String>> + Send + 'a>>;

/// Asks the application about what a request is about.
pub(crate) trait Asks: Debug + Send + Sync {
    /// Asks about the path of a request, before it reaches the application.
    fn ask<'a>(&'a self, exchange: &'a Exchange) -> Answer<'a>;
}

/// Whom to ask: a fact of exchanges where `[access.facts]` names somebody.
#[derive(Debug, Clone)]
pub(crate) struct Source(pub(crate) Arc<dyn Asks>);

/// What the application tells of a thing. What it leaves out counts against the request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Told {
    /// What approvals call it.
    resource: Option<String>,
    /// `public`, `internal`, `confidential` or `restricted`; anything else is restricted.
    class: Option<String>,
    /// Whose it is: they may change it.
    owner: Option<String>,
    /// Who may change it.
    writers: Vec<String>,
    /// Who may look at it.
    readers: Vec<String>,
    /// More values that `owner:` can name.
    facts: BTreeMap<String, String>,
}

impl Told {
    /// Reads an answer.
    ///
    /// # Errors
    /// A text, for the operator.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let failed =
            |why: &dyn std::fmt::Display| format!("the application's facts cannot be read: {why}");
        // A list would be read as the members in their order.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(failed(&"not an object"));
        }
        let told: Self = serde_json::from_slice(bytes).map_err(|error| failed(&error))?;
        if told.resource.as_ref().is_some_and(|name| name.starts_with(CLASS_PREFIX)) {
            return Err(format!("no thing is called `{CLASS_PREFIX}…`: that is for approvals"));
        }
        Ok(told)
    }

    /// How sensitive it is; `None` where that was not said.
    pub(crate) fn class(&self) -> Option<DataClass> {
        self.class.as_deref().map(DataClass::parse_or_restricted)
    }

    /// What approvals call it.
    pub(crate) fn resource(&self) -> Option<&str> {
        self.resource.as_deref()
    }

    /// What somebody may by belonging to it.
    pub(crate) fn membership(&self, user: &str) -> Membership {
        let is_in = |list: &[String]| list.iter().any(|name| name == user);
        if self.owner.as_deref() == Some(user) || is_in(&self.writers) {
            Membership::Write
        } else if is_in(&self.readers) {
            Membership::Read
        } else {
            Membership::None
        }
    }

    /// Values by name, the owner among them.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let owner = self.owner.as_deref().map(|owner| ("owner", owner));
        let others = self.facts.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        owner.into_iter().chain(others)
    }
}
