//! What a browser says of a passkey, in the fields of a form.

use mantlet_crypto::from_base64url;
use mantlet_identity::passkey::{PasskeyId, Shown};

use crate::pages::failure::Failure;
use crate::pages::form::Form;
use crate::pages::visit::Visit;

/// A use of a passkey.
pub(super) struct Use {
    id: PasskeyId,
    client_data: Vec<u8>,
    authenticator: Vec<u8>,
    signature: Vec<u8>,
    handle: Option<Vec<u8>>,
}

impl Use {
    /// The use that a form holds; `None` where a field is missing or is no base64.
    pub(super) fn read(form: &Form) -> Option<Self> {
        Some(Self {
            id: PasskeyId::parse(form.text("id"))?,
            client_data: client_data(form)?,
            authenticator: from_base64url(form.text("authenticator"))?,
            signature: from_base64url(form.text("signature"))?,
            handle: match form.text("handle") {
                "" => None,
                text => Some(from_base64url(text)?),
            },
        })
    }

    pub(super) fn shown(&self) -> Shown<'_> {
        Shown {
            id: &self.id,
            client_data: &self.client_data,
            authenticator: &self.authenticator,
            signature: &self.signature,
            handle: self.handle.as_deref(),
        }
    }
}

/// What the browser says of the page.
pub(in crate::pages) fn client_data(form: &Form) -> Option<Vec<u8>> {
    from_base64url(form.text("client-data"))
}

/// The object in which a new passkey comes.
pub(in crate::pages) fn attestation(form: &Form) -> Option<Vec<u8>> {
    from_base64url(form.text("attestation"))
}

/// Whose passkey it is, for the record of one that is in doubt; empty for nobody's.
pub(super) async fn owner_of(visit: &Visit<'_>, said: &Use) -> Result<String, Failure> {
    let found = visit.directory.repositories.passkeys.find(&said.id).await?;
    Ok(found.map(|passkey| passkey.user.as_str().to_owned()).unwrap_or_default())
}
