//! The application behind every proxy: nginx with two static answers, on core 1.

use std::path::Path;
use std::process::Command;

use super::http;
use super::interrupt::Interrupt;
use super::peer::{READY_WITHIN, filled_in, write};
use crate::Outcome;
use crate::process::Background;

/// One kind of answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) name: &'static str,
    pub(super) path: &'static str,
    pub(super) bytes: usize,
}

/// Every kind of answer that is measured.
pub(super) const ANSWERS: &[Answer] = &[
    Answer { name: "1 KiB JSON", path: "/1k.json", bytes: 1024 },
    Answer { name: "64 KiB JSON", path: "/64k.json", bytes: 64 * 1024 },
];

/// Starts the application. Dropping the program ends it.
pub(super) fn start(folder: &Path, interrupt: &Interrupt) -> Outcome<(Background, u16)> {
    let port = http::free_port()?;
    let own = folder.join("upstream");
    for answer in ANSWERS {
        let name = answer.path.trim_start_matches('/');
        write(&own.join("files").join(name), &json(answer.bytes))?;
    }
    let config = own.join("nginx.conf");
    write(&config, &filled_in("upstream.conf", &own, (port, port))?)?;
    let mut command = Command::new("taskset");
    command.args(["-c", "1", "nginx", "-c"]).arg(&config);
    command.arg("-e").arg(own.join("error.log"));
    let mut program = Background::start("the application", &mut command)?;
    for answer in ANSWERS {
        interrupt.wait_for("the application", READY_WITHIN, || {
            program.still_runs()?;
            http::probe(port, answer.path, answer.bytes)
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
        for answer in ANSWERS {
            assert_eq!(json(answer.bytes).len(), answer.bytes);
        }
    }
}
