//! The types of values that many sections share.

mod address;
mod byte_size;
mod cidr;
mod duration;
mod http_url;
mod plain;
#[cfg(test)]
mod tests;
mod web_origin;

pub use byte_size::ByteSize;
pub use cidr::Cidr;
pub use http_url::HttpUrl;
pub use web_origin::WebOrigin;

use crate::nearest::shown;

/// Splits `64KiB` into its number and its unit; `None` when it does not begin with digits or the
/// number is too large.
fn split_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit.trim_start_matches(' ')))
}

/// "`x` is not a thing".
fn is_not(text: &str, thing: &str) -> String {
    format!("`{}` is not {thing}", shown(text))
}
