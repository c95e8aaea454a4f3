//! Every set of changes there can be, made when the configuration is loaded: an answer costs a
//! reference count.

use http::header::{
    CACHE_CONTROL, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use super::config::{EmbedderPolicy, HeadersSection, Profile, ReferrerPolicy};
use super::telltales::is_telltale;
use super::{Caching, Reached};
use crate::pipeline::{Edits, HeaderEdit};

const CROSS_DOMAIN: HeaderName = HeaderName::from_static("x-permitted-cross-domain-policies");
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const EMBEDDER: HeaderName = HeaderName::from_static("cross-origin-embedder-policy");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// What a plain page needs none of; every browser that knows the header knows these.
const NO_ABILITIES: &str = "accelerometer=(), camera=(), display-capture=(), \
     encrypted-media=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), \
     local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), \
     publickey-credentials-create=(self), publickey-credentials-get=(self), \
     screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()";

/// The changes for every way of being reached and every word about caching.
#[derive(Debug)]
pub(super) struct Prepared([[Edits; 3]; 3]);

impl Prepared {
    pub(super) fn new(section: &HeadersSection) -> Self {
        let reached = [Reached::Plain, Reached::Private, Reached::Public];
        let caching = [Caching::Said, Caching::Versioned, Caching::Unsaid];
        Self(reached.map(|reached| caching.map(|caching| edits(section, reached, caching))))
    }

    pub(super) fn edits(&self, reached: Reached, caching: Caching) -> Edits {
        let [plain, private, public] = &self.0;
        let [said, versioned, unsaid] = match reached {
            Reached::Plain => plain,
            Reached::Private => private,
            Reached::Public => public,
        };
        match caching {
            Caching::Said => said.clone(),
            Caching::Versioned => versioned.clone(),
            Caching::Unsaid => unsaid.clone(),
        }
    }
}

fn edits(section: &HeadersSection, reached: Reached, caching: Caching) -> Edits {
    let fixed = HeaderValue::from_static;
    let mut edits = vec![
        HeaderEdit::RemoveListed(is_telltale),
        HeaderEdit::Set(X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        HeaderEdit::Set(CROSS_DOMAIN, fixed("none")),
    ];
    match section.profile {
        Profile::Compatible => compatible(section, reached, &mut edits),
        Profile::Strict => strict(section, reached, &mut edits),
    }
    if let Some(permissions) = &section.permissions_policy {
        edits.push(HeaderEdit::Set(PERMISSIONS, permissions.0.clone()));
    }
    match caching {
        Caching::Said => {}
        Caching::Versioned => edits.push(HeaderEdit::Set(CACHE_CONTROL, fixed("no-cache"))),
        Caching::Unsaid => edits.push(HeaderEdit::Set(CACHE_CONTROL, fixed("no-store"))),
    }
    Edits::from(edits)
}

fn compatible(section: &HeadersSection, reached: Reached, edits: &mut Vec<HeaderEdit>) {
    let fixed = HeaderValue::from_static;
    edits.push(HeaderEdit::SetUnlessOne(X_FRAME_OPTIONS, fixed("SAMEORIGIN")));
    edits.push(match section.referrer_policy {
        Some(policy) => HeaderEdit::Set(REFERRER_POLICY, fixed(policy.as_str())),
        None => {
            let usual = ReferrerPolicy::StrictOriginWhenCrossOrigin;
            HeaderEdit::SetUnlessOne(REFERRER_POLICY, fixed(usual.as_str()))
        }
    });
    if reached != Reached::Plain {
        // Browsers heed it on secure origins only and complain elsewhere.
        edits.push(HeaderEdit::SetUnlessOne(OPENER, fixed("same-origin-allow-popups")));
    }
    edits.push(match reached {
        Reached::Public => HeaderEdit::SetUnlessOne(STRICT_TRANSPORT_SECURITY, hsts(section)),
        Reached::Plain | Reached::Private => HeaderEdit::Remove(STRICT_TRANSPORT_SECURITY),
    });
}

fn strict(section: &HeadersSection, reached: Reached, edits: &mut Vec<HeaderEdit>) {
    let fixed = HeaderValue::from_static;
    let referrer = section.referrer_policy.unwrap_or(ReferrerPolicy::SameOrigin);
    edits.push(HeaderEdit::Set(X_FRAME_OPTIONS, fixed("DENY")));
    edits.push(HeaderEdit::Set(REFERRER_POLICY, fixed(referrer.as_str())));
    edits.push(HeaderEdit::Set(RESOURCE, fixed("same-origin")));
    if section.permissions_policy.is_none() {
        edits.push(HeaderEdit::Set(PERMISSIONS, fixed(NO_ABILITIES)));
    }
    if reached == Reached::Plain {
        // Heeded on secure origins only.
        edits.extend([OPENER, EMBEDDER].map(HeaderEdit::Remove));
    } else {
        edits.push(HeaderEdit::Set(OPENER, fixed("same-origin")));
        edits.push(match section.embedder_policy {
            EmbedderPolicy::Off => HeaderEdit::Remove(EMBEDDER),
            policy => HeaderEdit::Set(EMBEDDER, fixed(policy.as_str())),
        });
    }
    edits.push(match reached {
        Reached::Public => HeaderEdit::Set(STRICT_TRANSPORT_SECURITY, hsts(section)),
        Reached::Plain | Reached::Private => HeaderEdit::Remove(STRICT_TRANSPORT_SECURITY),
    });
}

fn hsts(section: &HeadersSection) -> HeaderValue {
    let mut text = format!("max-age={}", section.hsts_max_age.as_secs());
    if section.includes_subdomains() {
        text.push_str("; includeSubDomains");
    }
    if section.hsts_preload {
        text.push_str("; preload");
    }
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("max-age=63072000"))
}
