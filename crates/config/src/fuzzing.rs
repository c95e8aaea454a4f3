//! Entry points for fuzzing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::{
    ByteSize, Cidr, Environment, HttpUrl, Layers, RawTable, SecretRef, effective, section,
};

section! {
    /// One key of every type.
    struct Entry {
        name: String = String::new(),
        base: Option<PathBuf> = None,
        sizes: Vec<ByteSize> = Vec::new(),
        guards: RawTable = RawTable::default(),
    }
}

section! {
    /// One key of every type, nested.
    struct Everything {
        listen: Option<SocketAddr> = None,
        wait: Duration = Duration::from_secs(1),
        count: u16 = 1,
        share: f64 = 0.5,
        networks: Vec<Cidr> = Vec::new(),
        url: Option<HttpUrl> = None,
        key: Option<SecretRef> = None,
        inner: Entry = Entry::default(),
        routes: Vec<Entry> = Vec::new(),
    }
}

/// Loads arbitrary bytes as a configuration file and as a variable, and renders what came of it.
pub fn load(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let environment = Environment::of([("MANTLET_INNER_SIZES", text.as_ref())]);
    let layers = Layers::new(environment)
        .text("mantlet.toml", data)
        .flag("routes", "--routes", text.as_ref())
        .flag("key", "--key", text.as_ref());
    let loaded = crate::load::<Everything>(&layers, |config, reader| {
        for route in &config.routes {
            route.guards.read_over(&config.inner, reader);
        }
        reader.warn(&text, "a place", "");
    });
    let _ = loaded.problems.to_string();
    if let Some(config) = &loaded.config {
        let _ = effective(config, &loaded.provenance);
    }
}
