//! The fields of a form.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, Limited};
use mantlet_types::Secret;
use zeroize::Zeroizing;

use super::failure::Failure;
use crate::edge::RequestBody;
use crate::pipeline::Exchange;

/// The largest form, in bytes.
const LARGEST: usize = 16 * 1024;
/// The most fields of a form.
const MOST_FIELDS: usize = 256;
/// How long a form may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// The fields of a form; their values cannot be printed.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, Secret<String>)>);

impl Form {
    /// The value of a field that stands there once; `None` where it is missing or stands there
    /// several times.
    pub(super) fn secret(&self, name: &str) -> Option<&Secret<String>> {
        let mut found = self.0.iter().filter(|(own, _)| own == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value)
    }

    /// The same as text; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.secret(name).map_or("", |value| value.expose())
    }

    /// Every value of a field.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let found = self.0.iter().filter(|(own, _)| own == name);
        found.map(|(_, value)| value.expose().as_str()).collect()
    }

    /// The form that a body or a query in `application/x-www-form-urlencoded` is.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = Vec::new();
        for (name, value) in url::form_urlencoded::parse(bytes) {
            if fields.len() == MOST_FIELDS {
                return None;
            }
            fields.push((name.into_owned(), Secret::new(value.into_owned())));
        }
        Some(Self(fields))
    }
}

/// Reads the form that a request carries.
pub(super) async fn read(exchange: &Exchange, body: RequestBody) -> Result<Form, Failure> {
    let kind = exchange.headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes());
    let kind = kind.and_then(|kind| kind.split(|byte| *byte == b';').next()).unwrap_or_default();
    if !kind.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
        return Err(Failure::Form);
    }
    let whole = tokio::time::timeout(PATIENCE, Limited::new(body, LARGEST).collect()).await;
    let bytes = whole.map_err(|_| Failure::Body)?.map_err(|_| Failure::Body)?.to_bytes();
    // The form holds what a browser typed in: what is copied here is not left behind.
    let bytes = Zeroizing::new(bytes.to_vec());
    Form::parse(&bytes).ok_or(Failure::Form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_counts_once_or_not_at_all() {
        let form = Form::parse(b"a=1&b=%C3%A4+b&b=2&c").unwrap();
        assert_eq!((form.text("a"), form.text("b"), form.text("c")), ("1", "", ""));
        assert_eq!(form.all("b"), ["ä b", "2"]);
        assert!(!format!("{form:?}").contains('ä'));
        assert!(Form::parse("x&".repeat(MOST_FIELDS + 1).as_bytes()).is_none());
    }
}
