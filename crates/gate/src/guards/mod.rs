//! The guards, one folder each, and the one table of their order.

pub mod access;
pub mod blocklist;
mod cache;
pub mod cookies;
pub mod cors;
pub mod csp;
pub mod csrf;
mod dangerous;
pub mod errors;
mod field_name;
pub mod headers;
pub mod identity;
pub mod json;
pub mod limit;
mod order;
pub(crate) mod origin_risk;
pub mod quota;
mod rule_file;
pub mod schema;
mod services;
pub mod waf;

use std::time::Duration;

use mantlet_config::{Reader, SecretError, SecretRef, section};

pub use cache::GuardCache;
pub use dangerous::Enforced;
pub use field_name::FieldName;
pub use order::{ORDER, Slot};
pub use rule_file::RuleFile;
pub(crate) use services::GUARD_POLICIES;
pub use services::Services;

use crate::pipeline::{Mode, PlannedGuard};

section! {
    /// What each guard does, unless a route says otherwise.
    pub struct GuardsSection {
        /// How long one guard may take over one request before its fail mode decides.
        pub budget: Duration = Duration::from_secs(2),
        /// How many counts of limits are remembered at a time, about 60 bytes each. When there are
        /// more, those go first that are the least used up.
        pub counters: u32 = 1_000_000,
        /// Refuses blocked networks.
        pub blocklist: blocklist::BlocklistSection = blocklist::BlocklistSection::default(),
        /// Limits the rate of requests.
        pub limit: limit::LimitSection = limit::LimitSection::default(),
        /// Says which pages of other origins may read answers.
        pub cors: cors::CorsSection = cors::CorsSection::default(),
        /// Refuses what pages of other sites make a user's browser do.
        pub csrf: csrf::CsrfSection = csrf::CsrfSection::default(),
        /// Establishes who asks, where some path asks for an identity.
        pub identity: identity::IdentityGuardSection = identity::IdentityGuardSection::default(),
        /// Limits the rate of requests of each user.
        pub quota: quota::QuotaSection = quota::QuotaSection::default(),
        /// Lets through who may, where some path asks for an identity.
        pub access: access::AccessGuardSection = access::AccessGuardSection::default(),
        /// Bounds the nesting of JSON bodies.
        pub json: json::JsonSection = json::JsonSection::default(),
        /// Refuses what the application's own documents do not allow: OpenAPI, or JSON Schema.
        pub schema: schema::SchemaSection = schema::SchemaSection::default(),
        /// Refuses attacks: what would be code where the application expects a value.
        pub waf: waf::WafSection = waf::WafSection::default(),
        /// Withholds error answers that show the application's inside.
        pub errors: errors::ErrorsSection = errors::ErrorsSection::default(),
        /// Says what pages may load and run.
        pub csp: csp::CspSection = csp::CspSection::default(),
        /// Hardens cookies.
        pub cookies: cookies::CookiesSection = cookies::CookiesSection::default(),
        /// Sets security headers.
        pub headers: headers::HeadersSection = headers::HeadersSection::default(),
    }
}

impl GuardsSection {
    /// These settings, with what one guard takes from another where it says nothing itself.
    #[must_use]
    pub fn settled(&self) -> Self {
        let mut settled = self.clone();
        settled.csp.profile.get_or_insert(settled.headers.profile);
        settled
    }

    /// Finds what the types of the settings cannot say; `key` is where this section stands.
    pub(crate) fn check(&self, key: &str, reader: &mut Reader<'_>) {
        let settled = self.settled();
        settled.headers.check(&format!("{key}.headers"), reader);
        settled.csp.check(&format!("{key}.csp"), reader);
        settled.waf.check(&format!("{key}.waf"), reader);
    }

    /// Without the guards that tell users apart: nothing asks for that.
    pub(crate) fn without_users(&mut self) {
        for mode in [&mut self.identity.mode, &mut self.quota.mode, &mut self.access.mode] {
            *mode = Mode::Off;
        }
    }

    /// Whether every secret that these settings name can be used.
    ///
    /// # Errors
    /// What is wrong with one of them; never the secret.
    pub fn check_secrets(&self, services: &Services) -> Result<(), SecretError> {
        self.secrets().try_for_each(|reference| csp::check_placeholder(reference, services))
    }

    /// The documents of schemas that these settings name.
    pub(crate) fn documents(&self) -> impl Iterator<Item = RuleFile> {
        let is_on = self.schema.mode != Mode::Off;
        self.schema.files().filter(move |_| is_on).map(|file| file.source().clone())
    }

    /// The secrets that these settings name.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &SecretRef> {
        self.csp.placeholder.iter().filter(|_| self.csp.mode != Mode::Off)
    }

    /// The secrets that the guard of this name is built from.
    fn secrets_of(&self, guard: &str) -> impl Iterator<Item = &SecretRef> {
        self.secrets().filter(move |_| guard == "csp")
    }
}

/// The guard called `name` under its settings; `None` when it is off.
pub(crate) fn build_one(
    name: &str,
    section: &GuardsSection,
    services: &Services,
    cache: &mut GuardCache,
) -> Option<PlannedGuard> {
    let slot = ORDER.iter().find(|slot| slot.spec.name == name)?;
    slot.plan(&section.settled(), services, cache, None)
}

/// Builds every guard that is not off, in order; `before` are the guards of the configuration
/// before this one.
#[must_use]
pub fn build(
    section: &GuardsSection,
    services: &Services,
    cache: &mut GuardCache,
    before: Option<&GuardCache>,
) -> Vec<PlannedGuard> {
    let section = &section.settled();
    ORDER.iter().filter_map(|slot| slot.plan(section, services, cache, before)).collect()
}
