//! Settings of the cookies guard.

use mantlet_config::{Complaint, Scalar, Value, choice, section};

use crate::pipeline::{Fail, Mode};

choice! {
    /// What cookies get that say nothing about other sites.
    pub enum SameSite {
        /// `SameSite=Lax`: other sites get them sent only by links.
        Lax => "lax",
        /// `SameSite=Strict`: other sites do not get them sent at all.
        Strict => "strict",
        /// Nothing: browsers differ in what that means.
        Off => "off",
    }
}

section! {
    /// Hardens cookies. The lists name cookies, or with `*` at the end all whose names begin so.
    pub struct CookiesSection {
        /// What the guard may do.
        pub mode: Mode = Mode::Enforce,
        /// What happens when the guard fails.
        pub fail: Fail = Fail::Closed,
        /// What cookies get that say nothing about other sites.
        pub same_site: SameSite = SameSite::Lax,
        /// Cookies that the application's own scripts must read: they do not get `HttpOnly`. Those
        /// whose name contains `csrf` or `xsrf` never do.
        pub script_readable: Vec<CookieName> = Vec::new(),
        /// Cookies that other sites send along, as in embedded logins: they do not get `SameSite`.
        pub cross_site: Vec<CookieName> = Vec::new(),
        /// Cookies that must travel in clear too: they do not get `Secure`.
        pub dangerous_insecure: Vec<CookieName> = Vec::new(),
    }
}

/// A name of cookies, or the beginning of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CookieName {
    /// This one.
    Exact(String),
    /// Those that begin so.
    Prefix(String),
}

impl CookieName {
    /// Whether a cookie of this name is meant. Names are compared byte by byte, as browsers do.
    #[must_use]
    pub fn covers(&self, name: &[u8]) -> bool {
        match self {
            Self::Exact(known) => known.as_bytes() == name,
            Self::Prefix(beginning) => name.starts_with(beginning.as_bytes()),
        }
    }
}

impl Scalar for CookieName {
    const KIND: &'static str = "name of a cookie";
    const EXAMPLE: &'static str = "theme";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?;
        let (name, is_prefix) = match text.strip_suffix('*') {
            Some(beginning) => (beginning, true),
            None => (text, false),
        };
        let is_name =
            |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b';' | b'=' | b',' | b'*');
        if name.is_empty() || !name.bytes().all(is_name) {
            let shown: String = text.chars().take(80).collect();
            let message = format!("`{}` is not the name of a cookie", shown.escape_debug());
            return Err(Complaint::new(message, "write a name such as `theme`, or `ui_*`"));
        }
        let name = name.to_owned();
        Ok(if is_prefix { Self::Prefix(name) } else { Self::Exact(name) })
    }

    fn show(&self) -> Value {
        Value::String(match self {
            Self::Exact(name) => name.clone(),
            Self::Prefix(beginning) => format!("{beginning}*"),
        })
    }
}
