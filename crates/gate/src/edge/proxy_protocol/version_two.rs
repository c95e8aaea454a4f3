//! Version 2: binary, with room for more than addresses behind them, which is skipped.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::header::{Header, Invalid, Parsed};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family, length.
const FIXED: usize = 16;
/// Longest header that is read, in bytes. The protocol allows 64 KiB; addresses and what
/// balancers add to them take some hundred.
const LONGEST: usize = 4096;
/// The additional part that holds a checksum over the whole header.
const CHECKSUM: u8 = 3;

/// Whether `bytes` may be the beginning of such a header.
pub(super) fn may_begin(bytes: &[u8]) -> bool {
    let length = bytes.len().min(SIGNATURE.len());
    bytes.get(..length) == SIGNATURE.get(..length)
}

/// Reads a header.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, Invalid> {
    let Some(&[version, family, high, low]) = bytes.get(SIGNATURE.len()..FIXED) else {
        return Ok(Parsed::Open(FIXED));
    };
    let whole = FIXED.saturating_add(usize::from(u16::from_be_bytes([high, low])));
    if whole > LONGEST {
        return Err(Invalid("the header is too long"));
    }
    let is_local = match version {
        0x20 => true,
        0x21 => false,
        _ => return Err(Invalid("the version or command is unknown")),
    };
    let Some(header) = bytes.get(..whole) else { return Ok(Parsed::Open(whole)) };
    if is_local {
        // Whatever family and addresses say then is to be ignored (section 2.2).
        return Ok(Parsed::Whole(Header::Own, whole));
    }
    let rest = header.get(FIXED..).unwrap_or_default();
    let (source, used) = addresses(family, rest)?;
    check_parts(header, FIXED.saturating_add(used))?;
    Ok(Parsed::Whole(source.map_or(Header::Own, Header::Proxied), whole))
}

/// The source, where the family has addresses we know, and how many bytes the addresses take.
fn addresses(family: u8, rest: &[u8]) -> Result<(Option<SocketAddr>, usize), Invalid> {
    let short = Invalid("the addresses are cut short");
    match family {
        // TCP and UDP over IPv4: two addresses, two ports.
        0x11 | 0x12 => {
            let source = rest.first_chunk::<4>().ok_or(short)?;
            Ok((Some(source_of(Ipv4Addr::from(*source).into(), rest, 8, short)?), 12))
        }
        0x21 | 0x22 => {
            let source = rest.first_chunk::<16>().ok_or(short)?;
            Ok((Some(source_of(Ipv6Addr::from(*source).into(), rest, 32, short)?), 36))
        }
        // Unix sockets: two paths, which name nobody.
        0x31 | 0x32 => rest.get(..216).map(|_| (None, 216)).ok_or(short),
        // Without addresses; whatever follows is not to be looked at.
        0x00 => Ok((None, rest.len())),
        _ => Err(Invalid("the address family is unknown")),
    }
}

fn source_of(
    address: IpAddr,
    rest: &[u8],
    ports_at: usize,
    short: Invalid,
) -> Result<SocketAddr, Invalid> {
    let ports = rest.get(ports_at..).and_then(|rest| rest.first_chunk::<4>()).ok_or(short)?;
    let [high, low, ..] = *ports;
    Ok(SocketAddr::new(address, u16::from_be_bytes([high, low])))
}

/// Walks over the additional parts, none of which is of use to us but the checksum.
fn check_parts(header: &[u8], start: usize) -> Result<(), Invalid> {
    let mut at = start;
    while let Some(rest) = header.get(at..).filter(|rest| !rest.is_empty()) {
        let cut = Invalid("an additional part is cut short");
        let &[kind, high, low] = rest.first_chunk::<3>().ok_or(cut)?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let value_at = at.saturating_add(3);
        let end = value_at.saturating_add(length);
        let value = header.get(value_at..end).ok_or(cut)?;
        if kind == CHECKSUM {
            let stated = value.try_into().map(u32::from_be_bytes);
            let stated = stated.map_err(|_| Invalid("the checksum has a wrong length"))?;
            if crc32c(header, value_at..end) != stated {
                return Err(Invalid("the checksum is wrong"));
            }
        }
        at = end;
    }
    Ok(())
}

/// CRC-32C (RFC 3720 appendix B.4) of `bytes`, with those in `blank` taken as zero.
fn crc32c(bytes: &[u8], blank: std::ops::Range<usize>) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let mut crc = u32::MAX;
    for (at, &byte) in bytes.iter().enumerate() {
        crc ^= if blank.contains(&at) { 0 } else { u32::from(byte) };
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        assert_eq!(crc32c(b"123456789", 0..0), 0xe306_9283);
        assert_eq!(crc32c(&[0xff, 0, 0, 0], 0..1), crc32c(&[0; 4], 0..0));
    }
}
