//! A web application firewall as a library: rules in SecLang (the OWASP Core Rule Set and what its
//! users write) and native detectors that need no rules. No I/O, no async, nothing of a server.

pub mod detect;
