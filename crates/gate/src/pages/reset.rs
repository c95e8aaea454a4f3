//! Asking for a new password: the same answer for every name, in the same time.

use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use mantlet_identity::account::AccountName;
use mantlet_identity::password_link::Asked;

use super::failure::Failure;
use super::sign_in::in_words;
use super::visit::Visit;
use super::{Page, RESET, SIGN_IN, html};

/// What everybody is told who asks.
const HEARD: &str = "If there is an account of this name with an address, a letter with a link is on its way. The link counts for 30 minutes.";

pub(super) fn show(visit: &Visit<'_>) -> Result<Page, Failure> {
    visit.check_private()?;
    if !visit.directory.password_links.has_post() {
        return Err(Failure::NotHere);
    }
    render(visit, None, None)
}

pub(super) fn take(visit: &Visit<'_>) -> Result<Page, Failure> {
    visit.check_private()?;
    visit.check_visit()?;
    if !visit.directory.password_links.has_post() {
        return Err(Failure::NotHere);
    }
    let name = AccountName::parse(visit.form.text("username")).ok();
    let (address, now) = (visit.exchange.client.address, visit.directory.clock.monotonic());
    match visit.directory.password_links.requests().ask(name.as_ref(), address, now) {
        Asked::Heard => render(visit, None, Some(HEARD)),
        Asked::Wait(wait) => {
            let seconds = wait.as_secs().saturating_add(1);
            let text = format!("Too many attempts. Try again in {}.", in_words(seconds));
            let page = render(visit, Some(&text), None)?.status(StatusCode::TOO_MANY_REQUESTS);
            Ok(page.with(RETRY_AFTER, HeaderValue::from(seconds)))
        }
    }
}

fn render(visit: &Visit<'_>, alert: Option<&str>, notice: Option<&str>) -> Result<Page, Failure> {
    let (number, cookie) = visit.number();
    let token = visit.token_field(&number)?;
    let described = if alert.is_some() { "alert help" } else { "help" };
    let main = format!(
        "<h1>New password</h1>\n{alert}{notice}\
         <p id=\"help\" class=\"soft\">A link to choose a new password is sent to the address of \
         your account.</p>\n\
         <form method=\"post\" action=\"{RESET}\">\n{token}\
         <label for=\"username\">Name</label>\n\
         <input id=\"username\" name=\"username\" type=\"text\" required maxlength=\"128\" \
         autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" \
         aria-describedby=\"{described}\" autofocus>\n\
         <button type=\"submit\">Send the link</button>\n</form>\n\
         <p><a href=\"{SIGN_IN}\">Back to signing in</a></p>\n",
        alert = html::alert(alert),
        notice = html::notice(notice),
    );
    Ok(Page::narrow("New password", &main).cookie(cookie))
}
