//! The cookie that carries a session's id.

use std::time::Duration;

use super::SessionToken;

/// How the cookie of a session is written and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionCookie {
    /// Whether clients come over TLS. Without it the cookie cannot have `Secure`, nor the name that
    /// stands for it: a browser would drop it.
    pub is_secure: bool,
    /// Whether it is sent only with requests that begin on our own pages: for administration.
    pub is_strict: bool,
}

impl SessionCookie {
    /// Its name: with `__Host-` it holds for this host alone and cannot be set from a neighbouring
    /// one or over plain HTTP (RFC 6265bis).
    #[must_use]
    pub const fn name(self) -> &'static str {
        if self.is_secure { "__Host-mantlet-session" } else { "mantlet-session" }
    }

    /// The value of `Set-Cookie` for a session that ends in `lifetime`.
    #[must_use]
    pub fn set(self, token: &SessionToken, lifetime: Duration) -> String {
        self.render(token.expose(), lifetime.as_secs())
    }

    /// The value of `Set-Cookie` that removes it.
    #[must_use]
    pub fn clear(self) -> String {
        self.render("", 0)
    }

    /// What a `Cookie` header says the id is; `None` when it does not, or says it twice: one of the
    /// two may be planted.
    #[must_use]
    pub fn find(self, header: &str) -> Option<&str> {
        let mut found = header.split(';').filter_map(|pair| {
            let (name, value) = pair.trim_matches([' ', '\t']).split_once('=')?;
            (name == self.name()).then_some(value)
        });
        let value = found.next()?;
        found.next().is_none().then_some(value)
    }

    fn render(self, value: &str, seconds: u64) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let site = if self.is_strict { "Strict" } else { "Lax" };
        let name = self.name();
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={site}{secure}")
    }
}
