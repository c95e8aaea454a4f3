//! Settings of the csp guard.

use http::HeaderName;
use mantlet_config::{Complaint, Reader, Scalar, SecretRef, Value, section};

use super::source::{InlineHash, Source};
use crate::guards::headers::Profile;
use crate::pipeline::{Fail, Mode};

section! {
    /// Says in a Content-Security-Policy what a page may load and run.
    pub struct CspSection {
        /// What the guard may do.
        pub mode: Mode = Mode::Enforce,
        /// What happens when the guard fails.
        pub fail: Fail = Fail::Closed,
        /// Which policy goes out. Without it: that of `guards.headers.profile`.
        pub profile: Option<Profile> = None,
        /// Whether pages of profile `strict` get a nonce: a fresh one for each answer, offered to
        /// the application in `nonce_header`. Such pages are `no-store` and lose `ETag`. Without
        /// nonces, pages stay cacheable and inline scripts run by their hashes alone.
        pub nonce: bool = true,
        /// The request header in which the application gets the nonce of its page. What a client
        /// sends under this name, in any spelling, is removed where nonces are given; under
        /// `X-CSP-Nonce` it is always.
        pub nonce_header: HeaderText = HeaderText(HeaderName::from_static("x-csp-nonce")),
        /// A secret text that the application writes where a nonce belongs, as in
        /// `<script nonce="…">`: at least 32 letters, digits, `-` and `_`. In pages it is replaced by the nonce while they
        /// stream, in other text it is masked. Anyone who learns it could bless a script, so
        /// generate it, and keep it between application and gate.
        pub placeholder: Option<SecretRef> = None,
        /// Writes the nonce into every script and style tag of every page, injected ones included:
        /// this takes away what a nonce is for. A stopgap for applications that cannot be changed.
        pub dangerous_stamp_all: bool = false,
        /// Whether scripts that have a nonce or a hash may load further ones (`'strict-dynamic'`);
        /// hosts in `script_src` then no longer count.
        pub strict_dynamic: bool = false,
        /// Whether browsers refuse to turn plain text into scripts (`require-trusted-types-for`).
        pub trusted_types: bool = false,
        /// What directives that are not named may load.
        pub default_src: Vec<Source> = vec![Source::known("'none'")],
        /// Where scripts may come from, besides nonces and hashes.
        pub script_src: Vec<Source> = vec![Source::known("'self'")],
        /// Where styles may come from, besides nonces and hashes.
        pub style_src: Vec<Source> = vec![Source::known("'self'")],
        /// Where images may come from.
        pub img_src: Vec<Source> = vec![Source::known("'self'")],
        /// Where fonts may come from.
        pub font_src: Vec<Source> = vec![Source::known("'self'")],
        /// Where scripts may connect to.
        pub connect_src: Vec<Source> = vec![Source::known("'self'")],
        /// Where audio and video may come from.
        pub media_src: Vec<Source> = vec![Source::known("'self'")],
        /// Where the web application's manifest may come from.
        pub manifest_src: Vec<Source> = vec![Source::known("'self'")],
        /// Where workers may come from.
        pub worker_src: Vec<Source> = vec![Source::known("'self'")],
        /// What may be shown in frames. Empty: what `default_src` says.
        pub frame_src: Vec<Source> = Vec::new(),
        /// Where forms may be sent.
        pub form_action: Vec<Source> = vec![Source::known("'self'")],
        /// Who may show the application in a frame.
        pub frame_ancestors: Vec<Source> = vec![Source::known("'none'")],
        /// Hashes of the inline scripts that may run: `mantlet csp suggest` lists them.
        pub script_hashes: Vec<InlineHash> = Vec::new(),
        /// Hashes of the inline styles that may apply.
        pub style_hashes: Vec<InlineHash> = Vec::new(),
        /// Whether browsers report violations to `/.mantlet/csp-report`, for `mantlet csp suggest`.
        /// With profile `compatible` the strict policy then goes out as Report-Only: it blocks
        /// nothing, and the reports say what it would have blocked.
        pub report: bool = false,
    }
}

impl CspSection {
    /// Every directive that takes sources, by its name in a policy, in the order of a policy.
    pub(super) fn directives(&self) -> [(&'static str, &[Source]); 12] {
        [
            ("default-src", &self.default_src),
            ("script-src", &self.script_src),
            ("style-src", &self.style_src),
            ("img-src", &self.img_src),
            ("font-src", &self.font_src),
            ("connect-src", &self.connect_src),
            ("media-src", &self.media_src),
            ("manifest-src", &self.manifest_src),
            ("worker-src", &self.worker_src),
            ("frame-src", &self.frame_src),
            ("form-action", &self.form_action),
            ("frame-ancestors", &self.frame_ancestors),
        ]
    }

    /// What a directive may load, by the key of its setting, as in `script_src`; `None` for a
    /// directive that has no setting.
    #[must_use]
    pub fn sources(&self, key: &str) -> Option<&[Source]> {
        let mut directives = self.directives().into_iter();
        directives.find(|(name, _)| name.replace('-', "_") == key).map(|(_, sources)| sources)
    }

    /// Whether each request gets a nonce.
    pub(super) fn has_nonces(&self) -> bool {
        let is_strict = self.profile == Some(Profile::Strict);
        (is_strict && self.nonce) || self.placeholder.is_some() || self.dangerous_stamp_all
    }

    /// Finds what the types cannot say; `key` is where this section stands.
    pub fn check(&self, key: &str, reader: &mut Reader<'_>) {
        for (directive, sources) in self.directives() {
            let key = format!("{key}.{}", directive.replace('-', "_"));
            check_sources(&key, directive, sources, reader);
        }
        let hashes = !self.script_hashes.is_empty();
        if self.strict_dynamic && !self.has_nonces() && !hashes {
            let hint = "switch `nonce` on, or list `script_hashes`";
            reader.error(
                &format!("{key}.strict_dynamic"),
                "no script would run: none has a nonce or a hash",
                hint,
            );
        }
        if self.dangerous_stamp_all {
            let hint = "write the nonce where the application writes its own scripts instead";
            let message = "scripts that an attacker gets into a page run as well";
            reader.warn(&format!("{key}.dangerous_stamp_all"), message, hint);
        }
    }
}

fn check_sources(key: &str, directive: &str, sources: &[Source], reader: &mut Reader<'_>) {
    let has = |word: &str| sources.iter().any(|source| source.as_str() == word);
    if has("'none'") && sources.len() > 1 {
        reader.error(key, "`'none'` stands alone", "leave it out, or leave out the others");
    }
    if directive == "default-src" || directive == "script-src" {
        if has("'unsafe-inline'") || has("data:") {
            let message = "any script that gets into a page would run";
            let hint = "use `placeholder`, `nonce_header` or `script_hashes` instead";
            reader.error(key, message, hint);
        }
        if sources.iter().any(Source::is_broad) {
            let hint = "name the hosts";
            reader.error(key, "scripts of any host would run", hint);
        }
        if has("'unsafe-eval'") {
            let hint = "leave it out if the application works without `eval`";
            reader.warn(key, "text may be turned into scripts", hint);
        }
    }
}

/// The name of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderText(pub HeaderName);

impl Scalar for HeaderText {
    const KIND: &'static str = "name of a header";
    const EXAMPLE: &'static str = "X-CSP-Nonce";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?;
        let name = HeaderName::from_bytes(text.as_bytes()).ok();
        // A name with a meaning of its own would take the request apart.
        let name = name.filter(|name| name.as_str().starts_with("x-"));
        name.map(Self).ok_or_else(|| {
            let shown: String = text.chars().take(80).collect();
            let message = format!("`{}` is not a name for this header", shown.escape_debug());
            Complaint::new(message, "write a name that begins with `X-`, as in `X-CSP-Nonce`")
        })
    }

    fn show(&self) -> Value {
        Value::String(self.0.as_str().to_owned())
    }
}
