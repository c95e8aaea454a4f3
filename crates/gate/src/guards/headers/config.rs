//! Settings of the headers guard.

use std::time::Duration;

use http::HeaderValue;
use mantlet_config::{Complaint, Reader, Scalar, Value, choice, section};

use crate::pipeline::{Fail, Mode};

/// What the lists of preloaded hosts ask for (hstspreload.org): one year.
const PRELOAD_AGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

choice! {
    /// Which set of security headers goes out.
    pub enum Profile {
        /// What practically every application can live with.
        Compatible => "compatible",
        /// What a browser can be told at most, for applications that know of it.
        Strict => "strict",
    }
}

choice! {
    /// How much of a page's address other sites learn.
    pub enum ReferrerPolicy {
        /// Nothing. Browsers then also hide the origin of forms, which guards against foreign
        /// requests need.
        NoReferrer => "no-referrer",
        /// Other sites nothing.
        SameOrigin => "same-origin",
        /// The origin only.
        StrictOrigin => "strict-origin",
        /// Other sites the origin only.
        StrictOriginWhenCrossOrigin => "strict-origin-when-cross-origin",
    }
}

choice! {
    /// Whether a page may load what does not agree to it.
    pub enum EmbedderPolicy {
        /// It may.
        Off => "off",
        /// Without cookies it may.
        Credentialless => "credentialless",
        /// It may not.
        RequireCorp => "require-corp",
    }
}

section! {
    /// Sets security headers on every answer, refusals included.
    pub struct HeadersSection {
        /// What the guard may do.
        pub mode: Mode = Mode::Enforce,
        /// What happens when the guard fails.
        pub fail: Fail = Fail::Closed,
        /// The set of headers.
        pub profile: Profile = Profile::Compatible,
        /// For how long browsers use https alone (`Strict-Transport-Security`); sent over https,
        /// for public host names. `0s` tells them to forget.
        pub hsts_max_age: Duration = Duration::from_secs(730 * 24 * 60 * 60),
        /// Whether that holds for every host below this one too. Without it: only with profile
        /// `strict`.
        pub hsts_subdomains: Option<bool> = None,
        /// Whether browsers may ship with it: hard to take back. Needs `hsts_subdomains` and
        /// `hsts_max_age` of a year.
        pub hsts_preload: bool = false,
        /// How much of a page's address other sites learn (`Referrer-Policy`). Without it:
        /// `strict-origin-when-cross-origin` where the application says nothing, with profile
        /// `strict` always `same-origin`.
        pub referrer_policy: Option<ReferrerPolicy> = None,
        /// Which abilities of the browser pages have (`Permissions-Policy`). Without it: with
        /// profile `strict` none of camera, microphone, location, payment, USB and their like.
        pub permissions_policy: Option<FieldText> = None,
        /// Whether pages may load what does not agree to it (`Cross-Origin-Embedder-Policy`), with
        /// profile `strict`.
        pub embedder_policy: EmbedderPolicy = EmbedderPolicy::Off,
    }
}

impl HeadersSection {
    /// Whether hosts below this one are meant too.
    pub(super) fn includes_subdomains(&self) -> bool {
        self.hsts_subdomains.unwrap_or(self.profile == Profile::Strict)
    }

    /// Finds what the types cannot say; `key` is where this section stands.
    pub fn check(&self, key: &str, reader: &mut Reader<'_>) {
        let key = format!("{key}.hsts_preload");
        if self.hsts_preload && !self.includes_subdomains() {
            let message = "hosts are preloaded with all hosts below them";
            reader.error(&key, message, "set `hsts_subdomains = true`");
        }
        if self.hsts_preload && self.hsts_max_age < PRELOAD_AGE {
            let message = "hosts are preloaded for a year at least";
            reader.error(&key, message, "set `hsts_max_age = \"365d\"` or more");
        }
    }
}

/// The value of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldText(pub HeaderValue);

impl Scalar for FieldText {
    const KIND: &'static str = "value of a header";
    const EXAMPLE: &'static str = "camera=(), geolocation=(self)";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?;
        let is_visible = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        let field = HeaderValue::from_str(text).ok().filter(|_| is_visible && !text.is_empty());
        field.map(Self).ok_or_else(|| {
            let shown: String = text.chars().take(80).collect();
            let message = format!("`{}` is not the value of a header", shown.escape_debug());
            Complaint::new(message, format!("write for example `{}`", Self::EXAMPLE))
        })
    }

    fn show(&self) -> Value {
        Value::String(self.0.to_str().unwrap_or_default().to_owned())
    }
}
