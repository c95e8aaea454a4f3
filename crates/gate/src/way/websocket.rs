//! The step to the application, for a connection that is to become a WebSocket.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderValue, Response, StatusCode};
use http_body::Body as _;
use mantlet_event::{catalogue, reasons, task};

use super::{Answer, Stop, Worker};
use crate::edge::{ClientStream, RequestBody, WayOut};
use crate::identity::Identified;
use crate::live::Target;
use crate::pipeline::{Denial, Exchange, Origin};
use crate::upstream::{
    AnswerBody, Group, Outgoing, RawStream, Tunnel, UpstreamBody, UpstreamError, answered_by,
    clean_answer,
};
use crate::websocket::{self, Agreement, Ending, Offer, Place, Presented, Session};

/// What a WebSocket is opened with, once the client may have one.
struct Opening {
    session: Session,
    place: Place,
    offer: Offer,
    group: Arc<Group>,
    request: Outgoing,
}

impl Worker {
    /// Opens a WebSocket: the handshake, the page behind it and the token first, then a place, then
    /// the application.
    pub(super) async fn open(
        self: &Arc<Self>,
        target: &Arc<Target>,
        group: &Arc<Group>,
        exchange: &mut Exchange,
        body: RequestBody,
    ) -> Answer {
        if !body.is_end_stream() {
            let denial = Denial::new(&reasons::WEBSOCKET_HANDSHAKE).evidence("a body");
            return Err(refused(denial));
        }
        let mut offer = target.sockets.admit(exchange).map_err(refused)?;
        let presented = match &target.sockets.token {
            Some(token) => token.at_handshake(exchange, &mut offer).await,
            None => Ok(Presented::Yes),
        };
        let presented = presented.map_err(|denial| {
            if *denial.reason == reasons::WEBSOCKET_ATTEMPTS {
                self.gate.metrics.limit_reached("websocket.token_attempts");
            }
            refused(denial)
        })?;
        let (session, place) = self.session(target, exchange)?;
        if group.is_empty() {
            return Err(Stop::route(Denial::new(&reasons::NO_ROUTE)));
        }
        let agreement = (presented == Presented::NotYet).then(|| target.sockets.settle(&mut offer));
        offer.ask(&mut exchange.headers);
        let request = Outgoing::build(exchange, UpstreamBody::empty());
        let request = request.map_err(|denial| Stop::hygiene(*denial))?;
        let group = Arc::clone(group);
        let opening = Opening { session, place, offer, group, request };
        let way_out = body.way_out();
        match agreement {
            Some(agreement) => self.open_later(opening, agreement, way_out),
            None => self.open_now(opening, way_out).await,
        }
    }

    /// A place for one more WebSocket, in every count.
    fn session(
        &self,
        target: &Arc<Target>,
        exchange: &mut Exchange,
    ) -> Result<(Session, Place), Stop> {
        let gate = &self.gate;
        let full = |limit: &'static str| {
            gate.metrics.limit_reached(limit);
            let denial = Denial::new(&reasons::TOO_MANY_CONNECTIONS).evidence(limit);
            refused(denial)
        };
        let place = target.sockets.place(exchange.client.address).map_err(full)?;
        let caller = exchange.facts.lookup::<Identified>().map(|who| &*who.caller);
        let tunnel = Tunnel {
            id: exchange.id,
            client: exchange.client.address,
            principal: caller.map(|caller| caller.user.as_str().to_owned()),
            credential: caller.map(|caller| caller.mark),
        };
        // It outlives no credential, whatever its own lifetime may be.
        let left = caller.map(|caller| caller.until.duration_since(gate.clock.now()));
        let credential = left.map(|left| Duration::try_from(left).unwrap_or_default());
        let slot = gate.tunnels.reserve(tunnel);
        let slot = slot.ok_or_else(|| full("server.max_upgraded_connections"))?;
        let exchange = if target.plan.wants_messages() {
            exchange.clone()
        } else {
            let headers = std::mem::take(&mut exchange.headers);
            let light = exchange.clone();
            exchange.headers = headers;
            light
        };
        let session = Session {
            gate: Arc::clone(gate),
            runner: self.runner.clone(),
            target: Arc::clone(target),
            exchange,
            slot,
            credential,
            patience: self.live.body_pace.pause,
        };
        Ok((session, place))
    }

    /// The application answers the handshake.
    async fn open_now(&self, opening: Opening, way_out: Option<WayOut>) -> Answer {
        let Opening { session, place, offer, group, request } = opening;
        let mut response = match self.pool.send(&group, request).await {
            Ok(response) => response,
            Err(failed) => return Err(self.upstream_stop(&failed.error, &failed.server())),
        };
        let server = answered_by(&response);
        let invalid = |why: &str| {
            let error = UpstreamError::Invalid(why.to_owned());
            self.upstream_stop(&error, &server)
        };
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            clean_answer(&mut response);
            return Ok(response);
        }
        let agreement = offer.agree(response.headers()).map_err(invalid)?;
        let application = response.body_mut().take_stream();
        let application = application.ok_or_else(|| invalid("the connection did not switch"))?;
        let client = way_out.ok_or_else(|| invalid("the client cannot switch"))?;
        clean_answer(&mut response);
        session.target.sockets.answer(&offer, &agreement, response.headers_mut());
        task::spawn(&self.gate.events, "websocket", async move {
            let _place = place;
            // The client may go before its answer is out.
            let Ok(client) = client.await else { return };
            websocket::run(session, client, *application, agreement, BytesMut::new()).await;
        });
        Ok(response)
    }

    /// The gate answers the handshake; the application hears of the client once its first message
    /// has proved that it may.
    fn open_later(
        self: &Arc<Self>,
        opening: Opening,
        agreement: Agreement,
        way_out: Option<WayOut>,
    ) -> Answer {
        let Some(client) = way_out else {
            let denial = Denial::new(&reasons::WEBSOCKET_HANDSHAKE);
            return Err(refused(denial.evidence("the connection cannot leave HTTP")));
        };
        let mut response = Response::new(AnswerBody::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        opening.session.target.sockets.answer(&opening.offer, &agreement, headers);
        response.extensions_mut().insert(Origin::Gate);
        let worker = Arc::clone(self);
        task::spawn(&self.gate.events, "websocket", async move {
            if let Ok(client) = client.await {
                worker.prove_and_relay(opening, agreement, client).await;
            }
        });
        Ok(response)
    }

    async fn prove_and_relay(&self, opening: Opening, agreed: Agreement, mut client: ClientStream) {
        let Opening { mut session, place: _place, offer, group, request } = opening;
        let Ok(early) = websocket::prove(&mut session, &mut client).await else { return };
        match self.reach(&offer, &agreed, &group, request).await {
            Some(application) => {
                websocket::run(session, client, *application, agreed, early).await;
            }
            None => websocket::part(&session, &mut client, Ending::Unreachable).await,
        }
    }

    /// The handshake with the application, on behalf of a client that has had its answer.
    async fn reach(
        &self,
        offer: &Offer,
        agreed: &Agreement,
        group: &Group,
        request: Outgoing,
    ) -> Option<Box<RawStream>> {
        let (error, server) = match self.pool.send(group, request).await {
            Err(failed) => {
                let server = failed.server();
                (failed.error, server)
            }
            Ok(mut response) => {
                let why = if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                    match offer.agree(response.headers()) {
                        Ok(agreement) if agreement == *agreed => {
                            return response.body_mut().take_stream();
                        }
                        Ok(_) => "another subprotocol than offered".to_owned(),
                        Err(why) => why.to_owned(),
                    }
                } else {
                    format!("status {} to a handshake", response.status())
                };
                (UpstreamError::Invalid(why), answered_by(&response))
            }
        };
        // The event is what is wanted of this; the client has had its answer.
        let _ = self.upstream_stop(&error, &server);
        None
    }
}

fn refused(denial: Denial) -> Stop {
    Stop::Stage(&catalogue::WEBSOCKET_REQUEST_REFUSED, "websocket", Box::new(denial))
}
