//! What the directives that are no rules set.

use super::audit::AuditSettings;
use super::problem::{Fault, Place, Problem};

/// Whether rules run and act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineMode {
    /// Rules run and act.
    On,
    /// Rules run and only report.
    DetectionOnly,
    /// No rule runs.
    Off,
}

impl EngineMode {
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        match text.to_ascii_lowercase().as_str() {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            "detectiononly" => Ok(Self::DetectionOnly),
            _ => Err(Fault::new(format!("unknown mode `{text}`"))
                .hint("write `On`, `Off` or `DetectionOnly`")),
        }
    }
}

/// What happens to a body beyond its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverLimit {
    /// The transaction is refused.
    Reject,
    /// What fits is looked at.
    ProcessPartial,
}

/// Everything a rule set says beside its rules.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether rules run and act. Off until a directive says otherwise, as in the reference.
    pub engine: EngineMode,
    /// Whether request bodies are looked at.
    pub request_body_access: bool,
    /// Largest request body, bytes.
    pub request_body_limit: usize,
    /// Largest request body without the content of files, bytes. No limit of its own until a
    /// directive sets one.
    pub request_body_no_files_limit: usize,
    /// What happens to a larger one.
    pub request_body_over_limit: OverLimit,
    /// Deepest nesting of a JSON or XML body.
    pub body_depth_limit: usize,
    /// Most arguments of a request; further ones are not read.
    pub arguments_limit: usize,
    /// Most files of one multipart body.
    pub upload_file_limit: usize,
    /// What stands between arguments, `&` usually.
    pub argument_separator: u8,
    /// Whether response bodies are looked at.
    pub response_body_access: bool,
    /// Response types whose bodies are looked at, small letters.
    pub response_mime_types: Vec<String>,
    /// Largest response body that is looked at, bytes.
    pub response_body_limit: usize,
    /// What happens to a larger one.
    pub response_body_over_limit: OverLimit,
    /// How long a persistent collection lives without being written, seconds.
    pub collection_timeout_secs: u64,
    /// The audit log.
    pub audit: AuditSettings,
    /// Name of the application, for collections.
    pub web_app_id: String,
    /// Signatures of the rule sets in use.
    pub components: Vec<String>,
    /// What directives about logs do not do here, and what they do in another way. Each once.
    pub logs: Vec<Problem>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            engine: EngineMode::Off,
            request_body_access: false,
            request_body_limit: 13_107_200,
            request_body_no_files_limit: usize::MAX,
            request_body_over_limit: OverLimit::Reject,
            body_depth_limit: 128,
            arguments_limit: 1_000,
            upload_file_limit: 100,
            argument_separator: b'&',
            response_body_access: false,
            response_mime_types: ["text/plain", "text/html", "text/xml"]
                .map(str::to_owned)
                .to_vec(),
            response_body_limit: 524_288,
            response_body_over_limit: OverLimit::ProcessPartial,
            collection_timeout_secs: 3_600,
            audit: AuditSettings::default(),
            web_app_id: "default".to_owned(),
            components: Vec::new(),
            logs: Vec::new(),
        }
    }
}

/// Directives that are accepted because rule files for other servers have them, and do nothing here.
pub(super) const WITHOUT_EFFECT: &[&str] = &[
    "SecArgumentsLimitAction",
    "SecCacheTransformations",
    "SecConnEngine",
    "SecConnReadStateLimit",
    "SecConnWriteStateLimit",
    "SecCookieFormat",
    "SecCookieV0Separator",
    "SecDataDir",
    "SecDisableBackendCompression",
    "SecInterceptOnError",
    "SecPcreMatchLimit",
    "SecPcreMatchLimitRecursion",
    "SecReadStateLimit",
    "SecRequestBodyInMemoryLimit",
    "SecRequestEncoding",
    "SecRulePerfTime",
    "SecSensorId",
    "SecServerSignature",
    "SecStatusEngine",
    "SecStreamInBodyInspection",
    "SecStreamOutBodyInspection",
    "SecTmpDir",
    "SecTmpSaveUploadedFiles",
    "SecUnicodeMapFile",
    "SecUploadDir",
    "SecUploadFileMode",
    "SecUploadKeepFiles",
    "SecWriteStateLimit",
    "SecXmlExternalEntity",
    "SecCollectionsEngine",
    "SecParseXmlIntoArgs",
    "SecUseErrorMap",
];

/// Directives that set one value.
pub(super) const NAMES: &[&str] = &[
    "SecArgumentSeparator",
    "SecArgumentsLimit",
    "SecCollectionTimeout",
    "SecComponentSignature",
    "SecRequestBodyAccess",
    "SecRequestBodyJsonDepthLimit",
    "SecRequestBodyLimit",
    "SecRequestBodyLimitAction",
    "SecRequestBodyNoFilesLimit",
    "SecResponseBodyAccess",
    "SecResponseBodyLimit",
    "SecResponseBodyLimitAction",
    "SecResponseBodyMimeType",
    "SecResponseBodyMimeTypesClear",
    "SecRuleEngine",
    "SecUploadFileLimit",
    "SecWebAppId",
];

impl Settings {
    /// Carries out a directive about a log. `false`: it is none.
    pub(super) fn apply_log(
        &mut self,
        name: &str,
        value: Option<&str>,
        place: &Place,
    ) -> Result<bool, Fault> {
        if let Some(problems) = self.audit.apply(&name.to_ascii_lowercase(), value, place)? {
            problems.into_iter().for_each(|problem| self.tell(problem));
            return Ok(true);
        }
        let is_debug = name.to_ascii_lowercase().starts_with("secdebuglog");
        if is_debug && value != Some("0") {
            let hint = "every match is an event with its rules, place and bytes: see `[log]` and \
                        `mantlet explain`; leave the directive out";
            let message = format!("`{name}` writes nothing here");
            self.tell(Problem::new(place, message).hint(hint));
        }
        Ok(is_debug)
    }

    /// Whoever relies on a log has to be told what is not as they know it.
    fn tell(&mut self, problem: Problem) {
        if self.logs.iter().all(|known| known.message != problem.message) {
            self.logs.push(problem);
        }
    }

    /// Tells what can be told once everything is read.
    pub(crate) fn finish(&mut self) {
        self.audit.findings().into_iter().for_each(|problem| self.tell(problem));
    }

    /// Carries out a directive of [`NAMES`], its name in small letters. `false`: it is none of them.
    pub(super) fn apply(&mut self, name: &str, values: &[&str]) -> Result<bool, Fault> {
        if name == "secresponsebodymimetypesclear" {
            self.response_mime_types.clear();
            return Ok(true);
        }
        let known = NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
        let Some(value) = values.first().filter(|_| known) else {
            return if known { Err(Fault::new("a value is missing")) } else { Ok(false) };
        };
        self.set(name, value, values)?;
        Ok(true)
    }

    fn set(&mut self, name: &str, value: &str, values: &[&str]) -> Result<(), Fault> {
        match name {
            "secruleengine" => self.engine = EngineMode::parse(value)?,
            "secrequestbodyaccess" => self.request_body_access = switch(value)?,
            "secrequestbodylimit" => self.request_body_limit = size(value)?,
            "secrequestbodynofileslimit" => self.request_body_no_files_limit = size(value)?,
            "secrequestbodylimitaction" => self.request_body_over_limit = over_limit(value)?,
            "secrequestbodyjsondepthlimit" => self.body_depth_limit = size(value)?,
            "secargumentslimit" => self.arguments_limit = size(value)?,
            "secuploadfilelimit" => self.upload_file_limit = size(value)?,
            "secargumentseparator" => self.argument_separator = separator(value)?,
            "secresponsebodyaccess" => self.response_body_access = switch(value)?,
            "secresponsebodymimetype" => {
                let types = values.iter().flat_map(|value| value.split_ascii_whitespace());
                self.response_mime_types = types.map(str::to_ascii_lowercase).collect();
            }
            "secresponsebodylimit" => self.response_body_limit = size(value)?,
            "secresponsebodylimitaction" => self.response_body_over_limit = over_limit(value)?,
            "seccollectiontimeout" => self.collection_timeout_secs = size(value)? as u64,
            "secwebappid" => value.clone_into(&mut self.web_app_id),
            _ => self.components.push((*value).to_owned()),
        }
        Ok(())
    }
}

/// Reads `On` or `Off`.
pub(crate) fn switch(text: &str) -> Result<bool, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err(Fault::new(format!("`{text}` is neither `On` nor `Off`"))),
    }
}

fn size(text: &str) -> Result<usize, Fault> {
    text.parse().map_err(|_| Fault::new(format!("`{text}` is no whole number")))
}

fn over_limit(text: &str) -> Result<OverLimit, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "reject" => Ok(OverLimit::Reject),
        "processpartial" => Ok(OverLimit::ProcessPartial),
        _ => Err(Fault::new(format!("unknown action `{text}`"))
            .hint("write `Reject` or `ProcessPartial`")),
    }
}

fn separator(text: &str) -> Result<u8, Fault> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        _ => Err(Fault::new(format!("`{text}` is not one character"))),
    }
}
