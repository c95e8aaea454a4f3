//! What runs on every request, on one core: `cargo bench -p mantlet-identity`.

use std::error::Error;
use std::hint::black_box;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::FutureExt as _;
use mantlet_crypto::jws::Algorithm;
use mantlet_crypto::{KeyRing, MacKeys};
use mantlet_identity::UserId;
use mantlet_identity::api_key::{
    self, ApiKeyPolicy, ApiKeyStore as _, ApiKeys, Grants, Issuer, NewApiKey, Scopes,
};
use mantlet_identity::memory::{MemoryApiKeys, MemoryRevocations};
use mantlet_identity::revocation::{RevocationIndex, Revocations};
use mantlet_identity::token::{self, NewToken, TokenIssuer, TokenKeys, TokenPolicy, Verifier};
use mantlet_types::{Clock, SystemClock, SystemRng};

/// Many short rounds: on a busy machine some of them are undisturbed.
const ROUNDS: u32 = 500;

fn main() -> Result<(), Box<dyn Error>> {
    api_keys()?;
    tokens()
}

/// Runs `work` in batches; calls a second of the best batch, the one least disturbed.
fn best_rate(batch: u32, mut work: impl FnMut()) -> f64 {
    let clock = SystemClock::new();
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = clock.monotonic();
        for _ in 0..batch {
            work();
        }
        best = best.min(clock.monotonic().since(start));
    }
    f64::from(batch) / best.as_secs_f64()
}

fn say(name: &str, rate: f64) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{name:48} {:>10.0} /s", rate)
}

fn api_keys() -> Result<(), Box<dyn Error>> {
    let mut ring = KeyRing::new();
    ring.rotate(api_key::PURPOSE, SystemTime::UNIX_EPOCH, &SystemRng)?;
    let macs = MacKeys::of_ring(&ring, api_key::PURPOSE).ok_or("no active key")?;
    let store = Arc::new(MemoryApiKeys::default());
    let clock = Arc::new(SystemClock::new());
    let index = Arc::new(RevocationIndex::new(1000, None));
    let ends = Arc::new(MemoryRevocations::default());
    let revocations = Arc::new(Revocations::new(ends, index, Vec::new(), clock.clone()));
    let keys = ApiKeys::new(
        (store.clone(), revocations),
        macs.clone(),
        ApiKeyPolicy::default(),
        clock.clone(),
        Arc::new(SystemRng),
    )?;
    let wish = NewApiKey {
        owner: UserId::parse("bench")?,
        label: "bench".to_owned(),
        scopes: Scopes::new(["read"])?,
        networks: vec!["10.0.0.0/8".parse()?],
        lifetime: None,
    };
    let issuer = Issuer { id: UserId::parse("bench")?, holds: Grants::All };
    let issued = keys.issue(wish, &issuer).now_or_never().ok_or("not at once")??;
    let record = store.lookup(issued.id()).now_or_never().ok_or("not at once")??;
    let record = record.ok_or("no record")?;
    let text = issued.reveal();
    let address = IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3));
    say(
        "api key: parse",
        best_rate(500, || {
            black_box(keys.parse(black_box(text.expose())).is_ok());
        }),
    )?;
    let verify = best_rate(500, || {
        let presented = keys.parse(black_box(text.expose()));
        let checked = presented.and_then(|key| keys.check(&key, &record, address));
        black_box(checked.is_ok());
    });
    say("api key: parse and check, record in memory", verify)?;
    Ok(())
}

/// Verifying tokens, against the bare library on the same signature, turn by turn.
fn tokens() -> Result<(), Box<dyn Error>> {
    let mut ring = KeyRing::new();
    ring.rotate(token::PURPOSE, SystemTime::UNIX_EPOCH, &SystemRng)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let keys = || TokenKeys::of_ring(&ring, algorithm).map(|keys| keys.ok_or("no active key"));
        let names = ("https://app.example.org", "https://app.example.org/api");
        let hour = Duration::from_secs(3600);
        let issuer = TokenIssuer::new(names, hour, keys()??, clock.clone(), Arc::new(SystemRng));
        let text = issuer.issue(&UserId::parse("bench")?, NewToken::default())?;
        let keys = keys()??;
        let index = Some(Arc::new(RevocationIndex::new(1000, None)));
        let policy = TokenPolicy::own(names.0, names.1);
        let verifier = Verifier::new(policy, keys.verifying().clone(), index, clock.clone());
        let (message, signature) = text.rsplit_once('.').ok_or("no signature")?;
        let signature = Engine::decode(&BASE64_URL_SAFE_NO_PAD, signature)?;
        let bare = bare_key(&keys.to_jwks())?;
        let (mut ours, mut theirs): (f64, f64) = (0.0, 0.0);
        for _ in 0..5 {
            ours = ours.max(best_rate(5, || {
                black_box(verifier.verify(black_box(&text)).is_ok());
            }));
            theirs = theirs.max(best_rate(5, || {
                black_box(bare.verify_sig(black_box(message.as_bytes()), &signature).is_ok());
            }));
        }
        say(&format!("{algorithm}: verify a token, claims and revocation"), ours)?;
        say(&format!("{algorithm}: bare library"), theirs)?;
        writeln!(std::io::stdout().lock(), "{algorithm}: ratio {:.3}", ours / theirs)?;
    }
    Ok(())
}

/// The published key, in the library's own hands.
fn bare_key(jwks: &serde_json::Value) -> Result<ParsedPublicKey, Box<dyn Error>> {
    let jwk = jwks.pointer("/keys/0").ok_or("no key")?;
    let number = |name: &str| -> Result<Vec<u8>, Box<dyn Error>> {
        let text = jwk.get(name).and_then(serde_json::Value::as_str).ok_or("no number")?;
        Ok(Engine::decode(&BASE64_URL_SAFE_NO_PAD, text)?)
    };
    if jwk.get("y").is_none() {
        return Ok(ParsedPublicKey::new(&ED25519, number("x")?)?);
    }
    let point = [vec![4], number("x")?, number("y")?].concat();
    Ok(ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)?)
}
