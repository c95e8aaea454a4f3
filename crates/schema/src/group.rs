//! The parameters of one part of a request, put together as one object and checked as such.

use std::cell::Cell;

use serde_json::{Map, Value};

use crate::entry::{Entry, Kind};
use crate::fault::{Fault, Place};
use crate::json::{self, Limits};
use crate::parameter::{Parameter, Style};
use crate::pointer;
use crate::refusal::{Refusal, RefusalKind};
use crate::rule::{Rule, Verdict};
use crate::shape::{Types, coerce};

/// The parameters of one part of a request.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) place: Place,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) rule: Rule,
    /// Whether what is not listed is shown to the schema.
    pub(crate) shows_unknown: bool,
    pub(crate) limits: Limits,
}

impl Group {
    /// Checks the values of this part of a request.
    pub(crate) fn judge(&self, entries: &[Entry<'_>]) -> Result<(), Refusal> {
        let read = Reader { group: self, entries, used: vec![Cell::new(false); entries.len()] };
        let (object, doubtful) = read.object()?;
        let mut value = Value::Object(object);
        match self.rule.judge(self.place, &value) {
            Ok(()) => return Ok(()),
            Err(Verdict::Invalid(_)) if !doubtful.is_empty() => {}
            Err(verdict) => return Err(verdict.into()),
        }
        // `12` may be a number or a text, where the schema takes both.
        if let Value::Object(object) = &mut value {
            for (name, text) in doubtful {
                object.insert(name, Value::String(text));
            }
        }
        self.rule.judge(self.place, &value).map_err(Refusal::from)
    }
}

struct Reader<'g, 'e> {
    group: &'g Group,
    entries: &'e [Entry<'e>],
    /// Which entries belong to a parameter.
    used: Vec<Cell<bool>>,
}

/// Texts that were read as something else and may be texts.
type Doubtful = Vec<(String, String)>;

impl Reader<'_, '_> {
    fn object(&self) -> Result<(Map<String, Value>, Doubtful), Refusal> {
        let (mut object, mut doubtful) = (Map::new(), Vec::new());
        for parameter in &self.group.parameters {
            if let Some(value) = self.value(parameter, &mut doubtful)? {
                object.insert(parameter.name.clone(), value);
            }
        }
        if self.group.shows_unknown {
            let unused = self.entries.iter().zip(&self.used).filter(|(_, used)| !used.get());
            for (entry, _) in unused {
                add_unknown(&mut object, entry);
            }
        }
        Ok((object, doubtful))
    }

    /// The entries of this name, from now on used.
    fn named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Entry<'s>> {
        let mine = self.entries.iter().zip(&self.used).filter(move |(entry, _)| entry.name == name);
        mine.map(|(entry, used)| {
            used.set(true);
            entry
        })
    }

    fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name == name)
    }

    /// The only entry of this name.
    fn only<'s>(&'s self, name: &'s str) -> Result<Option<&'s Entry<'s>>, Refusal> {
        let mut mine = self.named(name);
        let first = mine.next();
        if mine.next().is_some() {
            return Err(self.refuse(name, "repeated", "may stand there once"));
        }
        Ok(first)
    }

    fn refuse(&self, name: &str, keyword: &'static str, message: &str) -> Refusal {
        let fault = Fault::new(self.group.place, pointer::child("", name), keyword, message);
        Refusal::new(RefusalKind::Invalid, fault)
    }

    fn value(
        &self,
        parameter: &Parameter,
        doubtful: &mut Doubtful,
    ) -> Result<Option<Value>, Refusal> {
        let (name, shape) = (parameter.name.as_str(), &parameter.shape);
        match parameter.style {
            Style::Repeated if self.is_list(parameter) => {
                let mut items = Vec::new();
                for entry in self.named(name) {
                    items.push(self.single(entry, entry.kind, shape.items)?);
                }
                Ok((!items.is_empty()).then_some(Value::Array(items)))
            }
            // A form may have an object as one field, in JSON.
            Style::Members if self.group.place != Place::Body || !self.has(name) => {
                self.members(parameter, |name, member| name == member)
            }
            Style::Deep => self.members(parameter, |name, member| {
                let inner = name.strip_prefix(parameter.name.as_str());
                let inner = inner.and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']'));
                inner == Some(member)
            }),
            Style::Separated(mark) if shape.types.has(Types::ARRAY) => {
                let Some(entry) = self.only(name)? else { return Ok(None) };
                let items = entry.value.split(mark).map(|item| coerce(item, shape.items));
                Ok(Some(Value::Array(items.collect())))
            }
            _ => self.scalar(parameter, doubtful),
        }
    }

    /// Whether the values of a parameter are the items of a list; one value may stand for itself
    /// where the schema takes that too.
    fn is_list(&self, parameter: &Parameter) -> bool {
        let types = parameter.shape.types;
        let may_be_single = types.has(Types::SCALAR) && self.named(&parameter.name).count() == 1;
        types.has(Types::ARRAY) && !may_be_single
    }

    /// A parameter of one value.
    fn scalar(
        &self,
        parameter: &Parameter,
        doubtful: &mut Doubtful,
    ) -> Result<Option<Value>, Refusal> {
        let (name, types) = (parameter.name.as_str(), parameter.shape.types);
        let Some(entry) = self.only(name)? else { return Ok(None) };
        let is_json = matches!(parameter.style, Style::Json | Style::Members);
        let kind = if is_json { Kind::Json } else { entry.kind };
        // Forms send what was not filled in.
        let is_unfilled = self.group.place == Place::Body && !types.has(Types::STRING);
        if kind == Kind::Text && entry.value.is_empty() && (parameter.may_be_empty || is_unfilled) {
            return Ok(None);
        }
        let value = self.single(entry, kind, types)?;
        if kind == Kind::Text && types.has(Types::STRING) && !value.is_string() {
            doubtful.push((name.to_owned(), entry.value.clone().into_owned()));
        }
        Ok(Some(value))
    }

    /// An object whose members are entries of their own.
    fn members(
        &self,
        parameter: &Parameter,
        is_member: impl Fn(&str, &str) -> bool,
    ) -> Result<Option<Value>, Refusal> {
        let mut object = Map::new();
        for (member, types) in &parameter.shape.members {
            let mine = self.entries.iter().zip(&self.used);
            for (entry, used) in mine.filter(|(entry, _)| is_member(&entry.name, member)) {
                used.set(true);
                let value = coerce(&entry.value, *types);
                let is_list = types.has(Types::ARRAY) && !types.has(Types::SCALAR);
                match object.get_mut(member) {
                    None if is_list => {
                        object.insert(member.clone(), Value::Array(vec![value]));
                    }
                    None => {
                        object.insert(member.clone(), value);
                    }
                    Some(Value::Array(items)) => items.push(value),
                    Some(_) => {
                        return Err(self.refuse(&entry.name, "repeated", "may stand there once"));
                    }
                }
            }
        }
        Ok((!object.is_empty()).then_some(Value::Object(object)))
    }

    /// One value.
    fn single(&self, entry: &Entry<'_>, kind: Kind, types: Types) -> Result<Value, Refusal> {
        match kind {
            Kind::Text => Ok(coerce(&entry.value, types)),
            Kind::File => Ok(Value::String(String::new())),
            Kind::Json => json::read(entry.value.as_bytes(), self.group.limits).map_err(|fault| {
                let kind =
                    if fault.is_limit() { RefusalKind::TooComplex } else { RefusalKind::Malformed };
                let place = pointer::child("", &entry.name);
                let fault = Fault::new(self.group.place, place, fault.keyword(), fault.to_string());
                Refusal::new(kind, fault)
            }),
        }
    }
}

/// What nobody has described: a text, or several.
fn add_unknown(object: &mut Map<String, Value>, entry: &Entry<'_>) {
    let value = Value::String(entry.value.clone().into_owned());
    match object.get_mut(entry.name.as_ref()) {
        None => {
            object.insert(entry.name.clone().into_owned(), value);
        }
        Some(Value::Array(items)) => items.push(value),
        Some(single) => *single = Value::Array(vec![single.take(), value]),
    }
}
