//! The token as a client's first message: nobody else hears of the client before.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use super::Ending;
use super::frame::{self, Opcode, Sender};
use super::judge::{Judge, Rules};
use super::message::Held;
use super::pump::read_some;
use super::relay::{Session, close, lifetime};
use super::scanner::{Next, Scanner};
use super::token::{MAX_MESSAGE, Token};

/// What a client is told whose first message is not right, whatever is wrong with it.
const ERROR: &[u8] = br#"{"error":"Unauthorized"}"#;
/// How long the client may take to read that.
const GOODBYE: Duration = Duration::from_secs(2);

/// Waits for the first message of `client`. What came after it.
///
/// # Errors
/// The [`Ending`] when it does not hold the token; the client knows, and the event is out.
pub(crate) async fn prove<S>(session: &mut Session, client: &mut S) -> Result<BytesMut, Ending>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let target = std::sync::Arc::clone(&session.target);
    let Some(token) = &target.sockets.token else { return Ok(BytesMut::new()) };
    let mut ended = session.slot.watch();
    let ending = {
        let proven = listen(session, token, client);
        tokio::select! {
            proven = proven => match proven {
                Ok(rest) => return Ok(rest),
                Err(ending) => ending,
            },
            ending = ended.asked() => ending,
            () = lifetime(session.credential) => Ending::Outlived,
        }
    };
    part(session, client, ending).await;
    Err(ending)
}

async fn listen<S>(session: &Session, token: &Token, client: &mut S) -> Result<BytesMut, Ending>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let address = session.exchange.client.address;
    let mut buffer = BytesMut::new();
    let message = receive(session, client, &mut buffer);
    let judged = match tokio::time::timeout(token.timeout, message).await {
        Ok(Ok(held)) => token.at_message(address, &held.text).await,
        Ok(Err(Ending::ClientGone)) => return Err(Ending::ClientGone),
        // Every way to fail is a failed attempt.
        Ok(Err(ending)) => token.attempt(address, Err(ending.as_str())).await,
        Err(_) => token.attempt(address, Err("no first message in time")).await,
    };
    match judged {
        Ok(()) => Ok(buffer),
        Err(denial) => {
            if *denial.reason == mantlet_event::reasons::WEBSOCKET_ATTEMPTS {
                session.gate.metrics.limit_reached("websocket.token_attempts");
            }
            session.report(&denial);
            Err(Ending::Token)
        }
    }
}

/// The first message, a text of at most [`MAX_MESSAGE`] bytes; `buffer` keeps what follows it.
async fn receive<S>(
    session: &Session,
    client: &mut S,
    buffer: &mut BytesMut,
) -> Result<Box<Held>, Ending>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let memory = Some(session.gate.body_memory.clone());
    let rules = session.rules().of_client(memory, &session.gate.clock);
    let bounds = super::inflate::Bounds { size: MAX_MESSAGE, ..rules.bounds };
    let mut judge = Judge::new(Sender::Client, Rules { bounds, ..rules });
    let mut scanner = Scanner::new(Sender::Client, false);
    loop {
        match scanner.next(buffer)? {
            Next::More => match read_some(client, buffer).await {
                Ok(1..) => {}
                _ => return Err(Ending::ClientGone),
            },
            Next::Control(head) => {
                let mut payload = buffer
                    .split_to(head.size.saturating_add(usize::try_from(head.length).unwrap_or(0)));
                let mut payload = payload.split_off(head.size);
                super::mask::apply(&mut payload, head.mask.unwrap_or_default(), 0);
                judge.control(&head, &payload)?;
                answer(client, head.opcode, &payload).await?;
            }
            Next::Data(head) if head.opcode == Opcode::Binary => {
                return Err(Ending::Protocol("first message is no text"));
            }
            Next::Data(head) => {
                judge.begin(&head)?;
                drop(buffer.split_to(head.size));
            }
            Next::Payload(count, is_last) => {
                judge.read(&buffer.split_to(count))?;
                if let Some(held) = is_last.then(|| judge.end()).transpose()?.flatten() {
                    return Ok(held);
                }
            }
        }
    }
}

/// Answers a control frame, as the application would.
async fn answer(
    client: &mut (impl AsyncWrite + Unpin),
    opcode: Opcode,
    payload: &[u8],
) -> Result<(), Ending> {
    let reply = match opcode {
        Opcode::Ping => frame::write(Opcode::Pong, payload, None),
        Opcode::Close => frame::write(Opcode::Close, payload, None),
        _ => return Ok(()),
    };
    client.write_all(&reply).await.map_err(|_| Ending::ClientGone)?;
    client.flush().await.map_err(|_| Ending::ClientGone)?;
    if opcode == Opcode::Close { Err(Ending::ClientGone) } else { Ok(()) }
}

/// Ends a client that the application has never heard of.
pub(crate) async fn part<S>(session: &Session, client: &mut S, ending: Ending)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    session.ended(Some(ending));
    // A client that has gone cannot be told.
    let _ = tokio::time::timeout(GOODBYE, farewell(client, ending)).await;
}

async fn farewell<S>(client: &mut S, ending: Ending) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut last = Vec::new();
    if ending == Ending::Token {
        last = frame::write(Opcode::Text, ERROR, None);
    }
    if ending != Ending::ClientGone {
        last.extend(close(ending, ending.codes().0, None));
    }
    client.write_all(&last).await?;
    client.shutdown().await?;
    let mut rest = BytesMut::new();
    while read_some(client, &mut rest).await? > 0 {
        rest.clear();
    }
    Ok(())
}
