//! Settings of the hygiene stage.

use http::HeaderName;
use mantlet_config::section;

use super::claims::fold;
use super::path::{Doubtful, DuplicateSlashes, NormalPath, PathError, PathPolicy, normalize};

section! {
    /// What counts as one unambiguous request. Mantlet decides on, and forwards, one normal form
    /// of every path; these keys say what happens to forms that servers read differently.
    pub struct HygieneSection {
        /// Empty path segments, `//`.
        pub duplicate_slashes: DuplicateSlashes = DuplicateSlashes::Merge,
        /// Encoded slashes and backslashes, `%2F` and `%5C`, and raw backslashes.
        pub encoded_slash: Doubtful = Doubtful::Refuse,
        /// Path parameters, `;name=value`.
        pub path_parameters: Doubtful = Doubtful::Refuse,
        /// Escapes that decode to another escape, `%252e`.
        pub double_encoding: Doubtful = Doubtful::Refuse,
        /// Escapes that are not valid UTF-8 when decoded.
        pub invalid_utf8: Doubtful = Doubtful::Refuse,
        /// Header names, besides the well-known ones, by which a client could claim an identity;
        /// they are removed from every request.
        pub identity_headers: Vec<String> = Vec::new(),
    }
}

impl HygieneSection {
    /// The one form of a path, as requests get it.
    ///
    /// # Errors
    /// [`PathError`] when it has none.
    pub fn normalize<'a>(&self, path: &'a str) -> Result<NormalPath<'a>, PathError> {
        normalize(path, &self.path_policy())
    }

    pub(super) fn path_policy(&self) -> PathPolicy {
        PathPolicy {
            duplicate_slashes: self.duplicate_slashes,
            encoded_slash: self.encoded_slash,
            path_parameters: self.path_parameters,
            double_encoding: self.double_encoding,
            invalid_utf8: self.invalid_utf8,
        }
    }

    /// The names of `identity_headers` in the one spelling in which claims are compared.
    pub(super) fn extra_claims(&self) -> Vec<String> {
        let names = self.identity_headers.iter();
        names.map(|name| fold(&name.to_ascii_lowercase()).into_owned()).collect()
    }

    /// The entries of `identity_headers` that are not header names.
    pub fn invalid_names(&self) -> impl Iterator<Item = &str> {
        let is_invalid = |name: &&String| HeaderName::from_bytes(name.as_bytes()).is_err();
        self.identity_headers.iter().filter(is_invalid).map(String::as_str)
    }
}
