//! What is taken out of a request before it is kept.

use mantlet_event::Redactor;

use super::Recorded;
use crate::redact::Discreet;

/// Takes the secrets out of `request`.
pub(super) fn redact(request: &mut Recorded, redactor: &Redactor) {
    let discreet = Discreet::new(redactor);
    request.target = discreet.target(&request.target);
    for (name, value) in &mut request.headers {
        *value = discreet.header(name, value);
    }
    let kind = request.header("content-type").unwrap_or_default().to_ascii_lowercase();
    if let Some(body) = request.body.take() {
        request.body = Some(discreet.body(&kind, &body));
    }
}
