//! Tokens as their owner, another service and a forger meet them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests: what is wrong must end the test"
)]

mod common;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use common::{now, user};
use mantlet_crypto::jws::{self, Algorithm, JwsError, SigningKey, VerifyingKeys};
use mantlet_crypto::{Key, KeyRing};
use mantlet_identity::memory::MemoryRevocations;
use mantlet_identity::revocation::{Ended, RevocationIndex, Revocations, What};
use mantlet_identity::token::{
    Endpoints, NewToken, PURPOSE, TokenError, TokenIssuer, TokenKeys, TokenPolicy, Verifier,
    discovery, introspection, legacy_secret,
};
use mantlet_testkit::{FakeClock, FakeRevocation, SeededRng};
use mantlet_types::{Clock, Secret, Subject, SystemRng, Timestamp};
use serde_json::{Map, Value, json};

const ISSUER: &str = "https://app.example.org";
const AUDIENCE: &str = "https://app.example.org/api";
const HOUR: Duration = Duration::from_secs(3600);

struct House {
    ring: KeyRing,
    issuer: TokenIssuer,
    verifier: Verifier,
    revocations: Revocations,
    connections: Arc<FakeRevocation>,
    clock: FakeClock,
}

fn house_of(algorithm: Algorithm) -> House {
    let mut ring = KeyRing::new();
    ring.rotate(PURPOSE, SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
    let keys = || TokenKeys::of_ring(&ring, algorithm).unwrap().unwrap();
    let (clock, rng) = (FakeClock::new(), Arc::new(SeededRng::new(1)));
    let issuer = TokenIssuer::new((ISSUER, AUDIENCE), HOUR, keys(), clock.shared(), rng);
    let index = Arc::new(RevocationIndex::new(1000, None));
    let connections = Arc::new(FakeRevocation::ending(1));
    let store = Arc::new(MemoryRevocations::default());
    let revocations =
        Revocations::new(store, index.clone(), vec![connections.clone()], clock.shared());
    let policy = TokenPolicy::own(ISSUER, AUDIENCE);
    let verifier = Verifier::new(policy, keys().verifying().clone(), Some(index), clock.shared());
    House { ring, issuer, verifier, revocations, connections, clock }
}

fn house() -> House {
    house_of(Algorithm::EdDsa)
}

impl House {
    fn issue(&self) -> String {
        let claims = json!({"scope": "read write", "roles": ["analyst"]});
        let claims = claims.as_object().unwrap().clone();
        self.issuer.issue(&user("alice"), NewToken { claims, lifetime: None }).unwrap()
    }

    fn error(&self, token: &str) -> TokenError {
        self.verifier.verify(token).unwrap_err()
    }
}

// covers: SAMO-10, SAMO-47, YMERA-05 (library)
#[test]
fn samo_d10_a_token_says_all_that_it_must_and_is_accepted() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let house = house_of(algorithm);
        let text = house.issue();
        let token = house.verifier.verify(&text).unwrap();
        assert_eq!((token.subject.as_str(), token.issuer.as_str()), ("alice", ISSUER));
        for claim in ["iss", "aud", "sub", "iat", "nbf", "exp", "jti"] {
            assert!(token.claims.contains_key(claim), "{claim}");
        }
        assert_eq!(token.texts("scope"), ["read", "write"]);
        assert_eq!(token.texts("roles"), ["analyst"]);
        assert!(token.key.is_some());
        let other = house.verifier.verify(&house.issue()).unwrap();
        assert_ne!(token.id, other.id);
    }
}

#[test]
fn a_caller_cannot_set_what_every_token_says() {
    let house = house();
    let claims =
        json!({"sub": "root", "exp": 99_999_999_999_u64, "iat_ms": 0, "iss": "x", "aud": []});
    let claims = claims.as_object().unwrap().clone();
    let wish = NewToken { claims, lifetime: Some(Duration::from_secs(86_400 * 365)) };
    let text = house.issuer.issue(&user("alice"), wish).unwrap();
    let token = house.verifier.verify(&text).unwrap();
    assert_eq!(token.subject, user("alice"));
    assert_eq!(token.expires, house.clock.now() + HOUR, "never longer than the issuer says");
}

#[test]
fn samo_d16_clocks_may_differ_by_half_a_minute_and_no_more() {
    let house = house();
    let text = house.issue();
    house.clock.advance(HOUR + Duration::from_secs(29));
    assert!(house.verifier.verify(&text).is_ok());
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(house.error(&text), TokenError::Expired);
    let early = house.clock.now() - Duration::from_secs(2 * 3600);
    house.clock.set_wall(early);
    assert_eq!(house.error(&text), TokenError::NotYet);
}

/// A token with these claims, signed with a key that the verifier knows.
fn signed(claims: &Value, kind: &str) -> (String, VerifyingKeys) {
    let key = SigningKey::p256(&Key::from_bytes([7; 32])).unwrap();
    let token = jws::sign(&key, kind, claims.as_object().unwrap()).unwrap();
    (token, VerifyingKeys::of([key.into_verifying()]))
}

fn verify(claims: &Value, kind: &str, policy: TokenPolicy) -> Result<(), TokenError> {
    let (token, keys) = signed(claims, kind);
    let clock = FakeClock::at(Timestamp::from_second(1_000_000).unwrap());
    Verifier::new(policy, keys, None, clock.shared()).verify(&token).map(drop)
}

/// A token that counts, with changes: `null` removes a claim.
fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "alice",
        "iat": 1_000_000, "exp": 1_003_600, "jti": "x",
    });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

// covers: SAMO-11 (library)
#[test]
fn ymera_d05_every_claim_is_required_and_looked_at() {
    let own = || TokenPolicy::own(ISSUER, AUDIENCE);
    for (changes, expected) in [
        (json!({}), Ok(())),
        (json!({"aud": ["other", AUDIENCE]}), Ok(())),
        (json!({"exp": 1_003_600.9, "iat": 1_000_000.5}), Ok(())),
        (json!({"iss": null}), Err(TokenError::Issuer)),
        (json!({"iss": "https://app.example.org/"}), Err(TokenError::Issuer)),
        (json!({"iss": [ISSUER]}), Err(TokenError::Claim("iss"))),
        (json!({"aud": null}), Err(TokenError::Audience)),
        (json!({"aud": []}), Err(TokenError::Audience)),
        (json!({"aud": "https://app.example.org"}), Err(TokenError::Audience)),
        (json!({"aud": [[AUDIENCE]]}), Err(TokenError::Audience)),
        (json!({"sub": null}), Err(TokenError::Claim("sub"))),
        (json!({"sub": ""}), Err(TokenError::Claim("sub"))),
        (json!({"sub": 7}), Err(TokenError::Claim("sub"))),
        (json!({"sub": "a\nb"}), Err(TokenError::Claim("sub"))),
        (json!({"jti": null}), Err(TokenError::Claim("jti"))),
        (json!({"jti": ""}), Err(TokenError::Claim("jti"))),
        (json!({"iat": null}), Err(TokenError::Claim("iat"))),
        (json!({"exp": null}), Err(TokenError::Claim("exp"))),
        (json!({"exp": "1003600"}), Err(TokenError::Claim("exp"))),
        (json!({"exp": -1}), Err(TokenError::Claim("exp"))),
        (json!({"exp": 1e300}), Err(TokenError::Claim("exp"))),
        (json!({"exp": u64::MAX}), Err(TokenError::Claim("exp"))),
        (json!({"exp": 999_970}), Err(TokenError::Expired)),
        (json!({"exp": 1_100_000}), Err(TokenError::TooLongLived)),
        (json!({"iat": 1_000_031}), Err(TokenError::NotYet)),
        (json!({"nbf": 1_000_031}), Err(TokenError::NotYet)),
        (json!({"nbf": "soon"}), Err(TokenError::Claim("nbf"))),
    ] {
        assert_eq!(verify(&claims(&changes), "at+jwt", own()), expected, "{changes}");
    }
}

#[test]
fn a_token_of_another_type_is_refused() {
    let own = || TokenPolicy::own(ISSUER, AUDIENCE);
    let outside = || TokenPolicy::outside(ISSUER, AUDIENCE);
    let plain = claims(&json!({"jti": null}));
    assert_eq!(verify(&claims(&json!({})), "application/at+jwt", own()), Ok(()));
    for kind in ["jwt", "JWT", "", "at+jwt2", "secevent+jwt", "dpop+jwt"] {
        assert_eq!(verify(&claims(&json!({})), kind, own()), Err(TokenError::Kind), "{kind}");
    }
    assert_eq!(verify(&plain, "JWT", outside()), Ok(()));
    for kind in ["logout+jwt", "secevent+jwt", "dpop+jwt"] {
        assert_eq!(verify(&plain, kind, outside()), Err(TokenError::Kind), "{kind}");
    }
}

#[test]
fn a_claim_that_stands_twice_is_refused() {
    let key = SigningKey::hs256(&Secret::new(vec![7; 32])).unwrap();
    let payload =
        claims(&json!({})).to_string().replace(r#""sub":"alice""#, r#""sub":"alice","sub":"root""#);
    let message =
        format!("{}.{}", encode(br#"{"alg":"HS256","typ":"at+jwt"}"#), encode(payload.as_bytes()));
    let mac = Key::from_bytes([7; 32]).tag(message.as_bytes());
    let token = format!("{message}.{}", encode(&mac));
    let clock = FakeClock::at(Timestamp::from_second(1_000_000).unwrap());
    let keys = VerifyingKeys::of([key.into_verifying()]);
    let verifier = Verifier::new(TokenPolicy::own(ISSUER, AUDIENCE), keys, None, clock.shared());
    assert_eq!(verifier.verify(&token).unwrap_err(), TokenError::Payload);
}

fn encode(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, bytes)
}

#[test]
fn elite_d07_old_and_new_keys_overlap_and_a_revoked_one_ends_its_tokens() {
    let mut house = house();
    let old = house.issue();
    let first = house.ring.active(PURPOSE).unwrap().0;
    let pending = house.ring.add(PURPOSE, SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
    let keys = |ring: &KeyRing| TokenKeys::of_ring(ring, Algorithm::EdDsa).unwrap().unwrap();
    let published = keys(&house.ring).to_jwks();
    assert_eq!(published["keys"].as_array().unwrap().len(), 2, "the next key is known in advance");
    assert_eq!(keys(&house.ring).verifying().len(), 1, "and checks nothing yet");

    house.ring.activate(pending).unwrap();
    house.issuer.replace_keys(keys(&house.ring));
    house.verifier.replace_keys(keys(&house.ring).verifying().clone());
    let new = house.issue();
    assert!(house.verifier.verify(&old).is_ok() && house.verifier.verify(&new).is_ok());
    let fetched_before = VerifyingKeys::parse(published.to_string().as_bytes()).unwrap();
    assert!(jws::verify(&new, &fetched_before).is_ok(), "others know the key already");

    house.ring.revoke(first).unwrap();
    house.verifier.replace_keys(keys(&house.ring).verifying().clone());
    assert_eq!(house.error(&old), TokenError::Signature(JwsError::UnknownKey));
    assert!(house.verifier.verify(&new).is_ok());
    assert_eq!(keys(&house.ring).to_jwks()["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn samo_d12_a_token_is_revoked_alone_or_with_all_of_its_user() {
    let house = house();
    let (one, two) = (house.issue(), house.issue());
    let token = house.verifier.verify(&one).unwrap();
    let what = What::Token { issuer: &token.issuer, id: token.id.as_deref().unwrap() };
    let ended = Ended::one(what, token.expires);
    now(house.revocations.end(ended, &user("alice"), "signed out")).unwrap();
    assert_eq!(house.error(&one), TokenError::Revoked);
    assert_eq!(house.verifier.recheck(&token), Err(TokenError::Revoked));
    assert!(house.verifier.verify(&two).is_ok());

    // Within one second: what was issued before ends, what is issued after does not.
    house.clock.advance(Duration::from_millis(200));
    let until = house.clock.now() + HOUR;
    now(house.revocations.end_user(&user("alice"), until, &user("admin"), "laptop stolen"))
        .unwrap();
    assert_eq!(house.error(&two), TokenError::Revoked);
    let revoked = house.connections.subjects();
    assert!(matches!(&revoked[0], Subject::Credential(_)), "connections of the token end");
    assert_eq!(revoked[1..], [Subject::Principal("alice".to_owned())], "and all of the user");
    house.clock.advance(Duration::from_millis(200));
    assert!(house.verifier.verify(&house.issue()).is_ok(), "a new sign-in counts");
}

#[test]
fn tokens_of_an_issuer_outside_are_checked_with_its_document() {
    let key = SigningKey::p256(&Key::from_bytes([7; 32])).unwrap();
    let document = VerifyingKeys::of([key.verifying().clone()]).to_jwks().to_string();
    let clock = FakeClock::at(Timestamp::from_second(1_000_000).unwrap());
    let policy = TokenPolicy::outside(ISSUER, AUDIENCE);
    let keys = VerifyingKeys::parse(document.as_bytes()).unwrap();
    let verifier = Verifier::new(policy, keys, None, clock.shared());
    let make = |key: &SigningKey| {
        let claims = claims(&json!({"jti": null}));
        jws::sign(key, "JWT", claims.as_object().unwrap()).unwrap()
    };
    assert!(verifier.verify(&make(&key)).is_ok());
    // A new key of the issuer: unknown until its document is fetched again.
    let next = SigningKey::p256(&Key::from_bytes([8; 32])).unwrap();
    let token = make(&next);
    let unknown = TokenError::Signature(JwsError::UnknownKey);
    assert_eq!(verifier.verify(&token).unwrap_err(), unknown);
    verifier.replace_keys(VerifyingKeys::of([key, next].map(SigningKey::into_verifying)));
    assert!(verifier.verify(&token).is_ok());
}

#[test]
fn documents_say_what_there_is_and_nothing_else() {
    let endpoints =
        Endpoints { keys: format!("{ISSUER}/.mantlet/jwks.json"), ..Endpoints::default() };
    let document = discovery(ISSUER, &endpoints, Algorithm::EdDsa);
    assert_eq!(document["issuer"], ISSUER);
    assert_eq!(document["jwks_uri"], format!("{ISSUER}/.mantlet/jwks.json"));
    assert!(document.get("token_endpoint").is_none());
    let house = house();
    let token = house.verifier.verify(&house.issue()).unwrap();
    let answer = introspection(Some(&token));
    assert_eq!((&answer["active"], &answer["sub"]), (&json!(true), &json!("alice")));
    assert_eq!(answer["scope"], "read write");
    assert_eq!(introspection(None), json!({"active": false}));
}

#[test]
fn samo_d13_secrets_that_anybody_knows_are_refused() {
    for text in [
        "kurz-und-gut",
        "0123456789abcdef0123456789abcde",
        "your-secret-key-here-change-in-production",
        "CHANGEME-CHANGEME-CHANGEME-CHANGEME-CHANGEME",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "super-secret-key-for-jwt-signing-0123456789",
    ] {
        let error = legacy_secret(&Secret::new(text.to_owned())).unwrap_err();
        assert!(!error.to_string().contains(text));
    }
    let fine = "b1946ac92492d2347c6235b4d2611184d2611184";
    assert!(legacy_secret(&Secret::new(fine.to_owned())).is_ok());
}

/// A program that makes and reads tokens with PyJWT; its answer is one JSON document.
const PYJWT: &str = r#"
import json, sys, jwt
request = json.load(sys.stdin)
made = {name: jwt.encode(request["claims"], request["secret"], algorithm=name, headers={})
        for name in ["HS256", "HS512"]}
read = []
for token in request["tokens"]:
    keys = jwt.PyJWKSet.from_dict(request["jwks"])
    kid = jwt.get_unverified_header(token)["kid"]
    key = next(key for key in keys.keys if key.key_id == kid)
    read.append(jwt.decode(token, key, algorithms=["EdDSA", "ES256"], issuer=request["iss"],
                           audience=request["aud"], options={"require": ["exp", "iat", "jti"]}))
print(json.dumps({"made": made, "read": read}))
"#;

// covers: SAMO-47 (library)
#[test]
fn pyjwt_reads_our_tokens_and_we_read_those_of_pyjwt() {
    let suite = "PyJWT";
    let Some(python) = mantlet_testkit::venv_python(&["jwt", "cryptography"]) else {
        mantlet_testkit::left_out(suite, "lacks PyJWT: cargo xtask deps --install --suite pyjwt");
        return;
    };
    let secret = "b1946ac92492d2347c6235b4d2611184d2611184";
    let clock = FakeClock::at(wall_clock());
    let mut ring = KeyRing::new();
    ring.rotate(PURPOSE, SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
    let (mut tokens, mut jwks) = (Vec::new(), Vec::new());
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let keys = TokenKeys::of_ring(&ring, algorithm).unwrap().unwrap();
        jwks.extend(keys.to_jwks()["keys"].as_array().unwrap().clone());
        let rng = Arc::new(SystemRng);
        let issuer = TokenIssuer::new((ISSUER, AUDIENCE), HOUR, keys, clock.shared(), rng);
        tokens.push(issuer.issue(&user("alice"), NewToken::default()).unwrap());
    }
    let seconds = clock.now().as_second();
    let claims =
        json!({"user_id": "alice", "permissions": ["read"], "iat": seconds, "exp": seconds + 3600});
    let request = json!({
        "secret": secret, "claims": claims, "tokens": tokens, "jwks": {"keys": jwks},
        "iss": ISSUER, "aud": AUDIENCE,
    });
    let answer = run(&python, &request);
    assert_eq!(answer["read"].as_array().unwrap().len(), 2);
    assert!(answer["read"].as_array().unwrap().iter().all(|claims| claims["sub"] == "alice"));

    let keys = || legacy_secret(&Secret::new(secret.to_owned())).unwrap();
    let end = clock.now() + Duration::from_secs(86_400);
    let policy = || TokenPolicy::legacy("user_id", end);
    let verifier = Verifier::new(policy(), keys(), None, clock.shared());
    let token = verifier.verify(answer["made"]["HS256"].as_str().unwrap()).unwrap();
    assert_eq!((token.subject.as_str(), token.texts("permissions")), ("alice", vec!["read"]));
    let other = verifier.verify(answer["made"]["HS512"].as_str().unwrap()).unwrap_err();
    assert_eq!(other, TokenError::Signature(JwsError::Algorithm));
    let wrong = legacy_secret(&Secret::new(secret.replace('b', "c"))).unwrap();
    let verifier = Verifier::new(policy(), wrong, None, clock.shared());
    assert!(verifier.verify(answer["made"]["HS256"].as_str().unwrap()).is_err());
    clock.advance(Duration::from_secs(86_400));
    let verifier = Verifier::new(policy(), keys(), None, clock.shared());
    let late = verifier.verify(answer["made"]["HS256"].as_str().unwrap()).unwrap_err();
    assert_eq!(late, TokenError::MigrationOver);
}

/// The time that PyJWT goes by.
fn wall_clock() -> Timestamp {
    mantlet_types::SystemClock::new().now()
}

fn run(python: &std::path::Path, request: &Value) -> Value {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut child = Command::new(python)
        .args(["-c", PYJWT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(request.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_claims_of_a_token_are_no_place_for_a_novel() {
    let house = house();
    let claims: Map<String, Value> =
        [("x".to_owned(), json!("x".repeat(20_000)))].into_iter().collect();
    let wish = NewToken { claims, lifetime: None };
    assert_eq!(house.issuer.issue(&user("alice"), wish), Err(JwsError::TooLong));
}
