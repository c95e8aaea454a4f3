//! A connection that speaks HTTP/2.

use std::convert::Infallible;
use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::outlet::Outlet;
use super::stream::{Paced, Streams};
use super::traffic::{Standstill, Traffic};
use super::watched::{Watched, now};
use crate::edge::connection::Protocols;
use crate::edge::phase::Phase;
use crate::edge::wire::WireControl;
use crate::way::Connection;

/// How often a silent connection is asked whether it is still there, and how long it may take to
/// say so.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_PATIENCE: Duration = Duration::from_secs(20);

/// How often a connection is looked at: so many times in the shortest of its deadlines, and at
/// least and at most this often.
const LOOKS: u32 = 4;
const SHORTEST_LOOK: Duration = Duration::from_millis(25);
const LONGEST_LOOK: Duration = Duration::from_secs(15);

/// Heads over our limit, up to so many times it, are refused by us, with an event and a page; the
/// library refuses larger ones without.
const HEAD_SLACK: u32 = 2;

/// What is known of the requests on a connection.
#[derive(Debug, Default)]
struct Requests {
    begun: AtomicU64,
    control: WireControl,
}

impl Requests {
    /// Those that have begun and whose answers are not out yet.
    fn working(&self) -> u64 {
        self.begun.load(Ordering::Relaxed).saturating_sub(self.control.finished())
    }
}

/// Why a connection is looked after no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nothing was asked on it for long: what runs may end.
    Idle,
    /// The client stands still: it is cut off.
    Still(Standstill),
}

/// Serves a connection to its end; `first` has been read from it already.
pub(in crate::edge) async fn serve<S>(
    protocols: &Protocols,
    stream: S,
    first: Bytes,
    connection: Connection,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (gate, requests) =
        (Arc::clone(&protocols.seat.worker().gate), Arc::new(Requests::default()));
    let traffic = Arc::new(Traffic::new(now()));
    let outlet = Arc::<Outlet>::default();
    let io = TokioIo::new(Watched::new(first, stream, Arc::clone(&traffic), Arc::clone(&outlet)));
    let connection = Connection { wire: Some(requests.control.clone()), ..connection };
    let (connection, counted) = (Arc::new(connection), Arc::clone(&requests));
    let seat = Arc::clone(&protocols.seat);
    let service = service_fn(move |request: Request<Incoming>| {
        let (worker, connection) = (seat.worker(), Arc::clone(&connection));
        let (counted, outlet) = (Arc::clone(&counted), Arc::clone(&outlet));
        async move {
            // Not before the answer is begun: what is dropped unpolled never ends either.
            counted.begun.fetch_add(1, Ordering::Relaxed);
            let response = worker.answer(&connection, request).await;
            Ok::<_, Infallible>(response.map(|body| Paced::new(body, outlet)))
        }
    });
    let streams = Streams {
        limit: protocols.rules.send_timeout,
        events: gate.events.clone(),
        metrics: gate.metrics.clone(),
    };
    let serving = http2::Builder::new(streams)
        .timer(TokioTimer::new())
        .max_concurrent_streams(protocols.rules.max_streams)
        .max_header_list_size(header_list(protocols))
        // However large the windows of a client that reads slowly: a piece is taken only while
        // nothing else of its stream waits here. The task of the stream holds the next one.
        .max_send_buf_size(1)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_PATIENCE)
        .serve_connection(io, service);
    let mut serving = std::pin::pin!(serving);
    let mut is_ending = false;
    loop {
        let looking_after = look_after(protocols, &requests, &traffic, is_ending);
        tokio::select! {
            ended = serving.as_mut() => {
                if traffic.is_flooded() || ended.is_err_and(|error| is_refused(&error)) {
                    gate.metrics.limit_reached("http2.flood");
                }
                return;
            }
            () = protocols.phases.reached(Phase::Retiring), if !is_ending => {}
            end = looking_after => match end {
                End::Idle => gate.metrics.limit_reached("server.idle_timeout"),
                End::Still(Standstill::Head) => {
                    return gate.metrics.limit_reached("server.head_timeout");
                }
                End::Still(Standstill::Answer) => {
                    return gate.metrics.limit_reached("server.send_timeout");
                }
            },
        }
        is_ending = true;
        serving.as_mut().graceful_shutdown();
    }
}

fn header_list(protocols: &Protocols) -> u32 {
    u32::try_from(protocols.rules.wire.head_limit).unwrap_or(u32::MAX).saturating_mul(HEAD_SLACK)
}

/// Ends when no request has begun or was being answered for the idle time, to within twice that
/// time (not once the connection `is_ending`), or when the client stands still.
async fn look_after(
    protocols: &Protocols,
    requests: &Requests,
    traffic: &Traffic,
    is_ending: bool,
) -> End {
    let wire = &protocols.rules.wire;
    let (idle, limits) = (wire.idle_timeout, (wire.head_timeout, protocols.rules.send_timeout));
    let look = idle.min(limits.0).min(limits.1) / LOOKS;
    let look = look.clamp(SHORTEST_LOOK, LONGEST_LOOK);
    let mut asked = (requests.begun.load(Ordering::Relaxed), now());
    let mut was_still = false;
    loop {
        tokio::time::sleep(look).await;
        let (begun, working) = (requests.begun.load(Ordering::Relaxed), requests.working());
        let now = now();
        if begun != asked.0 || working > 0 {
            asked = (begun, now);
        } else if !is_ending && now.saturating_duration_since(asked.1) >= idle {
            return End::Idle;
        }
        let working = usize::try_from(working).unwrap_or(usize::MAX);
        // A stream whose own deadline has just ended is about to be reset: that is seen twice only
        // where nothing comes of it.
        match traffic.standstill(now, limits, working) {
            Some(standstill) if was_still => return End::Still(standstill),
            standstill => was_still = standstill.is_some(),
        }
    }
}

/// Whether the library ended the connection because its client sent more than it may.
fn is_refused(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<h2::Error>());
    cause.is_some_and(|error| error.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM))
}
