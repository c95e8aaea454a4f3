//! Text with `%{VARIABLE}` and `%{COLLECTION.key}` in it, parsed when the rules are loaded.

use super::name::{Shape, Variable};
use crate::seclang::problem::Fault;

/// One part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Bytes as they are.
    Literal(Box<[u8]>),
    /// The first value of a variable, of this key (lower case) when it has keys.
    Value(Variable, Option<Box<[u8]>>),
    /// The value of a name of `TX`: its number, and the name itself. Only in compiled rules.
    Slot(usize, Box<[u8]>),
}

/// A parsed text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Template {
    pub(crate) pieces: Box<[Piece]>,
}

impl Template {
    /// Parses a text. What looks like a macro and names no variable is an error: it would be
    /// replaced by nothing.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("%{") {
            literal.push_str(before);
            let Some((name, beyond)) = after.split_once('}').filter(|(name, _)| is_name(name))
            else {
                literal.push_str("%{");
                rest = after;
                continue;
            };
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal).into_bytes().into()));
            }
            pieces.push(parse_macro(name)?);
            rest = beyond;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.into_bytes().into()));
        }
        Ok(Self { pieces: pieces.into() })
    }

    /// The text when no variable is in it.
    pub(crate) fn literal(&self) -> Option<&[u8]> {
        match &*self.pieces {
            [] => Some(b""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'{')
}

fn parse_macro(text: &str) -> Result<Piece, Fault> {
    let (name, key) = match text.split_once(['.', ':']) {
        Some((name, key)) => (name, Some(key)),
        None => (text, None),
    };
    let variable = Variable::parse(name)?;
    match (variable.shape(), key) {
        (Shape::Scalar, Some(_)) => Err(Fault::new(format!(
            "`%{{{text}}}` selects by key, but `{}` has no keys",
            variable.name()
        ))),
        (_, key) => {
            Ok(Piece::Value(variable, key.map(|key| key.to_ascii_lowercase().into_bytes().into())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_become_values_and_the_rest_stays() {
        let template = Template::parse("a %{TX.Score}/%{REMOTE_ADDR} 5%{ %{}").unwrap();
        assert_eq!(
            &*template.pieces,
            [
                Piece::Literal(Box::from(*b"a ")),
                Piece::Value(Variable::Tx, Some(Box::from(*b"score"))),
                Piece::Literal(Box::from(*b"/")),
                Piece::Value(Variable::RemoteAddr, None),
                Piece::Literal(Box::from(*b" 5%{ %{}")),
            ]
        );
        assert!(Template::parse("%{nothing}").is_err());
    }
}
