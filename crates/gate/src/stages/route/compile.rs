//! From a list of routes to a [`Router`]: crossings, inheritance, errors.

use std::collections::{BTreeSet, HashSet};

use http::Method;

use super::{Action, HostPattern, PathPattern, Router};

/// Most places for which routes apply, crossings among them.
const MAX_PLACES: usize = 20_000;

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

    /// Whether everything of a place is ours, methods aside.
    fn covers(&self, host: &HostPattern, path: &PathPattern) -> bool {
        self.host.covers(host) && self.path.covers(path)
    }

    fn shares_method_with(&self, other: &Self) -> bool {
        self.methods.is_empty()
            || other.methods.is_empty()
            || self.methods.iter().any(|method| other.methods.contains(method))
    }

    fn rank(&self) -> (usize, (usize, usize, bool), bool) {
        (self.host.rank(), self.path.rank(), !self.methods.is_empty())
    }

    /// Whether everything of another layer is ours, methods aside.
    pub(crate) fn is_around(&self, other: &Self) -> bool {
        self.covers(&other.host, &other.path)
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
    let places = places(layers).map_err(|layer| vec![too_many(layer)])?;
    for (host, path) in places {
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

fn too_many(layer: &Layer) -> Overlap {
    Overlap {
        routes: (layer.index, None),
        message: format!("routes cross in more than {MAX_PLACES} places"),
        hint: "name segments in place of parameters, or say it once on a route around them".into(),
    }
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

/// The place of every layer, and of every crossing: where layers meet of which none covers the
/// others, what all of them say applies.
///
/// # Errors
/// The layer at which there are more than [`MAX_PLACES`].
fn places(layers: &[Layer]) -> Result<Vec<Place>, &Layer> {
    let mut places: Vec<Place> = Vec::new();
    let mut seen: HashSet<Place> = HashSet::new();
    let mut add = |place: Place, places: &mut Vec<Place>| {
        if seen.insert(place.clone()) {
            places.push(place);
        }
    };
    for layer in layers {
        add((layer.host.clone(), layer.path.clone()), &mut places);
    }
    let mut at = 0;
    while let Some((host, path)) = places.get(at).cloned() {
        for layer in layers {
            if let Some(met) = meet((&host, &path), layer) {
                add(met, &mut places);
            }
            if places.len() > MAX_PLACES {
                return Err(layer);
            }
        }
        at += 1;
    }
    Ok(places)
}

/// Where a place and a layer cross; `None` where they do not meet, and where one covers the other.
fn meet((host, path): (&HostPattern, &PathPattern), layer: &Layer) -> Option<Place> {
    let is_covered = layer.covers(host, path);
    let is_covering = host.covers(&layer.host) && path.covers(&layer.path);
    if is_covered || is_covering {
        return None;
    }
    Some((host.meet(&layer.host)?.clone(), path.meet(&layer.path)?))
}

/// Which requests something is for.
type Place = (HostPattern, PathPattern);

fn overlaps(layers: &[Layer]) -> Vec<Overlap> {
    let mut found = Vec::new();
    for (index, one) in layers.iter().enumerate() {
        for other in layers.iter().skip(index + 1) {
            let message = if one.host == other.host && one.path == other.path {
                same_place(one, other)
            } else {
                let met = meet((&one.host, &one.path), other);
                met.and_then(|met| crossing(layers, (one, other), &met))
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

/// Neither covers the other: where they meet both apply, unless they name different actions and no
/// route is for just that place.
fn crossing(
    layers: &[Layer],
    (one, other): (&Layer, &Layer),
    (host, path): &Place,
) -> Option<(String, String)> {
    let (Some(first), Some(second)) = (&one.action, &other.action) else { return None };
    if !one.shares_method_with(other) {
        return None;
    }
    let is_settled = first == second
        || *first == Action::Deny
        || *second == Action::Deny
        || layers
            .iter()
            .any(|layer| layer.host == *host && layer.path == *path && layer.action.is_some());
    (!is_settled).then(|| {
        (
            format!("`{}` and `{}` overlap and lead to different places", one.name(), other.name()),
            format!("add a route with host = \"{host}\" and path = \"{path}\" that says where those requests go"),
        )
    })
}
