//! Where our own pages are.

/// The folder of our pages.
pub(crate) const ROOT: &str = "/.mantlet/";
/// Where people sign in.
pub(crate) const SIGN_IN: &str = "/.mantlet/sign-in";
/// Where they show their second factor.
pub(crate) const SECOND_FACTOR: &str = "/.mantlet/second-factor";
/// Where they show a passkey in place of a code.
pub(crate) const SECOND_FACTOR_PASSKEY: &str = "/.mantlet/second-factor/passkey";
/// Where they show a passkey in place of name and password.
pub(crate) const PASSKEY: &str = "/.mantlet/sign-in/passkey";
/// The script that asks browsers for passkeys.
pub(crate) const SCRIPT: &str = "/.mantlet/passkey.js";
/// Below it, where they leave for outside providers, and come back.
pub(crate) const PROVIDER: &str = "/.mantlet/provider/";
/// Where they ask for a link to set another password.
pub(crate) const RESET: &str = "/.mantlet/reset";
/// Where such links lead.
pub(crate) const SET_PASSWORD: &str = "/.mantlet/set-password";
/// Where they sign out.
pub(crate) const SIGN_OUT: &str = "/.mantlet/sign-out";
/// Where they look after their account.
pub(crate) const PROFILE: &str = "/.mantlet/profile";
/// The public keys of assertions and tokens.
pub(crate) const JWKS: &str = "/.mantlet/jwks.json";

/// Where programs get new tokens for refresh tokens.
pub(crate) const TOKEN: &str = "/.mantlet/token";
/// Where programs revoke tokens.
pub(crate) const REVOKE: &str = "/.mantlet/revoke";
/// What programs need to know of us, under the names of two standards.
pub(super) const DISCOVERY: [&str; 2] = [
    "/.mantlet/.well-known/openid-configuration",
    "/.mantlet/.well-known/oauth-authorization-server",
];

/// Whether a path is one of our pages.
pub(crate) fn is_page(path: &str) -> bool {
    let below = path.strip_prefix(PROFILE);
    let is_sign_in = matches!(path, SIGN_IN | PASSKEY | SECOND_FACTOR | SECOND_FACTOR_PASSKEY);
    is_sign_in
        || matches!(path, SIGN_OUT | RESET | SET_PASSWORD | SCRIPT | JWKS | TOKEN | REVOKE)
        || DISCOVERY.contains(&path)
        || path.starts_with(PROVIDER)
        || below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
