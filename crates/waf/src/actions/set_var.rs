//! `setvar`, `expirevar` and `deprecatevar`: what a rule writes into a collection.

use crate::seclang::problem::Fault;
use crate::variables::{Slots, Template, Variable};

/// What happens to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// It becomes this text.
    Set(Template),
    /// This number is added.
    Add(Template),
    /// This number is taken off.
    Subtract(Template),
    /// It goes.
    Remove,
    /// It goes this many seconds from now.
    ExpireIn(Template),
}

/// A change of one value of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetVar {
    pub(crate) collection: Variable,
    pub(crate) key: Template,
    /// The number of the key when it is a name of `TX` that needs no filling in. Only in compiled
    /// rules.
    pub(crate) slot: Option<usize>,
    pub(crate) change: Change,
}

impl SetVar {
    /// Parses `tx.name=value`, `tx.name=+1`, `!tx.name` and `tx.name`, which means 1.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let (removes, text) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (name, value) = match split_value(text) {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let (collection, key) = name_of(name)?;
        let change = match value {
            _ if removes => Change::Remove,
            None => Change::Set(Template::parse("1")?),
            Some(value) => match (value.strip_prefix('+'), value.strip_prefix('-')) {
                (Some(amount), _) => Change::Add(Template::parse(amount)?),
                (_, Some(amount)) => Change::Subtract(Template::parse(amount)?),
                _ => Change::Set(Template::parse(value)?),
            },
        };
        Ok(Self { collection, key, slot: None, change })
    }

    /// The same with numbers for the names of `TX`.
    pub(crate) fn with_slots(&self, slots: &mut Slots) -> Self {
        let is_tx = self.collection == Variable::Tx;
        let literal = self.key.literal().filter(|_| is_tx).map(<[u8]>::to_ascii_lowercase);
        Self {
            collection: self.collection,
            slot: literal.and_then(|name| slots.number(&name)),
            key: slots.template(&self.key),
            change: match &self.change {
                Change::Set(text) => Change::Set(slots.template(text)),
                Change::Add(text) => Change::Add(slots.template(text)),
                Change::Subtract(text) => Change::Subtract(slots.template(text)),
                Change::Remove => Change::Remove,
                Change::ExpireIn(text) => Change::ExpireIn(slots.template(text)),
            },
        }
    }

    /// Parses `ip.name=3600`.
    pub(crate) fn parse_expiry(text: &str) -> Result<Self, Fault> {
        let (name, seconds) = split_value(text).unwrap_or((text, "3600"));
        let (collection, key) = name_of(name)?;
        let change = Change::ExpireIn(Template::parse(seconds)?);
        Ok(Self { collection, key, slot: None, change })
    }
}

/// Splits at the first `=` that stands in no macro.
fn split_value(text: &str) -> Option<(&str, &str)> {
    let mut in_macro = false;
    let position = text.char_indices().find_map(|(index, character)| {
        match character {
            '{' => in_macro = true,
            '}' => in_macro = false,
            '=' if !in_macro => return Some(index),
            _ => {}
        }
        None
    })?;
    Some((text.get(..position)?, text.get(position + 1..)?))
}

fn name_of(text: &str) -> Result<(Variable, Template), Fault> {
    let usage = || {
        Fault::new(format!("`{text}` names no value of a collection"))
            .hint("write `tx.name`, `ip.name`, `global.name`, `session.name` or `user.name`")
    };
    let (collection, key) = text.trim().split_once(['.', ':']).ok_or_else(usage)?;
    let collection = Variable::parse(collection)?;
    if !collection.is_writable() || key.is_empty() {
        return Err(usage());
    }
    Ok((collection, Template::parse(key)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let parsed = |text| SetVar::parse(text).unwrap();
        assert_eq!(parsed("tx.a").change, Change::Set(Template::parse("1").unwrap()));
        assert_eq!(parsed("!TX.a").change, Change::Remove);
        assert_eq!(
            parsed("tx.a=+%{tx.b}").change,
            Change::Add(Template::parse("%{tx.b}").unwrap())
        );
        assert_eq!(parsed("ip.a=-2").change, Change::Subtract(Template::parse("2").unwrap()));
        let named = parsed("TX.paramcounter_%{MATCHED_VAR_NAME}=+1");
        assert_eq!(named.key.pieces.len(), 2);
        assert!(SetVar::parse("args.x=1").is_err());
    }
}
