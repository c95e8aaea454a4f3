//! What rule files say about the audit log.

use super::problem::{Fault, Place, Problem};

/// When an audit record is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditMode {
    /// Always.
    On,
    /// Never.
    Off,
    /// When a rule asked for it, or the status is of those that matter.
    RelevantOnly,
}

impl AuditMode {
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        match text.to_ascii_lowercase().as_str() {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            "relevantonly" => Ok(Self::RelevantOnly),
            _ => Err(Fault::new(format!("unknown mode `{text}`"))
                .hint("write `On`, `Off` or `RelevantOnly`")),
        }
    }
}

/// The letters of the parts that there are.
const LETTERS: &str = "ABCDEFGHIJKZ";

/// Which parts of a transaction an audit record holds, by the letters of `SecAuditLogParts`: B the
/// header fields of the request, C its body, E the body of the answer, F its header fields, H the
/// messages of rules, I as C, J files of forms, K every rule that matched. A and Z are always there;
/// D and G stand for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditParts(u32);

impl AuditParts {
    /// What is recorded when no directive says otherwise.
    pub(crate) const USUAL: Self = Self(bit('B') | bit('C') | bit('F') | bit('H'));

    /// Reads letters such as `ABIJDEFHZ`.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let mut parts = Self(0);
        for letter in text.chars().map(|letter| letter.to_ascii_uppercase()) {
            if !LETTERS.contains(letter) {
                return Err(Fault::new(format!("`{letter}` is no part of an audit log"))
                    .hint(format!("the parts are the letters `{LETTERS}`")));
            }
            parts.0 |= bit(letter);
        }
        Ok(parts)
    }

    /// Whether the part with this capital letter is there.
    #[must_use]
    pub const fn has(self, letter: char) -> bool {
        self.0 & bit(letter) != 0
    }

    pub(crate) const fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    pub(crate) const fn without(self, less: Self) -> Self {
        Self(self.0 & !less.0)
    }
}

const fn bit(letter: char) -> u32 {
    1 << (letter as u32 & 31)
}

/// What `ctl:auditLogParts` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartsChange {
    Add(AuditParts),
    Remove(AuditParts),
    Set(AuditParts),
}

impl PartsChange {
    /// Reads `+E`, `-C` or `ABIFHZ`.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        Ok(match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(more), _) => Self::Add(AuditParts::parse(more)?),
            (_, Some(less)) => Self::Remove(AuditParts::parse(less)?),
            _ => Self::Set(AuditParts::parse(text)?),
        })
    }

    pub(crate) const fn apply(self, parts: AuditParts) -> AuditParts {
        match self {
            Self::Add(more) => parts.with(more),
            Self::Remove(less) => parts.without(less),
            Self::Set(parts) => parts,
        }
    }
}

/// What rule files say about the audit log.
#[derive(Debug, Clone)]
pub struct AuditSettings {
    /// When a record is wanted.
    pub mode: AuditMode,
    /// Statuses that make a transaction relevant. `None`: none does.
    pub relevant_status: Option<regex::Regex>,
    /// What a record holds.
    pub parts: AuditParts,
    /// The file, and where it is named. `None`: nothing is written.
    pub file: Option<(String, Place)>,
    says_json: bool,
    /// Where the engine was switched on.
    switched_on: Option<Place>,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            mode: AuditMode::Off,
            relevant_status: None,
            parts: AuditParts::USUAL,
            file: None,
            says_json: false,
            switched_on: None,
        }
    }
}

/// Directives about the audit log that do nothing here, and why.
const WITHOUT_EFFECT: &[(&str, &str)] = &[
    ("SecAuditLog2", "one file is written; copy it, or have it collected"),
    ("SecAuditLogDirMode", "records are lines of one file: leave the directive out"),
    ("SecAuditLogFileMode", "the file is for its owner alone: give readers a copy, or a group"),
    ("SecAuditLogPrefix", "records carry no prefix: leave the directive out"),
    ("SecAuditLogStorageDir", "records are lines of one file: leave the directive out"),
];

impl AuditSettings {
    /// Carries out a directive, its name in small letters. `Ok(None)`: it is none about the audit log;
    /// otherwise what is to be told of it.
    pub(super) fn apply(
        &mut self,
        name: &str,
        value: Option<&str>,
        place: &Place,
    ) -> Result<Option<Vec<Problem>>, Fault> {
        if let Some((written, hint)) =
            WITHOUT_EFFECT.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            return Ok(Some(vec![told(place, format!("`{written}` does nothing here"), hint)]));
        }
        if !NAMES.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Ok(None);
        }
        let value = value.ok_or_else(|| Fault::new("a value is missing"))?;
        self.set(name, value, place).map(Some)
    }

    fn set(&mut self, name: &str, value: &str, place: &Place) -> Result<Vec<Problem>, Fault> {
        let lower = value.to_ascii_lowercase();
        match (name, lower.as_str()) {
            ("secauditengine", _) => {
                self.mode = AuditMode::parse(value)?;
                self.switched_on = (self.mode != AuditMode::Off).then(|| place.clone());
            }
            ("secauditlogrelevantstatus", _) => self.relevant_status = Some(statuses(value)?),
            ("secauditlogparts", _) => self.parts = AuditParts::parse(value)?,
            ("secauditlogformat", "json" | "native") => {
                // What is not said is told where the file is named.
                self.says_json = true;
                if lower == "native" {
                    let hint = "write `SecAuditLogFormat JSON`";
                    return Ok(vec![told(place, "the audit log is written as JSON".into(), hint)]);
                }
            }
            ("secauditlogformat", _) => {
                return Err(Fault::new(format!("unknown format `{value}`")).hint("write `JSON`"));
            }
            ("secauditlogtype", "serial") => {}
            ("secauditlogtype", "concurrent" | "https") => {
                let message = format!("`SecAuditLogType {value}` is written as `Serial`");
                let hint = "every transaction is a line of the file that `SecAuditLog` names";
                return Ok(vec![told(place, message, hint)]);
            }
            ("secauditlogtype", _) => {
                return Err(Fault::new(format!("unknown type `{value}`")).hint("write `Serial`"));
            }
            _ => self.file = Some((file(value)?.to_owned(), place.clone())),
        }
        Ok(Vec::new())
    }

    /// What is hardly meant, once everything is read.
    pub(super) fn findings(&self) -> Vec<Problem> {
        match (&self.file, &self.switched_on) {
            (None, Some(place)) => {
                let message =
                    "`SecAuditEngine` is on and no `SecAuditLog` names a file: nothing is written";
                vec![told(place, message.into(), "add `SecAuditLog audit.json`")]
            }
            (Some((_, place)), Some(_)) if !self.says_json => {
                let hint = "write `SecAuditLogFormat JSON` to say that you know";
                vec![told(place, "the audit log is written as JSON".into(), hint)]
            }
            _ => Vec::new(),
        }
    }
}

/// Directives that [`AuditSettings::apply`] carries out.
pub(super) const NAMES: &[&str] = &[
    "SecAuditEngine",
    "SecAuditLog",
    "SecAuditLogFormat",
    "SecAuditLogParts",
    "SecAuditLogRelevantStatus",
    "SecAuditLogType",
];

fn told(place: &Place, message: String, hint: &str) -> Problem {
    Problem::new(place, message).hint(hint)
}

fn file(value: &str) -> Result<&str, Fault> {
    if value.starts_with('|') {
        return Err(Fault::new("no program is run").hint("name a file, and have it collected"));
    }
    if value.contains("://") {
        let hint = "name a file, and have it collected";
        return Err(Fault::new("records are not sent over the network").hint(hint));
    }
    if value.is_empty() {
        return Err(
            Fault::new("the name of the file is empty").hint("write `SecAuditLog audit.json`")
        );
    }
    Ok(value)
}

/// The pattern of statuses. `(?!404)` is how every recommended file leaves 404 out, so exactly this
/// is understood beside what the linear-time matcher can do.
fn statuses(text: &str) -> Result<regex::Regex, Fault> {
    let plain = text.replace("4(?!04)", "4(?:0[0-35-9]|[1-9][0-9])");
    regex::Regex::new(&plain).map_err(|_| Fault::new(format!("`{text}` is no usable pattern")))
}
