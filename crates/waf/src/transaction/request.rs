//! The head of a request as variables.

use super::state::State;
use crate::body::Processor;
use crate::transformations::bytes::is_space;
use crate::transformations::url;
use crate::variables::Variable;

/// Header fields whose values are the same in many requests, and no secrets.
const COMMON_HEADERS: &[&[u8]] = &[
    b"accept",
    b"accept-charset",
    b"accept-encoding",
    b"accept-language",
    b"cache-control",
    b"connection",
    b"content-length",
    b"content-type",
    b"dnt",
    b"host",
    b"origin",
    b"pragma",
    b"priority",
    b"sec-ch-ua",
    b"sec-ch-ua-mobile",
    b"sec-ch-ua-platform",
    b"sec-fetch-dest",
    b"sec-fetch-mode",
    b"sec-fetch-site",
    b"sec-fetch-user",
    b"te",
    b"upgrade-insecure-requests",
    b"user-agent",
    b"x-requested-with",
];

impl State {
    /// Takes the request line apart. `target` is the target as it was sent.
    pub(super) fn request_line(
        &mut self,
        method: &[u8],
        target: &[u8],
        protocol: &[u8],
        separator: u8,
        limit: usize,
    ) {
        let line = [method, b" ", target, b" ", protocol].concat();
        self.set(Variable::RequestLine, &line);
        self.set(Variable::RequestMethod, method);
        self.set(Variable::RequestProtocol, protocol);
        self.set(Variable::RequestUriRaw, target);
        let (path, query) = split_once(target, b'?');
        let relative = without_authority(target);
        self.set(Variable::RequestUri, relative);
        let mut decoded = Vec::new();
        let (relative_path, _) = split_once(without_authority(path), b'#');
        decode_path(relative_path, &mut decoded);
        self.set(Variable::RequestFilename, &decoded);
        self.set(Variable::PathInfo, &decoded);
        let base = decoded.iter().rposition(|byte| matches!(byte, b'/' | b'\\'));
        let basename = base.and_then(|slash| decoded.get(slash + 1..)).unwrap_or(&decoded);
        self.set(Variable::RequestBasename, basename);
        let (query, _) = split_once(query.unwrap_or_default(), b'#');
        self.set(Variable::QueryString, query);
        self.flag(Variable::UrlencodedError, false);
        self.arguments(Variable::ArgsGet, query, separator, limit);
    }

    /// Reads URL-encoded arguments.
    pub(super) fn arguments(
        &mut self,
        variable: Variable,
        text: &[u8],
        separator: u8,
        limit: usize,
    ) {
        if text.is_empty() {
            return;
        }
        let (mut name, mut value) = (Vec::new(), Vec::new());
        let mut invalid = false;
        for part in text.split(|byte| *byte == separator).filter(|part| !part.is_empty()) {
            let (raw_name, raw_value) = split_once(part, b'=');
            name.clear();
            value.clear();
            url::decode(raw_name, &mut name);
            url::decode(raw_value.unwrap_or_default(), &mut value);
            invalid |= !url::is_well_encoded(part);
            if !self.argument(variable, &name, &value, limit) {
                break;
            }
        }
        if invalid {
            self.flag(Variable::UrlencodedError, true);
        }
    }

    /// Takes an argument in. `false`: no more can be.
    pub(super) fn argument(
        &mut self,
        variable: Variable,
        name: &[u8],
        value: &[u8],
        limit: usize,
    ) -> bool {
        self.watch.take_in(name.len() + value.len())
            && self.add_argument(variable, name, value, limit)
    }

    /// Takes one header field of the request in.
    pub(super) fn request_header(&mut self, name: &[u8], value: &[u8]) {
        let lower = name.to_ascii_lowercase();
        let is_common = COMMON_HEADERS.contains(&lower.as_slice());
        self.watch.one_more();
        self.add_named(Variable::RequestHeaders, name, value, is_common);
        match lower.as_slice() {
            b"authorization" => {
                let scheme = value.split(|byte| *byte == b' ').next().unwrap_or_default().to_vec();
                self.set(Variable::AuthType, &scheme);
            }
            b"cookie" => self.cookies(value),
            b"content-type" => {
                if let Some(processor) = Processor::of_content_type(value) {
                    self.switches.processor = Some(processor);
                    self.set(Variable::ReqbodyProcessor, processor.name().as_bytes());
                }
            }
            b"host" => {
                let host = if value.starts_with(b"[") {
                    split_once(value, b']').0
                } else {
                    split_once(value, b':').0
                };
                self.set(Variable::ServerName, host.strip_prefix(b"[").unwrap_or(host));
            }
            _ => {}
        }
    }

    fn cookies(&mut self, value: &[u8]) {
        let trimmed = value.trim_ascii_end();
        for part in trimmed.split(|byte| *byte == b';') {
            let (name, text) = split_once(part, b'=');
            let start = name.iter().position(|byte| !is_space(*byte)).unwrap_or(name.len());
            let name = name.get(start..).unwrap_or_default();
            if name.is_empty() {
                continue;
            }
            if !self.watch.one_more() {
                break;
            }
            self.add_named(Variable::RequestCookies, name, text.unwrap_or_default(), false);
        }
    }
}

/// What stands before and after the first `byte`.
pub(super) fn split_once(text: &[u8], byte: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(byte, text) {
        Some(position) => (text.get(..position).unwrap_or_default(), text.get(position + 1..)),
        None => (text, None),
    }
}

/// A target in absolute form without scheme and authority.
fn without_authority(target: &[u8]) -> &[u8] {
    if target.starts_with(b"/") {
        return target;
    }
    let authority = memchr::memmem::find(target, b"://").filter(|colon| {
        target
            .iter()
            .take(*colon)
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    });
    let rest = authority.and_then(|colon| target.get(colon + 3..));
    match rest {
        Some(rest) => {
            memchr::memchr(b'/', rest).and_then(|slash| rest.get(slash..)).unwrap_or(b"/")
        }
        None => target,
    }
}

/// Decodes `%HH` of a path; a `+` is a plus there.
fn decode_path(path: &[u8], out: &mut Vec<u8>) {
    for (index, part) in path.split(|byte| *byte == b'+').enumerate() {
        if index > 0 {
            out.push(b'+');
        }
        url::decode(part, out);
    }
}
