//! Passkeys: adding, naming and removing them.

use http::StatusCode;
use mantlet_crypto::{from_base64url, to_base64url};
use mantlet_event::catalogue;
use mantlet_identity::UserId;
use mantlet_identity::passkey::{Created, Passkey, PasskeyError, PasskeyId, PasskeyLabel};
use mantlet_identity::store::StoreError;
use mantlet_types::Timestamp;

use super::{PROFILE, Told, done, owner, recovery, render, shown};
use crate::pages::failure::Failure;
use crate::pages::html::{self, Escaped};
use crate::pages::passkey::{attestation, client_data, creation, reason};
use crate::pages::visit::Visit;
use crate::pages::{Page, SIGN_IN};

pub(super) async fn section(
    visit: &Visit<'_>,
    user: &UserId,
    token: &str,
) -> Result<String, Failure> {
    let own = visit.directory.passkeys.list(user).await?;
    let rows: String = own.iter().map(|passkey| row(passkey, token)).collect();
    let rows = if rows.is_empty() { rows } else { format!("<ul class=\"rows\">\n{rows}</ul>\n") };
    let add = match visit.site() {
        Ok(_) => format!(
            "<form method=\"post\" action=\"{PROFILE}/passkeys\">\n{token}\
             <label for=\"passkey-label\">Name of a new passkey</label>\n\
             <input id=\"passkey-label\" name=\"label\" type=\"text\" required maxlength=\"64\" \
             placeholder=\"My telephone\">\n<button type=\"submit\">Add a passkey</button>\n</form>\n"
        ),
        Err(why) => format!("<p class=\"soft\">{why}</p>\n"),
    };
    Ok(format!(
        "<section aria-labelledby=\"passkeys\">\n<h2 id=\"passkeys\">Passkeys</h2>\n\
         <p class=\"soft\">Sign in with your finger, your face or a security key in place of the \
         password; beside the password they are your second factor.</p>\n{rows}{add}</section>\n"
    ))
}

fn row(passkey: &Passkey, token: &str) -> String {
    let id = passkey.id.to_string();
    let used = passkey.last_used.map_or_else(
        || "never used".to_owned(),
        |at: Timestamp| format!("last used {}", shown(at)),
    );
    format!(
        "<li><div>{label}<br><small>for {host}, added {created}, {used}</small></div>\
         <form class=\"inline\" method=\"post\" action=\"{PROFILE}/passkeys/rename\">{token}{field}\
         <input name=\"label\" type=\"text\" required maxlength=\"64\" aria-label=\"New name\" \
         value=\"{label}\"><button class=\"plain\" type=\"submit\">Rename</button></form>\
         <form class=\"inline\" method=\"post\" action=\"{PROFILE}/passkeys/remove\">{token}{field}\
         <button class=\"plain\" type=\"submit\">Remove</button></form></li>\n",
        label = Escaped(passkey.label.as_str()),
        host = Escaped(&passkey.host),
        created = shown(passkey.created),
        field = html::hidden("id", &id),
    )
}

/// Whether somebody signed in so lately that they may change how they sign in; else the way to do so
/// again. Whoever finds a session open cannot make it theirs.
pub(super) fn again(visit: &Visit<'_>) -> Option<Page> {
    let (_, session) = visit.signed_in()?;
    let age = visit.directory.clock.now().duration_since(session.created).unsigned_abs();
    let is_lately = age < visit.pages.passkeys.signed_in_within;
    (!is_lately).then(|| Page::to(&format!("{SIGN_IN}?again=1&next={PROFILE}")))
}

/// Asks for a new passkey.
pub(in crate::pages) async fn begin(visit: &Visit<'_>) -> Result<Page, Failure> {
    let (caller, session) = owner(visit)?;
    let site = visit.site().map_err(|_| Failure::NotPrivate)?;
    if let Some(page) = again(visit) {
        return Ok(page);
    }
    let Some(label) = PasskeyLabel::parse(visit.form.text("label")) else {
        return wrong(visit, "A passkey needs a name of 1 to 64 characters.").await;
    };
    let token = visit.token_field(&session)?;
    let fields = format!("{token}{}", html::hidden("label", label.as_str()));
    let asked = creation(visit, (&caller.user, &session), &site, &fields).await?;
    let main = format!(
        "<h1>Add a passkey</h1>\n<p>Your browser asks where to keep “{label}”: on this device, on \
         your telephone or on a security key.</p>\n{form}<p><a href=\"{PROFILE}\">Not now</a></p>\n",
        label = Escaped(label.as_str()),
        form = asked.html,
    );
    Ok(Page::narrow("Add a passkey", &main).script(asked.nonce))
}

/// Takes the new passkey: from then on it guards, and the session has a second factor.
pub(in crate::pages) async fn confirm(visit: &Visit<'_>) -> Result<Page, Failure> {
    let (caller, session) = owner(visit)?;
    if let Some(page) = again(visit) {
        return Ok(page);
    }
    let passkey = match take(visit, &caller.user, &session).await? {
        Ok(passkey) => passkey,
        Err(PasskeyError::Store(StoreError::Conflict)) => {
            return wrong(visit, "This passkey is registered already.").await;
        }
        Err(PasskeyError::Store(StoreError::Full(most))) => {
            let text = format!("You have {most} passkeys already: remove one first.");
            return wrong(visit, &text).await;
        }
        Err(error) if error.is_failure() => return Err(Failure::Unavailable(error.to_string())),
        Err(error) => {
            visit.tell_why(
                &catalogue::IDENTITY_SIGNIN_FAILED,
                caller.user.as_str(),
                reason(&error),
            );
            return wrong(visit, "This passkey is not taken. Begin again.").await;
        }
    };
    let codes = recovery::where_missing(visit, &caller.user).await?;
    let (token, _) = visit.directory.sessions.renew(&session, Some("pop")).await?;
    visit.tell_why(&catalogue::IDENTITY_FACTOR_ADDED, caller.user.as_str(), "a passkey");
    let page = match codes {
        Some(codes) => {
            let title = format!("“{}” is set up", passkey.label.as_str());
            recovery::page(&title, codes)
        }
        None => Page::to(&done("passkey")),
    };
    let lifetime = visit.directory.sessions.policy().lifetime;
    Ok(page.cookie(visit.cookies.set_session(&token, lifetime)))
}

async fn take(
    visit: &Visit<'_>,
    user: &UserId,
    session: &str,
) -> Result<Result<Passkey, PasskeyError>, Failure> {
    let Ok(site) = visit.site() else { return Ok(Err(PasskeyError::Site)) };
    let form = &visit.form;
    let label = PasskeyLabel::parse(form.text("label")).ok_or(Failure::Form)?;
    // Whoever has passkeys keeps their name; a new one was made for the page before.
    let own = to_base64url(&visit.directory.passkeys.handle(user).await?);
    let has_some = !visit.directory.passkeys.list(user).await?.is_empty();
    let handle = if has_some { own.as_str() } else { form.text("handle") };
    let handle = from_base64url(handle).and_then(|handle| handle.try_into().ok());
    let handle: [u8; 32] = handle.ok_or(Failure::Form)?;
    let (Some(client_data), Some(attestation)) = (client_data(form), attestation(form)) else {
        return Ok(Err(PasskeyError::Malformed("form")));
    };
    let created = Created { client_data: &client_data, attestation: &attestation };
    let passkeys = &visit.directory.passkeys;
    Ok(passkeys.register(user, (label, handle), created, (session, &site)).await)
}

/// Gives a passkey another name.
pub(in crate::pages) async fn rename(visit: &Visit<'_>) -> Result<Page, Failure> {
    let (caller, _) = owner(visit)?;
    let id = PasskeyId::parse(visit.form.text("id")).ok_or(Failure::Form)?;
    let Some(label) = PasskeyLabel::parse(visit.form.text("label")) else {
        return wrong(visit, "A passkey needs a name of 1 to 64 characters.").await;
    };
    visit.directory.passkeys.rename(&caller.user, &id, label).await?;
    Ok(Page::to(PROFILE))
}

/// Removes a passkey; with the last second factor its recovery codes go, too.
pub(in crate::pages) async fn remove(visit: &Visit<'_>) -> Result<Page, Failure> {
    let (caller, _) = owner(visit)?;
    if let Some(page) = again(visit) {
        return Ok(page);
    }
    let directory = visit.directory;
    let id = PasskeyId::parse(visit.form.text("id")).ok_or(Failure::Form)?;
    if directory.passkeys.remove(&caller.user, &id).await? {
        visit.tell_why(&catalogue::IDENTITY_FACTOR_REMOVED, caller.user.as_str(), "a passkey");
    }
    if !directory.has_second_factor(&caller.user).await? {
        directory.factors.remove_all(&caller.user).await?;
    }
    Ok(Page::to(&done("passkey-removed")))
}

async fn wrong(visit: &Visit<'_>, text: &str) -> Result<Page, Failure> {
    let page = render(visit, Told::alert(text)).await?;
    Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY))
}
