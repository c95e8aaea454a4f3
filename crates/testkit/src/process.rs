//! The real binary as a process.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::program::Running;
use crate::{Finished, TempFolder, free_address, poll_until, run_program, wire};

/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How `mantlet run` is to be started.
#[derive(Debug)]
#[must_use]
pub struct MantletBuilder {
    binary: PathBuf,
    config: Option<String>,
    data: Option<PathBuf>,
    address: Option<SocketAddr>,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
}

impl MantletBuilder {
    /// Protects the application at `url`.
    pub fn upstream(self, url: &str) -> Self {
        self.arg("--upstream").arg(url)
    }

    /// Uses a configuration file with this text. The listeners are given on the command line, so
    /// it need not name them.
    pub fn config(mut self, text: &str) -> Self {
        self.config = Some(text.to_owned());
        self
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds an environment variable. Apart from these the process sees `PATH` and `HOME` alone.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Keeps its data in `folder`, which outlives it; without this in a folder that goes with it.
    pub fn data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data = Some(folder.into());
        self
    }

    /// Listens at `address` instead of one of its own choice.
    pub const fn listen(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// With its standard error, when it ends or is not ready within 20 s.
    pub fn start(self) -> MantletProcess {
        self.try_start().unwrap_or_else(|end| panic!("mantlet did not start: {end:#?}"))
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// How it ended, when it ends before it is ready.
    ///
    /// # Panics
    /// When it neither ends nor is ready within 20 s.
    pub fn try_start(self) -> Result<MantletProcess, Finished> {
        let (address, admin) = (self.address.unwrap_or_else(free_address), free_address());
        let folder = TempFolder::new();
        let data = self.data.clone().unwrap_or_else(|| folder.path().join("data"));
        let command = self.command(&folder, &data, address, admin);
        let running = Running::start(command);
        let mut process =
            MantletProcess { binary: self.binary, running, address, admin, data, folder };
        process.wait_until_ready()?;
        Ok(process)
    }

    fn command(
        &self,
        folder: &TempFolder,
        data: &Path,
        address: SocketAddr,
        admin: SocketAddr,
    ) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("run").current_dir(folder.path()).stdin(Stdio::null());
        command.args(["--listen", &address.to_string(), "--admin", &admin.to_string()]);
        command.arg("--data").arg(data);
        if let Some(text) = &self.config {
            command.arg("--config").arg(folder.write("mantlet.toml", text));
        }
        let inherited = ["PATH", "HOME"].map(|name| (name, std::env::var_os(name)));
        command.args(&self.arguments).env_clear();
        command.envs(inherited.into_iter().filter_map(|(name, value)| Some((name, value?))));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A running `mantlet run`, on loopback ports of its own. Killed when dropped.
#[derive(Debug)]
pub struct MantletProcess {
    binary: PathBuf,
    running: Running,
    address: SocketAddr,
    admin: SocketAddr,
    data: PathBuf,
    folder: TempFolder,
}

impl MantletProcess {
    /// How to start `binary`: `env!("CARGO_BIN_EXE_mantlet")`.
    pub fn builder(binary: impl Into<PathBuf>) -> MantletBuilder {
        MantletBuilder {
            binary: binary.into(),
            config: None,
            data: None,
            address: None,
            arguments: Vec::new(),
            variables: Vec::new(),
        }
    }

    fn wait_until_ready(&mut self) -> Result<(), Finished> {
        let admin = self.admin;
        let outcome = poll_until(PATIENCE, || match self.running.look() {
            Some(finished) => Some(Err(finished)),
            None => is_ready(admin).then_some(Ok(())),
        });
        outcome.unwrap_or_else(|| panic!("not ready after {PATIENCE:?}: {}", self.stderr()))
    }

    /// Where it accepts requests.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it answers `/livez`, `/readyz` and `/metrics`.
    #[must_use]
    pub const fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its configuration file, which exists when a text was given.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.folder.path().join("mantlet.toml")
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.running.id()
    }

    /// Its resident memory now, in bytes.
    ///
    /// # Panics
    /// When it is not running, or the system has no `/proc`.
    #[must_use]
    pub fn resident_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// How long its threads have run on a processor so far, in steps of 10 ms: unlike time on the
    /// clock, it says nothing about what else the machine does.
    ///
    /// # Panics
    /// When the process is gone.
    #[must_use]
    pub fn processor_time(&self) -> Duration {
        let about = fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap();
        // The name of the program, in brackets, may hold anything (proc_pid_stat(5)).
        let fields = about.rsplit(')').next().unwrap().split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// What it wrote to standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.running.stderr()
    }

    /// What it wrote to standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.running.stdout()
    }

    /// Its metrics in the text format.
    #[must_use]
    pub fn metrics(&self) -> String {
        wire::get(self.admin, "/metrics", &[]).text()
    }

    /// The value of one series now, named as [`MantletProcess::metrics`] writes it, labels and all;
    /// 0 when it has none yet.
    ///
    /// # Panics
    /// When its value is no number.
    #[must_use]
    pub fn metric(&self, series: &str) -> u64 {
        let metrics = self.metrics();
        let value = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().unwrap())
    }

    /// The lines of `log/events.jsonl` so far.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.lines("log/events.jsonl")
    }

    /// The lines of `log/access.jsonl` so far.
    #[must_use]
    pub fn access(&self) -> Vec<Value> {
        self.lines("log/access.jsonl")
    }

    /// The lines of `audit/audit.jsonl` so far.
    #[must_use]
    pub fn audit(&self) -> Vec<Value> {
        self.lines("audit/audit.jsonl")
    }

    /// The first event for which `wanted` is true, waiting for it.
    ///
    /// # Panics
    /// With all events, when there is none after `timeout`.
    #[must_use]
    pub fn wait_for_event(&self, wanted: impl Fn(&Value) -> bool, timeout: Duration) -> Value {
        self.wait_for_line("log/events.jsonl", wanted, timeout)
    }

    /// The event that says why the request `id` was refused, waiting for it: other events of the
    /// same request, such as a penalty that begins, have no `reason`.
    ///
    /// # Panics
    /// With all events, when there is none after `timeout`.
    #[must_use]
    pub fn wait_for_refusal(&self, id: &str, timeout: Duration) -> Value {
        let is_meant = |event: &Value| event["request_id"] == id && event.get("reason").is_some();
        self.wait_for_event(is_meant, timeout)
    }

    /// The first line of the access log for which `wanted` is true, waiting for it.
    ///
    /// # Panics
    /// With all lines, when there is none after `timeout`.
    #[must_use]
    pub fn wait_for_access(&self, wanted: impl Fn(&Value) -> bool, timeout: Duration) -> Value {
        self.wait_for_line("log/access.jsonl", wanted, timeout)
    }

    fn wait_for_line(
        &self,
        file: &str,
        wanted: impl Fn(&Value) -> bool,
        timeout: Duration,
    ) -> Value {
        let found = poll_until(timeout, || self.lines(file).into_iter().find(&wanted));
        found.unwrap_or_else(|| panic!("not in {file} after {timeout:?}: {:#?}", self.lines(file)))
    }

    /// A last line that is still being written is left out.
    fn lines(&self, file: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.data.join(file)).unwrap_or_default();
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole
            .map(|line| {
                serde_json::from_str(line)
                    .unwrap_or_else(|error| panic!("{file} has a bad line ({error}): {line}"))
            })
            .collect()
    }

    /// Runs another subcommand of the same binary on the same data folder: `arguments`, then
    /// `--data` and the folder.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Finished {
        let mut all: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        all.extend(["--data".into(), self.data.clone().into_os_string()]);
        run_program(&self.binary, &all, PATIENCE)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Asks it to end with SIGTERM and waits for it.
    ///
    /// # Panics
    /// With its standard error, when it still runs after 20 s.
    pub fn stop(&mut self) -> Finished {
        self.signal(Signal::TERM);
        self.wait(PATIENCE)
    }

    /// Waits for it to end by itself.
    ///
    /// # Panics
    /// With its standard error, when it still runs after `timeout`.
    pub fn wait(&mut self, timeout: Duration) -> Finished {
        let finished = self.running.wait(timeout);
        finished.unwrap_or_else(|| panic!("still runs after {timeout:?}: {}", self.stderr()))
    }

    /// Ends it at once, as a crash or `kill -9` would.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// Its standard error and its logs, for the message of a failed assertion.
    #[must_use]
    pub fn story(&self) -> String {
        let mut story = format!("standard error:\n{}", self.stderr());
        for event in self.events() {
            let _ = write!(story, "\n{event}");
        }
        story
    }
}

fn is_ready(admin: SocketAddr) -> bool {
    let ask = || {
        let mut connection = wire::Connection::open(admin)?;
        connection.write(&wire::render(admin, "GET", "/readyz", &[], b""))?;
        connection.read_response()
    };
    ask().is_ok_and(|response| response.status == 200)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A program that does what the shell script `text` says.
    fn script(folder: &TempFolder, text: &str) -> PathBuf {
        let file = folder.write("program", format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    #[test]
    fn a_start_that_fails_says_how_it_ended() {
        let folder = TempFolder::new();
        let binary = script(&folder, "echo \"$1 $LANG\" >&2; exit 2");
        let builder = MantletProcess::builder(binary).config("").env("LANG", "x");
        let end = builder.try_start().unwrap_err();
        assert_eq!((end.code, end.stderr.as_str()), (Some(2), "run x\n"));
    }
}
