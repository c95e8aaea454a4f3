//! What of a request is a credential of ours.

use std::borrow::Cow;

use http::HeaderValue;
use http::header::{AUTHORIZATION, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use mantlet_identity::api_key::PresentedKey;
use mantlet_identity::directory::Credential;

use super::X_API_KEY;
use crate::identity::cookies::Cookies;
use crate::pipeline::Exchange;
use crate::websocket::TICKET_CARRIER;

/// What kind of credential it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Session,
    ApiKey,
    Token,
    Ticket,
}

impl Kind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::ApiKey => "api-key",
            Self::Token => "token",
            Self::Ticket => "ticket",
        }
    }
}

/// Every credential of ours that a request carries.
#[derive(Default)]
pub(super) struct Presented<'a> {
    found: Vec<(Kind, Cow<'a, str>)>,
    /// Whether the field `Authorization` holds one.
    pub(super) is_in_authorization: bool,
    /// Whether the field `X-API-Key` holds one.
    pub(super) is_in_key_header: bool,
    /// Where a ticket stands among the subprotocols: the others, as a field; `None` inside for none.
    pub(super) other_protocols: Option<Option<HeaderValue>>,
    /// Whether any cookie is ours, and whether any is not.
    pub(super) cookies: (bool, bool),
    /// The page behind a handshake.
    origin: Option<&'a str>,
}

impl<'a> Presented<'a> {
    /// What the request carries. A token in three parts may be the application's own: see
    /// [`Presented::settle`].
    pub(super) fn of(exchange: &'a Exchange) -> Self {
        let headers = &exchange.headers;
        let mut presented = Self::default();
        // Hygiene lets one field through at most.
        if let Some((kind, text)) = headers.get(AUTHORIZATION).and_then(bearer) {
            presented.found.push((kind, Cow::Borrowed(text)));
            presented.is_in_authorization = true;
        }
        for field in headers.get_all(X_API_KEY) {
            if let Some(key) = text(field).filter(|text| PresentedKey::is_likely(text)) {
                presented.found.push((Kind::ApiKey, Cow::Borrowed(key)));
                presented.is_in_key_header = true;
            }
        }
        let cookies = Cookies::of(exchange).sent(headers);
        presented.cookies = (cookies.has_ours, cookies.has_others);
        if exchange.is_websocket && presented.take_tickets(exchange) {
            // The page shows a ticket in place of what its browser sends along by itself.
            return presented;
        }
        presented.found.extend(cookies.sessions.into_iter().map(|it| (Kind::Session, it)));
        presented
    }

    /// Takes out a token that is not ours to check, as `is_own` says; whether it did.
    pub(super) fn settle(&mut self, is_own: impl Fn(&str) -> bool) -> bool {
        let before = self.found.len();
        self.found.retain(|(kind, text)| *kind != Kind::Token || is_own(text));
        let is_any_out = self.found.len() < before;
        self.is_in_authorization &= !is_any_out;
        is_any_out
    }

    /// Tickets among the subprotocols of a handshake; whether there are any.
    fn take_tickets(&mut self, exchange: &'a Exchange) -> bool {
        let fields = exchange.headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
        let names = fields.filter_map(text).flat_map(|field| field.split(',')).map(str::trim);
        let (tickets, others): (Vec<&str>, Vec<&str>) =
            names.partition(|name| name.starts_with(TICKET_CARRIER));
        let tickets = tickets.iter().filter_map(|name| name.strip_prefix(TICKET_CARRIER));
        self.found.extend(tickets.map(|ticket| (Kind::Ticket, Cow::Borrowed(ticket))));
        let has_any = self.found.iter().any(|(kind, _)| *kind == Kind::Ticket);
        if has_any {
            let others = Some(others.join(", ")).filter(|others| !others.is_empty());
            self.other_protocols = Some(others.and_then(|it| HeaderValue::try_from(it).ok()));
            let mut origins = exchange.headers.get_all(ORIGIN).iter();
            self.origin = origins.next().filter(|_| origins.next().is_none()).and_then(text);
        }
        has_any
    }

    pub(super) const fn is_none(&self) -> bool {
        self.found.is_empty()
    }

    /// What was found, in order.
    #[cfg(test)]
    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.found.iter().map(|(kind, _)| *kind).collect()
    }

    pub(super) const fn count(&self) -> usize {
        self.found.len()
    }

    /// The one credential; `None` when there are more.
    pub(super) fn only(&self) -> Option<(Kind, Credential<'_>)> {
        let [(kind, text)] = self.found.as_slice() else { return None };
        let credential = match kind {
            Kind::Session => Credential::Session(text),
            Kind::ApiKey => Credential::ApiKey(text),
            Kind::Token => Credential::Token(text),
            Kind::Ticket => Credential::Ticket(text, self.origin),
        };
        Some((*kind, credential))
    }
}

/// The credential behind the word `Bearer`, in any case (RFC 9110, section 11.1), where it looks like
/// one of ours.
fn bearer(field: &HeaderValue) -> Option<(Kind, &str)> {
    let (scheme, rest) = text(field)?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let credential = rest.trim_matches(' ');
    if PresentedKey::is_likely(credential) {
        return Some((Kind::ApiKey, credential));
    }
    let is_in_three = memchr::memchr_iter(b'.', credential.as_bytes()).count() == 2;
    is_in_three.then_some((Kind::Token, credential))
}

fn text(field: &HeaderValue) -> Option<&str> {
    str::from_utf8(field.as_bytes()).ok().map(str::trim)
}
