//! Where a server is, and how it is talked to.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use mantlet_config::{Complaint, HttpUrl, Scalar, Value};

const HINT: &str = "write `http://host:port`, `https://host`, `h2c://host:port` or `unix:/path`";

/// Longest path of a Unix socket in bytes: more does not fit its address.
const MAX_SOCKET_PATH: usize = 107;

/// Largest weight.
const MAX_WEIGHT: u32 = 1000;

/// The address of one server, with its weight among the servers of its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    place: Place,
    weight: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// `http` or `https`.
    Url(HttpUrl),
    /// HTTP/2 without TLS, known beforehand to be spoken there.
    PlainTwo(HttpUrl),
    /// A Unix socket.
    Socket(PathBuf),
}

impl ServerAddress {
    /// The host, the port and the path; `None` for a Unix socket.
    #[must_use]
    pub const fn url(&self) -> Option<&HttpUrl> {
        match &self.place {
            Place::Url(url) | Place::PlainTwo(url) => Some(url),
            Place::Socket(_) => None,
        }
    }

    /// The Unix socket; `None` for a host.
    #[must_use]
    pub const fn socket(&self) -> Option<&PathBuf> {
        match &self.place {
            Place::Socket(path) => Some(path),
            Place::Url(_) | Place::PlainTwo(_) => None,
        }
    }

    /// Whether TLS is spoken there.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(&self.place, Place::Url(url) if url.is_tls())
    }

    /// Whether HTTP/2 is spoken there without TLS.
    #[must_use]
    pub const fn is_plain_two(&self) -> bool {
        matches!(self.place, Place::PlainTwo(_))
    }

    /// How many requests it gets, compared with the others of its group; 1 where none is written.
    #[must_use]
    pub const fn weight(&self) -> u32 {
        self.weight
    }

    /// The path before every request's own; empty for none.
    #[must_use]
    pub fn base(&self) -> &str {
        self.url().map_or("", |url| url.path().trim_end_matches('/'))
    }
}

impl fmt::Display for ServerAddress {
    /// The address without its weight.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Url(url) => url.fmt(f),
            Place::PlainTwo(url) => {
                let text = url.to_string();
                write!(f, "h2c{}", text.strip_prefix("http").unwrap_or(&text))
            }
            Place::Socket(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl FromStr for ServerAddress {
    type Err = Complaint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, weight) = match text.split_once(" weight ") {
            Some((address, weight)) => (address, read_weight(weight)?),
            None => (text, 1),
        };
        let place = if let Some(path) = address.strip_prefix("unix:") {
            Place::Socket(socket_path(path)?)
        } else if let Some(rest) = address.strip_prefix("h2c://") {
            Place::PlainTwo(format!("http://{rest}").parse()?)
        } else {
            let with_hint = |complaint: Complaint| Complaint::new(complaint.message, HINT);
            Place::Url(address.parse().map_err(with_hint)?)
        };
        Ok(Self { place, weight })
    }
}

fn read_weight(text: &str) -> Result<u32, Complaint> {
    let weight = text.parse().ok().filter(|weight| (1..=MAX_WEIGHT).contains(weight));
    weight.ok_or_else(|| {
        let hint = format!("write a number from 1 to {MAX_WEIGHT}, as in `http://a weight 2`");
        Complaint::new(format!("`{}` is not a weight", shortened(text)), hint)
    })
}

fn socket_path(path: &str) -> Result<PathBuf, Complaint> {
    if !path.starts_with('/') || path.len() > MAX_SOCKET_PATH || path.contains('\0') {
        let message = format!("`unix:{}` is not a socket", shortened(path));
        return Err(Complaint::new(message, "write an absolute path: `unix:/run/app.sock`"));
    }
    Ok(path.into())
}

/// Enough of `text` to recognise it.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

impl Scalar for ServerAddress {
    const KIND: &'static str = "address of a server";
    const EXAMPLE: &'static str = "http://127.0.0.1:8501";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?.parse()
    }

    fn show(&self) -> Value {
        Value::String(match self.weight {
            1 => self.to_string(),
            weight => format!("{self} weight {weight}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_shown_as_it_was() {
        for (text, is_tls, is_two, base, weight) in [
            ("http://127.0.0.1:8501", false, false, "", 1),
            ("https://app.internal/base", true, false, "/base", 1),
            ("h2c://[::1]:8080", false, true, "", 1),
            ("unix:/run/app.sock", false, false, "", 1),
            ("http://a.example weight 3", false, false, "", 3),
            ("unix:/run/my app.sock weight 1000", false, false, "", 1000),
        ] {
            let address: ServerAddress = text.parse().unwrap();
            assert_eq!(address.show().as_str(), Some(text));
            let found = (address.is_tls(), address.is_plain_two(), address.base());
            assert_eq!(found, (is_tls, is_two, base), "{text}");
            assert_eq!(address.weight(), weight, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_with_what_to_write() {
        let long = format!("unix:/{}", "x".repeat(200));
        for text in [
            "127.0.0.1:8501",
            "ftp://a",
            "unix:relative.sock",
            "h2c://user:secret@a",
            "http://a weight 0",
            "http://a weight 1001",
            "http://a weight x",
            &long,
        ] {
            let complaint = text.parse::<ServerAddress>().unwrap_err();
            assert!(!complaint.hint.is_empty() && !complaint.message.contains("secret"), "{text}");
        }
    }
}
