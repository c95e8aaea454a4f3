//! The transformations a rule can name.

use super::mask::ByteSet;
use super::{
    base64, case, cmd_line, comments, css_decode, escape_seq_decode, hash, hex, html_entity_decode,
    js_decode, length, normalize_path, nulls, parity, url, utf8_to_unicode, whitespace,
};
use crate::seclang::problem::Fault;

macro_rules! transformations {
    ($($variant:ident = $name:literal $function:path, $trigger:expr;)*) => {
        /// A transformation of a value.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Transformation { $($variant,)* }

        impl Transformation {
            /// Every transformation, in the order of their numbers.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the rule language.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Writes the transformed value to `out`, which is empty.
            pub(crate) fn apply(self, input: &[u8], out: &mut Vec<u8>) {
                match self { $(Self::$variant => $function(input, out),)* }
            }

            /// The bytes of which a value must have one to be changed at all.
            pub(crate) const fn trigger(self) -> ByteSet {
                match self { $(Self::$variant => $trigger,)* }
            }
        }
    };
}

transformations! {
    Base64Decode = "base64Decode" base64::decode, ByteSet::all();
    Base64DecodeExt = "base64DecodeExt" base64::decode_lenient, ByteSet::all();
    Base64Encode = "base64Encode" base64::encode, ByteSet::all();
    CmdLine = "cmdLine" cmd_line::apply, ByteSet::of(b"\"'\\^,; \t\r\n").and(ByteSet::upper());
    CompressWhitespace = "compressWhitespace" whitespace::compress, ByteSet::wide_space();
    CssDecode = "cssDecode" css_decode::apply, ByteSet::of(b"\\");
    EscapeSeqDecode = "escapeSeqDecode" escape_seq_decode::apply, ByteSet::of(b"\\");
    HexDecode = "hexDecode" hex::decode, ByteSet::all();
    HexEncode = "hexEncode" hex::encode, ByteSet::all();
    HtmlEntityDecode = "htmlEntityDecode" html_entity_decode::apply, ByteSet::of(b"&");
    JsDecode = "jsDecode" js_decode::apply, ByteSet::of(b"\\");
    Length = "length" length::apply, ByteSet::all();
    Lowercase = "lowercase" case::lower, ByteSet::upper();
    Md5 = "md5" hash::md5, ByteSet::all();
    NormalizePath = "normalizePath" normalize_path::unix, ByteSet::of(b"./");
    NormalizePathWin = "normalizePathWin" normalize_path::windows, ByteSet::of(b"./\\");
    ParityEven7bit = "parityEven7bit" parity::even, ByteSet::all();
    ParityOdd7bit = "parityOdd7bit" parity::odd, ByteSet::all();
    ParityZero7bit = "parityZero7bit" parity::zero, ByteSet::high();
    RemoveComments = "removeComments" comments::remove, ByteSet::of(b"/<-#");
    RemoveCommentsChar = "removeCommentsChar" comments::remove_marks, ByteSet::of(b"/<-#*");
    RemoveNulls = "removeNulls" nulls::remove, ByteSet::of(&[0]);
    RemoveWhitespace = "removeWhitespace" whitespace::remove, ByteSet::wide_space();
    ReplaceComments = "replaceComments" comments::replace, ByteSet::of(b"/");
    ReplaceNulls = "replaceNulls" nulls::replace, ByteSet::of(&[0]);
    Sha1 = "sha1" hash::sha1, ByteSet::all();
    SqlHexDecode = "sqlHexDecode" hex::decode_sql, ByteSet::of(b"xX");
    Trim = "trim" whitespace::trim, ByteSet::wide_space();
    TrimLeft = "trimLeft" whitespace::trim_left, ByteSet::wide_space();
    TrimRight = "trimRight" whitespace::trim_right, ByteSet::wide_space();
    Uppercase = "uppercase" case::upper, ByteSet::lower();
    UrlDecode = "urlDecode" url::decode, ByteSet::of(b"%+");
    UrlDecodeUni = "urlDecodeUni" url::decode_unicode, ByteSet::of(b"%+");
    UrlEncode = "urlEncode" url::encode, ByteSet::not_alphanumeric();
    Utf8ToUnicode = "utf8toUnicode" utf8_to_unicode::apply, ByteSet::high();
}

/// Other spellings that rule files use.
const ALIASES: &[(&str, Transformation)] = &[
    ("normalisePath", Transformation::NormalizePath),
    ("normalisePathWin", Transformation::NormalizePathWin),
];

impl Transformation {
    /// The position among all transformations.
    pub(crate) const fn number(self) -> usize {
        self as usize
    }

    /// Whether it surely changes nothing in a text that has a byte of its trigger.
    pub(crate) fn leaves(self, text: &[u8]) -> bool {
        match self {
            Self::NormalizePath => normalize_path::leaves(text, b"/"),
            Self::NormalizePathWin => normalize_path::leaves(text, b"/\\"),
            Self::RemoveCommentsChar | Self::RemoveComments => comments::leaves(text),
            Self::ReplaceComments => memchr::memmem::find(text, b"/*").is_none(),
            _ => false,
        }
    }

    /// Whether what it makes may be longer than what it reads.
    pub(crate) const fn may_grow(self) -> bool {
        matches!(
            self,
            Self::Base64Encode
                | Self::HexEncode
                | Self::Length
                | Self::Md5
                | Self::Sha1
                | Self::UrlEncode
                | Self::Utf8ToUnicode
        )
    }

    /// Whether an empty value comes out as something.
    pub(crate) const fn changes_empty(self) -> bool {
        matches!(self, Self::Length | Self::Md5 | Self::Sha1)
    }

    /// Reads a name, whatever its case. `None` for `none`, which clears the list.
    pub(crate) fn parse(name: &str) -> Result<Option<Self>, Fault> {
        if name.eq_ignore_ascii_case("none") {
            return Ok(None);
        }
        let all = Self::ALL.iter().map(|each| (each.name(), *each));
        let mut names = all.chain(ALIASES.iter().copied());
        match names.find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, found)) => Ok(Some(found)),
            None => {
                let names = Self::ALL.iter().map(|each| each.name());
                Err(Fault::unknown("transformation", name, names))
            }
        }
    }
}
