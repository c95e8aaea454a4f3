//! A browser as far as these tests need one: cookies, forms, and what browsers say of themselves.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use mantlet_testkit::MantletProcess;
use mantlet_testkit::wire::{self, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// What browsers accept when they open a page.
pub(crate) const PAGE: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");

/// Somebody with a browser.
#[derive(Debug, Clone)]
pub(crate) struct Person<'a> {
    pub(crate) gate: &'a MantletProcess,
    pub(crate) cookies: BTreeMap<String, String>,
    /// What they typed as the host: its port is added.
    pub(crate) host: &'a str,
}

impl<'a> Person<'a> {
    pub(crate) fn new(gate: &'a MantletProcess) -> Self {
        Self::at(gate, "127.0.0.1")
    }

    /// Somebody who opens the gate under this name.
    pub(crate) fn at(gate: &'a MantletProcess, host: &'a str) -> Self {
        Self { gate, cookies: BTreeMap::new(), host }
    }

    fn address(&self) -> SocketAddr {
        self.gate.address()
    }

    /// The host with the port.
    fn authority(&self) -> String {
        format!("{}:{}", self.host, self.address().port())
    }

    /// The origin of the pages they see.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.authority())
    }

    pub(crate) fn cookie_header(&self) -> String {
        let pairs: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    /// The id of the session in the browser.
    pub(crate) fn session(&self) -> Option<&str> {
        self.cookies.get("mantlet-session").map(String::as_str)
    }

    pub(crate) fn get(&mut self, path: &str) -> Response {
        let cookies = self.cookie_header();
        let host = self.authority();
        let mut headers = vec![
            PAGE,
            ("Host", host.as_str()),
            ("Sec-Fetch-Site", "none"),
            ("Sec-Fetch-Dest", "document"),
        ];
        if !cookies.is_empty() {
            headers.push(("Cookie", &cookies));
        }
        let response = wire::get(self.address(), path, &headers);
        self.keep(&response);
        response
    }

    /// Sends a form from a page of this origin.
    pub(crate) fn post(&mut self, path: &str, fields: &[(String, String)]) -> Response {
        let origin = self.origin();
        self.post_from(path, fields, &[("Origin", &origin), ("Sec-Fetch-Site", "same-origin")])
    }

    pub(crate) fn post_from(
        &mut self,
        path: &str,
        fields: &[(String, String)],
        said: &[(&str, &str)],
    ) -> Response {
        let cookies = self.cookie_header();
        let host = self.authority();
        let mut headers = vec![
            PAGE,
            ("Host", host.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        headers.extend(said);
        if !cookies.is_empty() {
            headers.push(("Cookie", &cookies));
        }
        let response =
            wire::request(self.address(), "POST", path, &headers, encode(fields).as_bytes());
        self.keep(&response);
        response
    }

    fn keep(&mut self, response: &Response) {
        for field in response.headers.get_all("set-cookie") {
            let (name, rest) = field.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if field.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Opens a page with a form and sends it with these fields filled in.
    pub(crate) fn fill(&mut self, page: &str, action: &str, typed: &[(&str, &str)]) -> Response {
        let shown = self.get(page);
        assert_eq!(shown.status, 200, "{page}: {shown:?}");
        let mut fields = form(&shown.text(), action);
        fill_in(&mut fields, typed);
        self.post(action, &fields)
    }

    pub(crate) fn sign_in(&mut self, name: &str, password: &str) -> Response {
        self.sign_in_at("/.mantlet/sign-in", name, password)
    }

    pub(crate) fn sign_in_at(&mut self, page: &str, name: &str, password: &str) -> Response {
        self.fill(page, "/.mantlet/sign-in", &[("username", name), ("password", password)])
    }

    pub(crate) fn profile(&mut self, action: &str, typed: &[(&str, &str)]) -> Response {
        self.fill("/.mantlet/profile", &format!("/.mantlet/profile/{action}"), typed)
    }

    pub(crate) fn sign_out(&mut self) -> Response {
        self.fill("/.mantlet/sign-out", "/.mantlet/sign-out", &[])
    }
}

pub(crate) fn fill_in(fields: &mut Vec<(String, String)>, typed: &[(&str, &str)]) {
    for (name, value) in typed {
        fields.retain(|(own, _)| own != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
}

fn encode(fields: &[(String, String)]) -> String {
    let part = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let fields = fields.iter().map(|(name, value)| format!("{}={}", part(name), part(value)));
    fields.collect::<Vec<_>>().join("&")
}

/// The hidden fields of the first form of a page with this action.
pub(crate) fn form(page: &str, action: &str) -> Vec<(String, String)> {
    let start = page.find(&format!("action=\"{action}\"")).unwrap_or_else(|| {
        panic!("no form for {action} in {page}");
    });
    let form = page.get(start..).unwrap().split("</form>").next().unwrap();
    let hidden = form.split("<input type=\"hidden\" name=\"").skip(1);
    let fields = hidden.map(|input| {
        let (name, rest) = input.split_once('"').unwrap();
        let value = rest.split_once("value=\"").unwrap().1.split('"').next().unwrap();
        let plain =
            [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
        let value = plain.iter().fold(value.to_owned(), |text, (from, to)| text.replace(from, to));
        (name.to_owned(), value)
    });
    fields.collect()
}
