//! The keys of an issuer outside as it publishes them, well and badly.
#![expect(clippy::unwrap_used, reason = "tests: what is wrong must end the test")]

use std::future::Future as _;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::{Duration, SystemTime};

use mantlet_crypto::KeyRing;
use mantlet_crypto::jws::Algorithm;
use mantlet_identity::UserId;
use mantlet_identity::outside::{
    Claim, Document, Documents, Later, Mapping, Notice, OutsideIssuer, OutsideSettings, Source,
};
use mantlet_identity::revocation::RevocationIndex;
use mantlet_identity::token::{NewToken, PURPOSE, TokenError, TokenIssuer, TokenKeys, TokenPolicy};
use mantlet_testkit::{FakeClock, SeededRng};
use mantlet_types::SystemRng;
use serde_json::{Value, json};

const URL: &str = "https://login.example/keys";

/// What is published at the moment.
#[derive(Debug, Default)]
struct Shelf(Mutex<Option<String>>);

impl Documents for Shelf {
    fn get<'a>(&'a self, url: &'a str) -> Later<'a, Result<Document, String>> {
        assert_eq!(url, URL);
        let body = self.0.lock().unwrap().clone();
        let document = |body: String| Document { body: body.into_bytes(), fresh: None };
        Box::pin(async move { body.map(document).ok_or_else(|| "gone".to_owned()) })
    }
}

fn keys(purpose: Algorithm) -> TokenKeys {
    let mut ring = KeyRing::new();
    ring.rotate(PURPOSE, SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
    TokenKeys::of_ring(&ring, purpose).unwrap().unwrap()
}

fn settings(algorithms: &[Algorithm]) -> OutsideSettings {
    let mapping = Mapping {
        namespace: Some("corp".to_owned()),
        user: Claim::new("sub"),
        roles: Vec::new(),
        scopes: None,
    };
    OutsideSettings {
        name: "corp".to_owned(),
        policy: TokenPolicy {
            mapping: Some(Arc::new(mapping)),
            ..TokenPolicy::outside("https://login.example", "app")
        },
        source: Source::At(URL.to_owned()),
        algorithms: algorithms.to_vec(),
        keep: Duration::from_secs(3600),
    }
}

/// Runs the task of an issuer as far as it gets now: what it tells.
fn round(issuer: &OutsideIssuer, shelf: &Shelf) -> Vec<Notice> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _inside = runtime.enter();
    let told = Mutex::new(Vec::new());
    {
        let keeping = issuer.keep(shelf, |notice| told.lock().unwrap().push(notice));
        let mut keeping = pin!(keeping);
        assert!(keeping.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    told.into_inner().unwrap()
}

#[test]
fn what_is_doubtful_is_not_taken_and_the_keys_of_before_go_on_for_a_while() {
    let (own, other) = (keys(Algorithm::EdDsa), keys(Algorithm::Es256));
    let (clock, rng) = (FakeClock::new(), Arc::new(SeededRng::new(1)));
    let key = |keys: &TokenKeys| keys.to_jwks()["keys"][0].clone();
    let (ours, mut twin) = (key(&own), key(&other));
    twin["kid"] = ours["kid"].clone();
    let set = |keys: &[&Value]| json!({ "keys": keys }).to_string();
    let index = Arc::new(RevocationIndex::new(100, None));
    let issuer = OutsideIssuer::new(settings(&[Algorithm::EdDsa]), index, clock.shared());
    let names = ("https://login.example", "app");
    let token = TokenIssuer::new(names, Duration::from_secs(3000), own, clock.shared(), rng);
    let fresh = || token.issue(&UserId::parse("alice").unwrap(), NewToken::default()).unwrap();

    let shelf = Shelf::default();
    let failed = round(&issuer, &shelf);
    assert_eq!(failed, [Notice::Failed { why: "gone".to_owned(), is_first: true }]);
    assert!(matches!(issuer.verifier().verify(&fresh()), Err(TokenError::Signature(_))));
    *shelf.0.lock().unwrap() = Some(set(&[&ours, &key(&other)]));
    assert_eq!(round(&issuer, &shelf), [Notice::Changed(1, 0)], "the other is of no use");
    let read = issuer.verifier().verify(&fresh()).unwrap();
    assert_eq!(read.subject.as_str(), "corp:alice");
    assert!(round(&issuer, &shelf).is_empty(), "the same again");

    let secret = json!({"kty": "oct", "alg": "HS256", "k": "A".repeat(64)});
    let mut is_first = true;
    for (about, body) in [
        ("two of one name", set(&[&ours, &twin])),
        ("many", set(&vec![&key(&other); 65])),
        ("large", format!("{}{}", set(&[&ours]), " ".repeat(300_000))),
        ("a secret", set(&[&secret])),
        ("a secret beside a key", set(&[&ours, &secret])),
        ("another algorithm", set(&[&key(&other)])),
        ("nothing", set(&[])),
        ("no list", json!({ "keys": {} }).to_string()),
        ("a member twice", format!("{{\"keys\":[],\"keys\":[{ours}]}}")),
        ("no JSON", "<html>".to_owned()),
    ] {
        *shelf.0.lock().unwrap() = Some(body);
        let told = round(&issuer, &shelf);
        let is_told =
            |it: &Notice| matches!(it, Notice::Failed { is_first: it, .. } if *it == is_first);
        assert!(told.len() == 1 && told.iter().all(is_told), "{about}: {told:?}");
        is_first = false;
        assert!(issuer.verifier().verify(&fresh()).is_ok(), "{about}");
    }
    clock.advance(Duration::from_secs(3601));
    let told = round(&issuer, &shelf);
    assert_eq!(told.last(), Some(&Notice::Dropped), "{told:?}");
    assert!(issuer.verifier().verify(&fresh()).is_err());
    *shelf.0.lock().unwrap() = Some(set(&[&ours]));
    assert_eq!(round(&issuer, &shelf), [Notice::Changed(1, 0)]);
    assert!(issuer.verifier().verify(&fresh()).is_ok());
}
