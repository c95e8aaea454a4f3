//! Handing over to a new process: it gets our listening sockets and the lock of the data folder,
//! and we go on until it says that it is ready.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mantlet_event::{Event, catalogue, field};
use sd_notify::NotifyState;

use super::channel::{self, Predecessor};
use super::greeting::notify;
use super::keeper::{Keeper, Refused, handed_over, lock, stopping};
use super::running::Running;

/// The flag that makes a new process take over.
const TAKE_OVER: &str = "--take-over";
/// How long the new process may take until it is ready.
const READY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the new binary may take to look at the configuration.
const CHECK_TIMEOUT: Duration = Duration::from_secs(10);
/// Variables that are for us alone.
const OURS: [&str; 3] = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"];

const HINT: &str = "this process goes on; correct this and try again";

/// How this program was started.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    path: PathBuf,
    /// What stood behind the subcommand.
    flags: Vec<OsString>,
}

impl Program {
    /// As this process was started. To be called first: the file may be replaced later, and what
    /// is to be started then is what stands in its place.
    pub(crate) fn of_process() -> io::Result<Self> {
        let mut words = std::env::args_os();
        let called = words.next().map(PathBuf::from).unwrap_or_default();
        // A name without a folder was looked up by whoever started us.
        let path = if called.components().count() > 1 {
            std::path::absolute(called)?
        } else {
            std::env::current_exe()?
        };
        let flags = words.skip(1).filter(|word| word != TAKE_OVER).collect();
        Ok(Self { path, flags })
    }

    fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.path);
        command.arg(subcommand).args(&self.flags);
        for name in OURS {
            command.env_remove(name);
        }
        command
    }

    /// Whether the new binary can use the configuration; its words when it cannot.
    fn check(&self) -> Result<(), String> {
        let mut command = self.command("check");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| self.failed(&error))?;
        let Some(status) = wait(&mut child, CHECK_TIMEOUT) else {
            end(child);
            return Err(format!("`{} check` does not end", self.path.display()));
        };
        if status.code().is_some_and(|code| code < 2) {
            return Ok(());
        }
        let output = child.wait_with_output().map_err(|error| self.failed(&error))?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(format!("the new binary cannot use the configuration\n{said}"))
    }

    fn start(&self, channel: OwnedFd) -> Result<Child, String> {
        let mut command = self.command("run");
        command.arg(TAKE_OVER).stdin(channel);
        command.spawn().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> String {
        format!("cannot start `{}`: {error}", self.path.display())
    }
}

/// How a process ended; `None` when it still runs after `timeout`.
fn wait(child: &mut Child, timeout: Duration) -> Option<std::process::ExitStatus> {
    const STEP: Duration = Duration::from_millis(20);
    for _ in 0..timeout.as_millis().div_ceil(STEP.as_millis()) {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        std::thread::sleep(STEP);
    }
    None
}

/// Ends a process that is of no use.
fn end(mut child: Child) {
    // One that is gone already is as good.
    let _ = child.kill();
    let _ = child.wait();
}

impl Keeper {
    /// Starts the program anew and lets it take over. The id of the new process; this one is about
    /// to end then.
    pub(super) fn hand_over(&self, cause: &str) -> Result<u32, Refused> {
        let mut running = lock(&self.running);
        let Some(running) = running.as_mut() else { return Err(stopping()) };
        // What is being changed in the data folder is done first, and nothing begins meanwhile.
        let mut is_handed_over = self.is_handed_over.hold();
        // Two that were asked for at a time: the sockets are given away once.
        if *is_handed_over {
            return Err(handed_over());
        }
        let handed = self.start_successor(running);
        match &handed {
            Ok(process) => {
                *is_handed_over = true;
                self.events.emit(
                    Event::new(&catalogue::PROCESS_SUCCESSOR_STARTED)
                        .text(field::CAUSE, cause.to_owned())
                        .number(field::PROCESS, i64::from(*process)),
                );
                self.retire.notify_one();
            }
            Err(refused) => self.events.emit(
                Event::new(&catalogue::PROCESS_SUCCESSOR_FAILED)
                    .text(field::CAUSE, cause.to_owned())
                    .text(field::ERROR, refused.message.clone())
                    .text(field::HINT, refused.hint),
            ),
        }
        handed
    }

    fn start_successor(&self, running: &Running) -> Result<u32, Refused> {
        let refused = |message: String| Refused::new(message, HINT);
        let Some(program) = &self.program else {
            return Err(refused("only `mantlet run` hands over".into()));
        };
        if std::process::id() == 1 {
            let hint = "start a new container instead";
            return Err(Refused::new("process 1 cannot hand over: its end ends everything", hint));
        }
        program.check().map_err(refused)?;
        let (channel, other) = channel::pair().map_err(|error| refused(error.to_string()))?;
        let mut child = program.start(other).map_err(refused)?;
        let process = child.id();
        let handed = self.give(running, &channel).and_then(|()| {
            channel.wait_until_ready(READY_TIMEOUT)?;
            notify(&[NotifyState::MainPid(process)]);
            channel.go()
        });
        let Err(error) = handed else { return Ok(process) };
        // Whatever became of it, the service manager is to look after us.
        notify(&[NotifyState::MainPid(std::process::id())]);
        let ended = wait(&mut child, Duration::from_millis(500));
        let how = ended.map_or_else(|| error.to_string(), |status| status.to_string());
        end(child);
        Err(refused(format!("the new process did not get ready: {how} (its messages are in ours)")))
    }

    fn give(&self, running: &Running, channel: &Predecessor) -> io::Result<()> {
        let listeners = running.server.listeners();
        let mut sockets: Vec<_> =
            listeners.map(|listener| (listener.wanted, listener.socket.as_fd())).collect();
        sockets.push((running.config.admin.listen, running.admin.socket().as_fd()));
        channel.give(self.data.lock(), &sockets, self.fixed.clone())
    }
}
