//! Addresses that get in each other's way: two listeners on one, or an application that is us.

use std::net::{IpAddr, SocketAddr};

use mantlet_config::{HttpUrl, Reader};
use mantlet_gate::upstream::ServerAddress;

use super::Config;

/// Finds addresses that are used twice.
pub(super) fn check(config: &Config, reader: &mut Reader<'_>) {
    let own = own(config);
    for (index, (key, address)) in own.iter().enumerate() {
        let before = own.iter().take(index);
        let twin = before.clone().find(|(_, other)| other == address && address.port() != 0);
        if let Some((other, _)) = twin {
            let message = format!("`{address}` stands in `{other}` already");
            reader.error(key, message, "give each listener an address of its own");
        }
    }
    for (key, url) in applications(config) {
        let leads_to = |listen| url.url().is_some_and(|url| leads_to(url, listen));
        if let Some((other, _)) = own.iter().find(|(_, address)| leads_to(*address)) {
            let message = format!("`{url}` is Mantlet itself (`{other}`)");
            let hint = "name the address of the application, or let Mantlet listen on another port";
            reader.error(&key, message, hint);
        }
    }
}

/// Where Mantlet listens, with the keys that say so.
fn own(config: &Config) -> Vec<(&'static str, SocketAddr)> {
    let server = config.server.listen.iter().map(|address| ("server.listen", *address));
    let tls = config.server.tls.listen.iter().map(|address| ("server.tls.listen", *address));
    let asking = config.server.forward_auth.listen.iter();
    let asking = asking.map(|address| ("server.forward_auth.listen", *address));
    server.chain(tls).chain(asking).chain([("admin.listen", config.admin.listen)]).collect()
}

/// Every server that requests are sent to, with the key that names it.
pub(crate) fn applications(config: &Config) -> impl Iterator<Item = (String, &ServerAddress)> {
    let routes = config.routes.iter().enumerate().flat_map(|(index, route)| {
        route.upstream.iter().map(move |url| (format!("routes[{index}].upstream"), url))
    });
    config.upstream.url.iter().map(|url| ("upstream.url".to_owned(), url)).chain(routes)
}

/// Whether a connection to `url` would arrive at `listen`, as far as the text can say: other names
/// than `localhost` are not looked up.
fn leads_to(url: &HttpUrl, listen: SocketAddr) -> bool {
    if url.port() != listen.port() {
        return false;
    }
    let host = url.connect_host();
    let own = listen.ip().to_canonical();
    if host == "localhost" {
        return own.is_loopback() || own.is_unspecified();
    }
    host.parse::<IpAddr>().is_ok_and(|host| {
        let host = host.to_canonical();
        let is_local = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
        host == own
            || (own.is_unspecified() && is_local(host))
            || (host.is_unspecified() && is_local(own))
    })
}

#[cfg(test)]
mod tests {
    use mantlet_config::{Environment, Layers, load};

    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let layers = Layers::new(Environment::default()).text("mantlet.toml", text);
        let loaded = load(&layers, check);
        loaded.problems.iter().map(|problem| problem.message.clone()).collect()
    }

    #[test]
    fn an_application_that_is_the_gateway_itself_is_an_error() {
        for (listen, url, is_loop) in [
            ("127.0.0.1:80", "http://127.0.0.1", true),
            ("127.0.0.1:81", "http://127.0.0.1", false),
            ("127.0.0.1:81", "http://localhost:81", true),
            ("[::1]:81", "http://LOCALHOST:81", true),
            ("0.0.0.0:81", "http://127.0.0.5:81", true),
            ("0.0.0.0:81", "http://192.0.2.1:81", false),
            ("192.0.2.1:81", "http://192.0.2.1:81", true),
            ("192.0.2.1:81", "http://127.0.0.1:81", false),
            ("192.0.2.1:81", "http://localhost:81", false),
            ("[::]:81", "http://[::1]:81", true),
            ("127.0.0.1:81", "http://0.0.0.0:81", true),
            ("127.0.0.1:81", "http://127.0.0.1:9443", true),
            ("127.0.0.1:81", "http://127.0.0.2:81", false),
            ("127.0.0.1:0", "http://127.0.0.1:8501", false),
        ] {
            let server = format!("[server]\nlisten = [\"{listen}\"]\n");
            for text in [
                format!("{server}[upstream]\nurl = \"{url}\"\n"),
                format!("{server}[[routes]]\nupstream = [\"{url}\"]\n"),
            ] {
                let found = problems(&text);
                let expected = usize::from(is_loop);
                assert_eq!(found.len(), expected, "{text} {found:?}");
                assert!(
                    found.iter().all(|message| message.contains("is Mantlet itself")),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn two_listeners_on_one_address_are_an_error() {
        for (text, expected) in [
            (
                "[server]\nlisten = [\"127.0.0.1:1\", \"127.0.0.1:1\"]",
                &["`127.0.0.1:1` stands in `server.listen` already"][..],
            ),
            (
                "[server]\nlisten = [\"127.0.0.1:9443\"]",
                &["`127.0.0.1:9443` stands in `server.listen` already"],
            ),
            (
                "[server.tls]\nlisten = [\"127.0.0.1:8080\"]",
                &["`127.0.0.1:8080` stands in `server.listen` already"],
            ),
            ("[server]\nlisten = [\"127.0.0.1:0\", \"127.0.0.1:0\"]", &[]),
        ] {
            assert_eq!(problems(text), expected, "{text}");
        }
    }
}
