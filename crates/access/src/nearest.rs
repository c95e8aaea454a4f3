//! The name that was probably meant.

/// The one of `names` that is nearest to `wrong`; `None` when none is near.
pub(crate) fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let near = wrong.chars().count().div_ceil(3).max(1);
    let distance = |name: &'a str| (strsim::damerau_levenshtein(wrong, name), name);
    let best = names.map(distance).filter(|(distance, _)| *distance <= near).min();
    best.map(|(_, name)| name.to_owned())
}
