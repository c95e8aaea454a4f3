//! `require`: what a path asks for, as it is written.

use mantlet_access::{Require, RequirementError, Roles};
use mantlet_config::{Complaint, Scalar, Value};

/// How it can be written.
const HINT: &str = "write \"login\", \"none\", { permission = \"…\" }, { role = \"…\" }, { class = \"…\" }, { owner = \"{user}\" }, { within = \"5m\" }, { second_factor = true }, { cedar = \"…\" }, or a list of these";

/// The deepest nesting of lists.
const MAX_DEPTH: usize = 8;

/// What a path asks for, as it is written: a word, a table, or a list of which all must be met.
#[derive(Debug, Clone, PartialEq)]
pub struct RequireSetting {
    written: Value,
    /// The same in the language of requirements.
    text: String,
}

impl RequireSetting {
    /// Anybody who is signed in.
    #[must_use]
    pub fn login() -> Self {
        Self { written: Value::String("login".to_owned()), text: "signed-in".to_owned() }
    }

    /// What it asks for, with the names of `roles`.
    ///
    /// # Errors
    /// [`RequirementError`] for names that are not in the table, and what makes no sense.
    pub fn parse_with(&self, roles: &Roles) -> Result<Require, RequirementError> {
        Require::parse(&self.text, roles)
    }
}

impl Scalar for RequireSetting {
    const KIND: &'static str = "requirement";
    const EXAMPLE: &'static str = "login";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        Ok(Self { written: value.clone(), text: text_of(value, 0)? })
    }

    fn show(&self) -> Value {
        self.written.clone()
    }
}

fn text_of(value: &Value, depth: usize) -> Result<String, Complaint> {
    if depth > MAX_DEPTH {
        return Err(Complaint::new("the lists are too deep", "give a role what it needs instead"));
    }
    match value {
        Value::String(text) if text.trim() == "login" => Ok("signed-in".to_owned()),
        Value::String(text) => Ok(text.clone()),
        Value::Array(list) if list.is_empty() => Err(Complaint::new("an empty list", HINT)),
        Value::Array(list) => joined(list, " and ", depth),
        Value::Table(table) if table.is_empty() => Err(Complaint::new("an empty table", HINT)),
        Value::Table(table) => {
            let parts: Result<Vec<String>, Complaint> =
                table.iter().map(|(key, value)| entry(key, value, depth)).collect();
            Ok(parts?.join(" and "))
        }
        _ => Err(Complaint::mismatch::<RequireSetting>(value)),
    }
}

fn entry(key: &str, value: &Value, depth: usize) -> Result<String, Complaint> {
    match (key, value) {
        ("second_factor", Value::Boolean(true)) => Ok("second-factor".to_owned()),
        ("within", Value::String(window)) if is_word(window) => Ok(format!("within:{window}")),
        ("owner", Value::String(name)) if name.starts_with('{') => {
            let bare = name.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
            entry(key, &Value::String(bare.unwrap_or_default().to_owned()), depth)
        }
        ("cedar", Value::String(name)) if name.starts_with("Action::\"") => {
            let bare = name.strip_prefix("Action::\"").and_then(|name| name.strip_suffix('"'));
            entry(key, &Value::String(bare.unwrap_or_default().to_owned()), depth)
        }
        ("permission" | "role" | "class" | "owner" | "cedar", Value::String(name)) => {
            if is_word(name) {
                return Ok(format!("{key}:{name}"));
            }
            let name: String = name.chars().take(60).collect();
            let message = format!("`{}` is no name of a {key}", name.escape_debug());
            Err(Complaint::new(message, HINT))
        }
        ("permission" | "role", Value::Array(list)) if !list.is_empty() => {
            let parts: Result<Vec<String>, Complaint> =
                list.iter().map(|one| entry(key, one, depth)).collect();
            Ok(format!("( {} )", parts?.join(" and ")))
        }
        ("any", Value::Array(list)) if !list.is_empty() => joined(list, " or ", depth),
        ("all", Value::Array(list)) if !list.is_empty() => joined(list, " and ", depth),
        _ => {
            let key: String = key.chars().take(60).collect();
            let message = format!("`{}` makes no requirement", key.escape_debug());
            Err(Complaint::new(message, HINT))
        }
    }
}

fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain)
}

fn joined(list: &[Value], word: &str, depth: usize) -> Result<String, Complaint> {
    let parts: Result<Vec<String>, Complaint> =
        list.iter().map(|one| text_of(one, depth + 1)).collect();
    Ok(format!("( {} )", parts?.join(word)))
}

#[cfg(test)]
mod tests {
    use mantlet_access::profile;

    use super::*;

    fn described(text: &str) -> Result<String, String> {
        let roles = Roles::compile(&profile("research").unwrap().unwrap()).unwrap();
        let table: toml::Table = format!("require = {text}").parse().unwrap();
        let setting = RequireSetting::parse(&table["require"]);
        let setting = setting.map_err(|complaint| complaint.message)?;
        match setting.parse_with(&roles).map_err(|error| error.to_string())? {
            Require::None => Ok("none".to_owned()),
            Require::Of(requirement) => Ok(requirement.describe(&roles)),
        }
    }

    #[test]
    fn words_tables_and_lists_are_requirements() {
        for (text, expected) in [
            ("\"login\"", "signed-in"),
            ("\"none\"", "none"),
            ("{ permission = \"read_project\" }", "permission:read_project"),
            ("{ owner = \"{user}\" }", "owner:user"),
            ("{ owner = \"user\" }", "owner:user"),
            ("{ role = \"admin\", within = \"5m\" }", "(role:admin and within:300s)"),
            ("{ second_factor = true }", "second-factor"),
            ("{ role = \"admin\" }", "role:admin"),
            ("{ cedar = \"export\" }", "cedar:export"),
            ("{ cedar = 'Action::\"export\"' }", "cedar:export"),
            ("{ class = \"internal\" }", "class:internal"),
            ("{ role = \"admin\", class = \"internal\" }", "(class:internal and role:admin)"),
            ("[\"login\", { role = \"admin\" }]", "(signed-in and role:admin)"),
            (
                "{ any = [{ role = \"admin\" }, { permission = \"read_project\" }] }",
                "(role:admin or permission:read_project)",
            ),
            (
                "{ permission = [\"read_project\", \"write_project\"] }",
                "(permission:read_project and permission:write_project)",
            ),
            (
                "\"permission:read_project and owner:user\"",
                "(permission:read_project and owner:user)",
            ),
        ] {
            assert_eq!(described(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for text in [
            "[]",
            "{}",
            "true",
            "\"logn\"",
            "{ permision = \"read_project\" }",
            "{ permission = \"read_projct\" }",
            "{ role = \"user or nobody\" }",
            "{ role = \"\" }",
            "{ cedar = \"\" }",
            "{ cedar = 'Action::\"a' }",
            "{ cedar = \"a or login\" }",
            "[\"none\", \"login\"]",
            "{ any = [] }",
            "{ owner = \"{user\" }",
            "{ owner = \"{}\" }",
            "{ within = \"5\" }",
            "{ within = \"0s\" }",
            "{ within = \"2d or nobody\" }",
            "{ second_factor = false }",
            "[[[[[[[[[[\"login\"]]]]]]]]]]",
        ] {
            assert!(described(text).is_err(), "{text}");
        }
    }
}
