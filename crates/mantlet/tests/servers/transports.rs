//! TLS, HTTP/2 and Unix sockets towards real nginx.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{
    Running, TempFolder, certificate, free_address, lacking, left_out, poll_until,
};

use crate::common::{PATIENCE, assert_refused};
use crate::gate_of;

/// nginx with these server blocks, where it is installed; otherwise the gap is on record.
struct Nginx {
    folder: TempFolder,
    _running: Running,
}

impl Nginx {
    fn start(folder: TempFolder, listens: &str, is_up: impl Fn() -> bool) -> Option<Self> {
        if !lacking(&["nginx"]).is_empty() {
            left_out("servers", "no nginx");
            return None;
        }
        let place = folder.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {place}/{kind};\n"))
            .concat();
        let config = format!(
            "daemon off;\nworker_processes 1;\npid {place}/pid;\nerror_log {place}/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}\nserver {{\n{listens}\nlocation / {{ default_type text/plain; return 200 \"$server_protocol $request_method $host $ssl_client_verify $request_uri\"; }}\nlocation /body {{ client_max_body_size 10m; proxy_pass http://unix:{place}/echo.sock; }}\nlocation /large {{ root {place}; }}\n}}\nserver {{ listen unix:{place}/echo.sock; client_max_body_size 10m; location / {{ default_type text/plain; return 200 \"$content_length $http_transfer_encoding\"; }} }}\n}}\n"
        );
        let file = folder.write("nginx.conf", config);
        let _ = folder.write("large", "z".repeat(3_000_000));
        let mut command = Command::new("nginx");
        command.env("PATH", "/usr/sbin:/usr/bin:/bin").arg("-c").arg(file);
        command.arg("-e").arg(folder.path().join("error.log"));
        let running = Running::start(command);
        poll_until(PATIENCE, || is_up().then_some(())).unwrap();
        Some(Self { folder, _running: running })
    }

    fn file(&self, name: &str) -> String {
        format!("{:?}", self.folder.path().join(name))
    }
}

fn is_open(address: SocketAddr) -> impl Fn() -> bool {
    move || TcpStream::connect(address).is_ok()
}

/// nginx with TLS for `localhost`, under a certificate of its own.
fn tls(versions: &str, more: &str) -> Option<(Nginx, SocketAddr)> {
    let (folder, address) = (TempFolder::new(), free_address());
    let (cert, key) = certificate(&folder, "cert.pem", "key.pem");
    let listen = format!(
        "listen {address} ssl {versions};\nserver_name localhost;\nssl_certificate {};\nssl_certificate_key {};\n{}",
        cert.display(),
        key.display(),
        more.replace("@FOLDER@", &folder.path().display().to_string()),
    );
    Nginx::start(folder, &listen, is_open(address)).map(|nginx| (nginx, address))
}

#[test]
fn over_tls_the_server_is_verified_and_http_2_spoken_where_it_is_offered() {
    for (versions, expected) in [("http2", "HTTP/2.0"), ("", "HTTP/1.1")] {
        let Some((nginx, address)) = tls(versions, "") else { return };
        let config = format!("[upstream.tls]\nca = {}\n", nginx.file("cert.pem"));
        let gate = gate_of(&[format!("https://localhost:{}", address.port())], &config);
        for turn in 0..10 {
            let path = format!("/x?{turn}");
            let response = wire::get(gate.address(), &path, &[]);
            let shown = format!("{expected} GET 127.0.0.1 NONE {path}");
            assert_eq!((response.status, response.text()), (200, shown), "{}", gate.story());
        }
        let large = wire::get(gate.address(), "/large", &[]);
        assert_eq!((large.status, large.text().len(), large.is_complete), (200, 3_000_000, true));
        let body = vec![b'b'; 300_000];
        let posted = wire::request(gate.address(), "POST", "/body", &[], &body);
        assert_eq!((posted.status, posted.text().as_str()), (200, "300000 "), "{posted:?}");
        let head = wire::request(gate.address(), "HEAD", "/", &[], b"");
        assert_eq!((head.status, head.text().as_str()), (200, ""));
    }
}

#[test]
fn a_server_that_is_not_who_it_should_be_gets_no_request() {
    let Some((nginx, address)) = tls("http2", "") else { return };
    let ca = nginx.file("cert.pem");
    let stranger = TempFolder::new();
    let (other, _) = certificate(&stranger, "other.pem", "other.key");
    for (about, host, config, is_served) in [
        ("the system does not know the authority", "localhost", String::new(), false),
        ("another authority", "localhost", format!("ca = {other:?}\n"), false),
        ("another name", "127.0.0.2", format!("ca = {ca}\n"), false),
        (
            "another name, expected",
            "127.0.0.2",
            format!("ca = {ca}\nserver_name = \"localhost\"\n"),
            true,
        ),
        (
            "not verified at all",
            "127.0.0.2",
            "dangerous_accept_any_certificate = true\n".to_owned(),
            true,
        ),
    ] {
        let port = address.port();
        // Another loopback address leads to the same server where it listens on all of them.
        let listener = forward(host, address);
        let (host, port) =
            listener.map_or_else(|| (host.to_owned(), port), |at| (at.ip().to_string(), at.port()));
        let config = format!("[upstream.tls]\n{config}");
        let gate = gate_of(&[format!("https://{host}:{port}")], &config);
        let response = wire::get(gate.address(), "/", &[]);
        if is_served {
            assert_eq!(response.status, 200, "{about}: {}", gate.story());
        } else {
            let event = assert_refused(&gate, &response, (502, "upstream-unreachable"), about);
            assert!(event.to_string().contains("TLS: "), "{about}: {event:#}");
        }
    }
}

/// Another address that leads to `target`; `None` for a name that does so already.
fn forward(host: &str, target: SocketAddr) -> Option<SocketAddr> {
    let address: std::net::IpAddr = host.parse().ok()?;
    let listener = std::net::TcpListener::bind((address, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let one = stream.unwrap();
            let two = TcpStream::connect(target).unwrap();
            for (mut from, mut to) in
                [(one.try_clone().unwrap(), two.try_clone().unwrap()), (two, one)]
            {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    Some(at)
}

#[test]
fn a_server_that_asks_for_a_certificate_gets_ours() {
    let verify = "ssl_verify_client optional_no_ca;\n";
    let Some((nginx, address)) = tls("", verify) else { return };
    let (ca, key) = (nginx.file("cert.pem"), nginx.file("key.pem"));
    let server = format!("https://localhost:{}", address.port());
    for (own, expected) in
        [(format!("cert = {ca}\nkey = {key}\n"), "FAILED"), (String::new(), "NONE")]
    {
        let gate =
            gate_of(std::slice::from_ref(&server), &format!("[upstream.tls]\nca = {ca}\n{own}"));
        let text = wire::get(gate.address(), "/", &[]).text();
        // nginx knows no authority for it, which is all that is wrong with it.
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn http_2_without_tls_carries_many_requests_on_one_connection() {
    let address = free_address();
    let listen = format!("listen {address} http2;");
    let Some(_nginx) = Nginx::start(TempFolder::new(), &listen, is_open(address)) else { return };
    let gate = gate_of(&[format!("h2c://{address}")], "[server]\nworkers = 1\n");
    let at = gate.address();
    std::thread::scope(|scope| {
        for client in 0..20 {
            scope.spawn(move || {
                let mut connection = Connection::open(at).unwrap();
                for turn in 0..10 {
                    let path = format!("/{client}/{turn}");
                    connection.write(&wire::render(at, "GET", &path, &[], b"")).unwrap();
                    let text = connection.read_response().unwrap().text();
                    assert_eq!(text, format!("HTTP/2.0 GET 127.0.0.1  {path}"));
                }
            });
        }
    });
    let body = vec![b'b'; 100_000];
    let posted = wire::request(at, "POST", "/body", &[], &body);
    assert_eq!((posted.status, posted.text().as_str()), (200, "100000 "), "{posted:?}");
    let status = gate.command(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let open = status["servers"][0]["connections"].as_u64().unwrap();
    assert!(open <= 3, "{open} connections: {status:#}");
}

#[test]
fn clients_that_do_not_read_hold_up_nobody_else_on_a_connection_of_http_2() {
    let (folder, address) = (TempFolder::new(), free_address());
    let (place, listen) = (folder.path().to_owned(), format!("listen {address} http2;"));
    let Some(_nginx) = Nginx::start(folder, &listen, is_open(address)) else { return };
    // More than the system holds on the way, even for a client that reads nothing.
    std::fs::File::create(place.join("large")).unwrap().set_len(64_000_000).unwrap();
    let gate = gate_of(&[format!("h2c://{address}")], "[server]\nworkers = 1\n");
    let request = wire::render(gate.address(), "GET", "/large", &[], b"");
    let mut lazy: Vec<TcpStream> = (0..12)
        .map(|_| {
            let mut stream = TcpStream::connect(gate.address()).unwrap();
            stream.write_all(&request).unwrap();
            stream
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(wire::get(gate.address(), "/quick", &[]).status, 200);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // And what they asked for goes on once they read, past all that was on the way.
    let (mut reader, mut buffer, mut read) = (lazy.pop().unwrap(), vec![0; 64 * 1024], 0);
    reader.set_read_timeout(Some(PATIENCE)).unwrap();
    while read < 32_000_000 {
        let count = reader.read(&mut buffer).unwrap();
        assert!(count > 0, "ended after {read} bytes");
        read += count;
    }
}

#[test]
fn a_unix_socket_is_a_server_too() {
    let folder = TempFolder::new();
    let socket = folder.path().join("app.sock");
    let (at, listen) = (socket.clone(), format!("listen unix:{};", socket.display()));
    let is_up = move || std::os::unix::net::UnixStream::connect(&at).is_ok();
    let Some(_nginx) = Nginx::start(folder, &listen, is_up) else { return };
    let gate = gate_of(&[format!("unix:{}", socket.display())], "");
    for turn in 0..5 {
        let path = format!("/{turn}");
        let response = wire::get(gate.address(), &path, &[]);
        assert_eq!(response.text(), format!("HTTP/1.1 GET 127.0.0.1  {path}"), "{}", gate.story());
    }
    let gone = gate_of(&["unix:/nowhere/app.sock".to_owned()], "");
    let response = wire::get(gone.address(), "/", &[]);
    assert_refused(&gone, &response, (502, "upstream-unreachable"), "no socket");
}
