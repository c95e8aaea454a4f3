//! What people look after themselves: one page of sections, each with its forms.

pub(super) mod factor;
pub(super) mod keys;
pub(super) mod passkeys;
pub(super) mod providers;
mod recovery;
pub(super) mod sessions;

pub(super) use providers::MOST_LINKS;

use std::sync::Arc;

use mantlet_identity::directory::Caller;
use mantlet_types::Timestamp;

use super::failure::Failure;
use super::html::{self, Escaped};
use super::visit::Visit;
use super::{PROFILE, Page, SIGN_IN, SIGN_OUT};

/// What is told above the sections: HTML for what is shown once.
#[derive(Debug, Default)]
pub(super) struct Told {
    alert: Option<String>,
    notice: Option<&'static str>,
    /// Trusted HTML.
    secret: String,
}

impl Told {
    pub(super) fn alert(text: &str) -> Self {
        Self { alert: Some(text.to_owned()), ..Self::default() }
    }

    /// Something that is shown once, as trusted HTML.
    pub(super) fn secret(html: String) -> Self {
        Self { secret: html, ..Self::default() }
    }
}

/// The address of the page after something was done.
pub(super) fn done(what: &str) -> String {
    format!("{PROFILE}?done={what}")
}

fn notice_of(what: &str) -> Option<&'static str> {
    Some(match what {
        "password" => "Your password is changed. All your other sessions have ended.",
        "passkey" => "Your passkey is set up.",
        "passkey-removed" => "The passkey is removed.",
        "linked" => "Your account there is linked.",
        "unlinked" => "Your account there is no longer linked.",
        "totp-removed" => "Your second factor is removed.",
        "session" => "The session has ended.",
        "sessions" => "All your other sessions have ended.",
        "key" => "The key is revoked.",
        _ => return None,
    })
}

/// Whose page it is, and the id of their session; with a form that was made for it.
pub(super) fn owner<'a>(visit: &Visit<'a>) -> Result<(&'a Arc<Caller>, String), Failure> {
    visit.check_private()?;
    let (Some((caller, _)), Some(session)) = (visit.signed_in(), visit.session_text()) else {
        return Err(if visit.is_program() { Failure::Forbidden } else { Failure::Form });
    };
    visit.check_session()?;
    Ok((caller, session))
}

pub(super) async fn show(visit: &Visit<'_>) -> Result<Page, Failure> {
    if visit.is_program() {
        return Err(Failure::Forbidden);
    }
    if visit.signed_in().is_none() {
        return Ok(Page::to(&format!("{SIGN_IN}?next={PROFILE}")));
    }
    let notice = notice_of(visit.parameter("done"));
    render(visit, Told { notice, ..Told::default() }).await
}

/// The page, with what is told above it.
pub(super) async fn render(visit: &Visit<'_>, told: Told) -> Result<Page, Failure> {
    let (Some((caller, session)), Some(text)) = (visit.signed_in(), visit.session_text()) else {
        return Ok(Page::to(SIGN_IN));
    };
    let token = visit.token_field(&text)?;
    let roles = caller.standing.roles.join(", ");
    let roles = if roles.is_empty() { String::new() } else { format!(" · {}", Escaped(&roles)) };
    let main = format!(
        "<div class=\"head\"><div><h1>{user}</h1>\n<p class=\"soft\">{host}{roles}</p></div>\n\
         <form class=\"inline\" method=\"post\" action=\"{SIGN_OUT}\">{token}\
         <button class=\"plain\" type=\"submit\">Sign out</button></form></div>\n\
         {alert}{notice}{secret}{password}{passkeys}{factor}{providers}{sessions}{keys}",
        user = Escaped(caller.user.as_str()),
        host = Escaped(&visit.exchange.host),
        alert = html::alert(told.alert.as_deref()),
        notice = html::notice(told.notice),
        secret = told.secret,
        password = password_section(&token),
        passkeys = passkeys::section(visit, &caller.user, &token).await?,
        factor = factor::section(visit, &caller.user, &token).await?,
        providers = providers::section(visit, &caller.user, &token).await?,
        sessions = sessions::section(visit, &caller.user, session.handle, &token).await?,
        keys = keys::section(visit, caller, &token).await?,
    );
    Ok(Page::wide("Your account", &main))
}

fn password_section(token: &str) -> String {
    format!(
        "<section aria-labelledby=\"password\">\n<h2 id=\"password\">Password</h2>\n\
         <form method=\"post\" action=\"{PROFILE}/password\">\n{token}{current}{new}{again}\
         <button type=\"submit\">Change password</button>\n</form>\n</section>\n",
        current = html::password_field("current", "Present password", "current-password"),
        new = html::password_field("new", "New password", "new-password"),
        again = html::password_field("again", "New password once more", "new-password"),
    )
}

/// A moment for people.
fn shown(at: Timestamp) -> String {
    let text = at.to_string();
    let minute = text.get(..16).unwrap_or(&text).replace('T', " ");
    format!("{minute} UTC")
}
