//! The cases of Wycheproof for signed tokens and their keys: every invalid one is refused, every
//! valid one of an algorithm that we speak is accepted, and what we do not speak is on a list.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

use std::collections::BTreeMap;

use mantlet_crypto::jws::{VerifyingKeys, verify};
use serde_json::Value;

/// Valid cases that are refused, by what is in the header or why.
const REFUSED: [(&str, &str, usize); 9] = [
    ("json_web_key_test", "HS384", 1),
    ("json_web_key_test", "HS512", 1),
    ("json_web_signature_test", "ES512", 2),
    ("json_web_signature_test", "PS256", 6),
    ("json_web_signature_test", "PS384", 6),
    ("json_web_signature_test", "PS512", 4),
    ("json_web_signature_test", "RS384", 4),
    ("json_web_signature_test", "RS512", 4),
    // A `?` in the middle of header or payload, "valid" because it is ignored there. RFC 7515,
    // section 2, knows no ignored characters.
    ("json_web_signature_test", "not base64", 2),
];

// covers: SAMO-11 (library)
#[test]
fn wycheproof_tokens_and_keys_are_told_right_from_wrong() {
    let suite = "Wycheproof JWS";
    let Some(folder) = mantlet_testkit::shared(suite) else {
        return;
    };
    let mut refused: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let (mut accepted, mut cases) = (0, 0);
    for file in ["json_web_signature_test", "json_web_key_test", "json_web_crypto_test"] {
        let path = folder.join("data/wycheproof").join(format!("{file}.json"));
        let Ok(text) = std::fs::read(&path) else {
            mantlet_testkit::left_out(suite, "the folder of shared test data has no wycheproof");
            return;
        };
        let document: Value = serde_json::from_slice(&text).unwrap();
        for group in document["testGroups"].as_array().unwrap() {
            let public = group.get("public").filter(|key| !key.is_null());
            let key = public.unwrap_or_else(|| &group["private"]).to_string();
            let keys = VerifyingKeys::parse(key.as_bytes()).unwrap_or_default();
            let tests = group["tests"].as_array().unwrap();
            let valid: Vec<&Value> = tests
                .iter()
                .filter(|case| case["result"] == "valid")
                .map(|case| &case["jws"])
                .collect();
            for case in tests {
                let token = match &case["jws"] {
                    Value::String(token) => token.clone(),
                    Value::Object(object) => Value::Object(object.clone()).to_string(),
                    _ => continue, // JWE
                };
                cases += 1;
                let is_accepted = verify(&token, &keys).is_ok();
                match case["result"].as_str().unwrap() {
                    "valid" if is_accepted => accepted += 1,
                    "valid" => *refused.entry((file, kind(&token))).or_default() += 1,
                    // Two cases of wrong padding lost it on their way into the file: they are the
                    // valid token of the same group, byte for byte.
                    _ if valid.contains(&&case["jws"]) => {
                        let comment = case["comment"].as_str().unwrap();
                        assert!(comment.starts_with("invalidBase64Padding"), "{file} {case}");
                    }
                    _ => assert!(!is_accepted, "{file} {case}"),
                }
            }
        }
    }
    let refused: Vec<_> =
        refused.iter().map(|((file, kind), count)| (*file, &**kind, *count)).collect();
    assert_eq!(refused, REFUSED);
    assert!(cases >= 470 && accepted >= 20, "{accepted} accepted of {cases}");
}

/// The algorithm of a token's header.
fn kind(token: &str) -> String {
    let header = token.split('.').next().unwrap();
    let is_plain =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if !token.split('.').all(is_plain) {
        return "not base64".to_owned();
    }
    let header = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["alg"].as_str().unwrap().to_owned()
}
