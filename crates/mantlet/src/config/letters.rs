//! Where links in letters lead.

use mantlet_config::Reader;

use super::Config;

/// The address of this host for people, as in `https://app.example.org`: the first `public_host`, else a
/// listener on this machine. Empty where neither says it: then nobody outside can be given a link.
pub(crate) fn base(config: &Config) -> String {
    if let Some(host) = config.server.public_host.first() {
        return format!("https://{host}");
    }
    let here = config.server.listen.iter().find(|address| address.ip().is_loopback());
    here.map(|address| format!("http://{address}")).unwrap_or_default()
}

/// Letters need links that lead here.
pub(super) fn check(config: &Config, reader: &mut Reader<'_>) {
    if config.mail.smtp.is_some() && base(config).is_empty() {
        let hint = "name the host: [server] public_host = [\"app.example.org\"]";
        reader.error("mail.smtp", "nobody knows where links in letters lead", hint);
    }
}
