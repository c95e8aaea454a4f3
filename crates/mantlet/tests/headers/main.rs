//! What browsers are told: security headers, policies, nonces, reports and cookies, through the real
//! binary.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests may fail loudly"
)]

mod browser;
#[path = "../common/mod.rs"]
mod common;
mod nonces;
mod observatory;
mod reports;
mod secrets;
mod strict;

use std::io::Write as _;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use mantlet_testkit::wire::Response;
use mantlet_testkit::{FakeUpstream, MantletProcess};

/// What stands for a nonce in these tests.
const PLACEHOLDER: &str = "t8Zr1-kQ0vN4bUe7Rt9w_x2Lm5Ys6Hd3Jf";

/// The binary with profile `strict` and the placeholder, in front of `upstream`.
fn nonced(upstream: &FakeUpstream, more: &str) -> MantletProcess {
    let config = format!(
        "[guards.headers]\nprofile = \"strict\"\n[guards.csp]\nplaceholder = \"env:PLACEHOLDER\"\n{more}"
    );
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    builder.upstream(&upstream.url()).config(&config).env("PLACEHOLDER", PLACEHOLDER).start()
}

/// The nonce in the policy of an answer.
fn nonce_of(response: &Response) -> String {
    let policy = response.header("content-security-policy").unwrap();
    let (_, rest) = policy.split_once("'nonce-").unwrap_or_else(|| panic!("no nonce: {policy}"));
    rest.split_once('\'').unwrap().0.to_owned()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(coded: &[u8]) -> String {
    std::io::read_to_string(GzDecoder::new(coded)).unwrap()
}

/// A short text in brotli, as a part that is not compressed (RFC 7932 section 9.2).
fn brotli(text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap() - 1;
    let head = ((length << 4) | (1 << 20)).to_le_bytes();
    [&head[..3], text, &[3]].concat()
}

/// A short text in zstd, as a block that is not compressed (RFC 8878 section 3.1.1).
fn zstd(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    // The field of two bytes counts from 256; a window of 1 KiB instead needs none.
    let head = [0x28, 0xb5, 0x2f, 0xfd, 0, 0x10];
    let block = ((u32::from(length) << 3) | 1).to_le_bytes();
    [&head, &block[..3], text].concat()
}
