//! The YAML of cases and overrides.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// A file of cases.
#[derive(Debug, Deserialize)]
pub(super) struct CaseFile {
    pub(super) rule_id: Option<u64>,
    #[serde(default)]
    pub(super) tests: Vec<Case>,
}

/// One case.
#[derive(Debug, Deserialize)]
pub(super) struct Case {
    pub(super) test_id: u64,
    pub(super) stages: Vec<Stage>,
}

/// One request of a case and what it should lead to.
#[derive(Debug, Deserialize)]
pub(super) struct Stage {
    pub(super) input: Input,
    #[serde(default)]
    pub(super) output: Output,
}

/// A request.
#[derive(Debug, Deserialize)]
pub(super) struct Input {
    #[serde(default = "get")]
    pub(super) method: String,
    #[serde(default = "root")]
    pub(super) uri: String,
    #[serde(default = "http_1_1")]
    pub(super) version: String,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Scalar>,
    pub(super) data: Option<Scalar>,
    /// The whole request in Base64; everything else is passed over then.
    pub(super) encoded_request: Option<String>,
    #[serde(default = "yes")]
    pub(super) autocomplete_headers: bool,
}

/// What a request should lead to.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Output {
    pub(super) status: Option<u16>,
    #[serde(default)]
    pub(super) expect_error: Option<bool>,
    #[serde(default)]
    pub(super) log: Log,
}

/// What should and should not be logged.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Log {
    #[serde(default)]
    pub(super) expect_ids: Vec<u64>,
    #[serde(default)]
    pub(super) no_expect_ids: Vec<u64>,
    pub(super) match_regex: Option<String>,
    pub(super) no_match_regex: Option<String>,
}

/// A file that says which cases an engine meets in another way, and why.
#[derive(Debug, Deserialize)]
pub(super) struct OverrideFile {
    #[serde(default)]
    pub(super) test_overrides: Vec<Override>,
}

/// Cases of one rule that are met in another way.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Override {
    pub(super) rule_id: u64,
    #[serde(default)]
    pub(super) test_ids: Vec<u64>,
    #[serde(default)]
    pub(super) reason: String,
    /// What takes the place of the case's own output. `None`: the case is left out.
    pub(super) output: Option<Output>,
}

fn get() -> String {
    "GET".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

fn http_1_1() -> String {
    "HTTP/1.1".to_owned()
}

const fn yes() -> bool {
    true
}

/// A text that may be written as a number.
#[derive(Debug, Clone, Default)]
pub(super) struct Scalar(pub(super) String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Scalar;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(text.to_owned()))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }

            fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
                Ok(Scalar::default())
            }
        }
        deserializer.deserialize_any(Text)
    }
}
