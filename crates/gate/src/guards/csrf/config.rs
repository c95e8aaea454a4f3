//! Settings of the csrf guard.

use mantlet_config::{Complaint, Reader, Scalar, Value, WebOrigin, choice, section};

use crate::guards::origin_risk;
use crate::pipeline::Mode;

choice! {
    /// What becomes of requests from pages of the same site but another origin.
    pub enum SameSite {
        /// They are refused unless their origin is trusted: a neighbour may be someone else's, or
        /// taken over.
        Refuse => "refuse",
        /// They go on.
        Allow => "allow",
    }
}

section! {
    /// Refuses what pages of other sites make a user's browser do. It always fails closed.
    pub struct CsrfSection {
        /// `enforce`, as with every guard; the other modes are written as `dangerous_mode`.
        pub enforced as "mode": Enforced = Enforced,
        /// What the guard may do, where that is not to enforce; `off` on single routes only.
        pub mode as "dangerous_mode": Mode = Mode::Enforce,
        /// Why it is not enforced; to be written wherever `dangerous_mode` is.
        pub why: String = String::new(),
        /// Further origins whose pages may change things here: scheme, host and port, exactly. Those
        /// that `[guards.cors]` lists with `credentials` are trusted already.
        pub trusted_origins: Vec<WebOrigin> = Vec::new(),
        /// What becomes of requests from pages of the same site but another origin, such as
        /// `https://blog.example.org` asking `https://app.example.org`.
        pub same_site: SameSite = SameSite::Refuse,
    }
}

impl CsrfSection {
    /// Finds what the types cannot say; `guards` is the key of the table around this one.
    pub fn check(&self, guards: &str, reader: &mut Reader<'_>) {
        let key = format!("{guards}.csrf");
        for origin in &self.trusted_origins {
            origin_risk::warn(&format!("{key}.trusted_origins"), origin, reader);
        }
        if self.mode == Mode::Enforce {
            return;
        }
        self.check_contradiction(&format!("{key}.mode"), reader);
        let mode = format!("{key}.dangerous_mode");
        if self.mode == Mode::Off && guards == "guards" {
            let hint =
                "switch it off for the routes that need it: [[routes]] with [routes.guards.csrf]";
            reader.error(&mode, "the guard cannot be off for everything", hint);
        }
        if self.why.trim().is_empty() {
            let message = format!("`{}` needs a reason", self.mode.as_str());
            reader.error(&mode, message, "say why, for whoever reads this next: why = \"…\"");
        }
    }

    /// Who writes `mode` counts on the guard, whatever a place further out says.
    fn check_contradiction(&self, key: &str, reader: &mut Reader<'_>) {
        if reader.is_set(key) {
            let message =
                format!("`enforce`, and yet `dangerous_mode` is `{}`", self.mode.as_str());
            let hint = "leave one of them out; to enforce where a route inherits another mode, write dangerous_mode = \"enforce\"";
            reader.error(key, message, hint);
        }
    }
}

/// The one mode that needs no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enforced;

impl Scalar for Enforced {
    const KIND: &'static str = "`enforce`";
    const EXAMPLE: &'static str = "enforce";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?;
        if text == Self::EXAMPLE {
            return Ok(Self);
        }
        let shown: String = text.chars().take(40).collect();
        let message = format!("`{}` is not `enforce`", shown.escape_debug());
        Err(Complaint::new(message, "other modes are `dangerous_mode`, with `why`"))
    }

    fn show(&self) -> Value {
        Value::String(Self::EXAMPLE.to_owned())
    }
}
