//! Which page answers what.

use http::Method;

use super::failure::Failure;
use super::visit::Visit;
use super::{
    PASSKEY, PROFILE, PROVIDER, Page, RESET, SECOND_FACTOR, SECOND_FACTOR_PASSKEY, SET_PASSWORD,
    SIGN_IN, SIGN_OUT, passkey, password, profile, provider, reset, second_factor, set_password,
    sign_in, sign_out,
};

/// One line for each page and form.
pub(super) async fn dispatch(
    visit: &Visit<'_>,
    method: &Method,
    path: &str,
) -> Result<Page, Failure> {
    match (method.as_str(), path) {
        ("GET", SIGN_IN) => sign_in::show(visit),
        ("POST", SIGN_IN) => sign_in::take(visit).await,
        ("GET", SECOND_FACTOR) => second_factor::show(visit).await,
        ("POST", SECOND_FACTOR) => second_factor::take(visit).await,
        ("POST", PASSKEY) => passkey::take(visit).await,
        ("POST", SECOND_FACTOR_PASSKEY) => second_factor::take_passkey(visit).await,
        ("GET", RESET) => reset::show(visit),
        ("POST", RESET) => reset::take(visit),
        ("GET", SET_PASSWORD) => set_password::show(visit).await,
        ("POST", SET_PASSWORD) => set_password::take(visit).await,
        ("GET", SIGN_OUT) => sign_out::show(visit),
        ("POST", SIGN_OUT) => sign_out::take(visit).await,
        ("GET", PROFILE) => profile::show(visit).await,
        ("POST", path) if path.starts_with(PROFILE) => own_account(visit, path).await,
        ("GET", path) if path.starts_with(PROVIDER) => provider::show(visit, path).await,
        ("GET" | "POST", _) => Err(Failure::NotHere),
        _ => Err(Failure::Method),
    }
}

/// One line for each form with which somebody looks after their own account.
async fn own_account(visit: &Visit<'_>, path: &str) -> Result<Page, Failure> {
    match path.strip_prefix("/.mantlet/profile/").unwrap_or_default() {
        "password" => password::take(visit).await,
        "totp" => profile::factor::begin(visit).await,
        "totp/confirm" => profile::factor::confirm(visit).await,
        "totp/remove" => profile::factor::remove(visit).await,
        "passkeys" => profile::passkeys::begin(visit).await,
        "passkeys/confirm" => profile::passkeys::confirm(visit).await,
        "passkeys/rename" => profile::passkeys::rename(visit).await,
        "passkeys/remove" => profile::passkeys::remove(visit).await,
        "providers/link" => profile::providers::begin(visit).await,
        "providers/unlink" => profile::providers::unlink(visit).await,
        "sessions/end" => profile::sessions::end(visit).await,
        "keys/issue" => profile::keys::issue(visit).await,
        "keys/revoke" => profile::keys::revoke(visit).await,
        _ => Err(Failure::NotHere),
    }
}
