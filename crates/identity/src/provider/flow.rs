//! What a browser takes along to a provider, and proves on its way back.
//!
//! One cookie holds what the sign-in is for and a random number, under a tag of ours; state, nonce and
//! the verifier of PKCE follow from both with a key that only this server has. So nothing is kept here
//! that strangers could fill, and nobody comes back who has not left from here with this browser.

use std::time::Duration;

use mantlet_crypto::{KeyId, MacKey, from_base64url, jws, sha256, to_base64url};
use mantlet_types::{Secret, Timestamp};
use serde_json::{Value, json};

use crate::directory::Directory;
use crate::time::{after, since};

/// How long somebody may stay at the provider.
pub const FLOW_LIFETIME: Duration = Duration::from_secs(600);

/// The longest cookie that is read, in bytes.
const MAX_COOKIE: usize = 4096;

/// What somebody left for a provider for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// To sign in.
    SignIn,
    /// To sign in anew: the provider has to ask them again.
    SignInAnew,
    /// To link their account here, in the session with this handle.
    Link(String),
}

/// One way to a provider and back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The provider's name in the configuration.
    pub provider: String,
    /// What for.
    pub goal: Goal,
    /// Where to go in the end; empty for nowhere in particular.
    pub next: String,
    /// When they left.
    pub at: Timestamp,
}

/// What only this server and whom it tells know of a flow.
#[derive(Debug)]
pub struct Secrets {
    /// Comes back in the address.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Shown with the code (RFC 7636).
    pub verifier: Secret<String>,
}

impl Secrets {
    fn of(key: &MacKey, body: &[u8]) -> Self {
        let text = |kind: &str| {
            to_base64url(&key.tag(&[b"provider ", kind.as_bytes(), b"\0", body].concat()))
        };
        Self { state: text("state"), nonce: text("nonce"), verifier: Secret::new(text("verifier")) }
    }

    /// The challenge that belongs to the verifier (S256).
    #[must_use]
    pub fn challenge(&self) -> String {
        to_base64url(&sha256(self.verifier.expose().as_bytes()))
    }
}

impl Directory {
    /// Begins a flow: what the browser keeps in a cookie, and what the provider is told. `None` when
    /// the ring has no key.
    #[must_use]
    pub fn begin_flow(&self, flow: &Flow) -> Option<(Secret<String>, Secrets)> {
        let keys = self.form_keys();
        let (id, key) = keys.active()?;
        let mut number = [0; 16];
        self.rng.fill(&mut number);
        let (goal, session) = match &flow.goal {
            Goal::SignIn => ("sign-in", ""),
            Goal::SignInAnew => ("anew", ""),
            Goal::Link(session) => ("link", session.as_str()),
        };
        let body = json!({
            "provider": flow.provider, "goal": goal, "session": session, "next": flow.next,
            "at": flow.at.as_millisecond(), "number": to_base64url(&number),
        })
        .to_string();
        let tag = to_base64url(&key.tag(&tagged(body.as_bytes())));
        let cookie = format!("{}.{tag}.{}", id.0, to_base64url(body.as_bytes()));
        Some((Secret::new(cookie), Secrets::of(key, body.as_bytes())))
    }

    /// The flow that a browser began here, within the last ten minutes.
    #[must_use]
    pub fn flow(&self, cookie: &str) -> Option<(Flow, Secrets)> {
        if cookie.len() > MAX_COOKIE {
            return None;
        }
        let mut parts = cookie.splitn(3, '.');
        let id = KeyId(parts.next()?.parse().ok()?);
        let (tag, body) = (from_base64url(parts.next()?)?, from_base64url(parts.next()?)?);
        let keys = self.form_keys();
        let key = keys.find(id)?;
        if !key.has_tagged(&tagged(&body), tag.as_slice().try_into().ok()?) {
            return None;
        }
        let flow = read(&body)?;
        let now = self.clock.now();
        let is_recent =
            since(now, flow.at) < FLOW_LIFETIME && flow.at <= after(now, Duration::from_secs(1));
        is_recent.then(|| (flow, Secrets::of(key, &body)))
    }
}

fn tagged(body: &[u8]) -> Vec<u8> {
    [b"provider flow\0", body].concat()
}

fn read(body: &[u8]) -> Option<Flow> {
    let said = jws::parse_object(body)?;
    let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
    let goal = match text("goal")?.as_str() {
        "sign-in" => Goal::SignIn,
        "anew" => Goal::SignInAnew,
        "link" => Goal::Link(text("session")?),
        _ => return None,
    };
    let at = Timestamp::from_millisecond(said.get("at")?.as_i64()?).ok()?;
    Some(Flow { provider: text("provider")?, goal, next: text("next")?, at })
}
