//! Running other programs: to the end, or in the background with a certain death.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::Outcome;
use crate::terminal::say;

/// How long a background program gets to leave after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(3);

/// Runs `command` with its output on this terminal; an error when it cannot start or fails.
pub(crate) fn run(command: &mut Command) -> Outcome<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("cannot start `{}`: {error}", name(command)))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("`{}` ended with {status}", name(command)))
}

/// Runs `command` silently and tells whether it succeeded: for probes.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs `command`, hands every line of its standard output to `on_line` as it comes and prints
/// it, and tells whether the command succeeded.
pub(crate) fn stream(command: &mut Command, mut on_line: impl FnMut(&str)) -> Outcome<bool> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start `{}`: {error}", name(command)))?;
    if let Some(output) = child.stdout.take() {
        for bytes in BufReader::new(output).split(b'\n') {
            let bytes = bytes.map_err(|error| format!("reading test output: {error}"))?;
            let line = String::from_utf8_lossy(&bytes);
            say(&line);
            on_line(&line);
        }
    }
    let status =
        child.wait().map_err(|error| format!("waiting for `{}`: {error}", name(command)))?;
    Ok(status.success())
}

/// The standard output of `command`, then its standard error; whether or not it succeeded.
pub(crate) fn output_of(command: &mut Command) -> Outcome<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot start `{}`: {error}", name(command)))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(text)
}

/// The standard output of `command`, which must succeed; its standard error goes to this terminal.
pub(crate) fn capture(command: &mut Command) -> Outcome<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start `{}`: {error}", name(command)))?;
    if !output.status.success() {
        return Err(format!("`{}` ended with {}", name(command), output.status));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| format!("`{}` wrote something that is not UTF-8", name(command)))
}

/// The command as one would type it, save that the program is named without its folder.
fn name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A program in the background with a process group of its own. Dropping it ends the whole
/// group, so nothing outlives the chore, whichever way the chore ends.
#[derive(Debug)]
pub(crate) struct Background {
    child: Child,
    name: String,
}

impl Background {
    /// Starts `command` in a new process group; `name` is for messages.
    pub(crate) fn start(name: &str, command: &mut Command) -> Outcome<Self> {
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot start {name}: {error}"))?;
        Ok(Self { child, name: name.to_owned() })
    }

    /// The id of the process group, which is the id of the process that was started.
    pub(crate) fn group(&self) -> u32 {
        self.child.id()
    }

    /// An error when the program has already ended.
    pub(crate) fn still_runs(&mut self) -> Outcome<()> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("{} ended early with {status}", self.name)),
            Err(error) => Err(format!("waiting for {}: {error}", self.name)),
        }
    }

    /// `None` while the program runs; an error when it failed.
    pub(crate) fn ended(&mut self) -> Outcome<Option<()>> {
        match self.child.try_wait() {
            Ok(None) => Ok(None),
            Ok(Some(status)) if status.success() => Ok(Some(())),
            Ok(Some(status)) => Err(format!("{} ended with {status}", self.name)),
            Err(error) => Err(format!("waiting for {}: {error}", self.name)),
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _already_gone = kill_process_group(pid, signal);
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        let pause = Duration::from_millis(20);
        let mut waited = Duration::ZERO;
        while waited < GRACE && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(pause);
            waited += pause;
        }
        self.signal(Signal::KILL);
        let _reaped = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropping_a_background_program_ends_its_whole_group() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & sleep 60"]);
        let mut program = Background::start("sleepers", &mut command).unwrap();
        program.still_runs().unwrap();
        let group = i32::try_from(program.group()).ok().and_then(Pid::from_raw);
        drop(program);
        let gone = rustix::process::test_kill_process_group(group.unwrap());
        // A killed orphan may linger as a zombie until init reaps it, never as a running process.
        assert!(gone.is_err() || running_in_group(group.unwrap()) == 0);
    }

    fn running_in_group(group: Pid) -> usize {
        let group = group.as_raw_nonzero().to_string();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok())
            .filter(|stat| {
                let (_, rest) = stat.rsplit_once(") ").unwrap();
                let fields: Vec<&str> = rest.split(' ').collect();
                fields[0] != "Z" && fields[2] == group
            })
            .count()
    }

    #[test]
    fn only_a_success_has_an_output() {
        let shell = |script: &str| capture(Command::new("sh").args(["-c", script]));
        assert_eq!(shell("echo out"), Ok("out\n".to_owned()));
        assert!(shell("echo out; exit 3").unwrap_err().contains("exit status: 3"));
    }

    #[test]
    fn a_program_that_ends_early_is_noticed() {
        let mut program = Background::start("true", &mut Command::new("true")).unwrap();
        let _status = program.child.wait();
        assert!(program.still_runs().unwrap_err().starts_with("true ended early"));
    }

    #[test]
    fn streamed_lines_reach_the_listener() {
        let mut seen = Vec::new();
        let ok = stream(Command::new("sh").args(["-c", "echo one; echo two"]), |line| {
            seen.push(line.to_owned());
        });
        assert_eq!((ok, seen), (Ok(true), vec!["one".to_owned(), "two".to_owned()]));
    }
}
