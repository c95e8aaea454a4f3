//! The one layout of our pages, and text in them.

use std::fmt;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

/// The style sheet, allowed by its hash.
const STYLE: &str = include_str!("page.css");

/// The hash of the style sheet.
static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| STANDARD.encode(mantlet_crypto::sha256(STYLE.as_bytes())));

/// The policy of every page: its style sheet, forms that come back here, and the one script that
/// `nonce` names, where there is one.
pub(super) fn policy(nonce: Option<&str>) -> HeaderValue {
    let script = nonce.map(|nonce| format!("script-src 'nonce-{nonce}'; ")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; {script}style-src 'sha256-{hash}'; base-uri 'none'; object-src 'none'; \
         form-action 'self'; frame-ancestors 'none'",
        hash = *STYLE_HASH,
    );
    HeaderValue::from_str(&policy)
        .unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

/// Text as it stands in a page: within elements and within quoted attributes.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(place) = rest.find(['&', '<', '>', '"', '\'']) {
            let (plain, special) = rest.split_at(place);
            f.write_str(plain)?;
            let mut letters = special.chars();
            f.write_str(match letters.next() {
                Some('&') => "&amp;",
                Some('<') => "&lt;",
                Some('>') => "&gt;",
                Some('"') => "&quot;",
                _ => "&#39;",
            })?;
            rest = letters.as_str();
        }
        f.write_str(rest)
    }
}

/// A whole page: `main` is trusted, everything that came from outside is [`Escaped`] in it.
pub(super) fn page(title: &str, is_wide: bool, main: &str) -> String {
    let class = if is_wide { " class=\"wide\"" } else { "" };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main{class}>\n{main}</main>\n</body>\n</html>\n",
        title = Escaped(title),
    )
}

/// What went wrong, for people; nothing where there is nothing.
pub(super) fn alert(text: Option<&str>) -> String {
    let told = |text: &str| {
        format!("<p class=\"alert\" id=\"alert\" role=\"alert\">{}</p>\n", Escaped(text))
    };
    text.map(told).unwrap_or_default()
}

/// What went well, for people.
pub(super) fn notice(text: Option<&str>) -> String {
    let told = |text: &str| format!("<p class=\"notice\" role=\"status\">{}</p>\n", Escaped(text));
    text.map(told).unwrap_or_default()
}

/// A field that nobody sees.
pub(super) fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", Escaped(value))
}

/// A field for a password.
pub(super) fn password_field(id: &str, label: &str, kind: &str) -> String {
    format!(
        "<label for=\"{id}\">{label}</label>\n\
         <input id=\"{id}\" name=\"{id}\" type=\"password\" required autocomplete=\"{kind}\" \
         maxlength=\"512\">\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_text() {
        let shown = Escaped("a<b>&\"'ä").to_string();
        assert_eq!(shown, "a&lt;b&gt;&amp;&quot;&#39;ä");
    }
}
