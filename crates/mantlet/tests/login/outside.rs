//! An outside provider that is as honest or as false as wanted.

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mantlet_crypto::jws::{SigningKey, VerifyingKeys, sign};
use mantlet_crypto::{Key, sha256};
use mantlet_testkit::wire::Response;
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, Received};
use serde_json::{Map, Value, json};

use super::person::Person;

/// What the provider calls us.
pub(crate) const CLIENT: &str = "gate";
/// Where people leave for it.
pub(crate) const LEAVE: &str = "/.mantlet/provider/company";

/// What the provider does.
pub(crate) struct Script {
    /// What it says in place of, or beside, what an honest one says.
    pub(crate) claims: Value,
    /// The bytes of the key that it signs with, and of the one that it publishes.
    pub(crate) keys: (u8, u8),
    /// What becomes of a token before it goes out.
    pub(crate) forge: fn(String) -> String,
    /// Whether it says who it is on the way back.
    pub(crate) says_issuer: bool,
    /// Whether it answers at all.
    pub(crate) is_down: bool,
    /// Codes that can be exchanged: each with its challenge and its nonce.
    codes: Vec<(String, String, String)>,
}

/// A provider.
pub(crate) struct Outside {
    pub(crate) server: FakeUpstream,
    pub(crate) script: Arc<Mutex<Script>>,
}

/// Where somebody was sent: the parameters.
pub(crate) type Asked = std::collections::BTreeMap<String, String>;

impl Outside {
    pub(crate) fn start() -> Self {
        let script = Arc::new(Mutex::new(Script {
            claims: json!({}),
            keys: (1, 1),
            forge: |token| token,
            says_issuer: false,
            is_down: false,
            codes: Vec::new(),
        }));
        let own = Arc::clone(&script);
        let server = FakeUpstream::start(move |request| answer(&mut own.lock().unwrap(), request));
        Self { server, script }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    pub(crate) fn issuer(&self) -> String {
        self.server.url()
    }

    /// The configuration that names it, with more settings.
    pub(crate) fn config(&self, more: &str) -> String {
        format!(
            "[identity.providers.company]\nissuer = \"{}\"\nclient_id = \"{CLIENT}\"\n\
             label = \"Company <ID>\"\n{more}\n",
            self.issuer()
        )
    }

    /// Signs somebody in there: the code that their browser comes back with.
    pub(crate) fn code(&self, asked: &Asked) -> String {
        let mut script = self.script.lock().unwrap();
        let code = format!("code-{}", script.codes.len());
        let (challenge, nonce) = (asked["code_challenge"].clone(), asked["nonce"].clone());
        script.codes.push((code.clone(), challenge, nonce));
        code
    }

    /// Goes all the way: leaves, signs in there, and comes back.
    pub(crate) fn sign_in(&self, person: &mut Person<'_>, query: &str) -> Response {
        let asked = leave(person, query);
        let code = self.code(&asked);
        come_back(person, &[("code", &code), ("state", &asked["state"])])
    }
}

/// A gate that everybody signs in to, with this provider.
pub(crate) fn gate(outside: &Outside, more: &str) -> (FakeUpstream, MantletProcess) {
    super::closed(&outside.config(more))
}

/// Follows the button: where it leads.
pub(crate) fn leave(person: &mut Person<'_>, query: &str) -> Asked {
    let answer = person.get(&format!("{LEAVE}{query}"));
    assert_eq!(answer.status, 303, "{answer:?}");
    parameters(answer.header("location").unwrap())
}

pub(crate) fn parameters(address: &str) -> Asked {
    let query = address.split_once('?').unwrap().1;
    let part = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8().unwrap().into_owned()
    };
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (part(name), part(value))).collect()
}

/// Comes back with these parameters.
pub(crate) fn come_back(person: &mut Person<'_>, said: &[(&str, &str)]) -> Response {
    let escape = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let pairs: Vec<String> =
        said.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    person.get(&format!("{LEAVE}/callback?{}", pairs.join("&")))
}

fn signing(byte: u8) -> SigningKey {
    SigningKey::p256(&Key::from_bytes([byte; 32])).unwrap()
}

fn answer(script: &mut Script, request: &Received) -> Answer {
    if script.is_down {
        return Answer::Hangup;
    }
    // A gate that stands before it says over what it was asked.
    let scheme = request.header("x-forwarded-proto").unwrap_or("http");
    let issuer = format!("{scheme}://{}", request.header("host").unwrap());
    match (request.method.as_str(), request.target.as_str()) {
        ("GET", "/.well-known/openid-configuration") => Answer::json(
            &json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token?x=1"),
                "jwks_uri": format!("{issuer}/keys"),
                "authorization_response_iss_parameter_supported": script.says_issuer,
            })
            .to_string(),
        ),
        ("GET", "/keys") => {
            let keys = VerifyingKeys::of([signing(script.keys.1).into_verifying()]);
            Answer::json(&keys.to_jwks().to_string())
        }
        ("POST", "/token?x=1") => exchange(script, request, &issuer),
        _ => Answer::of(404, "text/plain", "no"),
    }
}

/// A code counts once, and only with the verifier of its challenge.
fn exchange(script: &mut Script, request: &Received, issuer: &str) -> Answer {
    let form = parameters(&format!("?{}", str::from_utf8(&request.body).unwrap()));
    let challenge = URL_SAFE_NO_PAD.encode(sha256(form["code_verifier"].as_bytes()));
    let is_it =
        |(code, own, _): &(String, String, String)| *code == form["code"] && *own == challenge;
    let Some(place) = script.codes.iter().position(is_it) else {
        return Answer::of(400, "application/json", "{\"error\":\"invalid_grant\"}");
    };
    let nonce = std::mem::take(&mut script.codes[place]).2;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let honest = json!({
        "iss": issuer, "aud": CLIENT, "sub": "248289761001", "nonce": nonce,
        "iat": now, "exp": now + 300, "auth_time": now, "preferred_username": "Alice",
        "email": "alice@example.org", "email_verified": true, "groups": ["staff"], "teams": ["staff"],
    });
    let mut claims: Map<String, Value> = honest.as_object().unwrap().clone();
    for (name, value) in script.claims.as_object().unwrap() {
        match value {
            Value::Null => claims.remove(name),
            value => claims.insert(name.clone(), value.clone()),
        };
    }
    let token = sign(&signing(script.keys.0), "JWT", &claims).unwrap();
    let said =
        json!({ "access_token": "x", "token_type": "Bearer", "id_token": (script.forge)(token) });
    Answer::json(&said.to_string())
}
