//! A small, deliberately weak application: what the gate is there for. It listens on loopback
//! only, holds nothing worth having, and is not part of what Mantlet protects with.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Connections at a time.
const MAX_CONNECTIONS: usize = 64;
/// Largest head and body that are read.
const MAX_BYTES: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(15);

/// The application, running on threads of its own until the process ends.
#[derive(Debug)]
pub(crate) struct WeakApplication {
    address: SocketAddr,
}

impl WeakApplication {
    /// Starts it on a free port of 127.0.0.1.
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let open = Arc::new(AtomicUsize::new(0));
        let threads = std::thread::Builder::new().name("demo".into());
        threads.spawn(move || {
            for stream in listener.incoming().flatten() {
                if open.load(Ordering::Relaxed) >= MAX_CONNECTIONS {
                    continue;
                }
                let counted = Counted::new(&open);
                let thread = std::thread::Builder::new().name("demo connection".into());
                // A thread that cannot be had costs one visitor of the demo their page.
                let _ = thread.spawn(move || {
                    let _counted = counted;
                    let _ = serve(&stream);
                });
            }
        })?;
        Ok(Self { address })
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What little of a request the application looks at.
struct Request {
    target: String,
    user: Option<String>,
}

fn serve(stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        let (status, kind, body) = answer(&request);
        let mut writer = stream;
        write!(
            writer,
            "HTTP/1.1 {status}\r\nServer: WeakServer/0.9 (demo)\r\nX-Powered-By: good intentions\r\n\
             Set-Cookie: session=0001; Path=/\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
    }
    Ok(())
}

fn read(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Request>> {
    let mut head = reader.by_ref().take(MAX_BYTES);
    let mut line = String::new();
    if head.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let target = line.split(' ').nth(1).unwrap_or("/").to_owned();
    let (mut user, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        if head.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "x-user-id" => user = Some(value.trim().to_owned()),
            "content-length" => length = value.trim().parse().unwrap_or(0),
            _ => {}
        }
    }
    io::copy(&mut reader.by_ref().take(u64::min(length, MAX_BYTES)), &mut io::sink())?;
    Ok(Some(Request { target, user }))
}

/// Every answer is wrong in its own way.
fn answer(request: &Request) -> (&'static str, &'static str, String) {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    match path {
        "/" => ("200 OK", "text/html", HOME.to_owned()),
        // Whoever says who they are is believed.
        "/admin" if request.user.as_deref() == Some("admin") => {
            ("200 OK", "text/plain", "Welcome, admin. Here is everything.\n".into())
        }
        "/admin" => ("403 Forbidden", "text/plain", "admins only\n".into()),
        // Internals in an error answer.
        "/crash" => ("500 Internal Server Error", "text/plain", TRACE.to_owned()),
        // Input comes back as markup.
        "/hello" => (
            "200 OK",
            "text/html",
            format!("<h1>Hello {}</h1>\n", decode(query.trim_start_matches("name="))),
        ),
        // Decodes first and joins later: a path that climbs out. The files are make-believe.
        path if path.starts_with("/files/") => match decode(path).as_str() {
            "/files/readme.txt" => ("200 OK", "text/plain", "This is the only file.\n".into()),
            climbing if climbing.contains("/..") => (
                "200 OK",
                "text/plain",
                "root:x:0:0:root:/root:/bin/sh\n(made up for the demo)\n".into(),
            ),
            _ => ("404 Not Found", "text/plain", "no such file\n".into()),
        },
        _ => ("404 Not Found", "text/plain", "not found\n".into()),
    }
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        let escape = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte =
            escape.filter(|_| *first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&out).into_owned()
}

const HOME: &str = "<!doctype html>\n<html lang=\"en\"><head><title>A weak application</title></head>\n\
<body><h1>A weak application</h1>\n<p>It trusts everyone.</p>\n<ul>\n<li><a href=\"/hello?name=you\">Hello</a></li>\n\
<li><a href=\"/files/readme.txt\">A file</a></li>\n<li><a href=\"/admin\">Admin</a></li>\n\
<li><a href=\"/crash\">Crash</a></li>\n</ul></body></html>\n";

const TRACE: &str = "Traceback (most recent call last):\n  File \"/srv/weak/app.py\", line 42, in crash\n    \
db.execute(\"select * from users where password = 'hunter2'\")\nOperationalError: no such table: users\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_broken_ones_kept() {
        assert_eq!(decode("/files/..%2f%2e%2E%2Fx"), "/files/../../x");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%4"), "%zz%4");
    }
}
