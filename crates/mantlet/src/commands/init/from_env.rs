//! `mantlet init --from-env FILE`: the variables that applications of its kind are configured with,
//! as a `mantlet.toml`. What becomes of each is said; a secret's value goes nowhere.

use std::collections::BTreeSet;

use mantlet_config::Value;
use mantlet_types::Timestamp;

use super::dotenv::{self, Variable};
use super::secrets;
use crate::config::problems_of;

/// Where the application is when no variable says.
const USUAL_UPSTREAM: &str = "http://127.0.0.1:8501";

/// What became of the variables.
#[derive(Debug)]
pub(super) struct Converted {
    /// The configuration; `mantlet check` has nothing to say about it.
    pub(super) text: String,
    /// What is to be known besides: one line each.
    pub(super) notes: Vec<String>,
}

/// One key with its value, and the variables it comes from.
#[derive(Debug)]
struct Entry {
    table: &'static str,
    key: &'static str,
    value: Value,
    from: String,
}

/// What was read, and what was made of it so far.
#[derive(Debug)]
pub(super) struct Converter {
    variables: Vec<Variable>,
    entries: Vec<Entry>,
    notes: Vec<String>,
    used: BTreeSet<String>,
}

/// Variables that say on which port the application listens, and those for its address.
const PORTS: [(&str, &str); 8] = [
    ("STREAMLIT_SERVER_PORT", "STREAMLIT_SERVER_ADDRESS"),
    ("WEBSOCKET_PORT", "WEBSOCKET_HOST"),
    ("UVICORN_PORT", "UVICORN_HOST"),
    ("FLASK_RUN_PORT", "FLASK_RUN_HOST"),
    ("SERVER_PORT", "SERVER_HOST"),
    ("API_PORT", "API_HOST"),
    ("APP_PORT", "APP_HOST"),
    ("PORT", "HOST"),
];

/// Secrets that Mantlet itself asks for.
const TOKENS: [(&str, &str, &str); 3] = [
    ("DASHBOARD_TOKEN", "websocket", "token"),
    ("WEBSOCKET_TOKEN", "websocket", "token"),
    ("METRICS_TOKEN", "admin", "metrics_token"),
];

const ORIGINS: [&str; 4] =
    ["ALLOWED_ORIGINS", "CORS_ALLOWED_ORIGINS", "CORS_ORIGINS", "BACKEND_CORS_ORIGINS"];

/// Sizes: the variable, the key of `[server]`, the unit of a bare number in bytes.
const SIZES: [(&str, &str, u64); 6] = [
    ("MAX_CONTENT_LENGTH", "body_limit", 1),
    ("MAX_REQUEST_SIZE", "body_limit", 1),
    ("STREAMLIT_SERVER_MAX_UPLOAD_SIZE", "upload_limit", 1_000_000),
    ("MAX_UPLOAD_SIZE", "upload_limit", 1),
    ("MAX_FILE_SIZE", "upload_limit", 1),
    ("MAX_FILE_SIZE_MB", "upload_limit", 1_000_000),
];

/// Variables whose purpose Mantlet serves without a setting, and how.
const SERVED: [(&str, &str); 12] = [
    ("SECURITY_LEVEL", "there is one level; a guard that gets in the way is set to `observe`"),
    ("STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION", "the guard `csrf` always protects"),
    ("STREAMLIT_SERVER_ENABLE_CORS", "the guard `cors` answers for the origins it lists"),
    ("ENABLE_CORS", "the guard `cors` answers for the origins it lists"),
    (
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS",
        "Mantlet sends no usage data; keep it off in the application",
    ),
    ("ENABLE_SECURITY_HEADERS", "the guard `headers` is on"),
    ("REQUIRE_HTTPS", "name certificate and key in `[server.tls]`"),
    ("HTTPS_REQUIRED", "name certificate and key in `[server.tls]`"),
    ("ENABLE_HTTPS", "name certificate and key in `[server.tls]`"),
    ("ENABLE_AUDIT_LOG", "the audit log is always on"),
    ("ENABLE_SECURITY_MONITORING", "metrics and the event log are always on"),
    ("LOG_LEVEL", "it stays the application's; `[log]` is for Mantlet's own"),
];

/// Turns the variables in `text` into a configuration; `upstream` is stronger than any of them.
pub(super) fn convert(text: &str, upstream: Option<&str>, today: Timestamp) -> Converted {
    let (variables, unreadable) = dotenv::parse(text);
    let mut converter =
        Converter { variables, entries: Vec::new(), notes: Vec::new(), used: BTreeSet::new() };
    for line in unreadable {
        converter.notes.push(format!("line {line} is no variable and was left out"));
    }
    converter.upstream(upstream);
    converter.limits();
    converter.sizes();
    converter.origins();
    converter.proxies();
    converter.tokens();
    secrets::convert(&mut converter, today);
    converter.rest();
    Converted { text: converter.render(), notes: converter.notes }
}

impl Converter {
    /// The value of a variable, which counts as understood from now on; the last one wins, as in
    /// every other tool. `None` when it is absent or empty.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let found = self.variables.iter().rev().find(|variable| variable.name == name)?;
        self.used.insert(name.to_owned());
        Some(found.value.clone()).filter(|value| !value.is_empty())
    }

    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Adds a key where the whole stays a configuration without a problem; else says why not.
    pub(super) fn add(&mut self, table: &'static str, key: &'static str, value: Value, from: &str) {
        let _ = self.add_all(table, vec![(key, value)], from);
    }

    /// Adds keys that belong together, all or none of them; whether it did.
    pub(super) fn add_all(
        &mut self,
        table: &'static str,
        values: Vec<(&'static str, Value)>,
        from: &str,
    ) -> bool {
        let is_taken = |entry: &&Entry| {
            entry.table == table && values.iter().any(|(key, _)| *key == entry.key)
        };
        if let Some(before) = self.entries.iter().find(is_taken) {
            let note = format!("{from}: left out, {} says it already", before.from);
            self.notes.push(note);
            return false;
        }
        let before = self.entries.len();
        let entry = |(key, value)| Entry { table, key, value, from: from.to_owned() };
        self.entries.extend(values.into_iter().map(entry));
        let problems = problems_of(&self.render());
        let Some(problem) = problems.iter().next() else { return true };
        self.entries.truncate(before);
        self.notes.push(format!("{from}: left out: {}", problem.message));
        false
    }

    /// Adds to a list, in which every variable has a say; with problems of its own it is left out.
    fn add_to_list(
        &mut self,
        (table, key): (&'static str, &'static str),
        values: Vec<Value>,
        from: &str,
    ) {
        let is_same = |entry: &Entry| (entry.table, entry.key) == (table, key);
        let Some(place) = self.entries.iter().position(is_same) else {
            return self.add(table, key, Value::Array(values), from);
        };
        let before = self.entries.remove(place);
        let known = before.value.as_array().cloned().unwrap_or_default();
        let more = values.into_iter().filter(|value| !known.contains(value)).collect::<Vec<_>>();
        let (all, names) = ([known.clone(), more].concat(), format!("{}, {from}", before.from));
        self.add(table, key, Value::Array(all), &names);
        if !self.entries.iter().any(is_same) {
            self.entries.insert(place, before);
        }
    }

    fn upstream(&mut self, given: Option<&str>) {
        if let Some(url) = given {
            self.add("upstream", "url", Value::String(url.to_owned()), "--upstream");
        }
        for (port_name, host_name) in PORTS {
            let (port, host) = (self.take(port_name), self.take(host_name));
            if let Some(port) = port.and_then(|port| port.parse::<u16>().ok()) {
                let url = format!("http://127.0.0.1:{port}");
                self.add("upstream", "url", Value::String(url), port_name);
            }
            let is_open =
                host.is_some_and(|host| !["127.0.0.1", "localhost", "::1"].contains(&&*host));
            if is_open {
                self.notes.push(format!(
                    "{host_name}: set it to 127.0.0.1, so that nobody goes past Mantlet; where Mantlet listens is `[server] listen`"
                ));
            }
        }
        if self.entries.iter().all(|entry| entry.key != "url") {
            let note =
                format!("no variable says where the application is: `{USUAL_UPSTREAM}` is a guess");
            self.notes.push(note);
            let url = Value::String(USUAL_UPSTREAM.to_owned());
            self.add("upstream", "url", url, "no variable: correct it");
        }
    }

    fn limits(&mut self) {
        let is_off = |value: &str| ["false", "0", "no", "off"].contains(&&*value.to_lowercase());
        if self.take("ENABLE_RATE_LIMITING").is_some_and(|value| is_off(&value)) {
            let observe = Value::String("observe".into());
            self.add("guards.limit", "mode", observe, "ENABLE_RATE_LIMITING");
        }
        let mut quotas = Vec::new();
        let mut names = Vec::new();
        let window = self.take("RATE_LIMIT_WINDOW").unwrap_or_else(|| "3600".into());
        for (name, window) in [
            ("RATE_LIMIT_REQUESTS", format!("{window}s")),
            ("RATE_LIMIT_PER_MINUTE", "min".into()),
            ("REQUESTS_PER_MINUTE", "min".into()),
            ("RATE_LIMIT_PER_HOUR", "h".into()),
            ("REQUESTS_PER_HOUR", "h".into()),
        ] {
            if let Some(count) = self.take(name) {
                quotas.push(Value::String(format!("{count}/{window}")));
                names.push(name);
            }
        }
        if names.contains(&"RATE_LIMIT_REQUESTS") {
            names.push("RATE_LIMIT_WINDOW");
        }
        if !quotas.is_empty() {
            self.add("guards.limit", "per_address", Value::Array(quotas), &names.join(", "));
        }
    }

    fn sizes(&mut self) {
        for (name, key, unit) in SIZES {
            let Some(text) = self.take(name) else { continue };
            let bytes = text.parse::<u64>().ok().and_then(|count| count.checked_mul(unit));
            let size = bytes.map_or(text, |bytes| format!("{bytes}B"));
            self.add("server", key, Value::String(size), name);
            if key == "upload_limit" {
                let note = "it holds on routes with `upload = true`, such as the path of uploads";
                self.notes.push(format!("{name}: {note}"));
            }
        }
    }

    fn origins(&mut self) {
        for name in ORIGINS {
            let Some(text) = self.take(name) else { continue };
            let marks = ['[', ']', '"', '\'', ' '];
            let list: Vec<String> = text
                .split(',')
                .map(|origin| origin.trim_matches(marks).trim_end_matches('/').to_owned())
                .filter(|origin| !origin.is_empty())
                .collect();
            if list.iter().any(|origin| origin.contains('*')) {
                self.notes.push(format!("{name}: left out: `*` lets every page on the web read answers; name the origins"));
                continue;
            }
            let list = list.into_iter().map(Value::String).collect();
            self.add_to_list(("guards.cors", "origins"), list, name);
        }
        for name in ["CORS_ALLOW_CREDENTIALS", "ALLOW_CREDENTIALS"] {
            let is_on = self.take(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
            if is_on && self.entries.iter().any(|entry| entry.key == "origins") {
                self.add("guards.cors", "credentials", Value::Boolean(true), name);
            }
        }
    }

    fn proxies(&mut self) {
        for name in ["TRUSTED_PROXIES", "FORWARDED_ALLOW_IPS"] {
            let Some(text) = self.take(name) else { continue };
            let list = text.split(',').map(|network| Value::String(network.trim().to_owned()));
            self.add_to_list(("client", "trusted_proxies"), list.collect(), name);
        }
    }

    /// The value stays where it is: the configuration says only where.
    fn tokens(&mut self) {
        for (name, table, key) in TOKENS {
            if self.take(name).is_some() {
                self.add(table, key, Value::String(format!("env:{name}")), name);
                self.notes.push(format!(
                    "{name}: a secret; give it to Mantlet as the variable {name}, or as a file that {name}_FILE names"
                ));
            }
        }
    }

    /// Every variable that nothing was made of, once.
    fn rest(&mut self) {
        for (name, how) in SERVED {
            if self.take(name).is_some() {
                self.notes.push(format!("{name}: {how}"));
            }
        }
        let names: BTreeSet<_> =
            self.variables.iter().map(|variable| variable.name.clone()).collect();
        for name in names.difference(&self.used.clone()) {
            self.notes.push(if is_secret(name) {
                format!("{name}: a secret; {}", secrets::about(name))
            } else {
                format!("{name}: not known here; it stays the application's")
            });
        }
    }

    fn render(&self) -> String {
        let mut text = String::from(
            "# Made by `mantlet init --from-env`; `mantlet config reference` explains every key.\n",
        );
        let mut tables: Vec<&str> = Vec::new();
        for entry in &self.entries {
            if !tables.contains(&entry.table) {
                tables.push(entry.table);
            }
        }
        for table in tables {
            text.push_str(&format!("\n[{table}]\n"));
            for entry in self.entries.iter().filter(|entry| entry.table == table) {
                text.push_str(&format!("# from {}\n{} = {}\n", entry.from, entry.key, entry.value));
            }
        }
        text
    }
}

/// Whether a variable of this name holds a secret, as far as names tell.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let parts =
        ["SECRET", "TOKEN", "PASSW", "CREDENTIAL", "PRIVATE", "DSN", "_URL", "_URI", "SALT"];
    name.ends_with("KEY") || parts.iter().any(|part| name.contains(part))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
