//! What the detectors say.

use std::fmt;
use std::ops::Range;

/// The kinds of attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// SQL that leaves its literal or runs on its own.
    Sqli,
    /// Text that would become active content of a page.
    Xss,
    /// A path out of its folder, or to a file nobody should ask for.
    PathTraversal,
    /// A command for a shell.
    Shell,
    /// Code for a template engine.
    Template,
    /// OGNL, JNDI, SpEL, EL.
    Expression,
    /// External entities and inclusions of XML.
    Xxe,
    /// A filter of a directory broken out of.
    Ldap,
    /// A path or condition of XPath broken into.
    Xpath,
    /// Operators of a document database in the place of a value.
    NoSql,
    /// A line break that begins a header or a message.
    Crlf,
    /// An address only the server can reach.
    Ssrf,
    /// Code in PHP.
    Php,
    /// Class names and calls of Java.
    Java,
    /// Code for Node.js, and pollution of prototypes.
    Node,
    /// Code in Python.
    Python,
    /// A serialised object that runs code when it is read.
    Deserialisation,
    /// HTTP used in a way no honest client does.
    Protocol,
    /// The signs of a scanner.
    Scanner,
}

impl Class {
    /// Every class, in the order of reports.
    pub const ALL: &[Self] = &[
        Self::Sqli,
        Self::Xss,
        Self::PathTraversal,
        Self::Shell,
        Self::Template,
        Self::Expression,
        Self::Xxe,
        Self::Ldap,
        Self::Xpath,
        Self::NoSql,
        Self::Crlf,
        Self::Ssrf,
        Self::Php,
        Self::Java,
        Self::Node,
        Self::Python,
        Self::Deserialisation,
        Self::Protocol,
        Self::Scanner,
    ];

    /// The name in configuration, events and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqli => "sqli",
            Self::Xss => "xss",
            Self::PathTraversal => "path-traversal",
            Self::Shell => "shell",
            Self::Template => "template",
            Self::Expression => "expression",
            Self::Xxe => "xxe",
            Self::Ldap => "ldap",
            Self::Xpath => "xpath",
            Self::NoSql => "nosql",
            Self::Crlf => "crlf",
            Self::Ssrf => "ssrf",
            Self::Php => "php",
            Self::Java => "java",
            Self::Node => "node",
            Self::Python => "python",
            Self::Deserialisation => "deserialisation",
            Self::Protocol => "protocol",
            Self::Scanner => "scanner",
        }
    }

    /// The class called `name`; `None` when there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|class| class.name() == name)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An encoding that was taken off before the evidence showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// `%27`, `%u0027`, and `+` for a space beside them.
    Url,
    /// `&#39;`, `&lt;`.
    Html,
    /// `\x27`, `\u0027`, `\47`.
    Escape,
    /// Base64 of readable text or of a known format.
    Base64,
    /// UTF-7, as `+ADw-`.
    Utf7,
    /// Two bytes for each letter.
    Utf16,
    /// Overlong UTF-8, full-width and other forms that some readers fold to ASCII.
    Unicode,
}

impl Layer {
    /// The name in a decoding path.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Html => "html",
            Self::Escape => "escape",
            Self::Base64 => "base64",
            Self::Utf7 => "utf7",
            Self::Utf16 => "utf16",
            Self::Unicode => "unicode",
        }
    }
}

/// One sign of an attack in one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it would attack.
    pub class: Class,
    /// How sure: 90 and more has hardly another reading, 60 to 89 is an attack unless the field is
    /// made for such text, below 60 is worth knowing and no more.
    pub confidence: u8,
    /// The bytes that show it, in the value as it was given.
    pub evidence: Range<usize>,
    /// What was decoded first, outermost first; empty when nothing had to be.
    pub decoded: Vec<Layer>,
    /// Why, in a few words for the operator.
    pub reason: &'static str,
}

impl Finding {
    /// The decoding path as text, as in `url>base64>html`; empty when nothing was decoded.
    #[must_use]
    pub fn decoding(&self) -> String {
        self.decoded.iter().map(|layer| layer.name()).collect::<Vec<_>>().join(">")
    }
}

/// The findings about one value or one request, the surest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    /// Findings kept for one value. More of them would not change a verdict.
    pub const LIMIT: usize = 32;

    /// Every finding, the surest first.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.list.iter()
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The surest finding; `None` when nothing was found.
    #[must_use]
    pub fn surest(&self) -> Option<&Finding> {
        self.list.first()
    }

    /// The surest finding that reaches `threshold`: the verdict. `None` lets the value pass.
    #[must_use]
    pub fn verdict(&self, threshold: u8) -> Option<&Finding> {
        self.surest().filter(|finding| finding.confidence >= threshold)
    }

    /// Adds `finding`. Of several with the same class and reason only the surest stays.
    pub(super) fn add(&mut self, finding: Finding) {
        let same = |old: &Finding| old.class == finding.class && old.reason == finding.reason;
        match self.list.iter_mut().find(|old| same(old)) {
            Some(old) if old.confidence >= finding.confidence => return,
            Some(old) => *old = finding,
            None => self.list.push(finding),
        }
        self.list.sort_by_key(|finding| std::cmp::Reverse(finding.confidence));
        self.list.truncate(Self::LIMIT);
    }

    /// Adds everything of `other`.
    pub fn merge(&mut self, other: Self) {
        other.list.into_iter().for_each(|finding| self.add(finding));
    }
}
