//! What answers say about CORS: ours, never the application's.

use http::HeaderValue;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    VARY,
};

use super::judge::is_foreign;
use super::{Cors, Judged, preflight};
use crate::pipeline::{
    AnswerHead, AnswerVerdict, ClaimedOrigin, Edits, Exchange, HeaderEdit, Origin,
};

impl Cors {
    pub(super) fn dress(&self, exchange: &Exchange, head: &AnswerHead<'_>) -> AnswerVerdict {
        let is_ours = head.origin == Origin::Gate;
        if is_ours && head.headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            // A preflight, answered whole.
            return AnswerVerdict::Pass;
        }
        let mut edits = vec![HeaderEdit::RemoveListed(is_cors_answer)];
        if !self.allows_any && !varies_by_origin(head) {
            edits.push(HeaderEdit::Append(VARY, HeaderValue::from_static("Origin")));
        }
        if let Some(origin) = self.granted(exchange) {
            edits.push(HeaderEdit::Set(ACCESS_CONTROL_ALLOW_ORIGIN, origin));
            if self.section.credentials {
                let value = HeaderValue::from_static("true");
                edits.push(HeaderEdit::Set(ACCESS_CONTROL_ALLOW_CREDENTIALS, value));
            }
            if let Some(names) = &self.expose {
                edits.push(HeaderEdit::Set(ACCESS_CONTROL_EXPOSE_HEADERS, names.clone()));
            }
        }
        AnswerVerdict::Edit(Edits::from(edits))
    }

    /// What this request was granted. One that was refused before this guard was asked still has
    /// its headers, and its page may read why.
    fn granted(&self, exchange: &Exchange) -> Option<HeaderValue> {
        if let Some(Judged(grant)) = exchange.facts.lookup() {
            return grant.clone();
        }
        let claimed = ClaimedOrigin::of(&exchange.headers);
        if is_foreign(exchange, &claimed) {
            let is_preflight = preflight::asked(exchange).is_some();
            return self.grant(exchange, &claimed).filter(|_| !is_preflight);
        }
        // Where every page may read the answer, caches keep one for all.
        self.allows_any.then(|| HeaderValue::from_static("*"))
    }
}

/// The fields of the CORS protocol in answers.
fn is_cors_answer(name: &str) -> bool {
    name.strip_prefix("access-control-").is_some_and(|rest| {
        rest.starts_with("allow-") || matches!(rest, "expose-headers" | "max-age")
    })
}

fn varies_by_origin(head: &AnswerHead<'_>) -> bool {
    let lists = head.headers.get_all(VARY).iter().filter_map(|value| value.to_str().ok());
    let mut names = lists.flat_map(|list| list.split(',')).map(str::trim);
    names.any(|name| name == "*" || name.eq_ignore_ascii_case("origin"))
}
