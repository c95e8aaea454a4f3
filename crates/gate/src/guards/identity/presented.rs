//! What of a request is a credential of ours.

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
pub(super) struct Presented {
    found: Vec<(Kind, String)>,
    /// Whether the field `Authorization` holds one.
    pub(super) is_in_authorization: bool,
    /// Whether the field `X-API-Key` holds one.
    pub(super) is_in_key_header: bool,
    /// Where a ticket stands among the subprotocols: the others, as a field; `None` inside for none.
    pub(super) other_protocols: Option<Option<HeaderValue>>,
    /// The page behind a handshake.
    origin: Option<String>,
}

impl Presented {
    /// What the request carries; `is_own` says which tokens are ours to check.
    pub(super) fn of(exchange: &Exchange, is_own: &dyn Fn(&str) -> bool) -> Self {
        let headers = &exchange.headers;
        let mut presented = Self::default();
        // Hygiene lets one field through at most.
        if let Some((kind, text)) = headers.get(AUTHORIZATION).and_then(|it| bearer(it, is_own)) {
            presented.found.push((kind, text.to_owned()));
            presented.is_in_authorization = true;
        }
        for field in headers.get_all(X_API_KEY) {
            if let Some(key) = text(field).filter(|text| PresentedKey::is_likely(text)) {
                presented.found.push((Kind::ApiKey, key.to_owned()));
                presented.is_in_key_header = true;
            }
        }
        if exchange.is_websocket && presented.take_tickets(exchange) {
            // The page shows a ticket in place of what its browser sends along by itself.
            return presented;
        }
        let sessions = Cookies::of(exchange).sessions(headers).into_iter();
        presented.found.extend(sessions.map(|session| (Kind::Session, session)));
        presented
    }

    /// Tickets among the subprotocols of a handshake; whether there are any.
    fn take_tickets(&mut self, exchange: &Exchange) -> bool {
        let fields = exchange.headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
        let names = fields.filter_map(text).flat_map(|field| field.split(',')).map(str::trim);
        let (tickets, others): (Vec<&str>, Vec<&str>) =
            names.partition(|name| name.starts_with(TICKET_CARRIER));
        let tickets = tickets.iter().filter_map(|name| name.strip_prefix(TICKET_CARRIER));
        self.found.extend(tickets.map(|ticket| (Kind::Ticket, ticket.to_owned())));
        let has_any = self.found.iter().any(|(kind, _)| *kind == Kind::Ticket);
        if has_any {
            let others = Some(others.join(", ")).filter(|others| !others.is_empty());
            self.other_protocols = Some(others.and_then(|it| HeaderValue::try_from(it).ok()));
            let mut origins = exchange.headers.get_all(ORIGIN).iter();
            let origin = origins.next().filter(|_| origins.next().is_none()).and_then(text);
            self.origin = origin.map(str::to_owned);
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
            Kind::Ticket => Credential::Ticket(text, self.origin.as_deref()),
        };
        Some((*kind, credential))
    }
}

/// The credential behind the word `Bearer`, in any case (RFC 9110, section 11.1), where it is ours.
fn bearer<'a>(field: &'a HeaderValue, is_own: &dyn Fn(&str) -> bool) -> Option<(Kind, &'a str)> {
    let (scheme, rest) = text(field)?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let credential = rest.trim_matches(' ');
    if PresentedKey::is_likely(credential) {
        return Some((Kind::ApiKey, credential));
    }
    is_own(credential).then_some((Kind::Token, credential))
}

fn text(field: &HeaderValue) -> Option<&str> {
    str::from_utf8(field.as_bytes()).ok().map(str::trim)
}
