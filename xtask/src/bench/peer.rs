//! The proxies under test. Their configs are equal in kind: one worker on core 0, a keep-alive
//! pool to the application, forwarding headers set, access log off.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use super::interrupt::Interrupt;
use super::upstream::FILES;
use super::{credential, http};
use crate::process::{Background, output_of, succeeds};
use crate::{Outcome, environment};

/// How long a server may take until it answers.
pub(super) const READY_WITHIN: Duration = Duration::from_secs(20);

/// A proxy by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Kind {
    Mantlet,
    MantletRules,
    MantletNative,
    MantletKey,
    MantletSession,
    MantletToken,
    MantletStorm,
    Nginx,
    NginxModsecurity,
    Haproxy,
}

impl Kind {
    /// Its name in the report.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mantlet => "Mantlet",
            Self::MantletRules => "Mantlet, OWASP CRS",
            Self::MantletNative => "Mantlet, native detectors",
            Self::MantletKey => "Mantlet, API key",
            Self::MantletSession => "Mantlet, session",
            Self::MantletToken => "Mantlet, signed token",
            Self::MantletStorm => "Mantlet, a storm of sign-ins",
            Self::Nginx => "nginx",
            Self::NginxModsecurity => "nginx with ModSecurity, OWASP CRS",
            Self::Haproxy => "HAProxy",
        }
    }

    /// The name of its config in `bench/gate`.
    pub(super) fn config_file(self) -> &'static str {
        match self {
            Self::Mantlet => "mantlet.toml",
            Self::MantletRules => "mantlet-crs.toml",
            Self::MantletNative => "mantlet-native.toml",
            Self::MantletKey | Self::MantletSession | Self::MantletToken => "mantlet-login.toml",
            Self::MantletStorm => "mantlet-storm.toml",
            Self::Nginx => "nginx.conf",
            Self::NginxModsecurity => "nginx-modsecurity.conf",
            Self::Haproxy => "haproxy.cfg",
        }
    }

    /// Whether it is ours.
    pub(super) fn is_mantlet(self) -> bool {
        !matches!(self, Self::Nginx | Self::NginxModsecurity | Self::Haproxy)
    }

    /// Whether it refuses attacks.
    pub(super) fn is_waf(self) -> bool {
        matches!(self, Self::MantletRules | Self::MantletNative | Self::NginxModsecurity)
    }

    /// Whether it asks everybody who they are.
    pub(super) fn asks_who(self) -> bool {
        matches!(
            self,
            Self::MantletKey | Self::MantletSession | Self::MantletToken | Self::MantletStorm
        )
    }

    /// The program that has to be installed; `None` of our own.
    pub(super) fn program(self) -> Option<&'static str> {
        match self {
            Self::Nginx | Self::NginxModsecurity => Some("nginx"),
            Self::Haproxy => Some("haproxy"),
            _ => None,
        }
    }

    /// The version it prints.
    pub(super) fn version(self) -> Outcome<String> {
        let text = match self {
            Self::Nginx => output_of(Command::new("nginx").arg("-v"))?,
            Self::NginxModsecurity => packages_of_modsecurity()?,
            Self::Haproxy => output_of(Command::new("haproxy").arg("-v"))?,
            _ => output_of(Command::new(mantlet_binary()).arg("--version"))?,
        };
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }
}

/// A proxy that runs and answers. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) kind: Kind,
    pub(super) ports: Ports,
    /// The header field by which whoever asks is known; `None` where nobody is asked.
    pub(super) credential: Option<String>,
    /// The folder of a Mantlet's data.
    pub(super) data: PathBuf,
    program: Background,
}

/// Where a proxy listens, and where the application does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) own: u16,
    pub(super) tls: u16,
    pub(super) application: u16,
}

impl Peer {
    /// Starts `kind` in front of the application at `upstream`, and waits until it answers.
    pub(super) fn start(
        kind: Kind,
        folder: &Path,
        application: u16,
        interrupt: &Interrupt,
    ) -> Outcome<Self> {
        let ports = Ports { own: http::free_port()?, tls: http::free_port()?, application };
        let own = folder.join(format!("{kind:?}"));
        let config = filled_in(kind.config_file(), &own, ports)?;
        let file = own.join("config");
        write(&file, &config)?;
        let mut command = command(kind, &own, &file, ports)?;
        let mut program = Background::start(kind.name(), &mut command)?;
        interrupt.wait_for(kind.name(), READY_WITHIN, || {
            program.still_runs()?;
            let [(path, bytes), _] = FILES;
            if kind.asks_who() {
                return Ok(http::status(ports.own, path).map(drop));
            }
            http::probe(ports.own, path, bytes)
        })?;
        let data = own.join("data");
        let credential = credential::make(kind, &data, ports.own)?;
        Ok(Self { kind, ports, credential, data, program })
    }

    /// The process group whose CPU time is counted.
    pub(super) fn group(&self) -> u32 {
        self.program.group()
    }
}

fn command(kind: Kind, own: &Path, file: &Path, ports: Ports) -> Outcome<Command> {
    let Ports { own: port, application: upstream, .. } = ports;
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]);
    match kind {
        Kind::Nginx | Kind::NginxModsecurity => {
            command.args(["nginx", "-c"]).arg(file);
            command.arg("-e").arg(own.join("error.log"));
        }
        Kind::Haproxy => {
            command.args(["haproxy", "-db", "-q", "-f"]).arg(file);
        }
        _ => {
            command.arg(mantlet_binary()).args(["run", "--config"]).arg(file);
            command.arg("--data").arg(own.join("data"));
            command.args(["--upstream", &format!("http://127.0.0.1:{upstream}")]);
            command.args(["--listen", &format!("127.0.0.1:{port}")]);
            command.args(["--admin", &format!("127.0.0.1:{}", http::free_port()?)]);
            let log = own.join("output.log");
            let output = fs::File::create(&log).and_then(|file| Ok((file.try_clone()?, file)));
            let (out, err) = output.map_err(|error| format!("{}: {error}", log.display()))?;
            command.stdout(out).stderr(err);
        }
    }
    Ok(command)
}

/// The folder of the OWASP Core Rule Set.
fn core_rule_set() -> Outcome<PathBuf> {
    let shared =
        environment::shared_data().ok_or("no folder of shared test data: set MANTLET_SHARED")?;
    Ok(shared.join("data/crs"))
}

/// The packages that are ModSecurity here: it prints no version of its own.
fn packages_of_modsecurity() -> Outcome<String> {
    let mut query = Command::new("dpkg-query");
    query.args(["-W", "-f", "${Package} ${Version}, "]);
    let text = output_of(query.args(["libnginx-mod-http-modsecurity", "libmodsecurity3"]))?;
    Ok(text.trim_end_matches(", ").to_owned())
}

/// What is measured in place of the release build.
static BINARY: OnceLock<PathBuf> = OnceLock::new();

/// Measures `binary` from now on.
pub(super) fn measure_binary(binary: &Path) -> Outcome<()> {
    let binary = binary.canonicalize().map_err(|error| format!("{}: {error}", binary.display()))?;
    BINARY.set(binary).map_err(|_| "another binary is measured already".to_owned())
}

/// The build that is measured.
pub(super) fn mantlet_binary() -> PathBuf {
    let release = || environment::root().join("target/release/mantlet");
    BINARY.get().cloned().unwrap_or_else(release)
}

/// Writes a file and the folders above it.
pub(super) fn write(path: &Path, text: &str) -> Outcome<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// Makes the certificate that every proxy ends TLS with.
pub(super) fn certificate(folder: &Path) -> Outcome<()> {
    let place = |name: &str| folder.join(name);
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    command.args(["-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout"]);
    command.arg(place("key.pem")).arg("-out").arg(place("cert.pem"));
    if !succeeds(&mut command) {
        return Err("openssl made no certificate".to_owned());
    }
    let read = |name: &str| {
        let place = place(name);
        fs::read_to_string(&place).map_err(|error| format!("{}: {error}", place.display()))
    };
    // HAProxy wants both in one file.
    write(&place("both.pem"), &format!("{}{}", read("cert.pem")?, read("key.pem")?))
}

/// The text of `bench/gate/<name>` with the ports and the folders filled in.
pub(super) fn filled_in(name: &str, own: &Path, ports: Ports) -> Outcome<String> {
    let place = environment::root().join("bench/gate").join(name);
    let text =
        fs::read_to_string(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    // nginx gives up root's rights by itself, and then cannot read the folder.
    let is_root = rustix::process::geteuid().is_root();
    let user = if is_root { "user root;" } else { "" };
    let text = match text.contains("@CRS@") {
        true => text.replace("@CRS@", &core_rule_set()?.display().to_string()),
        false => text,
    };
    Ok(text
        .replace("@USER@", user)
        .replace("@PORT@", &ports.own.to_string())
        .replace("@TLS@", &ports.tls.to_string())
        .replace("@UPSTREAM@", &ports.application.to_string())
        .replace("@SHARED@", &own.parent().unwrap_or(own).display().to_string())
        .replace("@FOLDER@", &own.display().to_string()))
}
