//! Addresses to listen on.

use std::net::{Ipv4Addr, SocketAddr};

use toml::Value;

use super::is_not;
use crate::{Complaint, Scalar};

/// `host:port`; `:8080` and `localhost:8080` mean 127.0.0.1.
impl Scalar for SocketAddr {
    const KIND: &'static str = "address";
    const EXAMPLE: &'static str = "127.0.0.1:8080";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?;
        let local = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':'));
        let address = match local {
            Some(port) => port.parse().ok().map(|port| Self::from((Ipv4Addr::LOCALHOST, port))),
            None => text.parse().ok(),
        };
        address.ok_or_else(|| {
            let hint = "write host:port, for example 127.0.0.1:8080";
            Complaint::new(is_not(text, "an address"), hint)
        })
    }

    fn show(&self) -> Value {
        Value::String(self.to_string())
    }
}
