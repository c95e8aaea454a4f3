//! `md5` and `sha1`: the raw digest. For lookups in rules, not for secrets.

use md5::{Digest as _, Md5};
use sha1::Sha1;

/// The MD5 digest, 16 bytes.
pub(super) fn md5(input: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&Md5::digest(input));
}

/// The SHA-1 digest, 20 bytes.
pub(super) fn sha1(input: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&Sha1::digest(input));
}
