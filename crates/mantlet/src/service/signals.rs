//! What the process is told by signals.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end the server.
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    pub(super) fn listen() -> io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    pub(super) async fn requested(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// What the server is asked to do while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// SIGHUP.
    Reload,
    /// SIGUSR2.
    Upgrade,
}

/// The signals that ask for something.
pub(super) struct RequestSignals {
    reload: Signal,
    upgrade: Signal,
}

impl RequestSignals {
    pub(super) fn listen() -> io::Result<Self> {
        let reload = signal(SignalKind::hangup())?;
        Ok(Self { reload, upgrade: signal(SignalKind::user_defined2())? })
    }

    pub(super) async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.reload.recv() => Request::Reload,
            _ = self.upgrade.recv() => Request::Upgrade,
        }
    }
}
