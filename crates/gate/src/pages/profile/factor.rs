//! A clock as the second factor.

use http::StatusCode;
use mantlet_event::catalogue;
use mantlet_identity::UserId;
use mantlet_identity::account::AccountName;
use mantlet_identity::factor::FactorError;
use mantlet_types::Secret;
use qrcodegen::{QrCode, QrCodeEcc};

use super::{PROFILE, Told, done, owner, recovery, render};
use crate::pages::Page;
use crate::pages::failure::Failure;
use crate::pages::html::{self, Escaped};
use crate::pages::second_factor::{Checked, check_code};
use crate::pages::visit::Visit;

/// Empty squares around a code, as readers want them.
const MARGIN: i32 = 4;

pub(super) async fn section(
    visit: &Visit<'_>,
    user: &UserId,
    token: &str,
) -> Result<String, Failure> {
    let forms = if visit.directory.factors.has_totp(user).await? {
        format!(
            "<p>An authenticator program guards your account.</p>\n\
             <form method=\"post\" action=\"{PROFILE}/totp/remove\">\n{token}{password}\
             <button type=\"submit\">Remove the authenticator</button>\n</form>\n",
            password = html::password_field("factor-password", "Password", "current-password"),
        )
    } else {
        format!(
            "<p class=\"soft\">A code from your telephone, beside the password: whoever learns \
             your password still cannot sign in.</p>\n\
             <form method=\"post\" action=\"{PROFILE}/totp\">\n{token}\
             <button type=\"submit\">Set up an authenticator</button>\n</form>\n"
        )
    };
    Ok(format!(
        "<section aria-labelledby=\"factor\">\n<h2 id=\"factor\">Authenticator program</h2>\n{forms}</section>\n"
    ))
}

/// Shows the secret of a new clock, which guards nothing yet.
pub(in crate::pages) async fn begin(visit: &Visit<'_>) -> Result<Page, Failure> {
    let (caller, session) = owner(visit)?;
    let secret = match visit.directory.factors.enrol_totp(&caller.user).await {
        Ok(secret) => secret,
        Err(FactorError::Present) => return Ok(Page::to(PROFILE)),
        Err(error) => return Err(error.into()),
    };
    let Ok(name) = AccountName::parse(caller.user.as_str()) else { return Err(Failure::Form) };
    let uri = secret.uri(visit.directory.factors.policy(), &name);
    let main = format!(
        "<h1>Set up an authenticator</h1>\n\
         <p>Scan this with your authenticator program, or type the secret there.</p>\n{qr}\
         <p class=\"secret\"><code>{secret}</code></p>\n\
         <form method=\"post\" action=\"{PROFILE}/totp/confirm\">\n{token}\
         <label for=\"code\">The code that it shows now</label>\n\
         <input id=\"code\" name=\"code\" type=\"text\" inputmode=\"numeric\" required \
         maxlength=\"8\" autocomplete=\"one-time-code\" autofocus>\n\
         <button type=\"submit\">Confirm</button>\n</form>\n\
         <p><a href=\"{PROFILE}\">Not now</a></p>\n",
        qr = drawing(&uri),
        secret = Escaped(secret.text().expose()),
        token = visit.token_field(&session)?,
    );
    Ok(Page::narrow("Set up an authenticator", &main))
}

/// Takes the first code: from then on the clock guards, and the session has a second factor.
pub(in crate::pages) async fn confirm(visit: &Visit<'_>) -> Result<Page, Failure> {
    let (caller, session) = owner(visit)?;
    let Some(account) = visit.directory.accounts.lookup(&caller.user).await? else {
        return Err(Failure::Form);
    };
    let is_right =
        matches!(check_code(visit, &account, visit.form.text("code")).await?, Checked::Right);
    if !is_right {
        let text = "This code is wrong: your second factor is not set up. Begin again.";
        let page = render(visit, Told::alert(text)).await?;
        return Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY));
    }
    let codes = visit.directory.factors.renew_recovery(&caller.user).await?;
    let (token, _) = visit.directory.sessions.renew(&session, Some("otp")).await?;
    visit.tell_why(&catalogue::IDENTITY_FACTOR_ADDED, caller.user.as_str(), "a clock");
    let lifetime = visit.directory.sessions.policy().lifetime;
    let page = recovery::page("Your second factor is set up", codes);
    Ok(page.cookie(visit.cookies.set_session(&token, lifetime)))
}

/// Removes the second factor, after the password.
pub(in crate::pages) async fn remove(visit: &Visit<'_>) -> Result<Page, Failure> {
    let (caller, _) = owner(visit)?;
    let Some(password) = visit.form.secret("factor-password") else { return Err(Failure::Form) };
    if let Err(error) = visit.check_password(caller.user.as_str(), password).await {
        visit.tell(&catalogue::IDENTITY_SIGNIN_FAILED, caller.user.as_str());
        let page = render(visit, Told::alert(&format!("Not removed: {error}."))).await?;
        return Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY));
    }
    visit.directory.factors.remove_all(&caller.user).await?;
    visit.tell_why(&catalogue::IDENTITY_FACTOR_REMOVED, caller.user.as_str(), "a clock");
    if !visit.directory.has_second_factor(&caller.user).await? {
        return Ok(Page::to(&done("totp-removed")));
    }
    // Passkeys are left, and the day on which they are gone.
    let codes = visit.directory.factors.renew_recovery(&caller.user).await?;
    Ok(recovery::page("Your authenticator is removed", codes))
}

/// A QR code as a drawing within the page; empty where the text is too long for one.
fn drawing(text: &Secret<String>) -> String {
    let Ok(code) = QrCode::encode_text(text.expose(), QrCodeEcc::Medium) else {
        return String::new();
    };
    let size = code.size() + 2 * MARGIN;
    let squares = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
    let dark: String = squares
        .filter(|(x, y)| code.get_module(*x, *y))
        .map(|(x, y)| format!("M{},{}h1v1h-1z", x + MARGIN, y + MARGIN))
        .collect();
    format!(
        "<svg class=\"qr\" viewBox=\"0 0 {size} {size}\" role=\"img\" aria-label=\"QR code of the \
         secret below\" shape-rendering=\"crispEdges\"><rect width=\"{size}\" height=\"{size}\" \
         fill=\"#fff\"/><path d=\"{dark}\" fill=\"#000\"/></svg>\n"
    )
}
