//! Certificates made on the spot.

use std::path::PathBuf;

use crate::TempFolder;

/// Writes a self-signed certificate for `localhost` and 127.0.0.1, and its key, into `folder` as
/// PEM files of these names; says where they are.
///
/// # Panics
/// When the files cannot be written.
#[must_use]
pub fn certificate(folder: &TempFolder, cert: &str, key: &str) -> (PathBuf, PathBuf) {
    let names = ["localhost", "127.0.0.1"].map(str::to_owned).to_vec();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    (folder.write(cert, made.cert.pem()), folder.write(key, made.signing_key.serialize_pem()))
}
