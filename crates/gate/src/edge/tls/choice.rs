//! Which certificate for which client.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::UnknownName;
use super::load::Loaded;

/// All certificates of the listener, by the names they are for.
#[derive(Debug)]
pub(super) struct Choice {
    /// By exact name, and by what stands behind the `*.` of a wildcard. Cheap ones come first.
    exact: HashMap<String, Vec<Arc<CertifiedKey>>>,
    wildcard: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// Where no name fits: the first certificate, and those of another kind for the same names.
    default: Vec<Arc<CertifiedKey>>,
    unknown_name: UnknownName,
}

impl Choice {
    /// A choice between `certificates`, of which the first is the default.
    pub(super) fn new(certificates: &[Loaded], unknown_name: UnknownName) -> Self {
        let mut sorted: Vec<&Loaded> = certificates.iter().collect();
        sorted.sort_by_key(|one| !one.is_cheap());
        let same_names = |one: &&&Loaded| {
            certificates.first().is_some_and(|first| {
                Arc::ptr_eq(&first.key, &one.key)
                    || (!first.names.is_empty() && first.names == one.names)
            })
        };
        let default = sorted.iter().filter(same_names).map(|one| Arc::clone(&one.key)).collect();
        let mut choice =
            Self { exact: HashMap::new(), wildcard: HashMap::new(), default, unknown_name };
        for one in sorted {
            for name in &one.names {
                let (table, name) = match name.strip_prefix("*.") {
                    Some(parent) => (&mut choice.wildcard, parent),
                    None => (&mut choice.exact, name.as_str()),
                };
                table.entry(name.to_owned()).or_default().push(Arc::clone(&one.key));
            }
        }
        choice
    }

    /// The certificate for a client that asks for `name` and knows `schemes`; `None` when it is to
    /// be shown none.
    pub(super) fn choose(
        &self,
        name: Option<&str>,
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let named = name.and_then(|name| self.named(name));
        let candidates = match (named, self.unknown_name) {
            (Some(candidates), _) => candidates,
            (None, UnknownName::Default) => self.default.as_slice(),
            (None, UnknownName::Refuse) => return None,
        };
        let fits = |one: &&Arc<CertifiedKey>| one.key.choose_scheme(schemes).is_some();
        // One it does not know is no worse than none.
        candidates.iter().find(fits).or_else(|| candidates.first()).cloned()
    }

    fn named(&self, name: &str) -> Option<&[Arc<CertifiedKey>]> {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let wildcard = || self.wildcard.get(name.split_once('.')?.1);
        self.exact.get(&name).or_else(wildcard).map(Vec::as_slice)
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name(), hello.signature_schemes())
    }
}
