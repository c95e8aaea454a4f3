//! The server's end of the control socket.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mantlet_event::{Event, Events, catalogue, field, task};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::command::answer_line;
use super::socket::{self, SocketFile};
use super::{Actor, Command, ControlError, ControlHandler, DEADLINE, REQUEST_BYTES, socket_path};

/// Connections at a time; further ones are told to come back.
const MAX_CONNECTIONS: usize = 8;
/// How long to wait when a connection cannot be accepted: nothing but time helps then.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// The control socket of a running server; it ends, and its file is gone, when this is dropped.
#[derive(Debug)]
pub struct ControlServer {
    stop: watch::Sender<bool>,
    slots: Arc<Semaphore>,
    _file: SocketFile,
}

impl ControlServer {
    /// Listens in `folder`, in tasks of the runtime this is called in. The caller holds the lock
    /// of the folder: a socket that is there already belongs to a process that is gone.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn start(
        folder: &Path,
        handler: Arc<dyn ControlHandler>,
        events: Events,
    ) -> Result<Self, ControlError> {
        let owner = rustix::process::geteuid().as_raw();
        Self::start_for(folder, handler, events, move |uid| uid == owner || uid == 0)
    }

    /// The same, for the users that `is_allowed` lets in.
    pub(super) fn start_for(
        folder: &Path,
        handler: Arc<dyn ControlHandler>,
        events: Events,
        is_allowed: impl Fn(u32) -> bool + Send + Sync + 'static,
    ) -> Result<Self, ControlError> {
        let failed = |error: io::Error| {
            let path = socket_path(folder);
            let message = format!("cannot listen on `{}`: {error}", path.display());
            let hint =
                "see that the data folder can be written and its path is below 90 characters";
            ControlError::new(message, hint)
        };
        let (listener, file) = socket::listen(folder).map_err(failed)?;
        let listener = UnixListener::from_std(listener).map_err(failed)?;
        let (stop, stopped) = watch::channel(false);
        let desk = Arc::new(Desk { handler, events });
        let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let waiting = (listener, Arc::clone(&slots));
        let accepting = accept(waiting, Arc::clone(&desk), is_allowed, stopped);
        task::spawn(&desk.events, "control socket", accepting);
        Ok(Self { stop, slots, _file: file })
    }

    /// As [`ControlServer::stop`], and waits a little for the answers to commands that run.
    pub async fn finish(self) {
        self.stop.send_replace(true);
        let all = u32::try_from(MAX_CONNECTIONS).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(DEADLINE, self.slots.acquire_many(all)).await;
    }

    /// Takes no more commands and removes the socket; commands that run are carried out.
    pub fn stop(self) {
        self.stop.send_replace(true);
    }
}

#[derive(Debug)]
struct Desk {
    handler: Arc<dyn ControlHandler>,
    events: Events,
}

async fn accept(
    (listener, slots): (UnixListener, Arc<Semaphore>),
    desk: Arc<Desk>,
    is_allowed: impl Fn(u32) -> bool + Send,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // An error means that the server was dropped.
            _ = stopped.changed() => return,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let actor = match stream.peer_cred() {
            Ok(peer) if is_allowed(peer.uid()) => Actor { uid: peer.uid() },
            peer => {
                desk.refuse(&stream, peer.map(|peer| peer.uid()).ok());
                continue;
            }
        };
        match Arc::clone(&slots).try_acquire_owned() {
            Ok(slot) => {
                let connection = Arc::clone(&desk).serve(stream, actor, slot);
                task::spawn(&desk.events, "control connection", connection);
            }
            Err(_) => say(&stream, ControlError::new("the server is busy", "try again")),
        }
    }
}

/// Says one thing without waiting; what a fresh socket cannot take at once is not said.
fn say(stream: &UnixStream, error: ControlError) {
    let _ = stream.try_write(answer_line(Err(error)).as_bytes());
}

impl Desk {
    fn refuse(&self, stream: &UnixStream, uid: Option<u32>) {
        let actor = uid.map_or_else(|| "unknown".into(), |uid| Actor { uid }.to_string());
        let event = Event::new(&catalogue::CONTROL_COMMAND_REFUSED);
        self.events.emit(event.text(field::ACTOR, actor));
        let hint = "run the command as the user the server runs as, or as root";
        say(stream, ControlError::new("you may not control this server", hint));
    }

    /// One line, one answer.
    async fn serve(self: Arc<Self>, stream: UnixStream, actor: Actor, slot: OwnedSemaphorePermit) {
        let (reader, mut writer) = stream.into_split();
        let line = match tokio::time::timeout(DEADLINE, read_line(reader)).await {
            Err(_) => Err(ControlError::new("the command did not arrive in time", "try again")),
            // Whoever is gone needs no answer.
            Ok(Err(_) | Ok(None)) => return,
            Ok(Ok(Some(line))) => line,
        };
        let answer = match line.and_then(|line| Command::parse(&line)) {
            Ok(command) => Arc::clone(&self).carry_out(command, actor).await,
            Err(error) => Err(error),
        };
        let answer = answer_line(answer);
        let sent = async {
            writer.write_all(answer.as_bytes()).await?;
            writer.shutdown().await
        };
        // A client that does not take its answer has it its way.
        let _ = tokio::time::timeout(DEADLINE, sent).await;
        drop(slot);
    }

    /// On a thread of its own, since the disk may be slow. A change is in the journal before it is
    /// made; what came of it follows.
    async fn carry_out(
        self: Arc<Self>,
        command: Command,
        actor: Actor,
    ) -> Result<Value, ControlError> {
        let desk = Arc::clone(&self);
        let asked = command.clone();
        let done = tokio::task::spawn_blocking(move || {
            let recorded = desk.announce(&asked, actor);
            let result = recorded.and_then(|()| desk.handler.handle(&asked, actor));
            desk.audit(&asked, actor, result.as_ref().err());
            result
        });
        done.await.unwrap_or_else(|panic| {
            self.events.emit(
                Event::new(&catalogue::PROCESS_TASK_PANICKED)
                    .text(field::TASK, "control command")
                    .text(field::MESSAGE, panic.to_string()),
            );
            let hint = "this is a defect; `mantlet status` says how the server is now";
            let error = ControlError::new("the command broke off", hint);
            self.audit(&command, actor, Some(&error));
            Err(error)
        })
    }

    /// Puts a change in the journal before it is made.
    fn announce(&self, command: &Command, actor: Actor) -> Result<(), ControlError> {
        if !command.is_change() {
            return Ok(());
        }
        let event = Event::new(&catalogue::CONTROL_COMMAND_REQUESTED)
            .text(field::COMMAND, command.name())
            .text(field::ACTOR, actor.to_string());
        let event = match command.network() {
            Some(network) => event.text(field::NETWORK, network.to_owned()),
            None => event,
        };
        let event = match command.user() {
            Some(user) => event.text(field::USER, user.to_owned()),
            None => event,
        };
        self.events.record(event).map_err(|error| {
            let message = format!("not done: the audit record could not be written: {error}");
            ControlError::new(message, "free space or repair the disk of the data folder")
        })
    }

    fn audit(&self, command: &Command, actor: Actor, error: Option<&ControlError>) {
        if !command.is_change() {
            return;
        }
        let event = Event::new(&catalogue::CONTROL_COMMAND_EXECUTED)
            .text(field::COMMAND, command.name())
            .text(field::ACTOR, actor.to_string())
            .text(field::OUTCOME, if error.is_none() { "success" } else { "failure" });
        self.events.emit(match error {
            Some(error) => event.text(field::ERROR, error.message.clone()),
            None => event,
        });
    }
}

/// The first line without its break; `None` when there is none, an error inside when it is too
/// long or breaks off.
async fn read_line(
    reader: impl tokio::io::AsyncRead + Unpin,
) -> io::Result<Option<Result<Vec<u8>, ControlError>>> {
    let limit = u64::try_from(REQUEST_BYTES).unwrap_or(u64::MAX);
    let mut line = Vec::new();
    BufReader::new(reader.take(limit)).read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop() == Some(b'\n') {
        return Ok(Some(Ok(line)));
    }
    let message = format!("the command is no line of up to {REQUEST_BYTES} bytes");
    Ok(Some(Err(ControlError::new(message, "end it with a line break"))))
}
