//! What the benchmarks of proxies compare: who takes part, what is asked, and who is the measure.

use super::Arguments;
use super::peer::Kind;
use super::upstream::{Ask, Case};

/// What latency is called where a case is chosen by its name.
const HALF_LOAD: &str = "half load";

/// One benchmark of proxies.
#[derive(Debug)]
pub(super) struct Contest {
    /// As the command line has it; its page is called so.
    pub(super) name: &'static str,
    /// In the order of the page.
    pub(super) kinds: &'static [Kind],
    pub(super) cases: &'static [Case],
    /// Those that the others are compared with.
    pub(super) measures: &'static [Kind],
    /// Whether latency at half load is measured too.
    pub(super) has_half_load: bool,
    /// What the page says of it, besides how it is measured.
    pub(super) about: &'static str,
}

/// The gate against proxies that only pass requests on.
pub(super) static GATE: Contest = Contest {
    name: "gate",
    kinds: &[Kind::Mantlet, Kind::Nginx, Kind::Haproxy],
    cases: &[
        Case { name: "1 KiB JSON", path: "/1k.json", ask: Ask::Get },
        Case { name: "64 KiB JSON", path: "/64k.json", ask: Ask::Get },
        Case { name: "64 KiB upload", path: "/upload", ask: Ask::Post },
        Case { name: "1 KiB JSON over TLS", path: "/1k.json", ask: Ask::Tls },
        Case { name: "new TLS connections", path: "/1k.json", ask: Ask::NewTls },
    ],
    measures: &[Kind::Nginx],
    has_half_load: true,
    about: "Mantlet has every guard in its default mode but the WAF, which is off: a proxy has none.",
};

/// The gate with its WAF against nginx with ModSecurity.
pub(super) static GATE_WAF: Contest = Contest {
    name: "gate-waf",
    kinds: &[Kind::MantletNative, Kind::MantletRules, Kind::NginxModsecurity, Kind::Nginx],
    cases: &[Case {
        name: "an ordinary request",
        path: "/1k.json?page=2&sort=price&q=red+shoes",
        ask: Ask::Browser,
    }],
    measures: &[Kind::NginxModsecurity, Kind::Nginx],
    has_half_load: false,
    about: "A `GET` with the header fields of a browser, a cookie and three parameters; 1 KiB of JSON comes back.
Each WAF refuses attacks: all are asked for `?id=1' OR '1'='1` before anything is measured, and answer 403. The rules
are OWASP CRS 4.28 at paranoia level 1 on both sides; bodies of answers are not looked at. What Mantlet learns of
header fields and of names it finds again, as it does with the traffic of a site.",
};

/// The gate that looks who asks, with a credential on every request, against the gate that does not.
pub(super) static GATE_LOGIN: Contest = Contest {
    name: "gate-login",
    kinds: &[Kind::Mantlet, Kind::MantletKey, Kind::MantletSession, Kind::MantletToken],
    cases: &[Case { name: "1 KiB JSON", path: "/1k.json", ask: Ask::Get }],
    measures: &[Kind::Mantlet],
    has_half_load: false,
    about: "Every guard is in its default mode but the WAF, which is off. Where somebody has to be signed in, every
request carries the same API key, cookie of a session or signed token (EdDSA), the application is told who asks in a
header and in an assertion signed with ES256, and nobody is let in without: all are asked without a credential before
anything is measured, and answer 401.",
};

impl Contest {
    /// Those who take part in this run.
    pub(super) fn kinds(&self, arguments: &Arguments) -> Vec<Kind> {
        let is_asked = |kind: &Kind| arguments.only.is_empty() || arguments.only.contains(kind);
        self.kinds.iter().copied().filter(is_asked).collect()
    }

    /// Whether this run measures latency at half load: by itself, or after everything else.
    pub(super) fn measures_half_load(&self, arguments: &Arguments) -> bool {
        let is_asked = arguments.case.as_ref().is_none_or(|part| HALF_LOAD.contains(part.as_str()));
        self.has_half_load && is_asked
    }

    /// The cases of this run. Half load by itself needs the first, to know what half is.
    pub(super) fn cases(&self, arguments: &Arguments) -> Vec<&'static Case>
    where
        Self: 'static,
    {
        if arguments.case.is_some() && self.measures_half_load(arguments) {
            return self.cases.iter().take(1).collect();
        }
        let is_asked = |case: &&Case| {
            arguments.case.as_ref().is_none_or(|part| case.name.contains(part.as_str()))
        };
        self.cases.iter().filter(is_asked).collect()
    }
}
