//! Requests to leave HTTP.

use http::Request;

use super::Connection;
use crate::edge::wire::WireControl;
use crate::upstream::{Incoming, OnUpgrade, on_upgrade};

/// How a connection may leave HTTP; the filter under it waits for an answer.
#[derive(Debug)]
pub(super) struct Switch {
    wire: Option<WireControl>,
    client: Option<OnUpgrade>,
}

impl Switch {
    /// What this request asks for; the filter waits only where it asks to leave HTTP.
    pub(super) fn of(connection: &Connection, request: &mut Request<Incoming>) -> Self {
        let wire = connection.wire.clone().filter(|_| {
            WireControl::asks_upgrade(request.method(), request.version(), request.headers())
        });
        let client = wire.is_some().then(|| on_upgrade(request));
        Self { wire, client }
    }

    /// The application agreed; the client's side of the connection.
    pub(super) fn grant(mut self) -> Option<OnUpgrade> {
        self.wire.take().inspect(WireControl::upgraded);
        self.client.take()
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        if let Some(wire) = self.wire.take() {
            wire.resume_http();
        }
    }
}
