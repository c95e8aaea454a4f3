//! What the service API needs of the server that it is part of.

use std::fmt::{self, Debug};
use std::sync::Arc;

use mantlet_access::{Roles, SharedPolicies};
use mantlet_event::{Events, Metrics};
use mantlet_identity::directory::Directory;
use mantlet_schema::{Contract, Limits as JsonLimits, Options, Unknown};
use mantlet_types::{Clock, Rng};

use super::idempotency::Repeats;
use super::limits::Limits;
use super::{ApiSection, document};
use crate::control::Changes;
use crate::desk::PathRule;

/// How much a body may nest and hold.
pub(super) const JSON_LIMITS: JsonLimits = JsonLimits { depth: 16, values: 20_000 };

/// What paths ask for, by the configuration in force.
pub trait PathRules: Debug + Send + Sync {
    /// What a request of `method` for `host` and `path` asks for.
    ///
    /// # Errors
    /// What is wrong with the question, for people.
    fn rule_at(&self, host: &str, path: &str, method: &str) -> Result<PathRule, String>;
}

/// Who there is, once something has opened the store.
pub trait Directories: Debug + Send + Sync {
    /// The directory; `None` while there is none, when no credential can count.
    fn directory(&self) -> Option<Arc<Directory>>;
}

/// What the service API remembers from one configuration to the next.
#[derive(Debug)]
pub struct ApiMemory {
    pub(super) limits: Limits,
    pub(super) repeats: Arc<Repeats>,
    /// What the document asks of requests; a test sees that there always is one.
    pub(super) contract: Option<Contract>,
}

impl ApiMemory {
    /// Nothing yet.
    #[must_use]
    pub fn new(metrics: &Metrics, rng: &dyn Rng) -> Self {
        let repeats = Arc::new(Repeats::new(metrics.clone()));
        let options = Options {
            base: Some(String::new()),
            unknown_query: Unknown::Refuse,
            limits: JSON_LIMITS,
            ..Options::default()
        };
        let contract = Contract::from_openapi(&document::build(), &options).ok();
        Self { limits: Limits::new(metrics, rng), repeats, contract }
    }
}

/// What the service API needs.
pub struct ApiServices {
    /// Its settings.
    pub section: ApiSection,
    /// Who there is.
    pub directories: Arc<dyn Directories>,
    /// The table of roles in force.
    pub roles: Arc<Roles>,
    /// The policies in force; `None` where there are none.
    pub policies: Option<SharedPolicies>,
    /// What paths ask for.
    pub rules: Arc<dyn PathRules>,
    /// Who says whether anything may be changed at the moment.
    pub changes: Arc<dyn Changes>,
    /// Where acts are recorded.
    pub events: Events,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What is remembered from the configuration before.
    pub memory: Arc<ApiMemory>,
}

impl Debug for ApiServices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiServices").field("section", &self.section).finish_non_exhaustive()
    }
}
