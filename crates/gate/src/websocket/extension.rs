//! The one extension that is negotiated, permessage-deflate (RFC 7692 section 7.1).

/// Its name.
const NAME: &str = "permessage-deflate";
/// More offers than this are not looked at.
const MAX_OFFERS: usize = 8;

/// What both sides agreed on, or one of them offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Deflate {
    server_no_takeover: bool,
    client_no_takeover: bool,
    /// `Some(None)`: named without a value, which only an offer may do.
    server_bits: Option<u8>,
    client_bits: Option<Option<u8>>,
}

/// The valid offers among what a client's field lists; others are declined, as the RFC says.
pub(super) fn offers(field: &str) -> Vec<Deflate> {
    field.split(',').take(MAX_OFFERS).filter_map(parse).collect()
}

/// What the application agreed to; `None` when it is not an answer to one of `offers`.
pub(super) fn agreed(field: &str, offers: &[Deflate]) -> Option<Deflate> {
    let answer = parse(field)?;
    // A value is needed where the window is named.
    let has_values = answer.client_bits != Some(None);
    (has_values && offers.iter().any(|offer| answer.answers(*offer))).then_some(answer)
}

impl Deflate {
    fn answers(self, offer: Self) -> bool {
        let keeps_server = !offer.server_no_takeover || self.server_no_takeover;
        let keeps_bits = match (offer.server_bits, self.server_bits) {
            (Some(most), Some(bits)) => bits <= most,
            (Some(most), None) => most == 15,
            (None, bits) => bits.is_none_or(|bits| bits <= 15),
        };
        let may_name_client = self.client_bits.is_none() || offer.client_bits.is_some();
        let within_client = match (offer.client_bits.flatten(), self.client_bits.flatten()) {
            (Some(most), Some(bits)) => bits <= most,
            _ => true,
        };
        keeps_server && keeps_bits && may_name_client && within_client
    }

    /// The same, and the client compresses each message by itself: a server may ask for that
    /// unasked (section 7.1.1.2), and nothing needs to be remembered between messages.
    pub(super) const fn without_client_takeover(self) -> Self {
        Self { client_no_takeover: true, ..self }
    }
}

impl std::fmt::Display for Deflate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(NAME)?;
        if self.server_no_takeover {
            f.write_str("; server_no_context_takeover")?;
        }
        if self.client_no_takeover {
            f.write_str("; client_no_context_takeover")?;
        }
        if let Some(bits) = self.server_bits {
            write!(f, "; server_max_window_bits={bits}")?;
        }
        match self.client_bits {
            Some(Some(bits)) => write!(f, "; client_max_window_bits={bits}"),
            Some(None) => f.write_str("; client_max_window_bits"),
            None => Ok(()),
        }
    }
}

/// One offer or answer; `None` when it is another extension, or one that is not well formed.
fn parse(text: &str) -> Option<Deflate> {
    let mut parts = text.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(NAME) {
        return None;
    }
    let mut deflate = Deflate::default();
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(bits(value.trim_start())?)),
            None => (part, None),
        };
        let is_new = match (name, value) {
            ("server_no_context_takeover", None) => !replace(&mut deflate.server_no_takeover),
            ("client_no_context_takeover", None) => !replace(&mut deflate.client_no_takeover),
            ("server_max_window_bits", Some(_)) => {
                std::mem::replace(&mut deflate.server_bits, value).is_none()
            }
            ("client_max_window_bits", value) => deflate.client_bits.replace(value).is_none(),
            _ => false,
        };
        if !is_new {
            return None;
        }
    }
    Some(deflate)
}

fn replace(flag: &mut bool) -> bool {
    std::mem::replace(flag, true)
}

/// A window size, 8 to 15, quoted or not, without leading zeros.
fn bits(text: &str) -> Option<u8> {
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let text = quoted.unwrap_or(text);
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|bits| is_number && (8..=15).contains(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_are_read_strictly_and_others_declined() {
        for (field, expected) in [
            ("permessage-deflate", vec!["permessage-deflate"]),
            (
                "permessage-deflate; client_max_window_bits",
                vec!["permessage-deflate; client_max_window_bits"],
            ),
            (
                "x-webkit-deflate-frame, permessage-deflate;server_max_window_bits=\"10\"",
                vec!["permessage-deflate; server_max_window_bits=10"],
            ),
            ("permessage-deflate; server_max_window_bits", vec![]),
            ("permessage-deflate; server_max_window_bits=7", vec![]),
            ("permessage-deflate; server_max_window_bits=16", vec![]),
            ("permessage-deflate; server_max_window_bits=010", vec![]),
            ("permessage-deflate; server_no_context_takeover=1", vec![]),
            ("permessage-deflate; unknown", vec![]),
            ("permessage-deflate; client_no_context_takeover; client_no_context_takeover", vec![]),
            ("permessage-bzip2", vec![]),
            ("", vec![]),
        ] {
            let read: Vec<String> = offers(field).iter().map(ToString::to_string).collect();
            assert_eq!(read, expected, "{field}");
        }
    }

    #[test]
    fn an_answer_must_answer_an_offer() {
        for (offer, answer, is_fine) in [
            ("", "", true),
            ("", "; server_no_context_takeover; client_no_context_takeover", true),
            ("; server_no_context_takeover", "", false),
            ("", "; client_max_window_bits=10", false),
            ("; client_max_window_bits", "; client_max_window_bits=10", true),
            ("; client_max_window_bits", "; client_max_window_bits", false),
            ("; client_max_window_bits=9", "; client_max_window_bits=10", false),
            ("; server_max_window_bits=10", "; server_max_window_bits=10", true),
            ("; server_max_window_bits=10", "; server_max_window_bits=11", false),
            ("; server_max_window_bits=10", "", false),
        ] {
            let offers = offers(&format!("{NAME}{offer}"));
            let agreed = agreed(&format!("{NAME}{answer}"), &offers);
            assert_eq!(agreed.is_some(), is_fine, "`{offer}` answered by `{answer}`");
        }
        assert!(agreed("permessage-deflate, permessage-deflate", &offers(NAME)).is_none());
        assert!(agreed("permessage-deflate", &[]).is_none());
    }
}
