//! Labels of published lists that are judged by rule: what a list calls an attack and what attacks
//! nothing by itself. Such lines are shown and not counted.

/// The rules with their reasons, for the table.
pub(crate) const RULES: &[(&str, &str)] = &[
    (
        "a probe",
        "no more than three bytes or a plain word when its encodings are taken off: it provokes an error at most",
    ),
    (
        "a word beside a sign",
        "one word with a quote, a parenthesis or a comma: no language reads on from there",
    ),
    ("a link", "the plain address of a page or a script elsewhere, as every field for links holds"),
    (
        "a bare host",
        "a host without a scheme, a port or a path, as every field for addresses holds",
    ),
    (
        "an address of nobody",
        "no host at all, or one that is reserved for examples: a list of what a reader of addresses accepts",
    ),
    ("a remark", "a comment of the list's author"),
    ("a text for a model", "the instructions that a scanner gives to a language model"),
    (
        "a piece of a document",
        "XML that declares, includes and transforms nothing: a line cut out of a longer document",
    ),
];

/// Why `value`, which a list calls an attack of `class`, is not counted; `None` when it is.
pub(crate) fn doubt(class: &str, value: &str) -> Option<&'static str> {
    let plain = decoded(value.trim());
    let text = plain.trim();
    match () {
        () if is_probe(text) => Some("a probe"),
        () if is_word_beside_sign(text) => Some("a word beside a sign"),
        () if class != "ssrf" && is_link(text) => Some("a link"),
        () if class == "rfi" => Some("a link"),
        () if class == "ssrf" && is_host(text) => Some("a bare host"),
        () if class == "ssrf" && is_nowhere(text) => Some("an address of nobody"),
        () if is_remark(class, text) => Some("a remark"),
        () if text.starts_with("You are ") => Some("a text for a model"),
        () if class == "xxe" && is_piece(text) => Some("a piece of a document"),
        () => None,
    }
}

/// `%27` and `\x27` taken off twice.
fn decoded(value: &str) -> String {
    let once = |text: &str| {
        let text = text.replace("\\x", "%").into_bytes();
        String::from_utf8_lossy(&crate::request::decoded(&text, false)).into_owned()
    };
    once(&once(value))
}

fn is_probe(text: &str) -> bool {
    text.len() <= 3
        || text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.'))
}

fn is_word_beside_sign(text: &str) -> bool {
    let word = text.trim_matches(|c| "'\"(),@=*".contains(c));
    let signs = text.len() - word.len();
    signs <= 2 && !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_')
}

fn is_link(text: &str) -> bool {
    let rest = ["http://", "https://", "//"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let plain = |c: char| c.is_alphanumeric() || "./-_?&=%:+~@#".contains(c);
    rest.is_some_and(|rest| rest.chars().all(plain) && !rest.contains("..") && rest.contains('.'))
}

fn is_host(text: &str) -> bool {
    let plain = text.chars().all(|c| c.is_alphanumeric() || ".-".contains(c));
    let six = text.contains("::") || text.matches(':').count() > 5;
    !text.is_empty() && (plain || six && text.chars().all(|c| c.is_ascii_hexdigit() || c == ':'))
}

/// `http://##`, `ftp://user@example.com`: no host, or one of those that are reserved (RFC 2606).
fn is_nowhere(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let name = host.split(':').next().unwrap_or(host);
    let reserved = ["example.com", "example.org", "example.net"];
    let only = !rest[end..].contains('@') && authority.matches('@').count() < 2;
    !host.chars().any(char::is_alphanumeric) && !rest.contains(|c: char| c.is_alphanumeric())
        || only && reserved.contains(&name) && !authority.contains('\\')
}

fn is_remark(class: &str, text: &str) -> bool {
    let hash = text.strip_prefix("# ").is_some_and(|rest| rest.split(' ').count() > 1);
    hash && !matches!(class, "sqli" | "shell") && !text.contains(['{', '<', '$'])
}

fn is_piece(text: &str) -> bool {
    let lower = text.to_lowercase();
    let telling = [
        "<!entity",
        "<!doctype",
        "<!attlist",
        "<!notation",
        "include",
        "schemalocation",
        "<xsl:",
        "xml-stylesheet",
        "href=",
        "encoding=",
    ];
    !telling.iter().any(|sign| lower.contains(sign)) || !lower.contains('>') || !lower.contains('<')
}
