//! An authenticator with one passkey, as honest or as false as wanted.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Somebody touched the authenticator.
pub const PRESENT: u8 = 1;
/// It made sure who that was.
pub const VERIFIED: u8 = 1 << 2;
const HAS_KEY: u8 = 1 << 6;

/// An authenticator with one ES256 passkey.
#[derive(Debug)]
pub struct Authenticator {
    pair: EcdsaKeyPair,
    /// The id of the passkey.
    pub id: Vec<u8>,
    /// The name under which it knows the user; `None` until it was told one.
    pub handle: Option<Vec<u8>>,
    /// How often it was used; it says so with each use, and 0 where it does not count.
    pub counter: u32,
    /// What it says of each use: [`PRESENT`], [`VERIFIED`] and others.
    pub flags: u8,
}

/// What a browser and its authenticator send, as bytes.
#[derive(Debug, Clone)]
pub struct Ceremony {
    /// What the browser says of the page.
    pub client_data: Vec<u8>,
    /// What the authenticator says, or the object in which a new passkey comes.
    pub authenticator: Vec<u8>,
    /// The signature over both; empty for a new passkey.
    pub signature: Vec<u8>,
}

impl Ceremony {
    /// The three in URL-safe base64, as forms carry them.
    #[must_use]
    pub fn texts(&self) -> [String; 3] {
        [&self.client_data, &self.authenticator, &self.signature]
            .map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl Authenticator {
    /// An authenticator with a new key and this id, which knows nobody yet.
    ///
    /// # Panics
    /// When no key can be made.
    #[must_use]
    pub fn new(id: &[u8]) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let flags = PRESENT | VERIFIED;
        Self { pair, id: id.to_vec(), handle: None, counter: 0, flags }
    }

    /// Makes the passkey for a page of `origin`, bound to `host`.
    #[must_use]
    pub fn create(&self, challenge: &[u8], origin: &str, host: &str) -> Ceremony {
        let said = self.said(host, HAS_KEY, &self.attested());
        // The shortest spelling of the length, as CTAP 2 has it.
        let length = match u8::try_from(said.len()) {
            Ok(length) => vec![0x58, length],
            Err(_) => [&[0x59], &u16::try_from(said.len()).unwrap().to_be_bytes()[..]].concat(),
        };
        let head = [
            &[0xa3, 0x63][..],
            b"fmt",
            &[0x64],
            b"none",
            &[0x67],
            b"attStmt",
            &[0xa0, 0x68],
            b"authData",
            &length,
        ];
        Ceremony {
            client_data: client_data("webauthn.create", challenge, origin),
            authenticator: [&head.concat()[..], &said].concat(),
            signature: Vec::new(),
        }
    }

    /// Signs in at a page of `origin`, for `host`, and counts that where it counts.
    pub fn sign(&mut self, challenge: &[u8], origin: &str, host: &str) -> Ceremony {
        self.counter += u32::from(self.counter > 0);
        self.sign_over(client_data("webauthn.get", challenge, origin), host)
    }

    /// Signs whatever a browser is said to have said.
    ///
    /// # Panics
    /// When the key cannot sign.
    #[must_use]
    pub fn sign_over(&self, client_data: Vec<u8>, host: &str) -> Ceremony {
        let authenticator = self.said(host, 0, &[]);
        let message = [&authenticator[..], digest(&SHA256, &client_data).as_ref()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &message).unwrap();
        Ceremony { client_data, authenticator, signature: signature.as_ref().to_vec() }
    }

    fn said(&self, host: &str, flags: u8, rest: &[u8]) -> Vec<u8> {
        let hash = digest(&SHA256, host.as_bytes());
        [hash.as_ref(), &[self.flags | flags], &self.counter.to_be_bytes(), rest].concat()
    }

    /// The model, the id and the public key (COSE).
    fn attested(&self) -> Vec<u8> {
        let point = self.pair.public_key().as_ref();
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let head = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        let (x, y) = (&point[1..33], &point[33..]);
        [&[0; 16][..], &length, &self.id, &head, x, &[0x22, 0x58, 0x20], y].concat()
    }
}

/// What a browser says of a page of `origin`.
#[must_use]
pub fn client_data(kind: &str, challenge: &[u8], origin: &str) -> Vec<u8> {
    let challenge = URL_SAFE_NO_PAD.encode(challenge);
    serde_json::json!({
        "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false,
    })
    .to_string()
    .into_bytes()
}
