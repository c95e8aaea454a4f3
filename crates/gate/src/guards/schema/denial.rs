//! What a refusal of the schema guard looks like.

use http::HeaderValue;
use http::header::ALLOW;
use mantlet_event::reasons;
use mantlet_schema::{Fault, Place, Refusal, RefusalKind};

use crate::pipeline::{self, Denial, Verdict};

/// The refusal of a request that is not as the document says.
pub(super) fn of(refusal: &Refusal) -> Verdict {
    let reason = match refusal.kind {
        RefusalKind::Invalid => &reasons::SCHEMA_VIOLATION,
        RefusalKind::Malformed => &reasons::MALFORMED_INPUT,
        RefusalKind::TooComplex => &reasons::INPUT_TOO_COMPLEX,
        RefusalKind::MediaType => &reasons::UNLISTED_MEDIA_TYPE,
    };
    let evidence: Vec<String> = refusal.faults.iter().map(ToString::to_string).collect();
    let faults = refusal.faults.iter().map(fault).collect();
    Denial::new(reason).evidence(evidence.join(", ")).with_faults(faults).into()
}

pub(super) fn unlisted_path() -> Verdict {
    Denial::new(&reasons::UNLISTED_PATH).into()
}

pub(super) fn unlisted_method(allow: &str) -> Verdict {
    let denial = Denial::new(&reasons::UNLISTED_METHOD);
    match HeaderValue::from_str(allow) {
        Ok(allow) => denial.header(ALLOW, allow).into(),
        Err(_) => denial.into(),
    }
}

fn fault(fault: &Fault) -> pipeline::Fault {
    let (parameter, pointer) = match fault.place {
        Place::Body => (None, fault.pointer.clone()),
        _ => split(&fault.pointer),
    };
    pipeline::Fault {
        place: fault.place.as_str(),
        parameter,
        pointer,
        keyword: fault.keyword,
        detail: fault.message.clone(),
    }
}

/// The name of a parameter, and where in it.
fn split(pointer: &str) -> (Option<String>, String) {
    let Some(steps) = pointer.strip_prefix('/') else { return (None, pointer.to_owned()) };
    let (name, rest) = match steps.find('/') {
        Some(end) => steps.split_at(end),
        None => (steps, ""),
    };
    (Some(name.replace("~1", "/").replace("~0", "~")), rest.to_owned())
}
