//! Signing out: a form, so that no link and no picture of another site signs anybody out.

use http::{HeaderName, HeaderValue};
use mantlet_event::catalogue;

use super::failure::Failure;
use super::html::Escaped;
use super::visit::Visit;
use super::{Page, SIGN_IN, SIGN_OUT};
use crate::identity::cookies::Held;

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// What the application left in the browser. Not `cookies`: that would reach the cookies of
/// neighbouring hosts, and the proof that this device is known.
const CLEARED: HeaderValue = HeaderValue::from_static("\"cache\", \"storage\"");

pub(super) fn show(visit: &Visit<'_>) -> Result<Page, Failure> {
    let (Some((caller, _)), Some(session)) = (visit.signed_in(), visit.session_text()) else {
        return Ok(Page::to(SIGN_IN));
    };
    let main = format!(
        "<h1>Sign out</h1>\n<p>You are signed in as <strong>{user}</strong>.</p>\n\
         <form method=\"post\" action=\"{SIGN_OUT}\">\n{token}\
         <button type=\"submit\" autofocus>Sign out</button>\n</form>\n\
         <p><a href=\"/\">Stay signed in</a></p>\n",
        user = Escaped(caller.user.as_str()),
        token = visit.token_field(&session)?,
    );
    Ok(Page::narrow("Sign out", &main))
}

pub(super) async fn take(visit: &Visit<'_>) -> Result<Page, Failure> {
    if let (Some((caller, _)), Some(session)) = (visit.signed_in(), visit.session_text()) {
        visit.check_session()?;
        visit.directory.sessions.sign_out(&session).await?;
        visit.tell_why(&catalogue::IDENTITY_SESSION_ENDED, caller.user.as_str(), "signed out");
    }
    Ok(Page::to(&format!("{SIGN_IN}?out=1"))
        .cookie(visit.cookies.clear_session())
        .cookie(visit.cookies.clear(Held::Pending))
        .with(CLEAR_SITE_DATA, CLEARED))
}
