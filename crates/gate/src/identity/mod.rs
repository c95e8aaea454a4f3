//! Who asks, and what a path asks for: what the guards `identity`, `access` and `quota`, the pages
//! under `/.mantlet/` and the way of a request share.
//!
//! | wanted | see |
//! |---|---|
//! | settings | [`IdentitySection`], [`AccessSection`], [`RequireSetting`] |
//! | what a path asks for, and what it tells | [`Rule`] and [`Thing`], a fact that the route states |
//! | who asks | [`Identified`], a fact that the guard `identity` states |
//! | what the application is told of them | [`Vouch`] |

mod access;
mod cedar;
mod certificates;
mod config;
pub(crate) mod cookies;
mod facts;
mod issuers;
mod passkeys;
mod passwords;
mod presets;
mod providers;
mod require;
mod thing;
mod told;
mod vouch;

pub use access::{AccessSection, Asked, FactsSection};
pub use cedar::CedarSection;
pub use certificates::CertificateSection;
pub(crate) use certificates::{check_names as check_certificate_names, shown as shown_certificate};
pub use config::{
    AssertionSection, IdentitySection, KeysSection, LegacySection, LockoutSection, SessionsSection,
    TokensSection,
};
pub use facts::{Identified, Rule};
pub(crate) use facts::{Lapsed, principal_of};
pub(crate) use issuers::check_names as check_issuer_names;
pub use issuers::{ClaimRole, ClaimScope, IssuerSection, KeyAlgorithm, Users};
pub(crate) use passkeys::NoSite;
pub use passkeys::PasskeysSection;
pub use passwords::{CharacterKind, PasswordsSection};
pub use presets::HeaderPreset;
pub use providers::{GroupRole, ProviderSection, SecondFactorOf};
pub(crate) use providers::{Provider, ProviderError, Return};
pub use require::RequireSetting;
pub use thing::{NamedValue, Thing, ThingName};
pub(crate) use told::{Answer as ToldAnswer, Asks, MAX_ANSWER, Source, Told};
pub use vouch::Vouch;

use std::sync::{Arc, OnceLock};

use mantlet_identity::directory::Directory;

/// The directory of one process, once something asks for it: a configuration that asks nobody to
/// sign in opens none.
#[derive(Debug, Clone, Default)]
pub struct Identities(Arc<OnceLock<Arc<Directory>>>);

impl Identities {
    /// The directory; `None` while nothing has asked for it.
    #[must_use]
    pub fn directory(&self) -> Option<&Arc<Directory>> {
        self.0.get()
    }

    /// Sets it; the first one stays.
    pub fn set(&self, directory: Arc<Directory>) -> &Arc<Directory> {
        self.0.get_or_init(|| directory)
    }
}
