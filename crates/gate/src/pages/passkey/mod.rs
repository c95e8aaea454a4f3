//! Signing in with a passkey: alone, or after the password.
//!
//! The one script of our pages asks the browser for the passkey; what the browser says comes back in
//! the fields of an ordinary form. Pages with the script name it in their policy by a number used
//! once.

mod ask;
mod told;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Response, StatusCode};
use mantlet_event::catalogue;
use mantlet_identity::UserId;
use mantlet_identity::passkey::{Passkey, PasskeyError, Purpose, Wanted};

pub(super) use ask::{creation, second_factor, sign_in};
pub(super) use told::{attestation, client_data};

use super::failure::Failure;
use super::sign_in::in_words;
use super::visit::{Proof, Visit};
use super::{Page, sign_in as page};
use crate::pipeline::Origin;
use crate::upstream::AnswerBody;

/// The script.
const SCRIPT: &str = include_str!("passkey.js");

/// One text for every passkey that does not count, whosever it is.
const WRONG: &str = "This passkey does not fit.";

/// The script, which says nothing about anybody.
pub(super) fn script(method: &Method) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::empty());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(SCRIPT.len()));
    if *method != Method::HEAD {
        *response.body_mut() = AnswerBody::full(Bytes::from_static(SCRIPT.as_bytes()));
    }
    response.extensions_mut().insert(Origin::Gate);
    response
}

/// Takes a passkey in place of name and password.
pub(super) async fn take(visit: &Visit<'_>) -> Result<Page, Failure> {
    visit.check_private()?;
    let holder = visit.check_visit()?;
    let address = visit.exchange.client.address;
    let lockout = &visit.directory.lockout;
    let busy = |error: mantlet_limit::CountersError| Failure::Unavailable(error.to_string());
    if let Some(wait) = lockout.source(address).await.map_err(busy)? {
        visit.tell(&catalogue::IDENTITY_SIGNIN_DELAYED, "");
        return delayed(visit, wait.as_secs().saturating_add(1));
    }
    match check(visit, Purpose::SignIn, &holder).await? {
        Ok(user) => visit.begin_session(&user, Proof::Passkey).await,
        Err(error) => {
            lockout.source_failed(address).await.map_err(busy)?;
            visit.tell_why(&catalogue::IDENTITY_SIGNIN_FAILED, "", reason(&error));
            let shown = page::render(visit, "", Some(WRONG), None)?;
            let challenge = HeaderValue::from_static("Bearer realm=\"mantlet\"");
            Ok(shown.status(StatusCode::UNAUTHORIZED).with(WWW_AUTHENTICATE, challenge))
        }
    }
}

fn delayed(visit: &Visit<'_>, seconds: u64) -> Result<Page, Failure> {
    let text = format!("Too many attempts. Try again in {}.", in_words(seconds));
    let shown = page::render(visit, "", Some(&text), None)?;
    let shown = shown.status(StatusCode::TOO_MANY_REQUESTS);
    Ok(shown.with(RETRY_AFTER, HeaderValue::from(seconds)))
}

/// Whose passkey the form shows, where it counts and their account is open.
pub(super) async fn check(
    visit: &Visit<'_>,
    purpose: Purpose<'_>,
    holder: &str,
) -> Result<Result<UserId, PasskeyError>, Failure> {
    let Ok(site) = visit.site() else { return Ok(Err(PasskeyError::Site)) };
    let wanted = Wanted { purpose, holder, site: &site };
    let Some(said) = told::Use::read(&visit.form) else {
        return Ok(Err(PasskeyError::Malformed("form")));
    };
    let checked = visit.directory.passkeys.check(said.shown(), wanted).await;
    match checked {
        Ok(passkey) => open_account(visit, passkey).await,
        Err(error) if error.is_failure() => Err(Failure::Unavailable(error.to_string())),
        Err(error) => {
            if error == PasskeyError::Counter {
                let entry = &catalogue::IDENTITY_PASSKEY_DOUBTED;
                visit.tell(entry, &told::owner_of(visit, &said).await?);
            }
            Ok(Err(error))
        }
    }
}

/// The owner of a passkey, whose account is open at this moment.
async fn open_account(
    visit: &Visit<'_>,
    passkey: Passkey,
) -> Result<Result<UserId, PasskeyError>, Failure> {
    let now = visit.directory.clock.now();
    let is_open = visit.directory.accounts.note_signin(&passkey.user, now).await?;
    Ok(if is_open { Ok(passkey.user) } else { Err(PasskeyError::Unknown) })
}

/// Why a passkey does not count, for the log.
pub(super) const fn reason(error: &PasskeyError) -> &'static str {
    match error {
        PasskeyError::Malformed(_) => "the passkey's answer cannot be read",
        PasskeyError::Challenge => "the passkey answers a challenge of somebody else or an old one",
        PasskeyError::Replayed => "the passkey's challenge was answered before",
        PasskeyError::Origin => "the passkey was asked for by a page of another origin",
        PasskeyError::Site => "the passkey is for another host",
        PasskeyError::Unverified => "the passkey's authenticator did not make sure who used it",
        PasskeyError::Key => "the passkey's key is of a kind that is not taken",
        PasskeyError::Unknown => "there is no such passkey, or its account is closed",
        PasskeyError::Signature => "the passkey's signature is wrong",
        PasskeyError::Counter => "the passkey's counter went back",
        PasskeyError::Busy | PasskeyError::Store(_) => "passkeys cannot be looked at",
    }
}
