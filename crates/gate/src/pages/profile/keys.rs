//! Keys for programs that act for somebody.

use std::time::Duration;

use http::StatusCode;
use mantlet_access::Roles;
use mantlet_event::catalogue;
use mantlet_identity::api_key::{ApiKeyId, Grants, Issuer, NewApiKey, Scopes};
use mantlet_identity::directory::Caller;

use super::{PROFILE, Told, done, owner, render, shown};
use crate::identity::principal_of;
use crate::pages::Page;
use crate::pages::failure::Failure;
use crate::pages::html::{self, Escaped};
use crate::pages::visit::Visit;

const DAY: Duration = Duration::from_secs(86_400);

/// The permissions that somebody holds, by name.
fn held<'a>(caller: &std::sync::Arc<Caller>, roles: &'a Roles) -> Vec<&'a str> {
    let principal = principal_of(caller, roles);
    let has = |name: &&str| roles.permission(name).is_some_and(|id| principal.has(id));
    roles.permission_names().filter(has).collect()
}

pub(super) async fn section(
    visit: &Visit<'_>,
    caller: &std::sync::Arc<Caller>,
    token: &str,
) -> Result<String, Failure> {
    let keys = visit.directory.api_keys.list(&caller.user).await;
    let keys = keys.map_err(|error| Failure::Unavailable(error.to_string()))?;
    let now = visit.directory.clock.now();
    let rows: String = keys
        .iter()
        .filter(|key| key.is_in_force(now))
        .map(|key| {
            let scopes: Vec<&str> = key.scopes.iter().collect();
            let used = key
                .last_used
                .map_or_else(|| "never used".to_owned(), |at| format!("last used {}", shown(at)));
            format!(
                "<li><div>{label} <code>{id}</code><br><small>{scopes}; until {until}, \
                 {used}</small></div><form class=\"inline\" method=\"post\" \
                 action=\"{PROFILE}/keys/revoke\">{token}{field}\
                 <button class=\"plain\" type=\"submit\">Revoke</button></form></li>\n",
                label = Escaped(&key.label),
                id = key.id,
                scopes = Escaped(&scopes.join(", ")),
                until = shown(key.expires),
                field = html::hidden("id", key.id.as_str()),
            )
        })
        .collect();
    let choices: String = held(caller, &visit.pages.roles)
        .into_iter()
        .map(|name| {
            let name = Escaped(name).to_string();
            format!(
                "<label class=\"choice\"><input type=\"checkbox\" name=\"scope\" value=\"{name}\"> \
                 {name}</label>\n"
            )
        })
        .collect();
    Ok(format!(
        "<section aria-labelledby=\"keys\">\n<h2 id=\"keys\">Keys for programs</h2>\n\
         <ul class=\"rows\">\n{rows}</ul>\n\
         <form method=\"post\" action=\"{PROFILE}/keys/issue\">\n{token}\
         <label for=\"label\">What the new key is for</label>\n\
         <input id=\"label\" name=\"label\" type=\"text\" required maxlength=\"100\">\n\
         <label for=\"days\">How many days it lives</label>\n\
         <input id=\"days\" name=\"days\" type=\"number\" min=\"1\" max=\"366\" value=\"90\" required>\n\
         <fieldset><legend>What it may do</legend>\n{choices}</fieldset>\n\
         <button type=\"submit\">Issue a key</button>\n</form>\n</section>\n"
    ))
}

/// Issues a key and shows it, this once.
pub(in crate::pages) async fn issue(visit: &Visit<'_>) -> Result<Page, Failure> {
    let (caller, _) = owner(visit)?;
    let wanted = Scopes::new(visit.form.all("scope"));
    let holds = Scopes::new(held(caller, &visit.pages.roles));
    let (Ok(scopes), Ok(holds)) = (wanted, holds) else { return Err(Failure::Form) };
    let days: Option<u32> = visit.form.text("days").parse().ok();
    let Some(days) = days else { return Err(Failure::Form) };
    let wish = NewApiKey {
        owner: caller.user.clone(),
        label: visit.form.text("label").to_owned(),
        scopes,
        networks: Vec::new(),
        lifetime: Some(DAY.saturating_mul(days)),
    };
    let issuer = Issuer { id: caller.user.clone(), holds: Grants::Only(holds) };
    match visit.directory.api_keys.issue(wish, &issuer).await {
        Ok(key) => {
            visit.tell(&catalogue::IDENTITY_KEY_ISSUED, caller.user.as_str());
            let text = key.reveal();
            let html = format!(
                "<div class=\"secret\" role=\"status\"><p>The new key, shown this once:</p>\n\
                 <p><code>{}</code></p></div>\n",
                Escaped(text.expose())
            );
            render(visit, Told::secret(html)).await
        }
        Err(error) => {
            let page = render(visit, Told::alert(&format!("No key was issued: {error}."))).await?;
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY))
        }
    }
}

/// Revokes a key of one's own.
pub(in crate::pages) async fn revoke(visit: &Visit<'_>) -> Result<Page, Failure> {
    let (caller, _) = owner(visit)?;
    let id = ApiKeyId::parse(visit.form.text("id")).ok_or(Failure::Form)?;
    let api_keys = &visit.directory.api_keys;
    let failed =
        |error: mantlet_identity::api_key::ApiKeyError| Failure::Unavailable(error.to_string());
    let own = api_keys.list(&caller.user).await.map_err(failed)?;
    if own.iter().any(|key| key.id == id && key.revoked.is_none()) {
        api_keys.revoke(id, &caller.user, "revoked by its owner").await.map_err(failed)?;
        visit.directory.forget_key(id);
        visit.tell(&catalogue::IDENTITY_KEY_REVOKED, caller.user.as_str());
    }
    Ok(Page::to(&done("key")))
}
