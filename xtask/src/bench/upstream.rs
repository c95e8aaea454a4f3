//! The application behind every proxy, nginx on core 1, and what is asked of it.

use std::path::Path;
use std::process::Command;

use super::http;
use super::interrupt::Interrupt;
use super::peer::{Ports, READY_WITHIN, filled_in, write};
use crate::Outcome;
use crate::process::Background;

/// One kind of load.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) path: &'static str,
    pub(super) ask: Ask,
}

/// How the clients of a load ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// `GET` on kept connections.
    Get,
    /// `POST` of 64 KiB on kept connections.
    Post,
    /// `GET` with the header fields of a browser, on kept connections.
    Browser,
    /// `GET` on kept connections of TLS.
    Tls,
    /// `GET`, each on a new connection of TLS.
    NewTls,
}

impl Ask {
    /// Whether it is over TLS.
    pub(super) fn is_tls(self) -> bool {
        matches!(self, Self::Tls | Self::NewTls)
    }
}

/// Bytes of an upload.
pub(super) const UPLOAD: usize = 64 * 1024;

/// The answers that are files, with their lengths in bytes.
pub(super) const FILES: [(&str, usize); 2] = [("/1k.json", 1024), ("/64k.json", 64 * 1024)];

/// Starts the application. Dropping the program ends it.
pub(super) fn start(folder: &Path, interrupt: &Interrupt) -> Outcome<(Background, u16)> {
    let port = http::free_port()?;
    let own = folder.join("upstream");
    for (path, bytes) in FILES {
        write(&own.join("files").join(path.trim_start_matches('/')), &json(bytes))?;
    }
    let config = own.join("nginx.conf");
    write(
        &config,
        &filled_in("upstream.conf", &own, Ports { own: port, tls: port, application: port })?,
    )?;
    let mut command = Command::new("taskset");
    command.args(["-c", "1", "nginx", "-c"]).arg(&config);
    command.arg("-e").arg(own.join("error.log"));
    let mut program = Background::start("the application", &mut command)?;
    for (path, bytes) in FILES {
        interrupt.wait_for("the application", READY_WITHIN, || {
            program.still_runs()?;
            http::probe(port, path, bytes)
        })?;
    }
    Ok((program, port))
}

/// A JSON object of exactly `bytes` bytes.
fn json(bytes: usize) -> String {
    let frame = r#"{"text":""}"#.len();
    format!(r#"{{"text":"{}"}}"#, "x".repeat(bytes.saturating_sub(frame)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_exactly_their_size() {
        for (_, bytes) in FILES {
            assert_eq!(json(bytes).len(), bytes);
        }
    }
}
