//! Accounts at outside providers: linking them, and no longer.

use http::StatusCode;
use mantlet_event::catalogue;
use mantlet_identity::UserId;
use mantlet_identity::provider::{Goal, Link};

use super::passkeys::again;
use super::{PROFILE, Told, done, owner, render, shown};
use crate::pages::Page;
use crate::pages::failure::Failure;
use crate::pages::html::{self, Escaped};
use crate::pages::provider::{depart, down, named};
use crate::pages::visit::Visit;

/// The most links of one account.
pub(in crate::pages) const MOST_LINKS: usize = 20;

/// Nothing where there are no providers and no links.
pub(super) async fn section(
    visit: &Visit<'_>,
    user: &UserId,
    token: &str,
) -> Result<String, Failure> {
    let links = visit.directory.repositories.links.list(user).await?;
    let providers = &visit.pages.providers;
    if links.is_empty() && providers.is_empty() {
        return Ok(String::new());
    }
    let rows: String = links.iter().map(|link| row(visit, link, token)).collect();
    let rows = if rows.is_empty() { rows } else { format!("<ul class=\"rows\">\n{rows}</ul>\n") };
    let add: String = providers
        .iter()
        .map(|provider| {
            format!(
                "<form method=\"post\" action=\"{PROFILE}/providers/link\">\n{token}{name}\
                 <button type=\"submit\">Link your account at {label}</button>\n</form>\n",
                name = html::hidden("name", &provider.name),
                label = Escaped(provider.label()),
            )
        })
        .collect();
    Ok(format!(
        "<section aria-labelledby=\"providers\">\n<h2 id=\"providers\">Accounts elsewhere</h2>\n\
         <p class=\"soft\">Whoever signs in to one of these signs in here as you.</p>\n\
         {rows}{add}</section>\n"
    ))
}

fn row(visit: &Visit<'_>, link: &Link, token: &str) -> String {
    let mut providers = visit.pages.providers.iter();
    let provider = providers.find(|provider| provider.settings.issuer == link.issuer);
    let label = provider.map_or(link.issuer.as_str(), |provider| provider.label());
    format!(
        "<li><div>{label}<br><small>as {subject}, since {created}</small></div>\
         <form class=\"inline\" method=\"post\" action=\"{PROFILE}/providers/unlink\">{token}\
         {issuer}{own}<button class=\"plain\" type=\"submit\">Unlink</button></form></li>\n",
        label = Escaped(label),
        subject = Escaped(&link.subject),
        created = shown(link.created),
        issuer = html::hidden("issuer", &link.issuer),
        own = html::hidden("subject", &link.subject),
    )
}

/// Begins to link an account: a page with the way there, because the policy of our pages lets no form
/// end at another server.
pub(in crate::pages) async fn begin(visit: &Visit<'_>) -> Result<Page, Failure> {
    owner(visit)?;
    let Some((_, session)) = visit.signed_in() else { return Err(Failure::Form) };
    if let Some(page) = again(visit) {
        return Ok(page);
    }
    let provider = named(visit, visit.form.text("name"))?;
    let goal = Goal::Link(session.handle.as_str().to_owned());
    let (address, cookie) = match depart(visit, provider, goal).await? {
        Ok(away) => away,
        Err(error) => return down(visit, provider, &error),
    };
    let main = format!(
        "<h1>Link your account</h1>\n<p>Sign in at {label} with the account that is to sign you in \
         here.</p>\n<p><a class=\"button\" href=\"{address}\">Go on to {label}</a></p>\n\
         <p><a href=\"{PROFILE}\">Not now</a></p>\n",
        label = Escaped(provider.label()),
        address = Escaped(&address),
    );
    Ok(Page::narrow("Link your account", &main).cookie(cookie))
}

/// Removes a link, unless nothing else would sign its owner in.
pub(in crate::pages) async fn unlink(visit: &Visit<'_>) -> Result<Page, Failure> {
    let (caller, _) = owner(visit)?;
    if let Some(page) = again(visit) {
        return Ok(page);
    }
    let (directory, user) = (visit.directory, &caller.user);
    let links = &directory.repositories.links;
    let has_password =
        directory.accounts.lookup(user).await?.is_some_and(|account| account.password.is_some());
    let has_others = has_password
        || links.list(user).await?.len() > 1
        || !directory.passkeys.list(user).await?.is_empty();
    if !has_others {
        let text = "Nothing else would sign you in: add a passkey first.";
        let page = render(visit, Told::alert(text)).await?;
        return Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY));
    }
    let (issuer, subject) = (visit.form.text("issuer"), visit.form.text("subject"));
    if links.remove(user, issuer, subject).await? {
        let entry = &catalogue::IDENTITY_ACCOUNT_CHANGED;
        visit.tell_why(entry, user.as_str(), "no longer linked to an outside provider");
    }
    Ok(Page::to(&done("unlinked")))
}
