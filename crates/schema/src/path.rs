//! Paths of an OpenAPI document, and which of them a request is for.

use std::borrow::Cow;
use std::collections::HashMap;

use percent_encoding::percent_decode_str;

/// Which entry of a document a path is for, and where its parameters stand. Literal segments come
/// before parameters, as the specification has it.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    literal: HashMap<String, Self>,
    templates: Vec<(Template, Self)>,
    /// The entry that ends here.
    end: Option<usize>,
    /// The entry that ends here with a slash.
    end_with_slash: Option<usize>,
}

/// One segment with parameters: literal text around them, as in `{name}.{type}`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Template {
    prefix: String,
    /// Each parameter's text ends where this text stands next; the last at the end.
    after: Vec<String>,
}

/// Where two templates are for the same paths.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PathFault {
    /// Another entry is for exactly these paths.
    Twin,
    /// Braces do not match, or two parameters touch.
    Broken,
}

impl Paths {
    /// Adds the template of entry `index`; returns the names of its parameters, in order.
    pub(crate) fn add(&mut self, template: &str, index: usize) -> Result<Vec<String>, PathFault> {
        let mut names = Vec::new();
        let mut node = &mut self.root;
        let (segments, has_slash) = split(template);
        for segment in segments {
            node = match Template::parse(segment, &mut names)? {
                None => {
                    let literal = percent_decode_str(segment).decode_utf8_lossy().into_owned();
                    node.literal.entry(literal).or_default()
                }
                Some(template) => {
                    let place = node.templates.iter().position(|(known, _)| *known == template);
                    let place = place.unwrap_or_else(|| {
                        node.templates.push((template, Node::default()));
                        node.templates.len() - 1
                    });
                    match node.templates.get_mut(place) {
                        Some((_, next)) => next,
                        None => return Err(PathFault::Broken),
                    }
                }
            };
        }
        let end = if has_slash { &mut node.end_with_slash } else { &mut node.end };
        match end.replace(index) {
            None => Ok(names),
            Some(_) => Err(PathFault::Twin),
        }
    }

    /// The entry that `path` is for, and the texts of its parameters, as they are escaped there. A
    /// slash at the end is another path where the document says so.
    pub(crate) fn find<'p>(&self, path: &'p str) -> Option<(usize, Vec<&'p str>)> {
        let (segments, has_slash) = split(path);
        let segments: Vec<&str> = segments.collect();
        let mut texts = Vec::new();
        let index = self.root.find(&segments, has_slash, &mut texts)?;
        Some((index, texts))
    }
}

/// The segments of a path, and whether it ends with a slash.
fn split(path: &str) -> (impl Iterator<Item = &str>, bool) {
    let path = path.strip_prefix('/').unwrap_or(path);
    let inner = path.strip_suffix('/');
    let has_slash = inner.is_some();
    let inner = inner.unwrap_or(path);
    let is_root = inner.is_empty();
    (inner.split('/').filter(move |_| !is_root), has_slash)
}

impl Node {
    fn find<'p>(
        &self,
        segments: &[&'p str],
        has_slash: bool,
        texts: &mut Vec<&'p str>,
    ) -> Option<usize> {
        let Some((segment, rest)) = segments.split_first() else {
            let (first, second) = if has_slash {
                (self.end_with_slash, self.end)
            } else {
                (self.end, self.end_with_slash)
            };
            return first.or(second);
        };
        let plain: Cow<'_, str> = percent_decode_str(segment).decode_utf8_lossy();
        let literal = self.literal.get(plain.as_ref());
        if let Some(found) = literal.and_then(|next| next.find(rest, has_slash, texts)) {
            return Some(found);
        }
        let known = texts.len();
        for (template, next) in &self.templates {
            if template.take(segment, texts)
                && let Some(found) = next.find(rest, has_slash, texts)
            {
                return Some(found);
            }
            texts.truncate(known);
        }
        None
    }
}

impl Template {
    /// Reads a segment; `None` for one without parameters.
    fn parse(segment: &str, names: &mut Vec<String>) -> Result<Option<Self>, PathFault> {
        let Some((prefix, mut rest)) = segment.split_once('{') else {
            return if segment.contains('}') { Err(PathFault::Broken) } else { Ok(None) };
        };
        let mut after = Vec::new();
        loop {
            let (name, next) = rest.split_once('}').ok_or(PathFault::Broken)?;
            if name.is_empty() || name.contains('{') || names.iter().any(|known| known == name) {
                return Err(PathFault::Broken);
            }
            names.push(name.to_owned());
            match next.split_once('{') {
                // Where the one ends and the other begins nobody can know.
                Some(("", _)) => return Err(PathFault::Broken),
                Some((between, inner)) => {
                    after.push(between.to_owned());
                    rest = inner;
                }
                None => {
                    after.push(next.to_owned());
                    return Ok(Some(Self { prefix: prefix.to_owned(), after }));
                }
            }
        }
    }

    /// Takes the texts of the parameters out of `segment`; `false` when it is another's.
    fn take<'p>(&self, segment: &'p str, texts: &mut Vec<&'p str>) -> bool {
        let Some(mut rest) = segment.strip_prefix(self.prefix.as_str()) else { return false };
        let last = self.after.len().saturating_sub(1);
        for (index, after) in self.after.iter().enumerate() {
            let found = if index == last {
                rest.strip_suffix(after.as_str()).map(|text| (text, ""))
            } else {
                rest.split_once(after.as_str())
            };
            let Some((text, next)) = found.filter(|(text, _)| !text.is_empty()) else {
                return false;
            };
            texts.push(text);
            rest = next;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_literal_path_is_found() {
        let mut paths = Paths::default();
        let templates = [
            "/",
            "/notes",
            "/notes/mine",
            "/notes/{id}",
            "/notes/{id}/tags/{tag}",
            "/{any}/list",
            "/files/{name}.{kind}",
            "/notes/",
            "/caf%C3%A9",
            "/jobs/{id}:cancel",
        ];
        for (index, template) in templates.iter().enumerate() {
            paths.add(template, index).unwrap();
        }
        for (path, expected) in [
            ("/", Some(("/", vec![]))),
            ("/notes", Some(("/notes", vec![]))),
            ("/notes/", Some(("/notes/", vec![]))),
            ("/notes/mine", Some(("/notes/mine", vec![]))),
            ("/notes/mine/", Some(("/notes/mine", vec![]))),
            ("/notes/7", Some(("/notes/{id}", vec!["7"]))),
            ("/notes/a%2Fb", Some(("/notes/{id}", vec!["a%2Fb"]))),
            ("/notes/mine/tags/x", Some(("/notes/{id}/tags/{tag}", vec!["mine", "x"]))),
            ("/notes/list", Some(("/notes/{id}", vec!["list"]))),
            ("/other/list", Some(("/{any}/list", vec!["other"]))),
            ("/files/a.b.wav", Some(("/files/{name}.{kind}", vec!["a", "b.wav"]))),
            ("/jobs/7:cancel", Some(("/jobs/{id}:cancel", vec!["7"]))),
            ("/caf%C3%A9", Some(("/caf%C3%A9", vec![]))),
            ("/files/a", None),
            ("/jobs/:cancel", None),
            ("/notes/7/tags", None),
            ("/Notes", None),
            ("/notes//mine", None),
        ] {
            let found = paths.find(path).map(|(index, texts)| (templates[index], texts));
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn templates_that_say_nothing_definite_are_refused() {
        let mut paths = Paths::default();
        assert_eq!(paths.add("/a/{x}", 0).unwrap(), ["x"]);
        assert_eq!(paths.add("/a/{y}", 1), Err(PathFault::Twin));
        for broken in ["/b/{x", "/b/x}", "/b/{}", "/b/{x}{y}", "/b/{x}/{x}", "/b/{x{y}}"] {
            assert_eq!(paths.add(broken, 2), Err(PathFault::Broken), "{broken}");
        }
    }
}
