//! Forms that ask a browser for a passkey.

use mantlet_crypto::cose::ALGORITHMS;
use mantlet_crypto::to_base64url;
use mantlet_identity::UserId;
use mantlet_identity::passkey::{CHALLENGE_LIFETIME, Passkey, Purpose, Site};
use serde_json::{Value, json};

use crate::pages::failure::Failure;
use crate::pages::html::{self, Escaped};
use crate::pages::visit::Visit;
use crate::pages::{PASSKEY, PROFILE, SECOND_FACTOR_PASSKEY};

/// A part of a page that asks for a passkey.
#[derive(Debug)]
pub(in crate::pages) struct Asked {
    /// Trusted HTML, with the script.
    pub(in crate::pages) html: String,
    /// What the policy of the page names the script by.
    pub(in crate::pages) nonce: String,
}

/// Asks for any passkey of this host, in place of name and password; `None` where there can be none.
pub(in crate::pages) fn sign_in(visit: &Visit<'_>, number: &str, fields: &str) -> Option<Asked> {
    let site = visit.site().ok()?;
    let challenge = visit.directory.passkeys.challenge(Purpose::SignIn, number);
    let options = getting(&challenge, &site, "required", &[]);
    Some(asked(visit, Form { action: PASSKEY, fields, options, button: "Use a passkey" }))
}

/// Asks for a passkey of somebody who has shown their password; `None` where they have none here.
pub(in crate::pages) async fn second_factor(
    visit: &Visit<'_>,
    user: &UserId,
    number: &str,
    fields: &str,
) -> Result<Option<Asked>, Failure> {
    let Ok(site) = visit.site() else { return Ok(None) };
    let mut passkeys = visit.directory.passkeys.list(user).await?;
    passkeys.retain(|passkey| passkey.host == site.host);
    if passkeys.is_empty() {
        return Ok(None);
    }
    let challenge = visit.directory.passkeys.challenge(Purpose::Factor(user), number);
    let options = getting(&challenge, &site, "preferred", &passkeys);
    let form = Form { action: SECOND_FACTOR_PASSKEY, fields, options, button: "Use a passkey" };
    Ok(Some(asked(visit, form)))
}

/// Asks for a new passkey of somebody who is signed in with `session`.
pub(in crate::pages) async fn creation(
    visit: &Visit<'_>,
    (user, session): (&UserId, &str),
    site: &Site,
    fields: &str,
) -> Result<Asked, Failure> {
    let passkeys = &visit.directory.passkeys;
    let (handle, own) = (passkeys.handle(user).await?, passkeys.list(user).await?);
    let challenge = passkeys.challenge(Purpose::Register(user), session);
    let kinds = ALGORITHMS.map(|kind| json!({ "type": "public-key", "alg": kind }));
    let options = json!({
        "challenge": to_base64url(&challenge),
        "rp": { "id": site.host, "name": visit.exchange.host },
        "user": {
            "id": to_base64url(&handle), "name": user.as_str(), "displayName": user.as_str(),
        },
        "pubKeyCredParams": kinds,
        "timeout": millis(),
        "attestation": "none",
        "authenticatorSelection": { "residentKey": "preferred", "userVerification": "preferred" },
        "excludeCredentials": named(&own),
    });
    let handle = html::hidden("handle", &to_base64url(&handle));
    let fields = format!("{fields}{handle}");
    let action = format!("{PROFILE}/passkeys/confirm");
    let form = Form { action: &action, fields: &fields, options, button: "Create the passkey" };
    Ok(asked(visit, form))
}

fn getting(challenge: &[u8], site: &Site, verification: &str, passkeys: &[Passkey]) -> Value {
    json!({
        "challenge": to_base64url(challenge),
        "rpId": site.host,
        "timeout": millis(),
        "userVerification": verification,
        "allowCredentials": named(passkeys),
    })
}

fn millis() -> u64 {
    u64::try_from(CHALLENGE_LIFETIME.as_millis()).unwrap_or(u64::MAX)
}

fn named(passkeys: &[Passkey]) -> Vec<Value> {
    let named = |passkey: &Passkey| json!({ "type": "public-key", "id": passkey.id.to_string() });
    passkeys.iter().map(named).collect()
}

/// One form.
struct Form<'a> {
    action: &'a str,
    /// Its hidden fields, trusted HTML.
    fields: &'a str,
    /// What the browser is asked, as it expects it.
    options: Value,
    button: &'a str,
}

/// Hidden until the script runs: without it nothing could come of it.
fn asked(visit: &Visit<'_>, form: Form<'_>) -> Asked {
    let Form { action, fields, options, button } = form;
    let is_new = action.starts_with(PROFILE);
    let (kind, names) = match is_new {
        true => ("create", &["client-data", "attestation"][..]),
        false => ("get", &["id", "client-data", "authenticator", "signature", "handle"][..]),
    };
    let empty: String = names.iter().map(|name| html::hidden(name, "")).collect();
    let nonce = visit.nonce();
    let html = format!(
        "<form method=\"post\" action=\"{action}\" data-passkey=\"{kind}\" \
         data-options=\"{options}\" hidden>\n{fields}{empty}\
         <p class=\"alert\" role=\"alert\" hidden></p>\n\
         <button type=\"submit\">{button}</button>\n</form>\n\
         <noscript><p class=\"soft\">Passkeys need JavaScript, which is switched off here.</p>\
         </noscript>\n<script src=\"{script}\" nonce=\"{nonce}\" defer></script>\n",
        options = Escaped(&options.to_string()),
        script = crate::pages::SCRIPT,
    );
    Asked { html, nonce }
}
