//! What tests stand on: fakes for every trait of the lower layers, a raw HTTP client, an upstream
//! that behaves as badly as wanted, and the real binary as a process.
//!
//! | wanted | use |
//! |---|---|
//! | time or randomness under control | [`FakeClock`], [`SeededRng`] |
//! | what was emitted, blocked, revoked, taken | [`CapturedEvents`], [`FakeBlocking`], [`FakeRevocation`], [`FakeCounters`] |
//! | exact bytes to and from a server | [`wire`] |
//! | certificates, and a client that looks at them | [`certificate()`], [`Authority`], [`TlsClient`] |
//! | somebody's passkey | [`Authenticator`] |
//! | an application behind the gate | [`FakeUpstream`] |
//! | another reader of the same bytes | [`HyperServer`] |
//! | the binary | [`MantletProcess`] |
//! | a function with all sorts of bytes | [`fuzz`] |
//! | another program | [`run_program`], [`Running`] |
//! | another proxy in front of the gate or behind it | [`ProxyKind`] |
//! | something the machine may lack | [`lacking`], [`left_out`], [`shared`], [`venv_python`] |
//!
//! Everything here blocks and runs on plain threads, so it serves tests with and without an
//! asynchronous runtime; inside one, call it from `spawn_blocking` or use a runtime of several
//! threads. Every wait has a bound. What goes wrong here ends the test: these functions panic with
//! what happened instead of returning errors.
//!
//! A development dependency only: it knows the crates up to layer 2 and never the gate, so that
//! the gate's own tests can use it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests only: a defect here must end the test, and tests meet the real machine"
)]

mod authenticator;
mod certificate;
mod corpus;
mod fakes;
mod folder;
mod hyper_server;
mod machine;
mod ports;
mod process;
mod program;
mod proxy;
mod tls;
mod upstream;
pub mod wire;

pub use authenticator::{Authenticator, Ceremony, PRESENT, VERIFIED, client_data};
pub use rcgen::{DnType, DnValue};

pub use certificate::{Authority, certificate, certificate_for};
pub use corpus::fuzz;
pub use fakes::{
    CapturedEvents, FakeBlocking, FakeClock, FakeCounters, FakeRevocation, SeededRng, Take,
};
pub use folder::TempFolder;
pub use hyper_server::HyperServer;
pub use machine::{lacking, left_out, root, shared, venv_python};
pub use ports::{free_address, free_port};
pub use process::{MantletBuilder, MantletProcess};
pub use program::{Finished, Running, run_program};
pub use proxy::{Proxy, ProxyKind};
pub use rustix::process::Signal;
pub use tls::{TlsClient, TlsConnection};
pub use upstream::{Answer, FakeUpstream, Received};

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The lock of `mutex`, whatever became of the thread that held it before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks `question` every 10 ms until it has an answer; `None` when it has none within `timeout`.
pub fn poll_until<T>(timeout: Duration, mut question: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(answer) = question() {
            return Some(answer);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
