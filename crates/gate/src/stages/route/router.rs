//! Choosing a route.

// The keys are what is configured, so a quick hash will do.
use hashbrown::HashMap;
use http::Method;

use super::{HostPattern, PathPattern};

/// All routes, ready to be chosen from. `T` is what a route leads to.
#[derive(Debug)]
pub struct Router<T> {
    exact: HashMap<String, Paths<T>>,
    /// Suffix patterns, longest first.
    suffixes: Vec<(String, Paths<T>)>,
    any: Paths<T>,
}

/// The routes of one host.
#[derive(Debug)]
struct Paths<T> {
    exact: HashMap<String, Methods<T>>,
    prefixes: HashMap<String, Methods<T>>,
}

/// The variants of one place: one for each method that some covering route names, one for the rest.
#[derive(Debug)]
struct Methods<T> {
    named: Vec<(Method, T)>,
    rest: Option<T>,
}

impl<T> Default for Paths<T> {
    fn default() -> Self {
        Self { exact: HashMap::new(), prefixes: HashMap::new() }
    }
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Self { exact: HashMap::new(), suffixes: Vec::new(), any: Paths::default() }
    }
}

impl<T> Router<T> {
    /// What the most specific matching route leads to; `None` when none matches. `host` is lower
    /// case, `path` a normal form without trailing slash.
    #[must_use]
    pub fn choose<'a>(&'a self, host: &'a str, path: &str, method: &Method) -> Option<&'a T> {
        self.hosts(host).find_map(|paths| paths.choose(path, method))
    }

    /// The same routes, leading to what `map` makes of their targets.
    ///
    /// # Errors
    /// The first error of `map`.
    pub fn try_map<U, E>(self, mut map: impl FnMut(T) -> Result<U, E>) -> Result<Router<U>, E> {
        let exact =
            self.exact.into_iter().map(|(host, paths)| Ok((host, paths.try_map(&mut map)?)));
        let exact = exact.collect::<Result<_, E>>()?;
        let suffixes =
            self.suffixes.into_iter().map(|(suffix, paths)| Ok((suffix, paths.try_map(&mut map)?)));
        let suffixes = suffixes.collect::<Result<_, E>>()?;
        Ok(Router { exact, suffixes, any: self.any.try_map(&mut map)? })
    }

    fn hosts<'a>(&'a self, host: &'a str) -> impl Iterator<Item = &'a Paths<T>> {
        let exact = if self.exact.is_empty() { None } else { self.exact.get(host) };
        let under = self.suffixes.iter().filter(move |(suffix, _)| host.ends_with(suffix.as_str()));
        exact.into_iter().chain(under.map(|(_, paths)| paths)).chain([&self.any])
    }

    pub(super) fn insert(
        &mut self,
        host: &HostPattern,
        path: &PathPattern,
        method: Option<Method>,
        target: T,
    ) {
        let paths = match host {
            HostPattern::Any => &mut self.any,
            HostPattern::Exact(name) => self.exact.entry(name.clone()).or_default(),
            HostPattern::Under(suffix) => self.suffix(suffix),
        };
        let methods = match path {
            PathPattern::Exact(path) => paths.exact.entry(path.clone()).or_default(),
            PathPattern::Under(path) => paths.prefixes.entry(path.clone()).or_default(),
        };
        match method {
            Some(method) => methods.named.push((method, target)),
            None => methods.rest = Some(target),
        }
    }

    fn suffix(&mut self, suffix: &str) -> &mut Paths<T> {
        let place = self.suffixes.iter().position(|(known, _)| known == suffix);
        let place = place.unwrap_or_else(|| {
            let longer = |(known, _): &(String, Paths<T>)| known.len() > suffix.len();
            let place = self.suffixes.partition_point(longer);
            self.suffixes.insert(place, (suffix.to_owned(), Paths::default()));
            place
        });
        match self.suffixes.get_mut(place) {
            Some((_, paths)) => paths,
            None => &mut self.any,
        }
    }
}

impl<T> Default for Methods<T> {
    fn default() -> Self {
        Self { named: Vec::new(), rest: None }
    }
}

impl<T> Paths<T> {
    fn try_map<U, E>(self, map: &mut impl FnMut(T) -> Result<U, E>) -> Result<Paths<U>, E> {
        let mut places = |places: HashMap<String, Methods<T>>| {
            let each = places.into_iter().map(|(path, methods)| Ok((path, methods.try_map(map)?)));
            each.collect::<Result<HashMap<_, _>, E>>()
        };
        Ok(Paths { exact: places(self.exact)?, prefixes: places(self.prefixes)? })
    }

    fn choose(&self, path: &str, method: &Method) -> Option<&T> {
        let exact = if self.exact.is_empty() { None } else { self.exact.get(path) };
        exact
            .and_then(|methods| methods.choose(method))
            .or_else(|| self.choose_prefix(path, method))
    }

    /// The longest prefix of whole segments: `/a/b` is under `/a/b`, `/a` and the root.
    fn choose_prefix(&self, path: &str, method: &Method) -> Option<&T> {
        let mut rest = if path == "/" { "" } else { path };
        while !self.prefixes.is_empty() {
            let found = self.prefixes.get(rest).and_then(|methods| methods.choose(method));
            if found.is_some() || rest.is_empty() {
                return found;
            }
            rest = rest.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
        None
    }
}

impl<T> Methods<T> {
    fn try_map<U, E>(self, map: &mut impl FnMut(T) -> Result<U, E>) -> Result<Methods<U>, E> {
        let named = self.named.into_iter().map(|(method, target)| Ok((method, map(target)?)));
        let named = named.collect::<Result<_, E>>()?;
        Ok(Methods { named, rest: self.rest.map(map).transpose()? })
    }

    fn choose(&self, method: &Method) -> Option<&T> {
        let named = self.named.iter().find(|(name, _)| name == method);
        named.map(|(_, target)| target).or(self.rest.as_ref())
    }
}
