//! Settings that can be used and are probably not what was meant: findings of `mantlet check`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::PermissionsExt as _;

use mantlet_config::{HttpUrl, Reader};
use mantlet_gate::guards::headers::{Profile, is_public_name};
use mantlet_gate::pipeline::Mode;
use mantlet_gate::stages::https::PublicHost;

use super::Config;
use super::addresses::applications;

/// Networks of proxies that are larger than this, in bits of prefix, are hardly all proxies.
const WIDEST: (u8, u8) = (16, 32);

/// Finds what weakens a protection.
pub(super) fn check(config: &Config, reader: &mut Reader<'_>) {
    for (key, url) in applications(config) {
        if !url.is_tls() && url.url().is_some_and(is_public) {
            let message = format!("the way to `{url}` is open: requests and answers can be read");
            let hint = "use `https://`, or an address in a network of your own";
            reader.warn(&key, message, hint);
        }
    }
    proxies(config, reader);
    strict_transport(config, reader);
    if let Some(key) = &config.server.tls.key
        && std::fs::metadata(key).is_ok_and(|about| about.permissions().mode() & 0o007 != 0)
    {
        let message = format!("every user of this machine can read `{}`", key.display());
        reader.warn("server.tls.key", message, format!("run `chmod o= {}`", key.display()));
    }
}

/// Whether the text of an address shows that it is on the internet; names are not looked up.
fn is_public(url: &HttpUrl) -> bool {
    let host = url.connect_host();
    host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| !is_own(address))
}

/// Addresses that are not routed on the internet.
fn is_own(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let is_shared = u32::from(v4) & 0xffc0_0000 == u32::from(Ipv4Addr::new(100, 64, 0, 0));
            v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_unspecified()
                || is_shared
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6 == Ipv6Addr::UNSPECIFIED
        }
    }
}

fn proxies(config: &Config, reader: &mut Reader<'_>) {
    for network in &config.client.trusted_proxies {
        let network = network.network();
        let widest = if network.addr().is_ipv4() { WIDEST.0 } else { WIDEST.1 };
        // That everyone is trusted is told by the section itself.
        let is_wide = network.prefix_len() > 0 && network.prefix_len() < widest;
        if is_wide && !is_own(network.addr()) {
            let message = format!("`{network}` is wide: everyone in it may choose an address");
            let hint = "name the addresses of the proxies in front of Mantlet";
            reader.warn("client.trusted_proxies", message, hint);
        }
    }
}

/// Profile `strict` promises `Strict-Transport-Security`, which goes out over https and under public
/// names alone.
fn strict_transport(config: &Config, reader: &mut Reader<'_>) {
    let section = &config.guards.headers;
    let server = &config.server;
    if section.profile != Profile::Strict || section.mode == Mode::Off {
        return;
    }
    if server.tls.listen.is_empty() && config.client.trusted_proxies.is_empty() {
        let message = "`Strict-Transport-Security` never goes out: nobody comes over https";
        let hint =
            "use `[server.tls]`, or name the proxy that ends TLS in `[client] trusted_proxies`";
        return reader.warn("guards.headers.profile", message, hint);
    }
    let names: Vec<_> = server.public_host.iter().map(PublicHost::name).collect();
    if !names.is_empty() && !names.iter().any(|name| is_public_name(name)) {
        let message = "`Strict-Transport-Security` never goes out: no name here is a public one";
        let hint = "name a host that is the same for everyone, such as `app.example.org`";
        reader.warn("server.public_host", message, hint);
    }
}

#[cfg(test)]
mod tests {
    use mantlet_config::{Environment, Layers, load};

    use super::*;

    const TLS: &str = "[server]\ntls.listen = [\"127.0.0.1:8443\"]\ntls.local = true\n";

    #[test]
    fn what_weakens_a_protection_is_told() {
        let upstream = |url: &str| format!("[upstream]\nurl = \"{url}\"\n");
        let strict = |text: &str| format!("{text}[guards.headers]\nprofile = \"strict\"\n");
        let proxies = |network: &str| format!("[client]\ntrusted_proxies = [\"{network}\"]\n");
        for (text, finding) in [
            (upstream("http://8.8.8.8:80"), Some("`http://8.8.8.8`")),
            (upstream("http://[2001:4860::1]"), Some("is open")),
            (upstream("http://10.1.2.3"), None),
            (upstream("http://100.64.0.1"), None),
            (upstream("http://[fd00::1]"), None),
            (upstream("http://app.internal"), None),
            ("[[routes]]\nupstream = \"http://8.8.8.8\"\n".into(), Some("is open")),
            (proxies("104.0.0.0/8"), Some("is wide")),
            (proxies("2400::/16"), Some("is wide")),
            (proxies("10.0.0.0/8"), None),
            (proxies("104.16.0.0/16"), None),
            (strict(""), Some("nobody comes over https")),
            (strict("[client]\ntrusted_proxies = [\"10.0.0.1\"]\n"), None),
            (strict(&format!("{TLS}public_host = [\"app.example.org\", \"localhost\"]\n")), None),
            (strict(&format!("{TLS}public_host = [\"app.localhost\"]\n")), Some("no name here")),
            (strict(TLS), None),
        ] {
            let layers = Layers::new(Environment::default()).text("mantlet.toml", text.as_str());
            let loaded = load(&layers, check);
            let found: Vec<_> = loaded.problems.iter().map(|problem| &problem.message).collect();
            assert_eq!(found.len(), usize::from(finding.is_some()), "{text}: {found:?}");
            assert!(
                found.iter().all(|found| found.contains(finding.unwrap_or_default())),
                "{text}"
            );
        }
    }
}
