//! A WebSocket between a client and the application, from the handshake to the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use mantlet_event::{Event, catalogue, field};
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf};
use tokio::sync::Notify;

use super::frame::{self, Opcode, Sender};
use super::handshake::Agreement;
use super::judge::Judge;
use super::outlet::Outlet;
use super::pump::{Pump, read_some};
use super::scanner::Scanner;
use super::{Ending, PING, Sockets};
use crate::live::Target;
use crate::pipeline::{Denial, Exchange, Refusal, Runner, Sketch};
use crate::upstream::Slot;
use crate::way::Gate;

/// How long a side may take to answer the other's close frame.
const CLOSING: Duration = Duration::from_secs(5);
/// How long the two ends may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// What one WebSocket is about.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) gate: Arc<Gate>,
    pub(crate) runner: Runner,
    pub(crate) target: Arc<Target>,
    /// The request that asked for it; with its headers only where guards look at messages.
    pub(crate) exchange: Exchange,
    pub(crate) slot: Slot,
    /// How long the credential counts that it was opened with; `None` for one opened without.
    pub(crate) credential: Option<Duration>,
    /// How long a message that guards are to see may pause.
    pub(crate) patience: Duration,
}

impl Session {
    pub(super) fn rules(&self) -> &Sockets {
        &self.target.sockets
    }

    /// Shows a text message to the guards.
    ///
    /// # Errors
    /// [`Ending::Refused`] or [`Ending::GuardFailed`]; the event is out then.
    pub(super) async fn inspect(&self, text: &str) -> Result<(), Ending> {
        let asked = self.runner.inspect_message(&self.target.plan, &self.exchange, text).await;
        asked.map_err(|refusal| match refusal {
            Refusal::Denied(denial) if denial.reason.status >= 500 => Ending::GuardFailed,
            _ => Ending::Refused,
        })
    }

    /// Reports a refusal.
    pub(crate) fn report(&self, denial: &Denial) {
        let sketch = Sketch::of(&self.exchange, &self.target.plan.route);
        self.runner.report_stage(
            &catalogue::WEBSOCKET_CONNECTION_CLOSED,
            "websocket",
            &sketch,
            denial,
        );
    }

    /// The record of the end; `None` when both sides had said goodbye.
    pub(super) fn ended(&self, ending: Option<Ending>) {
        if let Some(limit) = ending.and_then(Ending::limit) {
            self.gate.metrics.limit_reached(limit);
        }
        if let Some((ending, reason)) = ending.and_then(|ending| Some((ending, ending.reason()?))) {
            let code = i64::from(ending.codes().0);
            let denial = Denial::new(reason).evidence(ending.as_str());
            self.report(&denial.member(field::CLOSE_CODE, code));
        }
        let why = ending.map_or("closed", Ending::as_str);
        self.record(&catalogue::UPGRADE_CONNECTION_ENDED, why);
    }

    fn record(&self, entry: &'static mantlet_event::Entry, why: &'static str) {
        let event = Event::new(entry)
            .request(self.exchange.id)
            .text(field::CLIENT, self.exchange.client.address.to_string());
        self.gate.events.emit(if why.is_empty() { event } else { event.text(field::MESSAGE, why) });
    }
}

/// Relays until it ends. `early` is what was read of the client already.
pub(crate) async fn run<C, U>(
    session: Session,
    client: C,
    application: U,
    agreement: Agreement,
    early: BytesMut,
) where
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    session.record(&catalogue::UPGRADE_CONNECTION_OPENED, "");
    let mut ended = session.slot.watch();
    let (mut client_in, client_out) = tokio::io::split(client);
    let (mut application_in, application_out) = tokio::io::split(application);
    let outlets = (Outlet::new(client_out), Outlet::new(application_out));
    let ending = {
        let streams = (&mut client_in, &mut application_in);
        let relay = relay(&session, streams, &outlets, &agreement, early);
        tokio::select! {
            ending = relay => ending,
            () = lifetime(session.credential) => Some(Ending::Outlived),
            ending = ended.asked() => Some(ending),
        }
    };
    session.ended(ending);
    let goodbye = goodbye(&session, ending, (client_in, application_in), &outlets);
    // Whoever does not listen any more cannot be said goodbye to.
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
}

/// Both directions, and what bounds their time.
async fn relay<C, U>(
    session: &Session,
    (client, application): (&mut ReadHalf<C>, &mut ReadHalf<U>),
    (to_client, to_application): &(Outlet<WriteHalf<C>>, Outlet<WriteHalf<U>>),
    agreement: &Agreement,
    early: BytesMut,
) -> Option<Ending>
where
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    let (rules, has_deflate) = (session.rules(), agreement.has_deflate());
    let (activity, closing) = (AtomicU64::new(0), Notify::new());
    let wants = session.target.plan.wants_messages();
    let memory = wants.then(|| session.gate.body_memory.clone());
    let patience = session.patience;
    let mut up = Pump {
        sender: Sender::Client,
        from: client,
        to: to_application,
        scanner: Scanner::new(Sender::Client, has_deflate),
        judge: Judge::new(Sender::Client, rules.of_client(memory, &session.gate.clock)),
        buffer: early,
        ready: 0,
        session,
        activity: &activity,
        patience,
    };
    let mut down = Pump {
        sender: Sender::Server,
        from: application,
        to: to_client,
        scanner: Scanner::new(Sender::Server, has_deflate),
        judge: Judge::new(Sender::Server, rules.of_application()),
        buffer: BytesMut::new(),
        ready: 0,
        session,
        activity: &activity,
        patience,
    };
    let is_closing = std::sync::atomic::AtomicBool::new(false);
    let settle = |ended: Result<(), Ending>| match ended {
        // After a goodbye an end without one is as good.
        Err(Ending::ClientGone | Ending::ApplicationGone) if is_closing.load(Ordering::Relaxed) => {
            Ok(())
        }
        Err(ending) => Err(ending),
        Ok(()) => {
            is_closing.store(true, Ordering::Relaxed);
            closing.notify_one();
            Ok(())
        }
    };
    let both = async {
        let up = async { settle(up.run().await) };
        let down = async { settle(down.run().await) };
        tokio::try_join!(up, down).err()
    };
    tokio::select! {
        ending = both => ending,
        () = silence(&activity, rules.idle_timeout) => Some(Ending::Idle),
        () = lifetime(rules.lifetime) => Some(Ending::Lifetime),
        () = ping(to_client, rules.ping_interval) => Some(Ending::ClientGone),
        () = overdue(&closing) => Some(Ending::Unanswered),
    }
}

/// Ends when nothing has come for `idle`, to within twice that time.
async fn silence(activity: &AtomicU64, idle: Duration) {
    loop {
        let before = activity.load(Ordering::Relaxed);
        tokio::time::sleep(idle).await;
        if activity.load(Ordering::Relaxed) == before {
            return;
        }
    }
}

pub(super) async fn lifetime(lifetime: Option<Duration>) {
    match lifetime {
        Some(lifetime) => tokio::time::sleep(lifetime).await,
        None => std::future::pending().await,
    }
}

/// Pings the client; ends when it cannot be written to.
async fn ping(client: &Outlet<impl AsyncWrite + Unpin>, interval: Option<Duration>) {
    let Some(interval) = interval else { return std::future::pending().await };
    let ping = frame::write(Opcode::Ping, PING, None);
    loop {
        tokio::time::sleep(interval).await;
        if client.interject(&ping).await.is_err() {
            return;
        }
    }
}

async fn overdue(closing: &Notify) {
    closing.notified().await;
    tokio::time::sleep(CLOSING).await;
}

/// Tells both sides why, where they have not agreed on the end themselves, and ends both streams.
async fn goodbye<C, U>(
    session: &Session,
    ending: Option<Ending>,
    (mut client, mut application): (ReadHalf<C>, ReadHalf<U>),
    (to_client, to_application): &(Outlet<WriteHalf<C>>, Outlet<WriteHalf<U>>),
) where
    C: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    let mut mask = [0; 4];
    session.gate.rng.fill(&mut mask);
    let frames = ending.map(|ending| {
        (close(ending, ending.codes().0, None), close(ending, ending.codes().1, Some(mask)))
    });
    let (to, from) = frames.unzip();
    tokio::join!(
        part(to_client, to.as_deref(), &mut client),
        part(to_application, from.as_deref(), &mut application),
    );
}

/// A close frame for `ending`.
pub(super) fn close(ending: Ending, code: u16, mask: Option<[u8; 4]>) -> Vec<u8> {
    let title = ending.reason().map_or("", |reason| reason.title);
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend(title.bytes());
    frame::write(Opcode::Close, &payload, mask)
}

/// Parts with one side. What it still sends is read: a socket that is closed over unread bytes is
/// reset, and the last frame lost.
async fn part<S>(to: &Outlet<WriteHalf<S>>, last: Option<&[u8]>, from: &mut ReadHalf<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if let Some(last) = last {
        let _ = to.interject(last).await;
    }
    to.end().await;
    let mut rest = BytesMut::new();
    while matches!(read_some(from, &mut rest).await, Ok(1..)) {
        rest.clear();
    }
}
