//! Choosing a route.

// The keys are what is configured, so a quick hash will do.
use hashbrown::HashMap;
use http::Method;

use super::path::Segment;
use super::{HostPattern, PathPattern};

/// All routes, ready to be chosen from. `T` is what a route leads to.
#[derive(Debug)]
pub struct Router<T> {
    exact: HashMap<String, Paths<T>>,
    /// Suffix patterns, longest first.
    suffixes: Vec<(String, Paths<T>)>,
    any: Paths<T>,
}

/// The routes of one host, as a tree of segments.
#[derive(Debug)]
struct Paths<T> {
    literals: HashMap<String, Self>,
    /// Below a parameter.
    parameter: Option<Box<Self>>,
    /// Where the path ends here.
    exact: Option<Methods<T>>,
    /// Where it ends here or goes on.
    under: Option<Methods<T>>,
}

/// The variants of one place: one for each method that some covering route names, one for the rest.
#[derive(Debug)]
struct Methods<T> {
    named: Vec<(Method, T)>,
    rest: Option<T>,
}

impl<T> Default for Paths<T> {
    fn default() -> Self {
        Self { literals: HashMap::new(), parameter: None, exact: None, under: None }
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
        // The root has no segment.
        let path = if path == "/" { "" } else { path };
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
        let place = path.segments().iter().fold(paths, Paths::step);
        let methods = if path.has_below() { &mut place.under } else { &mut place.exact };
        let methods = methods.get_or_insert_default();
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
        let mut literals = HashMap::with_capacity(self.literals.len());
        for (text, below) in self.literals {
            literals.insert(text, below.try_map(map)?);
        }
        Ok(Paths {
            literals,
            parameter: match self.parameter {
                Some(below) => Some(Box::new(below.try_map(map)?)),
                None => None,
            },
            exact: self.exact.map(|methods| methods.try_map(map)).transpose()?,
            under: self.under.map(|methods| methods.try_map(map)).transpose()?,
        })
    }

    /// The place below this one, made where there is none.
    fn step<'a>(&'a mut self, segment: &Segment) -> &'a mut Self {
        match segment {
            Segment::Literal(text) => self.literals.entry(text.clone()).or_default(),
            Segment::Parameter(_) => self.parameter.get_or_insert_default(),
        }
    }

    /// The most specific place for the segments of `rest`, which begins with a slash or is empty.
    /// Every crossing has a place of its own, so the first one found is the most specific: it names
    /// whatever segment any other names. No place is looked at twice.
    fn choose(&self, rest: &str, method: &Method) -> Option<&T> {
        let Some(inner) = rest.strip_prefix('/') else {
            let exact = self.exact.as_ref().and_then(|methods| methods.choose(method));
            return exact.or_else(|| self.choose_under(method));
        };
        let (segment, rest) = inner.split_at(inner.find('/').unwrap_or(inner.len()));
        let named = if self.literals.is_empty() { None } else { self.literals.get(segment) };
        let named = named.and_then(|below| below.choose(rest, method));
        named
            .or_else(|| {
                let below = self.parameter.as_ref().filter(|_| !segment.is_empty());
                below.and_then(|below| below.choose(rest, method))
            })
            .or_else(|| self.choose_under(method))
    }

    fn choose_under(&self, method: &Method) -> Option<&T> {
        self.under.as_ref().and_then(|methods| methods.choose(method))
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
