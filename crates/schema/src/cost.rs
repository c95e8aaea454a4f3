//! What checking a value can cost at most, known before it is checked.
//!
//! Schemas that refer to themselves through two of several alternatives are checked twice as often
//! on each level of a value: a few kilobytes could keep a thread busy for hours. So it is counted
//! when a document is loaded how often a value on each level is looked at, and a request that would
//! cost more than the budget is refused unchecked.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::pointer;
use crate::subschema::{self, Use};

/// How many looks at one value a request may cost: about a tenth of a second.
pub(crate) const BUDGET: u64 = 2_000_000;
/// So many bytes of a text count as one more value.
const TEXT_BYTES: usize = 64;
/// Most schemas that lead to one another for the same value.
const MAX_STEPS: usize = 100;

/// How often a value is looked at, by the level it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cost {
    by_level: Vec<u64>,
}

/// A schema that leads back to itself for the same value, so that checking would never end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Endless;

impl Cost {
    /// What values cost under `root`, a schema that stands for itself, down to the level `depth`.
    pub(crate) fn of(root: &Value, depth: usize) -> Result<Self, Endless> {
        let mut counter = Counter { root, known: HashMap::new(), open: HashSet::new(), steps: 0 };
        let levels = 0..=depth;
        let by_level = levels.map(|level| counter.looks(root, level)).collect::<Result<_, _>>()?;
        Ok(Self { by_level })
    }

    /// The most that checking `value` can cost, in looks; counting ends at the budget.
    pub(crate) fn estimate(&self, value: &Value) -> u64 {
        let mut sum = 0;
        self.add(value, 0, &mut sum);
        sum
    }

    fn add(&self, value: &Value, level: usize, sum: &mut u64) {
        if *sum > BUDGET {
            return;
        }
        let looks = self.by_level.get(level).copied().unwrap_or(u64::MAX);
        let texts = |text: &str| text.len() / TEXT_BYTES;
        let weight = match value {
            Value::String(text) => 1 + texts(text),
            Value::Object(members) => 1 + members.keys().map(|name| 1 + texts(name)).sum::<usize>(),
            _ => 1,
        };
        *sum = sum.saturating_add(looks.saturating_mul(weight as u64));
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.add(item, level + 1, sum)),
            Value::Object(members) => {
                members.values().for_each(|member| self.add(member, level + 1, sum));
            }
            _ => {}
        }
    }
}

struct Counter<'r> {
    root: &'r Value,
    known: HashMap<(*const Map<String, Value>, usize), u64>,
    /// What is being counted, to find circles.
    open: HashSet<(*const Map<String, Value>, usize)>,
    steps: usize,
}

impl Counter<'_> {
    /// How often a value `level` levels below one that `schema` is for is looked at, at most.
    fn looks(&mut self, schema: &Value, level: usize) -> Result<u64, Endless> {
        let Value::Object(schema) = schema else { return Ok(u64::from(level == 0)) };
        let key = (std::ptr::from_ref(schema), level);
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        if self.steps >= MAX_STEPS || !self.open.insert(key) {
            return Err(Endless);
        }
        let steps = self.steps;
        self.steps = steps + 1;
        let looks = self.count(schema, level);
        self.steps = steps;
        self.open.remove(&key);
        let looks = looks?;
        self.known.insert(key, looks);
        Ok(looks)
    }

    fn count(&mut self, schema: &Map<String, Value>, level: usize) -> Result<u64, Endless> {
        let inside = subschema::inside(schema);
        let mut sum = if level == 0 { own(schema, &inside) } else { 0 };
        let root = self.root;
        let target = schema.get("$ref").and_then(Value::as_str);
        let target = target.and_then(|reference| pointer::lookup(root, reference));
        let here = inside.iter().filter(|(_, _, purpose)| *purpose == Use::Here);
        for inner in target.into_iter().chain(here.map(|(_, inner, _)| *inner)) {
            sum = sum.saturating_add(self.looks(inner, level)?);
        }
        if let Some(below) = level.checked_sub(1) {
            sum = sum.saturating_add(self.below(&inside, below)?);
        }
        // What was evaluated is found out by checking once more.
        let is_twice = ["unevaluatedProperties", "unevaluatedItems"];
        let is_twice = is_twice.iter().any(|keyword| schema.contains_key(*keyword));
        Ok(if is_twice { sum.saturating_mul(2) } else { sum })
    }

    /// One member or item is for one of the schemas by name or place, or for the rest, and for any
    /// of those by pattern. Circles are counted for each value anew.
    fn below(&mut self, inside: &[(String, &Value, Use)], level: usize) -> Result<u64, Endless> {
        let (mut one, mut all) = (0, 0_u64);
        self.steps = 0;
        for (_, inner, purpose) in inside {
            match purpose {
                Use::Member | Use::Rest | Use::Item => one = self.looks(inner, level)?.max(one),
                Use::Matching | Use::Contains => {
                    all = all.saturating_add(self.looks(inner, level)?);
                }
                Use::Here | Use::Name | Use::Nothing => {}
            }
        }
        Ok(all.saturating_add(one))
    }
}

/// One look, and one more for each pattern or choice that is tried.
fn own(schema: &Map<String, Value>, inside: &[(String, &Value, Use)]) -> u64 {
    let tried = |purpose: Use| matches!(purpose, Use::Matching | Use::Name | Use::Contains);
    let tried = inside.iter().filter(|(_, _, purpose)| tried(*purpose)).count();
    let choices = schema.get("enum").and_then(Value::as_array).map_or(0, |list| list.len() / 16);
    1 + tried as u64 + choices as u64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn by_level(schema: &Value, depth: usize) -> Vec<u64> {
        Cost::of(schema, depth).unwrap().by_level
    }

    #[test]
    fn alternatives_that_both_lead_on_cost_twice_as_much_on_each_level() {
        let tree = json!({"properties": {"text": {}, "children": {"items": {"$ref": "#"}}}});
        assert_eq!(by_level(&tree, 6), [1, 1, 2, 1, 2, 1, 2], "one way down");
        let maze = json!({"anyOf": [
            {"required": ["x"], "properties": {"a": {"$ref": "#"}}},
            {"required": ["y"], "properties": {"a": {"$ref": "#"}}},
        ]});
        let looks = by_level(&maze, 30);
        assert!(looks.windows(2).all(|pair| pair[1] >= 2 * pair[0]), "{looks:?}");
        let mut value = json!({});
        for _ in 0..30 {
            value = json!({"a": value});
        }
        assert!(Cost::of(&maze, 32).unwrap().estimate(&value) > BUDGET);
        assert!(Cost::of(&tree, 32).unwrap().estimate(&value) < 200);
    }

    #[test]
    fn a_schema_that_leads_to_itself_without_a_step_down_is_found() {
        for endless in [
            json!({"$ref": "#"}),
            json!({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"not": {"$ref": "#"}}}}),
        ] {
            assert_eq!(Cost::of(&endless, 3), Err(Endless), "{endless}");
        }
    }

    #[test]
    fn long_texts_and_many_members_count() {
        let cost = Cost::of(&json!({"additionalProperties": {"type": "string"}}), 4).unwrap();
        assert_eq!(cost.estimate(&json!({"a": "b"})), 3);
        assert_eq!(cost.estimate(&json!({"a": "b".repeat(6400)})), 103);
        let wide = json!(vec![0; 3_000_000]);
        let flat = Cost::of(&json!({"items": {}}), 4).unwrap();
        assert!(flat.estimate(&wide) > BUDGET);
    }
}
