//! Whole bodies that come compressed.

use std::borrow::Cow;

use http::HeaderMap;

use super::{Coding, Decoder};

/// A body may unpack to this without a question about its ratio.
const FREE: usize = 1024 * 1024;
/// Beyond that, how many times its size it may unpack to.
const RATIO: usize = 100;

/// Why a body could not be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Its coding is unknown here, or there are several.
    Unknown,
    /// It is not in the coding that it declares.
    Broken,
    /// It is larger than a body may be.
    TooLarge,
}

/// The body as the application would read it.
pub(crate) fn unpacked<'a>(
    headers: &HeaderMap,
    body: &'a [u8],
    limit: usize,
) -> Result<Cow<'a, [u8]>, Fault> {
    match Coding::of(headers) {
        None => Err(Fault::Unknown),
        Some(Coding::Identity) => Ok(Cow::Borrowed(body)),
        Some(coding) => decode(coding, body, limit).map(Cow::Owned),
    }
}

fn decode(coding: Coding, body: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let mut decoder = Decoder::new(coding);
    let (mut out, mut rest) = (Vec::new(), body);
    let most = limit.min(body.len().saturating_mul(RATIO).max(FREE));
    loop {
        let before = out.len();
        let taken = decoder.step(rest, &mut out).map_err(|_| Fault::Broken)?;
        rest = rest.get(taken..).unwrap_or_default();
        if out.len() > most {
            return Err(Fault::TooLarge);
        }
        if taken == 0 && out.len() == before {
            break;
        }
    }
    decoder.finish().map_err(|_| Fault::Broken)?;
    Ok(out)
}

/// The beginning of a body, at most `limit` bytes of it, as far as it can be read: what was held may
/// end in the middle.
pub(crate) fn beginning<'a>(headers: &HeaderMap, body: &'a [u8], limit: usize) -> Cow<'a, [u8]> {
    let cut = Cow::Borrowed(body.get(..limit).unwrap_or(body));
    let coding = match Coding::of(headers) {
        None | Some(Coding::Identity) => return cut,
        Some(coding) => coding,
    };
    let mut decoder = Decoder::new(coding);
    let (mut out, mut rest) = (Vec::new(), body);
    while out.len() < limit {
        let before = out.len();
        let Ok(taken) = decoder.step(rest, &mut out) else { break };
        rest = rest.get(taken..).unwrap_or_default();
        if taken == 0 && out.len() == before {
            break;
        }
    }
    out.truncate(limit);
    Cow::Owned(out)
}
