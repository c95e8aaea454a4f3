//! Says in a Content-Security-Policy what a page may load and run.
//!
//! **Protects against** scripts that an attacker gets into a page (cross-site scripting), pages in
//! foreign frames (clickjacking), and forms and base addresses that lead elsewhere.
//!
//! **Looks at** the head of every answer; where a nonce is in use, at the text of every answer while
//! it streams, through gzip, deflate, br and zstd.
//!
//! **Verdicts**: with profile `compatible` the application's own policy is kept, and `object-src`,
//! `base-uri` and `frame-ancestors` are added where it has none. With profile `strict` exactly one
//! policy goes out, ours: nothing that is not named may load, no inline script runs without a nonce
//! or a hash. Refusals bring a policy of their own, which is stricter still.
//!
//! A page's **nonce** is fresh for each answer (144 random bits). The application gets it in
//! `nonce_header`, or writes `placeholder`, a secret text, where it belongs: in pages (`text/html`)
//! the gate puts the nonce in its place while they stream. A page with a nonce is `no-store`, has no
//! `ETag`, and is always fetched whole. In other text (JSON, scripts, event streams) and in headers
//! the placeholder is masked, for whoever learns it could bless a script: it never goes out. Parts
//! of a text (ranges) could hold a part of it, so they are refused; in WebSockets, in text that is
//! not ASCII-compatible (UTF-16) and in media such as PDF it is not looked for.
//!
//! With `report`, browsers say what a policy blocks or would block, and the hashes of the inline
//! scripts and styles that pages hold are noted; `mantlet csp suggest` turns both into settings.
//!
//! **Settings**: `mode`, `fail`, `profile`, nonces (`nonce`, `nonce_header`, `placeholder`,
//! `dangerous_stamp_all`), the policy's own (`…_src`, `…_hashes`, `form_action`, `frame_ancestors`,
//! `strict_dynamic`, `trusted_types`), `report`.
//!
//! **Example**
//! ```toml
//! [guards.csp]
//! profile = "strict"
//! placeholder = "env:CSP_PLACEHOLDER"
//! script_src = ["'self'", "https://cdn.example.org"]
//! ```

mod answer;
mod config;
mod floor;
mod media;
mod nonce;
mod page;
mod placeholder;
mod policy;
pub mod reports;
mod request;
mod source;
pub mod suggest;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::header::CONTENT_SECURITY_POLICY;
use mantlet_types::Rng;

pub use config::{CspSection, HeaderText};
pub use policy::REPORT_PATH;
pub use reports::{Reports, ReportsError};
pub use source::{InlineHash, Source, is_hash, is_source};

use self::page::Placeholder;
pub(super) use self::placeholder::check as check_placeholder;
use self::policy::Policy;
use super::Services;
use super::headers::Profile;
use crate::pipeline::{
    AnswerHead, AnswerVerdict, Edits, Exchange, Guard, GuardError, HeaderEdit, HeldAnswer,
    Inspection, Scheme, Stages,
};

#[derive(Debug)]
struct Csp {
    is_strict: bool,
    http: Policy,
    https: Policy,
    /// For answers without a nonce, where nothing of the application's is to be kept.
    plain: Edits,
    nonces: Option<Nonces>,
    /// Where violations go; `None` where nobody asks for them.
    reports: Option<Arc<Reports>>,
}

/// How nonces get into pages.
#[derive(Debug)]
struct Nonces {
    rng: Arc<dyn Rng>,
    header: HeaderText,
    placeholder: Option<Placeholder>,
    stamps_all: bool,
}

pub(super) fn build(section: &CspSection, services: &Services) -> Arc<dyn Guard> {
    let http = Policy::strict(section, Scheme::Http);
    let is_strict = section.profile == Some(Profile::Strict);
    let value = if is_strict { http.plain() } else { floor::VALUE };
    let placeholder = section.placeholder.as_ref();
    let placeholder =
        placeholder.map(|reference| placeholder::load(reference, services)).transpose();
    // Whoever builds has asked for the secret before, and stopped without it.
    let Ok(placeholder) = placeholder else { return Arc::new(placeholder::Missing) };
    Arc::new(Csp {
        is_strict,
        http,
        https: Policy::strict(section, Scheme::Https),
        plain: Edits::from(vec![HeaderEdit::Set(CONTENT_SECURITY_POLICY, value)]),
        nonces: section.has_nonces().then(|| Nonces {
            rng: Arc::clone(&services.rng),
            header: section.nonce_header.clone(),
            placeholder,
            stamps_all: section.dangerous_stamp_all,
        }),
        reports: section.report.then(|| Arc::clone(&services.reports)),
    })
}

impl Guard for Csp {
    fn stages(&self) -> Stages {
        Stages { request: self.nonces.is_some(), answer: true, ..Stages::default() }
    }

    fn inspect<'a>(&'a self, exchange: &'a Exchange) -> Inspection<'a> {
        match &self.nonces {
            Some(nonces) => Inspection::ready(nonces.offer(&exchange.headers)),
            None => Inspection::ready(crate::pipeline::Verdict::Pass),
        }
    }

    fn inspect_answer(
        &self,
        exchange: &Exchange,
        head: &AnswerHead<'_>,
        _held: Option<HeldAnswer<'_>>,
    ) -> Result<AnswerVerdict, GuardError> {
        self.answer(exchange, head)
    }
}
