//! Guards that are enforced unless a key says `dangerous`.

use mantlet_config::{Complaint, Reader, Scalar, Value};

use crate::pipeline::Mode;

/// The one mode that needs no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enforced;

impl Scalar for Enforced {
    const KIND: &'static str = "`enforce`";
    const EXAMPLE: &'static str = "enforce";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?;
        if text == Self::EXAMPLE {
            return Ok(Self);
        }
        let shown: String = text.chars().take(40).collect();
        let message = format!("`{}` is not `enforce`", shown.escape_debug());
        Err(Complaint::new(message, "other modes are `dangerous_mode`, with `why`"))
    }

    fn show(&self) -> Value {
        Value::String(Self::EXAMPLE.to_owned())
    }
}

/// Finds a mode without a reason, and one that switches a guard off for everything. `guards` is the
/// key of the table around the guard's, `name` its own.
pub(super) fn check((guards, name): (&str, &str), mode: Mode, why: &str, reader: &mut Reader<'_>) {
    if mode == Mode::Enforce {
        return;
    }
    let key = format!("{guards}.{name}");
    check_contradiction(&format!("{key}.mode"), mode, reader);
    let dangerous = format!("{key}.dangerous_mode");
    if mode == Mode::Off && guards == "guards" {
        let hint = format!(
            "switch it off for the routes that need it: [[routes]] with [routes.guards.{name}]"
        );
        reader.error(&dangerous, "the guard cannot be off for everything", hint);
    }
    if why.trim().is_empty() {
        let message = format!("`{}` needs a reason", mode.as_str());
        reader.error(&dangerous, message, "say why, for whoever reads this next: why = \"…\"");
    }
}

/// Who writes `mode` counts on the guard, whatever a place further out says.
fn check_contradiction(key: &str, mode: Mode, reader: &mut Reader<'_>) {
    if reader.is_set(key) {
        let message = format!("`enforce`, and yet `dangerous_mode` is `{}`", mode.as_str());
        let hint = "leave one of them out; to enforce where a route inherits another mode, write dangerous_mode = \"enforce\"";
        reader.error(key, message, hint);
    }
}
