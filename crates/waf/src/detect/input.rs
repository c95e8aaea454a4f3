//! What the detectors are given.

/// Where in the request a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// The path, decoded or as it came.
    Path,
    /// The name of a parameter, cookie or form field, or a key of a JSON object.
    Name,
    /// The value of a parameter in the query.
    QueryValue,
    /// The value of a form field, or a text of a body in another format.
    BodyField,
    /// The value of the header with this name in lower case.
    Header(&'a str),
    /// The value of a cookie.
    Cookie,
    /// A string in a JSON body.
    JsonString,
    /// The name of an uploaded file.
    FileName,
    /// An attribute or a text of an XML body.
    XmlText,
}

/// What the application says a field holds. It moves the line between text about an attack and an
/// attack, never past certainty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hint {
    /// Nothing is declared.
    #[default]
    None,
    /// Source code, a query, a configuration: code alone says nothing.
    Code,
    /// Text with markup that the application sanitises itself.
    Markup,
    /// An address the server will not fetch, as a link or a redirect target.
    Link,
}

/// One value of a request.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Where it stands.
    pub place: Place<'a>,
    /// Its name as the application sees it; empty where it has none.
    pub name: &'a [u8],
    /// The value as the application would read it, that is decoded once where its place is
    /// encoded. Further encodings are the detectors' work.
    pub value: &'a [u8],
    /// What the field is declared to hold.
    pub hint: Hint,
}

impl<'a> Input<'a> {
    /// A value without a declared type.
    #[must_use]
    pub fn new(place: Place<'a>, name: &'a [u8], value: &'a [u8]) -> Self {
        Self { place, name, value, hint: Hint::None }
    }
}

/// How the detectors decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The confidence from which a finding is a verdict, 1 to 100.
    pub threshold: u8,
}

impl Settings {
    /// The confidence that separates attacks from text about them.
    pub const THRESHOLD: u8 = 60;
}

impl Default for Settings {
    fn default() -> Self {
        Self { threshold: Self::THRESHOLD }
    }
}
