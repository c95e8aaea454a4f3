//! What a path asks for, for people.

use std::sync::Arc;

use http::Method;

use super::{Live, Resolved};
use crate::identity::{NamedValue, Rule};
use crate::stages::hygiene::{NormalPath, PathError};

/// What a request asks for.
#[derive(Debug, Clone)]
pub struct FoundRule {
    /// The route it comes to; `-` for none.
    pub route: String,
    /// What is asked for; `None` where nothing asks for an identity anywhere.
    pub rule: Option<Arc<Rule>>,
    /// The parameters of the path.
    pub values: Vec<NamedValue>,
    /// What approvals call the thing; `None` where no route says so.
    pub resource: Option<String>,
}

impl FoundRule {
    fn new(route: &str, rule: Option<&Arc<Rule>>, path: &NormalPath<'_>) -> Self {
        let thing = rule.map(|rule| &rule.thing);
        let values = thing.map(|thing| thing.values(path)).unwrap_or_default();
        let resource = thing.and_then(|thing| thing.name(&values));
        Self { route: route.to_owned(), rule: rule.cloned(), values, resource }
    }
}

impl Resolved {
    /// What a request of `method` for `host` and `path` asks for.
    ///
    /// # Errors
    /// What is wrong with the path or the method, for people.
    pub fn rule_at(&self, host: &str, path: &str, method: &str) -> Result<FoundRule, String> {
        let (host, normal, method) = read(host, (path, self.hygiene.normalize(path)), method)?;
        let place = self.router.choose(&host, normal.match_key(), &method);
        let place = place.unwrap_or(&self.fallback);
        Ok(FoundRule::new(&place.name, place.rule.as_ref(), &normal))
    }
}

impl Live {
    /// What a request of `method` for `host` and `path` asks for.
    ///
    /// # Errors
    /// What is wrong with the path or the method, for people.
    pub fn rule_at(&self, host: &str, path: &str, method: &str) -> Result<FoundRule, String> {
        let (host, normal, method) = read(host, (path, self.hygiene.normalize(path)), method)?;
        let target = self.router.choose(&host, normal.match_key(), &method);
        let target = target.unwrap_or(&self.fallback);
        Ok(FoundRule::new(&target.plan.route, target.rule.as_ref(), &normal))
    }
}

fn read<'a>(
    host: &str,
    (path, normal): (&str, Result<NormalPath<'a>, PathError>),
    method: &str,
) -> Result<(String, NormalPath<'a>, Method), String> {
    let normal = normal.map_err(|error| format!("`{path}`: {error}"))?;
    let parsed = Method::from_bytes(method.as_bytes());
    let parsed = parsed.map_err(|_| format!("`{method}` is not a method"))?;
    Ok((host.to_ascii_lowercase(), normal, parsed))
}
