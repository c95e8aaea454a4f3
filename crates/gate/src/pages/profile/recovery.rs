//! Recovery codes, which are shown once.

use mantlet_identity::UserId;
use mantlet_identity::factor::RecoveryCodes;
use mantlet_types::Secret;

use super::PROFILE;
use crate::pages::Page;
use crate::pages::failure::Failure;
use crate::pages::html::Escaped;
use crate::pages::visit::Visit;

/// New codes of somebody who has none; `None` where there are some already.
pub(super) async fn where_missing(
    visit: &Visit<'_>,
    user: &UserId,
) -> Result<Option<RecoveryCodes>, Failure> {
    if visit.directory.repositories.factors.recovery(user).await?.is_some() {
        return Ok(None);
    }
    Ok(Some(visit.directory.factors.renew_recovery(user).await?))
}

/// The page that shows them.
pub(super) fn page(title: &str, codes: RecoveryCodes) -> Page {
    let codes: String = codes
        .reveal()
        .iter()
        .map(|code: &Secret<String>| format!("<li><code>{}</code></li>\n", Escaped(code.expose())))
        .collect();
    let main = format!(
        "<h1>{title}</h1>\n\
         <p>Keep these recovery codes where your telephone is not. Each signs you in once, and they \
         are not shown again.</p>\n<div class=\"secret\"><ul class=\"codes\">\n{codes}</ul></div>\n\
         <p><a href=\"{PROFILE}\">I have kept them</a></p>\n",
        title = Escaped(title),
    );
    Page::narrow("Recovery codes", &main)
}
