//! The order of the guards. Reading order is execution order, for requests and for answers alike.

use std::sync::Arc;

use mantlet_event::catalogue;

use super::{
    GuardCache, GuardsSection, Services, access, blocklist, cookies, cors, csp, csrf, errors,
    headers, identity, json, limit, quota, schema, waf,
};
use crate::pipeline::{Fail, Guard, Mode, PlannedGuard, Spec};

/// One line of the table: what never changes about a guard, and how it is built.
#[derive(Debug)]
pub struct Slot {
    /// Name and refusal event.
    pub spec: Spec,
    build: fn(&GuardsSection, &Services) -> Arc<dyn Guard>,
    settings: fn(&GuardsSection) -> (Mode, Fail, String),
}

impl Slot {
    /// The guard under its settings; `None` when it is off.
    pub(super) fn plan(
        &'static self,
        section: &GuardsSection,
        services: &Services,
        cache: &mut GuardCache,
        before: Option<&GuardCache>,
    ) -> Option<PlannedGuard> {
        let (mode, fail, key) = (self.settings)(section);
        if mode == Mode::Off {
            return None;
        }
        let build = || (self.build)(section, services);
        // The same setting may name another secret by now.
        let secrets = services.fingerprint(section.secrets_of(self.spec.name));
        let guard = cache.guard((self.spec.name, key + &secrets), before, build);
        PlannedGuard::new(&self.spec, Arc::clone(guard), mode, fail)
    }
}

macro_rules! order {
    ($($name:ident, refused by $refused:ident $(, $always:ident closed)?;)*) => {
        /// Every guard, in the order in which they are asked.
        pub static ORDER: &[Slot] = &[$(
            Slot {
                spec: Spec { name: stringify!($name), refused: &catalogue::$refused },
                build: |section, services| $name::build(&section.$name, services),
                settings: |section| {
                    let settings = &section.$name;
                    // What guards share is decided by what they are built from, not by their mode.
                    let mut shared = settings.clone();
                    shared.mode = Mode::Enforce;
                    let fail = order!(fail of shared $(, $always closed)?);
                    (settings.mode, fail, format!("{shared:?}"))
                },
            },
        )*];
    };
    // The fail mode of a section, which what is shared does not depend on either.
    (fail of $shared:ident) => { std::mem::replace(&mut $shared.fail, Fail::Closed) };
    (fail of $shared:ident, always closed) => { Fail::Closed };
}

order! {
    // The cheapest refusal first: who is blocked costs nothing more.
    blocklist, refused by BLOCKLIST_REQUEST_REFUSED;
    // Before anything that costs: a flood is stopped here.
    limit, refused by LIMIT_REQUEST_REFUSED;
    // Preflights carry no credentials and are answered here, before anyone is asked to sign in.
    cors, refused by CORS_REQUEST_REFUSED;
    // After cors, whose listed origins it lets through.
    csrf, refused by CSRF_REQUEST_REFUSED, always closed;
    // After csrf: a forged request is refused whoever it would be.
    identity, refused by IDENTITY_REQUEST_REFUSED, always closed;
    // Counts by who asks, so after who that is.
    quota, refused by QUOTA_REQUEST_REFUSED;
    access, refused by ACCESS_REQUEST_REFUSED, always closed;
    // Looks at bodies, so after everything that can refuse without reading one.
    json, refused by JSON_BODY_REFUSED;
    // What it has typed, the waf need not look at.
    schema, refused by SCHEMA_REQUEST_REFUSED;
    // The most costly look at a request comes last.
    waf, refused by WAF_REQUEST_REFUSED;
    // Answers: what must not go out is replaced before the rest is dressed.
    errors, refused by ERRORS_ANSWER_REPLACED;
    // Changes pages, so after whatever wants to see them as they are.
    csp, refused by CSP_ANSWER_WITHHELD;
    cookies, refused by GATEWAY_REQUEST_REFUSED;
    // The last word on headers is ours.
    headers, refused by GATEWAY_REQUEST_REFUSED;
}
