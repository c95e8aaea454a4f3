//! Names under which other proxies tell who asks, for applications that were written for them.

use http::HeaderName;

mantlet_config::choice! {
    /// The headers of another proxy.
    pub enum HeaderPreset {
        /// `Remote-User` and `Remote-Groups`, as Authelia and many others.
        RemoteUser => "remote-user",
        /// `X-Auth-Request-User`, `-Preferred-Username` and `-Groups`, as oauth2-proxy.
        AuthRequest => "x-auth-request",
        /// `X-Pomerium-Claim-Sub` and `-Groups`.
        Pomerium => "pomerium",
        /// `Cf-Access-Authenticated-User-Email`, as Cloudflare Access.
        Cloudflare => "cloudflare",
        /// `X-Goog-Authenticated-User-Email` and `-Id`, as Google's Identity-Aware Proxy.
        Iap => "google-iap",
    }
}

/// What stands before names where Google says who vouches for them.
const GOOGLE: &str = "accounts.google.com:";

/// A header that carries a name, and what stands before it.
pub(super) type Told = (HeaderName, &'static str);

impl HeaderPreset {
    /// The headers that carry the name of the user.
    pub(super) fn users(self) -> impl Iterator<Item = Told> {
        let (names, prefix): (&[&'static str], _) = match self {
            Self::RemoteUser => (&["remote-user"], ""),
            Self::AuthRequest => {
                (&["x-auth-request-user", "x-auth-request-preferred-username"], "")
            }
            Self::Pomerium => (&["x-pomerium-claim-sub"], ""),
            Self::Cloudflare => (&["cf-access-authenticated-user-email"], ""),
            Self::Iap => {
                (&["x-goog-authenticated-user-email", "x-goog-authenticated-user-id"], GOOGLE)
            }
        };
        names.iter().map(move |name| (HeaderName::from_static(name), prefix))
    }

    /// The headers that carry the names of their roles.
    pub(super) fn roles(self) -> impl Iterator<Item = HeaderName> {
        let name = match self {
            Self::RemoteUser => Some("remote-groups"),
            Self::AuthRequest => Some("x-auth-request-groups"),
            Self::Pomerium => Some("x-pomerium-claim-groups"),
            Self::Cloudflare | Self::Iap => None,
        };
        name.into_iter().map(HeaderName::from_static)
    }
}
