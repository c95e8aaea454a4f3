use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use mantlet_types::{Secret, SystemRng};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::Key;
use crate::text::{from_base64url, to_base64, to_base64url};

fn secret() -> Secret<Vec<u8>> {
    Secret::new((0..32).collect())
}

/// One RSA key for all tests: making one takes long.
fn rsa_pem() -> &'static str {
    static PEM: LazyLock<String> = LazyLock::new(|| {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        let body = to_base64(der.as_ref());
        format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
    });
    &PEM
}

fn signers() -> Vec<SigningKey> {
    let key = Key::generate(&SystemRng);
    vec![
        SigningKey::ed25519(&key).unwrap(),
        SigningKey::p256(&key).unwrap(),
        SigningKey::rsa_of_pem(&Secret::new(rsa_pem().to_owned())).unwrap(),
        SigningKey::hs256(&secret()).unwrap(),
    ]
}

fn payload() -> Map<String, Value> {
    json!({"sub": "alice"}).as_object().unwrap().clone()
}

/// A token with this header over `payload`, signed by `key` whatever the header says.
fn forge(key: &SigningKey, header: &str, payload: &str) -> String {
    let message =
        format!("{}.{}", to_base64url(header.as_bytes()), to_base64url(payload.as_bytes()));
    let signature = key.sign(message.as_bytes()).unwrap();
    format!("{message}.{}", to_base64url(&signature))
}

#[test]
fn what_was_signed_verifies_with_its_key_and_no_other() {
    for key in signers() {
        let token = sign(&key, "at+jwt", &payload()).unwrap();
        let other = SigningKey::p256(&Key::generate(&SystemRng)).unwrap().into_verifying();
        assert!(verify(&token, &VerifyingKeys::of([other])).is_err());
        let algorithm = key.algorithm();
        let keys = VerifyingKeys::of([key.into_verifying()]);
        let signed = verify(&token, &keys).unwrap();
        assert_eq!(signed.header.kind.as_deref(), Some("at+jwt"));
        assert_eq!(signed.header.algorithm, algorithm);
        assert_eq!(parse_object(&signed.payload), Some(payload()));
    }
}

#[test]
fn keys_of_the_ring_are_the_same_at_every_start() {
    let key = Key::from_bytes([7; 32]);
    for make in [SigningKey::ed25519, SigningKey::p256] {
        let (one, two) = (make(&key).unwrap(), make(&key).unwrap());
        assert_eq!(one.verifying().thumbprint(), two.verifying().thumbprint());
        let other = make(&Key::from_bytes([8; 32])).unwrap();
        assert_ne!(one.verifying().thumbprint(), other.verifying().thumbprint());
    }
}

#[test]
fn published_keys_verify_what_was_signed_and_hold_no_secret() {
    let keys: Vec<SigningKey> = signers();
    let tokens: Vec<String> =
        keys.iter().take(3).map(|key| sign(key, "jwt", &payload()).unwrap()).collect();
    let set = VerifyingKeys::of(keys.into_iter().map(SigningKey::into_verifying)).to_jwks();
    assert_eq!(set["keys"].as_array().unwrap().len(), 3, "not the secret");
    for key in set["keys"].as_array().unwrap() {
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
    let published = VerifyingKeys::parse(set.to_string().as_bytes()).unwrap();
    for token in tokens {
        verify(&token, &published).unwrap();
    }
}

/// RFC 7638, section 3.1, and RFC 8037, appendix A.3.
#[test]
fn thumbprints_are_the_standard_ones() {
    let rsa = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256"}"#;
    let okp = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    for (jwk, expected) in [
        (rsa, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
        (okp, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
    ] {
        let keys = VerifyingKeys::parse(jwk.as_bytes()).unwrap();
        let print = VerifyingKeys::of(keys.into_keys()).to_jwks();
        assert_eq!(print["keys"][0]["kid"], expected);
    }
}

/// RFC 8037, appendix A.4.
#[test]
fn an_ed25519_token_of_the_standard_verifies() {
    let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let keys = VerifyingKeys::parse(key.as_bytes()).unwrap();
    assert_eq!(verify(token, &keys).unwrap().payload, b"Example of Ed25519 signing");
}

#[test]
fn a_header_that_asks_for_another_way_is_refused() {
    let key = SigningKey::hs256(&secret()).unwrap();
    let keys = VerifyingKeys::of([VerifyingKey::hs256(&secret()).unwrap()]);
    assert!(verify(&forge(&key, r#"{"alg":"HS256"}"#, "{}"), &keys).is_ok());
    for (header, expected) in [
        (r#"{"alg":"none"}"#, JwsError::Algorithm),
        (r#"{"alg":"NONE"}"#, JwsError::Algorithm),
        (r#"{"alg":"hs256"}"#, JwsError::Algorithm),
        (r#"{"alg":"HS512"}"#, JwsError::Algorithm),
        (r#"{"alg":"ES256","kid":"x"}"#, JwsError::Algorithm),
        (r#"{"alg":"HS256","crit":["exp"]}"#, JwsError::Critical),
        (r#"{"alg":"HS256","crit":[]}"#, JwsError::Critical),
        (r#"{"alg":"HS256","b64":false}"#, JwsError::Critical),
        (r#"{"alg":"HS256","jwk":{}}"#, JwsError::EmbeddedKey),
        (r#"{"alg":"HS256","jku":"https://evil.example/keys"}"#, JwsError::EmbeddedKey),
        (r#"{"alg":"HS256","x5u":"https://evil.example/cert"}"#, JwsError::EmbeddedKey),
        (r#"{"alg":"HS256","alg":"HS256"}"#, JwsError::Header),
        (r#"{"alg":["HS256"]}"#, JwsError::Header),
        (r#"{"typ":"jwt"}"#, JwsError::Header),
        (r#"{"alg":"HS256","kid":1}"#, JwsError::Header),
        (r#"["HS256"]"#, JwsError::Header),
        ("", JwsError::Header),
    ] {
        assert_eq!(verify(&forge(&key, header, "{}"), &keys), Err(expected), "{header}");
    }
}

#[test]
fn a_public_key_is_never_taken_for_a_secret() {
    let public = SigningKey::p256(&Key::from_bytes([7; 32])).unwrap().into_verifying();
    let keys = VerifyingKeys::of([public]);
    let jwk = keys.to_jwks()["keys"][0].clone();
    let x = from_base64url(jwk["x"].as_str().unwrap()).unwrap();
    let forger = SigningKey::hs256(&Secret::new(x)).unwrap();
    let header = json!({"alg": "HS256", "kid": jwk["kid"]}).to_string();
    assert_eq!(verify(&forge(&forger, &header, "{}"), &keys), Err(JwsError::Algorithm));
}

#[test]
fn samo_d13_short_secrets_are_refused() {
    for size in [0, 1, 16, 31] {
        let short = Secret::new(vec![7; size]);
        assert_eq!(VerifyingKey::hs256(&short).unwrap_err(), JwkError::Weak);
        assert_eq!(SigningKey::hs256(&short).unwrap_err(), JwkError::Weak);
    }
}

#[test]
fn a_set_that_is_doubtful_as_a_whole_is_refused() {
    let ec =
        SigningKey::p256(&Key::from_bytes([7; 32])).unwrap().into_verifying().to_jwk().unwrap();
    let oct = json!({"kty": "oct", "alg": "HS256", "k": to_base64url(&[7; 32])});
    let parse = |keys: Value| VerifyingKeys::parse(json!({"keys": keys}).to_string().as_bytes());
    assert_eq!(parse(json!([ec, oct])).unwrap_err(), JwkError::Mixed);
    assert_eq!(parse(json!([ec, ec])).unwrap_err(), JwkError::Duplicate);
    assert_eq!(parse(json!(["x"])).unwrap_err(), JwkError::Malformed);
    assert_eq!(parse(json!(vec![json!({}); 65])).unwrap_err(), JwkError::TooMany);
    let other = json!({"kty": "EC", "crv": "P-521", "use": "sig", "kid": "other"});
    let some = parse(json!([ec, other])).unwrap();
    assert_eq!((some.len(), some.skipped()), (1, 1));
}

#[test]
fn a_token_without_a_key_id_needs_a_set_where_only_one_key_fits() {
    let (one, two) = (Key::from_bytes([1; 32]), Key::from_bytes([2; 32]));
    let make = |key: &Key| SigningKey::p256(key).unwrap();
    let token = forge(&make(&one), r#"{"alg":"ES256"}"#, "{}");
    let both = VerifyingKeys::of([&one, &two].map(|key| make(key).into_verifying()));
    assert_eq!(verify(&token, &both), Err(JwsError::UnknownKey));
    assert!(verify(&token, &VerifyingKeys::of([make(&one).into_verifying()])).is_ok());
}

#[test]
fn a_token_is_only_so_long() {
    let key = SigningKey::hs256(&secret()).unwrap();
    let long = json!({"a": "x".repeat(MAX_TOKEN)}).as_object().unwrap().clone();
    assert_eq!(sign(&key, "jwt", &long), Err(JwsError::TooLong));
    let keys = VerifyingKeys::of([key.into_verifying()]);
    assert_eq!(verify(&".".repeat(MAX_TOKEN + 1), &keys), Err(JwsError::TooLong));
}

proptest! {
    #[test]
    fn a_changed_token_never_verifies(at in any::<prop::sample::Index>(), other in "[0-9A-Za-z_.=-]") {
        let key = SigningKey::ed25519(&Key::from_bytes([7; 32])).unwrap();
        let token = sign(&key, "jwt", &payload()).unwrap();
        let keys = VerifyingKeys::of([key.into_verifying()]);
        let at = at.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(at..=at, &other);
        prop_assert_eq!(verify(&changed, &keys).is_ok(), changed == token);
    }

    #[test]
    fn any_text_is_read_without_panic(token in "[\\PC.]{0,60}", set in "\\PC{0,60}") {
        let _ = verify(&token, &VerifyingKeys::default());
        let _ = VerifyingKeys::parse(set.as_bytes());
    }
}
