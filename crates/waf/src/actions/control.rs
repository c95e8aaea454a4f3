//! `ctl`: what a rule changes for the transaction it runs in.

use crate::body::Processor;
use crate::seclang::audit::{AuditMode, PartsChange};
use crate::seclang::problem::Fault;
use crate::seclang::selection::RuleSelection;
use crate::seclang::settings::{EngineMode, switch};
use crate::variables::{Target, Targets};

/// One `ctl` action.
#[derive(Debug, Clone)]
pub(crate) enum Control {
    /// The engine is switched on, off, or only watches.
    Engine(EngineMode),
    /// Whether request bodies are read.
    RequestBodyAccess(bool),
    /// How large a request body may be, bytes.
    RequestBodyLimit(usize),
    /// What reads the request body.
    BodyProcessor(Processor),
    /// `REQUEST_BODY` is filled whatever reads the body.
    ForceRequestBody(bool),
    /// Whether response bodies are read.
    ResponseBodyAccess(bool),
    /// How large a response body may be, bytes.
    ResponseBodyLimit(usize),
    /// When an audit record is written.
    Audit(AuditMode),
    /// What it holds.
    AuditParts(PartsChange),
    /// These rules do not run.
    RemoveRules(RuleSelection),
    /// These rules do not look at this target.
    RemoveTargets(RuleSelection, Vec<Target>),
    /// Accepted, without effect here.
    Nothing,
}

const NAMES: &[&str] = &[
    "auditEngine",
    "auditLogParts",
    "debugLogLevel",
    "forceRequestBodyVariable",
    "requestBodyAccess",
    "requestBodyLimit",
    "requestBodyProcessor",
    "responseBodyAccess",
    "responseBodyLimit",
    "ruleEngine",
    "ruleRemoveById",
    "ruleRemoveByMsg",
    "ruleRemoveByTag",
    "ruleRemoveTargetById",
    "ruleRemoveTargetByMsg",
    "ruleRemoveTargetByTag",
];

impl Control {
    /// Parses `name=value`.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Fault::new(format!("`ctl:{text}` needs a value")).hint("write `ctl:name=value`")
        })?;
        let value = value.trim();
        Ok(match name.trim().to_ascii_lowercase().as_str() {
            "auditengine" => Self::Audit(AuditMode::parse(value)?),
            "auditlogparts" => Self::AuditParts(PartsChange::parse(value)?),
            "debugloglevel" => Self::Nothing,
            "forcerequestbodyvariable" => Self::ForceRequestBody(switch(value)?),
            "requestbodyaccess" => Self::RequestBodyAccess(switch(value)?),
            "requestbodylimit" => Self::RequestBodyLimit(size(value)?),
            "requestbodyprocessor" => Self::BodyProcessor(Processor::parse(value)?),
            "responsebodyaccess" => Self::ResponseBodyAccess(switch(value)?),
            "responsebodylimit" => Self::ResponseBodyLimit(size(value)?),
            "ruleengine" => Self::Engine(EngineMode::parse(value)?),
            "ruleremovebyid" => Self::RemoveRules(RuleSelection::ids(value)?),
            "ruleremovebymsg" => Self::RemoveRules(RuleSelection::messages(value)?),
            "ruleremovebytag" => Self::RemoveRules(RuleSelection::tags(value)?),
            "ruleremovetargetbyid" => with_targets(value, RuleSelection::ids)?,
            "ruleremovetargetbymsg" => with_targets(value, RuleSelection::messages)?,
            "ruleremovetargetbytag" => with_targets(value, RuleSelection::tags)?,
            other => {
                let name = format!("ctl:{other}");
                return Err(Fault::unknown("control", &name, NAMES.iter().copied()));
            }
        })
    }
}

fn size(text: &str) -> Result<usize, Fault> {
    text.parse().map_err(|_| Fault::new(format!("`{text}` is no number of bytes")))
}

fn with_targets(
    text: &str,
    select: impl Fn(&str) -> Result<RuleSelection, Fault>,
) -> Result<Control, Fault> {
    let (rules, targets) = text.split_once(';').ok_or_else(|| {
        Fault::new(format!("`{text}` names no target")).hint("write the rules, `;` and the target")
    })?;
    let parsed = Targets::parse(targets.trim()).map_err(|faults| {
        faults.into_iter().next().map_or_else(|| Fault::new("no target"), |(_, fault)| fault)
    })?;
    let all = parsed.included.into_iter().chain(parsed.excluded).collect();
    Ok(Control::RemoveTargets(select(rules.trim())?, all))
}
