//! The head of a frame (RFC 6455 section 5.2), read strictly.

use super::Ending;

/// The longest head: two bytes, eight of length, four of mask.
pub(super) const MAX_HEAD: usize = 14;
/// The longest payload of a control frame.
pub(super) const MAX_CONTROL: u64 = 125;

/// Who has sent a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// Masks every frame.
    Client,
    /// Masks none.
    Server,
}

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

impl Opcode {
    const fn of(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    /// Close, ping and pong may stand between the frames of a message.
    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The head of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) opcode: Opcode,
    /// The last frame of its message.
    pub(super) is_final: bool,
    /// The first frame of a compressed message (RFC 7692 section 6).
    pub(super) is_compressed: bool,
    pub(super) mask: Option<[u8; 4]>,
    /// Bytes of payload.
    pub(super) length: u64,
    /// Bytes of this head.
    pub(super) size: usize,
}

impl Head {
    /// The head at the beginning of `bytes`; `None` while it is not whole.
    ///
    /// # Errors
    /// [`Ending::Protocol`] as soon as it cannot be one that `sender` may send.
    pub(super) fn parse(
        bytes: &[u8],
        sender: Sender,
        has_deflate: bool,
    ) -> Result<Option<Self>, Ending> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let opcode = Opcode::of(first & 0x0f).ok_or(Ending::Protocol("reserved opcode"))?;
        let (is_final, is_compressed) = (first & 0x80 != 0, first & 0x40 != 0);
        if first & 0x30 != 0 {
            return Err(Ending::Protocol("reserved bits"));
        }
        if is_compressed && !(has_deflate && matches!(opcode, Opcode::Text | Opcode::Binary)) {
            return Err(Ending::Protocol("compression bit"));
        }
        if opcode.is_control() && !is_final {
            return Err(Ending::Protocol("fragmented control frame"));
        }
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        let is_masked = second & 0x80 != 0;
        match sender {
            Sender::Client if !is_masked => return Err(Ending::Protocol("unmasked frame")),
            Sender::Server if is_masked => return Err(Ending::Protocol("masked frame")),
            _ => {}
        }
        if opcode.is_control() && u64::from(second & 0x7f) > MAX_CONTROL {
            return Err(Ending::Protocol("long control frame"));
        }
        let Some((length, used)) = length(second & 0x7f, bytes)? else { return Ok(None) };
        let size = used.saturating_add(if is_masked { 4 } else { 0 });
        let Some(head) = bytes.get(..size) else { return Ok(None) };
        let mask = head.last_chunk::<4>().copied().filter(|_| is_masked);
        Ok(Some(Self { opcode, is_final, is_compressed, mask, length, size }))
    }
}

/// The length of the payload and the bytes of the head up to here.
fn length(short: u8, bytes: &[u8]) -> Result<Option<(u64, usize)>, Ending> {
    let rest = bytes.get(2..).unwrap_or_default();
    let (length, size, least) = match short {
        126 => match rest.first_chunk::<2>() {
            Some(long) => (u64::from(u16::from_be_bytes(*long)), 4, 126),
            None => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(long) => (u64::from_be_bytes(*long), 10, 65_536),
            None => return Ok(None),
        },
        short => (u64::from(short), 2, 0),
    };
    if length < least {
        return Err(Ending::Protocol("length in too many bytes"));
    }
    if length > i64::MAX.unsigned_abs() {
        return Err(Ending::Protocol("length above 63 bits"));
    }
    Ok(Some((length, size)))
}

/// A whole frame of ours, masked where `mask` is given. `payload` has at most 65,535 bytes.
pub(super) fn write(opcode: Opcode, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    let mut frame = vec![0x80 | opcode as u8];
    match u8::try_from(payload.len()) {
        Ok(short @ ..=125) => frame.push(masked | short),
        _ => {
            frame.push(masked | 126);
            frame.extend(u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    frame.extend(mask.iter().flatten());
    let start = frame.len();
    frame.extend(payload.iter().take(usize::from(u16::MAX)));
    if let Some((mask, payload)) = mask.zip(frame.get_mut(start..)) {
        super::mask::apply(payload, mask, 0);
    }
    frame
}
