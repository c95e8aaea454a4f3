//! From a list of routes to a [`Router`]: crossings, inheritance, errors.

use std::collections::BTreeSet;

use http::Method;

use super::{Action, HostPattern, PathPattern, Router};

/// One route as a layer: what it is for, and what it says.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Its place in the configuration, for messages; the root layer has none.
    pub index: Option<usize>,
    /// The host it is for; a route with several hosts is several layers.
    pub host: HostPattern,
    /// The path it is for.
    pub path: PathPattern,
    /// The methods it is for; empty means all.
    pub methods: Vec<Method>,
    /// What it does; `None` when it leaves that to the layers it inherits from.
    pub action: Option<Action>,
}

impl Layer {
    fn is_for(&self, method: Option<&Method>) -> bool {
        self.methods.is_empty() || method.is_some_and(|method| self.methods.contains(method))
    }

    fn covers(&self, host: &HostPattern, path: &PathPattern) -> bool {
        self.host.covers(host) && self.path.covers(path)
    }

    fn shares_method_with(&self, other: &Self) -> bool {
        self.methods.is_empty()
            || other.methods.is_empty()
            || self.methods.iter().any(|method| other.methods.contains(method))
    }

    fn rank(&self) -> (usize, (usize, bool), bool) {
        (self.host.rank(), self.path.rank(), !self.methods.is_empty())
    }

    /// The route as it is written in messages and metrics.
    #[must_use]
    pub fn name(&self) -> String {
        let host =
            if self.host == HostPattern::Any { String::new() } else { self.host.to_string() };
        let methods: Vec<&str> = self.methods.iter().map(Method::as_str).collect();
        let methods =
            if methods.is_empty() { String::new() } else { format!("{} ", methods.join(",")) };
        format!("{methods}{host}{}", self.path)
    }
}

/// One place for which a target is wanted: the layers that apply there, least specific first, and
/// the action that wins.
#[derive(Debug)]
pub struct Site<'a> {
    /// Every layer that applies, least specific first.
    pub layers: Vec<&'a Layer>,
    /// The action that wins; `None` when no layer names one.
    pub action: Option<&'a Action>,
}

/// Two routes that cannot both apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The places of the two in the configuration.
    pub routes: (Option<usize>, Option<usize>),
    /// What is wrong.
    pub message: String,
    /// What would settle it.
    pub hint: String,
}

/// Builds the router; `target` is called once for each place and method variant.
///
/// # Errors
/// Every pair of routes that cannot both apply.
pub fn compile<T>(
    layers: &[Layer],
    mut target: impl FnMut(&Site<'_>) -> T,
) -> Result<Router<T>, Vec<Overlap>> {
    let overlaps = overlaps(layers);
    if !overlaps.is_empty() {
        return Err(overlaps);
    }
    let mut router = Router::default();
    for (host, path) in places(layers) {
        let covering: Vec<&Layer> =
            layers.iter().filter(|layer| layer.covers(&host, &path)).collect();
        let named: BTreeSet<&str> =
            covering.iter().flat_map(|layer| &layer.methods).map(Method::as_str).collect();
        let named = named.into_iter().filter_map(|name| Method::from_bytes(name.as_bytes()).ok());
        for method in named.map(Some).chain([None]) {
            let site = site(&covering, method.as_ref());
            if !site.layers.is_empty() {
                let target = target(&site);
                router.insert(&host, &path, method, target);
            }
        }
    }
    Ok(router)
}

fn site<'a>(covering: &[&'a Layer], method: Option<&Method>) -> Site<'a> {
    let mut layers: Vec<&Layer> =
        covering.iter().copied().filter(|layer| layer.is_for(method)).collect();
    layers.sort_by_key(|layer| layer.rank());
    let winner = layers.iter().rev().find(|layer| layer.action.is_some()).copied();
    // A denial that crosses the winner, neither covering it nor covered by it, holds.
    let crossing = layers.iter().copied().find(|layer| {
        layer.action == Some(Action::Deny)
            && winner.is_some_and(|winner| {
                !layer.covers(&winner.host, &winner.path)
                    && !winner.covers(&layer.host, &layer.path)
            })
    });
    let action = crossing.or(winner).and_then(|layer| layer.action.as_ref());
    Site { layers, action }
}

/// The place of every layer, and of every crossing of two: there the more specific host meets the
/// more specific path.
fn places(layers: &[Layer]) -> Vec<(HostPattern, PathPattern)> {
    let mut places: Vec<(HostPattern, PathPattern)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let own = layers.iter().map(|layer| (layer.host.clone(), layer.path.clone()));
    let crossings = layers.iter().flat_map(|one| {
        let crossed = layers.iter().filter(move |other| is_crossing(one, other));
        crossed.map(|other| (one.host.clone(), other.path.clone()))
    });
    for place in own.chain(crossings) {
        if seen.insert(place.clone()) {
            places.push(place);
        }
    }
    places
}

/// Whether `one` is more specific by host and `other` by path.
fn is_crossing(one: &Layer, other: &Layer) -> bool {
    one.host != other.host
        && one.path != other.path
        && other.host.covers(&one.host)
        && one.path.covers(&other.path)
}

fn overlaps(layers: &[Layer]) -> Vec<Overlap> {
    let mut found = Vec::new();
    for (index, one) in layers.iter().enumerate() {
        for other in layers.iter().skip(index + 1) {
            let message = if one.host == other.host && one.path == other.path {
                same_place(one, other)
            } else if is_crossing(one, other) {
                crossing(layers, one, other)
            } else if is_crossing(other, one) {
                crossing(layers, other, one)
            } else {
                None
            };
            if let Some((message, hint)) = message {
                found.push(Overlap { routes: (one.index, other.index), message, hint });
            }
        }
    }
    found
}

/// Two routes for the same host and path: fine only where the methods differ, or where one names
/// some methods and the other is for the rest.
fn same_place(one: &Layer, other: &Layer) -> Option<(String, String)> {
    if !one.shares_method_with(other) || one.methods.is_empty() != other.methods.is_empty() {
        return None;
    }
    // The root layer gives way to a route that is for everything.
    if one.index.is_none() || other.index.is_none() {
        return None;
    }
    Some((
        format!("`{}` and `{}` are for the same requests", one.name(), other.name()),
        "merge the two routes, or give them different hosts, paths or methods".into(),
    ))
}

/// `one` is more specific by host, `other` by path: at the crossing both apply, unless they name
/// different actions and no route is for the crossing itself.
fn crossing(layers: &[Layer], one: &Layer, other: &Layer) -> Option<(String, String)> {
    let (Some(first), Some(second)) = (&one.action, &other.action) else { return None };
    if !one.shares_method_with(other) {
        return None;
    }
    let is_settled = first == second
        || *first == Action::Deny
        || *second == Action::Deny
        || layers.iter().any(|layer| {
            layer.host == one.host && layer.path == other.path && layer.action.is_some()
        });
    (!is_settled).then(|| {
        (
            format!("`{}` and `{}` overlap and lead to different places", one.name(), other.name()),
            format!("add a route with host = \"{}\" and path = \"{}\" that says where those requests go", one.host, other.path),
        )
    })
}
