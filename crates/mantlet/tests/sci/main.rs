//! The site for research data of `examples/sci`, a real Flask application, behind the real binary with
//! the example's own configuration: every role, every class and every way of belonging.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may fail loudly"
)]

mod browser;
mod matrix;
#[path = "../login/person.rs"]
#[expect(dead_code, reason = "the tests of signing in use all of it")]
mod person;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mantlet_testkit::wire::Connection;
use mantlet_testkit::{
    MantletProcess, Running, TempFolder, free_address, left_out, poll_until, root, run_program,
    venv_python,
};
use serde_json::Value;

const SUITE: &str = "sci-example";
/// A start of Python on a busy machine.
const START: Duration = Duration::from_secs(90);

fn folder() -> PathBuf {
    root().join("examples/sci")
}

/// The Python that has what the suite needs; otherwise the gap is on record.
fn equipped(modules: &[&str]) -> Option<PathBuf> {
    let python = venv_python(modules);
    if python.is_none() {
        left_out(SUITE, "lacks the packages of examples/sci/requirements.txt in target/venv");
    }
    python
}

/// Who there is: name, role, password.
const PEOPLE: [(&str, &str, &str); 7] = [
    ("outsider", "user", "granite-lantern-otter-plum"),
    ("reader", "user", "walnut-comet-harbour-fern"),
    ("writer", "user", "cobalt-meadow-ribbon-hawk"),
    ("owner", "user", "thistle-anchor-velvet-moon"),
    ("adele", "admin", "quartz-river-bramble-kite"),
    ("rex", "super_admin", "saffron-glacier-pebble-lynx"),
    ("approved", "user", "juniper-marble-canyon-wren"),
];

/// The classes of the projects, by their numbers from 1; the last one is a typing error.
const CLASSES: [&str; 5] = ["public", "internal", "confidential", "restricted", "Public"];

/// The application, with Mantlet in front.
struct Served {
    gate: MantletProcess,
    _application: Running,
    _data: TempFolder,
}

impl Served {
    fn start(python: &Path) -> Self {
        let (address, data): (SocketAddr, _) = (free_address(), TempFolder::new());
        let mut command = Command::new(python);
        command.args(["-m", "flask", "--app", "app", "run", "--port"]);
        command.arg(address.port().to_string()).current_dir(folder()).stdin(Stdio::null());
        command.env("SCITRACE_DB", data.path().join("scitrace.db"));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        fill(python, &data.path().join("scitrace.db"));
        let mut application = Running::start(command);
        let is_ready = poll_until(START, || match application.look() {
            Some(finished) => Some(Err(finished)),
            None => Connection::open(address).is_ok().then_some(Ok(())),
        });
        assert_eq!(is_ready, Some(Ok(())), "it did not start: {}", application.stderr());
        let config = fs::read_to_string(folder().join("mantlet.toml")).unwrap();
        let config = config.replace("http://127.0.0.1:5000", &format!("http://{address}"));
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let gate = builder.config(&config).start();
        Self { gate, _application: application, _data: data }
    }

    /// Takes the accounts over, with hashes as werkzeug makes them.
    fn import(&self, python: &Path) -> Value {
        let lines: Vec<String> = PEOPLE
            .iter()
            .map(|(name, role, password)| format!("{name} {role} {password}"))
            .collect();
        let script = format!(
            "import subprocess, sys; p = subprocess.run([sys.executable, {:?}], input={:?}, text=True, capture_output=True, check=True); print(p.stdout, end='')",
            folder().join("users.py"),
            lines.join("\n"),
        );
        let made = run_program(python, &["-c", script.as_str()], START);
        assert_eq!(made.code, Some(0), "{made:#?}");
        let folder = TempFolder::new();
        let file = folder.path().join("users.jsonl");
        fs::write(&file, made.stdout).unwrap();
        self.json(&["user", "import", file.to_str().unwrap()])
    }

    /// Runs a subcommand that must be fine, and reads its JSON.
    fn json(&self, arguments: &[&str]) -> Value {
        let done = self.gate.command(&[arguments, &["--json"]].concat());
        assert_eq!(done.code, Some(0), "{arguments:?}: {done:#?}");
        serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:#?}"))
    }
}

/// A project of each class, owned by `owner`, with two members.
fn fill(python: &Path, database: &Path) {
    let script = format!(
        "import app, sqlite3\n\
         db = sqlite3.connect({database:?})\n\
         db.executescript(app.SCHEMA)\n\
         for number, name in enumerate({CLASSES:?}, 1):\n    \
             db.execute('INSERT INTO project VALUES (?, ?, ?, ?, ?)', (number, name, 'owner', name, name + ' data'))\n    \
             for user, may in (('reader', 0), ('writer', 1), ('approved', 0)):\n        \
                 db.execute('INSERT INTO member VALUES (?, ?, ?)', (number, user, may))\n\
         db.commit()\n"
    );
    let mut command = Command::new(python);
    command.args(["-c", &script]).current_dir(folder()).env("PYTHONDONTWRITEBYTECODE", "1");
    let mut running = Running::start(command);
    let done = poll_until(START, || running.look());
    assert!(done.as_ref().is_some_and(|done| done.code == Some(0)), "{done:#?}");
}
