//! The arithmetic of the MDN HTTP Observatory (algorithm version 4): its ten tests, their modifiers,
//! and the rule that extra credit counts from 90 points on. Written from its documentation and
//! published score table.

use std::collections::{BTreeMap, BTreeSet};

/// An answer over https, as the observatory sees it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Page {
    fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    fn first(&self, name: &str) -> Option<String> {
        self.all(name).first().map(|value| value.trim().to_ascii_lowercase())
    }
}

/// The score, and what each test gave.
pub(crate) fn score(page: &Page) -> (i32, BTreeMap<&'static str, i32>) {
    let modifiers = BTreeMap::from([
        ("content-security-policy", policy(page)),
        ("cookies", cookies(page)),
        ("cross-origin-resource-sharing", sharing(page)),
        // Nothing listens without TLS where these pages come from: no redirection is needed.
        ("redirection", 0),
        ("referrer-policy", referrer(page)),
        ("strict-transport-security", transport(page)),
        ("subresource-integrity", integrity(page)),
        ("x-content-type-options", sniffing(page)),
        ("x-frame-options", frames(page)),
        ("cross-origin-resource-policy", resources(page)),
    ]);
    let without_credit = 100 + modifiers.values().filter(|value| **value < 0).sum::<i32>();
    let with_credit = 100 + modifiers.values().sum::<i32>();
    let score = if without_credit >= 90 { with_credit } else { without_credit };
    (score.max(0), modifiers)
}

const BROAD: [&str; 8] =
    ["ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"];

type Directives = BTreeMap<String, BTreeSet<String>>;

/// The directives of all policies together: of several sources lists the stricter one counts, which
/// is taken to be what they have in common.
fn directives(page: &Page) -> Directives {
    let mut found = Directives::new();
    for policy in page.all("content-security-policy").iter().flat_map(|value| value.split(',')) {
        let mut own = BTreeSet::new();
        for directive in policy.split(';') {
            let mut words = directive.split_ascii_whitespace().map(str::to_ascii_lowercase);
            let Some(name) = words.next() else { continue };
            if !own.insert(name.clone()) {
                continue;
            }
            let mut sources: BTreeSet<String> = words.collect();
            if sources.is_empty() {
                sources.insert("'none'".to_owned());
            }
            match found.get_mut(&name) {
                Some(known) => *known = known.intersection(&sources).cloned().collect(),
                None => drop(found.insert(name, sources)),
            }
        }
    }
    found
}

fn policy(page: &Page) -> i32 {
    let found = directives(page);
    if found.is_empty() {
        return -25;
    }
    let any = BTreeSet::from(["*".to_owned()]);
    let list = |name: &str| found.get(name).or_else(|| found.get("default-src")).unwrap_or(&any);
    let strip = |mut sources: BTreeSet<String>| {
        let kinds = ["'sha256-", "'sha384-", "'sha512-", "'nonce-"];
        if sources.iter().any(|source| kinds.iter().any(|kind| source.starts_with(kind))) {
            sources.remove("'unsafe-inline'");
        }
        sources
    };
    let (scripts, styles) = (strip(list("script-src").clone()), strip(list("style-src").clone()));
    let objects = list("object-src");
    let is_broad = |source: &String| BROAD.contains(&source.as_str());
    let is_unsafe = |source: &String| {
        is_broad(source) || matches!(source.as_str(), "'unsafe-inline'" | "data:")
    };
    let is_plain = |source: &&String| source.starts_with("http:") || source.starts_with("ftp:");
    let is_passive = |name: &str| matches!(name, "img-src" | "media-src");
    let is_insecure = |(name, list): (&String, &BTreeSet<String>)| {
        !is_passive(name) && list.iter().any(|source| is_plain(&source))
    };
    let evaluates = scripts.contains("'unsafe-eval'") || styles.contains("'unsafe-eval'");
    let loads_plain = |name: &&str| list(name).iter().any(|source| is_plain(&source));
    if scripts.iter().any(is_unsafe)
        || objects.iter().any(is_broad)
        || found.iter().any(is_insecure)
    {
        -20
    } else if evaluates || ["img-src", "media-src"].iter().any(loads_plain) {
        -10
    } else if styles.iter().any(is_unsafe) {
        0
    } else if found.get("default-src").is_some_and(|list| list.iter().eq(["'none'"])) {
        10
    } else {
        5
    }
}

fn cookies(page: &Page) -> i32 {
    let has_hsts = transport(page) >= 0;
    let cookies = page.all("set-cookie");
    if cookies.is_empty() {
        return 0;
    }
    let mut worst = 5;
    for cookie in cookies {
        let (pair, rest) = cookie.split_once(';').unwrap_or((cookie, ""));
        let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
        let attributes: Vec<String> =
            rest.split(';').map(|one| one.trim().to_ascii_lowercase()).collect();
        let has = |word: &str| attributes.iter().any(|one| one == word);
        let site = attributes.iter().rev().find_map(|one| one.strip_prefix("samesite="));
        let is_session = name.contains("login") || name.contains("sess");
        let mut note = |modifier: i32| worst = worst.min(modifier);
        if site.is_none() {
            note(if name.contains("csrf") { -20 } else { 0 });
        }
        if site.is_some_and(|site| !["lax", "strict", "none"].contains(&site)) {
            note(-20);
        }
        if site == Some("none") && !has("secure") {
            note(-20);
        }
        if !has("secure") {
            note(if has_hsts { -5 } else { -20 });
        }
        if is_session && !has("secure") {
            note(if has_hsts { -10 } else { -40 });
        }
        if is_session && !has("httponly") {
            note(-30);
        }
    }
    worst
}

fn sharing(page: &Page) -> i32 {
    let origin = page.first("access-control-allow-origin");
    let credentials = page.first("access-control-allow-credentials");
    let is_any = origin.as_deref().is_some_and(|origin| origin != "null");
    if is_any && credentials.as_deref() == Some("true") { -50 } else { 0 }
}

fn referrer(page: &Page) -> i32 {
    let Some(value) = page.first("referrer-policy") else { return 0 };
    let last = value.split(',').map(str::trim).next_back().unwrap_or_default();
    let private =
        ["no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"];
    if private.contains(&last) { 5 } else { -5 }
}

fn transport(page: &Page) -> i32 {
    let Some(value) = page.first("strict-transport-security") else { return -20 };
    let mut words = value.split(';').map(str::trim);
    let age = words.find_map(|word| word.strip_prefix("max-age=")?.parse::<u64>().ok());
    match age {
        Some(age) if age >= 15_768_000 => 0,
        Some(_) => -10,
        None => -20,
    }
}

/// Only pages without scripts of other origins are scored here.
fn integrity(page: &Page) -> i32 {
    assert!(!page.body.contains("<script src=\"http"), "a script of another origin");
    0
}

fn sniffing(page: &Page) -> i32 {
    if page.first("x-content-type-options").as_deref() == Some("nosniff") { 0 } else { -5 }
}

fn frames(page: &Page) -> i32 {
    if directives(page).contains_key("frame-ancestors") {
        return 5;
    }
    match page.first("x-frame-options").as_deref() {
        Some("deny" | "sameorigin") => 0,
        Some(value) if value.starts_with("allow-from") => 0,
        _ => -20,
    }
}

fn resources(page: &Page) -> i32 {
    match page.first("cross-origin-resource-policy").as_deref() {
        Some("same-origin" | "same-site") => 10,
        Some("cross-origin") | None => 0,
        Some(_) => -5,
    }
}

fn of(headers: &[(&str, &str)]) -> i32 {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    score(&Page { headers: headers.collect(), body: String::new() }).0
}

#[test]
fn the_arithmetic_is_that_of_the_published_table() {
    let nosniff = ("x-content-type-options", "nosniff");
    let hsts = ("strict-transport-security", "max-age=63072000");
    let csp = |text: &'static str| ("content-security-policy", text);
    let none = csp("default-src 'none'; frame-ancestors 'none'");
    for (headers, expected) in [
        // Nothing at all: policy, HSTS, sniffing, frames.
        (vec![], 100 - 25 - 20 - 5 - 20),
        // Extra credit does not make up for what is missing below 90.
        (vec![nosniff, none], 80),
        (vec![nosniff, none, hsts], 115),
        (vec![none, hsts], 95 + 15),
        (vec![nosniff, hsts, csp("default-src 'self'; frame-ancestors 'self'")], 110),
        (vec![nosniff, hsts, csp("default-src 'none'; script-src 'unsafe-inline'")], 60),
        (vec![nosniff, hsts, none, ("set-cookie", "session=1; Secure; SameSite=Lax")], 70),
        (vec![nosniff, hsts, none, ("set-cookie", "a=1; Secure; HttpOnly; SameSite=Lax")], 120),
        (vec![nosniff, hsts, none, ("cross-origin-resource-policy", "same-origin")], 125),
        (vec![nosniff, hsts, none, ("referrer-policy", "unsafe-url")], 95 + 15),
    ] {
        assert_eq!(of(&headers), expected, "{headers:?}");
    }
}
