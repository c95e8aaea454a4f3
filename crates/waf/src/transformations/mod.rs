//! Transformations: what a rule does to a value before it looks at it. One file each, or one for a
//! family; `list.rs` names them all.

pub(crate) mod base64;
mod best_fit;
pub(crate) mod bytes;
mod case;
mod cmd_line;
mod comments;
mod css_decode;
mod escape_seq_decode;
mod hash;
mod hex;
mod html_entity_decode;
mod js_decode;
mod length;
mod list;
pub(crate) mod mask;
mod normalize_path;
mod nulls;
mod parity;
#[cfg(test)]
mod tests;
pub(crate) mod url;
mod utf8_to_unicode;
mod whitespace;

pub(crate) use list::Transformation;
pub(crate) use mask::ByteSet;
