//! Naming a secret.

use std::fmt;

use toml::Value;

use crate::{Complaint, Scalar};

/// The schemes a reference can have. A fixed list, since in a secret that was pasted by mistake
/// what stands before a colon must not be taken for a scheme and shown.
const SCHEMES: [&str; 5] = ["env", "file", "vault", "aws", "azure"];

const HINT: &str =
    "secrets do not belong in the configuration: write where it is, `env:NAME` or `file:/path`";

/// Where a secret is: `env:NAME` (the variable NAME, or the file that `NAME_FILE` names),
/// `file:/path`, or the name it has in another source.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SecretRef {
    scheme: &'static str,
    name: String,
}

impl SecretRef {
    /// Which source holds it: `env`, `file`, …
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Its name in that source.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme, self.name)
    }
}

/// What is written is never shown: it may be the secret itself.
impl Scalar for SecretRef {
    const KIND: &'static str = "reference to a secret";
    const EXAMPLE: &'static str = "env:NAME";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let refuse = || Complaint::new("expected a reference to a secret", HINT);
        let (scheme, name) =
            value.as_str().and_then(|text| text.split_once(':')).ok_or_else(refuse)?;
        let scheme = SCHEMES.into_iter().find(|known| *known == scheme).ok_or_else(refuse)?;
        match scheme {
            "env" if !is_variable(name) => {
                let hint = "write `env:` and a name of letters, digits and `_`";
                Err(Complaint::new("the reference names no variable", hint))
            }
            "file" if !name.starts_with('/') || name.contains('\0') => {
                let hint = "write `file:` and a path that begins with `/`";
                Err(Complaint::new("the reference names no absolute path", hint))
            }
            _ if name.is_empty() => Err(refuse()),
            _ => Ok(Self { scheme, name: name.to_owned() }),
        }
    }

    fn show(&self) -> Value {
        Value::String(self.to_string())
    }
}

fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    let is_first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    bytes.next().is_some_and(is_first) && bytes.all(|byte| is_first(byte) || byte.is_ascii_digit())
}
