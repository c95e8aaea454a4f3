//! The actions a rule can name.

use super::{Control, SetVar, severity};
use crate::seclang::problem::Fault;
use crate::transformations::Transformation;
use crate::variables::{Template, Variable};

/// How far `allow` reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AllowScope {
    /// Every later phase but logging.
    Everything,
    /// The rest of this phase.
    Phase,
    /// The phases of the request.
    Request,
}

/// What is said of a rule for people alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Note {
    /// Its revision.
    Rev,
    /// The version of the rule set.
    Ver,
    /// How long it has been in use, 1 to 9.
    Maturity,
    /// How seldom it is wrong, 1 to 9.
    Accuracy,
    /// A namespace; not used.
    Xmlns,
}

/// What is not shown where a request is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sanitise {
    /// The values that the rule matches.
    Matched,
    /// The argument of this name.
    Argument(Box<str>),
    /// The header field of this name of the request.
    RequestHeader(Box<str>),
    /// The header field of this name of the answer.
    ResponseHeader(Box<str>),
}

/// One parsed action.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// The number of the rule.
    Id(u64),
    /// When it runs, 1 to 5.
    Phase(u8),
    /// What it says.
    Msg(Template),
    /// What it says about what matched.
    LogData(Template),
    /// How bad it is, 0 worst.
    Severity(u8),
    /// What it belongs to.
    Tag(Box<str>),
    /// What the audit log says of the rule.
    Note(Note, Box<str>),
    /// What the audit log does not show.
    Sanitise(Sanitise),
    /// The next rule belongs to this one.
    Chain,
    /// This many rules are skipped.
    Skip(u32),
    /// Everything up to the marker is skipped.
    SkipAfter(Box<str>),
    /// Nothing later looks.
    Allow(AllowScope),
    /// What the default action of the phase says.
    Block,
    /// The request is refused.
    Deny,
    /// The connection is closed.
    Drop,
    /// Nothing happens.
    Pass,
    /// The client is sent elsewhere.
    Redirect(Template),
    /// The status of a refusal.
    Status(u16),
    /// What matched goes to `TX:0` to `TX:9`.
    Capture,
    /// The operator is asked after every transformation.
    MultiMatch,
    /// A match is reported.
    Log(bool),
    /// A match is recorded in the audit log.
    AuditLog(bool),
    /// A transformation; `None` clears those before.
    Transform(Option<Transformation>),
    /// A value of a collection changes.
    SetVar(SetVar),
    /// A collection is opened under this key.
    InitCol(Variable, Template),
    /// The transaction changes.
    Control(Control),
}

const NAMES: &[&str] = &[
    "accuracy",
    "allow",
    "auditlog",
    "block",
    "capture",
    "chain",
    "ctl",
    "deny",
    "deprecatevar",
    "drop",
    "expirevar",
    "id",
    "initcol",
    "log",
    "logdata",
    "maturity",
    "msg",
    "multiMatch",
    "noauditlog",
    "nolog",
    "pass",
    "phase",
    "redirect",
    "rev",
    "sanitiseArg",
    "sanitiseMatched",
    "sanitiseMatchedBytes",
    "sanitiseRequestHeader",
    "sanitiseResponseHeader",
    "setrsc",
    "setsid",
    "setuid",
    "setvar",
    "severity",
    "skip",
    "skipAfter",
    "status",
    "t",
    "tag",
    "ver",
];

/// Actions that are refused, and why.
const REFUSED: &[(&str, &str)] = &[
    ("append", "a rule does not change answers"),
    ("deprecatevar", "use `expirevar`"),
    ("exec", "no program is run"),
    ("pause", "a rule does not hold connections"),
    ("prepend", "a rule does not change answers"),
    ("proxy", "use a route"),
    ("setenv", "there is no environment to write to: use `setvar:tx.name`"),
];

impl Action {
    /// Parses one action with its value.
    pub(crate) fn parse(name: &str, value: Option<&str>) -> Result<Self, Fault> {
        let lower = name.to_ascii_lowercase();
        match value {
            None => Self::without_value(&lower),
            Some(value) => Self::with_value(&lower, value.trim()),
        }
        .unwrap_or_else(|| Err(unknown(name, value.is_some())))
    }

    fn without_value(name: &str) -> Option<Result<Self, Fault>> {
        Some(Ok(match name {
            "allow" => Self::Allow(AllowScope::Everything),
            "auditlog" => Self::AuditLog(true),
            "block" => Self::Block,
            "capture" => Self::Capture,
            "chain" => Self::Chain,
            "deny" => Self::Deny,
            "drop" => Self::Drop,
            "log" => Self::Log(true),
            "multimatch" => Self::MultiMatch,
            "noauditlog" => Self::AuditLog(false),
            "nolog" => Self::Log(false),
            "pass" => Self::Pass,
            "sanitisematched"
            | "sanitizematched"
            | "sanitisematchedbytes"
            | "sanitizematchedbytes" => Self::Sanitise(Sanitise::Matched),
            _ => return None,
        }))
    }

    fn with_value(name: &str, value: &str) -> Option<Result<Self, Fault>> {
        Some(match name {
            "id" => number(value).map(Self::Id),
            "phase" => phase(value).map(Self::Phase),
            "msg" => Template::parse(value).map(Self::Msg),
            "logdata" => Template::parse(value).map(Self::LogData),
            "severity" => severity::parse(value).map(Self::Severity),
            "tag" => Ok(Self::Tag(value.into())),
            "rev" => Ok(Self::Note(Note::Rev, value.into())),
            "ver" => Ok(Self::Note(Note::Ver, value.into())),
            "maturity" => Ok(Self::Note(Note::Maturity, value.into())),
            "accuracy" => Ok(Self::Note(Note::Accuracy, value.into())),
            "xmlns" => Ok(Self::Note(Note::Xmlns, value.into())),
            "sanitisearg" | "sanitizearg" => Ok(Self::Sanitise(Sanitise::Argument(value.into()))),
            "sanitiserequestheader" | "sanitizerequestheader" => {
                Ok(Self::Sanitise(Sanitise::RequestHeader(value.into())))
            }
            "sanitiseresponseheader" | "sanitizeresponseheader" => {
                Ok(Self::Sanitise(Sanitise::ResponseHeader(value.into())))
            }
            // How many bytes at its ends may be shown: none are.
            "sanitisematchedbytes" | "sanitizematchedbytes" => {
                Ok(Self::Sanitise(Sanitise::Matched))
            }
            "skip" => {
                number(value).map(|count| Self::Skip(u32::try_from(count).unwrap_or(u32::MAX)))
            }
            "skipafter" => Ok(Self::SkipAfter(value.into())),
            "allow" => allow(value).map(Self::Allow),
            "redirect" => Template::parse(value).map(Self::Redirect),
            "status" => status(value).map(Self::Status),
            "t" => Transformation::parse(value).map(Self::Transform),
            "setvar" => SetVar::parse(value).map(Self::SetVar),
            "expirevar" => SetVar::parse_expiry(value).map(Self::SetVar),
            "initcol" => init_col(value),
            "setuid" => key(Variable::User, value),
            "setsid" => key(Variable::Session, value),
            "setrsc" => key(Variable::Resource, value),
            "ctl" => Control::parse(value).map(Self::Control),
            _ => return None,
        })
    }

    /// Whether this action decides about the request.
    pub(crate) const fn is_disruptive(&self) -> bool {
        matches!(
            self,
            Self::Allow(_) | Self::Block | Self::Deny | Self::Drop | Self::Pass | Self::Redirect(_)
        )
    }
}

fn unknown(name: &str, has_value: bool) -> Fault {
    if let Some((_, reason)) =
        REFUSED.iter().find(|(refused, _)| refused.eq_ignore_ascii_case(name))
    {
        return Fault::new(format!("the action `{name}` is not supported")).hint(*reason);
    }
    if NAMES.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        let (what, hint) = if has_value {
            ("takes no value", "leave it out")
        } else {
            ("needs a value", "write `name:value`")
        };
        return Fault::new(format!("the action `{name}` {what}")).hint(hint);
    }
    Fault::unknown("action", name, NAMES.iter().copied())
}

fn number(text: &str) -> Result<u64, Fault> {
    text.parse().map_err(|_| Fault::new(format!("`{text}` is no whole number")))
}

fn phase(text: &str) -> Result<u8, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "1" => Ok(1),
        "2" | "request" => Ok(2),
        "3" => Ok(3),
        "4" | "response" => Ok(4),
        "5" | "logging" => Ok(5),
        _ => Err(Fault::new(format!("unknown phase `{text}`"))
            .hint("phases are 1 to 5, `request`, `response` and `logging`")),
    }
}

fn allow(text: &str) -> Result<AllowScope, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "phase" => Ok(AllowScope::Phase),
        "request" => Ok(AllowScope::Request),
        _ => Err(Fault::new(format!("unknown scope `allow:{text}`"))
            .hint("write `allow`, `allow:phase` or `allow:request`")),
    }
}

fn status(text: &str) -> Result<u16, Fault> {
    text.parse().ok().filter(|status| (100..600).contains(status)).ok_or_else(|| {
        Fault::new(format!("`{text}` is no HTTP status")).hint("write a number from 100 to 599")
    })
}

fn init_col(text: &str) -> Result<Action, Fault> {
    let usage = || {
        Fault::new(format!("`initcol:{text}` opens no collection"))
            .hint("write `initcol:ip=%{REMOTE_ADDR}`")
    };
    let (collection, key) = text.split_once('=').ok_or_else(usage)?;
    let collection = Variable::parse(collection)?;
    if !collection.is_persistent() {
        return Err(usage());
    }
    Ok(Action::InitCol(collection, Template::parse(key)?))
}

fn key(collection: Variable, text: &str) -> Result<Action, Fault> {
    Ok(Action::InitCol(collection, Template::parse(text)?))
}
