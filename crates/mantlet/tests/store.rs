//! The store from the command line: backup, restore, another key, migrations; and the settings of
//! `[store]`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mantlet_store::{Options, RootSource, Store};
use mantlet_testkit::{Answer, FakeUpstream, Finished, MantletProcess, Running, TempFolder};
use mantlet_types::{SystemClock, SystemRng};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_mantlet");
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder to work in, with a data folder whose root key is the usual one.
struct House(TempFolder);

impl House {
    fn new() -> Self {
        Self(TempFolder::new())
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// Runs `mantlet store …` on the data folder.
    fn store(&self, arguments: &[&str]) -> Finished {
        let mut command = Command::new(BINARY);
        command.arg("store").args(arguments).arg("--data").arg(self.data());
        command.current_dir(self.0.path()).stdin(Stdio::null());
        command.env_clear().env("HOME", self.0.path()).env("PATH", "/usr/bin:/bin");
        let mut running = Running::start(command);
        let end = running.wait(PATIENCE);
        end.unwrap_or_else(|| panic!("{arguments:?} still runs: {}", running.stderr()))
    }

    fn fine(&self, arguments: &[&str]) -> Finished {
        let end = self.store(arguments);
        assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""), "{arguments:?}: {end:#?}");
        end
    }

    fn refused(&self, arguments: &[&str], why: &str) {
        let end = self.store(arguments);
        assert_eq!(end.code, Some(2), "{arguments:?}: {end:#?}");
        assert!(end.stderr.contains(why) && end.stderr.contains("hint: "), "{end:#?}");
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Makes a store, as a server does that has something to keep.
fn make_store(data: &Path, root: RootSource) {
    let options = Options::new(data, root, Arc::new(SystemClock::new()), Arc::new(SystemRng));
    fs::create_dir_all(data).unwrap();
    fs::write(data.join("lock"), "").unwrap();
    wait(async {
        let store = Store::open(&options).await.unwrap();
        store.keys().ensure(&["totp"]).unwrap();
        store.close().await;
    });
}

// covers: SAMO-56 (binary)
#[test]
fn a_store_is_backed_up_verified_lost_and_restored() {
    let house = House::new();
    make_store(&house.data(), RootSource::Beside);
    let made = house.fine(&["backup", "kept", "--json"]);
    let made: Value = serde_json::from_str(&made.stdout).unwrap();
    assert!(made["manifest"]["schema"].as_u64() >= Some(3), "{made}");
    house.refused(&["backup", "kept"], "is there already");
    assert!(house.fine(&["restore", "kept", "--verify"]).stdout.contains("whole"));
    house.refused(&["restore", "kept"], "there is a store already");

    fs::remove_file(house.data().join("store.db")).unwrap();
    house.refused(&["migrate", "--check"], "store.db` is not there");
    let said = house.fine(&["restore", "kept", "--replace"]).stdout;
    assert!(said.contains("restored") && said.contains("replaced-"), "{said}");
    assert!(house.fine(&["migrate", "--check"]).stdout.contains("up to date"));
    // Who asked for it is on record.
    let audit = fs::read_dir(house.data().join("audit")).unwrap();
    let audit: String =
        audit.map(|file| fs::read_to_string(file.unwrap().path()).unwrap_or_default()).collect();
    assert!(audit.contains("store restore") && audit.contains("store backup"), "{audit}");
}

#[test]
fn a_backup_that_was_changed_is_refused() {
    let house = House::new();
    make_store(&house.data(), RootSource::Beside);
    house.fine(&["backup", "kept"]);
    let path = house.0.path().join("kept/store.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[5000] ^= 1;
    fs::write(&path, bytes).unwrap();
    house.refused(&["restore", "kept", "--verify"], "is not the file that was backed up");
    house.refused(&["restore", "kept", "--replace"], "is not the file that was backed up");
    house.refused(&["restore", "nowhere", "--verify"], "is no backup");
    assert!(house.fine(&["migrate"]).stdout.contains("up to date"));
}

// covers: SCI-23 (binary)
#[test]
fn sci_d15_the_store_gets_a_new_key_and_a_wrong_one_is_told() {
    let house = House::new();
    make_store(&house.data(), RootSource::Beside);
    let before = fs::read(house.data().join("store.db")).unwrap();
    assert!(house.fine(&["rekey"]).stdout.contains("new key"));
    let after = fs::read(house.data().join("store.db")).unwrap();
    assert_ne!(before.get(..16), after.get(..16));
    house.fine(&["migrate", "--check"]);
    fs::write(house.data().join("store.db"), before.get(..4096).unwrap()).unwrap();
    house.refused(&["migrate"], "damaged");
    fs::remove_file(house.data().join("keys/root.key")).unwrap();
    house.refused(&["migrate"], "root.key`, is not there");
}

#[test]
fn the_key_of_the_store_is_where_the_configuration_says() {
    let house = House::new();
    let key = house
        .0
        .write("root.key", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    let phrase = house.0.write("phrase", "correct horse battery staple");
    for path in [&key, &phrase] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(path, mode).unwrap();
    }
    make_store(&house.data(), RootSource::File(key.clone()));
    house.refused(&["migrate", "--check"], "root.key`, is not there");
    let with = |setting: &str, path: &Path| {
        house.0.write("mantlet.toml", format!("[store]\n{setting} = \"file:{}\"\n", path.display()))
    };
    with("root_key", &key);
    house.fine(&["migrate", "--check"]);
    with("passphrase", &phrase);
    house.refused(&["migrate", "--check"], "root.salt");
    let both =
        format!("[store]\nroot_key = \"file:{0}\"\npassphrase = \"file:{0}\"\n", key.display());
    house.0.write("mantlet.toml", both);
    house.refused(&["migrate", "--check"], "both name the key");
    for (setting, why) in [("wait = \"1ms\"", "time to wait"), ("max_size = \"1KiB\"", "1KiB")] {
        house.0.write("mantlet.toml", format!("[store]\n{setting}\n"));
        house.refused(&["migrate", "--check"], why);
    }
}

#[test]
fn a_backup_is_not_put_under_a_server_that_runs() {
    let house = House::new();
    make_store(&house.data(), RootSource::Beside);
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let mut server =
        MantletProcess::builder(BINARY).upstream(&upstream.url()).data(house.data()).start();
    house.fine(&["backup", "kept"]);
    for how in [&["restore", "kept"] as &[&str], &["restore", "kept", "--replace"]] {
        house.refused(how, "a server runs on");
    }
    server.stop();
    assert!(house.fine(&["restore", "kept", "--replace"]).stdout.contains("restored"));
}

#[test]
fn a_backup_is_verified_beside_a_server_that_runs_one_at_a_time() {
    let house = House::new();
    make_store(&house.data(), RootSource::Beside);
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let builder = MantletProcess::builder(BINARY);
    let _server = builder.upstream(&upstream.url()).data(house.data()).start();
    house.fine(&["backup", "kept"]);
    assert!(house.fine(&["restore", "kept", "--verify"]).stdout.contains("whole"));
    assert!(!house.data().join("store.db.verified").exists());

    let lock = fs::File::open(house.data().join("verify.lock")).unwrap();
    lock.lock().unwrap();
    house.refused(&["restore", "kept", "--verify"], "another backup is being verified");
    lock.unlock().unwrap();
    let path = house.0.path().join("kept/store.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[5000] ^= 1;
    fs::write(&path, bytes).unwrap();
    house.refused(&["restore", "kept", "--verify"], "is not the file that was backed up");
}

#[test]
fn nothing_is_made_where_there_is_no_store() {
    let house = House::new();
    for arguments in [&["backup", "kept"] as &[&str], &["rekey"], &["migrate"]] {
        house.refused(arguments, "there is no data folder");
    }
    house.refused(&["restore", "nowhere"], "there is no backup");
    assert!(!house.data().exists());
    fs::create_dir(house.data()).unwrap();
    for arguments in [&["backup", "kept"] as &[&str], &["rekey"], &["migrate"]] {
        house.refused(arguments, "there is no store");
    }
    assert!(!house.data().join("keys").exists() && !house.0.path().join("kept").exists());
}
