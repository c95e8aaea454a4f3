//! Other people's proxies, as neighbours of the gate.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use crate::wire::Connection;
use crate::{Running, TempFolder, free_address, poll_until};

/// How long a proxy may take to listen.
const START: Duration = Duration::from_secs(20);

/// A proxy from Debian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyKind {
    /// nginx.
    Nginx,
    /// HAProxy.
    Haproxy,
    /// Caddy.
    Caddy,
}

/// A running proxy that passes everything on, WebSockets too, and names the client in
/// `X-Forwarded-For`. Ended when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    _running: Running,
    _folder: TempFolder,
}

impl ProxyKind {
    /// The program, which may be missing: see [`crate::lacking`].
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Caddy => "caddy",
        }
    }

    /// Starts it in front of `upstream`.
    ///
    /// # Panics
    /// When it does not listen in time.
    #[must_use]
    pub fn start(self, upstream: SocketAddr) -> Proxy {
        self.start_with(upstream, "")
    }

    /// Starts it with more lines where it says what to do with a request: nginx's `location`,
    /// HAProxy's `server` line, Caddy's `reverse_proxy`.
    ///
    /// # Panics
    /// When it does not listen in time.
    #[must_use]
    pub fn start_with(self, upstream: SocketAddr, more: &str) -> Proxy {
        self.run(|root, address| self.configuration(root, address, upstream, more))
    }

    /// Starts it with a recipe as people write it: an nginx `server`, a Caddyfile, HAProxy's front and
    /// back ends, for clients at 127.0.0.1:8000. `global` is for HAProxy's section of that name.
    ///
    /// # Panics
    /// When it does not listen in time.
    #[must_use]
    pub fn start_recipe(self, recipe: &str, global: &str) -> Proxy {
        self.run(|root, address| {
            let recipe = recipe.replace("127.0.0.1:8000", &address.to_string());
            match self {
                Self::Nginx => format!(
                    "daemon off; master_process off; pid {root}/pid; error_log {root}/error.log;
                    events {{ worker_connections 256; }}
                    http {{
                        access_log off;
                        client_body_temp_path {root}/a; proxy_temp_path {root}/b;
                        fastcgi_temp_path {root}/c; uwsgi_temp_path {root}/d; scgi_temp_path {root}/e;
                        {recipe}
                    }}"
                ),
                Self::Haproxy => format!(
                    "global\n  maxconn 256\n  {global}\ndefaults\n  mode http\n  timeout connect 5s\n  \
                     timeout client 20s\n  timeout server 20s\n{recipe}\n"
                ),
                Self::Caddy => format!("{{\n  admin off\n  auto_https off\n}}\n{recipe}\n"),
            }
        })
    }

    /// Starts it with what `configuration` makes of its folder and address.
    fn run(self, configuration: impl FnOnce(&str, SocketAddr) -> String) -> Proxy {
        let (folder, address) = (TempFolder::new(), free_address());
        let root = folder.path().display().to_string();
        let file = folder.path().join("configuration");
        std::fs::write(&file, configuration(&root, address)).unwrap();
        let mut command = Command::new(self.program());
        match self {
            Self::Nginx => command.args(["-p", &root, "-c"]).arg(&file),
            Self::Haproxy => command.args(["-db", "-f"]).arg(&file),
            Self::Caddy => command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&file),
        };
        command.env("HOME", &root).env("XDG_DATA_HOME", &root).env("XDG_CONFIG_HOME", &root);
        let running = Running::start(command);
        let listens = poll_until(START, || Connection::open(address).ok());
        assert!(listens.is_some(), "{self:?} does not listen: {}", running.stderr());
        Proxy { address, _running: running, _folder: folder }
    }

    fn configuration(
        self,
        root: &str,
        address: SocketAddr,
        upstream: SocketAddr,
        more: &str,
    ) -> String {
        match self {
            Self::Nginx => format!(
                "daemon off; master_process off; pid {root}/pid; error_log {root}/error.log;
                events {{ worker_connections 256; }}
                http {{
                    access_log off; client_max_body_size 64m;
                    client_body_temp_path {root}/a; proxy_temp_path {root}/b;
                    fastcgi_temp_path {root}/c; uwsgi_temp_path {root}/d; scgi_temp_path {root}/e;
                    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
                    upstream up {{ server {upstream}; keepalive 16; }}
                    server {{
                        listen {address};
                        location / {{
                            proxy_pass http://up;
                            proxy_http_version 1.1;
                            proxy_buffering off;
                            proxy_set_header Host $http_host;
                            proxy_set_header Upgrade $http_upgrade;
                            proxy_set_header Connection $connection_upgrade;
                            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                            {more}
                        }}
                    }}
                }}"
            ),
            Self::Haproxy => format!(
                "global\n  maxconn 256\ndefaults\n  mode http\n  timeout connect 5s\n  \
                 timeout client 20s\n  timeout server 20s\n  timeout tunnel 20s\n  \
                 option forwardfor\nfrontend in\n  bind {address}\n  default_backend out\n\
                 backend out\n  server one {upstream} {more}\n"
            ),
            Self::Caddy => format!(
                "{{\n  admin off\n  auto_https off\n}}\n\
                 http://:{port} {{\n  bind {ip}\n  reverse_proxy {upstream} {{\n    {more}\n  }}\n}}\n",
                port = address.port(),
                ip = address.ip(),
            ),
        }
    }
}

impl Proxy {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as the URL of an upstream.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}
