//! What counts how much.

use std::collections::HashMap;

use mantlet_config::{Complaint, Reader, Scalar, Value, section};
use mantlet_event::reasons;
use mantlet_types::Reason;

section! {
    /// One kind of refusal, and how many strikes it is.
    pub struct OffenceSection {
        /// The reason of the refusal, as the event log names it.
        pub reason: ReasonCode = ReasonCode(&reasons::MALFORMED_REQUEST),
        /// How many strikes it is; 0 for none.
        pub weight: u32 = 1,
    }
}

impl OffenceSection {
    const fn new(reason: &'static Reason, weight: u32) -> Self {
        Self { reason: ReasonCode(reason), weight }
    }

    /// What no client does by accident weighs more. What is refused because the page of another
    /// made a browser ask for it says nothing of its user, and is none.
    pub(super) fn usual() -> Vec<Self> {
        [
            (&reasons::AMBIGUOUS_FRAMING, 5),
            (&reasons::MALFORMED_REQUEST, 2),
            (&reasons::INVALID_PATH, 2),
            (&reasons::INVALID_HOST, 1),
            (&reasons::RESERVED_PATH, 1),
            (&reasons::ROUTE_DENIED, 1),
            (&reasons::JSON_TOO_DEEP, 2),
            (&reasons::WAF_ATTACK, 3),
            (&reasons::WAF_RULE, 3),
            (&reasons::WAF_BODY, 2),
            (&reasons::RATE_LIMITED, 1),
        ]
        .map(|(reason, weight)| Self::new(reason, weight))
        .into()
    }

    /// Finds what the types cannot say; the list is at `key`.
    pub(super) fn check(list: &[Self], key: &str, reader: &mut Reader<'_>) {
        for (index, offence) in list.iter().enumerate() {
            let place = format!("{key}[{index}]");
            reader.expect_range(&format!("{place}.weight"), &offence.weight, &(0..=1000));
            let before = list.iter().take(index);
            if before.map(|other| other.reason).any(|reason| reason == offence.reason) {
                let message = format!("`{}` is there already", offence.reason.0.code);
                reader.error(&format!("{place}.reason"), message, "keep one of them");
            }
            if *offence.reason.0 == reasons::ADDRESS_BLOCKED {
                let hint = "leave it out: what a blocked client tries lengthens no block";
                reader.error(&format!("{place}.reason"), "a block cannot feed itself", hint);
            }
        }
    }

    pub(super) fn weights(list: &[Self]) -> HashMap<&'static str, u32> {
        list.iter().map(|offence| (offence.reason.0.code, offence.weight)).collect()
    }
}

/// The code of a reason of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReasonCode(pub &'static Reason);

impl Scalar for ReasonCode {
    const KIND: &'static str = "reason of a refusal";
    const EXAMPLE: &'static str = "invalid-path";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?;
        let known = reasons::ALL.iter().find(|reason| reason.code == text);
        known.map(|reason| Self(reason)).ok_or_else(|| {
            let shown: String = text.chars().take(60).collect();
            let hint = "docs/reference/events.md lists them; the event log shows those that occur";
            Complaint::new(format!("`{shown}` is not a reason"), hint)
        })
    }

    fn show(&self) -> Value {
        Value::String(self.0.code.to_owned())
    }
}
